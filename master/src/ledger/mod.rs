//! The record of agents, frameworks, offers, tasks and modules. No clock, no sockets.
//!
//! Reading decides: methods with `&self` check an operation and give the [`Change`]s that it
//! is, or say why not. [`Ledger::apply`] is the one place that writes. A change that names
//! something the ledger does not have does nothing, so whatever is replayed cannot break it.
//!
//! For every agent and resource `offered <= max(0, total - used)`, where used counts tasks
//! that have not ended, and an exclusive device is held once: [`Ledger::check_invariants`].

mod accept;
mod accept_error;
mod alike;
mod answer;
mod apply;
mod census;
mod change;
mod container;
mod drain;
mod few;
mod invariant;
mod offer;
pub mod quantity;
mod reconcile;
mod records;
mod registration;
mod restore;
mod rows;
mod task;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use edgerm_protocol::{AgentId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId};

pub use crate::policy::PolicyFault;
pub use accept::MakeVariant;
pub use accept_error::{AcceptError, AcceptFault};
pub use answer::is_for_later;
pub use census::Census;
pub use change::{AgentRegistration, Change, Module, OfferEnd};
pub use container::ContainerFault;
pub use drain::{Drain, UnknownAgent};
pub use few::Few;
pub use invariant::Violation;
pub use offer::OfferError;
pub use reconcile::{Reconciliation, Resolution, resolve};
pub use records::{Agent, Framework, Offer, Runs, Task};
pub use registration::{DescriptionFault, RegistrationFault, check_description};
pub use restore::RestoreError;
pub use rows::{RowError, RowKey};
pub use task::{KillError, KillStep, UpdateIgnored};

use alike::Alike;
use quantity::Scalars;

/// Offers that ended and are remembered, so that a late acceptance learns why it came to
/// nothing.
const REMEMBERED_OFFERS: usize = 4096;

/// Everything that the master knows. See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    // In boxes, as are tasks: a tree has room for half as many again as are in it.
    agents: BTreeMap<AgentId, Box<Agent>>,
    agent_names: BTreeMap<Arc<str>, AgentId>,
    /// Agents that are gone, to be forgotten when there is no room.
    gone: BTreeSet<AgentId>,
    sessions: BTreeMap<SessionId, AgentId>,
    frameworks: BTreeMap<FrameworkId, Framework>,
    offers: BTreeMap<OfferId, Offer>,
    ended_offers: BTreeMap<OfferId, (FrameworkId, OfferEnd)>,
    ended_order: VecDeque<OfferId>,
    tasks: BTreeMap<TaskId, Box<Task>>,
    /// Tasks that ended, oldest first.
    ended_tasks: VecDeque<TaskId>,
    modules: BTreeMap<ModuleId, Module>,
    /// Scalars that described agents have together, those that are gone not counted.
    cluster: Scalars,
    census: Census,
    alike: Alike,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// The agent of this id.
    pub fn agent(&self, agent: AgentId) -> Option<&Agent> {
        self.agents.get(&agent).map(Box::as_ref)
    }

    /// The agent of this name.
    pub fn agent_named(&self, name: &str) -> Option<&Agent> {
        self.agent(*self.agent_names.get(name)?)
    }

    /// The agent whose registration is `session`.
    pub fn session(&self, session: SessionId) -> Option<&Agent> {
        self.agent(*self.sessions.get(&session)?)
    }

    /// Agents by id, those after `after`.
    pub fn agents(&self, after: Option<AgentId>) -> impl Iterator<Item = &Agent> {
        following(&self.agents, after).map(Box::as_ref)
    }

    /// How many agents are known, gone ones included.
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }

    /// The framework of this id.
    pub fn framework(&self, framework: FrameworkId) -> Option<&Framework> {
        self.frameworks.get(&framework)
    }

    /// Frameworks by id, those after `after`.
    pub fn frameworks(&self, after: Option<FrameworkId>) -> impl Iterator<Item = &Framework> {
        following(&self.frameworks, after)
    }

    /// How many frameworks are registered.
    pub fn framework_count(&self) -> usize {
        self.frameworks.len()
    }

    /// The open offer of this id.
    pub fn offer(&self, offer: OfferId) -> Option<&Offer> {
        self.offers.get(&offer)
    }

    /// Open offers by id, those after `after`.
    pub fn offers(&self, after: Option<OfferId>) -> impl Iterator<Item = &Offer> {
        following(&self.offers, after)
    }

    /// How many offers are open.
    pub fn offer_count(&self) -> usize {
        self.offers.len()
    }

    /// The task of this id.
    pub fn task(&self, task: TaskId) -> Option<&Task> {
        self.tasks.get(&task).map(Box::as_ref)
    }

    /// Tasks by id, those after `after`.
    pub fn tasks(&self, after: Option<TaskId>) -> impl Iterator<Item = &Task> {
        following(&self.tasks, after).map(Box::as_ref)
    }

    /// How many tasks are known, ended ones included.
    pub fn task_count(&self) -> usize {
        self.tasks.len()
    }

    /// The module of this id.
    pub fn module(&self, module: ModuleId) -> Option<&Module> {
        self.modules.get(&module)
    }

    /// Modules by id, those after `after`.
    pub fn modules(&self, after: Option<ModuleId>) -> impl Iterator<Item = &Module> {
        following(&self.modules, after)
    }

    /// How many modules are kept.
    pub fn module_count(&self) -> usize {
        self.modules.len()
    }

    /// Scalars that the agents have together, to measure shares against.
    pub fn cluster(&self) -> &Scalars {
        &self.cluster
    }

    /// How many agents and tasks there are of each state, and what they hold.
    pub fn census(&self) -> &Census {
        &self.census
    }

    /// The task that ended first of those that are remembered.
    pub fn first_ended(&self) -> Option<&Task> {
        self.task(*self.ended_tasks.front()?)
    }

    /// The changes that forget the tasks that ended before `since`.
    pub fn forget_tasks_before(&self, since: Instant) -> Vec<Change> {
        let ended = self.ended_tasks.iter().filter_map(|id| self.tasks.get(id));
        ended
            .take_while(|task| task.moved_at() < since)
            .map(|task| Change::TaskForgotten(task.id))
            .collect()
    }

    /// The changes that forget the oldest ended tasks, so that at most `keep` remain.
    pub fn forget_tasks(&self, keep: usize) -> Vec<Change> {
        let surplus = self.ended_tasks.len().saturating_sub(keep);
        self.ended_tasks
            .iter()
            .take(surplus)
            .map(|task| Change::TaskForgotten(*task))
            .collect()
    }
}

fn following<K: Ord + Copy, V>(map: &BTreeMap<K, V>, after: Option<K>) -> impl Iterator<Item = &V> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    map.range((start, Bound::Unbounded)).map(|(_, value)| value)
}
