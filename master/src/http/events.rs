//! `/v1/events`: server-sent events, resumed after `Last-Event-ID`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use edgerm_protocol::FrameworkId;
use edgerm_protocol::api::{Event, EventKind};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply, sse};

use super::caller::scope;
use super::query::{Query, query};
use super::{Api, Failure, with};
use crate::access::Scope;
use crate::events::Published;

/// Events that a stream takes out of the ring at once.
const BATCH: usize = 64;

/// Silence after which a comment keeps the connection known to be alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    warp::path!("events")
        .and(warp::get())
        .and(with(api))
        .and(sse::last_event_id::<u64>())
        .and(query())
        .and(scope(api))
        .map(
            |api: Api, last, query, scope| match listener(api, last, query, scope) {
                Ok(listener) => {
                    let keep_alive = sse::keep_alive().interval(KEEP_ALIVE);
                    sse::reply(keep_alive.stream(listener.into_stream())).into_response()
                }
                Err(failure) => failure.into_response(),
            },
        )
}

/// One stream's place in the ring.
struct Listener {
    api: Api,
    latest: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    era: watch::Receiver<u64>,
    framework: Option<FrameworkId>,
    scope: Scope,
    read: u64,
    batch: VecDeque<Arc<Published>>,
}

fn listener(
    api: Api,
    last: Option<u64>,
    mut query: Query,
    scope: Scope,
) -> Result<Listener, Failure> {
    let framework = query.take("framework")?;
    query.finish()?;
    let latest = api.events.watch();
    let newest = *latest.borrow();
    Ok(Listener {
        latest,
        stopping: api.stopping.subscribe(),
        era: api.era.subscribe(),
        framework,
        scope,
        read: last.unwrap_or(newest),
        batch: VecDeque::new(),
        api,
    })
}

impl Listener {
    fn into_stream(self) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send {
        stream::unfold(self, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    /// The next event; `None` once the server stops.
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(published) = self.batch.pop_front() {
                self.read = published.event.sequence;
                let is_meant = published.whose.is_none_or(|(framework, owner)| {
                    let wanted = self.framework.is_none_or(|it| it == framework);
                    wanted && self.scope.contains(owner)
                });
                if is_meant {
                    return Some(shown(&published.event));
                }
                continue;
            }
            let newest = *self.latest.borrow_and_update();
            if self.read > newest {
                // A place in the stream of a master that ran before this one.
                self.read = 0;
                return Some(self.missed(0));
            }
            let batch = self.api.events.after(self.read, BATCH);
            self.batch = batch.events.into();
            if batch.missed > 0 {
                self.read += batch.missed;
                return Some(self.missed(batch.missed));
            }
            if self.batch.is_empty() {
                tokio::select! {
                    changed = self.latest.changed() => changed.ok()?,
                    // Who listens calls again, and shows a token that is taken now.
                    _ = self.era.changed() => return None,
                    _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                }
            }
        }
    }

    fn missed(&self, count: u64) -> sse::Event {
        shown(&Event {
            sequence: self.read,
            kind: EventKind::Missed { count },
        })
    }
}

fn shown(event: &Event) -> sse::Event {
    let named = sse::Event::default().id(event.sequence.to_string());
    // What the API's types hold is always JSON: no map has a key that is no text.
    named.json_data(event).unwrap_or_default()
}
