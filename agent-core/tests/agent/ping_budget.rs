//! What a heartbeat costs in bytes of UDP payload, without a security layer.

use edgerm_agent_core::{Input, TaskExit};
use edgerm_protocol::message::Pong;
use edgerm_protocol::{SessionId, encode};

use crate::common::{FIRST, SECOND, World, seconds};

/// The longest datagram that was sent since, which holds a ping or its pong.
fn longest_since(world: &World, since: usize) -> usize {
    let sent = world.link.sent[since..].iter();
    sent.map(|(_, _, datagram)| datagram.len())
        .max()
        .unwrap_or(0)
}

/// An agent whose session takes all the bytes that it may take.
fn world() -> World {
    let mut world = World::new();
    world.master.session = Some(SessionId(u32::MAX - 1));
    world.run_until(|world| world.agent.id().is_some());
    assert_eq!(world.master.session, Some(SessionId(u32::MAX)));
    world
}

#[test]
fn an_idle_ping_and_its_pong() {
    let mut world = world();
    let before = world.link.sent.len();
    world.run_for(seconds(6));
    let [(_, _, ping), (_, _, pong)] = &world.link.sent[before..] else {
        unreachable!("a ping and a pong")
    };
    let mut buffer = [0; 16];
    let waiting = Pong {
        waiting: Some(u8::MAX),
    };
    // One byte marks the payload (RFC 7252 section 3).
    let waiting = pong.len() + 1 + encode(&waiting, &mut buffer).expect("it fits").len();
    println!(
        "idle ping {} bytes, pong {}, pong of a queue {waiting}",
        ping.len(),
        pong.len()
    );
    assert!(ping.len() <= 23 && waiting <= 12);
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
    for (exit, name, budget) in [
        (TaskExit::Exited(0), "COMPLETED, exit code 0", 60),
        (TaskExit::Exited(i32::MIN), "ERRORED, exit code -2^31", 60),
        (
            TaskExit::Trapped("unreachable"),
            "ERRORED, 11 bytes of detail",
            80,
        ),
    ] {
        let mut world = world();
        world.executor.paused = true;
        world.launch(FIRST, 100);
        world.launch(SECOND, 100);
        world.run_until(|world| world.executor.started.len() == 2);
        let both = [FIRST, SECOND];
        let running = told_together(&mut world, both.map(Input::TaskStarted));
        let ended = told_together(&mut world, both.map(|id| Input::TaskExited(id, exit)));
        println!("two tasks: RUNNING {running} bytes; {name} {ended}");
        assert!(running <= 60 && ended <= budget, "{name}");
        let told = &world.master.tasks[&FIRST].told;
        assert!(told.last().is_some_and(|state| state.is_terminal()));
    }
}
