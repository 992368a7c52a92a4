//! Whether all is quiet, what must hold then, and how the cluster comes to it.

use edgerm_protocol::TaskState;
use edgerm_protocol::api::AgentState;

use super::cluster::{Cluster, NODES};
use super::node::NodeInput;
use super::record::RecordInput;
use super::state::{Action, State};
use super::world::{Step, World};

impl World {
    /// Whether a ping of this node, and the answer to it, would change anything.
    pub(super) fn ping_matters(&mut self, state: &State, node: usize) -> bool {
        let from = state.slots[node].node;
        let messages = &mut self.messages;
        let step = self.nodes.step(from, NodeInput::Timeout, messages);
        let (mid, Some(ping)) = (step.next, step.ask) else {
            return true;
        };
        let input = RecordInput::Request(node, ping);
        let step = self
            .records
            .step(state.record, input, &self.cluster, messages);
        let Some((record, asks, Some(answer))) =
            step.map(|step| (step.next, step.asks, step.answer))
        else {
            return true;
        };
        let end = self.nodes.step(mid, NodeInput::Answer(answer), messages);
        end.next != from || end.ask.is_some() || record != state.record || asks != [None; NODES]
    }

    /// Whether nothing happens by itself any more but pings that change nothing.
    pub(super) fn is_quiet(&mut self, state: &State) -> bool {
        (0..self.cluster.nodes).all(|node| {
            let slot = state.slots[node];
            slot.is_silent()
                && self.nodes.view(slot.node).is_settled()
                && self.records.get(state.record).links[node].asked.is_none()
                && !self.ping_matters(state, node)
        })
    }

    /// What the agents and the ledger do not agree upon, when all is quiet.
    pub(super) fn disagreement(&self, state: &State) -> Option<String> {
        let record = self.records.get(state.record);
        for node in 0..self.cluster.nodes {
            let name = Cluster::node_name(node);
            if !record.is(node, AgentState::Registered) {
                return Some(format!("{name} is not registered"));
            }
            if let Some(command) = record.links[node].queue.front() {
                return Some(format!("{command:?} waits for {name} for ever"));
            }
            let view = self.nodes.view(state.slots[node].node);
            for task in record.ledger.tasks(None) {
                let has = view.known.iter().find(|(known, ..)| *known == task.id);
                let has = has.map(|(_, state, _)| *state);
                let runs = view.engine.contains_key(&task.id);
                let is_its = record.agent(node).is_some_and(|it| it.id == task.agent);
                let expected = (is_its && !task.state.is_terminal()).then_some(TaskState::Running);
                if has != expected || runs != expected.is_some() {
                    return Some(format!(
                        "task {} is {} to the master and {has:?} to {name}",
                        task.id, task.state
                    ));
                }
                if task.state != TaskState::Running && expected.is_some()
                    || task.kill_requested && expected.is_some()
                {
                    return Some(format!(
                        "task {} runs and stays {}, its kill asked: {}",
                        task.id, task.state, task.kill_requested
                    ));
                }
            }
        }
        None
    }

    /// Which of these steps a cluster takes by itself where nothing goes wrong; none where it is
    /// quiet.
    pub(super) fn calm<'a>(&mut self, state: &State, steps: &'a [Step]) -> Option<&'a Step> {
        let mut calm: Vec<(u8, &Step)> = steps
            .iter()
            .filter_map(|step| Some((step.action.calmness()?, step)))
            .collect();
        calm.sort_by_key(|(calmness, _)| *calmness);
        for (_, step) in calm {
            let pings = match step.action {
                Action::Node(node, NodeInput::Timeout) => Some(node),
                Action::Deliver(..)
                | Action::Lose(..)
                | Action::Double(..)
                | Action::LoseHeart(_)
                | Action::LoseHeartOf(_)
                | Action::Node(..)
                | Action::Master(_)
                | Action::Crash(_) => None,
            };
            let idle = pings.is_some_and(|node| {
                let is_ping = !self.nodes.view(state.slots[node].node).is_asking;
                is_ping && !self.ping_matters(state, node)
            });
            if !idle {
                return Some(step);
            }
        }
        None
    }
}
