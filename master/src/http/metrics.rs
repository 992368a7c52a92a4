//! `/metrics`, for who sees everything.

use warp::http::StatusCode;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::caller::{admit, scope};
use super::{Api, Failure, with};
use crate::access::{Denied, Scope};

/// Prometheus's text form.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Agents whose commands are counted before others have their turn.
const AT_ONCE: usize = 1024;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    warp::path!("metrics")
        .and(warp::get())
        .and(admit(api))
        .and(with(api))
        .and(scope(api))
        .map(|api: Api, scope| match page(&api, scope) {
            Ok(page) => warp::reply::with_header(page, CONTENT_TYPE, TEXT).into_response(),
            Err(failure) => failure.into_response(),
        })
}

fn page(api: &Api, scope: Scope) -> Result<Vec<u8>, Failure> {
    if scope != Scope::All {
        return Err(Denied::NotOperator.into());
    }
    let survey = api.look(|master| master.survey());
    let (mut queued, mut after) = (0, None);
    loop {
        let (waiting, next) = api.look(|master| master.commands_waiting(after, AT_ONCE));
        queued += waiting;
        after = next;
        if after.is_none() {
            break;
        }
    }
    api.metrics.page(&survey, queued).map_err(|error| {
        let message = format!("the page could not be made, which is a defect: {error}");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Failure::new(status, "metricsFailed", message, None)
    })
}
