//! What a simulated node is built of, and what goes wrong with it.

use std::time::Duration;

use edgerm_agent_core::StorageError;
use edgerm_coap::oscore::Credential;
use edgerm_protocol::owned::Description;
use edgerm_protocol::{Instant, TaskId};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::behaviour::Behaviour;
use super::clock::Clock;
use super::setup;

/// How a node is made.
#[derive(Clone, Debug)]
pub struct Build {
    /// What it is called.
    pub name: String,
    /// What it has and is.
    pub description: Description,
    /// How its agent behaves.
    pub config: edgerm_agent_core::Config,
    /// What it proves itself with.
    pub credential: Credential,
    /// What its entropy and its accidents follow from.
    pub seed: u64,
    /// Its clock.
    pub clock: Clock,
    /// How long it listens after it sent something; `None`: always.
    pub listens: Option<Duration>,
    /// Its flash.
    pub flash: Flash,
    /// What each task does.
    pub behaviour: fn(TaskId, u64) -> Behaviour,
}

impl Build {
    /// A small node of which nothing goes wrong.
    pub fn sound(name: &str, credential: Credential, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            description: setup::description(),
            config: edgerm_agent_core::Config::default(),
            credential,
            seed,
            clock: Clock::new(0),
            listens: None,
            flash: Flash::good(),
            behaviour: |_, _| Behaviour::PLAIN,
        }
    }
}

/// Storage that is slow, and fails for a while.
#[derive(Clone, Debug)]
pub struct Flash {
    /// Longest time that a record takes to be written or erased.
    pub slowest: Duration,
    /// Whether power that goes tears what was written last of a module.
    pub tears: bool,
    random: Pcg32,
    trouble: Option<(StorageError, Instant)>,
}

impl Flash {
    /// One that takes 10 ms for everything and never fails.
    pub fn good() -> Self {
        Self {
            slowest: Duration::from_millis(10),
            tears: false,
            random: Pcg32::seed_from_u64(0),
            trouble: None,
        }
    }

    /// One that takes between a millisecond and `slowest`, and tears, by a seed.
    pub fn bad(slowest: Duration, seed: u64) -> Self {
        Self {
            slowest,
            tears: true,
            random: Pcg32::seed_from_u64(seed),
            trouble: None,
        }
    }

    /// Whatever is asked fails like this until then.
    pub fn fail(&mut self, error: StorageError, until: Instant) {
        self.trouble = Some((error, until));
    }

    /// It works again.
    pub(super) fn recover(&mut self) {
        self.trouble = None;
    }

    /// How it fails at `now`, if it does.
    pub(super) fn trouble(&self, now: Instant) -> Option<StorageError> {
        let (error, until) = self.trouble?;
        (now < until).then_some(error)
    }

    /// How long the next write takes.
    pub(super) fn takes(&mut self) -> Duration {
        if !self.tears {
            return self.slowest;
        }
        // Most are quick: the range is gone through by powers of two.
        let longest = self.slowest / (1 << self.draw(8));
        longest * self.draw(1 << 16) / (1 << 16) + Duration::from_millis(1)
    }

    /// A number under `under`.
    pub(super) fn draw(&mut self, under: u32) -> u32 {
        self.random.next_u32() % under.max(1)
    }
}
