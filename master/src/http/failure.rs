//! What is refused, as the caller sees it: a status and an `api::Refusal`.

use std::convert::Infallible;

use edgerm_protocol::api::Refusal;
use warp::http::StatusCode;
use warp::http::header::{HeaderValue, WWW_AUTHENTICATE};
use warp::reply::Response;
use warp::{Rejection, Reply};

use crate::refusal::Refuse;

/// A refusal with its status.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    refusal: Refusal,
}

impl warp::reject::Reject for Failure {}

impl<E: Refuse> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            status: StatusCode::from_u16(error.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            refusal: error.refusal(),
        }
    }
}

impl Failure {
    pub(super) fn new(
        status: StatusCode,
        code: &str,
        message: impl Into<String>,
        field: Option<String>,
    ) -> Self {
        Self {
            status,
            refusal: Refusal {
                code: code.to_owned(),
                message: message.into(),
                field,
            },
        }
    }

    /// Something that is named in the path is not there.
    pub(super) fn unknown(code: &str, message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message, None)
    }

    pub(super) fn stopping() -> Self {
        let message = "the master is stopping: ask again when it runs";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", message, None)
    }

    pub(super) fn cross_origin() -> Self {
        let message = "web pages may not change anything here: leave the Origin header out";
        Self::new(StatusCode::FORBIDDEN, "crossOrigin", message, None)
    }

    pub(super) fn foreign_host(host: &str) -> Self {
        let message = format!(
            "this master is not called {host:?}, as web pages might: call it by its address or \
             as localhost, or start it with --insecure"
        );
        Self::new(StatusCode::FORBIDDEN, "foreignHost", message, None)
    }
}

impl Reply for Failure {
    fn into_response(self) -> Response {
        let body = warp::reply::json(&self.refusal);
        let mut response = warp::reply::with_status(body, self.status).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

/// Turns what no route took into a failure.
pub(super) async fn recover(rejection: Rejection) -> Result<Response, Infallible> {
    let failure = if let Some(failure) = rejection.find::<Failure>() {
        failure.clone()
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        let message = "this path does not take this method: see the API's table of calls";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Failure::new(status, "methodNotAllowed", message, None)
    } else if rejection.is_not_found() {
        let message = "there is no such path: see the API's table of calls, all but /healthz \
                       begin with /v1/";
        Failure::unknown("unknownPath", message.to_owned())
    } else {
        let message = format!("the request cannot be read: {rejection:?}");
        Failure::new(StatusCode::BAD_REQUEST, "badRequest", message, None)
    };
    Ok(failure.into_response())
}
