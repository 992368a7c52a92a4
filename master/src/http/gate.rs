//! How often who may call: rates of sources, of tokens, and of those who prove nothing.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use warp::http::StatusCode;

use super::Failure;
use super::rates::Rates;
use crate::access::TokenId;
use crate::config::{HttpLimits, Limits};

/// Whom a connection is from: an IPv4 address, or the first 64 bits of an IPv6 address, of which
/// whoever has one has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
                address.to_bits() & !u128::from(u64::MAX),
            )),
        })
    }
}

/// The rates.
#[derive(Debug)]
pub(crate) struct Gate {
    sources: Mutex<Rates<Source>>,
    failures: Mutex<Rates<Source>>,
    tokens: Mutex<Rates<TokenId>>,
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let http: &HttpLimits = &limits.http;
        Self {
            sources: Mutex::new(Rates::new(http.source_rate, http.sources)),
            failures: Mutex::new(Rates::new(http.failures, http.sources)),
            // Twice as many as there are, so that none is forgotten.
            tokens: Mutex::new(Rates::new(http.token_rate, 2 * limits.tokens)),
        }
    }

    /// Counts a call of `source`.
    pub(super) fn call(&self, source: Source) -> Result<(), Failure> {
        take(&self.sources, source).map_err(|wait| {
            let message = "this master takes fewer calls than these from one address: wait as \
                           long as Retry-After says, and call less often";
            too_often("sourceTooOften", message, wait)
        })
    }

    /// Counts a call of `source` that proved nothing.
    pub(super) fn failure(&self, source: Source) -> Result<(), Failure> {
        take(&self.failures, source).map_err(|wait| {
            let message = "too many calls from this address showed no token that this master \
                           issued: see that yours is right, and wait as long as Retry-After says";
            too_often("tooManyFailures", message, wait)
        })
    }

    /// Counts a call with `token`.
    pub(super) fn token(&self, token: TokenId) -> Result<(), Failure> {
        take(&self.tokens, token).map_err(|wait| {
            let message = "this master takes fewer calls than these with one token: wait as \
                           long as Retry-After says, and call less often";
            too_often("tokenTooOften", message, wait)
        })
    }
}

fn take<K: Eq + std::hash::Hash>(rates: &Mutex<Rates<K>>, key: K) -> Result<(), Duration> {
    let mut rates = rates.lock().unwrap_or_else(PoisonError::into_inner);
    rates.take(key, Instant::now())
}

fn too_often(code: &'static str, message: &str, wait: Duration) -> Failure {
    Failure::new(StatusCode::TOO_MANY_REQUESTS, code, message, None).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_address_or_a_network_of_64_bits() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
