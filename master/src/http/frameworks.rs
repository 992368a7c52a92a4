//! `/v1/frameworks`.

use edgerm_protocol::FrameworkId;
use edgerm_protocol::api::NewFramework;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::query::{self, Query, query};
use super::{Api, Failure, body, show, show_status, with};

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let register = warp::path!("frameworks")
        .and(warp::post())
        .and(with(api))
        .and(body::json())
        .map(|api: Api, body| show(StatusCode::CREATED, register(&api, body)));
    let list = warp::path!("frameworks")
        .and(warp::get())
        .and(with(api))
        .and(query())
        .map(|api: Api, query| show(StatusCode::OK, list(&api, query)));
    let one = warp::path!("frameworks" / String)
        .and(warp::get())
        .and(with(api))
        .map(|id: String, api: Api| show(StatusCode::OK, one(&api, &id)));
    let remove = warp::path!("frameworks" / String)
        .and(warp::delete())
        .and(with(api))
        .map(|id: String, api: Api| show_status(StatusCode::NO_CONTENT, remove(&api, &id)));
    let suppress = warp::path!("frameworks" / String / "suppress")
        .and(warp::post())
        .and(with(api))
        .map(|id: String, api: Api| show_status(StatusCode::NO_CONTENT, suppress(&api, &id)));
    let revive = warp::path!("frameworks" / String / "revive")
        .and(warp::post())
        .and(with(api))
        .map(|id: String, api: Api| show_status(StatusCode::NO_CONTENT, revive(&api, &id)));
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
    body: Result<NewFramework, Failure>,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let framework = body?;
    Ok(api.call(|master, now| master.register_framework(now, &framework))?)
}

fn list(api: &Api, mut query: Query) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<FrameworkId>()?;
    query.finish()?;
    Ok(api.call(|master, _| master.frameworks(paging)))
}

fn one(api: &Api, id: &str) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    Ok(api.call(|master, _| master.framework(id))?)
}

fn remove(api: &Api, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    Ok(api.call(|master, now| master.remove_framework(now, id))?)
}

fn suppress(api: &Api, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    Ok(api.call(|master, now| master.suppress(now, id))?)
}

fn revive(api: &Api, id: &str) -> Result<(), Failure> {
    let id = query::id(id)?;
    Ok(api.call(|master, now| master.revive(now, id))?)
}
