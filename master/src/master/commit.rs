//! Makes a change true and tells everybody whom it concerns: listeners, the allocator, the
//! agent. See `journal` for when it lasts, and what is told before.

use edgerm_protocol::api::{Event, EventKind};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::{Instant, TaskId};

use super::{Master, Output, Timer};
use crate::events::Whose;
use crate::ledger::{Change, Offer, OfferEnd, Task};
use crate::link::Command;

impl Master {
    /// Makes `changes` true, in order.
    pub(super) fn commit_all(&mut self, now: Instant, changes: impl IntoIterator<Item = Change>) {
        changes
            .into_iter()
            .for_each(|change| self.commit(now, change));
    }

    /// Makes `change` true.
    pub(super) fn commit(&mut self, now: Instant, change: Change) {
        let ended = match &change {
            Change::OfferEnded { offer, .. } => self.ledger.offer(*offer).cloned(),
            Change::AgentRegistered(_)
            | Change::AgentDescribed { .. }
            | Change::AgentUnreachable(_)
            | Change::AgentReachable(_)
            | Change::AgentSessionEnded(_)
            | Change::AgentGone(_)
            | Change::AgentDrained { .. }
            | Change::AgentForgotten(_)
            | Change::FrameworkRegistered { .. }
            | Change::FrameworkSuppressed { .. }
            | Change::FrameworkGone(_)
            | Change::OfferMade(_)
            | Change::TaskAccepted(_)
            | Change::TaskMoved { .. }
            | Change::KillRequested(_)
            | Change::TaskForgotten(_)
            | Change::ModuleAdmitted(_) => None,
        };
        let owner = match &change {
            Change::FrameworkGone(framework) => self.owner(*framework),
            Change::FrameworkRegistered { owner, .. } => *owner,
            Change::AgentRegistered(_)
            | Change::AgentDescribed { .. }
            | Change::AgentUnreachable(_)
            | Change::AgentReachable(_)
            | Change::AgentSessionEnded(_)
            | Change::AgentGone(_)
            | Change::AgentDrained { .. }
            | Change::AgentForgotten(_)
            | Change::FrameworkSuppressed { .. }
            | Change::OfferMade(_)
            | Change::OfferEnded { .. }
            | Change::TaskAccepted(_)
            | Change::TaskMoved { .. }
            | Change::KillRequested(_)
            | Change::TaskForgotten(_)
            | Change::ModuleAdmitted(_) => None,
        };
        if !(is_planted(Bug::LeakRow) && matches!(change, Change::TaskForgotten(_))) {
            self.journal.mark(change.row());
        }
        self.ledger.apply(now, &change);
        match change {
            // Told once it is described.
            Change::AgentRegistered(registration) => {
                self.allocator.note(&self.ledger, registration.agent);
            }
            Change::AgentDescribed { agent, .. } => {
                self.freed.insert(agent);
                self.allocator.note(&self.ledger, agent);
                if let Some(agent) = self.agent_view(now, agent) {
                    self.tell(None, EventKind::AgentRegistered { agent });
                }
            }
            Change::AgentUnreachable(agent) => {
                self.allocator.note(&self.ledger, agent);
                self.tell(None, EventKind::AgentUnreachable { agent });
            }
            Change::AgentReachable(agent) => {
                self.freed.insert(agent);
                self.allocator.note(&self.ledger, agent);
                self.tell(None, EventKind::AgentReachable { agent });
            }
            // Its tasks have told that they are lost.
            Change::AgentSessionEnded(_) => {}
            Change::AgentGone(agent) => {
                self.allocator.note(&self.ledger, agent);
                self.tell(None, EventKind::AgentGone { agent });
            }
            Change::AgentDrained { agent, .. } => {
                self.allocator.note(&self.ledger, agent);
                self.on_drain(now, agent);
            }
            Change::AgentForgotten(agent) => {
                self.links.remove(&agent);
                self.allocator.note(&self.ledger, agent);
            }
            Change::FrameworkRegistered { framework, .. } => {
                if let Some(view) = self.framework_view(framework) {
                    self.tell(
                        Some((framework, owner)),
                        EventKind::FrameworkRegistered { framework: view },
                    );
                }
            }
            Change::FrameworkSuppressed { .. } => {}
            Change::KillRequested(task) => {
                if let Some(task) = self.ledger.task(task) {
                    log(task, "its end is wanted");
                }
            }
            Change::FrameworkGone(framework) => {
                let whose = Some((framework, owner));
                self.tell(whose, EventKind::FrameworkGone { framework });
            }
            Change::OfferMade(offer) => self.on_offer_made(now, &offer),
            Change::OfferEnded { end, .. } => {
                if let Some(offer) = ended {
                    self.on_offer_ended(&offer, end);
                }
            }
            Change::TaskAccepted(task) => {
                self.tally.accepted += 1;
                log(&task, "task accepted");
                self.allocator.note(&self.ledger, task.agent);
                self.tell_task(now, task.id);
                self.queue(task.agent, Command::Launch(task.id));
            }
            Change::TaskMoved { task, state, .. } => {
                if let Some(task) = self.ledger.task(task) {
                    log(task, "task moved");
                }
                self.tell_task(now, task);
                if state.is_terminal() {
                    *self.tally.ended.entry(state).or_default() += 1;
                    self.on_task_ended(now, task);
                }
            }
            Change::TaskForgotten(task) => {
                self.outputs.forget(task);
                self.used.remove(&task);
            }
            Change::ModuleAdmitted(module) => {
                if let Some(module) = self.module_view(module.id) {
                    self.tell(None, EventKind::ModuleAdmitted { module });
                }
            }
        }
    }

    fn on_offer_made(&mut self, now: Instant, offer: &Offer) {
        self.allocator.note(&self.ledger, offer.agent);
        self.timers
            .insert((offer.expires_at, Timer::Offer(offer.id)));
        let view = self.offer_view(now, offer);
        let whose = Some((offer.framework, self.owner(offer.framework)));
        self.tell(whose, EventKind::OfferMade { offer: view });
    }

    fn on_offer_ended(&mut self, offer: &Offer, end: OfferEnd) {
        self.timers
            .remove(&(offer.expires_at, Timer::Offer(offer.id)));
        self.freed.insert(offer.agent);
        self.allocator.note(&self.ledger, offer.agent);
        // It was at its bound, for which agents that became free may have been passed over.
        let framework = self.ledger.framework(offer.framework);
        let open = framework.map(|framework| framework.offers.len() + 1);
        if open == Some(self.config.limits.framework_offers) && !self.allocator.is_idle() {
            self.freed.extend(self.allocator.free_agents());
        }
        let reason = end.name().to_owned();
        let offer_id = offer.id;
        self.tell(
            Some((offer.framework, self.owner(offer.framework))),
            EventKind::OfferEnded {
                offer: offer_id,
                reason,
            },
        );
    }

    fn on_task_ended(&mut self, now: Instant, id: TaskId) {
        let Some(task) = self.ledger.task(id) else {
            return;
        };
        let agent = task.agent;
        self.freed.insert(agent);
        self.allocator.note(&self.ledger, agent);
        if let Some(link) = self.links.get_mut(&agent) {
            link.forget(id);
        }
        // Its last words.
        self.hasten(now, id);
        self.answer_output_waits(id);
        self.on_maybe_drained(agent);
        let forgotten = self.ledger.forget_tasks(self.config.limits.ended_tasks);
        self.commit_all(now, forgotten);
        self.set_retention_timer();
    }

    pub(super) fn tell_task(&mut self, now: Instant, task: TaskId) {
        if let Some(task) = self.ledger.task(task) {
            let whose = Some((task.framework, task.owner));
            let task = self.task_view(now, task);
            self.tell(whose, EventKind::TaskUpdated { task });
        }
    }

    pub(super) fn tell(&mut self, whose: Option<Whose>, kind: EventKind) {
        let sequence = self.next_event;
        self.next_event += 1;
        let event = Box::new(Event { sequence, kind });
        self.emit(Output::Event { whose, event });
    }
}

/// Tells the log where a task is on its way, under the id of the call that launched it.
fn log(task: &Task, message: &'static str) {
    tracing::info!(
        target: "edgerm_master::tasks",
        task = %task.id,
        request_id = task.request_id.as_deref(),
        framework = %task.framework,
        agent = %task.agent_name,
        state = %task.state,
        detail = task.detail.as_deref(),
        "{message}"
    );
}
