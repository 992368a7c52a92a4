//! One call: held to what its source may ask, answered by the routes, and counted where it is
//! refused.

use std::convert::Infallible;
use std::pin::Pin;

use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Request, StatusCode};
use tracing::Instrument;
use warp::Reply;
use warp::http::header::{CONNECTION, HeaderValue};
use warp::reply::Response;

use crate::config::HttpLimits;
use crate::http::failure::Code;
use crate::http::gate::Source;
use crate::http::request_id::{self, REQUEST_ID};
use crate::http::{Api, Failure};
use crate::metrics::Call;

/// Bytes of a header field besides its name and value: the colon, a space, the end of its line.
const FIELD_OVERHEAD: usize = 4;

/// The calls of one connection.
pub(super) struct Answering<S> {
    pub(super) api: Api,
    pub(super) source: Source,
    pub(super) routes: S,
}

impl<S> Service<Request<Incoming>> for Answering<S>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let (api, source) = (Api::clone(&self.api), self.source);
        let limits = api.limits.http;
        let call = Call::new(request.method(), request.uri().path());
        let id = request_id::of(request.headers());
        let span = tracing::info_span!("call", request_id = request_id::text(&id), ?source);
        span.in_scope(|| tracing::debug!(method = %request.method(), path = request.uri().path()));
        request.headers_mut().insert(REQUEST_ID, id.clone());
        let admitted = api.gate.call(source);
        if let Err(failure) = admitted.and_then(|()| check_head(&request, &limits)) {
            let response = span.in_scope(|| bear(close(&api, failure), id));
            api.metrics.on_answer(call, response.status());
            return Box::pin(std::future::ready(Ok(response)));
        }
        request.extensions_mut().insert(limits);
        let answer = span.in_scope(|| self.routes.call(request));
        let answer = async move {
            let mut response = answer.await?;
            if response.status() == StatusCode::UNAUTHORIZED
                && let Err(failure) = api.gate.failure(source)
            {
                response = close(&api, failure);
            } else {
                count(&api, &response);
            }
            api.metrics.on_answer(call, response.status());
            Ok(bear(response, id))
        };
        Box::pin(answer.instrument(span))
    }
}

/// Refuses a head that is larger than others.
fn check_head<B>(request: &Request<B>, limits: &HttpLimits) -> Result<(), Failure> {
    let headers = request.headers();
    let fields = headers.iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD);
    let bytes = request.uri().to_string().len() + fields.sum::<usize>();
    let message = if headers.len() > limits.headers {
        let (count, max) = (headers.len(), limits.headers);
        format!("{count} header fields are more than the {max} that this master takes: send fewer")
    } else if bytes > limits.head_bytes {
        let max = limits.head_bytes;
        format!("the head has more than the {max} bytes that this master takes: send fewer")
    } else {
        return Ok(());
    };
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Err(Failure::new(status, "headTooLarge", message, None))
}

/// The refusal of a call, which is the connection's last.
fn close(api: &Api, failure: Failure) -> Response {
    let mut response = failure.into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    count(api, &response);
    response
}

/// Says which call it answers.
fn bear(mut response: Response, id: HeaderValue) -> Response {
    tracing::debug!(status = response.status().as_u16(), "answered");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn count(api: &Api, response: &Response) {
    if let Some(Code(code)) = response.extensions().get() {
        api.count(code);
    }
}
