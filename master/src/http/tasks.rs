//! `/v1/tasks`.

use edgerm_protocol::TaskId;
use edgerm_protocol::api::{DEFAULT_PAGE, KillTask, Outputs, Page, SendMessage, Task, TaskUsage};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::scope;
use super::query::{self, Query, query};
use super::{Api, Failure, body, show, show_status, with};
use crate::access::Scope;
use crate::master::{KillError, OutputQuery, Reply};

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let list = warp::path!("tasks")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .and(query())
        .then(|api: Api, scope, query| async move {
            show(StatusCode::OK, list(&api, scope, query).await)
        });
    let one = warp::path!("tasks" / String)
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .then(|id: String, api: Api, scope| async move {
            show(StatusCode::OK, one(&api, scope, &id).await)
        });
    let kill = warp::path!("tasks" / String / "kill")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .then(|id: String, api: Api, scope, body| async move {
            show(StatusCode::ACCEPTED, kill(&api, scope, &id, body).await)
        });
    let message = warp::path!("tasks" / String / "message")
        .and(warp::post())
        .and(with(api))
        .and(scope(api))
        .and(body::json())
        .then(|id: String, api: Api, scope, body| async move {
            show_status(StatusCode::ACCEPTED, message(&api, scope, &id, body).await)
        });
    let output = warp::path!("tasks" / String / "output")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .and(query())
        .then(|id: String, api: Api, scope, query| async move {
            show(StatusCode::OK, output(&api, scope, &id, query).await)
        });
    let usage = warp::path!("tasks" / String / "usage")
        .and(warp::get())
        .and(with(api))
        .and(scope(api))
        .and(query())
        .then(|id: String, api: Api, scope, query| async move {
            show(StatusCode::OK, usage(&api, scope, &id, query).await)
        });
    let reading = list.or(one).unify().or(output).unify().or(usage).unify();
    reading.or(kill).unify().or(message).unify()
}

async fn list(api: &Api, scope: Scope, mut query: Query) -> Result<Page<Task>, Failure> {
    let paging = query.paging::<TaskId>()?;
    query.finish()?;
    api.read(|master, now| Ok(master.tasks(now, scope, paging)))
        .await
}

async fn one(api: &Api, scope: Scope, id: &str) -> Result<Task, Failure> {
    let id = query::id(id)?;
    api.read(|master, now| {
        master.check_task(scope, id)?;
        Ok(master.task(now, id).ok_or(KillError::UnknownTask(id))?)
    })
    .await
}

async fn kill(
    api: &Api,
    scope: Scope,
    id: &str,
    body: Result<KillTask, Failure>,
) -> Result<Task, Failure> {
    let id = query::id(id)?;
    let framework = body?.framework;
    api.change(|master, now| {
        master.check_task(scope, id)?;
        Ok(master.kill_task(now, id, framework)?)
    })
    .await
}

async fn message(
    api: &Api,
    scope: Scope,
    id: &str,
    body: Result<SendMessage, Failure>,
) -> Result<(), Failure> {
    let id = query::id(id)?;
    let message = body?;
    api.change(|master, now| {
        master.check_task(scope, id)?;
        Ok(master.message_task(now, id, &message)?)
    })
    .await
}

async fn output(api: &Api, scope: Scope, id: &str, mut query: Query) -> Result<Outputs, Failure> {
    let id = query::id(id)?;
    let wanted = OutputQuery {
        after: query.take("after")?.unwrap_or(0),
        limit: query.take("limit")?.unwrap_or(DEFAULT_PAGE),
        wait_ms: query.take("waitMs")?.unwrap_or(0),
        log: query.take("log")?.unwrap_or_default(),
    };
    query.finish()?;
    let outputs = api.call_waiting(
        |master, now| {
            master.check_task(scope, id)?;
            Ok(master.read_outputs(now, id, wanted)?)
        },
        |reply| match reply {
            Reply::Outputs(outputs) => Some(outputs),
            Reply::Offers(_) | Reply::Usage(_) => None,
        },
    );
    outputs.await
}

async fn usage(api: &Api, scope: Scope, id: &str, mut query: Query) -> Result<TaskUsage, Failure> {
    let id = query::id(id)?;
    let wait_ms = query.take("waitMs")?.unwrap_or(0);
    query.finish()?;
    let usage = api.call_waiting(
        |master, now| {
            master.check_task(scope, id)?;
            Ok(master.read_usage(now, id, wait_ms)?)
        },
        |reply| match reply {
            Reply::Usage(usage) => Some(usage),
            Reply::Offers(_) | Reply::Outputs(_) => None,
        },
    );
    usage.await
}
