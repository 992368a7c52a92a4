//! `/v1/join-tokens`, for operators, and `/v1/join`, for whoever has one.

use edgerm_protocol::api::{IssuedJoinToken, Join, JoinToken, Joined, NewJoinToken, Page};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::caller;
use super::query::{Query, query};
use super::{Api, Failure, blocking, body, show, show_status, with};
use crate::access::Caller;

/// Bytes of the body of a join at most: names and digits fit several times. Whoever sends it
/// has proved nothing yet.
const MAX_JOIN: usize = 1024;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let issue = warp::path!("join-tokens")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .and(body::json())
        .then(|api: Api, caller, body| async move {
            let issue = blocking(move || issue(&api, caller, body));
            show(StatusCode::CREATED, issue.await)
        });
    let list = warp::path!("join-tokens")
        .and(warp::get())
        .and(with(api))
        .and(caller(api))
        .and(query())
        .then(|api: Api, caller, query| async move {
            let list = blocking(move || list(&api, caller, query));
            show(StatusCode::OK, list.await)
        });
    let revoke = warp::path!("join-tokens" / String)
        .and(warp::delete())
        .and(with(api))
        .and(caller(api))
        .then(|id: String, api: Api, caller| async move {
            let revoke = blocking(move || revoke(&api, caller, &id));
            show_status(StatusCode::NO_CONTENT, revoke.await)
        });
    issue.or(list).unify().or(revoke).unify()
}

/// The call that takes no caller's token: its body has a proof.
pub(super) fn open_route(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    warp::path!("v1" / "join")
        .and(warp::post())
        .and(with(api))
        .and(body::json_of(MAX_JOIN))
        .then(|api: Api, body| async move {
            let join = blocking(move || join(&api, body));
            show(StatusCode::CREATED, join.await)
        })
}

fn join(api: &Api, body: Result<Join, Failure>) -> Result<Joined, Failure> {
    let join = body?;
    let joined = api.registrar.join(api, &join)?;
    tracing::info!(name = join.name, token = join.token_id, "agent joined");
    Ok(joined)
}

fn issue(
    api: &Api,
    caller: Caller,
    body: Result<NewJoinToken, Failure>,
) -> Result<IssuedJoinToken, Failure> {
    caller.may_operate()?;
    let issued = api.registrar.issue(api, &body?)?;
    tracing::info!(id = issued.id, uses = issued.uses, "join token issued");
    Ok(issued)
}

fn list(api: &Api, caller: Caller, mut query: Query) -> Result<Page<JoinToken>, Failure> {
    caller.may_operate()?;
    let paging = query.paging::<String>()?;
    query.finish()?;
    let after = paging.after.as_deref();
    let tokens = api.registrar.list(api, after, paging.limit + 1);
    Ok(paging.cut(tokens.into_iter(), |token| token.id.clone(), |token| token))
}

fn revoke(api: &Api, caller: Caller, id: &str) -> Result<(), Failure> {
    caller.may_operate()?;
    api.registrar.revoke_token(id)?;
    tracing::info!(id, "join token revoked");
    Ok(())
}
