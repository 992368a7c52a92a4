//! `/v1/enrollments`, for operators.

use edgerm_coap::oscore::Credential;
use edgerm_protocol::Instant;
use edgerm_protocol::api::{Enrollment, IssuedCredential, NewEnrollment, Page};
use warp::http::StatusCode;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::caller::caller;
use super::query::{Query, query};
use super::{Api, Failure, blocking, body, show, show_status, with};
use crate::access::{Caller, Enrolled};

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let enroll = warp::path!("enrollments")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .and(body::json())
        .then(|api: Api, caller, body| async move {
            let enroll = blocking(move || enroll(&api, caller, body));
            show(StatusCode::CREATED, enroll.await)
        });
    let list = warp::path!("enrollments")
        .and(warp::get())
        .and(with(api))
        .and(caller(api))
        .and(query())
        .map(|api: Api, caller, query| show(StatusCode::OK, list(&api, caller, query)));
    let rotate = warp::path!("enrollments" / String / "rotate")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .then(|name: String, api: Api, caller| async move {
            let rotate = blocking(move || rotate(&api, caller, name));
            show(StatusCode::OK, rotate.await)
        });
    let revoke = warp::path!("enrollments" / String)
        .and(warp::delete())
        .and(with(api))
        .and(caller(api))
        .then(|name: String, api: Api, caller| async move {
            let revoke = blocking(move || revoke(&api, caller, &name));
            show_status(StatusCode::NO_CONTENT, revoke.await)
        });
    enroll
        .or(list)
        .unify()
        .or(rotate)
        .unify()
        .or(revoke)
        .unify()
}

fn enroll(
    api: &Api,
    caller: Caller,
    body: Result<NewEnrollment, Failure>,
) -> Result<IssuedCredential, Failure> {
    caller.may_operate()?;
    let name = body?.name;
    let credential = api.registrar.enroll(api, &name)?;
    tracing::info!(name, "agent enrolled");
    Ok(issued(name, &credential))
}

fn list(api: &Api, caller: Caller, mut query: Query) -> Result<Page<Enrollment>, Failure> {
    caller.may_operate()?;
    let paging = query.paging::<String>()?;
    query.finish()?;
    Ok(api.call(|master, _| {
        let enrolled = master.enrolled().list(paging.after.as_deref());
        paging.cut(enrolled, |agent| agent.name.to_string(), shown)
    }))
}

fn rotate(api: &Api, caller: Caller, name: String) -> Result<IssuedCredential, Failure> {
    caller.may_operate()?;
    let credential = api.registrar.rotate(api, &name)?;
    tracing::info!(name, "credential rotated");
    Ok(issued(name, &credential))
}

fn revoke(api: &Api, caller: Caller, name: &str) -> Result<(), Failure> {
    caller.may_operate()?;
    api.registrar.revoke(api, name)?;
    tracing::info!(name, "credential revoked");
    Ok(())
}

fn issued(name: String, credential: &Credential) -> IssuedCredential {
    IssuedCredential {
        name,
        key_id: hex::encode(credential.key_id()),
        credential: credential.to_text(),
    }
}

fn shown(agent: &Enrolled) -> Enrollment {
    Enrollment {
        name: agent.name.to_string(),
        key_id: hex::encode(agent.credential.key_id()),
        enrolled_at_ms: agent.enrolled.as_millis(),
        rotated_at_ms: agent.rotated.map(Instant::as_millis),
    }
}
