//! A network that loses, delays, duplicates and cuts, by a seed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use edgerm_protocol::Instant;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;
use sha2::{Digest, Sha256};

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
    /// Held up for up to [`Conditions::held_up_max`] beside, so that many overtake them.
    pub held_up: u32,
    /// Longest time for which one is held up.
    pub held_up_max: Duration,
    /// Changed in a bit or a few, or cut.
    pub corruption: u32,
}

impl Conditions {
    /// Nothing is lost, everything takes a millisecond.
    pub const PERFECT: Self = Self {
        loss: 0,
        duplication: 0,
        delay_min: Duration::from_millis(1),
        delay_max: Duration::from_millis(1),
        held_up: 0,
        held_up_max: Duration::ZERO,
        corruption: 0,
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
    /// Who is not heard, and who does not hear.
    mute: BTreeSet<SocketAddr>,
    deaf: BTreeSet<SocketAddr>,
    sent: u64,
    digest: Sha256,
}

impl Network {
    /// A network of these conditions whose accidents follow from `seed`.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            rng: Pcg32::seed_from_u64(seed),
            under_way: BinaryHeap::new(),
            mute: BTreeSet::new(),
            deaf: BTreeSet::new(),
            sent: 0,
            digest: Sha256::new(),
        }
    }

    /// Changes the conditions for what is sent from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Nothing goes to or comes from this address any more.
    pub fn cut_off(&mut self, address: SocketAddr) {
        self.cut(address, true, true);
    }

    /// Nothing comes from this address any more, or goes to it, or both.
    pub fn cut(&mut self, address: SocketAddr, is_mute: bool, is_deaf: bool) {
        if is_mute {
            self.mute.insert(address);
        }
        if is_deaf {
            self.deaf.insert(address);
        }
    }

    /// This address is connected again.
    pub fn join(&mut self, address: SocketAddr) {
        self.mute.remove(&address);
        self.deaf.remove(&address);
    }

    /// What was at one address is at the other now, cut off as it was.
    pub fn moved(&mut self, before: SocketAddr, after: SocketAddr) {
        for cut in [&mut self.mute, &mut self.deaf] {
            if cut.remove(&before) {
                cut.insert(after);
            }
        }
    }

    /// Datagrams that were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The digest of all that was sent: when, from where, to where and what.
    pub fn digest(&self) -> [u8; 32] {
        self.digest.clone().finalize().into()
    }

    /// Takes a datagram at `now`.
    pub fn send(&mut self, now: Instant, mut datagram: Datagram) {
        self.sent += 1;
        self.record(now, &datagram);
        if self.conditions.corruption > 0 && self.chance(self.conditions.corruption) {
            self.corrupt(&mut datagram.bytes);
        }
        let copies = if self.chance(self.conditions.duplication) {
            2
        } else {
            1
        };
        for copy in 0..copies {
            let cut = self.mute.contains(&datagram.from) || self.deaf.contains(&datagram.to);
            if cut || self.chance(self.conditions.loss) {
                continue;
            }
            let mut arrival = now + self.delay();
            if self.conditions.held_up > 0 && self.chance(self.conditions.held_up) {
                let part = self.rng.next_u32() >> 16;
                arrival = arrival + self.conditions.held_up_max * part / (1 << 16);
            }
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

    fn record(&mut self, now: Instant, datagram: &Datagram) {
        let mut head = [0; 12];
        head[..8].copy_from_slice(&now.as_millis().to_be_bytes());
        head[8..10].copy_from_slice(&datagram.from.port().to_be_bytes());
        head[10..].copy_from_slice(&datagram.to.port().to_be_bytes());
        self.digest.update(head);
        for end in [datagram.from, datagram.to] {
            if let IpAddr::V4(ip) = end.ip() {
                self.digest.update(ip.octets());
            }
        }
        self.digest.update(&datagram.bytes);
    }

    fn corrupt(&mut self, bytes: &mut Vec<u8>) {
        let at = |random: u32, length: usize| {
            usize::try_from(random)
                .unwrap_or(0)
                .checked_rem(length)
                .unwrap_or(0)
        };
        for _ in 0..=self.rng.next_u32() % 3 {
            let random = self.rng.next_u32();
            let at = at(random >> 8, bytes.len());
            match bytes.get_mut(at) {
                Some(_) if random.is_multiple_of(8) => bytes.truncate(at),
                Some(byte) => *byte ^= 1 << (random % 8),
                None => {}
            }
        }
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
