//! Who gets what, for how long, and who does not want it.

use edgerm_protocol::api::Decline;

use super::*;

fn decline(world: &mut World, offer: &api::Offer, filter_ms: u64) {
    let decline = Decline {
        framework: offer.framework,
        filter_ms,
    };
    world
        .master
        .decline_offer(world.now, offer.id, &decline)
        .unwrap();
    world.settle();
}

fn waiting(world: &mut World, framework: FrameworkId) -> WaitId {
    match world.request(framework, 1, 50_000) {
        Answer::Waiting(wait) => wait,
        Answer::Ready(offers) => panic!("{offers:?}"),
    }
}

fn offered(world: &mut World, wait: WaitId) -> Option<Vec<api::Offer>> {
    match world.replies.remove(&wait)? {
        Reply::Offers(offers) => Some(offers.offers),
        Reply::Outputs(_) | Reply::Usage(_) => None,
    }
}

#[test]
fn the_role_that_holds_least_for_its_weight_is_next() {
    let mut world = World::new(4);
    world.master.config.weights = [("heavy".to_owned(), 4)].into();
    let (light, heavy) = (world.framework("light"), world.framework("heavy"));
    let held: Vec<_> = [light, heavy, heavy]
        .into_iter()
        .flat_map(|framework| world.offers(framework, 1))
        .collect();
    let last = world.framework("third");
    let free = world.offers(last, 1).remove(0);
    assert_eq!(held.len(), 3);
    let (first, second) = (waiting(&mut world, light), waiting(&mut world, heavy));
    decline(&mut world, &free, 60_000);
    assert_eq!(offered(&mut world, first), None, "1/4 of weight 1 is more");
    assert_eq!(
        offered(&mut world, second).map(|offers| offers.len()),
        Some(1),
        "than 2/4 of weight 4"
    );
}

#[test]
fn agents_are_offered_in_turn() {
    let mut world = World::new(3);
    let framework = world.framework("default");
    let mut agents = Vec::new();
    for _ in 0..3 {
        let offer = world.offers(framework, 1).remove(0);
        decline(&mut world, &offer, 0);
        agents.push(offer.agent);
    }
    agents.sort_unstable();
    agents.dedup();
    assert_eq!(agents.len(), 3);
}

#[test]
fn an_offer_expires_and_goes_to_who_waits() {
    let mut world = World::new(1);
    let (first, second) = (world.framework("a"), world.framework("b"));
    let offer = world.offers(first, 1).remove(0);
    let wait = waiting(&mut world, second);
    world.pass(9_000);
    world.ping(0, &[]);
    assert_eq!(offered(&mut world, wait), None);
    world.pass(1_000);
    assert_eq!(
        offered(&mut world, wait).map(|offers| offers.len()),
        Some(1)
    );
    let accept = Accept {
        framework: first,
        tasks: vec![task(1)],
    };
    let late = world
        .master
        .accept_offer(world.now, offer.id, &accept)
        .unwrap_err();
    assert_eq!(
        (
            crate::refusal::Refuse::status(&late),
            late.to_string().contains("expired")
        ),
        (410, true)
    );
}

#[test]
fn a_filter_holds_until_it_ends_or_the_framework_revives() {
    let mut world = World::new(1);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    decline(&mut world, &offer, 5_000);
    assert!(world.offers(framework, 1).is_empty());
    let wait = waiting(&mut world, framework);
    world.pass(5_000);
    let offer = offered(&mut world, wait).unwrap().remove(0);
    decline(&mut world, &offer, 5_000);
    let wait = waiting(&mut world, framework);
    world.master.suppress(world.now, framework).unwrap();
    world.pass(6_000);
    assert_eq!(offered(&mut world, wait), None, "suppressed");
    world.master.revive(world.now, framework).unwrap();
    world.settle();
    assert_eq!(
        offered(&mut world, wait).map(|offers| offers.len()),
        Some(1)
    );
}

#[test]
fn an_offer_that_reaches_nobody_returns() {
    let mut world = World::new(1);
    let (first, second) = (world.framework("a"), world.framework("b"));
    let offer = world.offers(first, 1).remove(0);
    let wait = waiting(&mut world, second);
    world.pass(1_000);
    decline(&mut world, &offer, 60_000);
    let reply = world.replies.remove(&wait).unwrap();
    world.master.return_reply(world.now, reply);
    assert_eq!(world.master.ledger().offers(None).count(), 0);
    let third = world.framework("c");
    assert_eq!(world.offers(third, 1).len(), 1);
}

#[test]
fn a_wait_that_finds_nothing_ends_empty_handed() {
    let mut world = World::new(0);
    let framework = world.framework("default");
    let wait = waiting(&mut world, framework);
    world.pass(49_999);
    assert_eq!(offered(&mut world, wait), None);
    world.pass(1);
    assert_eq!(offered(&mut world, wait), Some(Vec::new()));
    assert!(world.master.waits.is_empty() && world.master.timers.is_empty());
}

#[test]
fn what_frees_while_an_offer_stands_is_offered_beside_it() {
    let mut world = World::new(1);
    let (framework, task) = world.launched();
    let first = world.offers(framework, 1).remove(0);
    assert!(world.offers(framework, 1).is_empty());
    world.ping(0, &[update(task, TaskState::Completed)]);
    let second = world.offers(framework, 1).remove(0);
    assert!(!first.resources.contains_key("t0"));
    assert!(second.resources.contains_key("t0"));
    assert_eq!(second.resources["mem"], Value::Scalar(1000));
}

#[test]
fn a_framework_that_goes_leaves_nothing_behind() {
    let mut world = World::new(1);
    let (framework, task) = world.launched();
    assert_eq!(world.offers(framework, 1).len(), 1);
    let wait = waiting(&mut world, framework);
    world.master.remove_framework(world.now, framework).unwrap();
    world.settle();
    assert_eq!(offered(&mut world, wait), Some(Vec::new()));
    assert_eq!(world.state(task), TaskState::Killing);
    assert_eq!(world.master.ledger().offers(None).count(), 0);
    world.ping(0, &[update(task, TaskState::Killed)]);
    let other = world.framework("default");
    assert_eq!(world.offers(other, 1).len(), 1);
}

#[test]
fn more_is_not_wanted_of_an_agent_than_one_can_have() {
    use crate::refusal::Refuse;

    let mut world = World::new(1);
    let framework = world.framework("default");
    let names = |count: usize| (0..count).map(|number| format!("name-{number}"));
    let pairs = |count| names(count).map(|name| (name, String::new())).collect();
    let none = Constraints::default;
    let cases = [
        (
            Constraints {
                agents: names(1001).collect(),
                ..none()
            },
            "constraints.agents",
        ),
        (
            Constraints {
                attributes: pairs(33),
                ..none()
            },
            "constraints.attributes",
        ),
        (
            Constraints {
                resources: names(65).map(|name| (name, 0)).collect(),
                ..none()
            },
            "constraints.resources",
        ),
        (
            Constraints {
                agents: vec!["a".repeat(65)],
                ..none()
            },
            "constraints",
        ),
    ];
    for (constraints, field) in cases {
        let request = OfferRequest {
            framework,
            constraints,
            max: None,
            wait_ms: 1000,
        };
        let refused = world.master.request_offers(world.now, request).unwrap_err();
        assert_eq!(refused.status(), 422, "{refused}");
        assert_eq!(refused.field().as_deref(), Some(field), "{refused}");
    }
    assert!(world.master.waits.is_empty());
}
