//! One agent an address: others come to it, leave it, and are asked where they are heard next.

use super::*;

/// A world in which the agent of the first node was displaced by another of its address, and
/// what the first one's session was.
fn usurped() -> (World, SessionId) {
    let mut world = World::new(1);
    let before = world.nodes[0].session;
    world.nodes[0].name = "usurper".to_owned();
    world.register(0, &[]);
    (world, before)
}

/// Launches a task on the agent of that name.
fn launch_on(world: &mut World, name: &str) -> TaskId {
    let framework = world.framework("default");
    let offers = world.offers(framework, 9);
    let offer = offers.iter().find(|offer| offer.agent_name == name);
    world.accept(offer.unwrap(), task(1));
    TaskId(1)
}

#[test]
fn an_agent_whose_address_another_took_is_asked_where_it_is_heard_next() {
    let mut world = World::new(1);
    let (_, first) = world.launched();
    let before = world.nodes[0].session;
    world.nodes[0].name = "usurper".to_owned();
    world.register(0, &[]);
    let own = world.nodes[0].session;
    world.nodes[0].heard.clear();
    world.master.kill_task(world.now, first, None).unwrap();
    world.settle();
    assert!(
        world.nodes[0].heard.is_empty(),
        "it is not the usurper's to kill"
    );
    world.nodes[0].address = SocketAddr::from(([127, 0, 0, 1], 4444));
    world.nodes[0].session = before;
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(world.nodes[0].heard.len(), 1);
    assert_eq!(world.state(first), TaskState::Killing);
    assert!(world.master.ledger().session(own).is_some());
}

#[test]
fn an_agent_is_asked_again_at_the_address_that_another_had_meanwhile() {
    let (mut world, before) = usurped();
    let task = launch_on(&mut world, "node-0");
    assert_eq!(world.state(task), TaskState::Unissued, "it is not there");
    world.nodes[0].session = before;
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(world.state(task), TaskState::Starting);
}

#[test]
fn whoever_took_an_address_keeps_it_when_the_agent_before_is_given_up() {
    let (mut world, _) = usurped();
    for _ in 0..140 {
        world.pass(5_000);
        assert_eq!(world.ping(0, &[]), Code::CHANGED);
    }
    let gone = world.master.ledger().agent_named("node-0").unwrap();
    assert_eq!(gone.state, api::AgentState::Gone);
    let task = launch_on(&mut world, "usurper");
    assert_eq!(world.state(task), TaskState::Starting);
}

#[test]
fn what_is_asked_of_an_agent_stands_when_the_one_before_it_registers_elsewhere() {
    let (mut world, _) = usurped();
    world.nodes[0].deaf = true;
    let task = launch_on(&mut world, "usurper");
    let mut elsewhere = Node::new(1);
    elsewhere.name = "node-0".to_owned();
    world.nodes.push(elsewhere);
    world.register(1, &[]);
    world.nodes[0].deaf = false;
    world.pass(10_000);
    assert_eq!(world.state(task), TaskState::Starting, "it is asked still");
}

#[test]
fn a_launch_that_an_agent_puts_off_does_not_keep_its_kill() {
    let mut world = World::new(1);
    world.nodes[0].answer = (Code::SERVICE_UNAVAILABLE, "not now");
    let (_, task) = world.launched();
    world.master.kill_task(world.now, task, None).unwrap();
    world.nodes[0].answer = (Code::NOT_FOUND, "no such task");
    world.ping(0, &[]);
    let paths: Vec<_> = world.nodes[0].heard.iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [path::LAUNCH, path::KILL]);
    assert_eq!(world.state(task), TaskState::Killed, "it was never taken");
}
