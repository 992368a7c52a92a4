//! Whether the master knows the agent, when to try again, and when to ping.
//!
//! ```text
//!  Unregistered ── retry_at ──> Registering ── 2.01 ──> Registered ── leave ──> Leaving ──> Left
//!       ▲                            │                   │      ▲                  any answer,
//!       ├── refused, timed out ──────┘                   │      │                  or none
//!       └── 4.01, new description ───────────────────────┘    pings
//! ```

use edgerm_protocol::{AgentId, Instant, Millis, SessionId};
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
    /// Known. The next ping is due at `ping_at`, unless something else is said before. `attempt`
    /// is 0 once a request in this session was taken.
    Registered {
        member: Membership,
        ping_at: Instant,
        attempt: u8,
    },
    /// Saying good-bye, once all tasks have ended, to a master that knows the agent.
    Leaving { member: Option<Membership> },
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
            Self::Unregistered { member, .. }
            | Self::Registering { member, .. }
            | Self::Leaving { member } => *member,
            Self::Registered { member, .. } => Some(*member),
            Self::Left => None,
        }
    }

    pub(crate) const fn session(&self) -> Option<SessionId> {
        match self.member() {
            Some(member) => Some(member.session),
            None => None,
        }
    }

    pub(crate) const fn is_leaving(&self) -> bool {
        match self {
            Self::Leaving { .. } | Self::Left => true,
            Self::Unregistered { .. } | Self::Registering { .. } | Self::Registered { .. } => false,
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

    /// What the agent has is told anew.
    pub(crate) fn restart(&mut self, now: Instant) {
        match self {
            Self::Unregistered { .. } | Self::Leaving { .. } | Self::Left => {}
            Self::Registering { .. } | Self::Registered { .. } => {
                *self = Self::Unregistered {
                    retry_at: now,
                    attempt: 0,
                    member: self.member(),
                };
            }
        }
    }

    /// The master has forgotten the agent, which asks anew and has `left` meanwhile: at once where a request was taken
    /// in this session, else later each time, so that the two do not go in circles.
    pub(crate) fn on_forgotten(
        &mut self,
        now: Instant,
        left: Option<Membership>,
        config: &Config,
        rng: &mut impl Rng,
    ) {
        if let Self::Registered { attempt, .. } = *self {
            let wait = match attempt.checked_sub(1) {
                Some(earlier) => backoff(config, earlier, rng),
                None => Millis::ZERO,
            };
            *self = Self::Unregistered {
                retry_at: now + wait,
                attempt: attempt.saturating_add(1),
                member: left,
            };
        }
    }

    /// The agent is told to leave.
    pub(crate) fn on_leave(&mut self) {
        if !matches!(self, Self::Left) {
            *self = Self::Leaving {
                member: self.member(),
            };
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

    /// The master said yes; the agent may want something else by now.
    pub(crate) fn on_registered(&mut self, new: Membership, ping_at: Instant) {
        match self {
            Self::Registering { attempt, .. } => {
                *self = Self::Registered {
                    member: new,
                    ping_at,
                    attempt: *attempt,
                };
            }
            Self::Unregistered { member, .. } | Self::Leaving { member } => *member = Some(new),
            Self::Registered { .. } | Self::Left => {}
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

    /// The master took a request in this session.
    pub(crate) fn on_heard(&mut self, now: Instant, config: &Config, rng: &mut impl Rng) {
        if let Self::Registered { attempt, .. } = self {
            *attempt = 0;
        }
        self.put_off_ping(now, config, rng);
    }

    /// No ping is due for a period.
    pub(crate) fn put_off_ping(&mut self, now: Instant, config: &Config, rng: &mut impl Rng) {
        if let Self::Registered { ping_at, .. } = self {
            *ping_at = next_ping(now, config, rng);
        }
    }
}

/// The instant of the next ping: a period from now, up to a tenth sooner or later.
pub(crate) fn next_ping(now: Instant, config: &Config, rng: &mut impl Rng) -> Instant {
    let Millis(period) = config.ping_period.into();
    let tenth = period / 10;
    now + Millis(period - tenth) + random_up_to(Millis(tenth * 2), rng)
}

/// A time from half of the `attempt`th wait to all of it.
fn backoff(config: &Config, attempt: u8, rng: &mut impl Rng) -> Millis {
    let factor = 1_u32.checked_shl(attempt.into()).unwrap_or(u32::MAX);
    let longest = Millis::from(config.retry_min)
        .saturating_mul(factor)
        .min(config.retry_max.into());
    let half = Millis(longest.0 / 2);
    half.saturating_add(random_up_to(half, rng))
}

/// A time from zero to `longest`, in steps of a 2^16th.
fn random_up_to(Millis(longest): Millis, rng: &mut impl Rng) -> Millis {
    let [high, low, ..] = rng.next_u32().to_be_bytes();
    let part = u64::from(u16::from_be_bytes([high, low]));
    let scaled = (u64::from(longest) * part) >> 16;
    // It is less than `longest`.
    Millis(u32::try_from(scaled).unwrap_or(longest))
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
            let longest = Millis(longest * 1000);
            for _ in 0..100 {
                let wait = backoff(&CONFIG(), attempt, &mut rng);
                assert!(
                    wait.0 >= longest.0 / 2 && wait <= longest,
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
            attempt: 0,
        };
        registration.restart(now);
        assert_eq!(registration.session(), Some(SessionId(2)));
        assert_eq!(registration.deadline(), Some(now));
    }

    #[test]
    fn whoever_leaves_does_not_come_back() {
        for mut registration in [Registration::Leaving { member: None }, Registration::Left] {
            registration.restart(Instant::from_millis(0));
            assert!(matches!(
                registration,
                Registration::Leaving { .. } | Registration::Left
            ));
        }
    }
}
