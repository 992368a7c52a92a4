//! `/v1/tokens`, for operators.

use edgerm_protocol::api::{IssuedToken, NewToken, Page, Token};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::caller;
use super::query::{Query, query};
use super::{Api, Failure, body, show, show_status, with};
use crate::access::{Caller, Secret};
use crate::server::system_entropy;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let issue = warp::path!("tokens")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .and(body::json())
        .map(|api: Api, caller, body| show(StatusCode::CREATED, issue(&api, caller, body)));
    let list = warp::path!("tokens")
        .and(warp::get())
        .and(with(api))
        .and(caller(api))
        .and(query())
        .map(|api: Api, caller, query| show(StatusCode::OK, list(&api, caller, query)));
    let revoke = warp::path!("tokens" / String)
        .and(warp::delete())
        .and(with(api))
        .and(caller(api))
        .map(|name: String, api: Api, caller| {
            show_status(StatusCode::NO_CONTENT, revoke(&api, caller, &name))
        });
    issue.or(list).unify().or(revoke).unify()
}

fn issue(
    api: &Api,
    caller: Caller,
    body: Result<NewToken, Failure>,
) -> Result<IssuedToken, Failure> {
    caller.may_operate()?;
    let new = body?;
    let entropy = system_entropy().map_err(|error| {
        let message = format!("the system gives no entropy: {error}");
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "noEntropy", message, None)
    })?;
    let secret = Secret::from_entropy(entropy);
    let token = api.tokens().issue(&new, &secret)?;
    // Before anybody can show it: its secret is in the answer.
    if let Some(policy) = &new.policy {
        api.call(|master, _| master.set_policy(token, policy));
    }
    tracing::info!(name = new.name, role = ?new.role, "token issued");
    Ok(IssuedToken {
        name: new.name,
        role: new.role,
        secret: secret.as_str().to_owned(),
    })
}

fn list(api: &Api, caller: Caller, mut query: Query) -> Result<Page<Token>, Failure> {
    caller.may_operate()?;
    let paging = query.paging::<String>()?;
    query.finish()?;
    let tokens = api.tokens();
    Ok(paging.cut(
        tokens.list(paging.after.clone()),
        |token| token.name.clone(),
        |token| token,
    ))
}

fn revoke(api: &Api, caller: Caller, name: &str) -> Result<(), Failure> {
    caller.may_operate()?;
    let token = api.tokens().revoke(name)?;
    api.call(|master, _| master.end_policy(token));
    tracing::info!(name, "token revoked");
    Ok(())
}
