//! The server's machine: the peer's requests, each surfaced once and answered as often as it
//! is repeated (RFC 7252 section 4.5).
//!
//! ```text
//!                     duplicate: dropped          duplicate: reply sent again
//!                        +----+                      +----+
//!                        |    v                      |    v
//!  new request ------> Pending ------ respond ----> Answered ---> forgotten
//!                        |                                          ^
//!                        +--- unanswered for EXCHANGE_LIFETIME -----+
//! ```
//!
//! An answered request is forgotten when it is older than `EXCHANGE_LIFETIME`, when newer ones
//! need its place, and, where its reply was safe to repeat, when the peer asks for something
//! else. Ages are looked at when a request comes, so no timer runs for them.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use edgerm_protocol::Instant;

use crate::config::Config;
use crate::error::Ignored;
use crate::header::{MessageId, MessageType, Token};
use crate::security::RequestKey;

/// Names one request of the peer among those of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(u32);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.0)
    }
}

/// The peer's requests that wait for an answer, and the replies to those that got one.
#[derive(Debug)]
pub(crate) struct Inbox<B> {
    next_id: u32,
    /// In the order they came; empty and without a buffer most of the time.
    pending: Vec<Pending<B>>,
    /// Oldest first.
    answered: Vec<Answered>,
}

#[derive(Debug)]
struct Pending<B> {
    id: RequestId,
    key: RequestKey,
    since: Instant,
    envelope: Envelope,
    binding: B,
}

#[derive(Debug)]
struct Answered {
    key: RequestKey,
    since: Instant,
    /// Empty once sent, where it need not be sent again.
    reply: Box<[u8]>,
    transmit_due: bool,
    /// Only a confirmable request is answered again.
    confirmable: bool,
    repeatable: bool,
}

/// How the reply to a request is headed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) kind: MessageType,
    pub(crate) message_id: MessageId,
    pub(crate) token: Token,
}

impl<B> Inbox<B> {
    pub(crate) const fn new() -> Self {
        Self {
            next_id: 0,
            pending: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// Forgets what is too old to be repeated.
    pub(crate) fn expire(&mut self, now: Instant, lifetime: Duration) {
        self.pending
            .retain(|pending| now < pending.since + lifetime);
        self.answered
            .retain(|answered| now < answered.since + lifetime);
    }

    /// Whether a request of this key was here before. If it was answered and asks to be again,
    /// its reply is sent again.
    pub(crate) fn on_duplicate(&mut self, key: &RequestKey) -> Option<Ignored> {
        if let Some(pending) = self.pending.iter().find(|pending| pending.key == *key) {
            return Some(Ignored::DuplicatePending(pending.id));
        }
        let answered = self
            .answered
            .iter_mut()
            .find(|answered| answered.key == *key)?;
        answered.transmit_due |= answered.confirmable;
        Some(Ignored::DuplicateAnswered)
    }

    /// How many requests wait for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Takes in a request that was not here before.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        key: RequestKey,
        envelope: Envelope,
        binding: B,
    ) -> RequestId {
        self.answered
            .retain(|answered| answered.transmit_due || !answered.repeatable);
        let id = RequestId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        self.pending.push(Pending {
            id,
            key,
            since: now,
            envelope,
            binding,
        });
        id
    }

    /// How the reply to a waiting request is headed, and what it is bound to.
    pub(crate) fn envelope(&self, id: RequestId) -> Option<(Envelope, &B)> {
        let pending = self.pending.iter().find(|pending| pending.id == id)?;
        Some((pending.envelope, &pending.binding))
    }

    /// Ends the waiting of a request with this reply, to be sent now.
    pub(crate) fn answer(
        &mut self,
        id: RequestId,
        reply: Vec<u8>,
        repeatable: bool,
        config: &Config,
    ) {
        let Some(pending) = self.take(id) else {
            return;
        };
        let room = config.reply_bytes.saturating_sub(reply.len());
        while !self.answered.is_empty()
            && (self.answered.len() >= config.replies || self.reply_bytes() > room)
        {
            self.answered.remove(0);
        }
        self.answered.reserve_exact(1);
        self.answered.push(Answered {
            key: pending.key,
            since: pending.since,
            reply: reply.into_boxed_slice(),
            transmit_due: true,
            confirmable: pending.envelope.kind == MessageType::Acknowledgement,
            repeatable,
        });
    }

    /// Ends the waiting of a request without a reply.
    pub(crate) fn forget(&mut self, id: RequestId) {
        self.take(id);
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        let answered = self
            .answered
            .iter_mut()
            .find(|answered| answered.transmit_due)?;
        answered.transmit_due = false;
        Some(if answered.confirmable {
            answered.reply.to_vec()
        } else {
            core::mem::take(&mut answered.reply).into_vec()
        })
    }

    /// Bytes of replies held.
    pub(crate) fn reply_bytes(&self) -> usize {
        self.answered
            .iter()
            .map(|answered| answered.reply.len())
            .sum()
    }

    fn take(&mut self, id: RequestId) -> Option<Pending<B>> {
        let index = self.pending.iter().position(|pending| pending.id == id)?;
        let pending = self.pending.remove(index);
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        Some(pending)
    }
}
