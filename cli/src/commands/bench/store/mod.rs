//! `edgerm bench store`: how many launches a second a master takes through its HTTP API.
//!
//! The master is another process with a store of its own, and the load is this one: callers that
//! each accept an offer with one task and count when the answer comes, and agents that are the
//! machines of `edgerm-agent-core`, each with a socket, over loopback and hence without OSCORE.
//! There are so many agents that every task can run until the end, none has to end for another;
//! each has the module already, and running one is nothing but saying so.
//!
//! | file | is |
//! |---|---|
//! | `master` | the master in its process, and its end |
//! | `agents` | the agents |
//! | `callers` | offers, and who accepts them |
//! | `disk` | what the disk takes to write |
//! | `usage` | processor time of a process |
//! | `report` | what came of it |

mod agents;
mod callers;
mod disk;
mod master;
mod report;
mod usage;

use std::path::Path;
use std::time::{Duration, Instant};

use edgerm_framework::{Client, Scheduler};

use crate::args::BenchStore;
use crate::cluster::SPIN;
use crate::console::Console;
use crate::exit::Failure;

use agents::Agents;
use callers::Callers;
use master::MasterProcess;
pub(crate) use master::serve;
use report::Report;
use usage::Usage;

/// How long one step may take until the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The store of the bench, in a folder of its own that is removed with it.
const STORE: &str = "master.redb";

pub(crate) async fn store(console: &Console, args: &BenchStore) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix(".edgerm-bench-")
        .tempdir_in(&args.dir)
        .map_err(|error| {
            let what = format!(
                "cannot make a folder in {}, choose another with --dir",
                args.dir.display()
            );
            Failure::local(what, error)
        })?;
    let report = measure(console, args, folder.path()).await?;
    report.show(console)
}

async fn measure(console: &Console, args: &BenchStore, dir: &Path) -> Result<Report, Failure> {
    let before = disk::sync_times(dir).await?;
    let store = dir.join(STORE);
    let count = agents::count_for(args.launches.get(), args.in_flight.get());
    agents::allow_sockets(count)?;
    let master = MasterProcess::start(&store, &args.limit).await?;
    console.note(&format!("{count} agents register"));
    let agents = Agents::start(master.coap, count).await?;
    let client = master.client()?;
    let module = client.upload_module(SPIN).await?;
    let scheduler = Scheduler::register(client.clone(), "edgerm-bench").await?;
    console.note(&format!("{} launches", args.launches));
    let (own, its) = (Usage::own(), Usage::of(master.id()));
    let earlier = client.counters().await?;
    let start = Instant::now();
    let callers = Callers::new(scheduler, module, args.in_flight.get());
    let launched = callers.launch(args.launches.get()).await?;
    let took = start.elapsed();
    let later = client.counters().await?;
    agents.until_started(args.launches.get()).await?;
    let all_started = start.elapsed();
    let (own, its) = (own.until_now(), its.until_now());
    let (restart, kept) = start_again(master, &store, args).await?;
    if kept < launched.calls.len() {
        return Err(Failure::Unexpected(format!(
            "{} launches were answered, and {kept} tasks were in the store after kill -9: this is \
             a defect of the master or of the disk",
            launched.calls.len()
        )));
    }
    let after = disk::sync_times(dir).await?;
    Ok(Report::new(report::Measured {
        launched,
        took,
        all_started,
        agents: count,
        in_flight: args.in_flight.get(),
        load_cpu: own,
        master_cpu: its,
        counters: report::grown(&earlier, &later),
        kept,
        restart,
        disk: [before, after],
    }))
}

/// Ends the master with SIGKILL and starts another on its store: how long that takes until it
/// answers, and how many tasks it has.
async fn start_again(
    master: MasterProcess,
    store: &Path,
    args: &BenchStore,
) -> Result<(Duration, usize), Failure> {
    drop(master);
    let start = Instant::now();
    let master = MasterProcess::start(store, &args.limit).await?;
    let client: Client = master.client()?;
    client.health().await?;
    let took = start.elapsed();
    let tasks = client.tasks().all().await?;
    Ok((took, tasks.len()))
}

fn stalled(what: &str) -> Failure {
    Failure::TimedOut {
        what: format!("waited {} s for {what}", PATIENCE.as_secs()),
        next: "try fewer with --launches; on a slow disk choose another folder with --dir".into(),
    }
}
