//! What lasts of the ledger: a row for each agent, framework, offer, task and module, as JSON.
//!
//! A row holds the record and nothing that follows from others: what an agent's tasks hold, or a
//! framework's share, is added up again. So a row may be written alone, and rows that were
//! written together make a ledger that keeps its rules. Fields that come with a later version
//! have a default; one that changes its meaning raises the version of the store.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use edgerm_protocol::api::{AgentState, Container, HealthCheck, Restart, TaskResources};
use edgerm_protocol::owned::{Attributes, Resources};
use edgerm_protocol::{
    AgentId, BootId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId, TaskState,
};
use edgerm_task_abi::Permissions;
use serde::{Deserialize, Serialize};

use super::quantity::Scalars;
use super::{Agent, Drain, Few, Framework, Ledger, Module, Offer, Runs, Task};
use crate::access::TokenId;
use crate::variants::Blob;

/// Names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// Of an agent.
    Agent(AgentId),
    /// Of a framework.
    Framework(FrameworkId),
    /// Of an open offer.
    Offer(OfferId),
    /// Of a task.
    Task(TaskId),
    /// Of a module.
    Module(ModuleId),
}

/// A row that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the row of {key:?} is no use: {error}")]
pub struct RowError {
    /// Which.
    pub key: RowKey,
    /// What is wrong with it.
    pub error: serde_json::Error,
}

impl Ledger {
    /// The row of `key` as it is now; `None` where there is none.
    pub fn row(&self, key: RowKey) -> Option<Vec<u8>> {
        let row = match key {
            RowKey::Agent(id) => serde_json::to_vec(&AgentRow::of(self.agents.get(&id)?)),
            RowKey::Framework(id) => {
                serde_json::to_vec(&FrameworkRow::of(self.frameworks.get(&id)?))
            }
            RowKey::Offer(id) => serde_json::to_vec(&OfferRow::of(self.offers.get(&id)?)),
            RowKey::Task(id) => serde_json::to_vec(&TaskRow::of(self.tasks.get(&id)?)),
            RowKey::Module(id) => serde_json::to_vec(&ModuleRow::of(self.modules.get(&id)?)),
        };
        // What the rows hold is always JSON: no map has a key that is no text.
        row.ok()
    }

    /// The keys of all rows.
    pub fn row_keys(&self) -> impl Iterator<Item = RowKey> {
        let agents = self.agents.keys().copied().map(RowKey::Agent);
        let frameworks = self.frameworks.keys().copied().map(RowKey::Framework);
        let offers = self.offers.keys().copied().map(RowKey::Offer);
        let tasks = self.tasks.keys().copied().map(RowKey::Task);
        let modules = self.modules.keys().copied().map(RowKey::Module);
        let others = frameworks.chain(offers).chain(tasks).chain(modules);
        agents.chain(others)
    }
}

/// One row, read.
pub(super) enum Read {
    Agent(Agent),
    Framework(Framework),
    Offer(Offer),
    Task(Box<Task>),
    Module(Module),
}

pub(super) fn read(key: RowKey, row: &[u8]) -> Result<Read, RowError> {
    let bad = |error| RowError { key, error };
    Ok(match key {
        RowKey::Agent(id) => {
            let row: AgentRow<'_> = serde_json::from_slice(row).map_err(bad)?;
            Read::Agent(row.into_agent(id))
        }
        RowKey::Framework(id) => {
            let row: FrameworkRow<'_> = serde_json::from_slice(row).map_err(bad)?;
            Read::Framework(row.into_framework(id))
        }
        RowKey::Offer(id) => {
            let row: OfferRow<'_> = serde_json::from_slice(row).map_err(bad)?;
            Read::Offer(row.into_offer(id))
        }
        RowKey::Task(id) => {
            let row: TaskRow<'_> = serde_json::from_slice(row).map_err(bad)?;
            Read::Task(Box::new(row.into_task(id)))
        }
        RowKey::Module(id) => {
            let row: ModuleRow<'_> = serde_json::from_slice(row).map_err(bad)?;
            Read::Module(row.into_module(id))
        }
    })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgentRow<'a> {
    name: Cow<'a, str>,
    state: AgentState,
    session: Option<SessionId>,
    key: Option<[u8; 4]>,
    boot: BootId,
    ping_period_ms: u32,
    described: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drain: Option<DrainRow>,
    resources: Cow<'a, Resources>,
    attributes: Cow<'a, Attributes>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DrainRow {
    /// Milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kills_at_ms: Option<u64>,
}

impl<'a> AgentRow<'a> {
    fn of(agent: &'a Agent) -> Self {
        Self {
            name: Cow::Borrowed(&agent.name),
            state: agent.state,
            session: agent.session,
            key: agent.key,
            boot: agent.boot,
            ping_period_ms: agent.ping_period_ms,
            described: agent.described,
            drain: agent.drain.map(|drain| DrainRow {
                kills_at_ms: drain.kills_at.map(Instant::as_millis),
            }),
            resources: Cow::Borrowed(&agent.total),
            attributes: Cow::Borrowed(&agent.attributes),
        }
    }

    fn into_agent(self, id: AgentId) -> Agent {
        Agent {
            id,
            name: self.name.into(),
            state: self.state,
            session: self.session,
            key: self.key,
            boot: self.boot,
            ping_period_ms: self.ping_period_ms,
            described: self.described,
            drain: self.drain.map(|drain| Drain {
                kills_at: drain.kills_at_ms.map(Instant::from_millis),
            }),
            total: self.resources.into_owned(),
            attributes: self.attributes.into_owned(),
            used: Resources::new(),
            offered: Resources::new(),
            tasks: Few::new(),
            offers: Few::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct FrameworkRow<'a> {
    name: Cow<'a, str>,
    role: Cow<'a, str>,
    owner: Option<u64>,
    suppressed: bool,
}

impl<'a> FrameworkRow<'a> {
    fn of(framework: &'a Framework) -> Self {
        Self {
            name: Cow::Borrowed(&framework.name),
            role: Cow::Borrowed(&framework.role),
            owner: framework.owner.map(TokenId::number),
            suppressed: framework.suppressed,
        }
    }

    fn into_framework(self, id: FrameworkId) -> Framework {
        Framework {
            id,
            name: self.name.into_owned(),
            role: self.role.into_owned(),
            owner: self.owner.map(TokenId::from_number),
            suppressed: self.suppressed,
            tasks: BTreeSet::new(),
            offers: BTreeSet::new(),
            allocated: Scalars::default(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferRow<'a> {
    framework: FrameworkId,
    agent: AgentId,
    resources: Cow<'a, Resources>,
    /// Milliseconds since the Unix epoch.
    expires_at_ms: u64,
}

impl<'a> OfferRow<'a> {
    fn of(offer: &'a Offer) -> Self {
        Self {
            framework: offer.framework,
            agent: offer.agent,
            resources: Cow::Borrowed(&offer.resources),
            expires_at_ms: offer.expires_at.as_millis(),
        }
    }

    fn into_offer(self, id: OfferId) -> Offer {
        Offer {
            id,
            framework: self.framework,
            agent: self.agent,
            resources: self.resources.into_owned(),
            expires_at: Instant::from_millis(self.expires_at_ms),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskRow<'a> {
    name: Cow<'a, str>,
    framework: FrameworkId,
    owner: Option<u64>,
    agent: AgentId,
    agent_name: Cow<'a, str>,
    /// Absent where it runs a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<ModuleId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<Cow<'a, Container>>,
    blob: ModuleId,
    blob_size: u32,
    asked: Cow<'a, TaskResources>,
    holds: Cow<'a, Resources>,
    /// As bits.
    permissions: u32,
    #[serde(default, skip_serializing_if = "is_empty")]
    env: Cow<'a, BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop_after_disconnected: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    give_up_after: Option<u32>,
    #[serde(default, skip_serializing_if = "Restart::is_no")]
    restart: Restart,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_restarts: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    health_check: Option<HealthCheck>,
    /// Milliseconds since the Unix epoch.
    accepted_at_ms: u64,
    /// Each state that it has been in, and since when, in milliseconds since the Unix epoch.
    history: Vec<(TaskState, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    kill_requested: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'a, str>>,
}

fn is_empty(env: &BTreeMap<String, String>) -> bool {
    env.is_empty()
}

impl<'a> TaskRow<'a> {
    fn of(task: &'a Task) -> Self {
        let history = task.history.iter();
        Self {
            name: Cow::Borrowed(&task.name),
            framework: task.framework,
            owner: task.owner.map(TokenId::number),
            agent: task.agent,
            agent_name: Cow::Borrowed(&task.agent_name),
            module: task.runs.module(),
            container: task.runs.container().map(Cow::Borrowed),
            blob: task.blob.id,
            blob_size: task.blob.size,
            asked: Cow::Borrowed(&task.asked),
            holds: Cow::Borrowed(&task.holds),
            permissions: task.permissions.bits(),
            env: Cow::Borrowed(&task.env),
            stop_after_disconnected: task.stop_after_disconnected,
            give_up_after: task.give_up_after,
            restart: task.restart,
            max_restarts: task.max_restarts,
            deadline: task.deadline,
            health_check: task.health_check,
            accepted_at_ms: task.accepted_at.as_millis(),
            history: history
                .map(|(state, at)| (*state, at.as_millis()))
                .collect(),
            exit_code: task.exit_code,
            detail: task.detail.as_deref().map(Cow::Borrowed),
            kill_requested: task.kill_requested,
            request_id: task.request_id.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_task(self, id: TaskId) -> Task {
        let history = self.history.into_iter();
        let history: Vec<_> = history
            .map(|(state, at)| (state, Instant::from_millis(at)))
            .collect();
        Task {
            id,
            name: self.name.into(),
            framework: self.framework,
            owner: self.owner.map(TokenId::from_number),
            agent: self.agent,
            agent_name: self.agent_name.into(),
            runs: match self.container {
                Some(container) => Runs::Container(Box::new(container.into_owned())),
                None => Runs::Module(self.module.unwrap_or(self.blob)),
            },
            blob: Blob {
                id: self.blob,
                size: self.blob_size,
            },
            asked: Arc::new(self.asked.into_owned()),
            holds: self.holds.into_owned(),
            permissions: Permissions::from_bits(self.permissions),
            env: self.env.into_owned(),
            stop_after_disconnected: self.stop_after_disconnected,
            give_up_after: self.give_up_after,
            restart: self.restart,
            max_restarts: self.max_restarts,
            deadline: self.deadline,
            health_check: self.health_check,
            accepted_at: Instant::from_millis(self.accepted_at_ms),
            state: history
                .last()
                .map_or(TaskState::Unissued, |(state, _)| *state),
            history,
            exit_code: self.exit_code,
            detail: self.detail.map(Into::into),
            kill_requested: self.kill_requested,
            request_id: self.request_id.map(Into::into),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleRow<'a> {
    size: u32,
    memory: u64,
    memory_needed: u64,
    /// As bits.
    permissions: u32,
    features: Cow<'a, [String]>,
    /// Milliseconds since the Unix epoch.
    admitted_at_ms: u64,
    owner: Option<u64>,
}

impl<'a> ModuleRow<'a> {
    fn of(module: &'a Module) -> Self {
        Self {
            size: module.size,
            memory: module.memory,
            memory_needed: module.memory_needed,
            permissions: module.permissions.bits(),
            features: Cow::Borrowed(&module.features),
            admitted_at_ms: module.admitted_at.as_millis(),
            owner: module.owner.map(TokenId::number),
        }
    }

    fn into_module(self, id: ModuleId) -> Module {
        Module {
            id,
            size: self.size,
            memory: self.memory,
            memory_needed: self.memory_needed,
            permissions: Permissions::from_bits(self.permissions),
            features: self.features.into_owned(),
            admitted_at: Instant::from_millis(self.admitted_at_ms),
            owner: self.owner.map(TokenId::from_number),
        }
    }
}
