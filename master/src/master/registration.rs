//! Agents register: version and description are checked, the ledger settles who they are and
//! what they should run, and a description that did not fit is pulled.

use std::sync::Arc;

use edgerm_coap::Code;
use edgerm_protocol::codec::List;
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::limits::{MAX_DESCRIPTION, MAX_TASKS};
use edgerm_protocol::message::{Register, Registered, StatusUpdate, Version};
use edgerm_protocol::owned::{Description, DuplicateName};
use edgerm_protocol::{AgentId, DecodeError, Instant, TaskId, WIRE_VERSION, decode};

use super::Master;
use super::agent_requests::{Done, Refused, encoded};
use crate::ledger::{DescriptionFault, check_description};
use crate::link::Command;
use crate::peers::PeerId;

impl Master {
    pub(super) fn on_register(
        &mut self,
        now: Instant,
        from: PeerId,
        body: &[u8],
    ) -> Result<Done, Refused> {
        // The version is read alone first: the rest may be of a form that is not known here.
        let version = decode::<Version>(body)?.version;
        if version != WIRE_VERSION {
            return Err(Refused::bad(format_args!(
                "wire version {version}, this master speaks {WIRE_VERSION}"
            )));
        }
        let register: Register<'_> = decode(body)?;
        self.check_name(from, register.name.as_str())?;
        let length = usize::try_from(register.description_length).unwrap_or(usize::MAX);
        if length > MAX_DESCRIPTION {
            return Err(Refused::bad(format_args!(
                "a description of {length} bytes, at most {MAX_DESCRIPTION} are read"
            )));
        }
        let description = match register.description {
            Some(bytes) if bytes.len() != length => {
                return Err(Refused::bad(format_args!(
                    "the description has {} bytes, not the {length} it was said to have",
                    bytes.len()
                )));
            }
            Some(bytes) => Some(read_description(bytes).map_err(Refused::bad)?),
            None => None,
        };
        if self.journal.is_failing() {
            return Err(Refused::unwritable());
        }
        let session = self.draw_session();
        let name = register.name.as_str();
        let enrolled = self.enrolled.by_name(name);
        let name = enrolled.map_or_else(|| name.into(), |enrolled| Arc::clone(&enrolled.name));
        let (agent, changes) = self
            .ledger
            .register_agent(
                name,
                register.boot,
                register.ping_period,
                session,
                from.key(),
                self.config.limits.agents,
            )
            .map_err(Refused::bad)?;
        self.commit_all(now, changes);
        self.open_link(now, agent, from);
        match description {
            Some(description) => self.describe(now, agent, description),
            None => self.pull_description(now, agent, register.description_length),
        }
        let unwanted = self.reconcile(now, agent, &register.tasks);
        tracing::info!(%agent, name = %register.name, %from, %session, "agent registered");
        let registered = Registered {
            agent,
            session,
            unwanted,
        };
        Ok(Done {
            agent,
            body: encoded(&registered),
            code: Code::CREATED,
            repeatable: false,
            acknowledges: true,
        })
    }

    /// Whether this peer may register under this name.
    fn check_name(&self, from: PeerId, name: &str) -> Result<(), Refused> {
        match from {
            PeerId::Key(key) => match self.enrolled.by_key_id(key) {
                Some((enrolled, _)) if enrolled == name => Ok(()),
                Some((enrolled, _)) => Err(Refused::forbidden(format_args!(
                    "this credential is of the agent {enrolled:?}, not of {name:?}"
                ))),
                None => Err(Refused::forbidden("this credential is revoked")),
            },
            PeerId::Address(_) if self.enrolled.by_name(name).is_some() => Err(Refused::forbidden(
                format_args!("the agent {name:?} is enrolled: give this one its credential"),
            )),
            PeerId::Address(_) => Ok(()),
        }
    }

    fn reconcile(
        &mut self,
        now: Instant,
        agent: AgentId,
        listed: &[StatusUpdate<'_>],
    ) -> List<TaskId, MAX_TASKS> {
        let outcome = self.ledger.reconcile(agent, listed);
        self.commit_all(now, outcome.changes);
        for task in outcome.launch {
            self.queue(agent, Command::Launch(task));
        }
        for task in outcome.kill {
            self.queue(agent, Command::Kill(task));
        }
        List::from_first(outcome.unwanted)
    }

    /// Takes what `agent` told of itself.
    pub(super) fn describe(&mut self, now: Instant, agent: AgentId, description: Description) {
        if let Some(agent) = self.ledger.agent(agent) {
            let changes = self.ledger.describe_agent(agent, description);
            self.commit_all(now, changes);
        }
    }

    /// What is promised of an agent whose description is not yet known is rescinded, and the
    /// description asked for.
    fn pull_description(&mut self, now: Instant, id: AgentId, length: u32) {
        if let Some(agent) = self.ledger.agent(id) {
            let changes = self.ledger.rescind_offers(agent);
            self.commit_all(now, changes);
        }
        self.begin_pull(id, length);
    }
}

/// Why bytes are no description.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadDescription {
    #[error("the description is {0}")]
    Decode(#[from] DecodeError),
    #[error("{0}")]
    Duplicate(#[from] DuplicateName),
    #[error("{0}")]
    Fault(#[from] DescriptionFault),
}

pub(super) fn read_description(bytes: &[u8]) -> Result<Description, BadDescription> {
    let description = Description::try_from(EncodedDescription::new(bytes)?)?;
    check_description(&description)?;
    Ok(description)
}
