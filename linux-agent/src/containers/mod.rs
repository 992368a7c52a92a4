//! Runs containers, by the Docker engine of this machine or one that speaks as it does.
//!
//! A container is the task's for as long as the task lives, and outlives the agent: one that
//! starts again finds its containers by their labels and carries on. No container without the
//! label of this agent is looked at, and none is told of.
//!
//! | module | does |
//! |---|---|
//! | `engine` | the engine's calls, each with its error told in a few words |
//! | `watch` | whether the engine answers |
//! | `spec` | what the engine is told of a task, within what the operator allows |
//! | `life` | one task, from its image to its removal |
//! | `image` | the image of a task |
//! | `logs` | what a container says, line by line |
//! | `fetched` | how much of that the master has |
//! | `readings` | what a container uses |
//! | `marks` | which containers were begun, on disk |

mod engine;
mod fetched;
mod image;
mod life;
mod logs;
mod marks;
mod readings;
mod spec;
mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use edgerm_agent_core::KillReason;
use edgerm_protocol::TaskId;
use edgerm_protocol::message::LogLevel;
use tokio::sync::{mpsc, watch as channel};

use crate::driver::Happening;
use crate::usage::{Meter, Usage};
use engine::Engine;
use fetched::Lines;
use life::{Life, Task};
use marks::Marks;

pub use logs::Place;
pub use spec::{ContainersConfig, NotAllowed, Spec};

/// Why the engine behind `socket` cannot be used now; `None`: it can.
pub(crate) async fn engine_problem(socket: &std::path::Path) -> Option<String> {
    let engine = Engine::new(socket, "", "");
    let error = engine.connect().await.err()?;
    let socket = socket.display();
    Some(format!(
        "{error}; it was looked for at {socket}, as docker says"
    ))
}

/// Ended tasks that are remembered. One that begins again has ended minutes ago at most, and an agent
/// has 16 tasks.
const MAX_ENDED: usize = 64;

/// What came of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerEvent {
    /// It runs.
    Started(TaskId),
    /// It cannot run, and why.
    NotStarted(TaskId, String),
    /// It wrote a line, or something is to be told of it.
    Log(TaskId, Line),
    /// It has ended and is gone.
    Ended(TaskId, ContainerEnd),
}

/// A line that tells of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How much it matters.
    pub level: LogLevel,
    /// What it says.
    pub text: String,
    /// The place after it in what the container wrote; `None`: the container did not.
    pub written: Option<Place>,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerEnd {
    /// By itself, with this exit code.
    Exited(i32),
    /// By itself, and not by its own will.
    Failed(String),
    /// Because it was told to; or, where the agent leaves, it runs on without it.
    Killed,
}

/// What a container's life is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is to end.
    Kill,
    /// It is to be left alone: the agent leaves, to come back.
    LetGo,
}

/// A task that was begun and has not ended.
#[derive(Debug)]
struct Begun {
    stop: channel::Sender<Option<Stop>>,
    meter: Arc<Meter>,
    lines: Lines,
    /// How far the master has what it wrote.
    fetched: channel::Sender<Place>,
}

/// The containers of this agent.
#[derive(Debug)]
pub(crate) struct Containers {
    engine: Engine,
    marks: Arc<Marks>,
    config: Arc<ContainersConfig>,
    happen: mpsc::Sender<Happening>,
    lives: BTreeMap<TaskId, Begun>,
    /// Tasks that an earlier agent had begun and this one has not taken up yet.
    unclaimed: BTreeSet<TaskId>,
    /// Tasks that have ended here not long ago: one that begins again begins anew.
    ended: VecDeque<TaskId>,
}

impl Containers {
    /// The containers of the agent called `agent`, of which the marks are in `folder`.
    ///
    /// # Errors
    ///
    /// Those of the file system, of the folder.
    pub(crate) fn open(
        config: ContainersConfig,
        agent: &str,
        folder: PathBuf,
        happen: mpsc::Sender<Happening>,
    ) -> std::io::Result<Self> {
        let marks = Marks::open(folder)?;
        let unclaimed = marks.all().into_iter().collect();
        Ok(Self {
            engine: Engine::new(&config.socket, agent, marks.owner()),
            marks: Arc::new(marks),
            config: Arc::new(config),
            happen,
            lives: BTreeMap::new(),
            unclaimed,
            ended: VecDeque::new(),
        })
    }

    /// Whether the engine answers now.
    pub(crate) async fn is_there(&self) -> bool {
        self.engine.connect().await.is_ok()
    }

    /// Tells from now on when the engine answers and when it does not any more.
    pub(crate) fn watch(&self) {
        tokio::spawn(watch::watch(self.engine.clone(), self.happen.clone()));
    }

    /// Begins a task, or carries on with its container where there is one. An event follows.
    pub(crate) fn start(&mut self, spec: Spec) {
        let (stop, stopped) = channel::channel(None);
        let (fetched, has_fetched) = channel::channel(Place::default());
        let meter = Arc::new(Meter::default());
        let begun = Begun {
            stop,
            meter: Arc::clone(&meter),
            lines: Lines::default(),
            fetched,
        };
        self.lives.insert(spec.id, begun);
        self.unclaimed.remove(&spec.id);
        let task = Task {
            engine: self.engine.clone(),
            marks: Arc::clone(&self.marks),
            config: Arc::clone(&self.config),
            happen: self.happen.clone(),
            meter,
            is_again: self.ended.contains(&spec.id),
            spec,
        };
        let life = Life {
            task,
            stop: stopped,
            fetched: has_fetched,
        };
        tokio::spawn(life.run());
    }

    /// Whether the task is a container that was begun and has not ended.
    pub(crate) fn has(&self, id: TaskId) -> bool {
        self.lives.contains_key(&id)
    }

    /// What a task has used, as the engine told last; `None`: it is no container, or was reaped.
    pub(crate) fn usage(&self, id: TaskId) -> Option<Usage> {
        Some(self.lives.get(&id)?.meter.usage())
    }

    /// A line that the container wrote is kept for the master, under this number; the place after it.
    pub(crate) fn line_kept(&mut self, id: TaskId, number: u32, written: Place) {
        if let Some(life) = self.lives.get_mut(&id) {
            life.lines.add(number, written);
        }
    }

    /// The master has the lines of a task up to number `after` and is sent `count` more, from number
    /// `first` on.
    pub(crate) fn lines_sent(&mut self, id: TaskId, after: u32, first: u32, count: usize) {
        if let Some(life) = self.lives.get_mut(&id) {
            if let Some(written) = life.lines.fetched(after) {
                // A life that has just ended remembers nothing any more.
                life.fetched.send_replace(written);
            }
            life.lines.send(first, count);
        }
    }

    /// Ends a task, or lets go of it where the agent leaves.
    pub(crate) fn stop(&self, id: TaskId, reason: KillReason) {
        let stop = match reason {
            KillReason::Leaving => Stop::LetGo,
            KillReason::Silent
            | KillReason::Disconnected
            | KillReason::Deadline
            | KillReason::Requested
            | KillReason::Unwanted => Stop::Kill,
        };
        if let Some(life) = self.lives.get(&id) {
            // A life that has just ended is told nothing any more.
            life.stop.send_replace(Some(stop));
        }
    }

    /// Forgets a task that has ended.
    pub(crate) fn reap(&mut self, id: TaskId) {
        self.lives.remove(&id);
        if !self.ended.contains(&id) {
            if self.ended.len() == MAX_ENDED {
                self.ended.pop_front();
            }
            self.ended.push_back(id);
        }
    }

    /// Removes the containers of those that an earlier agent had begun and that will not be taken
    /// up: they ended while nobody looked after them.
    pub(crate) fn remove_unclaimed(&mut self, is_wanted: impl Fn(TaskId) -> bool) {
        let unclaimed = std::mem::take(&mut self.unclaimed);
        let (wanted, ended) = unclaimed.into_iter().partition(|id| is_wanted(*id));
        self.unclaimed = wanted;
        for id in BTreeSet::<TaskId>::into_iter(ended) {
            self.remove_stray(id);
        }
    }

    /// Looks for containers of this agent of tasks that it does not have: [`Happening::Strays`]
    /// tells all that there are.
    pub(crate) fn look_for_strays(&self) {
        let (engine, marks) = (self.engine.clone(), Arc::clone(&self.marks));
        let happen = self.happen.clone();
        tokio::spawn(async move {
            let mut tasks = engine.own().await.unwrap_or_default();
            tasks.extend(marks.all());
            // The loop has ended, and what it would have done is done by the next.
            let _left = happen.send(Happening::Strays(tasks)).await;
        });
    }

    /// Removes the container of a task that this agent does not have.
    pub(crate) fn remove_stray(&self, id: TaskId) {
        let (engine, marks) = (self.engine.clone(), Arc::clone(&self.marks));
        tokio::spawn(async move {
            tracing::info!(task = %id, "removes a container whose task is gone");
            life::remove(&engine, &marks, id).await;
        });
    }
}
