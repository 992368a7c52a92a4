//! What a container uses, by readings of the engine: of one that runs, now and then.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use bollard::models::ContainerStatsResponse;
use edgerm_protocol::TaskId;

use super::engine::{Engine, EngineError};
use crate::usage::Meter;

/// How long until the second reading. Each wait is twice the one before up to [`EVERY`], so that a
/// third of a short life is known at least.
const FIRST: Duration = Duration::from_secs(1);

/// How long from one reading to the next at most.
const EVERY: Duration = Duration::from_secs(10);

/// Takes readings of the container of a task.
#[derive(Debug)]
pub(super) struct Readings<'a> {
    pub(super) engine: &'a Engine,
    pub(super) id: TaskId,
    pub(super) meter: &'a Meter,
}

impl Readings<'_> {
    /// Takes them until it is dropped, and one more when it is `stopped`: the engine tells nothing
    /// of a container that has ended.
    pub(super) async fn take(&self, stopped: impl Future) -> Infallible {
        tokio::pin!(stopped);
        let (mut own_name, mut wait, mut is_stopped) = (None, FIRST, false);
        loop {
            match self.one(&mut own_name).await {
                Ok(stats) => record(&stats, self.meter),
                Err(error) => tracing::debug!(task = %self.id, %error, "what it uses is not told"),
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = EVERY.min(wait * 2),
                _ = &mut stopped, if !is_stopped => is_stopped = true,
            }
        }
    }

    /// A reading, and by which name of the engine's own it is to be had.
    async fn one(
        &self,
        own_name: &mut Option<String>,
    ) -> Result<ContainerStatsResponse, EngineError> {
        let name = match own_name {
            Some(name) => name,
            None => own_name.insert(self.engine.own_name(self.id).await?),
        };
        self.engine.stats(name).await
    }
}

/// Records what a reading tells. One of a container that has ended tells nothing.
fn record(stats: &ContainerStatsResponse, meter: &Meter) {
    let cpu = stats.cpu_stats.as_ref();
    let cpu = cpu.and_then(|it| it.cpu_usage.as_ref()?.total_usage);
    if let Some(nanos) = cpu {
        meter.used(Duration::from_nanos(nanos));
    }
    if let Some(memory) = &stats.memory_stats
        && let Some(usage) = memory.usage
    {
        meter.has(usage.saturating_sub(spare(memory.stats.as_ref())));
    }
}

/// Bytes of files that the kernel keeps for the container and takes away where memory is short:
/// `docker stats` leaves them out as well. They have one name in each version of control groups.
fn spare(stats: Option<&HashMap<String, u64>>) -> u64 {
    let stat = |name| stats.and_then(|stats| stats.get(name)).copied();
    stat("total_inactive_file")
        .or_else(|| stat("inactive_file"))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Usage;

    fn stats(json: &str) -> ContainerStatsResponse {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_runs_is_told_and_what_has_ended_changes_nothing() {
        let meter = Meter::default();
        let first = r#"{
            "cpu_stats": { "cpu_usage": { "total_usage": 12345678 } },
            "memory_stats": { "usage": 5000, "stats": { "inactive_file": 1000, "anon": 4000 } }
        }"#;
        record(&stats(first), &meter);
        let usage = Usage {
            cpu_ms: 12,
            mem: 4000,
            mem_peak: 4000,
        };
        assert_eq!(meter.usage(), usage);
        for nothing in [
            r#"{ "cpu_stats": { "cpu_usage": { "total_usage": 0 } }, "memory_stats": {} }"#,
            r#"{ "cpu_stats": null, "memory_stats": null }"#,
            "{}",
        ] {
            record(&stats(nothing), &meter);
            assert_eq!(meter.usage(), usage, "{nothing}");
        }
    }

    #[test]
    fn what_the_kernel_may_take_away_is_not_counted() {
        for (stats_json, expected) in [
            ("null", 5000),
            (r#"{ "inactive_file": 1000 }"#, 4000),
            // In the first version the other one leaves out what is of its children.
            (
                r#"{ "inactive_file": 1, "total_inactive_file": 2000 }"#,
                3000,
            ),
            (r#"{ "inactive_file": 6000 }"#, 0),
        ] {
            let meter = Meter::default();
            let memory = format!(r#"{{ "usage": 5000, "stats": {stats_json} }}"#);
            record(
                &stats(&format!(r#"{{ "memory_stats": {memory} }}"#)),
                &meter,
            );
            assert_eq!(meter.usage().mem, expected, "{stats_json}");
        }
    }
}
