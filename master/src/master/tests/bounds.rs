//! What one framework may hold.

use super::*;
use crate::refusal::Refuse;

fn bounded(nodes: u8, offers: usize, tasks: usize) -> World {
    let mut world = World::new(nodes);
    let mut config = Config::default();
    config.limits.framework_offers = offers;
    config.limits.framework_tasks = tasks;
    world.master = Master::new(config, [2; 32]);
    world.add_module();
    for node in 0..world.nodes.len() {
        world.register(node, &[]);
    }
    world
}

#[test]
fn a_framework_has_no_more_open_offers_than_it_may() {
    let mut world = bounded(3, 2, 10);
    let (greedy, other) = (world.framework("a"), world.framework("b"));
    let held = world.offers(greedy, 3);
    assert_eq!(held.len(), 2);
    assert!(world.offers(greedy, 3).is_empty());
    let Answer::Waiting(wait) = world.request(greedy, 1, 50_000) else {
        panic!("a third was offered");
    };
    let third = world.offers(other, 3);
    assert_eq!(third.len(), 1, "another is offered what is left");
    let decline = |world: &mut World, offer: &api::Offer, filter_ms| {
        let decline = api::Decline {
            framework: offer.framework,
            filter_ms,
        };
        let done = world.master.decline_offer(world.now, offer.id, &decline);
        done.unwrap();
        world.settle();
    };
    decline(&mut world, &third[0], 0);
    assert!(!world.replies.contains_key(&wait), "it waits at its bound");
    decline(&mut world, &held[0], 60_000);
    let Some(Reply::Offers(offers)) = world.replies.remove(&wait) else {
        panic!("nothing was offered when an offer ended");
    };
    assert_eq!(offers.offers[0].agent, third[0].agent, "passed over before");
}

#[test]
fn a_framework_has_no_more_tasks_than_it_may() {
    let mut world = bounded(1, 10, 1);
    let (framework, running) = world.launched();
    let offer = world.offers(framework, 1).remove(0);
    let mut next = task(2);
    next.resources.devices.clear();
    let accept = Accept {
        framework,
        tasks: vec![next],
    };
    let refused = world.master.accept_offer(world.now, offer.id, &accept);
    let refused = refused.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (429, "tooManyTasks"));
    assert!(world.master.ledger().offer(offer.id).is_some());
    assert!(world.master.ledger().task(TaskId(2)).is_none());
    world.ping(0, &[update(running, TaskState::Completed)]);
    let accepted = world.master.accept_offer(world.now, offer.id, &accept);
    assert_eq!(accepted.unwrap().tasks.len(), 1);
}

#[test]
fn a_token_has_no_more_bytes_of_modules_than_it_may() {
    let mut world = World::new(0);
    let mut config = Config::default();
    config.limits.token_module_bytes = 250;
    world.master = Master::new(config, [2; 32]);
    let [owner, other] = [1, 2].map(|byte| {
        let mut tokens = crate::access::Tokens::in_memory(2);
        let secrets = [9, byte].map(|byte| crate::access::Secret::from_entropy([byte; 32]));
        for (secret, role) in secrets
            .iter()
            .zip([api::Role::Operator, api::Role::Framework])
        {
            let name = format!("{role:?}");
            tokens
                .issue(&api::NewToken::new(name, role), secret)
                .unwrap();
        }
        let caller = tokens.identify(Some(secrets[1].as_str())).unwrap();
        caller.scope().owner()
    });
    let mut upload = |owner, first: u8| {
        let module = Module {
            id: ModuleId([first; 32]),
            size: 100,
            memory: 0,
            memory_needed: 0,
            permissions: Permissions::NONE,
            features: Vec::new(),
            admitted_at: world.now,
            owner: None,
        };
        let taken = world
            .master
            .upload_module(world.now, owner, module, Arc::from(vec![0; 100]));
        taken.map(|(_, new)| new)
    };
    assert_eq!(upload(owner, 1), Ok(true));
    assert_eq!(upload(owner, 1), Ok(false), "known, so it counts to nobody");
    assert_eq!(upload(owner, 2), Ok(true));
    let refused = upload(owner, 3).unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (507, "tooManyModuleBytes")
    );
    assert!(refused.to_string().contains("token-module-bytes"));
    assert_eq!(upload(owner, 2), Ok(false));
    assert_eq!(upload(other, 3), Ok(true));
    for first in 4..10 {
        assert_eq!(upload(None, first), Ok(true), "an operator's");
    }
}
