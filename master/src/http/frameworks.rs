//! `/v1/frameworks`.

use edgerm_protocol::FrameworkId;
use edgerm_protocol::api::NewFramework;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::scope;
use super::query::{self, Query, query};
use super::{Api, Failure, body, show, show_status, with};
use crate::access::Scope;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let register = warp::path!("frameworks")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .map(|api: Api, scope, body| show(StatusCode::CREATED, register(&api, scope, body)));
    let list = warp::path!("frameworks")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .and(query())
        .map(|api: Api, scope, query| show(StatusCode::OK, list(&api, scope, query)));
    let one = warp::path!("frameworks" / String)
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .map(|id: String, api: Api, scope| show(StatusCode::OK, one(&api, scope, &id)));
    let remove = warp::path!("frameworks" / String)
        .and(warp::delete())
        .and(with(api))
        .and(scope(api))
        .map(|id: String, api: Api, scope| {
            show_status(StatusCode::NO_CONTENT, remove(&api, scope, &id))
        });
    let suppress = warp::path!("frameworks" / String / "suppress")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .map(|id: String, api: Api, scope| {
            show_status(StatusCode::NO_CONTENT, suppress(&api, scope, &id))
        });
    let revive = warp::path!("frameworks" / String / "revive")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .map(|id: String, api: Api, scope| {
            show_status(StatusCode::NO_CONTENT, revive(&api, scope, &id))
        });
    let collection = register.or(list).unify();
    let member = one
        .or(remove)
        .unify()
        .or(suppress)
        .unify()
        .or(revive)
        .unify();
    collection.or(member).unify()
}

fn register(
    api: &Api,
    scope: Scope,
    body: Result<NewFramework, Failure>,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let framework = body?;
    Ok(api.call(|master, now| master.register_framework(now, scope.owner(), &framework))?)
}

fn list(
    api: &Api,
    scope: Scope,
    mut query: Query,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<FrameworkId>()?;
    query.finish()?;
    Ok(api.call(|master, _| master.frameworks(scope, paging)))
}

fn one(api: &Api, scope: Scope, id: &str) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    api.call(|master, _| {
        master.check_framework(scope, id)?;
        Ok(master.framework(id)?)
    })
}

fn remove(api: &Api, scope: Scope, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    api.call(|master, now| {
        master.check_framework(scope, id)?;
        Ok(master.remove_framework(now, id)?)
    })
}

fn suppress(api: &Api, scope: Scope, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    api.call(|master, now| {
        master.check_framework(scope, id)?;
        Ok(master.suppress(now, id)?)
    })
}

fn revive(api: &Api, scope: Scope, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    api.call(|master, now| {
        master.check_framework(scope, id)?;
        Ok(master.revive(now, id)?)
    })
}
