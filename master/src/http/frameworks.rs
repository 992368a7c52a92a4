//! `/v1/frameworks`.

use edgerm_protocol::FrameworkId;
use edgerm_protocol::api::{Framework, NewFramework, Page};
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
        .then(|api: Api, scope, body| async move {
            show(StatusCode::CREATED, register(&api, scope, body).await)
        });
    let list = warp::path!("frameworks")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .and(query())
        .then(|api: Api, scope, query| async move {
            show(StatusCode::OK, list(&api, scope, query).await)
        });
    let one = warp::path!("frameworks" / String)
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .then(|id: String, api: Api, scope| async move {
            show(StatusCode::OK, one(&api, scope, &id).await)
        });
    let remove = warp::path!("frameworks" / String)
        .and(warp::delete())
        .and(with(api))
        .and(scope(api))
        .then(|id: String, api: Api, scope| async move {
            show_status(StatusCode::NO_CONTENT, remove(&api, scope, &id).await)
        });
    let suppress = warp::path!("frameworks" / String / "suppress")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .then(|id: String, api: Api, scope| async move {
            show_status(StatusCode::NO_CONTENT, suppress(&api, scope, &id).await)
        });
    let revive = warp::path!("frameworks" / String / "revive")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .then(|id: String, api: Api, scope| async move {
            show_status(StatusCode::NO_CONTENT, revive(&api, scope, &id).await)
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

async fn register(
    api: &Api,
    scope: Scope,
    body: Result<NewFramework, Failure>,
) -> Result<Framework, Failure> {
    let framework = body?;
    api.change(|master, now| Ok(master.register_framework(now, scope.owner(), &framework)?))
        .await
}

async fn list(api: &Api, scope: Scope, mut query: Query) -> Result<Page<Framework>, Failure> {
    let paging = query.paging::<FrameworkId>()?;
    query.finish()?;
    api.read(|master, _| Ok(master.frameworks(scope, paging)))
        .await
}

async fn one(api: &Api, scope: Scope, id: &str) -> Result<Framework, Failure> {
    let id = query::id(id)?;
    api.read(|master, _| {
        master.check_framework(scope, id)?;
        Ok(master.framework(id)?)
    })
    .await
}

async fn remove(api: &Api, scope: Scope, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    api.change(|master, now| {
        master.check_framework(scope, id)?;
        Ok(master.remove_framework(now, id)?)
    })
    .await
}

async fn suppress(api: &Api, scope: Scope, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    api.change(|master, now| {
        master.check_framework(scope, id)?;
        Ok(master.suppress(now, id)?)
    })
    .await
}

async fn revive(api: &Api, scope: Scope, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    api.change(|master, now| {
        master.check_framework(scope, id)?;
        Ok(master.revive(now, id)?)
    })
    .await
}
