//! A ping goes out after each period in which the session was not heard of otherwise.

use crate::common::{Ask, FIRST, SECOND, World, module, seconds};

#[test]
fn pings_come_after_a_period_give_or_take_a_tenth() {
    let mut world = World::registered();
    world.run_for(seconds(300));
    let pings = world.master.heard_at("p");
    let waits: Vec<u64> = pings.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((54..=66).contains(&pings.len()), "{pings:?}");
    assert!(
        waits.iter().all(|wait| (4500..=5500).contains(wait)),
        "{waits:?}"
    );
    assert!(
        waits.iter().any(|wait| *wait != waits[0]),
        "no jitter: {waits:?}"
    );
}

#[test]
fn outputs_put_a_ping_off() {
    let mut world = World::running(FIRST);
    let before = world.master.heard_at("p").len();
    for _ in 0..60 {
        world.emit(FIRST, b"still here").expect("room");
        world.run_for(seconds(1));
    }
    assert_eq!(world.master.heard_at("p").len(), before);
    assert_eq!(world.master.outputs.len(), 60);
}

/// A master counts the requests of an agent, not its answers: one that is asked all the time
/// must not seem silent.
#[test]
fn requests_of_the_master_put_no_ping_off() {
    let mut world = World::running(FIRST);
    let before = world.master.heard_at("p").len();
    for _ in 0..60 {
        world.ask(Ask::Message(FIRST, b"still there?".to_vec()));
        world.run_for(seconds(1));
    }
    let pings = world.master.heard_at("p").len() - before;
    assert!((10..=14).contains(&pings), "{pings} in a minute");
}

/// A block's request bears no session, so a long fetch must not silence the agent.
#[test]
fn blocks_of_a_module_put_no_ping_off() {
    let mut world = World::registered();
    world.link = crate::common::Link::new(
        crate::common::Network {
            delay: 2000,
            ..Default::default()
        },
        3,
    );
    world.launch(SECOND, 16 * 1024);
    world.run_until(|world| !world.executor.started.is_empty());
    let blocks = world.storage.stored.len();
    assert_eq!(blocks, module(16 * 1024).1.len() / 512);
    let pings = world.master.heard_at("p");
    let gaps: Vec<u64> = pings.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pings.len() > 5, "{pings:?}");
    assert!(gaps.iter().all(|gap| *gap < 20_000), "{gaps:?}");
}
