//! The life of a task that is a container: from its image to its removal.
//!
//! | there is | of this boot | the task |
//! |---|---|---|
//! | no mark | | begins |
//! | a mark, and a container that runs | | carries on |
//! | a mark, and a container that was made | | is started |
//! | a mark, and a container that ended | yes | has ended as that did |
//! | | no | begins anew where it says `restart`, else has ended with the machine |
//! | a mark, and no container | yes | has ended: somebody removed it |
//! | | no | begins anew where it says `restart`, else has ended with the machine |

use std::convert::Infallible;
use std::sync::Arc;

use edgerm_protocol::TaskId;
use edgerm_protocol::api::DEFAULT_STOP_GRACE;
use tokio::sync::{mpsc, watch};

use super::engine::{Engine, EngineError, Standing};
use super::image::Wanted;
use super::logs::{Follower, Place};
use super::marks::Marks;
use super::readings::Readings;
use super::watch::RETRY;
use super::{ContainerEnd, ContainerEvent, ContainersConfig, Spec, Stop};
use crate::driver::Happening;
use crate::usage::Meter;

/// Why a task has ended whose container is not there.
const REMOVED: &str = "somebody removed its container";

/// One task, and whether it is to stop. See the module.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) task: Task,
    pub(super) stop: watch::Receiver<Option<Stop>>,
    /// How far the master has its lines.
    pub(super) fetched: watch::Receiver<Place>,
}

/// One task, and what it is run with.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) engine: Engine,
    pub(super) marks: Arc<Marks>,
    pub(super) config: Arc<ContainersConfig>,
    pub(super) happen: mpsc::Sender<Happening>,
    pub(super) meter: Arc<Meter>,
    pub(super) spec: Spec,
    /// Whether it ran before and ended while this agent had it. What there may be of that is of no
    /// use any more.
    pub(super) is_again: bool,
}

/// Why a task does not run.
#[derive(Debug)]
pub(super) enum Over {
    /// It cannot.
    NotStarted(String),
    /// Whether it does is not known.
    Unclear(String),
    /// It has ended already.
    Ended(ContainerEnd),
}

/// The engine does not answer.
struct Away;

impl From<EngineError> for Over {
    fn from(error: EngineError) -> Self {
        Self::NotStarted(match error {
            EngineError::Away(_) => "the container engine does not answer".to_owned(),
            EngineError::Refused(reason) | EngineError::NotFound(reason) => brief(&reason),
            EngineError::NotOurs => error.to_string(),
        })
    }
}

impl Life {
    /// Runs the task to its end, and tells it.
    pub(super) async fn run(mut self) {
        let task = &self.task;
        let id = task.spec.id;
        let begun = tokio::select! {
            begun = task.begin() => begun,
            stop = stopped(&mut self.stop) => Err(Over::Ended(task.give_up(stop).await)),
        };
        let event = match begun {
            Ok(fetched) => {
                task.tell(ContainerEvent::Started(id)).await;
                let readings = task.read_usage(self.stop.clone());
                let follower = Follower {
                    engine: &task.engine,
                    marks: &task.marks,
                    happen: &task.happen,
                    id,
                    told: fetched,
                    fetched: self.fetched,
                };
                let end = tokio::select! {
                    end = task.attend(follower, &mut self.stop) => end,
                    never = readings => match never {},
                };
                task.meter.has(0);
                ContainerEvent::Ended(id, end)
            }
            Err(Over::NotStarted(reason)) => {
                task.clean_up().await;
                ContainerEvent::NotStarted(id, reason)
            }
            Err(Over::Unclear(reason)) => ContainerEvent::NotStarted(id, reason),
            Err(Over::Ended(end)) => ContainerEvent::Ended(id, end),
        };
        task.tell(event).await;
    }
}

impl Task {
    async fn tell(&self, event: ContainerEvent) {
        // Where the loop has ended, the agent has, and takes it up when it is back.
        let _left = self.happen.send(Happening::Container(event)).await;
    }

    /// It is stopped before it ran.
    async fn give_up(&self, stop: Stop) -> ContainerEnd {
        if stop == Stop::Kill {
            self.clean_up().await;
        }
        ContainerEnd::Killed
    }

    /// Follows the container until it has ended and is gone, or is let go of.
    async fn attend(
        &self,
        mut follower: Follower<'_>,
        stop: &mut watch::Receiver<Option<Stop>>,
    ) -> ContainerEnd {
        let Some(end) = follower.follow(self.ends(stop)).await else {
            return ContainerEnd::Killed;
        };
        self.clean_up().await;
        end
    }

    /// Waits for the container's end, and has it end where it is to; `None`: it is let go of.
    async fn ends(&self, stop: &mut watch::Receiver<Option<Stop>>) -> Option<ContainerEnd> {
        let Self { engine, spec, .. } = self;
        let grace = spec.task.container.stop_grace_s;
        let grace = grace.unwrap_or(DEFAULT_STOP_GRACE);
        let mut is_killed = false;
        loop {
            let ended = async {
                match is_killed {
                    // Stopped already, or asked again after the engine was away.
                    true => engine.stop(spec.id, grace).await,
                    false => engine.wait(spec.id).await,
                }
            };
            let mut was_away = tokio::select! {
                ended = ended => matches!(ended, Err(EngineError::Away(_))),
                stop = told(stop, is_killed) => match stop {
                    Stop::LetGo => return None,
                    Stop::Kill => {
                        is_killed = true;
                        continue;
                    }
                },
            };
            // An engine that is away is asked how it stands until it tells.
            loop {
                match self.outcome().await {
                    Ok(Some(_)) if is_killed => return Some(ContainerEnd::Killed),
                    // An engine that stops has what it runs end, which may well say that all is well.
                    Ok(Some(ContainerEnd::Exited(code))) if was_away => {
                        let why = format!("ended with the container engine, {code}");
                        return Some(ContainerEnd::Failed(why));
                    }
                    Ok(Some(end)) => return Some(end),
                    Ok(None) => was_away = false,
                    Err(Away) => was_away = true,
                }
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    stop = told(stop, is_killed) => match stop {
                        Stop::LetGo => return None,
                        Stop::Kill => is_killed = true,
                    },
                }
                if !was_away {
                    break;
                }
            }
        }
    }

    /// Follows what it uses, until this is dropped.
    async fn read_usage(&self, mut stop: watch::Receiver<Option<Stop>>) -> Infallible {
        let readings = Readings {
            engine: &self.engine,
            id: self.spec.id,
            meter: &self.meter,
        };
        readings.take(stopped(&mut stop)).await
    }

    /// How it ended; `None` where it has not.
    async fn outcome(&self) -> Result<Option<ContainerEnd>, Away> {
        Ok(match self.engine.standing(self.spec.id).await {
            Ok(Standing::Created | Standing::Running) => None,
            Ok(Standing::Exited {
                code,
                out_of_memory,
                error,
            }) => Some(self.end_of(code, out_of_memory, &error)),
            Err(EngineError::NotFound(_) | EngineError::NotOurs) => {
                Some(ContainerEnd::Failed(REMOVED.to_owned()))
            }
            Err(EngineError::Away(_)) => return Err(Away),
            Err(EngineError::Refused(reason)) => {
                tracing::warn!(task = %self.spec.id, reason, "the engine does not tell of it");
                None
            }
        })
    }

    fn end_of(&self, code: i64, out_of_memory: bool, error: &str) -> ContainerEnd {
        // A process of it may have, and the rest gone on.
        if out_of_memory && code != 0 {
            let mem = self.spec.task.mem;
            return ContainerEnd::Failed(format!("out of memory: it had {mem} bytes"));
        }
        if !error.is_empty() {
            return ContainerEnd::Failed(brief(error));
        }
        ContainerEnd::Exited(i32::try_from(code).unwrap_or(-1))
    }

    /// Removes what there is of the container.
    async fn clean_up(&self) {
        remove(&self.engine, &self.marks, self.spec.id).await;
    }

    /// Begins the task, or finds where it is. Gives how far its lines were fetched.
    async fn begin(&self) -> Result<Place, Over> {
        let id = self.spec.id;
        let mark = self.marks.read(id).await;
        let mark = mark.map_err(|error| Over::Unclear(format!("cannot read its mark: {error}")));
        let Some(mark) = mark? else {
            return self.make(self.is_again).await;
        };
        if self.is_again {
            self.remove_last().await?;
            return self.make(true).await;
        }
        let standing = loop {
            match self.engine.standing(id).await {
                // What became of it is told by nobody else.
                Err(EngineError::Away(_)) => tokio::time::sleep(RETRY).await,
                standing => break standing,
            }
        };
        let is_of_this_boot = self.marks.is_of_this_boot(&mark);
        let lives_on = self.spec.task.restart && !is_of_this_boot;
        match standing {
            Ok(Standing::Running) => {
                tracing::info!(task = %id, "carries on with its container");
                Ok(mark.fetched)
            }
            Ok(Standing::Created) => {
                self.mark().await?;
                self.engine.start(id).await?;
                Ok(mark.fetched)
            }
            Ok(Standing::Exited { .. }) | Err(EngineError::NotFound(_)) if lives_on => {
                self.remove_last().await?;
                self.make(true).await
            }
            // Its end is told when it is attended to, as if it had just ended.
            Ok(Standing::Exited { .. }) if is_of_this_boot => Ok(mark.fetched),
            Ok(Standing::Exited { .. }) | Err(EngineError::NotFound(_)) => {
                let reason = match is_of_this_boot {
                    true => REMOVED,
                    false => "the machine rebooted",
                };
                self.clean_up().await;
                Err(Over::Ended(ContainerEnd::Failed(reason.to_owned())))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the container and starts it, of a task that `ran_before` or not.
    async fn make(&self, ran_before: bool) -> Result<Place, Over> {
        let id = self.spec.id;
        let body = || {
            let body = self.spec.body(&self.engine, &self.config);
            body.map_err(|refused| Over::NotStarted(refused.to_string()))
        };
        // Nothing is pulled for what is not allowed.
        body()?;
        let wanted = Wanted {
            engine: &self.engine,
            happen: &self.happen,
            id,
            image: &self.spec.task.container.image,
            pull: self.spec.task.container.pull,
            ran_before,
        };
        wanted.obtain().await?;
        self.mark().await?;
        // Where the folders that it mounts really are may have changed meanwhile.
        self.engine.create(id, body()?).await?;
        self.engine.start(id).await?;
        Ok(Place::default())
    }

    /// Marks that its container is about to run.
    async fn mark(&self) -> Result<(), Over> {
        let marked = self.marks.make(self.spec.id).await;
        marked.map_err(|error| Over::NotStarted(format!("cannot mark its container: {error}")))
    }

    /// Removes the container of the run before this one, once the engine answers. Its mark stays, so
    /// an agent that starts again meanwhile knows that it ran.
    async fn remove_last(&self) -> Result<(), Over> {
        let id = self.spec.id;
        loop {
            match self.engine.remove(id).await {
                Err(EngineError::Away(_)) => tokio::time::sleep(RETRY).await,
                Err(error) => return Err(error.into()),
                Ok(()) => break,
            }
        }
        self.marks.forget_fetched(id).await;
        Ok(())
    }
}

/// Removes the container of a task, and then its mark. What stays is found and removed later.
pub(super) async fn remove(engine: &Engine, marks: &Marks, id: TaskId) {
    match engine.remove(id).await {
        Ok(()) => marks.erase(id).await,
        Err(error) => tracing::warn!(task = %id, %error, "its container stays for now"),
    }
}

/// Waits until it is told to stop; for ever where nobody will tell.
async fn stopped(stop: &mut watch::Receiver<Option<Stop>>) -> Stop {
    match stop.wait_for(Option::is_some).await {
        Ok(stop) => stop.unwrap_or(Stop::LetGo),
        // The agent is gone.
        Err(_) => Stop::LetGo,
    }
}

/// Waits until it is told to stop otherwise than before: where it is `killed`, to be let go of.
async fn told(stop: &mut watch::Receiver<Option<Stop>>, killed: bool) -> Stop {
    match killed {
        false => stopped(stop).await,
        true => {
            let _agent_is_gone = stop.wait_for(|stop| *stop == Some(Stop::LetGo)).await;
            Stop::LetGo
        }
    }
}

/// What an engine says, without what it says of itself.
fn brief(reason: &str) -> String {
    let reason = reason.trim_start_matches("Error response from daemon: ");
    reason.lines().next().unwrap_or_default().to_owned()
}
