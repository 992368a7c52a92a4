//! What is refused, as the caller sees it: a status and an `api::Refusal`.

use std::convert::Infallible;
use std::time::Duration;

use edgerm_protocol::api::Refusal;
use warp::http::StatusCode;
use warp::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::reply::Response;
use warp::{Rejection, Reply};

use super::request_id::{self, REQUEST_ID};
use crate::master::StoreFault;
use crate::refusal::Refuse;

/// When to ask again what the disk was in the way of: the master tries it each second.
const RETRY_STORE: Duration = Duration::from_secs(2);

/// A refusal with its status.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    code: &'static str,
    refusal: Refusal,
    retry_after: Option<Duration>,
}

/// The rule that a response says was broken, for whoever counts them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code(pub(super) &'static str);

impl warp::reject::Reject for Failure {}

impl<E: Refuse> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            status: StatusCode::from_u16(error.status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: error.code(),
            refusal: error.refusal(),
            retry_after: None,
        }
    }
}

impl Failure {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        field: Option<String>,
    ) -> Self {
        Self {
            status,
            code,
            refusal: Refusal {
                code: code.to_owned(),
                message: message.into(),
                field,
            },
            retry_after: None,
        }
    }

    /// The same refusal, with the time after which to ask again.
    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The rule that was broken.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// The whole answer as HTTP/1.1, where no call can be answered: the connection's last.
    pub(super) fn to_http(&self) -> String {
        // The API's refusal is always JSON: it has text alone.
        let body = serde_json::to_string(&self.refusal).unwrap_or_default();
        let retry_after = self.retry_after.map_or_else(String::new, |wait| {
            format!("retry-after: {}\r\n", whole_seconds(wait))
        });
        format!(
            "HTTP/1.1 {}\r\ncontent-type: application/json\r\n{REQUEST_ID}: {}\r\n{retry_after}\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.status,
            request_id::draw(),
            body.len()
        )
    }

    /// What is asked for would be written, and nothing can be.
    pub(crate) fn store_failing(fault: &StoreFault) -> Self {
        let message = format!(
            "the master's disk fails, so nothing new is begun: {}; what is kept can be read. \
             Ask again once there is room on it, or it works",
            fault.reason
        );
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "storeFailing",
            message,
            None,
        )
        .retry_after(RETRY_STORE)
    }

    /// What was asked for was begun, and the disk failed of it.
    pub(crate) fn outcome_unknown() -> Self {
        let message = "the master's disk failed before this was certain; it goes on trying. See \
                       later whether it was done, with a GET of what it is about";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "outcomeUnknown",
            message,
            None,
        )
        .retry_after(RETRY_STORE)
    }

    /// The bytes of a module cannot be written.
    pub(super) fn unwritten(error: &std::io::Error) -> Self {
        let message = format!("the module cannot be written to the master's disk: {error}");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "storeFailing",
            message,
            None,
        )
        .retry_after(RETRY_STORE)
    }

    /// Something that is named in the path is not there.
    pub(super) fn unknown(code: &'static str, message: String) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message, None)
    }

    /// A backup was restored while this was asked.
    pub(crate) fn restored() -> Self {
        let message = "a backup was restored into this master while this was asked, and all is as \
                       it was then: see what there is, and ask again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "restored", message, None)
    }

    pub(crate) fn stopping() -> Self {
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
             as localhost, or give it a certificate with --tls-cert"
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
        if let Some(wait) = self.retry_after {
            let seconds = HeaderValue::from(whole_seconds(wait));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(Code(self.code));
        response
    }
}

/// Seconds as `Retry-After` has them (RFC 9110 section 10.2.3): none is too soon.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
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
