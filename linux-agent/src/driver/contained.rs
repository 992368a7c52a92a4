//! Tasks that are containers, and whether there is an engine for them.

use std::path::PathBuf;

use edgerm_agent_core::{Input, TaskExit};
use edgerm_protocol::TaskId;
use edgerm_protocol::api::ContainerTask;
use edgerm_protocol::owned::{AttributeValue, Description};
use edgerm_protocol::standard::{DOCKER, WASM, attributes};

use super::Driver;
use crate::containers::{ContainerEnd, ContainerEvent, Line, Spec};
use crate::usage::Usage;

impl Driver {
    /// Begins a container by what was fetched of it.
    pub(super) fn contain(&mut self, id: TaskId, manifest: &[u8]) {
        let Some(launch) = self.agent.launch(id) else {
            return;
        };
        let labels = || launch.devices.iter();
        let missing = labels().find(|label| self.devices.get(label.as_str()).is_none());
        let missing = missing.map(|label| label.as_str().to_owned());
        let devices: Vec<PathBuf> = labels()
            .filter_map(|label| self.devices.path(label.as_str()))
            .collect();
        let Some(containers) = &mut self.containers else {
            return self.input(Input::TaskStartFailed(id, "this agent runs no containers"));
        };
        match serde_json::from_slice::<ContainerTask>(manifest) {
            Ok(task) => {
                tracing::info!(task = %id, image = task.container.image, "starting a container");
                containers.start(Spec {
                    id,
                    task,
                    devices,
                    missing,
                });
            }
            Err(error) => {
                tracing::warn!(task = %id, %error, "what the master tells of a container is none");
                self.input(Input::TaskStartFailed(
                    id,
                    "this agent does not know such a container: update it",
                ));
            }
        }
    }

    pub(super) fn on_container_event(&mut self, event: ContainerEvent) {
        match event {
            ContainerEvent::Started(id) => self.input(Input::TaskStarted(id)),
            ContainerEvent::NotStarted(id, reason) => {
                tracing::warn!(task = %id, reason, "the container cannot start");
                self.reap_container(id);
                self.input(Input::TaskStartFailed(id, &reason));
            }
            ContainerEvent::Log(
                id,
                Line {
                    level,
                    text,
                    written,
                },
            ) => self.on_line(id, level, &text, written),
            ContainerEvent::Ended(id, end) => {
                let usage = self.containers.as_ref().and_then(|it| it.usage(id));
                if let Some(usage) = usage {
                    self.note_usage(id, usage);
                }
                let Usage {
                    cpu_ms, mem_peak, ..
                } = usage.unwrap_or_default();
                tracing::info!(task = %id, ?end, cpu_ms, mem_peak, "ended");
                self.reap_container(id);
                let exit = match &end {
                    ContainerEnd::Exited(code) => TaskExit::Exited(*code),
                    ContainerEnd::Failed(reason) => TaskExit::Trapped(reason),
                    ContainerEnd::Killed => TaskExit::Killed,
                };
                self.input(Input::TaskExited(id, exit));
            }
        }
    }

    fn reap_container(&mut self, id: TaskId) {
        if let Some(containers) = &mut self.containers {
            containers.reap(id);
        }
    }

    /// The engine answers, or does not any more: the master is told what runs here.
    pub(super) fn on_engine(&mut self, is_there: bool) {
        let mut told = self.description.clone();
        say_executors(&mut told, is_there);
        if told != self.description {
            tracing::info!(is_there, "the container engine");
            self.description = told;
            match self.description.to_bytes() {
                Ok(bytes) => self.input(Input::DescriptionChanged(&bytes)),
                Err(error) => tracing::error!(%error, "cannot tell what runs here"),
            }
        }
        if is_there && let Some(containers) = &self.containers {
            containers.look_for_strays();
        }
    }

    /// Removes the containers of tasks that ended before they were taken up again.
    pub(super) fn remove_unclaimed(&mut self) {
        if let Some(containers) = &mut self.containers {
            let agent = &self.agent;
            containers.remove_unclaimed(|id| agent.launch(id).is_some());
        }
    }

    /// Removes the containers of tasks that ended without them.
    pub(super) fn on_strays(&mut self, tasks: &[TaskId]) {
        let Some(containers) = &self.containers else {
            return;
        };
        // Until the master was heard, whose they are is not settled.
        if self.registered.borrow().is_none() {
            return;
        }
        for id in tasks {
            if self.agent.launch(*id).is_none() && !containers.has(*id) {
                containers.remove_stray(*id);
            }
        }
    }
}

/// Tells whether containers run here, besides modules.
pub(crate) fn say_executors(description: &mut Description, containers: bool) {
    let executors = [WASM].into_iter().chain(containers.then_some(DOCKER));
    let executors = AttributeValue::Texts(executors.map(Into::into).collect());
    let name = attributes::EXECUTORS.to_owned();
    description.attributes.insert(name, executors);
}
