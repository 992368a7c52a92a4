//! `/healthz`.

use edgerm_protocol::WIRE_VERSION;
use edgerm_protocol::api::Health;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::{Api, show, with};

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    warp::path!("healthz")
        .and(warp::get())
        .and(with(api))
        .map(|api: Api| {
            let health = Health {
                status: "ok".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                wire_version: WIRE_VERSION,
                insecure: api.insecure,
            };
            show(StatusCode::OK, Ok(health))
        })
}
