//! Two endpoints, the network between them, and a clock that moves when nothing else does.

use std::collections::BTreeMap;
use std::fmt::Debug;

use edgerm_coap::{Config, Endpoint, Event, Ignored, Plain, Security};
use edgerm_protocol::Instant;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Agent,
    Master,
}

impl End {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Agent => Self::Master,
            Self::Master => Self::Agent,
        }
    }
}

/// What the network does to a datagram, drawn from the seed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Network {
    /// Thousandths of the datagrams lost.
    pub(crate) loss: u32,
    /// Thousandths delivered twice.
    pub(crate) duplication: u32,
    /// Longest delay in milliseconds; those that differ reorder.
    pub(crate) delay: u32,
}

/// What one delivery or one timeout came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) result: Result<Event, Ignored>,
}

pub(crate) struct Pair<S: Security = Plain> {
    pub(crate) now: Instant,
    pub(crate) agent: Endpoint<S>,
    pub(crate) master: Endpoint<S>,
    /// Every datagram sent, in order, lost ones included.
    pub(crate) sent: Vec<(Instant, End, Vec<u8>)>,
    network: Network,
    random: Pcg32,
    /// By time of arrival, then by order of sending.
    in_flight: BTreeMap<(Instant, u64), (End, Vec<u8>)>,
    sequence: u64,
}

impl Pair {
    pub(crate) fn new(seed: u64, network: Network) -> Self {
        Self::secured(seed, network, Plain, Plain)
    }
}

impl<S: Security> Pair<S>
where
    S::Binding: Debug,
{
    pub(crate) fn secured(seed: u64, network: Network, agent: S, master: S) -> Self {
        Self {
            now: Instant::from_millis(0),
            agent: Endpoint::new(Config::default(), agent, seed),
            master: Endpoint::new(Config::default(), master, seed + 1),
            sent: Vec::new(),
            network,
            random: Pcg32::seed_from_u64(seed),
            in_flight: BTreeMap::new(),
            sequence: 0,
        }
    }

    pub(crate) fn end(&mut self, end: End) -> &mut Endpoint<S> {
        match end {
            End::Agent => &mut self.agent,
            End::Master => &mut self.master,
        }
    }

    /// The next thing to happen, after moving the clock to it; `None` once both ends are idle
    /// and the network is empty.
    pub(crate) fn step(&mut self) -> Option<Outcome> {
        loop {
            self.transmit(End::Agent);
            self.transmit(End::Master);
            let arrival = self.in_flight.keys().next().map(|(at, _)| *at);
            let timeout = [End::Agent, End::Master]
                .into_iter()
                .filter_map(|end| Some((self.end(end).poll_timeout()?, end)))
                .min();
            match (arrival, timeout) {
                (None, None) => return None,
                (Some(at), None) => return self.deliver(at),
                (Some(at), Some((due, _))) if at <= due => return self.deliver(at),
                (_, Some((due, end))) => {
                    self.now = self.now.max(due);
                    let now = self.now;
                    if let Some(event) = self.end(end).handle_timeout(now) {
                        let result = Ok(event);
                        return Some(Outcome { end, result });
                    }
                }
            }
        }
    }

    /// Steps until an event at that end.
    pub(crate) fn event_at(&mut self, wanted: End) -> Option<Event> {
        while let Some(Outcome { end, result }) = self.step() {
            if end == wanted
                && let Ok(event) = result
            {
                return Some(event);
            }
        }
        None
    }

    fn deliver(&mut self, at: Instant) -> Option<Outcome> {
        let (_, (end, datagram)) = self.in_flight.pop_first()?;
        self.now = self.now.max(at);
        let now = self.now;
        let result = self.end(end).handle_datagram(now, &datagram);
        Some(Outcome { end, result })
    }

    fn transmit(&mut self, from: End) {
        while let Some(datagram) = self.end(from).poll_transmit() {
            self.sent.push((self.now, from, datagram.clone()));
            let copies = match self.draw(1000) {
                drawn if drawn < self.network.loss => 0,
                drawn if drawn < self.network.loss + self.network.duplication => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let delay = u64::from(self.draw(self.network.delay + 1));
                let at = Instant::from_millis(self.now.as_millis() + delay);
                self.sequence += 1;
                let arrival = (from.other(), datagram.clone());
                self.in_flight.insert((at, self.sequence), arrival);
            }
        }
    }

    fn draw(&mut self, under: u32) -> u32 {
        self.random.next_u32() % under
    }
}

/// The datagrams an endpoint has to send.
pub(crate) fn drain<S: Security>(endpoint: &mut Endpoint<S>) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| endpoint.poll_transmit()).collect()
}

/// The one datagram it has to send.
pub(crate) fn transmit<S: Security>(endpoint: &mut Endpoint<S>) -> Vec<u8> {
    let [datagram] = drain(endpoint).try_into().expect("one datagram");
    datagram
}

pub(crate) const START: Instant = Instant::from_millis(0);

pub(crate) fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::new(Config::default(), Plain, 7)
}
