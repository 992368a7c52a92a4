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

use edgerm_protocol::{Instant, Millis};

use crate::config::Config;
use crate::header::{MessageId, MessageType, Token};

/// Names one request of ours among those of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        wait: Millis,
        /// How many more may follow.
        retransmissions: u8,
    },
    Acknowledged {
        give_up_at: Instant,
    },
}

impl State {
    /// A request to be sent now, and again after `wait` unless it is acknowledged.
    pub(crate) fn new(now: Instant, datagram: Vec<u8>, wait: Millis, config: &Config) -> Self {
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

    /// The peer is heard that was silent: what it did not hear meanwhile is sent again now, unless it
    /// was just sent. The retransmissions come as they would have, so it is given up no later.
    pub(crate) fn on_peer_heard(&mut self, now: Instant, config: &Config) {
        if let State::Unacknowledged {
            transmit_due,
            retransmit_at,
            wait,
            ..
        } = &mut self.state
        {
            // The time since it was sent last is what is gone of the wait.
            *transmit_due |= now + *wait >= *retransmit_at + config.ack_timeout;
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use core::time::Duration;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn exchange(max_retransmit: u8) -> Exchange<()> {
        let config = Config {
            max_retransmit,
            ..Config::default()
        };
        Exchange {
            id: ExchangeId(0),
            message_id: MessageId(7),
            token: Token::short(9),
            binding: (),
            state: State::new(at(0), vec![1, 2, 3], Millis(2_000), &config),
        }
    }

    #[test]
    fn each_wait_is_twice_the_one_before() {
        let mut exchange = exchange(4);
        assert_eq!(exchange.poll_transmit(), Some(vec![1, 2, 3]));
        for due in [2_000, 6_000, 14_000, 30_000] {
            assert_eq!(exchange.poll_timeout(), at(due));
            assert!(!exchange.handle_timeout(at(due - 1)), "too early");
            assert_eq!(exchange.poll_transmit(), None);
            assert!(!exchange.handle_timeout(at(due)));
            assert_eq!(exchange.poll_transmit(), Some(vec![1, 2, 3]));
            assert_eq!(exchange.poll_transmit(), None, "once");
        }
        assert_eq!(exchange.poll_timeout(), at(62_000));
        assert!(exchange.handle_timeout(at(62_000)), "silent to the end");
    }

    #[test]
    fn a_peer_that_is_heard_is_sent_again_what_it_did_not_hear() {
        let config = Config::default();
        assert_eq!(config.ack_timeout, Duration::from_secs(2));
        let mut exchange = exchange(1);
        assert!(exchange.poll_transmit().is_some());
        exchange.on_peer_heard(at(1_999), &config);
        assert_eq!(exchange.poll_transmit(), None, "it was just sent");
        assert!(!exchange.handle_timeout(at(2_000)));
        assert!(exchange.poll_transmit().is_some());
        // No retransmission is left, and this is none; nor does it change when it is given up.
        for heard in [4_000, 5_999] {
            exchange.on_peer_heard(at(heard), &config);
            assert_eq!(exchange.poll_transmit(), Some(vec![1, 2, 3]));
            assert_eq!(exchange.poll_timeout(), at(6_000));
        }
        assert!(exchange.handle_timeout(at(6_000)));
        // One that has it is working on it.
        let mut exchange = self::exchange(1);
        assert!(exchange.on_acknowledgement(at(0), &config));
        exchange.on_peer_heard(at(60_000), &config);
        assert_eq!(exchange.poll_transmit(), None);
    }

    #[test]
    fn a_driver_that_overslept_retransmits_once() {
        let mut exchange = exchange(4);
        assert!(!exchange.handle_timeout(at(20_000)));
        assert_eq!(exchange.poll_timeout(), at(24_000));
    }

    #[test]
    fn without_retransmissions_the_first_wait_is_the_last() {
        assert!(exchange(0).handle_timeout(at(2_000)));
    }

    #[test]
    fn an_acknowledgement_ends_retransmission_and_frees_the_datagram() {
        let mut exchange = exchange(4);
        assert_eq!(exchange.buffered(), 3);
        assert!(exchange.on_acknowledgement(at(500), &Config::default()));
        assert_eq!((exchange.buffered(), exchange.poll_transmit()), (0, None));
        assert!(
            !exchange.on_acknowledgement(at(600), &Config::default()),
            "no news"
        );
        assert_eq!(exchange.poll_timeout(), at(93_500));
        assert!(!exchange.handle_timeout(at(93_499)));
        assert!(exchange.handle_timeout(at(93_500)));
    }

    #[test]
    fn a_response_is_matched_by_token_and_piggybacked_by_message_id_too() {
        use MessageType::{Acknowledgement, Confirmable, NonConfirmable};
        for (kind, message_id, token, ours) in [
            (Acknowledgement, 7, 9, true),
            (Acknowledgement, 8, 9, false),
            (Acknowledgement, 7, 8, false),
            (Confirmable, 1000, 9, true),
            (Confirmable, 7, 8, false),
            (NonConfirmable, 1000, 9, true),
            (NonConfirmable, 1000, 8, false),
        ] {
            let matched =
                exchange(4).is_answered_by(kind, MessageId(message_id), Token::short(token));
            assert_eq!(matched, ours, "{kind:?} {message_id} {token}");
        }
    }
}
