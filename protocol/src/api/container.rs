//! Containers: what a task runs where it runs no WASM module.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::supervision::Duty;
use crate::standard::{DOCKER, attributes};

/// Bytes of what an agent is told of a container at most, as JSON: its [`ContainerTask`].
pub const MAX_CONTAINER: usize = 16 << 10;

/// Bytes of the name of an image at most.
pub const MAX_IMAGE: usize = 255;

/// Bytes of memory of a container at least: what Docker takes.
pub const MIN_CONTAINER_MEM: u64 = 6 << 20;

/// Seconds that a container has to stop before it is killed, unless told: what Docker gives.
pub const DEFAULT_STOP_GRACE: u32 = 10;

/// Processes and threads that a container may have, unless told.
pub const DEFAULT_PIDS: u32 = 512;

/// A container to run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    /// Its image, as `docker pull` takes it, 1 to [`MAX_IMAGE`] bytes.
    pub image: String,
    /// When the image is pulled. Absent: `ifMissing`.
    #[serde(default, skip_serializing_if = "Pull::is_if_missing")]
    pub pull: Pull,
    /// What it runs in the place of the image's entrypoint. Absent: that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// What the entrypoint is given in the place of the image's command. Absent: that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// The folder it begins in. Absent: the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// As whom it runs, `USER` or `UID:GID`. Absent: as the image says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Which network it has. Absent: `bridge`.
    #[serde(default, skip_serializing_if = "Network::is_bridge")]
    pub network: Network,
    /// Ports of the agent that lead to ports of it, where its network is `bridge`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortMapping>,
    /// Folders of the agent that it sees, and folders in memory. None else of the agent's files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Whether it may write to its mounts alone.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub read_only_root: bool,
    /// Capabilities of Linux that it keeps, such as `CHOWN`; it has no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Processes and threads that it may have, 1 or more. Absent: [`DEFAULT_PIDS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
    /// Seconds that it has to stop, from the signal that its image names, before it is killed.
    /// Absent: [`DEFAULT_STOP_GRACE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_grace_s: Option<u32>,
}

impl Container {
    /// A container of this image of which nothing is said that may be left out.
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            pull: Pull::IfMissing,
            entrypoint: None,
            command: None,
            working_dir: None,
            user: None,
            network: Network::Bridge,
            ports: Vec::new(),
            mounts: Vec::new(),
            read_only_root: false,
            capabilities: Vec::new(),
            pids: None,
            stop_grace_s: None,
        }
    }

    /// What it asks of an agent: to run containers at all, and to find them again when the agent
    /// has started anew.
    pub fn duties() -> impl Iterator<Item = Duty> {
        let runs = Duty {
            field: "container",
            attribute: attributes::EXECUTORS,
            value: DOCKER,
        };
        let keeps = Duty {
            field: "container",
            ..Duty::REBOOT
        };
        [runs, keeps].into_iter()
    }
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pull {
    /// Before each start.
    Always,
    /// Where the agent has none of that name.
    #[default]
    IfMissing,
    /// Never: the agent has it, or the task is REJECTED.
    Never,
}

impl Pull {
    /// Whether it is [`Pull::IfMissing`].
    pub const fn is_if_missing(&self) -> bool {
        matches!(self, Self::IfMissing)
    }
}

/// Which network a container has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Network {
    /// One behind the agent's, from which it reaches out; it is reached by its `ports`.
    #[default]
    Bridge,
    /// The agent's own, where its operator allows that.
    Host,
    /// None.
    None,
}

impl Network {
    /// Whether it is [`Network::Bridge`].
    pub const fn is_bridge(&self) -> bool {
        matches!(self, Self::Bridge)
    }
}

/// A port of the agent that leads to one of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortMapping {
    /// The agent's, one of those that the task holds.
    pub host: u16,
    /// The container's, 1 or more.
    pub container: u16,
    /// Absent: `tcp`.
    #[serde(default, skip_serializing_if = "Transport::is_tcp")]
    pub protocol: Transport,
}

/// What ports are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Transport {
    /// RFC 9293.
    #[default]
    Tcp,
    /// RFC 768.
    Udp,
}

impl Transport {
    /// Whether it is [`Transport::Tcp`].
    pub const fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp)
    }

    /// As URIs and Docker have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A folder that a container sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mount {
    /// A folder or file of the agent, by its whole path, that its operator allows. Absent: a
    /// folder in memory, empty at first and gone with the container, which counts to its memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where it is in the container, by its whole path.
    pub target: String,
    /// Whether it cannot be written to.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub read_only: bool,
}

/// What the agent is told of a container besides its launch: the JSON that it fetches in the place
/// of a module, named by its digest as that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerTask {
    /// What the task is called.
    pub name: String,
    /// What is to run.
    pub container: Container,
    /// Thousandths of a core at most; 0: as much as is left over.
    #[serde(default)]
    pub cpus: u64,
    /// Bytes of memory at most; swap there is none.
    pub mem: u64,
    /// Its environment, over the image's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Whether it is started again after a reboot of the machine. It outlives one of the agent
    /// alone in any case.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub restart: bool,
}
