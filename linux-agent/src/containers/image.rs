//! Sees to it that the image of a task is there.

use edgerm_protocol::TaskId;
use edgerm_protocol::api::Pull;
use edgerm_protocol::message::LogLevel;
use tokio::sync::mpsc;

use super::engine::{Engine, EngineError};
use super::life::Over;
use super::watch::RETRY;
use super::{ContainerEvent, Line};
use crate::driver::Happening;

/// The image of a task that is about to begin.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) engine: &'a Engine,
    pub(super) happen: &'a mpsc::Sender<Happening>,
    pub(super) id: TaskId,
    pub(super) image: &'a str,
    pub(super) pull: Pull,
    /// Whether the task ran before: it is not to end because the engine or the registry is not to be
    /// had for a moment, and may do with the image that it had.
    pub(super) ran_before: bool,
}

impl Wanted<'_> {
    pub(super) async fn obtain(&self) -> Result<(), Over> {
        let image = self.image;
        let is_there = loop {
            match self.engine.has_image(image).await {
                Err(EngineError::Away(_)) if self.ran_before => tokio::time::sleep(RETRY).await,
                is_there => break is_there?,
            }
        };
        match self.pull {
            Pull::IfMissing | Pull::Never if is_there => return Ok(()),
            Pull::Never => return Err(Over::NotStarted(format!("there is no image {image}"))),
            Pull::IfMissing | Pull::Always => {}
        }
        self.say(LogLevel::Info, format!("pulling {image}"));
        let progress = |status: &str| self.say(LogLevel::Info, status.to_owned());
        let Err(error) = self.engine.pull(image, progress).await else {
            return Ok(());
        };
        self.say(
            LogLevel::Error,
            format!("{image} cannot be pulled: {error}"),
        );
        if is_there && self.ran_before {
            self.say(LogLevel::Warning, format!("{image} is taken as it was"));
            return Ok(());
        }
        match error {
            EngineError::Away(_) => Err(error.into()),
            EngineError::NotFound(_) | EngineError::Refused(_) | EngineError::NotOurs => {
                Err(Over::NotStarted(format!("cannot pull {image}")))
            }
        }
    }

    fn say(&self, level: LogLevel, text: String) {
        let line = Line {
            level,
            text,
            written: None,
        };
        // A line that finds no room is dropped, as of any task.
        let event = ContainerEvent::Log(self.id, line);
        let _dropped = self.happen.try_send(Happening::Container(event));
    }
}
