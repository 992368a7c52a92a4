//! `edgerm usage`.

use edgerm_framework::api::{InspectionState, Task, TaskUsage};
use edgerm_framework::{Client, TaskState};
use futures_util::StreamExt;
use futures_util::stream;

use crate::args::Usage;
use crate::console::Console;
use crate::exit::Failure;
use crate::resolve::{self, SHORT};
use crate::table::Table;
use crate::units;

/// Tasks whose nodes are asked at once.
const AT_ONCE: usize = 16;

/// What stands for what a node does not measure, or did not tell.
const UNKNOWN: &str = "?";

pub(super) async fn usage(console: &Console, client: &Client, args: &Usage) -> Result<(), Failure> {
    let mut tasks = Vec::new();
    for task in &args.tasks {
        tasks.push(resolve::task(client, task).await?);
    }
    if args.tasks.is_empty() {
        tasks = client.tasks().all().await?;
        tasks.retain(|task| task.state == TaskState::Running);
    }
    let asked = tasks.iter().map(|task| client.usage(task.id, args.timeout));
    let told: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let told = told.into_iter().collect::<Result<Vec<TaskUsage>, _>>()?;
    if console.is_json() {
        return told
            .iter()
            .try_for_each(|usage| console.print_json_line(usage));
    }
    let mut table = Table::new(["TASK", "NAME", "NODE", "CPU TIME", "MEM", "PEAK", "OF"]);
    for (task, TaskUsage { usage, .. }) in tasks.iter().zip(&told) {
        let id = task.id.to_string();
        let bytes = |bytes: Option<u64>| bytes.map_or(UNKNOWN.to_owned(), units::bytes);
        let cpu = usage.cpu_ms.map(|ms| units::micros(u128::from(ms) * 1000));
        table.row([
            id.get(..SHORT).unwrap_or(&id).into(),
            (&task.name).into(),
            (&task.agent_name).into(),
            cpu.unwrap_or(UNKNOWN.to_owned()).into(),
            bytes(usage.mem).into(),
            bytes(usage.mem_peak).into(),
            units::bytes(task.resources.mem).into(),
        ]);
    }
    console.print(&table.render(console))?;
    for (task, usage) in tasks.iter().zip(&told) {
        note(console, task, usage.state);
    }
    Ok(())
}

fn note(console: &Console, task: &Task, state: InspectionState) {
    let node = &task.agent_name;
    match state {
        InspectionState::Read => {}
        InspectionState::Pending => {
            console.note(&format!(
                "{node} has not answered yet: --timeout gives it longer"
            ));
        }
        InspectionState::Unreachable => console.note(&format!(
            "{node} is not reached: what {} used is as it was known before",
            task.name
        )),
    }
}
