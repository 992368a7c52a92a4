//! Every state that a node was ever in, once, and what each input led to there.
//!
//! An agent is not copied: who needs one in some state has it boot and gives it the inputs that
//! led there, by the shortest way.

use std::collections::BTreeMap;

use edgerm_protocol::{SessionId, TaskId, TaskState};
use rustc_hash::FxHashMap;

use super::cluster::Cluster;
use super::message::{MessageId, Messages};
use super::node::{Disk, Node, NodeInput, Run};

/// A node's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(pub(super) u32);

/// What can be seen of a node from outside.
#[derive(Debug)]
pub(super) struct NodeView {
    pub(super) is_on: bool,
    pub(super) is_asking: bool,
    pub(super) has_deadline: bool,
    pub(super) session: Option<SessionId>,
    pub(super) engine: BTreeMap<TaskId, Run>,
    pub(super) writes: u8,
    pub(super) known: Vec<(TaskId, TaskState, TaskState)>,
}

impl NodeView {
    fn of(node: &Node) -> Self {
        Self {
            is_on: node.is_on(),
            is_asking: node.is_asking(),
            has_deadline: node.has_deadline(),
            session: node.session(),
            engine: node.engine.clone(),
            writes: u8::try_from(node.writes.len()).expect("few writes"),
            known: node.known(),
        }
    }

    /// Whether nothing is about to happen by itself but for what tasks do and pings.
    pub(super) fn is_settled(&self) -> bool {
        let settled = |run: &Run| run.started && !run.told_to_stop;
        self.is_on && !self.is_asking && self.writes == 0 && self.engine.values().all(settled)
    }
}

/// What an input leads to.
#[derive(Clone, Debug)]
pub(super) struct NodeStep {
    pub(super) next: NodeId,
    pub(super) ask: Option<MessageId>,
    pub(super) reply: Option<MessageId>,
    pub(super) starts: Vec<TaskId>,
    /// Ends that are no longer kept, to be told.
    pub(super) forgot: Vec<(TaskId, TaskState)>,
    pub(super) fault: Option<String>,
}

struct Entry {
    came_from: Option<(NodeId, NodeInput)>,
    off: Option<(usize, u32, Disk)>,
    view: NodeView,
}

/// See the module.
#[derive(Default)]
pub(super) struct Nodes {
    all: Vec<Entry>,
    numbers: FxHashMap<String, NodeId>,
    steps: FxHashMap<(NodeId, NodeInput), NodeStep>,
    inputs: u64,
}

impl Nodes {
    /// The state of a node that was never on.
    pub(super) fn new_node(&mut self, node: usize) -> NodeId {
        self.number(&Node::off(node, 0, Disk::new()), None)
    }

    pub(super) fn view(&self, NodeId(id): NodeId) -> &NodeView {
        &self.all[id as usize].view
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Inputs that agents were given.
    pub(super) const fn inputs(&self) -> u64 {
        self.inputs
    }

    pub(super) fn step(
        &mut self,
        from: NodeId,
        input: NodeInput,
        messages: &mut Messages,
    ) -> &NodeStep {
        if !self.steps.contains_key(&(from, input)) {
            let step = self.make_step(from, input, messages);
            self.steps.insert((from, input), step);
        }
        &self.steps[&(from, input)]
    }

    fn make_step(&mut self, from: NodeId, input: NodeInput, messages: &mut Messages) -> NodeStep {
        let mut node = self.replay(from, messages);
        let before = node.known();
        let done = node.handle(input, messages);
        self.inputs += 1;
        let after = node.known();
        let is_kept = |task| node.is_on() && after.iter().any(|(known, ..)| *known == task);
        let is_forgotten = |(task, state, _): &&(TaskId, TaskState, TaskState)| {
            state.is_terminal() && !is_kept(*task)
        };
        let is_crash = matches!(input, NodeInput::Crash(_));
        let forgot = before.iter().filter(|it| !is_crash && is_forgotten(it));
        let forgot = forgot.map(|(task, state, _)| (*task, *state)).collect();
        NodeStep {
            next: self.number(&node, Some((from, input))),
            ask: done.ask.map(|message| messages.number(message)),
            reply: done.reply.map(|message| messages.number(message)),
            starts: done.starts,
            forgot,
            fault: done
                .fault
                .map(|fault| format!("{}: {fault}", Cluster::node_name(node.node))),
        }
    }

    /// A node in this state.
    fn replay(&mut self, id: NodeId, messages: &Messages) -> Node {
        let mut inputs = Vec::new();
        let mut at = id;
        let mut node = loop {
            let entry = &self.all[at.0 as usize];
            if let Some((node, boots, disk)) = &entry.off {
                break Node::off(*node, *boots, disk.clone());
            }
            let (before, input) = entry.came_from.expect("a node was off before it was on");
            inputs.push(input);
            at = before;
        };
        for input in inputs.iter().rev() {
            let _known = node.handle(*input, messages);
        }
        self.inputs += inputs.len() as u64;
        node
    }

    fn number(&mut self, node: &Node, came_from: Option<(NodeId, NodeInput)>) -> NodeId {
        let next = NodeId(u32::try_from(self.all.len()).expect("few states of a node"));
        let number = *self.numbers.entry(node.canonical()).or_insert(next);
        if number == next {
            let off = (!node.is_on()).then(|| (node.node, node.boots, node.disk.clone()));
            self.all.push(Entry {
                came_from,
                off,
                view: NodeView::of(node),
            });
        }
        number
    }
}
