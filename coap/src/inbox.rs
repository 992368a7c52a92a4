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
use edgerm_protocol::planted::{Bug, is_planted};

use crate::config::Config;
use crate::error::Ignored;
use crate::header::{Envelope, MessageType};
use crate::security::RequestKey;

/// Names one request of the peer among those of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        let is_over = |since: Instant| now >= since + lifetime;
        while let Some(at) = position(&self.pending, |pending| is_over(pending.since)) {
            self.pending.remove(at);
        }
        while let Some(at) = position(&self.answered, |answered| is_over(answered.since)) {
            self.answered.remove(at);
        }
    }

    /// Whether a request of this key was here before. If it was answered and asks to be again,
    /// its reply is sent again.
    pub(crate) fn on_duplicate(&mut self, key: &RequestKey) -> Option<Ignored> {
        if is_planted(Bug::ForgetDuplicates) {
            return None;
        }
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
        let is_done = |answered: &Answered| answered.repeatable && !answered.transmit_due;
        while let Some(at) = position(&self.answered, is_done) {
            self.answered.remove(at);
        }
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
    pub(crate) fn envelope(&mut self, id: RequestId) -> Option<(Envelope, &mut B)> {
        let mut pending = self.pending.iter_mut();
        let pending = pending.find(|pending| pending.id == id)?;
        Some((pending.envelope, &mut pending.binding))
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

/// Where the first one is of which this holds: there are few, and `retain` is large.
fn position<T>(all: &[T], holds: impl Fn(&T) -> bool) -> Option<usize> {
    all.iter().position(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::{MessageId, Token};
    use alloc::vec;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn key(number: u8) -> RequestKey {
        RequestKey::protected(&[1], &[number]).expect("it fits")
    }

    fn begin(inbox: &mut Inbox<()>, number: u8, kind: MessageType) -> RequestId {
        let envelope = Envelope {
            kind,
            message_id: MessageId(u16::from(number)),
            token: Token::short(0),
        };
        inbox.begin(at(0), key(number), envelope, ())
    }

    /// Takes a confirmable request and answers it with so many bytes.
    fn answer(inbox: &mut Inbox<()>, number: u8, len: usize, repeatable: bool, config: &Config) {
        let id = begin(inbox, number, MessageType::Acknowledgement);
        inbox.answer(id, vec![number; len], repeatable, config);
        assert_eq!(inbox.poll_transmit(), Some(vec![number; len]));
    }

    fn remembered(inbox: &mut Inbox<()>) -> Vec<u8> {
        (0..=9)
            .filter(|number| inbox.on_duplicate(&key(*number)).is_some())
            .collect()
    }

    #[test]
    fn a_duplicate_is_dropped_until_answered_and_then_answered_again() {
        let (mut inbox, config) = (Inbox::new(), Config::default());
        let id = begin(&mut inbox, 1, MessageType::Acknowledgement);
        assert_eq!(
            inbox.on_duplicate(&key(1)),
            Some(Ignored::DuplicatePending(id))
        );
        assert_eq!(inbox.poll_transmit(), None);
        inbox.answer(id, vec![1, 2], false, &config);
        assert_eq!(inbox.poll_transmit(), Some(vec![1, 2]));
        assert_eq!(inbox.poll_transmit(), None);
        for _ in 0..3 {
            assert_eq!(
                inbox.on_duplicate(&key(1)),
                Some(Ignored::DuplicateAnswered)
            );
            assert_eq!(inbox.poll_transmit(), Some(vec![1, 2]));
        }
        assert!(inbox.envelope(id).is_none(), "it waits no more");
        assert_eq!(inbox.on_duplicate(&key(2)), None);
    }

    #[test]
    fn a_reply_to_a_non_confirmable_request_is_sent_once_and_not_held() {
        let (mut inbox, config) = (Inbox::new(), Config::default());
        let id = begin(&mut inbox, 1, MessageType::NonConfirmable);
        inbox.answer(id, vec![1, 2], false, &config);
        assert_eq!(inbox.poll_transmit(), Some(vec![1, 2]));
        assert_eq!(inbox.reply_bytes(), 0);
        assert_eq!(
            inbox.on_duplicate(&key(1)),
            Some(Ignored::DuplicateAnswered)
        );
        assert_eq!(inbox.poll_transmit(), None);
    }

    #[test]
    fn the_oldest_reply_makes_room() {
        let config = Config {
            replies: 3,
            reply_bytes: 100,
            ..Config::default()
        };
        for (lengths, kept) in [
            (&[10, 10, 10, 10, 10][..], &[2, 3, 4][..]),
            (&[50, 50], &[0, 1]),
            (&[50, 50, 1], &[1, 2]),
            (&[10, 10, 90], &[1, 2]),
            (&[10, 10, 10, 300], &[3]),
        ] {
            let mut inbox = Inbox::new();
            for (number, len) in (0..).zip(lengths) {
                answer(&mut inbox, number, *len, false, &config);
            }
            assert_eq!(remembered(&mut inbox), kept, "{lengths:?}");
        }
        let none = Config {
            replies: 0,
            ..config
        };
        let mut inbox = Inbox::new();
        answer(&mut inbox, 0, 10, false, &none);
        answer(&mut inbox, 1, 10, false, &none);
        assert_eq!(remembered(&mut inbox), [1], "the last one is always kept");
    }

    #[test]
    fn a_repeatable_reply_is_kept_until_the_next_request() {
        let (mut inbox, config) = (Inbox::new(), Config::default());
        answer(&mut inbox, 0, 10, false, &config);
        answer(&mut inbox, 1, 10, true, &config);
        assert_eq!(remembered(&mut inbox), [0, 1]);
        while inbox.poll_transmit().is_some() {}
        answer(&mut inbox, 2, 10, false, &config);
        assert_eq!(remembered(&mut inbox), [0, 2]);
    }

    #[test]
    fn what_is_older_than_the_lifetime_is_forgotten() {
        let (mut inbox, config) = (Inbox::new(), Config::default());
        answer(&mut inbox, 0, 10, false, &config);
        let waiting = begin(&mut inbox, 1, MessageType::Acknowledgement);
        inbox.expire(at(246), config.exchange_lifetime);
        assert_eq!(remembered(&mut inbox), [0, 1]);
        inbox.expire(at(247), config.exchange_lifetime);
        assert_eq!(remembered(&mut inbox), []);
        assert!(inbox.envelope(waiting).is_none());
        assert_eq!((inbox.waiting(), inbox.reply_bytes()), (0, 0));
    }
}
