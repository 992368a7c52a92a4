//! What follows from a state: every step that may be taken, and what is wrong with it.

use edgerm_protocol::{TaskId, TaskState};

use super::cluster::{Cluster, FRAMEWORKS, NODES};
use super::message::Messages;
use super::node::NodeInput;
use super::nodes::Nodes;
use super::record::RecordInput;
use super::records::Records;
use super::state::{Action, Datagram, Slot, State};

/// A step.
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) next: State,
    pub(super) fault: Option<String>,
}

/// The machines, and all that is known of them.
pub(super) struct World {
    pub(super) cluster: Cluster,
    pub(super) messages: Messages,
    pub(super) nodes: Nodes,
    pub(super) records: Records,
}

impl World {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            messages: Messages::default(),
            nodes: Nodes::default(),
            records: Records::default(),
        }
    }

    /// Every node is off; or all have registered, and all is quiet.
    pub(super) fn first(&mut self) -> State {
        let mut state = State {
            record: self.records.first(),
            slots: std::array::from_fn(|node| Slot::new(self.nodes.new_node(node))),
            losses: self.cluster.losses,
            crashes: self.cluster.crashes,
        };
        let mut steps = Vec::new();
        while self.cluster.registered {
            self.steps(&state, &mut steps);
            match self.calm(&state, &steps) {
                Some(step) => state = step.next,
                None => break,
            }
        }
        state
    }

    /// Every step that may be taken.
    pub(super) fn steps(&mut self, state: &State, steps: &mut Vec<Step>) {
        steps.clear();
        for node in 0..self.cluster.nodes {
            self.network_steps(state, node, steps);
            self.node_steps(state, node, steps);
            self.health_steps(state, node, steps);
            self.offer_steps(state, node, steps);
        }
        for task in 0..self.cluster.tasks.len() {
            let record = self.records.get(state.record);
            let known = record.ledger.task(Cluster::task(task));
            let may_be_killed = self.cluster.tasks[task].killable;
            if known.is_some_and(|task| {
                may_be_killed && !task.state.is_terminal() && !task.kill_requested
            }) {
                self.master_step(state, RecordInput::Kill(task), steps);
            }
        }
        if self.cluster.leaves {
            self.master_step(state, RecordInput::Leave(FRAMEWORKS - 1), steps);
        }
        if state.crashes > 0 && self.cluster.master_crashes {
            for lost in 0..1_u8 << self.cluster.nodes {
                self.crash_step(state, [lost & 1 != 0, lost & 2 != 0], steps);
            }
        }
        for step in steps {
            self.drop_inert(&mut step.next);
        }
    }

    /// Drops late requests that nobody will take any more: their session is over at both ends,
    /// and no answer is on its way that would begin it.
    fn drop_inert(&self, state: &mut State) {
        for (node, slot) in state.slots.iter_mut().enumerate() {
            let its = self.nodes.view(slot.node).session;
            let agent = self.records.get(state.record).agent(node);
            let masters = agent.and_then(|agent| agent.session);
            for late in slot.late_ups.iter_mut() {
                let session = late.and_then(|late| self.messages.session(late));
                if session.is_some() && session != masters {
                    *late = None;
                }
            }
            for late in slot.late_asks.iter_mut() {
                let session = late.and_then(|late| self.messages.session(late));
                if session.is_some() && slot.down.is_none() && ![its, masters].contains(&session) {
                    *late = None;
                }
            }
            slot.late_ups.sort_unstable();
            slot.late_asks.sort_unstable();
        }
    }

    pub(super) fn deliver(&mut self, mut next: State, node: usize, datagram: Datagram) -> Taken {
        let slot = &mut next.slots[node];
        let message = take(slot, datagram).expect("a datagram that is there");
        match datagram {
            Datagram::Up | Datagram::LateUp(_) => {
                let input = RecordInput::Request(node, message);
                let (record, cluster) = (next.record, &self.cluster);
                let step = self
                    .records
                    .step(record, input, cluster, &mut self.messages);
                let answer = step.and_then(|step| step.answer);
                let mut taken = self.master_input(next, input).expect("a request is taken");
                let slot = &mut taken.next.slots[node];
                if datagram == Datagram::Up {
                    slot.down = answer;
                }
                if self.messages.is_registration(message) {
                    // It comes with fresh keys: what was protected with others is refused.
                    slot.late_ups = [None; 2];
                }
                taken
            }
            Datagram::Reply => {
                let input = RecordInput::Reply(node, message);
                self.master_input(next, input).expect("an answer is taken")
            }
            Datagram::Down => self.node_input(next, node, NodeInput::Answer(message)),
            Datagram::Ask | Datagram::LateAsk(_) => {
                if !self.nodes.view(slot.node).is_on {
                    return Taken { next, fault: None };
                }
                let input = NodeInput::Ask(message);
                let step = self.nodes.step(slot.node, input, &mut self.messages);
                let reply = step.reply;
                let mut taken = self.node_input(next, node, input);
                if datagram == Datagram::Ask {
                    taken.next.slots[node].reply = reply;
                }
                taken
            }
        }
    }

    pub(super) fn node_input(&mut self, mut next: State, node: usize, input: NodeInput) -> Taken {
        let from = next.slots[node].node;
        let step = self.nodes.step(from, input, &mut self.messages).clone();
        let slot = &mut next.slots[node];
        slot.node = step.next;
        if let Some(ask) = step.ask {
            assert!(
                slot.up.is_none() && slot.down.is_none(),
                "one request at a time"
            );
            slot.up = Some(ask);
        }
        let fault = step.fault.or_else(|| {
            let starts = step.starts.iter();
            let started = starts.filter_map(|task| self.wrong_start(&next, node, *task));
            let forgot = step.forgot.iter();
            let forgotten = forgot.filter_map(|end| self.wrong_end(&next, *end));
            started.chain(forgotten).next()
        });
        Taken { next, fault }
    }

    /// Why a task must not start on this node.
    fn wrong_start(&self, state: &State, node: usize, task: TaskId) -> Option<String> {
        let others = (0..NODES).filter(|other| *other != node);
        for other in others {
            let view = self.nodes.view(state.slots[other].node);
            if view.engine.contains_key(&task) {
                return Some(format!("task {task} runs on two agents"));
            }
        }
        let known = self.records.get(state.record).task(task)?;
        let is_over = known.is_terminal() && known != TaskState::Lost;
        is_over.then(|| format!("task {task} is {known}, and starts"))
    }

    /// Why an end must not be forgotten.
    fn wrong_end(&self, state: &State, (task, end): (TaskId, TaskState)) -> Option<String> {
        let known = self.records.get(state.record).task(task);
        let is_known = known.is_some_and(|known| known == end || known == TaskState::Lost);
        (!is_known).then(|| match known {
            Some(known) => format!("task {task} ended {end}, is {known}, and its end forgotten"),
            None => format!("task {task} ended and nobody knows it"),
        })
    }

    pub(super) fn master_input(&mut self, mut next: State, input: RecordInput) -> Option<Taken> {
        let (record, cluster) = (next.record, &self.cluster);
        let step = self
            .records
            .step(record, input, cluster, &mut self.messages)?;
        next.record = step.next;
        for (slot, (cut, ask)) in next.slots.iter_mut().zip(step.cut.iter().zip(step.asks)) {
            if *cut {
                slot.abandon_ask();
            }
            if ask.is_some() {
                assert!(
                    slot.ask.is_none() && slot.reply.is_none(),
                    "one request at a time"
                );
                slot.ask = ask;
            }
        }
        Some(Taken {
            next,
            fault: step.fault.clone(),
        })
    }
}

/// Where an input leads.
pub(super) struct Taken {
    pub(super) next: State,
    pub(super) fault: Option<String>,
}

impl Taken {
    pub(super) fn into_step(self, action: Action) -> Step {
        let Self { next, fault } = self;
        Step {
            action,
            next,
            fault,
        }
    }
}

/// Takes a datagram off its way.
pub(super) fn take(slot: &mut Slot, datagram: Datagram) -> Option<super::message::MessageId> {
    match datagram {
        Datagram::Up => slot.up.take(),
        Datagram::Down => slot.down.take(),
        Datagram::Ask => slot.ask.take(),
        Datagram::Reply => slot.reply.take(),
        Datagram::LateUp(place) => {
            let message = slot.late_ups[place].take();
            slot.late_ups.sort_unstable();
            message
        }
        Datagram::LateAsk(place) => {
            let message = slot.late_asks[place].take();
            slot.late_asks.sort_unstable();
            message
        }
    }
}
