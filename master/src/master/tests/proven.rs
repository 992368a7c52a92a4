//! Agents that prove who they are, wherever they are.

use edgerm_coap::Request;
use edgerm_protocol::api::AgentState;

use super::*;

fn elsewhere(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], port))
}

/// What the master sends, and to whom.
fn sent(world: &mut World) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut sent = Vec::new();
    while let Some(output) = world.master.poll_output() {
        if let Output::Transmit { to, datagram } = output {
            sent.push((to, datagram));
        }
    }
    sent
}

/// A ping of the first node, on its way.
fn ping_on_its_way(world: &mut World) -> Vec<u8> {
    let mut buffer = [0; MAX_BODY];
    let ping = Ping {
        session: world.nodes[0].session,
        updates: List::from_first([]),
    };
    let body = encode(&ping, &mut buffer).unwrap();
    let node = &mut world.nodes[0];
    node.endpoint
        .request(world.now, &Request::post_cbor(&[path::PING], body))
        .unwrap();
    node.endpoint.poll_transmit().expect("a request")
}

fn count(world: &World, what: &str) -> u64 {
    world.master.counters().get(what).copied().unwrap_or(0)
}

fn address(world: &World) -> String {
    let mut agents = world.master.ledger().agents(None);
    let agent = agents.find(|agent| &*agent.name == "node-0").unwrap();
    world.master.agent(world.now, agent.id).unwrap().address
}

#[test]
fn an_enrolled_agent_is_taken_from_anywhere() {
    let mut world = World::proving(1);
    assert_eq!(count(&world, "keys_established"), 1);
    let (_, task) = world.launched();
    assert_eq!(world.state(task), TaskState::Starting);
    world.nodes[0].address = elsewhere(1);
    assert_eq!(
        world.ping(0, &[update(task, TaskState::Running)]),
        Code::CHANGED
    );
    assert_eq!(world.state(task), TaskState::Running);
}

#[test]
fn who_is_not_enrolled_is_refused_once_anybody_is() {
    let mut world = World::proving(1);
    world.nodes.push(Node::new(5));
    let (code, body) = world.try_register(1, WIRE_VERSION, true, &[]);
    assert_eq!(code, Code::FORBIDDEN);
    assert!(String::from_utf8(body).unwrap().contains("edgerm enroll"));
    world.nodes[1] = Node::proving(5, 1);
    assert_eq!(world.begin(1), Some(Code::UNAUTHORIZED));
    assert_eq!(count(&world, "unknown_key"), 1);
    assert_eq!(world.master.ledger().agents(None).count(), 1);
}

#[test]
fn a_wrong_secret_is_told_so_and_gets_no_keys() {
    let mut world = World::proving(1);
    let wrong = Credential::new([0; 4], [9; 16], [0; 8]);
    let node = oscore::Node::new(wrong, [3; 32]);
    world.nodes[0].endpoint =
        Endpoint::new(edgerm_coap::Config::default(), Channel::Protected(node), 3);
    assert_eq!(world.begin(0), Some(Code::BAD_REQUEST));
    assert_eq!(count(&world, "unauthentic"), 1);
    assert_eq!(count(&world, "keys_established"), 1, "those of before");
}

#[test]
fn an_agent_registers_under_the_name_that_was_enrolled_alone() {
    let mut world = World::proving(2);
    world.nodes[0].name = "node-1".to_owned();
    let (code, body) = world.try_register(0, WIRE_VERSION, true, &[]);
    assert_eq!(code, Code::FORBIDDEN);
    assert!(String::from_utf8(body).unwrap().contains("node-0"));
    // Nor does who proves nothing, where the master takes such.
    world.master.config.insecure = true;
    world.nodes.push(Node {
        address: elsewhere(2),
        ..Node::new(1)
    });
    let (code, body) = world.try_register(2, WIRE_VERSION, true, &[]);
    assert_eq!(code, Code::FORBIDDEN);
    assert!(String::from_utf8(body).unwrap().contains("credential"));
}

#[test]
fn a_session_is_its_agents_alone() {
    let mut world = World::proving(2);
    let (_, task) = world.launched();
    world.nodes[1].session = world.nodes[0].session;
    assert_eq!(
        world.ping(1, &[update(task, TaskState::Completed)]),
        Code::UNAUTHORIZED
    );
    assert_eq!(world.state(task), TaskState::Starting, "nothing changed");
    world.master.config.insecure = true;
    world.nodes.push(Node::new(7));
    world.nodes[2].session = world.nodes[0].session;
    assert_eq!(
        world.ping(2, &[update(task, TaskState::Completed)]),
        Code::UNAUTHORIZED
    );
    assert_eq!(world.state(task), TaskState::Starting);
    assert_eq!(address(&world), world.nodes[0].address.to_string());
}

#[test]
fn a_path_moves_with_the_next_request_and_nothing_starts_twice() {
    let mut world = World::proving(1);
    let (framework, task) = world.launched();
    world.nodes[0].address = elsewhere(1);
    assert_eq!(
        world.ping(0, &[update(task, TaskState::Running)]),
        Code::CHANGED
    );
    assert_eq!(address(&world), "192.0.2.9:1");
    assert_eq!(
        (count(&world, "path_unproven"), count(&world, "path_moved")),
        (1, 1)
    );
    world
        .master
        .kill_task(world.now, task, Some(framework))
        .unwrap();
    world.settle();
    let heard: Vec<&str> = world.nodes[0]
        .heard
        .iter()
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(heard, [path::LAUNCH, path::KILL]);
    // From where it is known to be, it proves nothing more.
    world.ping(0, &[]);
    assert_eq!(count(&world, "path_unproven"), 1);
}

#[test]
fn an_address_that_changes_while_a_launch_is_sent_again_starts_it_once() {
    let mut world = World::proving(1);
    world.nodes[0].deaf = true;
    let (_, task) = world.launched();
    assert_eq!(world.state(task), TaskState::Issued);
    world.pass(1500);
    world.nodes[0].address = elsewhere(1);
    world.nodes[0].deaf = false;
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    world.pass(60_000);
    assert_eq!(world.state(task), TaskState::Starting);
    assert_eq!(world.nodes[0].heard.len(), 1, "{:?}", world.nodes[0].heard);
}

#[test]
fn an_address_that_changes_while_a_ping_is_sent_again_heals_with_that() {
    let mut world = World::proving(1);
    let ping = ping_on_its_way(&mut world);
    // It arrives, and the answer is lost on the way to where the node no longer is.
    world
        .master
        .handle_datagram(world.now, world.nodes[0].address, &ping);
    assert_eq!(sent(&mut world).len(), 1);
    world.nodes[0].address = elsewhere(1);
    world.pass(4000);
    assert!(
        world.nodes[0].repeat,
        "the duplicate is answered, with an echo"
    );
    world.nodes[0].repeat = false;
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(address(&world), "192.0.2.9:1");
    assert_eq!(
        (count(&world, "path_unproven"), count(&world, "path_moved")),
        (1, 1)
    );
}

#[test]
fn who_comes_back_to_an_address_that_another_had_meanwhile_is_heard_there() {
    let mut world = World::proving(2);
    let home = world.nodes[0].address;
    for (node, address) in [(1, home), (1, elsewhere(5)), (0, home)] {
        world.nodes[0].address = elsewhere(9);
        world.nodes[node].address = address;
        assert_eq!(world.ping(node, &[]), Code::CHANGED);
    }
    let framework = world.framework("default");
    let offers = world.offers(framework, 2);
    let first = world.master.ledger().agent_named("node-0").unwrap().id;
    let offer = offers.iter().find(|offer| offer.agent == first).unwrap();
    world.accept(offer, task(1));
    assert_eq!(world.state(TaskId(1)), TaskState::Starting);
}

#[test]
fn a_datagram_that_is_sent_on_from_elsewhere_moves_no_path() {
    let mut world = World::proving(1);
    let home = address(&world);
    let ping = ping_on_its_way(&mut world);
    for port in 1..20 {
        world
            .master
            .handle_datagram(world.now, elsewhere(port), &ping);
        for (to, datagram) in sent(&mut world) {
            assert_eq!(to, elsewhere(port));
            assert!(datagram.len() <= ping.len(), "{} bytes", datagram.len());
        }
    }
    assert_eq!(address(&world), home);
    assert_eq!(count(&world, "path_moved"), 0);
    // Commands go where the agent is, and the agent comes through with another ping.
    let (_, task) = world.launched();
    assert_eq!(world.state(task), TaskState::Starting);
    world.pass(4000);
    assert!(!world.nodes[0].endpoint.is_busy());
    world.nodes[0].repeat = false;
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(address(&world), home);
}

#[test]
fn an_echo_is_good_for_its_address_alone() {
    let mut world = World::proving(1);
    let home = address(&world);
    // The node is told to repeat an echo that was sent to the address of somebody else.
    let ping = ping_on_its_way(&mut world);
    world.master.handle_datagram(world.now, elsewhere(1), &ping);
    let (_, echo) = sent(&mut world).remove(0);
    world.nodes[0]
        .endpoint
        .handle_datagram(world.now, &echo)
        .unwrap();
    let repeated = ping_on_its_way(&mut world);
    // Who catches what it says then, and sends it on from yet elsewhere, gains nothing.
    world
        .master
        .handle_datagram(world.now, elsewhere(2), &repeated);
    assert_eq!(address(&world), home);
    assert_eq!(count(&world, "path_moved"), 0);
}

#[test]
fn replies_to_duplicates_from_elsewhere_are_no_longer_than_these() {
    let mut world = World::proving(1);
    let path = [path::MODULE, MODULE.key().as_str()].map(str::to_owned);
    let path = path.each_ref().map(String::as_str);
    let block = BlockOption::new(0, false, BlockSize::B512).unwrap();
    let request = Request::get_block(&path, block);
    world.nodes[0]
        .endpoint
        .request(world.now, &request)
        .unwrap();
    let get = world.nodes[0].endpoint.poll_transmit().unwrap();
    world
        .master
        .handle_datagram(world.now, world.nodes[0].address, &get);
    let (_, answer) = sent(&mut world).remove(0);
    assert!(answer.len() > get.len(), "a block");
    world.master.handle_datagram(world.now, elsewhere(1), &get);
    let sent = sent(&mut world);
    assert_eq!(sent.len(), 1, "an echo in place of the block");
    assert!(sent[0].1.len() <= get.len());
    assert_eq!(count(&world, "too_long_for_unproven"), 1);
    world.nodes[0]
        .endpoint
        .handle_datagram(world.now, &sent[0].1)
        .unwrap();
    world.nodes[0].address = elsewhere(1);
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(
        (count(&world, "path_unproven"), count(&world, "path_moved")),
        (1, 1)
    );
}

#[test]
fn a_master_that_rebooted_has_its_agents_back_with_two_requests() {
    let mut world = World::proving(1);
    world.reboot(2);
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED, "in the clear");
    let registered = world.register(0, &[]);
    assert!(registered.unwanted.is_empty());
    assert_eq!(count(&world, "keys_established"), 1);
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
}

#[test]
fn a_node_that_rebooted_is_asked_what_waits_with_the_new_keys() {
    let mut world = World::proving(1);
    world.nodes[0].deaf = true;
    let (_, task) = world.launched();
    assert_eq!(world.state(task), TaskState::Issued);
    world.nodes[0] = Node::proving(0, 2);
    world.register(0, &[]);
    assert_eq!(world.state(task), TaskState::Starting);
    assert_eq!(world.nodes[0].heard.len(), 1);
}

#[test]
fn what_was_revoked_ends_at_once_and_what_was_rotated_goes_on_with_the_new() {
    let mut world = World::proving(2);
    let (_, task) = world.launched();
    let of_task = world.master.ledger().task(task).unwrap().agent;
    let node = usize::from(&*world.master.ledger().agent(of_task).unwrap().name == "node-1");
    let name = format!("node-{node}");
    world.ping(node, &[update(task, TaskState::Running)]);
    let rotated = Enrolled {
        credential: Credential::new([7; 4], [7; 16], [7; 8]),
        ..enrolled(u8::try_from(node).unwrap())
    };
    let new = rotated.credential.clone();
    world.master.enroll(rotated);
    assert_eq!(world.ping(node, &[]), Code::UNAUTHORIZED, "at once");
    assert_eq!(world.state(task), TaskState::Running, "it may come back");
    let keys = oscore::Node::new(new, [8; 32]);
    world.nodes[node].endpoint =
        Endpoint::new(edgerm_coap::Config::default(), Channel::Protected(keys), 8);
    world.register(node, &[update(task, TaskState::Running)]);
    assert_eq!(world.state(task), TaskState::Running);
    world.master.unenroll(world.now, &name);
    world.settle();
    assert_eq!(world.state(task), TaskState::Lost);
    assert_eq!(world.ping(node, &[]), Code::UNAUTHORIZED);
    let agent = world.master.agent(world.now, of_task).unwrap();
    assert_eq!(agent.state, AgentState::Gone);
    assert_eq!(world.begin(node), Some(Code::UNAUTHORIZED));
}

#[test]
fn who_is_revoked_before_it_came_back_with_its_rotated_credential_is_given_up_at_once() {
    let mut world = World::proving(1);
    let (_, task) = world.launched();
    world.master.enroll(Enrolled {
        credential: Credential::new([7; 4], [7; 16], [7; 8]),
        ..enrolled(0)
    });
    world.master.unenroll(world.now, "node-0");
    world.settle();
    assert_eq!(world.state(task), TaskState::Lost);
}

#[test]
fn who_proves_nothing_has_no_session_under_a_name_that_is_enrolled_since() {
    let mut world = World::new(1);
    world.master.config.insecure = true;
    world.nodes[0].deaf = true;
    let (_, task) = world.launched();
    world.nodes[0].deaf = false;
    world.master.enroll(enrolled(0));
    assert_eq!(
        world.ping(0, &[update(task, TaskState::Running)]),
        Code::UNAUTHORIZED
    );
    world.pass(20_000);
    assert_eq!(world.nodes[0].heard.len(), 0, "nor is it asked anything");
    // The one that was enrolled takes its place, and its task.
    world.nodes[0] = Node::proving(0, 1);
    world.register(0, &[]);
    assert_eq!(world.state(task), TaskState::Starting);
    assert_eq!(world.nodes[0].heard.len(), 1);
}

#[test]
fn who_proves_nothing_is_asked_nothing_once_anybody_is_enrolled() {
    let mut world = World::new(1);
    world.nodes[0].deaf = true;
    let (_, task) = world.launched();
    world.master.enroll(enrolled(3));
    world.nodes[0].deaf = false;
    world.pass(5_000);
    assert_eq!(world.nodes[0].heard.len(), 0);
    assert_eq!(world.state(task), TaskState::Issued);
}

#[test]
fn a_flood_of_who_is_not_enrolled_keeps_out_nobody_who_is() {
    let mut world = World::proving(1);
    world.reboot(2);
    let mut strange = Node::proving(9, 1);
    strange.keys().unwrap().begin();
    let path = [path::REGISTER];
    let request = Request::post_cbor(&path, &[]);
    strange.endpoint.request(world.now, &request).unwrap();
    let datagram = strange.endpoint.poll_transmit().unwrap();
    let total = Config::default().limits.unproven_total.burst;
    for number in 0..total + 100 {
        let from = SocketAddr::from((std::net::Ipv4Addr::from(number << 8), 1));
        world.master.handle_datagram(world.now, from, &datagram);
    }
    let refused = sent(&mut world).len();
    assert!(refused <= usize::try_from(total).unwrap(), "{refused}");
    assert!(count(&world, "rate_limited") >= 100);
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED, "in the clear");
    world.register(0, &[]);
}

#[test]
fn what_does_not_verify_is_counted_each_time_and_logged_seldom() {
    let mut world = World::proving(1);
    let ping = ping_on_its_way(&mut world);
    let mut logged = 0;
    for flipped in 1..=255 {
        let mut forged = ping.clone();
        *forged.last_mut().unwrap() ^= flipped;
        let before = world.master.unauthentic_after;
        world
            .master
            .handle_datagram(world.now, world.nodes[0].address, &forged);
        logged += u32::from(world.master.unauthentic_after != before);
    }
    assert_eq!((count(&world, "unauthentic"), logged), (255, 1));
}

#[test]
fn who_is_not_known_to_be_there_is_heard_so_often_and_no_more() {
    let mut world = World::proving(1);
    let mut strange = Node::proving(9, 1);
    strange.keys().unwrap().begin();
    let path = [path::REGISTER];
    let request = Request::post_cbor(&path, &[]);
    strange.endpoint.request(world.now, &request).unwrap();
    let datagram = strange.endpoint.poll_transmit().unwrap();
    let mut answered = 0;
    for _ in 0..10_000 {
        world
            .master
            .handle_datagram(world.now, elsewhere(1), &datagram);
        answered += sent(&mut world).len();
    }
    let burst = Config::default().limits.unproven.burst;
    assert_eq!(answered, usize::try_from(burst).unwrap());
    assert_eq!(count(&world, "rate_limited"), 10_000 - u64::from(burst));
    assert_eq!(
        world.ping(0, &[]),
        Code::CHANGED,
        "whoever is known is heard"
    );
}
