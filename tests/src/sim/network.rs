//! A network that loses, delays, duplicates and cuts, by a seed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;

use edgerm_protocol::Instant;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// What the network does to datagrams. Shares are in thousandths of the datagrams sent.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Lost.
    pub loss: u32,
    /// Delivered twice, each time with a delay of its own.
    pub duplication: u32,
    /// Shortest time under way.
    pub delay_min: Duration,
    /// Longest time under way. Where it differs from the shortest, datagrams overtake.
    pub delay_max: Duration,
}

impl Conditions {
    /// Nothing is lost, everything takes a millisecond.
    pub const PERFECT: Self = Self {
        loss: 0,
        duplication: 0,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(1),
    };
}

/// A datagram under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datagram {
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// All datagrams under way.
#[derive(Debug)]
pub struct Network {
    conditions: Conditions,
    rng: Pcg32,
    under_way: BinaryHeap<Reverse<(Instant, u64, Datagram)>>,
    cut_off: BTreeSet<SocketAddr>,
    sent: u64,
}

impl Network {
    /// A network of these conditions whose accidents follow from `seed`.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            rng: Pcg32::seed_from_u64(seed),
            under_way: BinaryHeap::new(),
            cut_off: BTreeSet::new(),
            sent: 0,
        }
    }

    /// Changes the conditions for what is sent from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Nothing goes to or comes from this address any more.
    pub fn cut_off(&mut self, address: SocketAddr) {
        self.cut_off.insert(address);
    }

    /// This address is connected again.
    pub fn join(&mut self, address: SocketAddr) {
        self.cut_off.remove(&address);
    }

    /// Datagrams that were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Takes a datagram at `now`.
    pub fn send(&mut self, now: Instant, datagram: Datagram) {
        self.sent += 1;
        let copies = if self.chance(self.conditions.duplication) {
            2
        } else {
            1
        };
        for copy in 0..copies {
            let cut = [datagram.from, datagram.to]
                .iter()
                .any(|end| self.cut_off.contains(end));
            if cut || self.chance(self.conditions.loss) {
                continue;
            }
            let arrival = now + self.delay();
            // The number makes the order of arrivals at one instant that of sending.
            let number = 2 * self.sent + copy;
            self.under_way
                .push(Reverse((arrival, number, datagram.clone())));
        }
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse((arrival, ..))| *arrival)
    }

    /// A datagram that arrives at `now` or before.
    pub fn receive(&mut self, now: Instant) -> Option<Datagram> {
        let due = self.next_arrival().is_some_and(|arrival| arrival <= now);
        let Reverse((_, _, datagram)) = due.then(|| self.under_way.pop()).flatten()?;
        Some(datagram)
    }

    fn chance(&mut self, thousandths: u32) -> bool {
        self.rng.next_u32() % 1000 < thousandths
    }

    fn delay(&mut self) -> Duration {
        let Conditions {
            delay_min,
            delay_max,
            ..
        } = self.conditions;
        let steps = self.rng.next_u32() >> 16;
        delay_min + delay_max.saturating_sub(delay_min) * steps / (1 << 16)
    }
}
