//! What the tasks of a token's frameworks may be given, and what they have emitted of their day.

mod day;
mod fault;

use std::collections::{BTreeMap, BTreeSet};

use edgerm_protocol::Instant;
use edgerm_protocol::api::Policy;
use edgerm_protocol::owned::Device;
use edgerm_protocol::resource::DeviceClass;

use crate::access::TokenId;
use day::Day;
pub use fault::PolicyFault;

/// The policies of all tokens that have one.
#[derive(Debug, Default)]
pub(crate) struct Policies(BTreeMap<TokenId, Held>);

#[derive(Debug)]
struct Held {
    policy: Policy,
    day: Day,
    /// Whether the token is revoked: then it holds as long as anything runs under it.
    revoked: bool,
}

impl Policies {
    /// Holds the frameworks of `token` to `policy` from now on.
    pub(crate) fn set(&mut self, token: TokenId, policy: &Policy) {
        let held = Held {
            policy: policy.clone(),
            day: Day::default(),
            revoked: false,
        };
        self.0.insert(token, held);
    }

    /// The token is revoked.
    pub(crate) fn revoke(&mut self, token: TokenId) {
        if let Some(held) = self.0.get_mut(&token) {
            held.revoked = true;
        }
    }

    /// Forgets the policies of revoked tokens of which nothing is left, as `has_left` says.
    pub(crate) fn sweep(&mut self, has_left: impl Fn(TokenId) -> bool) {
        self.0
            .retain(|token, held| !held.revoked || has_left(*token));
    }

    /// The policy of `token`, where it has one.
    pub(crate) fn of(&self, token: Option<TokenId>) -> Option<&Policy> {
        self.0.get(&token?).map(|held| &held.policy)
    }

    /// Takes an output of so many bytes off the day of `token`, or refuses it.
    pub(crate) fn take(&mut self, now: Instant, token: Option<TokenId>, bytes: usize) -> bool {
        let held = token.and_then(|token| self.0.get_mut(&token));
        let Some(held) = held else {
            return true;
        };
        match held.policy.bytes_per_day {
            Some(max) => {
                let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                held.day.take(now, max, bytes)
            }
            None => true,
        }
    }

    /// Refuses launches while the day of `token` is used up.
    pub(crate) fn check_day(
        &mut self,
        now: Instant,
        token: Option<TokenId>,
    ) -> Result<(), PolicyFault> {
        let held = token.and_then(|token| self.0.get_mut(&token));
        let Some(held) = held else {
            return Ok(());
        };
        match held.policy.bytes_per_day {
            Some(max) if held.day.is_over(now, max) => Err(PolicyFault::BytesPerDay(max)),
            Some(_) | None => Ok(()),
        }
    }
}

/// The first of `names` that `allowed` does not have, and its place.
pub(crate) fn first_beyond<'a>(
    allowed: Option<&BTreeSet<String>>,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<(usize, &'a str)> {
    let allowed = allowed?;
    let mut names = names.into_iter().enumerate();
    names.find(|(_, name)| !allowed.contains(*name))
}

/// The kinds that `policy` allows of devices like `device`, where it does not allow this one.
pub(crate) fn refused_kinds<'a>(
    policy: &'a Policy,
    device: &Device,
) -> Option<&'a BTreeSet<String>> {
    let allowed = match device.class {
        DeviceClass::Sensor => policy.sensors.as_ref(),
        DeviceClass::Actuator => policy.actuators.as_ref(),
    };
    allowed.filter(|kinds| !kinds.contains(device.kind.as_str()))
}
