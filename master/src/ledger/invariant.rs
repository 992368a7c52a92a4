//! What must be true of the ledger after every change.

use std::collections::BTreeMap;
use std::fmt;

use edgerm_protocol::api::AgentState;
use edgerm_protocol::owned::{Resources, Value};
use edgerm_protocol::resource::Access;
use edgerm_protocol::{AgentId, FrameworkId, TaskId};

use super::apply::sum;
use super::quantity::{self, Scalars};
use super::{Agent, Census, Ledger};

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// More is offered of a resource than is left beside what is used.
    OverOffered(AgentId, String),
    /// Something is offered of an agent that is drained.
    OfferedDrained(AgentId),
    /// A device that was given to one task alone is held by several.
    DeviceTwice(AgentId, String),
    /// What is recorded as used or offered is not the sum of its parts.
    WrongSum(AgentId),
    /// The scalars recorded for a framework are not the sum of its tasks and offers.
    WrongShare(FrameworkId),
    /// The scalars of the cluster are not the sum of its agents'.
    WrongCluster,
    /// The agents recorded as gone are not those that are.
    WrongGone,
    /// The counts of agents, tasks and what they hold are not those of the records.
    WrongCensus,
    /// A task that has not ended is not counted by its agent, or one that has is.
    Uncounted(TaskId),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverOffered(agent, name) => {
                write!(f, "agent {agent}: more {name} is offered than is left")
            }
            Self::OfferedDrained(agent) => write!(f, "agent {agent} is drained and offered"),
            Self::DeviceTwice(agent, name) => {
                write!(f, "agent {agent}: exclusive device {name} is held twice")
            }
            Self::WrongSum(agent) => write!(f, "agent {agent}: used or offered is a wrong sum"),
            Self::WrongShare(framework) => write!(f, "framework {framework}: wrong share"),
            Self::WrongCluster => f.write_str("the cluster's scalars are a wrong sum"),
            Self::WrongGone => f.write_str("the list of agents that are gone is wrong"),
            Self::WrongCensus => f.write_str("the counts of agents and tasks are wrong"),
            Self::Uncounted(task) => write!(f, "task {task} is not counted where it should be"),
        }
    }
}

impl std::error::Error for Violation {}

impl Ledger {
    /// Checks every rule, from the records alone.
    ///
    /// # Errors
    ///
    /// The first [`Violation`] found.
    pub fn check_invariants(&self) -> Result<(), Violation> {
        self.agents
            .values()
            .try_for_each(|agent| self.check_agent(agent))?;
        let gone = self
            .agents
            .values()
            .filter(|agent| agent.state == AgentState::Gone);
        if !gone.map(|agent| &agent.id).eq(&self.gone) {
            return Err(Violation::WrongGone);
        }
        for task in self.tasks.values() {
            let counted = self
                .agents
                .get(&task.agent)
                .is_some_and(|agent| agent.tasks.contains(&task.id));
            if counted == task.state.is_terminal() {
                return Err(Violation::Uncounted(task.id));
            }
        }
        if Census::of(self) != self.census {
            return Err(Violation::WrongCensus);
        }
        self.check_shares()
    }

    /// Checks the rules of one agent alone, for whoever knows that nothing else has changed.
    ///
    /// # Errors
    ///
    /// The first [`Violation`] found.
    pub fn check_agent_invariants(&self, agent: AgentId) -> Result<(), Violation> {
        self.agent(agent)
            .map_or(Ok(()), |agent| self.check_agent(agent))
    }

    fn check_agent(&self, agent: &Agent) -> Result<(), Violation> {
        let tasks = || agent.tasks.iter().filter_map(|id| self.tasks.get(id));
        let offers = || agent.offers.iter().filter_map(|id| self.offers.get(id));
        if agent.used != sum(tasks().map(|task| &task.holds))
            || agent.offered != sum(offers().map(|offer| &offer.resources))
        {
            return Err(Violation::WrongSum(agent.id));
        }
        if agent.drain.is_some() && !agent.offers.is_empty() {
            return Err(Violation::OfferedDrained(agent.id));
        }
        let left = quantity::difference(&agent.total, &agent.used);
        if let Some(name) = quantity::beyond(&agent.offered, &left) {
            return Err(Violation::OverOffered(agent.id, name.to_owned()));
        }
        check_devices(agent.id, tasks().map(|task| &task.holds))?;
        check_devices(agent.id, offers().map(|offer| &offer.resources))
    }

    fn check_shares(&self) -> Result<(), Violation> {
        for framework in self.frameworks.values() {
            let mut share = Scalars::default();
            let tasks = framework.tasks.iter().filter_map(|id| self.tasks.get(id));
            tasks.for_each(|task| share.add(&task.holds));
            let offers = framework.offers.iter().filter_map(|id| self.offers.get(id));
            offers.for_each(|offer| share.add(&offer.resources));
            if share != framework.allocated {
                return Err(Violation::WrongShare(framework.id));
            }
        }
        let mut cluster = Scalars::default();
        let agents = self.agents.values();
        let known = agents.filter(|agent| agent.state != AgentState::Gone);
        known.for_each(|agent| cluster.add(&agent.total));
        if cluster == self.cluster {
            Ok(())
        } else {
            Err(Violation::WrongCluster)
        }
    }
}

/// Several may hold a device only where each holds it shared.
fn check_devices<'a>(
    agent: AgentId,
    holders: impl Iterator<Item = &'a Resources>,
) -> Result<(), Violation> {
    let mut held: BTreeMap<&str, Access> = BTreeMap::new();
    for (name, value) in holders.flatten() {
        if let Value::Device(device) = value {
            let before = held.insert(name, device.access);
            let alone = device.access == Access::Exclusive || before == Some(Access::Exclusive);
            if before.is_some() && alone {
                return Err(Violation::DeviceTwice(agent, name.to_string()));
            }
        }
    }
    Ok(())
}
