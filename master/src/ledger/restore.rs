//! A ledger out of the rows that lasted.

use edgerm_protocol::TaskState;
use edgerm_protocol::api::AgentState;
use edgerm_protocol::planted::{Bug, is_planted};

use super::rows::{self, Read};
use super::{Ledger, RowError, RowKey, Violation};

/// Why rows make no ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A row cannot be read.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The rows break a rule together: they are not those of one moment.
    #[error("what is kept is not whole: {0}")]
    Violation(#[from] Violation),
}

impl Ledger {
    /// The ledger whose rows these are, in any order.
    ///
    /// # Errors
    ///
    /// [`RestoreError`].
    pub fn restore(
        kept: impl IntoIterator<Item = (RowKey, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut ledger = Self::new();
        let (mut offers, mut tasks) = (Vec::new(), Vec::new());
        for (key, row) in kept {
            match rows::read(key, &row)? {
                Read::Agent(mut agent) => {
                    agent.total = ledger.alike.resources(&agent.total);
                    agent.attributes = ledger.alike.attributes(&agent.attributes);
                    ledger.agent_names.insert(agent.name.clone(), agent.id);
                    if let Some(session) = agent.session {
                        ledger.sessions.insert(session, agent.id);
                    }
                    if agent.state == AgentState::Gone {
                        ledger.gone.insert(agent.id);
                    } else {
                        ledger.cluster.add(&agent.total);
                    }
                    ledger.census.agent(None, Some(agent.state));
                    ledger.census.drain(false, agent.drain.is_some());
                    ledger.agents.insert(agent.id, Box::new(agent));
                }
                Read::Framework(framework) => {
                    ledger.frameworks.insert(framework.id, framework);
                }
                Read::Module(module) => {
                    ledger.modules.insert(module.id, module);
                }
                // They count in what those have.
                Read::Offer(offer) => offers.push(offer),
                Read::Task(task) => tasks.push(task),
            }
        }
        offers.iter().for_each(|offer| ledger.add_offer(offer));
        let mut ended = Vec::new();
        for mut task in tasks {
            task.kill_requested &= !is_planted(Bug::ForgetKill);
            if task.state == TaskState::Issued && is_planted(Bug::ForgetIssued) {
                continue;
            }
            if task.state.is_terminal() {
                ended.push((task.moved_at(), task.id));
                ledger.share(&mut task);
                ledger.census.task(None, Some(task.state));
                ledger.tasks.insert(task.id, task);
            } else {
                ledger.accept_task(*task);
            }
        }
        ended.sort_unstable();
        ledger.ended_tasks = ended.into_iter().map(|(_, task)| task).collect();
        ledger.check_invariants()?;
        Ok(ledger)
    }
}
