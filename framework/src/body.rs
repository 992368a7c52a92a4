//! A request's body, which tells how much of it is sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes that are handed to the connection at once, so that progress moves.
const CHUNK: usize = 16 * 1024;

type OnProgress = Box<dyn FnMut(u64) + Send>;

/// Bytes on their way to the master.
pub(crate) struct RequestBody {
    rest: Rest,
    sent: u64,
    on_progress: Option<OnProgress>,
}

/// What is not sent yet.
enum Rest {
    Bytes(Bytes),
    /// So many bytes of a file.
    File(File, u64),
}

impl RequestBody {
    pub(crate) fn empty() -> Self {
        Self::new(Bytes::new())
    }

    pub(crate) fn new(bytes: impl Into<Bytes>) -> Self {
        Self {
            rest: Rest::Bytes(bytes.into()),
            sent: 0,
            on_progress: None,
        }
    }

    /// The next `length` bytes of a file.
    pub(crate) fn of_file(file: File, length: u64) -> Self {
        Self {
            rest: Rest::File(file, length),
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
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        let chunk = match &mut self.rest {
            Rest::Bytes(rest) => rest.split_to(rest.len().min(CHUNK)),
            Rest::File(file, left) => match ready!(read(file, *left, cx)) {
                Ok(chunk) => {
                    *left -= chunk.len() as u64;
                    chunk
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        self.sent += chunk.len() as u64;
        let sent = self.sent;
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(sent);
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.rest {
            Rest::Bytes(rest) => rest.is_empty(),
            Rest::File(_, left) => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.rest {
            Rest::Bytes(rest) => rest.len() as u64,
            Rest::File(_, left) => *left,
        })
    }
}

/// Reads a chunk of a file that has `left` bytes to come.
fn read(file: &mut File, left: u64, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
    let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
    let mut buffer = vec![0; length];
    let mut read = ReadBuf::new(&mut buffer);
    ready!(Pin::new(file).poll_read(cx, &mut read))?;
    let length = read.filled().len();
    if length == 0 {
        // It was cut short meanwhile.
        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
    }
    buffer.truncate(length);
    Poll::Ready(Ok(buffer.into()))
}
