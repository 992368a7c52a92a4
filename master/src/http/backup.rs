//! `/v1/backup` and `/v1/restore`, for operators.

use std::sync::Arc;
use std::time::Duration;

use edgerm_protocol::api::Restored;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use warp::reply::Response;
use warp::{Buf, Filter, Rejection, Reply};

use super::caller::caller;
use super::{Api, Failure, blocking, body, show, with};
use crate::access::Caller;
use crate::backup::RestoreError;
use crate::config::HttpLimits;

/// Pieces of a backup that wait for the disk or the network at most.
const WAITING: usize = 4;

pub(super) fn routes(
    api: &Api,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let backup = warp::path!("backup")
        .and(warp::get())
        .and(with(api))
        .and(caller(api))
        .then(|api: Api, caller| async move {
            let backup = backup(api, caller).await;
            backup.unwrap_or_else(Failure::into_response)
        });
    let restore = warp::path!("restore")
        .and(warp::post())
        .and(with(api))
        .and(caller(api))
        .and(body::limits())
        .and(warp::body::stream())
        .then(|api, caller, limits: HttpLimits, stream| async move {
            show(
                StatusCode::OK,
                restore(api, caller, limits.body, stream).await,
            )
        });
    backup.or(restore).unify()
}

async fn backup(api: Api, caller: Caller) -> Result<Response, Failure> {
    caller.may_operate()?;
    let backup = blocking(move || Ok(api.back_up()?)).await?;
    let length = backup.length();
    tracing::info!(bytes = length, "a backup was made");
    let (sender, pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let sent = backup.send(|piece| sender.blocking_send(Ok(piece)).is_ok());
        if let Err(error) = sent {
            tracing::error!(%error, "a backup broke off");
            // Its caller sees that it is too short, whether this is heard or not.
            let _heard = sender.blocking_send(Err(error));
        }
    });
    let pieces = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((piece, pieces))
    });
    let mut response = warp::reply::stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    let bytes = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, bytes);
    Ok(response)
}

async fn restore<B: Buf>(
    api: Api,
    caller: Caller,
    patience: Duration,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Result<Restored, Failure> {
    caller.may_operate()?;
    let mut body = std::pin::pin!(body);
    let (sender, mut pieces) = mpsc::channel(WAITING);
    let next = move || pieces.blocking_recv().transpose();
    let shared = Arc::clone(&api);
    let restored = blocking(move || shared.restore(caller, next));
    let forward = async move {
        loop {
            let piece = match tokio::time::timeout(patience, body.next()).await {
                Ok(None) => return,
                Ok(Some(Ok(mut piece))) => {
                    let mut bytes = vec![0; piece.remaining()];
                    piece.copy_to_slice(&mut bytes);
                    Ok(bytes)
                }
                Ok(Some(Err(error))) => Err(RestoreError::BrokeOff(error.to_string())),
                Err(_) => {
                    let seconds = patience.as_secs();
                    let error = format!("nothing of it came within {seconds} s");
                    Err(RestoreError::BrokeOff(error))
                }
            };
            let is_last = piece.is_err();
            if sender.send(piece).await.is_err() {
                // It is refused, which its caller hears once it has sent it.
                return body::discard(body).await;
            }
            if is_last {
                return;
            }
        }
    };
    let (restored, ()) = tokio::join!(restored, forward);
    restored
}
