//! `agent.example.toml` is loaded, has every key, and says the defaults that are.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory;
use edgerm_linux_agent::config::{Config, Reads, Simulation};
use edgerm_linux_agent::containers::ContainersConfig;
use edgerm_protocol::owned::Attributes;
use edgerm_protocol::resource::Access;

use crate::rig::{Cli, load, load_text};

#[test]
fn the_example_is_loaded_and_its_comments_have_the_defaults() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("agent.example.toml");
    let config = load(&["--config", path.to_str().unwrap()], &[]).unwrap();
    assert_eq!((config.sensors.len(), config.actuators.len()), (2, 1));
    let swing = Simulation::Sine {
        mean: 21_500_000,
        amplitude: 4_000_000,
        period: Duration::from_secs(60),
    };
    assert_eq!(config.sensors[0].reads, Reads::Simulated(swing));
    let constant = Simulation::Constant(45_250_000);
    assert_eq!(config.sensors[1].reads, Reads::Simulated(constant));
    assert_eq!(config.sensors[1].access, Access::Shared);
    assert_eq!(config.actuators[0].access, Access::Exclusive);
    let rest = Config {
        attributes: Attributes::new(),
        sensors: Vec::new(),
        actuators: Vec::new(),
        ..config.clone()
    };
    assert_eq!(
        rest,
        load(&[], &[]).unwrap(),
        "the example sets nothing else"
    );
    let devices = Config {
        hwmon: false,
        iio: false,
        ..config
    }
    .devices()
    .unwrap();
    assert_eq!(devices.iter().count(), 3);

    // The same with every commented setting: those with a default of their own keep it.
    let example = fs::read_to_string(&path).unwrap();
    let setting = |line: &str| {
        let line = line.strip_prefix('#')?;
        line.starts_with(|first: char| first.is_ascii_lowercase() || first == '[')
            .then(|| line.to_owned())
    };
    let lines = example
        .lines()
        .map(|line| setting(line).unwrap_or_else(|| line.to_owned()));
    let all = load_text(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    assert_eq!(
        all.sensors.len(),
        4,
        "the files and the replay are settings, too"
    );
    let containers = all.containers.as_ref().unwrap();
    assert_eq!(containers.socket, ContainersConfig::default().socket);
    assert_eq!(
        (containers.mounts.len(), containers.host_network),
        (1, false)
    );
    let fixed = |config: &Config| {
        (
            config.master.clone(),
            (config.slots, config.max_task_mem, config.module_cache),
            (config.restart, config.ping_period),
            (config.hwmon, config.iio),
        )
    };
    assert_eq!(fixed(&all), fixed(&rest));
    assert!(
        all.disk == 2 << 30 && !all.ports.is_empty(),
        "what the file says is loaded"
    );
}

#[test]
fn the_example_has_every_flag() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/agent.example.toml"));
    let example = example.unwrap();
    let command = Cli::command();
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let key = match id {
            "attributes" => "[attributes]".to_owned(),
            "config" => "--config".to_owned(),
            other => format!("#{other} = "),
        };
        assert!(example.contains(&key), "{id}");
    }
}
