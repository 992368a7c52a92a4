//! `edgerm ps`.

use edgerm_framework::api::{Page, Task};
use edgerm_framework::{Client, TaskState};

use crate::args::Ps;
use crate::console::{Console, Tone};
use crate::exit::Failure;
use crate::resolve::SHORT;
use crate::table::{Cell, Table};
use crate::units;

pub(super) async fn ps(console: &Console, client: &Client, args: &Ps) -> Result<(), Failure> {
    let mut tasks = client.tasks().all().await?;
    tasks.retain(|task| args.all || !task.state.is_terminal());
    show(console, tasks)
}

/// Tasks as the results of a command, the youngest first.
pub(super) fn show(console: &Console, mut tasks: Vec<Task>) -> Result<(), Failure> {
    if console.is_json() {
        return console.print_json(&Page {
            items: tasks,
            next: None,
        });
    }
    tasks.sort_by_key(|task| task.age_ms);
    if console.is_quiet() {
        let ids: String = tasks.iter().map(|task| format!("{}\n", task.id)).collect();
        return console.print(&ids);
    }
    let mut table = Table::new([
        "TASK", "NAME", "NODE", "STATE", "AGE", "CPUS", "MEM", "DEVICES", "WHY",
    ]);
    for task in &tasks {
        let id = task.id.to_string();
        table.row([
            id.get(..SHORT).unwrap_or(&id).into(),
            (&task.name).into(),
            (&task.agent_name).into(),
            state(task),
            units::age(task.age_ms).into(),
            units::cores(task.resources.cpus).into(),
            units::bytes(task.resources.mem).into(),
            task.resources.devices.join(",").into(),
            why(task).into(),
        ]);
    }
    console.print(&table.render(console))
}

fn state(task: &Task) -> Cell {
    // A state that may be old bears a question mark.
    let doubt = if task.unreachable && !task.state.is_terminal() {
        "?"
    } else {
        ""
    };
    Cell::new(format!("{}{doubt}", task.state), tone(task.state))
}

/// The colour of a state.
pub(super) fn tone(state: TaskState) -> Tone {
    match state {
        TaskState::Unissued | TaskState::Issued | TaskState::Starting | TaskState::Killing => {
            Tone::Busy
        }
        TaskState::Running => Tone::Good,
        TaskState::Completed | TaskState::Killed => Tone::Faint,
        TaskState::Errored | TaskState::Lost | TaskState::Rejected => Tone::Bad,
    }
}

fn why(task: &Task) -> String {
    let silent = task.unreachable.then(|| "the node is silent".to_owned());
    let exit = task.exit_code.map(|code| format!("exit code {code}"));
    let told: Vec<String> = [silent, exit, task.detail.clone()]
        .into_iter()
        .flatten()
        .collect();
    told.join(", ")
}
