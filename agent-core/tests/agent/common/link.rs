//! The link between the agent and its master, which loses, doubles, delays and reorders.

use std::collections::BTreeMap;

use edgerm_protocol::Instant;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// Where a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum To {
    Agent,
    Master,
}

/// What a link does to a datagram, drawn from its seed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Network {
    /// Thousandths of the datagrams lost.
    pub(crate) loss: u32,
    /// Thousandths delivered twice.
    pub(crate) duplication: u32,
    /// Longest delay in milliseconds; those that differ reorder.
    pub(crate) delay: u32,
}

#[derive(Debug)]
pub(crate) struct Link {
    network: Network,
    random: Pcg32,
    in_flight: BTreeMap<(Instant, u64), (To, Vec<u8>)>,
    sequence: u64,
    /// Nothing comes through to the agent.
    pub(crate) cut_to_agent: bool,
    /// Nothing comes through to the master.
    pub(crate) cut_to_master: bool,
    /// Every datagram sent, lost ones included.
    pub(crate) sent: Vec<(Instant, To, Vec<u8>)>,
}

impl Link {
    pub(crate) fn new(network: Network, seed: u64) -> Self {
        Self {
            network,
            random: Pcg32::seed_from_u64(seed),
            in_flight: BTreeMap::new(),
            sequence: 0,
            cut_to_agent: false,
            cut_to_master: false,
            sent: Vec::new(),
        }
    }

    pub(crate) fn cut(&mut self, cut: bool) {
        self.cut_to_agent = cut;
        self.cut_to_master = cut;
    }

    pub(crate) fn send(&mut self, now: Instant, to: To, datagram: &[u8]) {
        self.sent.push((now, to, datagram.to_vec()));
        let cut = match to {
            To::Agent => self.cut_to_agent,
            To::Master => self.cut_to_master,
        };
        let copies = match self.draw(1000) {
            _ if cut => 0,
            drawn if drawn < self.network.loss => 0,
            drawn if drawn < self.network.loss + self.network.duplication => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let delay = u64::from(self.draw(self.network.delay + 1));
            let at = Instant::from_millis(now.as_millis() + delay);
            self.sequence += 1;
            self.in_flight
                .insert((at, self.sequence), (to, datagram.to_vec()));
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn deliver(&mut self) -> Option<(To, Vec<u8>)> {
        self.in_flight.pop_first().map(|(_, datagram)| datagram)
    }

    /// Datagrams sent to the master, those that were lost included.
    pub(crate) fn sent_to_master(&self) -> usize {
        self.sent
            .iter()
            .filter(|(_, to, _)| *to == To::Master)
            .count()
    }

    fn draw(&mut self, under: u32) -> u32 {
        self.random.next_u32() % under
    }
}
