//! Nobody is told what the disk does not have yet, and nothing new is begun while it fails.

use edgerm_protocol::message::StatusUpdate;

use super::disk::Does;
use super::*;
use crate::refusal::Refuse;

fn accept(world: &mut World, offer: &api::Offer, id: u64) {
    let accept = Accept {
        framework: offer.framework,
        tasks: vec![task(id)],
    };
    let accepted = world.master.accept_offer(world.now, offer.id, &accept);
    assert_eq!(accepted.unwrap().tasks.len(), 1);
    world.settle();
}

fn sends_ping(world: &mut World, node: usize, updates: &[StatusUpdate<'_>]) {
    let ping = Ping {
        session: world.nodes[node].session,
        updates: List::from_first(updates.iter().copied()),
    };
    let mut buffer = [0; MAX_BODY];
    let body = encode(&ping, &mut buffer).unwrap().to_vec();
    let sender = &mut world.nodes[node];
    sender.responses.clear();
    let request = Request::post_cbor(&[path::PING], &body);
    sender.endpoint.request(world.now, &request).unwrap();
    world.settle();
}

fn answers(world: &World, node: usize) -> Vec<Code> {
    let responses = world.nodes[node].responses.iter();
    responses.map(|(code, _)| *code).collect()
}

#[test]
fn nothing_is_told_of_a_launch_before_it_is_on_the_disk() {
    let mut world = World::durable(1);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    world.disk().does = Does::Wait;
    let told = world.events.len();
    accept(&mut world, &offer, 1);
    assert!(world.master.changed() > world.master.durable());
    assert!(world.nodes[0].heard.is_empty(), "the agent knows of it");
    assert_eq!(world.events.len(), told, "an event tells of it");
    world.disk().does = Does::Write;
    world.settle();
    assert_eq!(world.master.changed(), world.master.durable());
    assert_eq!(world.nodes[0].heard[0].0, path::LAUNCH);
    assert!(world.events.len() > told);
    assert!(world.is_all_down());
}

#[test]
fn an_update_is_acknowledged_once_it_is_on_the_disk_and_a_ping_without_news_at_once() {
    let mut world = World::durable(2);
    let (_, id) = world.launched();
    let other = (0..2)
        .find(|node| world.nodes[*node].heard.is_empty())
        .unwrap();
    let node = 1 - other;
    world.disk().does = Does::Wait;
    sends_ping(&mut world, node, &[update(id, TaskState::Completed)]);
    assert_eq!(answers(&world, node), []);
    // Whoever has no part in it is answered, and the disk is not asked.
    let asked = world.disk().asked;
    sends_ping(&mut world, other, &[]);
    assert_eq!(answers(&world, other), [Code::CHANGED]);
    assert_eq!(world.disk().asked, asked);
    // A duplicate is not told more than the first.
    world.pass(10_000);
    assert_eq!(answers(&world, node), []);
    world.disk().does = Does::Write;
    world.settle();
    assert_eq!(answers(&world, node), [Code::CHANGED]);
}

#[test]
fn pings_do_not_touch_the_disk() {
    let mut world = World::durable(3);
    let asked = world.disk().asked;
    for round in 0..100 {
        assert_eq!(world.ping(round % 3, &[]), Code::CHANGED);
        world.pass(1000);
    }
    assert_eq!(world.disk().asked, asked);
}

#[test]
fn what_changes_while_a_batch_is_written_is_in_the_next_one() {
    let mut world = World::durable(1);
    world.disk().does = Does::Wait;
    let frameworks: Vec<_> = (0..50).map(|_| world.framework("default")).collect();
    let asked = world.disk().asked;
    world.disk().does = Does::Write;
    world.settle();
    assert_eq!(world.disk().asked, asked + 1, "the other 49 together");
    assert_eq!(world.master.ledger().framework_count(), frameworks.len());
    assert!(world.is_all_down());
}

#[test]
fn a_failing_disk_begins_nothing_new_and_loses_nothing() {
    let mut world = World::durable(2);
    let (framework, id) = world.launched();
    let node = (0..2)
        .find(|node| !world.nodes[*node].heard.is_empty())
        .unwrap();
    assert_eq!(
        world.ping(node, &[update(id, TaskState::Running)]),
        Code::CHANGED
    );
    let offer = world.offers(framework, 1).remove(0);
    world.disk().does = Does::Fail;
    // Begun before the disk is known to fail: nobody is told.
    accept(&mut world, &offer, 2);
    let heard: usize = world.nodes.iter().map(|node| node.heard.len()).sum();
    assert_eq!(heard, 1, "only the first launch was told");
    let fault = world.master.store_fault().unwrap().clone();
    assert_eq!(fault.reason, "no space left on device");

    // Pings without news are answered, news and registrations are to come again later.
    assert_eq!(world.ping(node, &[]), Code::CHANGED);
    let completed = [update(id, TaskState::Completed)];
    assert_eq!(world.ping(node, &completed), Code::SERVICE_UNAVAILABLE);
    assert_eq!(world.state(id), TaskState::Running);
    let (code, _) = world.try_register(1 - node, WIRE_VERSION, true, &[]);
    assert_eq!(code, Code::SERVICE_UNAVAILABLE);
    // Nobody is given up meanwhile, though nobody is heard for a day.
    world.pass(86_400_000);
    let is_there = |agent: &crate::ledger::Agent| agent.state == api::AgentState::Registered;
    assert!(world.master.ledger().agents(None).all(is_there));
    assert_eq!(
        world.master.store_fault(),
        Some(&fault),
        "since when it fails"
    );

    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(world.ping(1, &[]), Code::CHANGED);
    world.disk().does = Does::Write;
    world.pass(2_000);
    assert_eq!(world.master.store_fault(), None);
    assert!(world.is_all_down());
    assert_eq!(world.ping(node, &completed), Code::CHANGED);
    assert_eq!(world.state(id), TaskState::Completed);
    world.crash(7);
    assert_eq!(world.state(id), TaskState::Completed);
    assert!(
        !world.state(TaskId(2)).is_terminal(),
        "it is launched after all"
    );
}

#[test]
fn ended_tasks_are_forgotten_by_age_and_by_number_on_the_disk_too() {
    let mut world = World::durable(1);
    let framework = world.framework("default");
    world.master.config.limits.ended_tasks = 3;
    for id in 1..=5 {
        let offer = world.offers(framework, 1).remove(0);
        accept(&mut world, &offer, id);
        let ended = [update(TaskId(id), TaskState::Completed)];
        assert_eq!(world.ping(0, &ended), Code::CHANGED);
    }
    let tasks = |world: &World| world.master.ledger().task_count();
    assert_eq!(tasks(&world), 3);
    assert!(world.is_all_down());
    world.crash(9);
    assert_eq!(tasks(&world), 3);
    let week = world.master.config.timing.keep_ended.as_millis();
    let week = u64::try_from(week).unwrap();
    world.pass(week - 1000);
    assert_eq!(tasks(&world), 3);
    world.pass(3000);
    assert_eq!(tasks(&world), 0);
    assert!(world.is_all_down());
    let unknown = world.master.task(world.now, TaskId(5));
    assert_eq!(unknown, None);
}

#[test]
fn an_offer_that_was_open_is_accepted_once_and_by_nobody_else() {
    let mut world = World::durable(1);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    world.crash(3);
    let other = world.framework("default");
    let accept = |framework| Accept {
        framework,
        tasks: vec![task(1)],
    };
    let now = world.now;
    let refused = world.master.accept_offer(now, offer.id, &accept(other));
    assert_eq!(refused.unwrap_err().code(), "notYourOffer");
    let accepted = world.master.accept_offer(now, offer.id, &accept(framework));
    assert_eq!(accepted.unwrap().tasks.len(), 1);
    world.settle();
    world.crash(4);
    let again = world
        .master
        .accept_offer(world.now, offer.id, &accept(framework));
    assert_eq!(again.unwrap_err().code(), "unknownOffer");
    // One that nobody takes expires after the restart as before it.
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    let offers = world.offers(framework, 1);
    assert_eq!(offers.len(), 1);
    world.crash(5);
    world.pass(11_000);
    assert_eq!(world.master.ledger().offers(None).count(), 0);
}
