//! A master out of what lasted of one that ran before, however that ended.
//!
//! | of | is as it was | but |
//! |---|---|---|
//! | an agent | its session goes on, and it is as silent as it was | the time that no master ran does not count; one whose description was not known yet registers anew |
//! | a drain | in force | a deadline that passed meanwhile kills at once |
//! | a task | in its state | UNISSUED is ISSUED: it may have been sent; what was not known to be taken is sent again, a kill too |
//! | an offer | open until it expires | |
//! | a framework | registered, and suppressed or not | what it waits for, its filters and messages to tasks are gone |
//! | a module | with its bytes | variants for nodes with little memory are made anew |
//!
//! What tasks emitted is not kept. Agents that prove themselves establish keys anew when they
//! are next heard (RFC 8613 appendix B.2); the agents that ship register with them.

use std::net::{Ipv4Addr, SocketAddr};

use edgerm_protocol::api::AgentState;
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::{AgentId, Instant, TaskId, TaskState};

use super::{Master, Timer};
use crate::config::Config;
use crate::launch::saturated;
use crate::ledger::{AgentRegistration, Change, Ledger, RestoreError, RowKey};
use crate::link::{Command, Link};
use crate::modules::ModuleStore;
use crate::peers::PeerId;

/// Where an agent that proves nothing is, until it is heard.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl Master {
    /// A master that goes on where another ended, from the rows of all its batches and its
    /// modules' bytes; the first time, from none. From here on it is told what is written: see
    /// [`Self::poll_batch`]. Who is enrolled and which policies tokens have is told it besides.
    ///
    /// # Errors
    ///
    /// [`RestoreError`].
    pub fn restore(
        config: Config,
        entropy: [u8; 32],
        now: Instant,
        rows: impl IntoIterator<Item = (RowKey, Vec<u8>)>,
        modules: Box<dyn ModuleStore>,
    ) -> Result<Self, RestoreError> {
        let mut master = Self::new(config, entropy);
        master.ledger = Ledger::restore(rows)?;
        master.journal.lasts = true;
        master.modules = modules;
        master.restore_modules();
        let agents: Vec<AgentId> = master.ledger.agents(None).map(|agent| agent.id).collect();
        for agent in agents {
            master.restore_agent(now, agent);
        }
        master.restore_offers(now);
        let tasks: Vec<TaskId> = master
            .ledger
            .tasks(None)
            .filter(|task| !task.state.is_terminal())
            .map(|task| task.id)
            .collect();
        for task in tasks {
            master.restore_task(now, task);
        }
        master.set_retention_timer();
        Ok(master)
    }

    /// Goes on in the place of `before`, whose long polls keep their names to themselves, and counts
    /// on.
    pub(crate) fn follow(&mut self, before: &Self) {
        self.next_wait = before.next_wait;
        self.tally = before.tally.clone();
        for (what, count) in &before.counters {
            *self.counters.entry(what).or_default() += count;
        }
    }

    fn restore_modules(&mut self) {
        for module in self.ledger.modules(None) {
            self.modules.recall(module.id, module.size);
            if let Some(owner) = module.owner {
                let size = usize::try_from(module.size).unwrap_or(usize::MAX);
                let uploaded = self.uploaded.entry(owner).or_default();
                *uploaded = uploaded.saturating_add(size);
            }
        }
    }

    fn restore_agent(&mut self, now: Instant, id: AgentId) {
        let Some(agent) = self.ledger.agent(id) else {
            return;
        };
        if agent.state == AgentState::Gone {
            return;
        }
        let peer = agent.key.map_or(PeerId::Address(NOWHERE), PeerId::Key);
        let mut link = Link::new(peer, now);
        link.held = agent.state == AgentState::Unreachable;
        self.links.insert(id, Box::new(link));
        if !agent.described {
            self.renew_session(now, id);
        }
        self.watch(now, id);
        self.set_drain_timer(id);
        self.allocator.note(&self.ledger, id);
    }

    /// Gives an agent a session that it does not know: it registers, and tells what it has and runs.
    fn renew_session(&mut self, now: Instant, id: AgentId) {
        let session = self.draw_session();
        if let Some(agent) = self.ledger.agent(id) {
            let registration = AgentRegistration {
                agent: id,
                name: agent.name.clone(),
                session,
                boot: agent.boot,
                ping_period_ms: agent.ping_period_ms,
                key: agent.key,
            };
            self.commit(now, Change::AgentRegistered(registration));
        }
    }

    /// Lets every agent register anew, before which nothing of it is offered. What it runs may be
    /// of after the rows that this master was restored from: then it is settled.
    pub(crate) fn register_anew(&mut self, now: Instant) {
        let agents: Vec<AgentId> = self.links.keys().copied().collect();
        for id in agents {
            if let Some(agent) = self.ledger.agent(id) {
                let ended = self.ledger.rescind_offers(agent);
                self.commit_all(now, ended);
            }
            self.renew_session(now, id);
        }
    }

    fn restore_offers(&mut self, now: Instant) {
        // A clock that was set back does not make an offer stand for longer.
        let latest = now + self.config.timing.offer_timeout;
        if is_planted(Bug::KeepRestoredOffers) {
            return;
        }
        for offer in self.ledger.offers(None) {
            self.timers
                .insert((offer.expires_at.min(latest), Timer::Offer(offer.id)));
        }
    }

    fn restore_task(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.ledger.task(id) else {
            return;
        };
        let (agent, state, kill) = (task.agent, task.state, task.kill_requested);
        let (module, blob, mem) = (task.runs.module(), task.blob, saturated(task.asked.mem));
        if let Some(module) = module.filter(|module| *module != blob.id) {
            let made = self.variants.obtain(&*self.modules, module, mem);
            if made.as_ref().ok() != Some(&blob) {
                tracing::error!(task = %id, %module, ?made, "its variant cannot be made again");
            }
        }
        match state {
            TaskState::Unissued => {
                let change = Change::TaskMoved {
                    task: id,
                    state: TaskState::Issued,
                    exit_code: None,
                    detail: None,
                };
                self.commit(now, change);
                self.queue(agent, Command::Launch(id));
            }
            TaskState::Issued => self.queue(agent, Command::Launch(id)),
            TaskState::Starting
            | TaskState::Running
            | TaskState::Killing
            | TaskState::Completed
            | TaskState::Errored
            | TaskState::Killed
            | TaskState::Lost
            | TaskState::Rejected => {}
        }
        if kill {
            self.queue(agent, Command::Kill(id));
        }
    }
}
