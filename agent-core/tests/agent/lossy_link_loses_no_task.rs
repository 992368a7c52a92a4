//! Through a link that loses a fifth of all datagrams, doubles and reorders the rest, each task
//! starts at most once and ends in one state that is told and acknowledged.

use edgerm_agent_core::TaskExit;
use edgerm_protocol::{TaskId, TaskState};
use proptest::prelude::*;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use crate::common::{Answer, Ask, LaunchSpec, Network, World, config, module, seconds};

const NETWORK: Network = Network {
    loss: 200,
    duplication: 200,
    delay: 4000,
};

/// Launches tasks, lets some of them end and kills others, until all have ended.
fn run(seed: u64, tasks: u64) -> World {
    let mut random = Pcg32::seed_from_u64(seed);
    let mut world = World::with(config(), NETWORK, seed);
    world.master.insists = true;
    world.run_until(|world| world.agent.id().is_some());
    for id in 1..=tasks {
        let length = [100, 700, 1500][usize::try_from(id % 3).expect("small")];
        let (id, (module, bytes)) = (TaskId(id), module(length));
        world.master.add_module(module, bytes);
        world
            .master
            .ask(Ask::Launch(LaunchSpec::new(id, module, length)));
        let until = world.now + seconds(u64::from(random.next_u32() % 60));
        while world.step(until) {}
        if random.next_u32().is_multiple_of(2) {
            world.master.ask(Ask::Kill(id));
        }
        if random.next_u32().is_multiple_of(8) {
            world.master.session = None;
        }
        end_one(&mut world, &mut random);
    }
    let end = world.now + seconds(40_000);
    while !(world.master.is_idle() && world.agent.active_tasks() == 0) {
        assert!(world.step(end), "it never ended: {world:#?}");
        if random.next_u32().is_multiple_of(64) {
            end_one(&mut world, &mut random);
        }
    }
    world.run_for(seconds(3600));
    world
}

/// A task that runs ends by itself.
fn end_one(world: &mut World, random: &mut Pcg32) {
    let Some(id) = world.executor.running.first().copied() else {
        return;
    };
    let code = i32::from(random.next_u32().is_multiple_of(3));
    world.exit(id, TaskExit::Exited(code)).expect("it runs");
}

fn check(seed: u64, tasks: u64) {
    let world = run(seed, tasks);
    let mut started = world.executor.started.clone();
    started.sort_unstable();
    started.dedup();
    assert_eq!(
        started.len(),
        world.executor.started.len(),
        "one started twice, seed {seed}"
    );
    for id in (1..=tasks).map(TaskId) {
        // A launch that was refused for want of a slot left no record.
        let refused = |answer: &Answer| {
            matches!(&answer.ask, Ask::Launch(launch) if launch.task == id)
                && answer.code.is_some_and(|code| code.class() == 4)
        };
        let refused = world.master.answers.iter().any(refused);
        let ended = world.master.state(id).is_some_and(TaskState::is_terminal);
        assert_ne!(ended, refused, "{id} at the end, seed {seed}");
        assert!(
            ended || !started.contains(&id),
            "{id} ran unknown, seed {seed}"
        );
    }
    assert_eq!(world.agent.active_tasks(), 0);
    let text = format!("{:?}", world.agent);
    assert!(
        text.contains("table: Table { tasks: []"),
        "something stays: {text}"
    );
    assert!(
        text.contains("fetch: Idle"),
        "something is fetched still: {text}"
    );
}

#[test]
fn a_hundred_tasks_end_once() {
    check(1, 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_link_does(seed: u64) {
        check(seed, 8);
    }
}
