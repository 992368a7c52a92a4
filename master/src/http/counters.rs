//! `/v1/counters`, for who sees everything.

use std::collections::BTreeMap;

use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::scope;
use super::{Api, Failure, show, with};
use crate::access::{Denied, Scope};

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    warp::path!("counters")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .map(|api: Api, scope| show(StatusCode::OK, counters(&api, scope)))
}

fn counters(api: &Api, scope: Scope) -> Result<BTreeMap<&'static str, u64>, Failure> {
    match scope {
        Scope::All => Ok(api.call(|master, _| master.counters().clone())),
        Scope::Of(_) => Err(Denied::NotOperator.into()),
    }
}
