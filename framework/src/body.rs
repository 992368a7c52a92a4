//! A request's body, which tells how much of it is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// Bytes that are handed to the connection at once, so that progress moves.
const CHUNK: usize = 16 * 1024;

type OnProgress = Box<dyn FnMut(u64) + Send>;

/// Bytes on their way to the master.
pub(crate) struct RequestBody {
    rest: Bytes,
    sent: u64,
    on_progress: Option<OnProgress>,
}

impl RequestBody {
    pub(crate) fn empty() -> Self {
        Self::new(Bytes::new())
    }

    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        Self {
            rest: bytes.into(),
            sent: 0,
            on_progress: None,
        }
    }

    /// Calls `on_progress` with the bytes handed to the connection so far.
    pub(crate) fn on_progress(self, on_progress: impl FnMut(u64) + Send + 'static) -> Self {
        Self {
            on_progress: Some(Box::new(on_progress)),
            ..self
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(CHUNK);
        let chunk = self.rest.split_to(length);
        self.sent += length as u64;
        let sent = self.sent;
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(sent);
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
