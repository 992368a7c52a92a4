//! What a task emits is told in order, each once, before its end, as fast as the master takes it.

use edgerm_agent_core::{InputError, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::{TaskId, TaskState};

use crate::common::{FIRST, Happened, Network, SECOND, World, config, seconds};

fn payloads(world: &World, task: TaskId) -> Vec<Vec<u8>> {
    let outputs = world
        .master
        .outputs
        .iter()
        .filter(|output| output.task == task);
    outputs.map(|output| output.payload.clone()).collect()
}

#[test]
fn outputs_come_in_order_and_before_the_end() {
    let mut world = World::running(FIRST);
    for word in [&b"one"[..], b"two", b"three"] {
        world.emit(FIRST, word).expect("room");
    }
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Completed));
    assert_eq!(payloads(&world, FIRST), [&b"one"[..], b"two", b"three"]);
    let sequences: Vec<u32> = world
        .master
        .outputs
        .iter()
        .map(|output| output.sequence)
        .collect();
    assert_eq!(sequences, [1, 2, 3]);
    let taken = (world.now, Happened::OutputTaken(FIRST));
    assert_eq!(
        world
            .happened
            .iter()
            .filter(|happened| **happened == taken)
            .count(),
        3
    );
}

#[test]
fn a_full_queue_holds_a_task_back_until_there_is_room() {
    let mut world = World::running(FIRST);
    world.link.cut(true);
    for _ in 0..4 {
        world.emit(FIRST, b"x").expect("room");
    }
    let full = InputError::OutputQueueFull { capacity: 4 };
    assert_eq!(world.emit(FIRST, b"x"), Err(full));
    assert_eq!(world.log(FIRST, "kept"), Ok(()), "a log line never waits");
    assert!(!world.has(&Happened::OutputTaken(FIRST)));

    world.link.cut(false);
    world.run_until(|world| world.has(&Happened::OutputTaken(FIRST)));
    world.emit(FIRST, b"y").expect("room");
    world.run_for(seconds(10));
    let sequences: Vec<u32> = world
        .master
        .outputs
        .iter()
        .map(|output| output.sequence)
        .collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
}

#[test]
fn a_master_that_cannot_take_it_now_is_told_after_a_period() {
    let mut world = World::running(FIRST);
    world.master.refuse("o", Code::SERVICE_UNAVAILABLE);
    world.emit(FIRST, b"kept").expect("room");
    world.run_for(seconds(60));
    let asked = world.master.heard_at("o").len();
    assert!((8..=15).contains(&asked), "{asked} in a minute");
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_for(seconds(60));
    assert_eq!(
        world.master.state(FIRST),
        Some(TaskState::Running),
        "it is not all said"
    );
    world.master.accept("o");
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Completed));
    assert_eq!(payloads(&world, FIRST), [b"kept"]);
}

#[test]
fn one_that_is_refused_for_good_makes_way() {
    let mut world = World::running(FIRST);
    world.master.refuse("o", Code::NOT_FOUND);
    world.emit(FIRST, b"refused").expect("room");
    world.run_until(|world| world.has(&Happened::OutputTaken(FIRST)));
    world.master.accept("o");
    world.emit(FIRST, b"taken").expect("room");
    world.run_for(seconds(5));
    assert_eq!(payloads(&world, FIRST), [b"taken"]);
}

#[test]
fn the_longest_output_fits_a_datagram() {
    let mut world = World::running(TaskId(u64::MAX));
    world.emit(TaskId(u64::MAX), &[7; 800]).expect("room");
    world.run_for(seconds(1));
    assert_eq!(payloads(&world, TaskId(u64::MAX)), [[7; 800]]);
    let long = world.emit(TaskId(u64::MAX), &[7; 801]);
    assert_eq!(long, Err(InputError::OutputTooLong { length: 801 }));
}

#[test]
fn a_bad_link_changes_neither_order_nor_number() {
    let network = Network {
        loss: 200,
        duplication: 200,
        delay: 3000,
    };
    let mut world = World::with(config(), network, 11);
    world.master.insists = true;
    world.run_until(|world| world.agent.id().is_some());
    world.launch(FIRST, 1000);
    world.launch(SECOND, 1000);
    world.run_until(|world| world.executor.running.len() == 2);
    let mut emitted = [0_u8; 2];
    while emitted != [20, 20] {
        for (task, count) in [FIRST, SECOND].into_iter().zip(&mut emitted) {
            if *count < 20 && world.emit(task, &[*count]).is_ok() {
                *count += 1;
            }
        }
        assert!(world.step(crate::common::at(u64::MAX)));
    }
    for task in [FIRST, SECOND] {
        world.exit(task, TaskExit::Exited(0)).expect("it runs");
        world.run_until(|world| world.master.state(task) == Some(TaskState::Completed));
        let expected: Vec<Vec<u8>> = (0..20).map(|count| vec![count]).collect();
        assert_eq!(payloads(&world, task), expected);
    }
}
