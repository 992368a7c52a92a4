//! The stream of events: one bounded ring, which every listener reads at its own pace.
//!
//! A listener holds nothing but the sequence it has read up to, so a slow one costs no memory:
//! what the ring has dropped before it came is told to it as missed. Resuming after a break is
//! the same as being slow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use edgerm_protocol::FrameworkId;
use edgerm_protocol::api::Event;
use tokio::sync::watch;

use crate::access::TokenId;

/// A framework, and the token that registered it.
pub type Whose = (FrameworkId, Option<TokenId>);

/// One event, and whose it is where it is about one framework's tasks or offers.
#[derive(Debug)]
pub struct Published {
    /// Whose it is.
    pub whose: Option<Whose>,
    /// The event.
    pub event: Box<Event>,
}

/// What a listener reads at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// Events that were dropped before they were read.
    pub missed: u64,
    /// The next ones, oldest first.
    pub events: Vec<Arc<Published>>,
}

/// The ring.
#[derive(Debug)]
pub struct EventRing {
    ring: Mutex<VecDeque<Arc<Published>>>,
    capacity: usize,
    /// The sequence of the newest event, for who waits for the next.
    latest: watch::Sender<u64>,
}

impl EventRing {
    /// A ring of the newest `capacity` events.
    pub fn new(capacity: usize) -> Self {
        Self {
            ring: Mutex::new(VecDeque::new()),
            capacity: capacity.max(1),
            latest: watch::Sender::new(0),
        }
    }

    /// Appends an event, whose sequence is one more than the last one's.
    pub fn publish(&self, whose: Option<Whose>, event: Box<Event>) {
        let sequence = event.sequence;
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= self.capacity {
            ring.pop_front();
        }
        ring.push_back(Arc::new(Published { whose, event }));
        drop(ring);
        self.latest.send_replace(sequence);
    }

    /// Up to `max` events after `sequence`.
    pub fn after(&self, sequence: u64, max: usize) -> Batch {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(oldest) = ring.front().map(|published| published.event.sequence) else {
            return Batch::default();
        };
        let missed = oldest.saturating_sub(sequence.saturating_add(1));
        let skip = sequence.saturating_add(1).saturating_sub(oldest);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let events = ring.iter().skip(skip).take(max).cloned().collect();
        Batch { missed, events }
    }

    /// Forgets all events: those to come are of another master, as after a restart.
    pub fn restart(&self) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.clear();
        drop(ring);
        self.latest.send_replace(0);
    }

    /// The sequence of the newest event, watched.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::AgentId;
    use edgerm_protocol::api::EventKind;

    fn ring(events: u64) -> EventRing {
        let ring = EventRing::new(3);
        for sequence in 1..=events {
            let agent = AgentId(1);
            let kind = EventKind::AgentGone { agent };
            ring.publish(None, Box::new(Event { sequence, kind }));
        }
        ring
    }

    #[test]
    fn a_listener_learns_what_it_missed() {
        let cases: [(u64, u64, u64, &[u64]); 6] = [
            (0, 0, 0, &[]),
            (2, 0, 0, &[1, 2]),
            (2, 2, 0, &[]),
            (5, 0, 2, &[3, 4, 5]),
            (5, 3, 0, &[4, 5]),
            (5, 900, 0, &[]),
        ];
        for (published, read, missed, rest) in cases {
            let batch = ring(published).after(read, 10);
            let sequences: Vec<_> = batch.events.iter().map(|it| it.event.sequence).collect();
            assert_eq!(
                (batch.missed, &sequences[..]),
                (missed, rest),
                "{read} of {published}"
            );
        }
        assert_eq!(ring(5).after(0, 1).events.len(), 1);
    }
}
