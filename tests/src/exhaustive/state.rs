//! A state of the whole cluster, and what may happen in it.

use super::cluster::NODES;
use super::message::MessageId;
use super::node::NodeInput;
use super::nodes::NodeId;
use super::record::RecordInput;
use super::records::RecordId;

/// A node and what is on its way to and from it. Of one request at a time an answer is awaited;
/// what else is on its way is late: nobody waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub(super) node: NodeId,
    /// The agent's request.
    pub(super) up: Option<MessageId>,
    /// The answer to it.
    pub(super) down: Option<MessageId>,
    /// The master's request.
    pub(super) ask: Option<MessageId>,
    /// The answer to it.
    pub(super) reply: Option<MessageId>,
    /// Requests of the agent's that are late.
    pub(super) late_ups: [Option<MessageId>; 2],
    /// Requests of the master's that are late.
    pub(super) late_asks: [Option<MessageId>; 2],
}

impl Slot {
    pub(super) const fn new(node: NodeId) -> Self {
        Self {
            node,
            up: None,
            down: None,
            ask: None,
            reply: None,
            late_ups: [None; 2],
            late_asks: [None; 2],
        }
    }

    pub(super) fn is_silent(&self) -> bool {
        let Self {
            node: _,
            up,
            down,
            ask,
            reply,
            late_ups,
            late_asks,
        } = self;
        let late = late_ups.iter().chain(late_asks).flatten();
        let on_time = [up, down, ask, reply].into_iter().flatten();
        on_time.chain(late).next().is_none()
    }

    /// The agent waits for its answer no more.
    pub(super) fn abandon_up(&mut self) {
        self.down = None;
        delay(self.up.take(), &mut self.late_ups);
    }

    /// The master waits for its answer no more.
    pub(super) fn abandon_ask(&mut self) {
        self.reply = None;
        delay(self.ask.take(), &mut self.late_asks);
    }
}

/// Puts a request among those that are late. The same one twice there does what it does once:
/// what comes twice is a fault of its own.
pub(super) fn delay(message: Option<MessageId>, late: &mut [Option<MessageId>; 2]) {
    if message.is_none() || late.contains(&message) {
        return;
    }
    let free = late.iter_mut().find(|place| place.is_none());
    *free.expect("few requests are late") = message;
    late.sort_unstable();
}

/// The cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) record: RecordId,
    pub(super) slots: [Slot; NODES],
    /// Faults of the network there may be yet.
    pub(super) losses: u8,
    /// Crashes there may be yet.
    pub(super) crashes: u8,
}

/// What is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Datagram {
    Up,
    Down,
    Ask,
    Reply,
    LateUp(usize),
    LateAsk(usize),
}

/// Something that may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A datagram to or from this node arrives.
    Deliver(usize, Datagram),
    /// It is lost.
    Lose(usize, Datagram),
    /// It will come once more, when nobody knows that it has come before.
    Double(usize, Datagram),
    /// The node waits for its answer no more, though it is on its way.
    LoseHeart(usize),
    /// The master waits for the node's answer no more, though it is on its way.
    LoseHeartOf(usize),
    /// Something happens to a node.
    Node(usize, NodeInput),
    /// Something happens to the master.
    Master(RecordInput),
    /// The master crashes, and with it is lost what was on its way to and from these nodes.
    Crash([bool; NODES]),
}

impl Action {
    /// Whether it happens by itself, soon, in a cluster where nothing goes wrong; the first of
    /// these first.
    pub(super) const fn calmness(self) -> Option<u8> {
        match self {
            Self::Deliver(..) => Some(0),
            Self::Node(_, NodeInput::Written) => Some(1),
            Self::Node(_, NodeInput::Started(_) | NodeInput::Killed(_)) => Some(2),
            Self::Node(_, NodeInput::Boot) | Self::Master(RecordInput::Timeout(_)) => Some(3),
            Self::Node(_, NodeInput::Timeout) => Some(4),
            Self::Lose(..)
            | Self::Double(..)
            | Self::LoseHeart(_)
            | Self::LoseHeartOf(_)
            | Self::Node(..)
            | Self::Master(_)
            | Self::Crash(_) => None,
        }
    }
}
