//! All that a master keeps, piece by piece.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use tokio::time::timeout;

use crate::body::RequestBody;
use crate::error::Error;
use crate::transport::{Call, Transport};

/// How long a master may take to put a backup together, or to check one and put it in force.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3600);

/// How long the next piece may take.
const PIECE_PATIENCE: Duration = Duration::from_secs(60);

/// A backup on its way.
pub struct Backup {
    transport: Transport,
    call: Call,
    body: Incoming,
    length: Option<u64>,
}

impl Backup {
    pub(crate) async fn begin(transport: Transport) -> Result<Self, Error> {
        let call = Call::get("/v1/backup");
        let begun = transport.begin(&call, RequestBody::empty(), None);
        let response = match timeout(PATIENCE, begun).await {
            Ok(response) => response?,
            Err(_) => return Err(silent(&transport, &call, PATIENCE)),
        };
        let body = response.into_body();
        Ok(Self {
            length: body.size_hint().exact(),
            transport,
            call,
            body,
        })
    }

    /// Bytes in all, where the master tells.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next bytes; `None` at the end of a whole backup.
    ///
    /// # Errors
    ///
    /// [`Error`] where it broke off: what came is no backup.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Ok(frame) = timeout(PIECE_PATIENCE, self.body.frame()).await else {
                return Err(silent(&self.transport, &self.call, PIECE_PATIENCE));
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(self.transport.broken(&self.call, error)),
                // A trailer is no part of it.
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}

fn silent(transport: &Transport, call: &Call, patience: Duration) -> Error {
    let (url, call) = (transport.url().to_owned(), call.to_string());
    Error::Silent {
        url,
        call,
        patience,
    }
}
