//! Places for connections: so many in all, and of one source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use warp::http::StatusCode;

use crate::config::HttpLimits;
use crate::http::Failure;
use crate::http::gate::Source;

/// When to try again where there is no place.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The places, and who has them.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    max_of_source: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<Source, usize>,
}

impl Places {
    pub(super) fn new(limits: &HttpLimits) -> Arc<Self> {
        Arc::new(Self {
            max: limits.connections,
            max_of_source: limits.source_connections,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from `source`, free again when it is dropped.
    pub(super) fn take(self: &Arc<Self>, source: Source) -> Result<Place, Failure> {
        let mut taken = self.lock();
        let own = taken.of.get(&source).copied().unwrap_or(0);
        if own >= self.max_of_source {
            let message = format!(
                "{own} connections from this address are open, as many as this master takes: \
                 close some"
            );
            let status = StatusCode::TOO_MANY_REQUESTS;
            let failure = Failure::new(status, "sourceConnections", message, None);
            return Err(failure.retry_after(RETRY_AFTER));
        }
        if taken.all >= self.max {
            let message = format!(
                "{} connections are open, as many as this master takes: try again later",
                taken.all
            );
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let failure = Failure::new(status, "tooManyConnections", message, None);
            return Err(failure.retry_after(RETRY_AFTER));
        }
        taken.all += 1;
        taken.of.insert(source, own + 1);
        let places = Arc::clone(self);
        Ok(Place { places, source })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    source: Source,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.of.get_mut(&self.source) {
            *own -= 1;
            if *own == 0 {
                taken.of.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_of_a_source_and_return() {
        let places = Places::new(&HttpLimits {
            connections: 3,
            source_connections: 2,
            ..HttpLimits::default()
        });
        let source = |last| Source::of([192, 0, 2, last].into());
        let first = places.take(source(1)).unwrap();
        let _second = places.take(source(1)).unwrap();
        let third = places.take(source(1)).unwrap_err();
        assert_eq!(third.code(), "sourceConnections");
        let _other = places.take(source(2)).unwrap();
        let fourth = places.take(source(3)).unwrap_err();
        assert_eq!(fourth.code(), "tooManyConnections");
        drop(first);
        drop(places.take(source(3)).unwrap());
        assert_eq!(places.lock().of.len(), 2, "who has none is forgotten");
    }
}
