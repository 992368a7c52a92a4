//! `edgerm logs`.

use edgerm_framework::Client;
use edgerm_framework::api::{InspectionState, Output};

use crate::args::Logs;
use crate::console::Console;
use crate::exit::Failure;
use crate::{outputs, resolve};

pub(super) async fn logs(console: &Console, client: &Client, args: &Logs) -> Result<(), Failure> {
    let task = resolve::task(client, &args.task).await?;
    let mut follower = client.follow_output_and_log(task.id);
    if args.follow {
        while let Some(output) = follower.next().await? {
            show(console, &output)?;
        }
        return Ok(());
    }
    let kept = follower.kept().await?;
    for output in &kept.outputs {
        show(console, output)?;
    }
    let node = task.agent_name;
    match kept.log {
        None | Some(InspectionState::Read) => {}
        Some(InspectionState::Pending) => console.note(&format!(
            "{node} has not answered yet: its newest log lines may be missing"
        )),
        Some(InspectionState::Unreachable) => console.note(&format!(
            "{node} is not reached: log lines that were not read before are missing"
        )),
    }
    Ok(())
}

fn show(console: &Console, output: &Output) -> Result<(), Failure> {
    match console.is_json() {
        true => console.print_json_line(output),
        false => console.print(&outputs::lines(console, "", output)),
    }
}
