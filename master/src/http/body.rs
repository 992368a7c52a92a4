//! Bodies: read up to a limit, and as JSON with the field that breaks it named.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use warp::http::StatusCode;
use warp::{Buf, Filter, Rejection};

use super::Failure;
use crate::config::HttpLimits;

/// Bytes beyond a body's limit that are read and dropped, so that a sender who writes before it
/// reads hears the refusal, and not a connection that broke: 64 MiB.
const MAX_DISCARDED: usize = 64 << 20;

/// The body as bytes, unless it is longer than `limit`, or takes too long. No more than `limit`
/// is held.
pub(super) fn bytes(
    limit: usize,
) -> impl Filter<Extract = (Result<Vec<u8>, Failure>,), Error = Rejection> + Clone {
    limits()
        .and(warp::body::stream())
        .then(move |limits: HttpLimits, stream| in_time(limits.body, collect(stream, limit)))
}

/// The body as JSON.
pub(super) fn json<T: DeserializeOwned + Send>()
-> impl Filter<Extract = (Result<T, Failure>,), Error = Rejection> + Clone {
    limits()
        .and(warp::body::stream())
        .then(async |limits: HttpLimits, stream| {
            parse(&in_time(limits.body, collect(stream, limits.json)).await?)
        })
}

/// The body as JSON, of `limit` bytes at most.
pub(super) fn json_of<T: DeserializeOwned + Send>(
    limit: usize,
) -> impl Filter<Extract = (Result<T, Failure>,), Error = Rejection> + Clone {
    bytes(limit).map(|bytes: Result<Vec<u8>, Failure>| parse(&bytes?))
}

/// The limits of the connection that the request came by.
pub(super) fn limits() -> impl Filter<Extract = (HttpLimits,), Error = Infallible> + Copy {
    warp::ext::optional().map(|limits: Option<HttpLimits>| limits.unwrap_or_default())
}

async fn in_time(
    patience: Duration,
    body: impl Future<Output = Result<Vec<u8>, Failure>>,
) -> Result<Vec<u8>, Failure> {
    let late = |_| {
        let message = format!("the body has not come within {} s", patience.as_secs());
        Failure::new(StatusCode::REQUEST_TIMEOUT, "bodyTooSlow", message, None)
    };
    tokio::time::timeout(patience, body).await.map_err(late)?
}

async fn collect<B: Buf>(
    stream: impl Stream<Item = Result<B, warp::Error>>,
    limit: usize,
) -> Result<Vec<u8>, Failure> {
    let mut stream = std::pin::pin!(stream);
    let mut body = Vec::new();
    while let Some(part) = stream.next().await {
        let mut part = part.map_err(|error| {
            let message = format!("the body broke off: {error}");
            Failure::new(StatusCode::BAD_REQUEST, "brokenBody", message, None)
        })?;
        if body.len() + part.remaining() > limit {
            drop(body);
            discard(stream).await;
            let message = format!("the body is longer than {limit} bytes");
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Failure::new(status, "bodyTooLarge", message, None));
        }
        while part.has_remaining() {
            let chunk = part.chunk();
            body.extend_from_slice(chunk);
            let length = chunk.len();
            part.advance(length);
        }
    }
    Ok(body)
}

/// Reads what is left of a body that is refused, within bounds.
pub(super) async fn discard<B: Buf>(
    mut stream: impl Stream<Item = Result<B, warp::Error>> + Unpin,
) {
    let mut left = MAX_DISCARDED;
    while left > 0
        && let Some(Ok(part)) = stream.next().await
    {
        left = left.saturating_sub(part.remaining());
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let bad = |message: String, field: Option<String>| {
        Failure::new(StatusCode::BAD_REQUEST, "badBody", message, field)
    };
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = known_path(&error.path().to_string());
        bad(
            format!("the body is not what this call takes: {}", error.inner()),
            field,
        )
    })?;
    deserializer
        .end()
        .map_err(|error| bad(format!("the body goes on after its JSON: {error}"), None))?;
    Ok(value)
}

/// The path as far as it is known: where the JSON itself breaks off, a question mark ends it.
fn known_path(path: &str) -> Option<String> {
    let known = path.trim_end_matches('?').trim_end_matches('.');
    (!known.is_empty()).then(|| known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::api::Accept;

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<&[u8], warp::Error>>();
        let late = in_time(Duration::ZERO, collect(never, 10)).await;
        let shown = format!("{:?}", late.unwrap_err());
        assert!(
            shown.contains("408") && shown.contains("bodyTooSlow"),
            "{shown}"
        );
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_read_to_its_end_and_refused() {
        let mut read = 0;
        let parts = (0..10).map(|_| Ok::<_, warp::Error>(&[0; 4][..]));
        let parts = futures_util::stream::iter(parts).inspect(|_| read += 1);
        let shown = format!("{:?}", collect(parts, 10).await.unwrap_err());
        assert!(
            shown.contains("413") && shown.contains("bodyTooLarge"),
            "{shown}"
        );
        assert_eq!(read, 10);
    }

    #[test]
    fn the_field_that_breaks_the_body_is_named() {
        let task = |mem: &str| {
            format!(
                r#"{{"framework":"0000000000000001","tasks":[{{"id":"0000000000000002",
                "name":"x","module":"{}","resources":{{"mem":{mem}}}}}]}}"#,
                "00".repeat(32)
            )
        };
        assert!(parse::<Accept>(task("65536").as_bytes()).is_ok());
        let cases = [
            (task("-1"), Some("tasks[0].resources.mem")),
            (task("1.5"), Some("tasks[0].resources.mem")),
            (task("1e99"), Some("tasks[0].resources.mem")),
            (
                r#"{"framework":"1","tasks":[]}"#.to_owned(),
                Some("framework"),
            ),
            (r#"{"tasks":[]}"#.to_owned(), None),
            ("{".to_owned(), None),
            (String::new(), None),
            (format!("{} x", task("1")), None),
        ];
        for (body, field) in cases {
            let failure = parse::<Accept>(body.as_bytes()).unwrap_err();
            let shown = format!("{failure:?}");
            let expected = format!("field: {:?}", field.map(str::to_owned));
            assert!(shown.contains("400"), "{shown}");
            assert!(shown.contains(&expected), "{body}: {shown}");
        }
    }
}
