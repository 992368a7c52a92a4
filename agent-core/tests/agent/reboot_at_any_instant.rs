//! What becomes of a task when its node reboots: the table of docs/protocol.md, cell by cell.

use edgerm_agent_core::TaskExit;
use edgerm_coap::Code;
use edgerm_protocol::TaskState;

use crate::common::{FIRST, LaunchSpec, Network, World, keeping, module, seconds};

/// Where the task was when the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Was {
    /// Its launch was being written.
    Held,
    /// Its module was being fetched.
    Fetching,
    Running,
    /// It had ended, and that was being written.
    Ending,
    /// That was written, and the master had not heard it.
    Ended,
    /// The master had acknowledged it, and the record was being erased.
    Acknowledged,
}

fn world(was: Was, restart: bool) -> World {
    let mut world = World::with(keeping(), Network::default(), 1);
    world.run_until(|world| world.agent.id().is_some());
    world.records.paused = was == Was::Held;
    if was == Was::Fetching {
        world.master.refuse("m", Code::SERVICE_UNAVAILABLE);
    }
    let (id, bytes) = module(1000);
    world.master.add_module(id, bytes);
    let launch = LaunchSpec {
        restart,
        ..LaunchSpec::new(FIRST, id, 1000)
    };
    world.ask(crate::common::Ask::Launch(launch));
    if matches!(was, Was::Held | Was::Fetching) {
        world.run_for(seconds(30));
        assert!(world.executor.started.is_empty(), "{was:?}");
    } else {
        world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Running));
    }
    match was {
        Was::Held | Was::Fetching | Was::Running => {}
        Was::Ending => {
            world.records.paused = true;
            world.exit(FIRST, TaskExit::Exited(0)).expect("it ran");
            world.run_for(seconds(30));
        }
        Was::Ended => {
            world.link.cut(true);
            world.exit(FIRST, TaskExit::Exited(0)).expect("it ran");
            world.run_for(seconds(30));
        }
        Was::Acknowledged => {
            world.link.cut(true);
            world.exit(FIRST, TaskExit::Exited(0)).expect("it ran");
            world.run_for(seconds(30));
            world.records.paused = true;
            world.link.cut(false);
            world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Completed));
            world.run_for(seconds(30));
        }
    }
    world.records.paused = false;
    world.link.cut(false);
    world.master.accept("m");
    world
}

/// What the agent has of the task after the reboot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Nothing, so that the master settles it.
    Nothing,
    /// It starts it again.
    Starts,
    /// It tells how it ended.
    TellsItsEnd,
}

#[test]
fn every_cell_of_the_table() {
    let table = [
        // Where it was, then one that is not to start again, and one that is.
        (Was::Held, None, Then::Nothing),
        (Was::Fetching, Some(Then::Nothing), Then::Starts),
        (Was::Running, Some(Then::Nothing), Then::Starts),
        (Was::Ending, Some(Then::Nothing), Then::Starts),
        (Was::Ended, Some(Then::TellsItsEnd), Then::TellsItsEnd),
        (
            Was::Acknowledged,
            Some(Then::TellsItsEnd),
            Then::TellsItsEnd,
        ),
    ];
    for (was, forgetting, restarting) in table {
        let cells = [(false, forgetting), (true, Some(restarting))];
        for (restart, then) in cells {
            let Some(then) = then else {
                continue;
            };
            let mut world = world(was, restart);
            let told = world.master.tasks.get(&FIRST).map_or(0, |it| it.told.len());
            assert_eq!(world.reboot(), [], "{was:?}, {restart}");
            world.run_for(seconds(120));
            let news = world.master.tasks.get(&FIRST).map_or(0, |it| it.told.len()) > told;
            let starts = world.executor.started.contains(&FIRST);
            let found = match (starts, news, world.master.state(FIRST)) {
                (true, true, Some(TaskState::Running)) => Some(Then::Starts),
                (false, true, Some(TaskState::Completed)) => Some(Then::TellsItsEnd),
                (false, false, _) => Some(Then::Nothing),
                _ => None,
            };
            assert_eq!(found, Some(then), "{was:?}, to start again: {restart}");
            let kept = usize::from(then == Then::Starts);
            assert_eq!(world.records.tasks(), kept, "{was:?}, {restart}");
        }
    }
}
