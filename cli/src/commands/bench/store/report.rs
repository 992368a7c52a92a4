//! What the bench came to, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::callers::Launched;
use crate::commands::bench::quantiles::Quantiles;
use crate::console::Console;
use crate::exit::Failure;
use crate::table::Table;
use crate::units;

/// The master's counter of batches that are on the disk.
const COMMITS: &str = "commits";

/// What was measured.
pub(super) struct Measured {
    pub(super) launched: Launched,
    /// From the first call to the last answer.
    pub(super) took: Duration,
    /// From the first call until each task was started by its agent.
    pub(super) all_started: Duration,
    pub(super) agents: usize,
    pub(super) in_flight: usize,
    pub(super) load_cpu: Option<Duration>,
    pub(super) master_cpu: Option<Duration>,
    /// What the master counted meanwhile.
    pub(super) counters: BTreeMap<String, u64>,
    /// Tasks that were there after the master was killed.
    pub(super) kept: usize,
    /// From the start of a second master, after the first was killed, to its first answer.
    pub(super) restart: Duration,
    /// What the disk took before the launches, and after them.
    pub(super) disk: [Vec<Duration>; 2],
}

/// The report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    launches: usize,
    in_flight: usize,
    agents: usize,
    /// Launches by the seconds from the first call to the last answer.
    launches_per_second: f64,
    /// Milliseconds of that.
    took_ms: u128,
    /// Milliseconds from the first call until each task was started by its agent.
    all_started_ms: u128,
    /// The call that accepts an offer with one task.
    accept: Quantiles,
    /// Offers that had ended before they were accepted, and were not counted.
    stale_offers: usize,
    /// Tasks that a second master found in the store after the first was killed.
    kept: usize,
    /// Milliseconds until that one answered.
    restart_ms: u128,
    /// Batches of changes that were written meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    commits: Option<u64>,
    /// Processor time of the master for each launch, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    master_cpu_us: Option<u128>,
    /// The same of the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    load_cpu_us: Option<u128>,
    /// An overwrite of 4 KiB and `fdatasync`, before the launches.
    disk_before: Quantiles,
    /// The same after them.
    disk_after: Quantiles,
    /// What the master counted during the launches.
    counters: BTreeMap<String, u64>,
}

impl Report {
    pub(super) fn new(measured: Measured) -> Self {
        let launches = measured.launched.calls.len();
        let each = |used: Duration| used.as_micros() / launches.max(1) as u128;
        let [before, after] = measured.disk;
        Self {
            launches,
            in_flight: measured.in_flight,
            agents: measured.agents,
            launches_per_second: launches as f64 / measured.took.as_secs_f64(),
            took_ms: measured.took.as_millis(),
            all_started_ms: measured.all_started.as_millis(),
            accept: Quantiles::of(measured.launched.calls),
            stale_offers: measured.launched.stale,
            kept: measured.kept,
            restart_ms: measured.restart.as_millis(),
            commits: measured.counters.get(COMMITS).copied(),
            master_cpu_us: measured.master_cpu.map(each),
            load_cpu_us: measured.load_cpu.map(each),
            disk_before: Quantiles::of(before),
            disk_after: Quantiles::of(after),
            counters: measured.counters,
        }
    }

    pub(super) fn show(&self, console: &Console) -> Result<(), Failure> {
        if console.is_json() {
            return console.print_json(self);
        }
        let mut times = Table::new(["", "RUNS", "MIN", "MEDIAN", "P95", "P99", "MAX"]);
        for (name, q) in [
            ("accept, until the answer", &self.accept),
            ("disk, 4 KiB and fdatasync, before", &self.disk_before),
            ("disk, 4 KiB and fdatasync, after", &self.disk_after),
        ] {
            times.row([
                name.into(),
                q.runs.into(),
                units::precise(q.min_us).into(),
                units::precise(q.median_us).into(),
                units::precise(q.p95_us).into(),
                units::precise(q.p99_us).into(),
                units::precise(q.max_us).into(),
            ]);
        }
        let mut facts = Table::new(["", ""]);
        facts.row([
            "launches a second".into(),
            format!("{:.0}", self.launches_per_second).into(),
        ]);
        let rest = [
            ("launches", self.launches.to_string()),
            ("in flight", self.in_flight.to_string()),
            ("agents", self.agents.to_string()),
            ("all answered after", units::precise(self.took_ms * 1000)),
            (
                "all started after",
                units::precise(self.all_started_ms * 1000),
            ),
            ("kept after kill -9", self.kept.to_string()),
            (
                "answers again after",
                units::precise(self.restart_ms * 1000),
            ),
        ];
        let commits = self.commits.map(|commits| {
            let each = self.launches as f64 / commits.max(1) as f64;
            ("launches a commit", format!("{each:.1}"))
        });
        let cpu = [
            ("master, processor time a launch", self.master_cpu_us),
            ("load, processor time a launch", self.load_cpu_us),
        ];
        let cpu = cpu.map(|(name, used)| Some((name, units::precise(used?))));
        for (name, value) in rest
            .into_iter()
            .chain(commits)
            .chain(cpu.into_iter().flatten())
        {
            facts.row([name.into(), value.into()]);
        }
        console.print(&format!(
            "{}\n{}",
            facts.render(console),
            times.render(console)
        ))
    }
}

/// By how much each counter has grown.
pub(super) fn grown(
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let earlier = |name| before.get(name).copied().unwrap_or(0);
    let grown = after
        .iter()
        .map(|(name, count)| (name.clone(), count.saturating_sub(earlier(name))));
    grown.filter(|(_, count)| *count > 0).collect()
}
