//! One connection, from its handshake to its end.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};
use warp::Filter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer::Answering;
use super::stall::Stalling;
use crate::http::gate::Source;
use crate::http::{Api, Failure};

/// How long a caller has to take its last answer and close, once nothing more is read of it.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes of a caller that are read and dropped in that time: 1 MiB.
const LINGER_BYTES: u64 = 1 << 20;

/// The least that hyper takes as the bound of its buffer.
const MIN_BUFFER: usize = 8192;

/// A connection that was accepted.
pub(super) struct Connection<F> {
    pub(super) api: Api,
    pub(super) source: Source,
    pub(super) routes: F,
}

impl<F> Connection<F>
where
    F: Filter<Extract = (Response,), Error = std::convert::Infallible>
        + Clone
        + Send
        + Sync
        + Unpin
        + 'static,
    F::Future: Send,
{
    /// Serves `stream`, in TLS where there is a certificate, until it ends.
    pub(super) async fn serve(self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        let Some(config) = tls else {
            return self.talk(stream).await;
        };
        let patience = self.api.limits.http.handshake;
        let handshake = TlsAcceptor::from(config).accept(stream).into_fallible();
        match timeout(patience, handshake).await {
            Ok(Ok(stream)) => self.talk(stream).await,
            Ok(Err((error, stream))) => {
                self.api.count("handshakeFailed");
                tracing::debug!(source = ?self.source, %error, "no TLS came about");
                if is_plain(&error) {
                    let message = "this master speaks https: write https:// in its address";
                    let status = StatusCode::BAD_REQUEST;
                    refuse(stream, &Failure::new(status, "httpsOnly", message, None)).await;
                }
            }
            Err(_) => self.api.count("handshakeTooSlow"),
        }
    }

    async fn talk<IO: AsyncRead + AsyncWrite + Send + Unpin>(self, io: IO) {
        let Self {
            api,
            source,
            routes,
        } = self;
        let limits = api.limits.http;
        // What is over our limits is told in JSON; hyper's own refusal, of what is over twice
        // that, is a bare status.
        let head_bytes = limits.head_bytes.saturating_mul(2);
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_headers(limits.headers.saturating_mul(2))
            .max_header_size(head_bytes)
            .max_buf_size(head_bytes.max(MIN_BUFFER));
        let service = Answering {
            api: Api::clone(&api),
            source,
            routes: TowerToHyperService::new(warp::service(routes)),
        };
        let io = TokioIo::new(Stalling::new(io, limits.stall));
        let mut connection = builder.serve_connection(io, service);
        let mut stopping = api.stopping.subscribe();
        let stopped = async move {
            let _stopping = stopping.wait_for(|stopping| *stopping).await;
        };
        let ended = tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(ended),
            () = stopped => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|cx| connection.poll_without_shutdown(cx)).await
            }
        };
        let parts = connection.into_parts();
        let io = parts.io.into_inner();
        match ended {
            Ok(()) => linger(io).await,
            Err(error) if error.is_timeout() && parts.read_buf.is_empty() => linger(io).await,
            Err(error) if error.is_timeout() => {
                api.count("headTooSlow");
                let seconds = limits.head.as_secs();
                let message = format!("the head has not come within {seconds} s: send it faster");
                let status = StatusCode::REQUEST_TIMEOUT;
                refuse(io, &Failure::new(status, "headTooSlow", message, None)).await;
            }
            Err(error) => {
                if let Some(code) = code_of(&error) {
                    api.count(code);
                }
                tracing::debug!(?source, %error, "a connection broke");
                linger(io).await;
            }
        }
    }
}

/// What is counted of a connection that hyper gave up; `None`: its caller just went away.
fn code_of(error: &hyper::Error) -> Option<&'static str> {
    if error.is_parse_too_large() {
        return Some("headTooLarge");
    }
    if error.is_parse() {
        return Some("badHead");
    }
    let cause = std::error::Error::source(error);
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let stalled = io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
    stalled.then_some("answerStalled")
}

/// Whether a handshake failed for what it heard was no TLS at all.
fn is_plain(error: &io::Error) -> bool {
    let cause = error.get_ref();
    let cause = cause.and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidMessage(_)))
}

/// Writes a refusal where no call can be answered, and ends the connection.
pub(super) async fn refuse<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO, failure: &Failure) {
    let written = timeout(LINGER, io.write_all(failure.to_http().as_bytes())).await;
    if let Ok(Ok(())) = written {
        linger(io).await;
    }
}

/// Ends a connection so that its caller reads what was written: where something of it were left
/// unread, the system would break it off (RFC 9112 section 9.6).
async fn linger<IO: AsyncRead + AsyncWrite + Unpin>(mut io: IO) {
    let rest = async {
        io.shutdown().await?;
        tokio::io::copy(&mut io.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    let _closed = timeout(LINGER, rest).await;
}
