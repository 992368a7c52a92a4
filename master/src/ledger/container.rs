//! Containers: what a launch may say of one, and what its agent fetches of it.

use std::collections::BTreeSet;

use edgerm_protocol::ModuleId;
use edgerm_protocol::api::{
    Container, ContainerTask, LaunchTask, MAX_CONTAINER, MAX_IMAGE, MIN_CONTAINER_MEM, Mount,
    Network,
};
use sha2::{Digest, Sha256};

use super::{Runs, Task};
use crate::variants::Blob;

/// The rule that a container breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerFault {
    /// A task of both a module and a container, or of neither.
    #[error("a task runs either a module or a container: give the one or the other")]
    NotOne,
    /// The name of the image is none.
    #[error(
        "an image is named in 1 to {MAX_IMAGE} characters without spaces, such as busybox:1.36 or \
         registry.example/group/name@sha256:DIGEST"
    )]
    Image,
    /// Permissions, which are of the host API of modules.
    #[error("permissions are of modules: leave them out; a container has capabilities")]
    Permissions,
    /// Less memory than an engine takes; 0 would be no limit to it.
    #[error(
        "{0} bytes of mem are less than the {MIN_CONTAINER_MEM} that a container has at least: say \
         resources.mem"
    )]
    Memory(u64),
    /// No process at all.
    #[error("a container without processes runs nothing: leave pids out, or give it 1 or more")]
    Pids,
    /// A port of the agent that the task does not hold.
    #[error("the task does not hold port {port}: list it in resources.ports")]
    PortNotHeld {
        /// Its place in the list, from 0.
        at: usize,
        /// Which.
        port: u16,
    },
    /// Port 0 of the container.
    #[error("a container has no port 0")]
    PortZero {
        /// Its place in the list, from 0.
        at: usize,
    },
    /// Ports that lead nowhere.
    #[error("ports lead into a network of its own: leave them out, or let network be bridge")]
    PortsWithoutBridge,
    /// A path that is not a whole one, or one twice.
    #[error(
        "a mount's path begins with / and has neither .. nor : in it, and no two have one target"
    )]
    Mount {
        /// Its place in the list, from 0.
        at: usize,
        /// `source` or `target`.
        end: &'static str,
    },
    /// A capability by a name that Linux cannot have.
    #[error("a capability is named in capitals, such as NET_BIND_SERVICE")]
    Capability {
        /// Its place in the list, from 0.
        at: usize,
    },
    /// A text with a zero byte in it, or a variable whose name is none.
    #[error(
        "the name of a variable has neither = nor a zero byte in it, and no text has the latter"
    )]
    Text {
        /// Which field.
        field: &'static str,
    },
    /// More than an agent takes of a container.
    #[error(
        "what its agent is told of the container has {0} bytes, at most {MAX_CONTAINER} may be: \
         shorten the command or the environment"
    )]
    TooLong(usize),
}

impl ContainerFault {
    /// The field of the task that it is about.
    pub(crate) fn field(&self) -> String {
        match self {
            Self::NotOne => ".container".to_owned(),
            Self::Image => ".container.image".to_owned(),
            Self::Permissions => ".permissions".to_owned(),
            Self::Memory(_) => ".resources.mem".to_owned(),
            Self::Pids => ".container.pids".to_owned(),
            Self::PortNotHeld { at, .. } => format!(".container.ports[{at}].host"),
            Self::PortZero { at } => format!(".container.ports[{at}].container"),
            Self::PortsWithoutBridge => ".container.ports".to_owned(),
            Self::Mount { at, end } => format!(".container.mounts[{at}].{end}"),
            Self::Capability { at } => format!(".container.capabilities[{at}]"),
            Self::Text { field } => format!(".{field}"),
            Self::TooLong(_) => ".container".to_owned(),
        }
    }

    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::NotOne => "moduleOrContainer",
            Self::TooLong(_) => "launchTooLarge",
            Self::PortNotHeld { .. } => "portNotHeld",
            Self::Memory(_) => "tooLittleMemory",
            Self::Image
            | Self::Permissions
            | Self::Pids
            | Self::PortZero { .. }
            | Self::PortsWithoutBridge
            | Self::Mount { .. }
            | Self::Capability { .. }
            | Self::Text { .. } => "badContainer",
        }
    }
}

/// Holds what is said of a container to what can be one.
pub(super) fn check(asked: &LaunchTask, container: &Container) -> Result<(), ContainerFault> {
    let image = &container.image;
    let strange = |text: &str| text.contains(|c: char| c.is_whitespace() || c.is_control());
    if image.is_empty() || image.len() > MAX_IMAGE || strange(image) {
        return Err(ContainerFault::Image);
    }
    if asked.permissions.is_some() {
        return Err(ContainerFault::Permissions);
    }
    if asked.resources.mem < MIN_CONTAINER_MEM {
        return Err(ContainerFault::Memory(asked.resources.mem));
    }
    if container.pids == Some(0) {
        return Err(ContainerFault::Pids);
    }
    check_texts(asked, container)?;
    check_ports(asked, container)?;
    let mut targets = BTreeSet::new();
    for (at, mount) in container.mounts.iter().enumerate() {
        let Mount { source, target, .. } = mount;
        if source.as_deref().is_some_and(|path| !is_whole(path)) {
            return Err(ContainerFault::Mount { at, end: "source" });
        }
        if !is_whole(target) || target == "/" || !targets.insert(target) {
            return Err(ContainerFault::Mount { at, end: "target" });
        }
    }
    let is_name = |name: &String| {
        let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(letter)
    };
    match container
        .capabilities
        .iter()
        .position(|name| !is_name(name))
    {
        Some(at) => Err(ContainerFault::Capability { at }),
        None => Ok(()),
    }
}

/// Whether a path is the whole one, and one that Docker does not take for several.
fn is_whole(path: &str) -> bool {
    let strange = |c: char| c == ':' || c.is_control();
    path.starts_with('/') && !path.contains(strange) && !path.split('/').any(|part| part == "..")
}

fn check_texts(asked: &LaunchTask, container: &Container) -> Result<(), ContainerFault> {
    let has_zero = |text: &str| text.contains('\0');
    let lists = [
        ("container.entrypoint", container.entrypoint.as_ref()),
        ("container.command", container.command.as_ref()),
    ];
    for (field, list) in lists {
        if list.into_iter().flatten().any(|text| has_zero(text)) {
            return Err(ContainerFault::Text { field });
        }
    }
    let single = [
        ("container.workingDir", container.working_dir.as_deref()),
        ("container.user", container.user.as_deref()),
    ];
    for (field, text) in single {
        if text.is_some_and(has_zero) {
            return Err(ContainerFault::Text { field });
        }
    }
    let odd = |(key, value): (&String, &String)| {
        key.is_empty() || key.contains(['=', '\0']) || has_zero(value)
    };
    match asked.env.iter().any(odd) {
        true => Err(ContainerFault::Text { field: "env" }),
        false => Ok(()),
    }
}

fn check_ports(asked: &LaunchTask, container: &Container) -> Result<(), ContainerFault> {
    if !container.ports.is_empty() && container.network != Network::Bridge {
        return Err(ContainerFault::PortsWithoutBridge);
    }
    for (at, mapping) in container.ports.iter().enumerate() {
        if !asked.resources.ports.contains(&mapping.host) {
            let port = mapping.host;
            return Err(ContainerFault::PortNotHeld { at, port });
        }
        if mapping.container == 0 {
            return Err(ContainerFault::PortZero { at });
        }
    }
    Ok(())
}

impl Task {
    /// What its agent fetches where it runs a container. It is made anew each time, of what does
    /// not change while the task lives.
    pub fn manifest(&self) -> Option<Vec<u8>> {
        let Runs::Container(container) = &self.runs else {
            return None;
        };
        let manifest = ContainerTask {
            name: self.name.as_str().to_owned(),
            container: Container::clone(container),
            cpus: self.asked.cpus,
            mem: self.asked.mem,
            env: self.env.clone(),
            restart: self.restart.is_after_reboot(),
        };
        // Texts and numbers alone: always JSON.
        serde_json::to_vec(&manifest).ok()
    }

    /// Names what its agent fetches, where that is no module.
    pub(super) fn name_manifest(&mut self) -> Result<(), ContainerFault> {
        let Some(manifest) = self.manifest() else {
            return Ok(());
        };
        let size = manifest.len();
        if size > MAX_CONTAINER {
            return Err(ContainerFault::TooLong(size));
        }
        self.blob = Blob {
            id: ModuleId(Sha256::digest(&manifest).into()),
            size: u32::try_from(size).unwrap_or(u32::MAX),
        };
        Ok(())
    }
}
