//! The stream of events, resumed where it broke.

use std::collections::VecDeque;
use std::time::Duration;

use edgerm_protocol::FrameworkId;
use edgerm_protocol::api::{Event, EventKind};
use futures_util::Stream;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::body::RequestBody;
use crate::client::Client;
use crate::error::{Error, Malformed};
use crate::sse::{MAX_EVENT, SseEvent, SseParser};
use crate::transport::{Call, Transport};

const PATH: &str = "/v1/events";

/// Silence after which a stream counts as broken. The master says something every 15 s.
const SILENCE: Duration = Duration::from_secs(60);

/// The wait before the first try to resume; each further one waits twice as long.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// Tries to resume before the stream gives up: 12.7 s of waiting.
const TRIES: u32 = 7;

impl Client {
    /// Every change of state from now on. When this returns, the master has begun to listen:
    /// no later change is missed.
    ///
    /// # Errors
    ///
    /// [`Error`] where the stream cannot be opened.
    pub async fn events(&self) -> Result<Events, Error> {
        Events::open(self.transport.clone(), Call::get(PATH), None).await
    }

    /// As [`Client::events`], without what concerns another framework than this one.
    ///
    /// # Errors
    ///
    /// [`Error`] where the stream cannot be opened.
    pub async fn events_of(&self, framework: FrameworkId) -> Result<Events, Error> {
        let call = Call::get(format!("{PATH}?framework={framework}"));
        Events::open(self.transport.clone(), call, None).await
    }

    /// Every change of state after the event with this `sequence`, as far back as the master
    /// remembers; what it does not is told as [`EventKind::Missed`].
    ///
    /// # Errors
    ///
    /// [`Error`] where the stream cannot be opened.
    pub async fn events_after(&self, sequence: u64) -> Result<Events, Error> {
        Events::open(self.transport.clone(), Call::get(PATH), Some(sequence)).await
    }
}

/// A stream of events. Where the connection breaks it resumes after the last event seen.
pub struct Events {
    transport: Transport,
    call: Call,
    body: Incoming,
    parser: SseParser,
    ready: VecDeque<Event>,
    last: Option<u64>,
}

impl Events {
    async fn open(transport: Transport, call: Call, last: Option<u64>) -> Result<Self, Error> {
        let body = connect(&transport, &call, last).await?;
        let (parser, ready) = (SseParser::default(), VecDeque::new());
        Ok(Self {
            transport,
            call,
            body,
            parser,
            ready,
            last,
        })
    }

    /// The next event. After [`EventKind::Missed`], read anew what you keep.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    ///
    /// # Errors
    ///
    /// [`Error`] where the stream broke and could not be resumed, or is no stream of events.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.last = Some(event.sequence);
                return Ok(event);
            }
            match tokio::time::timeout(SILENCE, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.take(&bytes)?;
                    }
                }
                Ok(Some(Err(_)) | None) | Err(_) => self.resume().await?,
            }
        }
    }

    /// The events as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, Error>> {
        stream::try_unfold(self, |mut events| async move {
            Ok(Some((events.next().await?, events)))
        })
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let (ready, mut malformed) = (&mut self.ready, None);
        let taken = self.parser.push(bytes, |SseEvent { data, .. }| {
            match serde_json::from_str(&data) {
                Ok(event) => ready.push_back(event),
                Err(error) => malformed = Some(Malformed::Json(error)),
            }
        });
        let malformed = taken
            .err()
            .map(|_| Malformed::TooLarge(MAX_EVENT))
            .or(malformed);
        match malformed {
            Some(what) => Err(self.transport.protocol(&self.call, what)),
            None => Ok(()),
        }
    }

    async fn resume(&mut self) -> Result<(), Error> {
        let mut backoff = FIRST_BACKOFF;
        for _ in 1..TRIES {
            match self.reopen().await {
                Err(Error::Unreachable { .. } | Error::Broken { .. } | Error::Silent { .. }) => {
                    tokio::time::sleep(backoff).await;
                    backoff *= 2;
                }
                settled => return settled,
            }
        }
        self.reopen().await
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        self.body = connect(&self.transport, &self.call, self.last).await?;
        self.parser = SseParser::default();
        if self.last.is_none() {
            // There is no place to resume after, so whatever happened meanwhile is unknown.
            let kind = EventKind::Missed { count: 0 };
            self.ready.push_back(Event { sequence: 0, kind });
        }
        Ok(())
    }
}

async fn connect(transport: &Transport, call: &Call, last: Option<u64>) -> Result<Incoming, Error> {
    let response = transport.begin(call, RequestBody::empty(), last).await?;
    Ok(response.into_body())
}
