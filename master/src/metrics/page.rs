//! The page: what was counted, what the master is at this moment, and its process.

use edgerm_protocol::TaskState;
use edgerm_protocol::api::AgentState;
use edgerm_protocol::resource::names;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Encoder, Error, Gauge, GaugeVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};

use super::{Metrics, whole};
use crate::ledger::quantity::Scalars;
use crate::master::Survey;

/// Scalars that every agent has by the standard, with what their sums are called and counted in:
/// others have names that agents choose.
const SCALARS: [(&str, &str, &str, f64); 4] = [
    (
        names::CPUS,
        "cluster_cpu_cores",
        "Cores of the agents that are not gone",
        1000.0,
    ),
    (
        names::MEM,
        "cluster_memory_bytes",
        "Bytes of memory of the agents that are not gone",
        1.0,
    ),
    (
        names::DISK,
        "cluster_disk_bytes",
        "Bytes of storage of the agents that are not gone",
        1.0,
    ),
    (
        names::TASKS,
        "cluster_task_slots",
        "Tasks that the agents that are not gone may run",
        1.0,
    ),
];

/// Counters of the master that have a metric of their own.
const OWN: [&str; 3] = ["commits", "rowsWritten", "commitFailed"];

impl Metrics {
    /// The page, in Prometheus's text form, version 0.0.4.
    ///
    /// # Errors
    ///
    /// Where two metrics would have one name: none have.
    pub(crate) fn page(&self, survey: &Survey, queued: usize) -> Result<Vec<u8>, Error> {
        let page = Page(Registry::new_custom(Some("edgerm".to_owned()), None)?);
        page.write(survey, queued)?;
        let process = Registry::new();
        process.register(Box::new(ProcessCollector::for_self()))?;
        let mut families = page.0.gather();
        families.extend(self.registry.gather());
        families.extend(process.gather());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        Ok(text)
    }
}

struct Page(Registry);

impl Page {
    fn write(&self, survey: &Survey, queued: usize) -> Result<(), Error> {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        self.gauge(
            "build_info",
            "1, with the version of the master",
            &version,
            1.0,
        )?;
        self.agents_and_tasks(survey)?;
        self.scalars(survey)?;
        self.simple(
            "frameworks",
            "Frameworks that are registered",
            survey.frameworks,
        )?;
        self.simple("offers_open", "Offers that stand", survey.offers)?;
        self.simple("modules", "Modules that are kept", survey.modules)?;
        let help = "Calls of the API that wait for offers or outputs";
        self.simple("http_waits", help, survey.waits)?;
        let help = "Launches, kills and messages that wait until their agents are asked";
        self.simple("agent_commands_queued", help, queued)?;
        let help = "1 while the master's file cannot be written, and nothing new is begun";
        self.simple("store_failing", help, usize::from(survey.store_failing))?;
        let rows = survey.counters.get("rowsWritten").copied();
        let help = "Rows that are on the disk";
        self.counter("store_rows_written_total", help, rows.unwrap_or_default())?;
        let help = "What happened besides: refusals by their code, datagrams ignored";
        let events = survey.counters.iter();
        let events = events.filter(|(what, _)| !OWN.contains(what));
        self.counters(
            "events_total",
            help,
            "what",
            events.map(|(what, count)| (*what, *count)),
        )
    }

    fn agents_and_tasks(&self, survey: &Survey) -> Result<(), Error> {
        let census = &survey.census;
        let states = [
            ("registered", AgentState::Registered),
            ("unreachable", AgentState::Unreachable),
            ("gone", AgentState::Gone),
        ];
        let agents = states.map(|(name, state)| (name, census.agents(state)));
        self.gauges("agents", "Agents that are known, by state", "state", agents)?;
        let help = "Agents that are drained, in whatever state";
        self.simple("agents_draining", help, census.draining())?;
        let running = TaskState::ALL.into_iter().filter(|it| !it.is_terminal());
        let running = running.map(|state| (state_name(state), census.tasks(state)));
        self.gauges(
            "tasks",
            "Tasks that have not ended, by state",
            "state",
            running,
        )?;
        let help = "Tasks that were accepted since the master started";
        self.counter("tasks_accepted_total", help, survey.accepted)?;
        let ended = TaskState::ALL.into_iter().filter(|it| it.is_terminal());
        let count = |state| survey.ended.get(&state).copied().unwrap_or_default();
        let ended = ended.map(|state| (state_name(state), count(state)));
        let help = "Tasks that ended since the master started, by their last state";
        self.counters("tasks_ended_total", help, "state", ended)
    }

    fn scalars(&self, survey: &Survey) -> Result<(), Error> {
        let census = &survey.census;
        let parts: [(&str, &Scalars); 3] = [
            ("total", &survey.cluster),
            ("used", census.used()),
            ("offered", census.offered()),
        ];
        for (name, metric, help, unit) in SCALARS {
            let help = format!("{help}: total, used by tasks, and offered");
            let gauge = GaugeVec::new(Opts::new(metric, help), &["part"])?;
            for (part, scalars) in parts {
                gauge
                    .with_label_values(&[part])
                    .set(float(scalars.get(name)) / unit);
            }
            self.register(gauge)?;
        }
        Ok(())
    }

    fn simple(&self, name: &str, help: &str, value: usize) -> Result<(), Error> {
        self.gauge(name, help, &[], float(whole(value).into()))
    }

    fn gauge(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        value: f64,
    ) -> Result<(), Error> {
        let labels: std::collections::HashMap<String, String> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let gauge = Gauge::with_opts(Opts::new(name, help).const_labels(labels))?;
        gauge.set(value);
        self.register(gauge)
    }

    fn gauges(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, usize)>,
    ) -> Result<(), Error> {
        let gauge = GaugeVec::new(Opts::new(name, help), &[label])?;
        for (of, value) in values {
            gauge
                .with_label_values(&[of])
                .set(float(whole(value).into()));
        }
        self.register(gauge)
    }

    fn counter(&self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        self.register(counter)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) -> Result<(), Error> {
        let counter = IntCounterVec::new(Opts::new(name, help), &[label])?;
        for (of, value) in values {
            counter.with_label_values(&[of]).inc_by(value);
        }
        self.register(counter)
    }

    fn register(&self, metric: impl Collector + 'static) -> Result<(), Error> {
        self.0.register(Box::new(metric))
    }
}

/// The name of a state, as Prometheus's labels are written.
const fn state_name(state: TaskState) -> &'static str {
    match state {
        TaskState::Unissued => "unissued",
        TaskState::Issued => "issued",
        TaskState::Starting => "starting",
        TaskState::Running => "running",
        TaskState::Killing => "killing",
        TaskState::Completed => "completed",
        TaskState::Errored => "errored",
        TaskState::Killed => "killed",
        TaskState::Lost => "lost",
        TaskState::Rejected => "rejected",
    }
}

/// Near enough: a sum over 2^53 loses its last bits.
#[expect(
    clippy::cast_precision_loss,
    reason = "all that a Prometheus takes are floats"
)]
fn float(amount: u128) -> f64 {
    amount as f64
}
