//! The HTTP API: one file a resource, the table of calls at the head of `edgerm_protocol::api`.
//!
//! A route finds out what is meant, calls the master, and shows what came of it. Whatever is
//! refused is a [`Failure`], which the caller sees as `api::Refusal` in JSON.

mod agents;
mod backup;
mod body;
mod caller;
mod counters;
mod enrollments;
mod events;
mod failure;
mod frameworks;
mod gate;
mod guard;
mod health;
mod join;
mod listener;
mod metrics;
mod modules;
mod offers;
mod query;
mod rates;
mod request_id;
mod tasks;
mod tokens;

use std::convert::Infallible;
use std::sync::Arc;

use tokio::net::TcpListener;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::shared::Shared;
pub(crate) use failure::Failure;
pub(crate) use gate::Gate;
pub(crate) use listener::Certificate;
pub use listener::TlsError;

/// The master, as the routes share it.
type Api = Arc<Shared>;

/// Serves until the server stops, in TLS where there is a certificate.
pub(crate) async fn serve(
    api: Api,
    listener: TcpListener,
    certificate: Option<Arc<Certificate>>,
) -> Result<(), TlsError> {
    let routes = routes(&api);
    listener::serve(api, listener, routes, certificate).await
}

/// Every route.
pub(crate) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + use<> {
    let v1 = agents::routes(api)
        .or(frameworks::routes(api))
        .unify()
        .or(offers::routes(api))
        .unify()
        .or(tasks::routes(api))
        .unify()
        .or(modules::routes(api))
        .unify()
        .or(events::routes(api))
        .unify()
        .or(tokens::routes(api))
        .unify()
        .or(enrollments::routes(api))
        .unify()
        .or(join::routes(api))
        .unify()
        .or(counters::routes(api))
        .unify()
        .or(backup::routes(api))
        .unify()
        .boxed();
    let open = join::open_route(api);
    let v1 = warp::path("v1").and(caller::admit(api)).and(v1);
    guard::not_from_a_page(api.any_name)
        .and(
            open.or(v1)
                .unify()
                .or(health::routes(api))
                .unify()
                .or(metrics::routes(api))
                .unify(),
        )
        .recover(failure::recover)
        .unify()
}

/// Gives the master to a handler.
fn with(api: &Api) -> impl Filter<Extract = (Api,), Error = Infallible> + Clone + use<> {
    let api = Arc::clone(api);
    warp::any().map(move || Arc::clone(&api))
}

/// What came of a call: JSON with this status, or the failure.
fn show<T: serde::Serialize>(status: StatusCode, outcome: Result<T, Failure>) -> Response {
    match outcome {
        Ok(value) => warp::reply::with_status(warp::reply::json(&value), status).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// Makes a call that waits for the disk, where that holds nobody else up.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    // It fails where the call panicked, or where the server ends before it began.
    let outcome = tokio::task::spawn_blocking(call).await;
    outcome.unwrap_or_else(|_| Err(Failure::stopping()))
}

/// A status alone, or the failure.
fn show_status(status: StatusCode, outcome: Result<(), Failure>) -> Response {
    match outcome {
        Ok(()) => status.into_response(),
        Err(failure) => failure.into_response(),
    }
}
