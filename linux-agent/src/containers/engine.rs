//! The engine's calls.
//!
//! Each call connects anew: the engine may have been away, or be another version now. Containers
//! are named by their task, and looked at by their labels: one of that name without them is
//! somebody else's.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStatsResponse, EventMessage,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, EventsOptionsBuilder,
    ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StatsOptionsBuilder, StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use edgerm_protocol::TaskId;
use futures_util::{Stream, StreamExt, TryStreamExt};

/// The label with the name of the agent whose a container is, for people.
pub(super) const AGENT: &str = "edgerm.agent";

/// The label with what no other agent has: whose a container is.
pub(super) const OWNER: &str = "edgerm.owner";

/// The label with the id of the task that a container is.
pub(super) const TASK: &str = "edgerm.task";

/// The label with what the task is called, for people.
pub(super) const NAME: &str = "edgerm.task-name";

/// Seconds until an engine that took a call is held not to answer. A pull tells of its progress,
/// and a wait and the events have begun when their head has come.
const PATIENCE: u64 = 120;

/// How long a container that somebody else removes takes for that at most.
const REMOVAL: Duration = Duration::from_secs(30);

/// Why the engine has not done something.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// It is not there, or does not answer.
    #[error("the container engine does not answer: {0}")]
    Away(Error),
    /// It has no such container, image or network.
    #[error("{0}")]
    NotFound(String),
    /// It does not want to.
    #[error("{0}")]
    Refused(String),
    /// There is a container of the task's name, which is not this agent's.
    #[error("a container of that name is somebody else's")]
    NotOurs,
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        if let Error::DockerResponseServerError {
            status_code: 404,
            message: said,
        } = error
        {
            return Self::NotFound(said);
        }
        if let Error::DockerResponseServerError { message: said, .. }
        | Error::DockerStreamError { error: said } = error
        {
            return Self::Refused(said);
        }
        Self::Away(error)
    }
}

/// What a container is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was made and has not run.
    Created,
    /// It runs.
    Running,
    /// It has ended.
    Exited {
        /// With this.
        code: i64,
        /// Because it wanted more memory than it may have.
        out_of_memory: bool,
        /// What the engine says of it, where it does.
        error: String,
    },
}

/// The way to the engine. Its clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    socket: PathBuf,
    agent: String,
    owner: String,
}

impl Engine {
    /// The engine behind `socket`, for the containers of the agent called `agent`, which `owner`
    /// tells from all others.
    pub(super) fn new(socket: &Path, agent: &str, owner: &str) -> Self {
        Self(Arc::new(Inner {
            socket: socket.to_owned(),
            agent: agent.to_owned(),
            owner: owner.to_owned(),
        }))
    }

    /// A connection, with the version that both speak.
    pub(super) async fn connect(&self) -> Result<Docker, EngineError> {
        let socket = self.0.socket.to_string_lossy();
        let docker = Docker::connect_with_unix(&socket, PATIENCE, API_DEFAULT_VERSION)?;
        Ok(docker.negotiate_version().await?)
    }

    /// Whose a container of this task is, for its labels.
    pub(super) fn labels(&self, id: TaskId, name: &str) -> HashMap<String, String> {
        [
            (AGENT, self.0.agent.clone()),
            (OWNER, self.0.owner.clone()),
            (TASK, id.to_string()),
            (NAME, name.to_owned()),
        ]
        .map(|(label, value)| (label.to_owned(), value))
        .into()
    }

    /// Whether there is an image of this name.
    pub(super) async fn has_image(&self, image: &str) -> Result<bool, EngineError> {
        match self.connect().await?.inspect_image(image).await {
            Ok(_) => Ok(true),
            Err(error) => match error.into() {
                EngineError::NotFound(_) => Ok(false),
                error @ (EngineError::Away(_) | EngineError::Refused(_) | EngineError::NotOurs) => {
                    Err(error)
                }
            },
        }
    }

    /// Pulls an image, and tells `progress` what the engine tells of it.
    pub(super) async fn pull(
        &self,
        image: &str,
        mut progress: impl FnMut(&str),
    ) -> Result<(), EngineError> {
        let (name, tag) = name_and_tag(image);
        let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag);
        let docker = self.connect().await?;
        let mut pulled = docker.create_image(Some(options.build()), None, None);
        while let Some(told) = pulled.try_next().await? {
            if let Some(fault) = told.error_detail.and_then(|detail| detail.message) {
                return Err(EngineError::Refused(fault));
            }
            if let (None, Some(status)) = (told.progress_detail, told.status) {
                progress(&status);
            }
        }
        Ok(())
    }

    /// Makes the container of a task.
    pub(super) async fn create(
        &self,
        id: TaskId,
        body: ContainerCreateBody,
    ) -> Result<(), EngineError> {
        let options = CreateContainerOptionsBuilder::new().name(&name(id)).build();
        let docker = self.connect().await?;
        docker.create_container(Some(options), body).await?;
        Ok(())
    }

    /// Starts the container of a task.
    pub(super) async fn start(&self, id: TaskId) -> Result<(), EngineError> {
        let docker = self.connect().await?;
        Ok(docker.start_container(&name(id), None).await?)
    }

    /// What the container of a task is at.
    pub(super) async fn standing(&self, id: TaskId) -> Result<Standing, EngineError> {
        let found = self.inspect(id).await?;
        let state = found.state.unwrap_or_default();
        if state.running == Some(true) || state.restarting == Some(true) {
            return Ok(Standing::Running);
        }
        let was_started = state.started_at.is_some_and(|at| !at.starts_with("0001"));
        let error = state.error.unwrap_or_default();
        if !was_started && error.is_empty() {
            return Ok(Standing::Created);
        }
        Ok(Standing::Exited {
            code: state.exit_code.unwrap_or(-1),
            out_of_memory: state.oom_killed == Some(true),
            error,
        })
    }

    async fn inspect(&self, id: TaskId) -> Result<ContainerInspectResponse, EngineError> {
        let docker = self.connect().await?;
        let found = docker.inspect_container(&name(id), None).await?;
        let labels = found.config.as_ref().and_then(|it| it.labels.as_ref());
        let owner = labels.and_then(|labels| labels.get(OWNER));
        match owner == Some(&self.0.owner) {
            true => Ok(found),
            false => Err(EngineError::NotOurs),
        }
    }

    /// The engine's own name of the container of a task, which is never another's.
    pub(super) async fn own_name(&self, id: TaskId) -> Result<String, EngineError> {
        self.inspect(id)
            .await?
            .id
            .ok_or_else(|| EngineError::NotFound("it has no name".to_owned()))
    }

    /// What a container uses now, by the engine's own name of it.
    pub(super) async fn stats(
        &self,
        own_name: &str,
    ) -> Result<ContainerStatsResponse, EngineError> {
        let options = StatsOptionsBuilder::new().stream(false).one_shot(true);
        let docker = self.connect().await?;
        let mut told = Box::pin(docker.stats(own_name, Some(options.build())));
        Ok(told.try_next().await?.unwrap_or_default())
    }

    /// Waits until the container of a task has ended.
    pub(super) async fn wait(&self, id: TaskId) -> Result<(), EngineError> {
        let docker = self.connect().await?;
        let mut waited = Box::pin(docker.wait_container(&name(id), None));
        match waited.next().await {
            // Whatever its code is: that is looked at afterwards.
            Some(Ok(_) | Err(Error::DockerContainerWaitError { .. })) => Ok(()),
            Some(Err(error)) => Err(error.into()),
            None => Err(EngineError::Away(Error::RequestTimeoutError)),
        }
    }

    /// Asks the container of a task to end, and kills it after `grace` seconds.
    pub(super) async fn stop(&self, id: TaskId, grace: u32) -> Result<(), EngineError> {
        self.inspect(id).await?;
        let grace = i32::try_from(grace).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(grace).build();
        // The answer comes when the container has ended.
        let patience = PATIENCE.saturating_add(u64::try_from(grace).unwrap_or(0));
        let docker = self.connect().await?;
        let docker = docker.with_timeout(Duration::from_secs(patience));
        Ok(docker.stop_container(&name(id), Some(options)).await?)
    }

    /// Removes the container of a task, whatever it is at. One that is not there is removed.
    pub(super) async fn remove(&self, id: TaskId) -> Result<(), EngineError> {
        match self.inspect(id).await {
            Ok(_) => {}
            Err(EngineError::NotFound(_) | EngineError::NotOurs) => return Ok(()),
            Err(error) => return Err(error),
        }
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true);
        let docker = self.connect().await?;
        let name = name(id);
        let removed = docker.remove_container(&name, Some(options.build()));
        match removed.await.map_err(EngineError::from) {
            Err(EngineError::NotFound(_)) => Ok(()),
            // Somebody else is about to remove it, or it cannot be.
            Err(EngineError::Refused(said)) => {
                let removed = tokio::time::timeout(REMOVAL, self.removed(id)).await;
                removed.unwrap_or(Err(EngineError::Refused(said)))
            }
            removed => removed,
        }
    }

    /// Waits until the container of a task is gone.
    async fn removed(&self, id: TaskId) -> Result<(), EngineError> {
        let options = WaitContainerOptionsBuilder::new().condition("removed");
        let docker = self.connect().await?;
        let mut waited = Box::pin(docker.wait_container(&name(id), Some(options.build())));
        match waited.next().await {
            Some(Ok(_) | Err(Error::DockerContainerWaitError { .. })) | None => Ok(()),
            Some(Err(error)) => match error.into() {
                EngineError::NotFound(_) => Ok(()),
                error @ (EngineError::Away(_) | EngineError::Refused(_) | EngineError::NotOurs) => {
                    Err(error)
                }
            },
        }
    }

    /// What the container of a task writes, with the time of each line before it, from this
    /// second since the Unix epoch on, until it has ended.
    pub(super) async fn logs(
        &self,
        id: TaskId,
        since: i32,
    ) -> Result<impl Stream<Item = Result<LogOutput, Error>> + use<>, EngineError> {
        let options = LogsOptionsBuilder::new()
            .follow(true)
            .stdout(true)
            .stderr(true)
            .timestamps(true)
            .since(since);
        let docker = self.connect().await?;
        Ok(docker.logs(&name(id), Some(options.build())))
    }

    /// The tasks that have a container of this agent.
    pub(super) async fn own(&self) -> Result<Vec<TaskId>, EngineError> {
        let label = format!("{OWNER}={}", self.0.owner);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&HashMap::from([("label", vec![label.as_str()])]))
            .build();
        let found = self.connect().await?.list_containers(Some(options)).await?;
        let task = |labels: HashMap<String, String>| labels.get(TASK)?.parse().ok();
        let labels = found.into_iter().filter_map(|container| container.labels);
        Ok(labels.filter_map(task).collect())
    }

    /// Events of this agent's containers; it ends when the engine does.
    pub(super) async fn events(
        &self,
    ) -> Result<impl Stream<Item = Result<EventMessage, Error>> + use<>, EngineError> {
        let label = format!("{OWNER}={}", self.0.owner);
        let options = EventsOptionsBuilder::new()
            .filters(&HashMap::from([("label", vec![label.as_str()])]))
            .build();
        Ok(self.connect().await?.events(Some(options)))
    }
}

/// What the container of a task is called.
fn name(id: TaskId) -> String {
    format!("edgerm-{id}")
}

/// An image's name without its tag, and that: `latest` where none is told, and a digest stays
/// with the name.
fn name_and_tag(image: &str) -> (&str, &str) {
    if image.contains('@') {
        return (image, "");
    }
    match image.rsplit_once(':') {
        // A colon before the last slash is of a registry's port.
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        Some(_) | None => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_of_its_latest_tag_unless_told() {
        let cases = [
            ("busybox", ("busybox", "latest")),
            ("busybox:1.36", ("busybox", "1.36")),
            ("localhost:5000/it", ("localhost:5000/it", "latest")),
            ("localhost:5000/it:2", ("localhost:5000/it", "2")),
            ("it@sha256:00", ("it@sha256:00", "")),
        ];
        for (image, expected) in cases {
            assert_eq!(name_and_tag(image), expected, "{image}");
        }
    }
}
