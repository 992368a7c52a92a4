//! The client's machine: one confirmable request, until its response (RFC 7252 sections 4.2
//! and 5.2).
//!
//! ```text
//!                   timeout: send again, wait twice as long
//!                    +----+
//!                    |    v
//!  request --> Unacknowledged --- empty ACK ---> Acknowledged
//!                    |                               |
//!                    +-- piggybacked response -------+-- separate response --> Response
//!                    +-- reset ----------------------+-- reset --------------> Reset
//!                    +-- retransmissions used up ----+-- give up ------------> TimedOut
//! ```
//!
//! What is on the right is the event that ends the exchange. A separate response may come
//! before, or instead of, the acknowledgement that was lost.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use edgerm_protocol::Instant;

use crate::config::Config;
use crate::header::{MessageId, MessageType, Token};

/// Names one request of ours among those of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExchangeId(pub(crate) u32);

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exchange {}", self.0)
    }
}

/// A request of ours that is outstanding.
#[derive(Debug)]
pub(crate) struct Exchange<B> {
    pub(crate) id: ExchangeId,
    pub(crate) message_id: MessageId,
    pub(crate) token: Token,
    /// What the security layer unprotects the response with.
    pub(crate) binding: B,
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    Unacknowledged {
        /// The same bytes each time: a message is protected once.
        datagram: Vec<u8>,
        transmit_due: bool,
        retransmit_at: Instant,
        /// From the last transmission to `retransmit_at`.
        wait: Duration,
        /// How many more may follow.
        retransmissions: u8,
    },
    Acknowledged {
        give_up_at: Instant,
    },
}

impl State {
    /// A request to be sent now, and again after `wait` unless it is acknowledged.
    pub(crate) fn new(now: Instant, datagram: Vec<u8>, wait: Duration, config: &Config) -> Self {
        Self::Unacknowledged {
            datagram,
            transmit_due: true,
            retransmit_at: now + wait,
            wait,
            retransmissions: config.max_retransmit,
        }
    }
}

impl<B> Exchange<B> {
    /// Whether a response of this type, message id and token is to this request. Only one that
    /// is piggybacked shares the message id.
    pub(crate) fn is_answered_by(
        &self,
        kind: MessageType,
        message_id: MessageId,
        token: Token,
    ) -> bool {
        let same_message = message_id == self.message_id;
        token == self.token && (same_message || kind != MessageType::Acknowledgement)
    }

    /// An empty acknowledgement came: whether it is news.
    pub(crate) fn on_acknowledgement(&mut self, now: Instant, config: &Config) -> bool {
        match self.state {
            State::Unacknowledged { .. } => {
                let give_up_at = now + config.separate_response;
                self.state = State::Acknowledged { give_up_at };
                true
            }
            State::Acknowledged { .. } => false,
        }
    }

    /// Time has passed: whether the exchange is over for it.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> bool {
        match &mut self.state {
            State::Unacknowledged {
                transmit_due,
                retransmit_at,
                wait,
                retransmissions,
                ..
            } => {
                if now < *retransmit_at {
                    return false;
                }
                let Some(left) = retransmissions.checked_sub(1) else {
                    return true;
                };
                *retransmissions = left;
                *wait = wait.saturating_mul(2);
                *retransmit_at = now + *wait;
                *transmit_due = true;
                false
            }
            State::Acknowledged { give_up_at } => now >= *give_up_at,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        match self.state {
            State::Unacknowledged { retransmit_at, .. } => retransmit_at,
            State::Acknowledged { give_up_at } => give_up_at,
        }
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        match &mut self.state {
            State::Unacknowledged {
                datagram,
                transmit_due,
                ..
            } => core::mem::take(transmit_due).then(|| datagram.clone()),
            State::Acknowledged { .. } => None,
        }
    }

    /// Bytes of datagrams held.
    pub(crate) fn buffered(&self) -> usize {
        match &self.state {
            State::Unacknowledged { datagram, .. } => datagram.len(),
            State::Acknowledged { .. } => 0,
        }
    }
}
