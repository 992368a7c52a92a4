//! What runs on a cluster: modules and tasks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use edgerm_framework::api::{
    Agent, Constraints, InspectionState, Module, OutputData, Refusal, SendMessage, Task,
};
use edgerm_framework::{ConstraintsExt, Error, Launch, TaskId, TaskState};

use super::Cluster;
use crate::firmware::{PATIENCE, repository};

impl Cluster {
    /// Uploads a module.
    ///
    /// # Panics
    ///
    /// Where the master refuses it.
    #[must_use]
    pub fn upload(&self, wasm: Vec<u8>) -> Module {
        self.wait("the module is admitted", self.client.upload_module(wasm))
    }

    /// Uploads one of `wasm-apps/prebuilt`.
    ///
    /// # Panics
    ///
    /// Where there is none of that name.
    #[must_use]
    pub fn upload_prebuilt(&self, name: &str) -> Module {
        let wasm = std::fs::read(prebuilt(name)).expect("a module of that name");
        self.upload(wasm)
    }

    /// Launches on an offer of `agent` that satisfies `on`, with the devices that it asks for.
    ///
    /// # Panics
    ///
    /// Where that is refused.
    #[must_use]
    pub fn launch(&self, agent: &Agent, on: &Constraints, launch: Launch) -> Task {
        self.wait("the launch", self.try_launch(agent, on, launch))
    }

    /// Why the master refuses a launch on `agent`.
    ///
    /// # Panics
    ///
    /// Where it does not.
    #[must_use]
    pub fn refusal(&self, agent: &Agent, launch: Launch) -> Refusal {
        let anything = Constraints::default();
        let launched = self.try_launch(agent, &anything, launch);
        self.wait("the refusal", async {
            match launched.await {
                Err(Error::Refused { refusal, .. }) => Ok(refusal),
                Err(error) => Err(error),
                Ok(task) => panic!("launched as {}", task.id),
            }
        })
    }

    async fn try_launch(
        &self,
        agent: &Agent,
        on: &Constraints,
        launch: Launch,
    ) -> Result<Task, Error> {
        let on = on.clone().agent(&agent.name);
        let offers = self.scheduler.offers(&on, 1, PATIENCE).await?;
        let offer = offers.first().expect("an offer");
        let devices = on.assign(offer).expect("the devices of an offer");
        let launched = self.scheduler.launch(offer, launch.devices(devices)).await;
        if launched.is_err() {
            // It holds what the next launch wants.
            self.scheduler.decline(offer, Duration::ZERO).await?;
        }
        launched
    }

    /// Whether `agent` has room for another task now.
    ///
    /// # Panics
    ///
    /// Where the master does not answer.
    #[must_use]
    pub fn has_room(&self, agent: &Agent) -> bool {
        let on = Constraints::default().agent(&agent.name);
        let offers = self.wait("offers", self.scheduler.offers(&on, 1, Duration::ZERO));
        for offer in &offers {
            self.wait("decline", self.scheduler.decline(offer, Duration::ZERO));
        }
        !offers.is_empty()
    }

    /// Gives `task` a message.
    ///
    /// # Panics
    ///
    /// Where the master refuses it.
    pub fn send(&self, task: TaskId, text: &str) {
        let message = SendMessage {
            framework: self.scheduler.id(),
            data: OutputData::Text(text.to_owned()),
        };
        self.wait("the message", self.client.send_message(task, &message));
    }

    /// The task once it is in `state`, beyond it, or has ended.
    ///
    /// # Panics
    ///
    /// Where that does not come.
    #[must_use]
    pub fn state(&self, task: TaskId, state: TaskState) -> Task {
        let what = format!("task {task} is {state}");
        self.wait(&what, self.client.wait_for_state(task, state))
    }

    /// The task once it has ended.
    ///
    /// # Panics
    ///
    /// Where that does not come.
    #[must_use]
    pub fn end(&self, task: TaskId) -> Task {
        self.wait("the task ends", self.client.wait_for_end(task))
    }

    /// Kills a task, and waits until it has ended.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub fn kill(&self, task: TaskId) -> Task {
        self.wait("the kill", self.scheduler.kill(task));
        self.end(task)
    }

    /// How many of the lines that `task` has logged its node had no room for, and those that it has.
    ///
    /// # Panics
    ///
    /// Where the node does not tell.
    #[must_use]
    pub fn log(&self, task: TaskId) -> (u32, Vec<String>) {
        let mut follower = self.client.follow_output_and_log(task);
        let kept = self.wait("the log", follower.kept());
        assert_eq!(kept.log, Some(InspectionState::Read));
        let lines = kept.outputs.iter().filter(|output| output.level.is_some());
        let lost = lines.clone().map(|line| line.lost).sum();
        let texts = lines.map(|line| line.data.to_bytes().unwrap_or_default());
        let texts = texts.map(|text| String::from_utf8_lossy(&text).into_owned());
        (lost, texts.collect())
    }

    /// The first `count` outputs that `task` emitted, as text.
    ///
    /// # Panics
    ///
    /// Where so many do not come.
    #[must_use]
    pub fn emitted(&self, task: TaskId, count: usize) -> Vec<String> {
        let mut outputs = self.client.follow_output(task);
        let emitted = async {
            let mut emitted = Vec::new();
            while emitted.len() < count {
                let Some(output) = outputs.next().await? else {
                    break;
                };
                let bytes = output.data.to_bytes().unwrap_or_default();
                emitted.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            Ok(emitted)
        };
        let emitted = self.wait("outputs", emitted);
        assert_eq!(emitted.len(), count, "the task ended after {emitted:?}");
        emitted
    }
}

/// The file of one of `wasm-apps/prebuilt`.
#[must_use]
pub fn prebuilt(name: &str) -> PathBuf {
    repository("wasm-apps/prebuilt").join(Path::new(name).with_extension("wasm"))
}
