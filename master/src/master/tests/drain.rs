//! Agents that are drained.

use edgerm_protocol::api::{Drain, DrainState, EventKind};

use super::*;

fn agent(world: &World, node: usize) -> AgentId {
    let name = world.nodes[node].name.clone();
    world.master.ledger().agent_named(&name).unwrap().id
}

fn drained(world: &World, agent: AgentId) -> Option<Drain> {
    world.master.agent(world.now, agent).unwrap().drain
}

fn state(world: &World, agent: AgentId) -> Option<DrainState> {
    drained(world, agent).map(|drain| drain.state)
}

fn drain(world: &mut World, agent: AgentId, seconds: Option<u64>) {
    let after = seconds.map(Duration::from_secs);
    world.master.drain_agent(world.now, agent, after).unwrap();
    world.settle();
    world.master.ledger().check_invariants().unwrap();
}

/// Lets time pass, in which the first node pings.
fn live(world: &mut World, seconds: u32) {
    for _ in 0..seconds {
        world.pass(1000);
        world.ping(0, &[]);
    }
}

#[test]
fn nothing_of_a_drained_agent_is_offered_and_its_tasks_end_by_themselves() {
    let mut world = World::durable(1);
    let (framework, task) = world.launched();
    let open = world.offers(framework, 1);
    let id = agent(&world, 0);
    drain(&mut world, id, None);
    assert_eq!(state(&world, id), Some(DrainState::Draining));
    assert!(world.master.ledger().offer(open[0].id).is_none());
    assert_eq!(world.offers(framework, 1), []);
    live(&mut world, 100);
    world.ping(0, &[update(task, TaskState::Completed)]);
    assert_eq!(state(&world, id), Some(DrainState::Drained));
    assert_eq!(world.offers(framework, 1), []);
    world.master.undrain_agent(world.now, id).unwrap();
    world.settle();
    assert_eq!(world.offers(framework, 1).len(), 1);
    let undrained = EventKind::AgentUndrained { agent: id };
    let told: Vec<_> = world
        .events
        .iter()
        .filter(|event| {
            let is_begun = matches!(event, EventKind::AgentDraining { .. });
            is_begun || **event == EventKind::AgentDrained { agent: id } || **event == undrained
        })
        .collect();
    assert!(matches!(told[0], EventKind::AgentDraining { agent, .. } if *agent == id));
    assert_eq!(
        told[1..],
        [&EventKind::AgentDrained { agent: id }, &undrained]
    );
}

#[test]
fn a_drain_and_its_deadline_outlive_the_master_and_a_new_registration() {
    let mut world = World::durable(1);
    let (framework, task) = world.launched();
    world.ping(0, &[update(task, TaskState::Running)]);
    let id = agent(&world, 0);
    drain(&mut world, id, Some(60));
    world.crash(1);
    world.register(0, &[update(task, TaskState::Running)]);
    world.settle();
    let left = drained(&world, id).unwrap();
    assert_eq!(
        (left.state, left.kills_in_ms),
        (DrainState::Draining, Some(60_000))
    );
    assert_eq!(world.offers(framework, 1), []);
    let kills = |world: &World| {
        let heard = world.nodes[0].heard.iter();
        heard.filter(|(path, _)| path == path::KILL).count()
    };
    live(&mut world, 59);
    assert_eq!(kills(&world), 0);
    live(&mut world, 1);
    assert_eq!(kills(&world), 1);
    world.ping(0, &[update(task, TaskState::Killed)]);
    assert_eq!(state(&world, id), Some(DrainState::Drained));
    assert!(world.is_all_down());
}

#[test]
fn a_deadline_that_passed_while_no_master_ran_kills_at_once() {
    let mut world = World::durable(1);
    let (_, task) = world.launched();
    world.ping(0, &[update(task, TaskState::Running)]);
    let id = agent(&world, 0);
    drain(&mut world, id, Some(60));
    world.now = world.now + Duration::from_secs(100);
    world.crash(1);
    world.register(0, &[update(task, TaskState::Running)]);
    world.pass(1);
    assert!(
        world.nodes[0]
            .heard
            .iter()
            .any(|(path, _)| path == path::KILL)
    );
}

#[test]
fn a_later_deadline_and_an_end_of_the_drain_take_the_first_ones_place() {
    let mut world = World::durable(1);
    let (_, task) = world.launched();
    world.ping(0, &[update(task, TaskState::Running)]);
    let id = agent(&world, 0);
    drain(&mut world, id, Some(1));
    drain(&mut world, id, Some(3));
    live(&mut world, 2);
    assert_eq!(world.state(task), TaskState::Running);
    world.master.undrain_agent(world.now, id).unwrap();
    live(&mut world, 2);
    let asked = world.master.ledger().task(task).unwrap().kill_requested;
    assert!(!asked, "nobody wants its end");
}
