//! Whether the master knows the agent, when to try again, and when to ping.
//!
//! ```text
//!  Unregistered ── retry_at ──> Registering ── 2.01 ──> Registered ── leave ──> Leaving ──> Left
//!       ▲                            │                   │      ▲                  any answer,
//!       ├── refused, timed out ──────┘                   │      │                  or none
//!       └── 4.01, new description ───────────────────────┘    pings
//! ```

use core::time::Duration;

use edgerm_protocol::{AgentId, Instant, SessionId};
use rand_core::Rng;

use crate::config::Config;

/// Who the agent is to the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) agent: AgentId,
    pub(crate) session: SessionId,
}

#[derive(Debug)]
pub(crate) enum Registration {
    /// Nobody was asked, or the answer was no. A membership that is left still serves.
    Unregistered {
        retry_at: Instant,
        attempt: u8,
        member: Option<Membership>,
    },
    /// Asked; the exchange's own retransmissions run.
    Registering {
        attempt: u8,
        member: Option<Membership>,
    },
    /// Known. The next ping is due at `ping_at`, unless something else is said before.
    Registered {
        member: Membership,
        ping_at: Instant,
    },
    /// Saying good-bye, once all tasks have ended.
    Leaving { member: Membership },
    /// Gone.
    Left,
}

impl Registration {
    /// Due at once: the first attempt of a boot.
    pub(crate) const fn new(now: Instant) -> Self {
        Self::Unregistered {
            retry_at: now,
            attempt: 0,
            member: None,
        }
    }

    pub(crate) const fn member(&self) -> Option<Membership> {
        match self {
            Self::Unregistered { member, .. } | Self::Registering { member, .. } => *member,
            Self::Registered { member, .. } | Self::Leaving { member } => Some(*member),
            Self::Left => None,
        }
    }

    pub(crate) const fn session(&self) -> Option<SessionId> {
        match self.member() {
            Some(member) => Some(member.session),
            None => None,
        }
    }

    /// When this machine wants to be looked at again.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Unregistered { retry_at, .. } => Some(*retry_at),
            Self::Registered { ping_at, .. } => Some(*ping_at),
            Self::Registering { .. } | Self::Leaving { .. } | Self::Left => None,
        }
    }

    /// What the agent has is told anew, or the master has forgotten it (`member` is then none).
    pub(crate) fn restart(&mut self, now: Instant, member: Option<Membership>) {
        match self {
            Self::Unregistered { .. } | Self::Leaving { .. } | Self::Left => {}
            Self::Registering { .. } | Self::Registered { .. } => {
                *self = Self::Unregistered {
                    retry_at: now,
                    attempt: 0,
                    member,
                };
            }
        }
    }

    /// The request to register has gone out.
    pub(crate) fn on_asked(&mut self) {
        if let Self::Unregistered {
            attempt, member, ..
        } = *self
        {
            *self = Self::Registering { attempt, member };
        }
    }

    /// The master said yes.
    pub(crate) fn on_registered(&mut self, member: Membership, ping_at: Instant) {
        if let Self::Registering { .. } = self {
            *self = Self::Registered { member, ping_at };
        }
    }

    /// The master said no, or nothing: wait longer each time.
    pub(crate) fn on_failed(&mut self, now: Instant, config: &Config, rng: &mut impl Rng) {
        if let Self::Registering { attempt, member } = *self {
            let retry_at = now + backoff(config, attempt, rng);
            *self = Self::Unregistered {
                retry_at,
                attempt: attempt.saturating_add(1),
                member,
            };
        }
    }

    /// The master was heard: no ping is due for a period.
    pub(crate) fn on_heard(&mut self, now: Instant, config: &Config, rng: &mut impl Rng) {
        if let Self::Registered { ping_at, .. } = self {
            *ping_at = next_ping(now, config, rng);
        }
    }
}

/// The instant of the next ping: a period from now, up to a tenth sooner or later.
pub(crate) fn next_ping(now: Instant, config: &Config, rng: &mut impl Rng) -> Instant {
    let tenth = config.ping_period / 10;
    now + (config.ping_period - tenth) + random_up_to(tenth * 2, rng)
}

/// A time from half of the `attempt`th wait to all of it.
fn backoff(config: &Config, attempt: u8, rng: &mut impl Rng) -> Duration {
    let factor = 1_u32.checked_shl(attempt.into()).unwrap_or(u32::MAX);
    let longest = config
        .retry_min
        .saturating_mul(factor)
        .min(config.retry_max);
    longest / 2 + random_up_to(longest / 2, rng)
}

/// A time from zero to `longest`, in steps of a 2^16th.
fn random_up_to(longest: Duration, rng: &mut impl Rng) -> Duration {
    longest * (rng.next_u32() >> 16) / (1 << 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    const CONFIG: fn() -> Config = Config::default;

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let mut rng = rand_pcg::Pcg32::seed_from_u64(1);
        for (attempt, longest) in [(0, 1), (1, 2), (5, 32), (6, 64), (7, 64), (255, 64)] {
            let longest = Duration::from_secs(longest);
            for _ in 0..100 {
                let wait = backoff(&CONFIG(), attempt, &mut rng);
                assert!(
                    wait >= longest / 2 && wait <= longest,
                    "{attempt}: {wait:?}"
                );
            }
        }
    }

    #[test]
    fn pings_spread_by_a_tenth_either_way() {
        let mut rng = rand_pcg::Pcg32::seed_from_u64(1);
        let now = Instant::from_millis(1_000);
        let pings = [(); 200].map(|()| next_ping(now, &CONFIG(), &mut rng).as_millis() - 1_000);
        assert!(pings.iter().all(|wait| (4_500..=5_500).contains(wait)));
        assert!(pings.iter().any(|wait| *wait < 4_700) && pings.iter().any(|wait| *wait > 5_300));
    }

    #[test]
    fn a_new_description_is_told_without_losing_the_membership() {
        let member = Membership {
            agent: AgentId(1),
            session: SessionId(2),
        };
        let now = Instant::from_millis(7);
        let mut registration = Registration::Registered {
            member,
            ping_at: now,
        };
        registration.restart(now, Some(member));
        assert_eq!(registration.session(), Some(SessionId(2)));
        assert_eq!(registration.deadline(), Some(now));
    }

    #[test]
    fn whoever_leaves_does_not_come_back() {
        let member = Membership {
            agent: AgentId(1),
            session: SessionId(2),
        };
        for mut registration in [Registration::Leaving { member }, Registration::Left] {
            registration.restart(Instant::from_millis(0), None);
            assert!(matches!(
                registration,
                Registration::Leaving { .. } | Registration::Left
            ));
        }
    }
}
