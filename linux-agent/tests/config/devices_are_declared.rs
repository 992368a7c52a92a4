//! Devices of the file become devices of the agent, or are refused.

use std::fs;

use edgerm_linux_agent::config::{ActuatorConfig, Config, ConfigError, DeviceProblem};
use edgerm_protocol::resource::Access;

use crate::rig::{bare, file, load, sensor};

#[test]
fn paths_of_a_file_begin_at_its_folder() {
    let (folder, path) = file(
        "data_dir = 'state'\n[[sensor]]\nlabel = 'a'\nkind = 'light'\n\
         simulate = { replay = { path = 'light.csv' } }\n",
    );
    let config = load(&["--config", &path, "--hwmon=false", "--iio=false"], &[]).unwrap();
    assert_eq!(config.data_dir, folder.path().join("state"));
    assert!(matches!(
        config.devices(),
        Err(ConfigError::Recording { .. })
    ));
    fs::write(folder.path().join("light.csv"), "lux\n").unwrap();
    assert!(matches!(config.devices(), Err(ConfigError::Replay { .. })));
    fs::write(folder.path().join("light.csv"), "lux\n120.5\n").unwrap();
    let devices = config.devices().unwrap();
    assert_eq!(
        devices.get("a").unwrap().read().unwrap().unwrap(),
        120_500_000
    );
}

#[test]
fn a_device_that_cannot_be_is_refused() {
    let problem = |config: &Config| match config.devices() {
        Err(ConfigError::Device { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    for (sensors, expected) in [
        (vec![sensor("", "light")], DeviceProblem::Label),
        (vec![sensor("cpus", "light")], DeviceProblem::Reserved),
        (
            vec![sensor("a", "light"), sensor("a", "light")],
            DeviceProblem::Duplicate,
        ),
        (vec![sensor("a", "")], DeviceProblem::Kind),
        (vec![sensor("a", "led")], DeviceProblem::OtherClass),
    ] {
        assert_eq!(problem(&Config { sensors, ..bare() }), expected);
    }
    let motor = ActuatorConfig {
        label: "a".into(),
        kind: "temperature".into(),
        access: Access::Exclusive,
        path: None,
    };
    let config = Config {
        actuators: vec![motor],
        ..bare()
    };
    assert_eq!(problem(&config), DeviceProblem::OtherClass);
    let own = Config {
        sensors: vec![sensor("a", "a kind of one's own")],
        ..bare()
    };
    assert!(own.devices().is_ok());
}
