//! What the bench came to, beside what it is to be, for people and for programs.

use std::path::Path;
use std::time::Duration;

use edgerm_protocol::standard::{DOCKER, WASM};
use serde::Serialize;

use super::figures::Memory;
use crate::commands::bench::quantiles::Quantiles;
use crate::console::{Console, Tone};
use crate::exit::Failure;
use crate::table::{Cell, Table};
use crate::units;

/// What was measured of one agent.
pub(super) struct Measured {
    /// Whether it runs containers besides modules.
    pub(super) docker: bool,
    /// From the start of its process until the master had it.
    pub(super) starts: Vec<Duration>,
    /// After it was idle.
    pub(super) memory: Memory,
    /// How long it was.
    pub(super) idle: Duration,
    /// Processor time that it used meanwhile.
    pub(super) used: Duration,
}

/// What a figure is to be less than.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Bounds {
    /// Microseconds of half of the starts.
    start_us: u128,
    pss_bytes: u64,
    /// Hundredths of one core.
    idle_percent: f64,
}

impl Bounds {
    /// Of an agent that runs modules, and containers besides.
    const fn of(docker: bool) -> Self {
        Self {
            start_us: 50_000,
            pss_bytes: if docker { 10 << 20 } else { 6 << 20 },
            idle_percent: 0.1,
        }
    }
}

/// The figures of one agent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    /// What it runs.
    executors: Vec<&'static str>,
    /// From the start of its process until the master had it.
    start: Quantiles,
    #[serde(flatten)]
    memory: Memory,
    /// Milliseconds that it was idle.
    idle_ms: u128,
    /// Processor time that it used meanwhile, in microseconds.
    idle_cpu_us: u128,
    /// The same in hundredths of one core.
    idle_percent: f64,
    bounds: Bounds,
}

/// The report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// The agent's program.
    program: String,
    ping_period_ms: u128,
    agents: Vec<Figures>,
}

impl Report {
    pub(super) fn new(program: &Path, ping_period: Duration, measured: Vec<Measured>) -> Self {
        Self {
            program: program.display().to_string(),
            ping_period_ms: ping_period.as_millis(),
            agents: measured.into_iter().map(Figures::new).collect(),
        }
    }

    pub(super) fn show(&self, console: &Console) -> Result<(), Failure> {
        if console.is_json() {
            return console.print_json(self);
        }
        let mut table = Table::new(["EXECUTORS", "", "FIGURE", "BOUND"]);
        for figures in &self.agents {
            for [name, figure, bound] in figures.rows() {
                table.row([figures.executors.join(", ").into(), name, figure, bound]);
            }
        }
        console.print(&table.render(console))
    }
}

impl Figures {
    fn new(measured: Measured) -> Self {
        let Measured {
            docker,
            starts,
            memory,
            idle,
            used,
        } = measured;
        Self {
            executors: [WASM].into_iter().chain(docker.then_some(DOCKER)).collect(),
            start: Quantiles::of(starts),
            memory,
            idle_ms: idle.as_millis(),
            idle_cpu_us: used.as_micros(),
            idle_percent: 100.0 * used.as_secs_f64() / idle.as_secs_f64(),
            bounds: Bounds::of(docker),
        }
    }

    /// A row for each figure: what it is, itself, and its bound.
    fn rows(&self) -> [[Cell; 3]; 6] {
        let Self {
            start,
            memory,
            bounds,
            ..
        } = self;
        let within = |figure: String, is_within: bool| {
            Cell::new(figure, if is_within { Tone::Good } else { Tone::Bad })
        };
        let median = units::micros(start.median_us);
        let pss = units::bytes(memory.pss_bytes);
        let percent = format!("{:.3} %", self.idle_percent);
        [
            [
                format!("start to registered, median of {}", start.runs).into(),
                within(median, start.median_us < bounds.start_us),
                units::micros(bounds.start_us).into(),
            ],
            [
                "the fastest".into(),
                units::micros(start.min_us).into(),
                "".into(),
            ],
            [
                "the slowest".into(),
                units::micros(start.max_us).into(),
                "".into(),
            ],
            [
                "memory while idle (PSS)".into(),
                within(pss, memory.pss_bytes < bounds.pss_bytes),
                units::bytes(bounds.pss_bytes).into(),
            ],
            [
                "of that, private and dirty".into(),
                units::bytes(memory.private_dirty_bytes).into(),
                "".into(),
            ],
            [
                format!(
                    "processor time of {} s idle, of one core",
                    self.idle_ms / 1000
                )
                .into(),
                within(percent, self.idle_percent < bounds.idle_percent),
                format!("{} %", bounds.idle_percent).into(),
            ],
        ]
    }
}
