//! `/v1/agents`.

use edgerm_protocol::AgentId;
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::query::{self, Query, query};
use super::{Api, Failure, show, with};

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
    list.or(one).unify()
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
