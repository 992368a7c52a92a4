//! `/v1/agents`.

use std::time::Duration;

use edgerm_protocol::AgentId;
use edgerm_protocol::api::{Agent, DrainAgent};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::caller;
use super::query::{self, Query, query};
use super::{Api, Failure, body, show, with};
use crate::access::Caller;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let list = warp::path!("agents")
        .and(warp::get())
        .and(with(api))
        .and(query())
        .map(|api: Api, query| show(StatusCode::OK, list(&api, query)));
    let one = warp::path!("agents" / String)
        .and(warp::get())
        .and(with(api))
        .map(|id: String, api: Api| show(StatusCode::OK, one(&api, &id)));
    let drain = warp::path!("agents" / String / "drain")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .and(body::json())
        .then(|id: String, api: Api, caller, body| async move {
            show(StatusCode::OK, drain(&api, caller, &id, body).await)
        });
    let undrain = warp::path!("agents" / String / "undrain")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .then(|id: String, api: Api, caller| async move {
            show(StatusCode::OK, undrain(&api, caller, &id).await)
        });
    list.or(one).unify().or(drain).unify().or(undrain).unify()
}

fn list(api: &Api, mut query: Query) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<AgentId>()?;
    query.finish()?;
    Ok(api.call(|master, now| master.agents(now, paging)))
}

fn one(api: &Api, id: &str) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    api.call(|master, now| master.agent(now, id))
        .ok_or_else(|| {
            let message = format!("there is no agent {id}: list them with GET /v1/agents");
            Failure::unknown("unknownAgent", message)
        })
}

async fn drain(
    api: &Api,
    caller: Caller,
    id: &str,
    body: Result<DrainAgent, Failure>,
) -> Result<Agent, Failure> {
    caller.may_operate()?;
    let id = query::id(id)?;
    let after = body?.deadline_s;
    let after = after.map(|seconds| Duration::from_secs(seconds.into()));
    api.change(|master, now| Ok(master.drain_agent(now, id, after)?))
        .await
}

async fn undrain(api: &Api, caller: Caller, id: &str) -> Result<Agent, Failure> {
    caller.may_operate()?;
    let id = query::id(id)?;
    api.change(|master, now| Ok(master.undrain_agent(now, id)?))
        .await
}
