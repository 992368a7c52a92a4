//! The one place that writes the ledger.

use edgerm_protocol::api::AgentState;
use edgerm_protocol::owned::{Attributes, Resources};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::{AgentId, Instant, TaskId, TaskState};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::{AgentRegistration, Change, OfferEnd};
use super::quantity::{self, Scalars};
use super::{Agent, Few, Framework, Ledger, Offer, REMEMBERED_OFFERS, Task};

impl Ledger {
    /// Makes `change` true, from `now` on.
    pub fn apply(&mut self, now: Instant, change: &Change) {
        match change {
            Change::AgentRegistered(registration) => self.register(registration),
            Change::AgentDescribed { agent, description } => {
                self.describe(*agent, &description.resources, &description.attributes);
            }
            Change::AgentUnreachable(agent) => self.set_state(*agent, AgentState::Unreachable),
            Change::AgentReachable(agent) => self.set_state(*agent, AgentState::Registered),
            Change::AgentSessionEnded(agent) => self.end_session(*agent),
            Change::AgentGone(agent) => self.set_state(*agent, AgentState::Gone),
            Change::AgentDrained { agent, drain } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    self.census.drain(agent.drain.is_some(), drain.is_some());
                    agent.drain = *drain;
                }
            }
            Change::AgentForgotten(agent) => {
                if let Some(agent) = self.agents.remove(agent) {
                    self.census.drain(agent.drain.is_some(), false);
                    self.agent_names.remove(&agent.name);
                    self.gone.remove(&agent.id);
                    self.census.agent(Some(agent.state), None);
                }
            }
            Change::FrameworkRegistered {
                framework,
                name,
                role,
                owner,
            } => {
                let record = Framework {
                    id: *framework,
                    name: name.clone(),
                    role: role.clone(),
                    owner: *owner,
                    suppressed: false,
                    tasks: BTreeSet::new(),
                    offers: BTreeSet::new(),
                    allocated: Scalars::default(),
                };
                self.frameworks.insert(*framework, record);
            }
            Change::FrameworkSuppressed {
                framework,
                suppressed,
            } => {
                if let Some(framework) = self.frameworks.get_mut(framework) {
                    framework.suppressed = *suppressed;
                }
            }
            Change::FrameworkGone(framework) => {
                self.frameworks.remove(framework);
            }
            Change::OfferMade(offer) => self.add_offer(offer),
            Change::OfferEnded { offer, end } => {
                if let Some(offer) = self.offers.remove(offer) {
                    self.end_offer(&offer, *end);
                }
            }
            Change::TaskAccepted(task) => self.accept_task((**task).clone()),
            Change::TaskMoved {
                task,
                state,
                exit_code,
                detail,
            } => self.move_task(now, *task, *state, *exit_code, detail.as_deref()),
            Change::KillRequested(task) => {
                if let Some(task) = self.tasks.get_mut(task) {
                    task.kill_requested = true;
                }
            }
            Change::TaskForgotten(task) => self.forget_task(*task),
            Change::ModuleAdmitted(module) => {
                self.modules.insert(module.id, module.clone());
            }
        }
    }

    fn register(&mut self, registration: &AgentRegistration) {
        let before = self.agents.get(&registration.agent).map(|it| it.state);
        self.census.agent(before, Some(AgentState::Registered));
        let agent = self.agents.entry(registration.agent).or_insert_with(|| {
            Box::new(Agent {
                id: registration.agent,
                name: registration.name.clone(),
                state: AgentState::Gone,
                session: None,
                key: None,
                boot: registration.boot,
                ping_period_ms: registration.ping_period_ms,
                described: false,
                total: Resources::new(),
                attributes: Attributes::new(),
                used: Resources::new(),
                offered: Resources::new(),
                drain: None,
                tasks: Few::new(),
                offers: Few::new(),
            })
        });
        if let Some(old) = agent.session.replace(registration.session) {
            self.sessions.remove(&old);
        }
        self.sessions
            .insert(registration.session, registration.agent);
        self.agent_names
            .insert(registration.name.clone(), registration.agent);
        if agent.state == AgentState::Gone {
            self.cluster.add(&agent.total);
        }
        self.gone.remove(&registration.agent);
        agent.state = AgentState::Registered;
        agent.boot = registration.boot;
        agent.key = registration.key;
        agent.ping_period_ms = registration.ping_period_ms;
        agent.described = false;
    }

    fn describe(&mut self, agent: AgentId, resources: &Resources, attributes: &Attributes) {
        let Some(agent) = self.agents.get_mut(&agent) else {
            return;
        };
        if agent.state != AgentState::Gone {
            self.cluster.remove(&agent.total);
            self.cluster.add(resources);
        }
        agent.total = self.alike.resources(resources);
        agent.attributes = self.alike.attributes(attributes);
        agent.described = true;
    }

    fn end_session(&mut self, agent: AgentId) {
        let agent = self.agents.get_mut(&agent);
        if let Some(session) = agent.and_then(|agent| agent.session.take()) {
            self.sessions.remove(&session);
        }
    }

    fn set_state(&mut self, agent: AgentId, state: AgentState) {
        let Some(agent) = self.agents.get_mut(&agent) else {
            return;
        };
        if state == AgentState::Gone && agent.state != AgentState::Gone {
            self.cluster.remove(&agent.total);
            if let Some(session) = agent.session.take() {
                self.sessions.remove(&session);
            }
            self.gone.insert(agent.id);
        }
        self.census.agent(Some(agent.state), Some(state));
        agent.state = state;
    }

    pub(super) fn add_offer(&mut self, offer: &Offer) {
        if let Some(framework) = self.frameworks.get_mut(&offer.framework) {
            framework.offers.insert(offer.id);
            framework.allocated.add(&offer.resources);
        }
        self.offers.insert(offer.id, offer.clone());
        self.census.offered.add(&offer.resources);
        if let Some(agent) = self.agents.get_mut(&offer.agent) {
            agent.offers.insert(offer.id);
            quantity::add(&mut agent.offered, &offer.resources);
        }
    }

    fn end_offer(&mut self, offer: &Offer, end: OfferEnd) {
        self.census.offered.remove(&offer.resources);
        if let Some(framework) = self.frameworks.get_mut(&offer.framework) {
            framework.offers.remove(&offer.id);
            framework.allocated.remove(&offer.resources);
        }
        if let Some(agent) = self.agents.get_mut(&offer.agent) {
            agent.offers.remove(&offer.id);
            let open = agent.offers.iter().filter_map(|id| self.offers.get(id));
            agent.offered = sum(open.map(|offer| &offer.resources));
            if is_planted(Bug::SubtractTwice) {
                agent.offered = quantity::difference(&agent.offered, &offer.resources);
            }
        }
        self.ended_offers.insert(offer.id, (offer.framework, end));
        self.ended_order.push_back(offer.id);
        if self.ended_order.len() > REMEMBERED_OFFERS
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended_offers.remove(&oldest);
        }
    }

    pub(super) fn accept_task(&mut self, mut task: Task) {
        self.share(&mut task);
        if let Some(framework) = self.frameworks.get_mut(&task.framework) {
            framework.tasks.insert(task.id);
            framework.allocated.add(&task.holds);
        }
        if let Some(agent) = self.agents.get_mut(&task.agent) {
            agent.tasks.insert(task.id);
            quantity::add(&mut agent.used, &task.holds);
        }
        self.census.task(None, Some(task.state));
        self.census.used.add(&task.holds);
        self.tasks.insert(task.id, Box::new(task));
    }

    /// Lets a task share what others hold alike.
    pub(super) fn share(&mut self, task: &mut Task) {
        task.holds = self.alike.resources(&task.holds);
        task.asked = self.alike.asked(&task.asked);
        if let Some(agent) = self.agents.get(&task.agent)
            && agent.name == task.agent_name
        {
            task.agent_name = Arc::clone(&agent.name);
        }
    }

    fn move_task(
        &mut self,
        now: Instant,
        id: TaskId,
        state: TaskState,
        exit_code: Option<i32>,
        detail: Option<&str>,
    ) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        if !task.state.may_become(state) {
            return;
        }
        self.census.task(Some(task.state), Some(state));
        task.state = state;
        task.history.reserve_exact(1);
        task.history.push((state, now));
        task.exit_code = exit_code;
        task.detail = detail.map(Box::from);
        if !state.is_terminal() {
            return;
        }
        self.census.used.remove(&task.holds);
        let (framework, agent) = (task.framework, task.agent);
        if let Some(framework) = self.frameworks.get_mut(&framework) {
            framework.tasks.remove(&id);
            framework.allocated.remove(&task.holds);
        }
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.tasks.remove(&id);
            let running = agent.tasks.iter().filter_map(|id| self.tasks.get(id));
            agent.used = sum(running.map(|task| &task.holds));
        }
        self.ended_tasks.push_back(id);
    }

    /// A task that has not ended is kept.
    fn forget_task(&mut self, id: TaskId) {
        let state = self.tasks.get(&id).map(|task| task.state);
        if state.is_some_and(TaskState::is_terminal) {
            self.tasks.remove(&id);
            self.census.task(state, None);
            match self.ended_tasks.front() {
                Some(oldest) if *oldest == id => {
                    self.ended_tasks.pop_front();
                }
                Some(_) | None => self.ended_tasks.retain(|ended| *ended != id),
            }
        }
    }
}

pub(super) fn sum<'a>(parts: impl Iterator<Item = &'a Resources>) -> Resources {
    parts.fold(Resources::new(), |mut sum, part| {
        quantity::add(&mut sum, part);
        sum
    })
}
