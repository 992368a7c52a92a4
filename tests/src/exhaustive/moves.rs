//! What may happen in a state.

use edgerm_protocol::api::AgentState;

use super::cluster::{Cluster, FRAMEWORKS, Fault, NODES};
use super::node::NodeInput;
use super::record::{Record, RecordInput};
use super::records::Records;
use super::state::{Action, Datagram, Slot, State, delay};
use super::world::{Step, World, take};

impl World {
    pub(super) fn network_steps(&mut self, state: &State, node: usize, steps: &mut Vec<Step>) {
        let slot = state.slots[node];
        let mut there = Vec::with_capacity(8);
        for (is_there, datagram) in [
            (slot.up.is_some(), Datagram::Up),
            (slot.down.is_some(), Datagram::Down),
            (slot.ask.is_some(), Datagram::Ask),
            (slot.reply.is_some(), Datagram::Reply),
        ] {
            if is_there {
                there.push(datagram);
                if self.may_fail(state, Fault::Lost) {
                    steps.push(lose(state, node, datagram));
                }
                if self.may_fail(state, Fault::Twice) {
                    steps.extend(self.double(state, node, datagram));
                }
            }
        }
        if self.may_fail(state, Fault::Late) && (slot.up.is_some() || slot.down.is_some()) {
            let mut next = *state;
            next.losses -= 1;
            next.slots[node].abandon_up();
            let step = self.node_input(next, node, NodeInput::Timeout);
            steps.push(step.into_step(Action::LoseHeart(node)));
        }
        if self.may_fail(state, Fault::Late) && (slot.ask.is_some() || slot.reply.is_some()) {
            let mut next = *state;
            next.losses -= 1;
            next.slots[node].abandon_ask();
            let taken = self.master_input(next, RecordInput::Timeout(node));
            steps.extend(taken.map(|taken| taken.into_step(Action::LoseHeartOf(node))));
        }
        let late = |place: usize, all: [Option<_>; 2]| all[place].is_some();
        there.extend(
            (0..2)
                .filter(|i| late(*i, slot.late_ups))
                .map(Datagram::LateUp),
        );
        there.extend(
            (0..2)
                .filter(|i| late(*i, slot.late_asks))
                .map(Datagram::LateAsk),
        );
        for datagram in there {
            let step = self.deliver(*state, node, datagram);
            steps.push(step.into_step(Action::Deliver(node, datagram)));
        }
    }

    fn may_fail(&self, state: &State, fault: Fault) -> bool {
        state.losses > 0 && self.cluster.faults.contains(&fault)
    }

    /// A request that comes twice. An answer that does is dropped by who has it already, and a
    /// registration by who knows the keys that it came with.
    fn double(&self, state: &State, node: usize, datagram: Datagram) -> Option<Step> {
        let mut next = *state;
        next.losses -= 1;
        let slot = &mut next.slots[node];
        match datagram {
            Datagram::Up if self.messages.is_registration(slot.up?) => return None,
            Datagram::Up => delay(slot.up, &mut slot.late_ups),
            Datagram::Ask => delay(slot.ask, &mut slot.late_asks),
            Datagram::Down | Datagram::Reply | Datagram::LateUp(_) | Datagram::LateAsk(_) => {
                return None;
            }
        }
        Some(Step {
            action: Action::Double(node, datagram),
            next,
            fault: None,
        })
    }

    pub(super) fn node_steps(&mut self, state: &State, node: usize, steps: &mut Vec<Step>) {
        let slot = state.slots[node];
        let view = self.nodes.view(slot.node);
        let mut inputs = Vec::with_capacity(8);
        if !view.is_on {
            inputs.push(NodeInput::Boot);
        }
        if view.writes > 0 {
            inputs.push(NodeInput::Written);
        }
        for (task, run) in &view.engine {
            let plan = self.cluster.tasks[Cluster::index(*task)];
            if !run.started {
                inputs.push(NodeInput::Started(*task));
            }
            if run.started && plan.exits {
                inputs.push(NodeInput::Exited(*task));
            }
            if run.told_to_stop {
                inputs.push(NodeInput::Killed(*task));
            }
        }
        if state.crashes > 0 && view.is_on && self.cluster.node_crashes[node] {
            inputs.extend((0..=view.writes).map(NodeInput::Crash));
        }
        let is_awaited = slot.up.is_some() || slot.down.is_some();
        let is_due = view.has_deadline && !(view.is_asking && is_awaited);
        let is_ping = !view.is_asking;
        if is_due && (!is_ping || self.cluster.idle_pings || self.ping_matters(state, node)) {
            inputs.push(NodeInput::Timeout);
        }
        for input in inputs {
            let mut next = *state;
            if matches!(input, NodeInput::Crash(_)) {
                next.crashes -= 1;
                next.slots[node].abandon_up();
            }
            let step = self.node_input(next, node, input);
            steps.push(step.into_step(Action::Node(node, input)));
        }
    }

    pub(super) fn health_steps(&mut self, state: &State, node: usize, steps: &mut Vec<Step>) {
        let slot = state.slots[node];
        let record = self.records.get(state.record);
        let is_asked = record.links[node].asked.is_some();
        let is_registered = record.is(node, AgentState::Registered);
        if is_asked && slot.ask.is_none() && slot.reply.is_none() {
            self.master_step(state, RecordInput::Timeout(node), steps);
        }
        if record_is(&self.records, state, node, AgentState::Unreachable) {
            self.master_step(state, RecordInput::Gone(node), steps);
        }
        if is_registered && self.may_fail(state, Fault::Silent) {
            let mut next = *state;
            next.losses -= 1;
            let input = RecordInput::Unreachable(node);
            let taken = self.master_input(next, input);
            steps.extend(taken.map(|taken| taken.into_step(Action::Master(input))));
        }
    }

    pub(super) fn offer_steps(&mut self, state: &State, node: usize, steps: &mut Vec<Step>) {
        let record = self.records.get(state.record);
        let plans = &self.cluster.tasks;
        let is_new = |task: &usize| record.task(Cluster::task(*task)).is_none();
        // Tasks that differ by their ids alone are launched in order.
        let is_later =
            |task: usize| task > 0 && plans[task - 1] == plans[task] && is_new(&(task - 1));
        let wanted: Vec<usize> = (0..plans.len())
            .filter(|task| plans[*task].on.is_none_or(|on| on == node))
            .filter(|task| is_new(task) && !is_later(*task))
            .collect();
        let mut inputs = Vec::new();
        for (which, (_, framework)) in record.offers(node).into_iter().enumerate() {
            inputs.push(RecordInput::Expire(node, which));
            let own = wanted
                .iter()
                .filter(|it| plans[**it].framework == framework);
            inputs.extend(own.map(|task| RecordInput::Accept(node, which, *task)));
        }
        if self.offers(record) < self.cluster.offers {
            let wants =
                |framework: &usize| wanted.iter().any(|it| plans[*it].framework == *framework);
            let frameworks = (0..FRAMEWORKS).filter(wants);
            inputs.extend(frameworks.map(|framework| RecordInput::Offer(framework, node)));
        }
        for input in inputs {
            self.master_step(state, input, steps);
        }
    }

    fn offers(&self, record: &Record) -> usize {
        let nodes = 0..self.cluster.nodes;
        nodes.map(|node| record.offers(node).len()).sum()
    }

    /// The master crashes, and is back. What it had asked of an agent arrives in that moment, or
    /// later where things may linger, and its answer is awaited by nobody.
    pub(super) fn crash_step(&mut self, state: &State, lost: [bool; NODES], steps: &mut Vec<Step>) {
        let mut next = *state;
        next.crashes -= 1;
        let mut fault = None;
        for (node, lost) in lost.into_iter().enumerate() {
            let slot = &mut next.slots[node];
            if lost && slot.is_silent() {
                return;
            }
            if lost {
                *slot = Slot::new(slot.node);
            } else if slot.ask.is_some() && !self.cluster.lingers {
                let arrived = self.deliver(next, node, Datagram::Ask);
                fault = fault.or(arrived.fault);
                next = arrived.next;
            }
        }
        let taken = self.master_input(next, RecordInput::Crash);
        steps.extend(taken.map(|mut taken| {
            taken.fault = fault.or(taken.fault);
            taken.into_step(Action::Crash(lost))
        }));
    }

    pub(super) fn master_step(&mut self, state: &State, input: RecordInput, steps: &mut Vec<Step>) {
        let taken = self.master_input(*state, input);
        steps.extend(taken.map(|taken| taken.into_step(Action::Master(input))));
    }
}

fn lose(state: &State, node: usize, datagram: Datagram) -> Step {
    let mut next = *state;
    next.losses -= 1;
    take(&mut next.slots[node], datagram);
    Step {
        action: Action::Lose(node, datagram),
        next,
        fault: None,
    }
}

fn record_is(records: &Records, state: &State, node: usize, wanted: AgentState) -> bool {
    records.get(state.record).is(node, wanted)
}
