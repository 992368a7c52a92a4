//! Agents come, tell what they have, fall silent and go.

use std::fmt;
use std::sync::Arc;

use edgerm_protocol::limits::MAX_TASKS;
use edgerm_protocol::owned::{Description, Value};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::resource::names;
use edgerm_protocol::{AgentId, BootId, SessionId, TaskId, TaskState};
use sha2::{Digest, Sha256};

use super::change::{AgentRegistration, Change, OfferEnd};
use super::{Agent, Ledger, quantity};

/// Shortest and longest ping period that an agent may have, in milliseconds: ten a second
/// would be work for nothing, and one a day is as good as gone.
const PING_PERIOD_MS: std::ops::RangeInclusive<u32> = 100..=86_400_000;

/// Why a registration is refused. Its `Display` is the diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationFault {
    /// The master knows so many agents already, and none of them is gone.
    TableFull {
        /// How many it may know.
        max: usize,
    },
    /// The ping period is out of range, in milliseconds.
    PingPeriod(u32),
}

impl fmt::Display for RegistrationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TableFull { max } => write!(f, "{max} agents are registered, no more may be"),
            Self::PingPeriod(period) => write!(
                f,
                "ping period of {period} ms is not within {} to {}",
                PING_PERIOD_MS.start(),
                PING_PERIOD_MS.end()
            ),
        }
    }
}

impl std::error::Error for RegistrationFault {}

/// Why a description is not accepted, though it was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescriptionFault {
    /// A standard resource has another type than the standard gives it.
    WrongType {
        /// Which resource.
        name: &'static str,
        /// The type it must have.
        expected: &'static str,
    },
}

impl fmt::Display for DescriptionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType { name, expected } => {
                write!(f, "resource {name} must be {expected}")
            }
        }
    }
}

impl std::error::Error for DescriptionFault {}

impl Ledger {
    /// Registers the agent called `name` in `session`, under the id it had before, if any.
    ///
    /// # Errors
    ///
    /// [`RegistrationFault`]; nothing changes.
    pub fn register_agent(
        &self,
        name: Arc<str>,
        boot: BootId,
        ping_period_ms: u32,
        session: SessionId,
        key: Option<[u8; 4]>,
        max_agents: usize,
    ) -> Result<(AgentId, Vec<Change>), RegistrationFault> {
        if !PING_PERIOD_MS.contains(&ping_period_ms) {
            return Err(RegistrationFault::PingPeriod(ping_period_ms));
        }
        let mut changes = Vec::new();
        let agent = match self.agent_names.get(&name) {
            Some(agent) => *agent,
            None => {
                if self.agents.len() >= max_agents {
                    let full = RegistrationFault::TableFull { max: max_agents };
                    changes.push(Change::AgentForgotten(*self.gone.first().ok_or(full)?));
                }
                self.new_agent_id(&name)
            }
        };
        changes.push(Change::AgentRegistered(AgentRegistration {
            agent,
            name,
            session,
            boot,
            ping_period_ms,
            key,
        }));
        Ok((agent, changes))
    }

    /// Takes the description of a registered agent, which was checked with
    /// [`check_description`]. What is promised of another one is rescinded.
    pub fn describe_agent(&self, agent: &Agent, mut description: Description) -> Vec<Change> {
        for value in description.resources.values_mut() {
            if let Value::Ranges(ranges) = value {
                *ranges = quantity::normal(ranges);
            }
        }
        if let Some(Value::Scalar(slots)) = description.resources.get_mut(names::TASKS) {
            *slots = (*slots).min(MAX_TASKS as u64);
        }
        let same =
            agent.total == description.resources && agent.attributes == description.attributes;
        let mut changes = if same {
            Vec::new()
        } else {
            self.rescind_offers(agent)
        };
        changes.push(Change::AgentDescribed {
            agent: agent.id,
            description,
        });
        changes
    }

    /// Ends every offer of `agent`.
    pub fn rescind_offers(&self, agent: &Agent) -> Vec<Change> {
        if is_planted(Bug::KeepOffers) {
            return Vec::new();
        }
        rescind(&agent.offers)
    }

    /// The agent is silent: nothing of it is offered.
    pub fn agent_unreachable(&self, agent: &Agent) -> Vec<Change> {
        let mut changes = self.rescind_offers(agent);
        changes.push(Change::AgentUnreachable(agent.id));
        changes
    }

    /// These tasks of a silent agent are lost before it is given up, for the reason `detail` gives.
    /// It may come back with them in the session that it has: it is to register, so as to learn
    /// that they are unwanted.
    pub fn tasks_given_up(&self, agent: &Agent, tasks: &[TaskId], detail: &str) -> Vec<Change> {
        let lost = tasks.iter().map(|task| lost(*task, detail));
        let ended = (!tasks.is_empty()).then_some(Change::AgentSessionEnded(agent.id));
        lost.chain(ended).collect()
    }

    /// The agent left or is given up: its tasks are lost, for the reason `detail` gives.
    pub fn agent_gone(&self, agent: &Agent, detail: &str) -> Vec<Change> {
        let mut changes = self.rescind_offers(agent);
        changes.extend(agent.tasks.iter().map(|task| lost(*task, detail)));
        changes.push(Change::AgentGone(agent.id));
        changes
    }

    /// The first four bytes of the name's SHA-256, or the next id that is free: the same after a
    /// restart of a master that kept nothing.
    fn new_agent_id(&self, name: &str) -> AgentId {
        let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(name));
        let mut id = AgentId(u32::from_be_bytes([a, b, c, d]));
        while self.agents.contains_key(&id) {
            id = AgentId(id.0.wrapping_add(1));
        }
        id
    }
}

fn lost(task: TaskId, detail: &str) -> Change {
    Change::TaskMoved {
        task,
        state: TaskState::Lost,
        exit_code: None,
        detail: Some(detail.to_owned()),
    }
}

pub(super) fn rescind<'a>(
    offers: impl IntoIterator<Item = &'a edgerm_protocol::OfferId>,
) -> Vec<Change> {
    let end = OfferEnd::Rescinded;
    let ended = |offer: &edgerm_protocol::OfferId| Change::OfferEnded { offer: *offer, end };
    offers.into_iter().map(ended).collect()
}

/// Checks that the standard resources have the types that the standard gives them.
///
/// # Errors
///
/// [`DescriptionFault`], by the first that has not.
pub fn check_description(description: &Description) -> Result<(), DescriptionFault> {
    for name in [names::CPUS, names::MEM, names::DISK, names::TASKS] {
        match description.resources.get(name) {
            Some(Value::Scalar(_)) | None => {}
            Some(Value::Ranges(_) | Value::Set(_) | Value::Device(_)) => {
                let expected = "a scalar";
                return Err(DescriptionFault::WrongType { name, expected });
            }
        }
    }
    match description.resources.get(names::PORTS) {
        Some(Value::Ranges(_)) | None => Ok(()),
        Some(Value::Scalar(_) | Value::Set(_) | Value::Device(_)) => {
            let (name, expected) = (names::PORTS, "ranges");
            Err(DescriptionFault::WrongType { name, expected })
        }
    }
}
