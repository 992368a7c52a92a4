//! `edgerm kill`.

use edgerm_framework::Client;
use edgerm_framework::api::Task;
use tokio::time::timeout;

use super::ps;
use crate::args::Kill;
use crate::cohort::Cohort;
use crate::console::Console;
use crate::exit::Failure;
use crate::resolve;

pub(super) async fn kill(console: &Console, client: &Client, args: &Kill) -> Result<(), Failure> {
    let mut cohort = Cohort::watch(client).await?;
    let mut chosen = Vec::new();
    if args.all {
        chosen = client.tasks().all().await?;
        chosen.retain(|task| !task.state.is_terminal());
    }
    for prefix in &args.tasks {
        chosen.push(resolve::task(client, prefix).await?);
    }
    for task in chosen {
        cohort.insert(client.kill(task.id, None).await?);
    }
    let ended = timeout(args.timeout, cohort.until(|task| task.state.is_terminal())).await;
    let (ended, open): (Vec<Task>, Vec<Task>) = match ended {
        Ok(done) => done.map(|()| (cohort.tasks().cloned().collect(), Vec::new()))?,
        Err(_) => cohort
            .tasks()
            .cloned()
            .partition(|task| task.state.is_terminal()),
    };
    ps::show(console, ended)?;
    if open.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = open
        .iter()
        .map(|task| format!("{} on {}", task.id, task.agent_name))
        .collect();
    Err(Failure::TimedOut {
        what: format!(
            "not ended within {} s: {}",
            args.timeout.as_secs_f32(),
            names.join(", ")
        ),
        next: "the kill stands, and is carried out when the node is heard again".into(),
    })
}
