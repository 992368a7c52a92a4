//! [`ConfigError`]: what is wrong with a configuration, where it stands, and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use edgerm_protocol::resource::DeviceClass;

use super::CredentialProblem;
use crate::devices::ReplayError;

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// On the command line: `--max-task-mem`.
    Flag(String),
    /// In the environment: `EDGERM_AGENT_MAX_TASK_MEM`.
    Environment(String),
    /// In the file, under a key: `max_task_mem`.
    File {
        /// The key, with those of the tables around it.
        key: String,
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Environment(variable) => f.write_str(variable),
            Self::File { key, path } => write!(f, "{key} in {}", path.display()),
        }
    }
}

/// Why there is no configuration, or none that can be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {cause}; name another with --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Containers, where nothing is kept of tasks.
    #[error(
        "containers outlive their agent, which finds them again by its records: let restart be \
         true, or leave docker out"
    )]
    ContainersWithoutRestart,
    /// A declared device that is neither simulated nor a file, or both.
    #[error("{setting} is either simulated or a file: give it simulate or path")]
    SimulatedOrFile {
        /// Which device, in the file.
        setting: Setting,
    },
    /// The file is no TOML, or has a key that means nothing, or a value of a wrong type.
    #[error("{}: {cause}every key is in agent.example.toml", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        cause: Box<toml::de::Error>,
    },
    /// A setting cannot be understood, or is out of its range.
    #[error("{setting} is {value:?}: {wanted}")]
    Value {
        /// Where it stands.
        setting: Setting,
        /// What stands there.
        value: String,
        /// What should.
        wanted: &'static str,
    },
    /// There is no credential to be had.
    #[error("the credential {} cannot be used: {cause}", path.display())]
    Credential {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: CredentialProblem,
    },
    /// A declared device cannot be.
    #[error("the {class} {label:?} cannot be declared: {problem}")]
    Device {
        /// Which way it would work.
        class: DeviceClass,
        /// Its label.
        label: String,
        /// Why not.
        problem: DeviceProblem,
    },
    /// The files of a declared device are no pattern.
    #[error("the path {} of the {class} {label:?} is no pattern: {cause}; write a character that is meant \
             itself in brackets, such as [[] or [*]", path.display())]
    Pattern {
        /// Which way it would work.
        class: DeviceClass,
        /// Its label.
        label: String,
        /// What was given.
        path: PathBuf,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// A recording cannot be read.
    #[error("the sensor {label:?} cannot replay {}: {cause}; name another file in its replay.path", path.display())]
    Recording {
        /// The sensor's label.
        label: String,
        /// The recording.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// A recording has no values to replay.
    #[error("the sensor {label:?} cannot replay {}: {cause}; mend it, or name another column in its replay.column", path.display())]
    Replay {
        /// The sensor's label.
        label: String,
        /// The recording.
        path: PathBuf,
        /// Why not.
        cause: ReplayError,
    },
}

/// Why a device cannot be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceProblem {
    /// Its label is no name.
    #[error("a label is 1 to 32 bytes without control characters: choose another")]
    Label,
    /// Its label is a standard resource's.
    #[error("a resource that is no device has this name: choose another label")]
    Reserved,
    /// Its label is another's, too.
    #[error("another device has this label: choose another")]
    Duplicate,
    /// Its kind is no name.
    #[error("a kind is 1 to 32 bytes without control characters: see docs/resources.md")]
    Kind,
    /// Its kind is one of the other class.
    #[error(
        "its kind is of the other class, sensors being read and actuators written: see docs/resources.md"
    )]
    OtherClass,
}
