//! The ledger's records as the API shows them.

use edgerm_protocol::api;
use edgerm_protocol::{AgentId, FrameworkId, Instant, ModuleId};

use super::Master;
use crate::ledger::{Agent, Framework, Module, Offer, Task};

impl Master {
    pub(super) fn agent_view(&self, now: Instant, agent: AgentId) -> Option<api::Agent> {
        self.ledger
            .agent(agent)
            .map(|agent| self.view_agent(now, agent))
    }

    pub(super) fn view_agent(&self, now: Instant, agent: &Agent) -> api::Agent {
        let link = self.links.get(&agent.id);
        let silence = link.map(|link| now.saturating_duration_since(link.heard_at));
        api::Agent {
            id: agent.id,
            name: agent.name.to_string(),
            state: agent.state,
            address: link
                .and_then(|link| self.address(link))
                .map(|address| address.to_string())
                .unwrap_or_default(),
            proven: link.is_some_and(|link| link.peer.proves()),
            silent_ms: silence.map_or(0, millis),
            ping_period_ms: agent.ping_period_ms,
            resources: agent.total.clone(),
            used: agent.used.clone(),
            offered: agent.offered.clone(),
            attributes: agent.attributes.clone(),
            tasks: agent.tasks.len(),
            drain: super::drain::view(now, agent),
        }
    }

    pub(super) fn framework_view(&self, framework: FrameworkId) -> Option<api::Framework> {
        self.ledger.framework(framework).map(view_framework)
    }

    pub(super) fn offer_view(&self, now: Instant, offer: &Offer) -> api::Offer {
        let agent = self.ledger.agent(offer.agent);
        api::Offer {
            id: offer.id,
            framework: offer.framework,
            agent: offer.agent,
            agent_name: agent
                .map(|agent| agent.name.to_string())
                .unwrap_or_default(),
            resources: offer.resources.clone(),
            attributes: agent
                .map(|agent| agent.attributes.clone())
                .unwrap_or_default(),
            expires_in_ms: millis(offer.expires_at.saturating_duration_since(now)),
        }
    }

    pub(super) fn task_view(&self, now: Instant, task: &Task) -> api::Task {
        let agent = self.ledger.agent(task.agent);
        let silent = agent.is_some_and(|agent| agent.state == api::AgentState::Unreachable);
        api::Task {
            id: task.id,
            name: task.name.to_string(),
            framework: task.framework,
            agent: task.agent,
            agent_name: task.agent_name.to_string(),
            unreachable: silent && !task.state.is_terminal(),
            module: task.runs.module(),
            container: task.runs.container().cloned().map(Box::new),
            state: task.state,
            exit_code: task.exit_code,
            detail: task.detail.as_deref().map(str::to_owned),
            resources: (*task.asked).clone(),
            stop_after_disconnected: task.stop_after_disconnected,
            give_up_after: task.give_up_after,
            restart: task.restart,
            max_restarts: task.max_restarts,
            deadline: task.deadline,
            health_check: task.health_check,
            age_ms: millis(now.saturating_duration_since(task.accepted_at)),
            request_id: task.request_id.as_deref().map(str::to_owned),
            history: Vec::new(),
        }
    }

    pub(super) fn module_view(&self, module: ModuleId) -> Option<api::Module> {
        self.ledger.module(module).map(view_module)
    }
}

pub(super) fn view_framework(framework: &Framework) -> api::Framework {
    api::Framework {
        id: framework.id,
        name: framework.name.clone(),
        role: framework.role.clone(),
        suppressed: framework.suppressed,
        tasks: framework.tasks.len(),
        offers: framework.offers.len(),
    }
}

pub(super) fn view_module(module: &Module) -> api::Module {
    api::Module {
        id: module.id,
        size: module.size.into(),
        memory: module.memory,
        memory_needed: module.memory_needed,
        permissions: module
            .permissions
            .iter()
            .map(|permission| permission.name().to_owned())
            .collect(),
        features: module.features.clone(),
    }
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
