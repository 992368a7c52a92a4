//! Loading without the environment and the machine of whoever runs the tests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use clap::Parser;
use edgerm_linux_agent::config::{Args, Config, ConfigError, Reads, SensorConfig, Simulation};
use edgerm_linux_agent::machine::Machine;
use edgerm_protocol::owned::AttributeValue;
use edgerm_protocol::resource::Access;

#[derive(Parser)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) args: Args,
}

pub(crate) fn machine() -> Machine {
    Machine {
        kernel: "6.1.0-18-arm64".into(),
        hostname: "greenhouse".into(),
        distribution: Some("debian-12".into()),
        cpus: 4000,
        mem: Some(2 << 30),
        disk: None,
    }
}

/// What is loaded with these flags, in this environment.
pub(crate) fn load(flags: &[&str], env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let cli = Cli::try_parse_from(["edgerm-agent"].iter().chain(flags)).unwrap();
    let env: BTreeMap<_, _> = env.iter().copied().collect();
    let lookup = |variable: &str| env.get(variable).map(OsString::from);
    Config::load_with(&cli.args, &lookup, machine())
}

/// A file of this text, in a folder that lasts as long as the first part of the pair.
pub(crate) fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// What is loaded from a file of this text alone.
pub(crate) fn load_text(text: &str) -> Result<Config, ConfigError> {
    let (_folder, path) = file(text);
    load(&["--config", &path], &[])
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::Text(text.into())
}

/// An agent without the devices of the machine that runs the test.
pub(crate) fn bare() -> Config {
    Config {
        hwmon: false,
        iio: false,
        ..Config::new("node", "127.0.0.1:5683")
    }
}

pub(crate) fn sensor(label: &str, kind: &str) -> SensorConfig {
    SensorConfig {
        label: label.into(),
        kind: kind.into(),
        access: Access::Shared,
        reads: Reads::Simulated(Simulation::Constant(1)),
    }
}
