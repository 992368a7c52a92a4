//! An agent with a credential establishes keys before it registers, and others when either end
//! has lost them.

use edgerm_coap::oscore::Credential;
use edgerm_coap::{Code, Echo};
use edgerm_protocol::{SessionId, TaskState};

use crate::common::{Ask, FIRST, Happened, Network, To, World, credential, seconds};

fn registered() -> World {
    let mut world = World::secured(Network::default(), 1);
    world.run_until(|world| world.agent.id().is_some());
    world
}

/// How many datagrams the agent sent.
fn sent(world: &World) -> usize {
    world.link.sent_to_master()
}

#[test]
fn a_boot_costs_one_request_more() {
    let world = registered();
    assert_eq!(sent(&world), 2, "one for keys, and the registration");
    let answers = world.link.sent.iter().filter(|(_, to, _)| *to == To::Agent);
    let lengths = answers.zip(
        world
            .link
            .sent
            .iter()
            .filter(|(_, to, _)| *to == To::Master),
    );
    for ((_, _, answer), (_, _, request)) in lengths {
        assert!(answer.len() <= request.len(), "nothing is amplified");
    }
    assert_eq!(
        world.master.heard_at("r").len(),
        1,
        "it acts upon the second alone"
    );
}

#[test]
fn tasks_run_and_nothing_of_them_is_in_the_clear() {
    let mut world = registered();
    world.launch(FIRST, 1000);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    world
        .emit(FIRST, b"the temperature is 22.3")
        .expect("it runs");
    world.run_until(|world| !world.master.outputs.is_empty());
    for (_, _, datagram) in &world.link.sent {
        let mut windows = datagram.windows(11);
        assert!(!windows.any(|window| window == b"temperature"));
    }
}

#[test]
fn a_master_that_rebooted_is_registered_with_again_within_two_requests() {
    let mut world = registered();
    world.launch(FIRST, 1000);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    world.master.reboot(2, credential());
    let before = (sent(&world), world.master.session);
    world.run_until(|world| world.master.session != before.1);
    assert_eq!(
        sent(&world) - before.0,
        3,
        "a ping, one for keys, the registration"
    );
    assert_eq!(world.master.session, Some(SessionId(2)));
    let (code, _) = world.ask(Ask::Kill(FIRST));
    assert_eq!(code, Code::CHANGED, "the new keys serve");
    assert_eq!(world.executor.started, [FIRST], "its tasks went on");
}

#[test]
fn keys_of_before_serve_while_new_ones_are_under_way() {
    let mut world = registered();
    world.launch(FIRST, 100);
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    // An error in the clear, which anybody might have sent.
    world.link.cut_to_master = true;
    world.run_for(seconds(6));
    let (_, _, ping) = world.link.sent.last().expect("a ping").clone();
    let hint = edgerm_coap::oscore::reject(&ping, Code::UNAUTHORIZED).expect("confirmable");
    world
        .input(edgerm_agent_core::Input::Datagram(&hint))
        .expect("no error");
    assert_eq!(
        world.agent.id(),
        Some(edgerm_protocol::AgentId(7)),
        "still a member"
    );
    world.master.ask(Ask::Kill(FIRST));
    world.run_until(|world| !world.executor.stopped.is_empty());
    world.link.cut_to_master = false;
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Killed));
}

#[test]
fn hints_do_not_make_it_register_in_circles() {
    let mut world = registered();
    // A master that forgets its keys whenever it is asked for anything but keys.
    for round in 3..40 {
        world.master.reboot(round, credential());
        let session = world.master.session;
        world.run_until(|world| world.master.session != session);
    }
    // The first time at once, later with a wait that doubles up to 64 s: an hour has 37 of them.
    assert!(world.now.as_millis() > 20 * 60 * 1000, "{:?}", world.now);
}

#[test]
fn a_credential_that_the_master_does_not_have_is_refused_and_said_so() {
    let others = Credential::new([1, 2, 3, 4], [0xff; 16], [7; 8]);
    let mut world = World::proving(credential(), others, Network::default(), 1);
    world.run_for(seconds(600));
    assert_eq!(world.agent.id(), None);
    let text = "the master does not take this node's credential".to_owned();
    assert!(world.has(&Happened::Refused(Code::BAD_REQUEST, text)));
    assert!(world.master.heard.is_empty(), "nothing was acted upon");
    assert!(sent(&world) < 30, "it waits longer each time");
}

#[test]
fn what_is_in_the_clear_is_not_acted_upon() {
    let mut world = registered();
    let mut plain =
        edgerm_coap::Endpoint::new(edgerm_coap::Config::default(), edgerm_coap::Plain, 1);
    for path in ["l", "k", "m", "d"] {
        let path = [path];
        let request = edgerm_coap::Request::post_cbor(&path, b"\xa0");
        plain.request(world.now, &request).expect("idle");
        let datagram = plain.poll_transmit().expect("a request");
        plain.cancel();
        let before = world.link.sent.len();
        world
            .input(edgerm_agent_core::Input::Datagram(&datagram))
            .expect("no error");
        assert_eq!(world.link.sent.len(), before, "and not answered");
    }
}

#[test]
fn what_the_master_wants_proven_is_proven_at_once() {
    let mut world = registered();
    world.master.wants_echo = Echo::new(b"from now");
    let before = sent(&world);
    let pings = world.master.heard_at("p").len();
    world.run_until(|world| world.master.heard_at("p").len() == pings + 2);
    assert_eq!(
        sent(&world) - before,
        2,
        "the ping, and the ping with the echo"
    );
    let heard = world.master.heard_at("p");
    assert_eq!(heard[heard.len() - 2], heard[heard.len() - 1], "at once");
    // A master that is never content is not asked more and more often.
    world.master.wants_echo = None;
    world.run_for(seconds(6));
    let before = sent(&world);
    for byte in 0..20 {
        world.master.wants_echo = Echo::new(&[byte; 8]);
        world.run_for(seconds(1));
    }
    assert!(sent(&world) - before < 40, "{}", sent(&world) - before);
}

#[test]
fn a_lossy_link_loses_no_task_and_no_key() {
    for seed in 0..20 {
        let network = Network {
            loss: 250,
            duplication: 200,
            delay: 3_000,
        };
        let mut world = World::secured(network, seed);
        world.master.insists = true;
        world.run_until(|world| world.agent.id().is_some());
        let (module, bytes) = crate::common::module(2_000);
        world.master.add_module(module, bytes);
        let launch = crate::common::LaunchSpec::new(FIRST, module, 2_000);
        world.master.ask(Ask::Launch(launch));
        world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
        world.master.reboot(100 + seed, credential());
        let session = world.master.session;
        world.run_until(|world| world.master.session != session);
        world.run_for(seconds(60));
        assert_eq!(world.executor.started, [FIRST], "seed {seed}");
    }
}
