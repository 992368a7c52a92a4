//! `/v1/tasks`.

use edgerm_protocol::TaskId;
use edgerm_protocol::api::{DEFAULT_PAGE, KillTask, Outputs, SendMessage};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::query::{self, Query, query};
use super::{Api, Failure, body, show, show_status, with};
use crate::master::{KillError, OutputQuery, Reply};

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let list = warp::path!("tasks")
        .and(warp::get())
        .and(with(api))
        .and(query())
        .map(|api: Api, query| show(StatusCode::OK, list(&api, query)));
    let one = warp::path!("tasks" / String)
        .and(warp::get())
        .and(with(api))
        .map(|id: String, api: Api| show(StatusCode::OK, one(&api, &id)));
    let kill = warp::path!("tasks" / String / "kill")
        .and(warp::post())
        .and(with(api))
        .and(body::json())
        .map(|id: String, api: Api, body| show(StatusCode::ACCEPTED, kill(&api, &id, body)));
    let message = warp::path!("tasks" / String / "message")
        .and(warp::post())
        .and(with(api))
        .and(body::json())
        .map(|id: String, api: Api, body| {
            show_status(StatusCode::ACCEPTED, message(&api, &id, body))
        });
    let output = warp::path!("tasks" / String / "output")
        .and(warp::get())
        .and(with(api))
        .and(query())
        .then(|id: String, api: Api, query| async move {
            show(StatusCode::OK, output(&api, &id, query).await)
        });
    let reading = list.or(one).unify().or(output).unify();
    reading.or(kill).unify().or(message).unify()
}

fn list(api: &Api, mut query: Query) -> Result<impl serde::Serialize + use<>, Failure> {
    let paging = query.paging::<TaskId>()?;
    query.finish()?;
    Ok(api.call(|master, now| master.tasks(now, paging)))
}

fn one(api: &Api, id: &str) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    let task = api.call(|master, now| master.task(now, id));
    Ok(task.ok_or(KillError::UnknownTask(id))?)
}

fn kill(
    api: &Api,
    id: &str,
    body: Result<KillTask, Failure>,
) -> Result<impl serde::Serialize + use<>, Failure> {
    let id = query::id(id)?;
    let framework = body?.framework;
    Ok(api.call(|master, now| master.kill_task(now, id, framework))?)
}

fn message(api: &Api, id: &str, body: Result<SendMessage, Failure>) -> Result<(), Failure> {
    let id = query::id(id)?;
    let message = body?;
    Ok(api.call(|master, now| master.message_task(now, id, &message))?)
}

async fn output(api: &Api, id: &str, mut query: Query) -> Result<Outputs, Failure> {
    let id = query::id(id)?;
    let wanted = OutputQuery {
        after: query.take("after")?.unwrap_or(0),
        limit: query.take("limit")?.unwrap_or(DEFAULT_PAGE),
        wait_ms: query.take("waitMs")?.unwrap_or(0),
    };
    query.finish()?;
    let outputs = api.call_waiting(
        |master, now| master.read_outputs(now, id, wanted),
        |reply| match reply {
            Reply::Outputs(outputs) => Some(outputs),
            Reply::Offers(_) => None,
        },
    );
    outputs
        .await
        .map_err(|error| error.map_or_else(Failure::stopping, Failure::from))
}
