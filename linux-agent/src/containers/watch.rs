//! Whether the engine answers.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::engine::Engine;
use crate::driver::Happening;

/// How long until an engine that is away is asked again: nothing tells of a socket that comes.
pub(super) const RETRY: Duration = Duration::from_secs(2);

/// Tells when the engine answers, and when it does not any more: its stream of events lasts for as
/// long as it does. Ends with the agent.
pub(super) async fn watch(engine: Engine, happen: mpsc::Sender<Happening>) {
    let mut was_there = None;
    loop {
        let events = engine.events().await;
        let is_there = events.is_ok();
        if was_there != Some(is_there) {
            was_there = Some(is_there);
            if let Err(error) = &events {
                tracing::warn!(%error, "no containers until it does");
            }
            if happen.send(Happening::Engine(is_there)).await.is_err() {
                return;
            }
        }
        if let Ok(events) = events {
            let mut events = Box::pin(events);
            loop {
                tokio::select! {
                    event = events.next() => match event {
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    },
                    () = happen.closed() => return,
                }
            }
            // It may be back at once, but it was away.
            was_there = None;
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = happen.closed() => return,
        }
    }
}
