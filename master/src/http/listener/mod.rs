//! The listener: takes connections, with TLS or without, and holds callers to their limits.
//!
//! | file | is |
//! |---|---|
//! | `tls` | the certificate, and its reloading |
//! | `places` | how many connections, in all and of a source |
//! | `connection` | one connection: handshake, calls, end |
//! | `answer` | one call: its source's rate, the size of its head, the count of its refusal |
//! | `stall` | an answer that is not read |

mod answer;
mod connection;
mod places;
mod stall;
mod tls;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use warp::Filter;
use warp::reply::Response;

use super::gate::Source;
use super::{Api, Failure};
use connection::Connection;
use places::Places;
pub(crate) use tls::Certificate;
pub use tls::TlsError;

/// Connections that are told at once why they are refused; others are closed without a word.
const REFUSALS: usize = 64;

/// Rest after no connection could be accepted, as where no file descriptor is left.
const REST: Duration = Duration::from_millis(100);

/// How often nothing is looked at where there is no certificate.
const IDLE: Duration = Duration::from_secs(3600);

/// Serves `routes` until the server stops, and then until the calls in progress have ended.
pub(super) async fn serve<F>(
    api: Api,
    listener: TcpListener,
    routes: F,
    certificate: Option<Arc<Certificate>>,
) -> Result<(), TlsError>
where
    F: Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + Unpin + 'static,
    F::Future: Send,
{
    let tls = certificate.as_ref().map(Certificate::config).transpose()?;
    let mut stopping = api.stopping.subscribe();
    let stopped = async move {
        let _stopping = stopping.wait_for(|stopping| *stopping).await;
    };
    tokio::pin!(stopped);
    let mut connections = JoinSet::new();
    let places = Places::new(&api.limits.http);
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let period = certificate.as_ref().map_or(IDLE, |it| it.period());
    let mut look = tokio::time::interval(period.max(REST));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (stream, from) = tokio::select! {
            () = &mut stopped => break,
            Some(_) = connections.join_next() => continue,
            _ = look.tick() => {
                look_at(&api, certificate.as_deref());
                continue;
            }
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    on_accept_error(&api, &error).await;
                    continue;
                }
            },
        };
        let source = Source::of(from.ip());
        match places.take(source) {
            Ok(place) => {
                let (api, routes) = (Api::clone(&api), routes.clone());
                let connection = Connection {
                    api,
                    source,
                    routes,
                };
                let tls = tls.clone();
                connections.spawn(async move {
                    connection.serve(stream, tls).await;
                    drop(place);
                });
            }
            Err(failure) => {
                api.count(failure.code());
                if tls.is_none() {
                    refuse(&mut connections, &refusals, stream, failure);
                }
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Reads the certificate again where its files changed.
fn look_at(api: &Api, certificate: Option<&Certificate>) {
    match certificate.map(Certificate::check) {
        Some(Ok(true)) => tracing::info!("the certificate has changed, and was read again"),
        Some(Err(error)) => {
            api.count("certificateRefused");
            tracing::error!("the certificate stays as it was: {error}");
        }
        Some(Ok(false)) | None => {}
    }
}

/// Tells a caller why there is no place for it, unless many are being told.
fn refuse(
    connections: &mut JoinSet<()>,
    refusals: &Arc<Semaphore>,
    stream: TcpStream,
    failure: Failure,
) {
    if let Ok(permit) = Arc::clone(refusals).try_acquire_owned() {
        connections.spawn(async move {
            connection::refuse(stream, &failure).await;
            drop(permit);
        });
    }
}

async fn on_accept_error(api: &Api, error: &io::Error) {
    // A caller that went away before it was accepted is no fault of ours.
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return;
    }
    api.count("notAccepted");
    tracing::warn!(%error, "cannot accept a connection: is the limit of open files too low?");
    tokio::time::sleep(REST).await;
}
