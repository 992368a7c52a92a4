//! What the master is at one moment, for who watches it. Counts are kept, so that to take them
//! holds nobody up; the commands that wait are counted part by part.

use std::collections::BTreeMap;

use edgerm_protocol::{AgentId, TaskState};

use super::Master;
use crate::ledger::Census;
use crate::ledger::quantity::Scalars;

/// The counts.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Agents and tasks by state, and what is held.
    pub census: Census,
    /// Scalars of the agents that are not gone.
    pub cluster: Scalars,
    /// Frameworks that are registered.
    pub frameworks: usize,
    /// Offers that are open.
    pub offers: usize,
    /// Modules that are kept.
    pub modules: usize,
    /// Long polls that wait.
    pub waits: usize,
    /// Whether nothing can be written.
    pub store_failing: bool,
    /// Tasks that were accepted since the master was made.
    pub accepted: u64,
    /// Tasks that ended since, by their last state.
    pub ended: BTreeMap<TaskState, u64>,
    /// What happened besides: [`Master::counters`].
    pub counters: BTreeMap<&'static str, u64>,
}

/// How many tasks came and went since the master was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: u64,
    pub(super) ended: BTreeMap<TaskState, u64>,
}

impl Master {
    /// Counts what there is.
    pub fn survey(&self) -> Survey {
        Survey {
            census: self.ledger.census().clone(),
            cluster: self.ledger.cluster().clone(),
            frameworks: self.ledger.framework_count(),
            offers: self.ledger.offer_count(),
            modules: self.ledger.module_count(),
            waits: self.waits.len(),
            store_failing: self.journal.is_failing(),
            accepted: self.tally.accepted,
            ended: self.tally.ended.clone(),
            counters: self.counters.clone(),
        }
    }

    /// Counts the commands that wait for `max` agents, those after `after`: how many, and after
    /// which to go on; `None`: that was all.
    pub fn commands_waiting(&self, after: Option<AgentId>, max: usize) -> (usize, Option<AgentId>) {
        let start = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let agents = self.links.range((start, std::ops::Bound::Unbounded));
        let (mut waiting, mut seen, mut last) = (0, 0, None);
        for (agent, link) in agents.take(max) {
            waiting += link.waiting();
            seen += 1;
            last = Some(*agent);
        }
        (waiting, last.filter(|_| seen == max))
    }
}
