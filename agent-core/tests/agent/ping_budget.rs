//! What a heartbeat costs in bytes of UDP payload, in the clear and with OSCORE.

use edgerm_agent_core::{Input, TaskExit};
use edgerm_protocol::message::Pong;
use edgerm_protocol::{SessionId, encode};

use crate::common::{FIRST, Network, SECOND, World, seconds};

/// The longest datagram that was sent since, which holds a ping or its pong.
fn longest_since(world: &World, since: usize) -> usize {
    let sent = world.link.sent[since..].iter();
    sent.map(|(_, _, datagram)| datagram.len())
        .max()
        .unwrap_or(0)
}

/// Whether messages are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Plain,
    Oscore,
}

/// An agent whose session takes all the bytes that it may take, and which has protected 256
/// messages, so that numbers of messages take two bytes, as they do for the next 65,000.
fn world(security: Security) -> World {
    let mut world = match security {
        Security::Plain => World::new(),
        Security::Oscore => World::secured(Network::default(), 1),
    };
    world.master.session = Some(SessionId(u32::MAX - 1));
    world.run_until(|world| world.agent.id().is_some());
    assert_eq!(world.master.session, Some(SessionId(u32::MAX)));
    if security == Security::Oscore {
        world.run_for(seconds(256 * 6));
    }
    world
}

#[test]
fn an_idle_ping_and_its_pong() {
    for (security, ping_budget, pong_budget) in
        [(Security::Plain, 23, 12), (Security::Oscore, 40, 24)]
    {
        let mut world = world(security);
        let before = world.link.sent.len();
        world.run_for(seconds(6));
        let [(_, _, ping), (_, _, pong), ..] = &world.link.sent[before..] else {
            unreachable!("a ping and a pong")
        };
        let mut buffer = [0; 16];
        let waiting = Pong {
            waiting: Some(u8::MAX),
        };
        // One byte marks the payload (RFC 7252 section 3).
        let waiting = pong.len() + 1 + encode(&waiting, &mut buffer).expect("it fits").len();
        println!(
            "{security:?}: idle ping {} bytes, pong {}, pong of a queue {waiting}",
            ping.len(),
            pong.len()
        );
        assert!(ping.len() <= ping_budget && waiting <= pong_budget);
    }
}

/// Bytes of the one ping that tells of these changes of both tasks.
fn told_together(world: &mut World, inputs: [Input<'_>; 2]) -> usize {
    // A ping that is not answered is on its way while both tasks change.
    world.link.cut(true);
    world.run_for(seconds(100));
    let before = world.link.sent.len();
    for input in inputs {
        world.input(input).expect("it is there");
    }
    world.link.cut(false);
    world.run_for(seconds(100));
    longest_since(world, before)
}

#[test]
fn a_ping_with_two_tasks_changed() {
    for (security, exit, name, budget) in [
        (
            Security::Plain,
            TaskExit::Exited(0),
            "COMPLETED, exit code 0",
            60,
        ),
        (
            Security::Plain,
            TaskExit::Exited(i32::MIN),
            "ERRORED, exit code -2^31",
            60,
        ),
        (
            Security::Plain,
            TaskExit::Trapped("unreachable"),
            "ERRORED, 11 bytes of detail",
            80,
        ),
        (
            Security::Oscore,
            TaskExit::Exited(0),
            "COMPLETED, exit code 0",
            80,
        ),
        (
            Security::Oscore,
            TaskExit::Exited(i32::MIN),
            "ERRORED, exit code -2^31",
            80,
        ),
    ] {
        let mut world = world(security);
        world.executor.paused = true;
        world.launch(FIRST, 100);
        world.launch(SECOND, 100);
        world.run_until(|world| world.executor.started.len() == 2);
        let both = [FIRST, SECOND];
        let running = told_together(&mut world, both.map(Input::TaskStarted));
        let ended = told_together(&mut world, both.map(|id| Input::TaskExited(id, exit)));
        println!("{security:?}: two tasks: RUNNING {running} bytes; {name} {ended}");
        assert!(running <= budget && ended <= budget, "{name}");
        let told = &world.master.tasks[&FIRST].told;
        assert!(told.last().is_some_and(|state| state.is_terminal()));
    }
}
