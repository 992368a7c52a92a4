//! `edgerm bench launch`: what a framework waits for.
//!
//! Launch is measured from the moment the offer is accepted to the event that says RUNNING,
//! with the module in the agent's cache; kill from the call to the event that says KILLED, of a
//! module that never returns.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use edgerm_framework::api::{Constraints, MAX_PAGE, Module, Offer, Task};
use edgerm_framework::{Client, ConstraintsExt, Launch, Scheduler, TaskState};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use tokio::time::timeout;

use crate::args::BenchLaunch;
use crate::cluster::{Cluster, SPIN};
use crate::cohort::Cohort;
use crate::console::Console;
use crate::exit::Failure;
use crate::table::Table;
use crate::units;

use super::quantiles::Quantiles;

/// How long one step may take until the bench gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Launches for each time that a task is killed on every node at once.
const RUNS_PER_ROUND: usize = 5;

pub(crate) async fn launch(
    console: &Console,
    remote: Option<Client>,
    args: &BenchLaunch,
) -> Result<(), Failure> {
    let Some(client) = remote else {
        let cluster = Cluster::start_anywhere().await?;
        let measured = measure(console, cluster.client()?, args.runs).await;
        cluster.shutdown().await;
        return show(console, &measured?);
    };
    show(console, &measure(console, client, args.runs).await?)
}

async fn measure(console: &Console, client: Client, runs: NonZeroUsize) -> Result<Report, Failure> {
    let module = client.upload_module(SPIN).await?;
    let scheduler = Scheduler::register(client, "edgerm-bench").await?;
    let bench = Bench {
        scheduler: &scheduler,
        module,
    };
    let measured = bench.measure(console, runs.get()).await;
    scheduler.clone().tear_down().await?;
    measured
}

struct Bench<'a> {
    scheduler: &'a Scheduler,
    module: Module,
}

impl Bench<'_> {
    async fn measure(&self, console: &Console, runs: usize) -> Result<Report, Failure> {
        let mut cohort = Cohort::watch_own(self.scheduler).await?;
        // The first of each node fetches the module, and is not counted.
        let all = self.offers(&Constraints::default(), MAX_PAGE).await?;
        let Some(node) = all.first().map(|offer| offer.agent_name.clone()) else {
            return Err(Failure::NothingMatched {
                what: "no node has room for a task".into(),
                next: "`edgerm agents` shows what the nodes have".into(),
            });
        };
        let nodes = all.len();
        self.together(&mut cohort, all).await?;

        let rounds = runs.div_ceil(RUNS_PER_ROUND);
        let bar = bar(console, runs + rounds);
        let (mut launches, mut kills, mut kills_of_all) = (Vec::new(), Vec::new(), Vec::new());
        let one = Constraints::default().agent(node);
        for _ in 0..runs {
            let offers = self.offers(&one, 1).await?;
            let (launched, killed) = self.together(&mut cohort, offers).await?;
            launches.push(launched);
            kills.push(killed);
            bar.inc(1);
        }
        for _ in 0..rounds {
            let mut offers = Vec::new();
            while offers.len() < nodes {
                offers.extend(
                    self.offers(&Constraints::default(), nodes - offers.len())
                        .await?,
                );
            }
            let (_, killed) = self.together(&mut cohort, offers).await?;
            kills_of_all.push(killed);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Report {
            launch: Quantiles::of(launches),
            kill: Quantiles::of(kills),
            kill_all: Quantiles::of(kills_of_all),
            nodes,
        })
    }

    async fn offers(&self, on: &Constraints, max: usize) -> Result<Vec<Offer>, Failure> {
        let offers = self.scheduler.offers(on, max, PATIENCE).await?;
        if offers.is_empty() {
            return Err(stalled("an offer"));
        }
        Ok(offers)
    }

    /// Launches a task on each of `offers`, then kills them all: the time until the last ran,
    /// and the time until the last was gone.
    async fn together(
        &self,
        cohort: &mut Cohort,
        offers: Vec<Offer>,
    ) -> Result<(Duration, Duration), Failure> {
        let start = Instant::now();
        let mut ids = Vec::with_capacity(offers.len());
        for offer in &offers {
            let task = self
                .scheduler
                .launch(offer, Launch::new("spin", &self.module))
                .await?;
            ids.push(task.id);
            cohort.insert(task);
        }
        settle(cohort, "RUNNING", |task| task.state >= TaskState::Running).await?;
        let launched = start.elapsed();
        if let Some(ended) = cohort.tasks().find(|task| task.state.is_terminal()) {
            return Err(Failure::TasksFailed(vec![ended.clone()]));
        }
        let start = Instant::now();
        for id in ids {
            self.scheduler.kill(id).await?;
        }
        settle(cohort, "KILLED", |task| task.state.is_terminal()).await?;
        let killed = start.elapsed();
        cohort.clear();
        Ok((launched, killed))
    }
}

async fn settle(
    cohort: &mut Cohort,
    what: &str,
    settled: impl Fn(&Task) -> bool,
) -> Result<(), Failure> {
    match timeout(PATIENCE, cohort.until(settled)).await {
        Ok(settled) => Ok(settled?),
        Err(_) => Err(stalled(what)),
    }
}

fn stalled(what: &str) -> Failure {
    Failure::TimedOut {
        what: format!("waited {} s for {what}", PATIENCE.as_secs()),
        next: "`edgerm agents` shows whether the nodes are heard and have room".into(),
    }
}

/// What was measured, in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Accepted to RUNNING.
    launch: Quantiles,
    /// Asked to KILLED.
    kill: Quantiles,
    /// Asked for each node's task to the last KILLED.
    kill_all: Quantiles,
    /// Nodes in that.
    nodes: usize,
}

fn show(console: &Console, report: &Report) -> Result<(), Failure> {
    if console.is_json() {
        return console.print_json(report);
    }
    let mut table = Table::new(["", "RUNS", "MIN", "MEDIAN", "P95", "P99", "MAX"]);
    let all = format!("kill all of {} nodes", report.nodes);
    let rows = [
        ("launch to RUNNING", &report.launch),
        ("kill to KILLED", &report.kill),
        (all.as_str(), &report.kill_all),
    ];
    for (name, q) in rows {
        table.row([
            name.into(),
            q.runs.into(),
            units::micros(q.min_us).into(),
            units::micros(q.median_us).into(),
            units::micros(q.p95_us).into(),
            units::micros(q.p99_us).into(),
            units::micros(q.max_us).into(),
        ]);
    }
    console.print(&table.render(console))
}

fn bar(console: &Console, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if console.is_quiet() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}
