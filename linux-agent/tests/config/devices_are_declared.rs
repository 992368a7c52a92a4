//! Devices of the file become devices of the agent, or are refused.

use std::fs;

use edgerm_linux_agent::config::{ActuatorConfig, Config, ConfigError, DeviceProblem};
use edgerm_protocol::resource::{Access, DeviceClass};

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

#[test]
fn each_file_of_a_pattern_is_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let dev = |name: &str| folder.path().join(name);
    for name in ["ttyUSB0", "ttyUSB1", "ttyUSB10", "video0", "x"] {
        fs::write(dev(name), "").unwrap();
    }
    fs::create_dir(dev("ttyUSB2")).unwrap();
    let long = "n".repeat(40);
    fs::write(dev(&long), "").unwrap();
    let table = |class: &str, label: &str, path: &str| {
        let path = dev(path);
        format!("[[{class}]]\nlabel = {label:?}\nkind = 'own'\npath = {path:?}\n")
    };
    let (_file, path) = file(
        &[
            "hwmon = false\niio = false\n".to_owned(),
            table("sensor", "radio", "ttyUSB*"),
            table("sensor", "eye", "video?"),
            table("sensor", "plain", "y"),
            table("actuator", "arm", "[x-z]"),
            table("actuator", "long", "nn*"),
            table("actuator", "none", "can*"),
        ]
        .concat(),
    );
    let config = load(&["--config", &path], &[]).unwrap();
    let devices = config.devices().unwrap();
    // Those that are long end with digits of the path's digest, which are no other path's.
    let labels: Vec<_> = devices.iter().map(|(label, _)| label.to_owned()).collect();
    let cut = labels.iter().find(|label| label.starts_with("long-"));
    let cut = cut.expect("one").clone();
    assert!(
        cut.len() == 32 && cut.starts_with(&format!("long-{}-", "n".repeat(18))),
        "{cut}"
    );
    let expected = [
        ("arm-x", DeviceClass::Actuator, "x"),
        ("eye-video0", DeviceClass::Sensor, "video0"),
        (&cut, DeviceClass::Actuator, &long),
        ("plain", DeviceClass::Sensor, "y"),
        ("radio-ttyUSB0", DeviceClass::Sensor, "ttyUSB0"),
        ("radio-ttyUSB1", DeviceClass::Sensor, "ttyUSB1"),
        ("radio-ttyUSB10", DeviceClass::Sensor, "ttyUSB10"),
    ];
    let found = devices.iter().map(|(label, device)| {
        let path = devices.path(label).unwrap();
        (label, device.description.class, path)
    });
    let expected = expected.map(|(label, class, file)| (label, class, dev(file)));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let missing = [("plain", dev("y")), ("none", dev("can*"))];
    let found: Vec<_> = config.missing_files();
    assert_eq!(
        found,
        missing
            .each_ref()
            .map(|(label, path)| (*label, path.as_path()))
    );
}

#[test]
fn a_file_is_one_device_and_a_declared_one_keeps_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let dev = |name: &str| folder.path().join(name);
    for name in ["tty0", "tty1", "tty2", "tty3"] {
        fs::write(dev(name), "").unwrap();
    }
    std::os::unix::fs::symlink(dev("tty1"), dev("modem")).unwrap();
    let table = |label: &str, path: &str| {
        let path = dev(path);
        format!("[[sensor]]\nlabel = {label:?}\nkind = 'own'\npath = {path:?}\n")
    };
    let (_file, path) = file(
        &[
            "hwmon = false\niio = false\n".to_owned(),
            // Two patterns find the same, and one finds what is declared, by a link too.
            table("any", "tty*"),
            table("again", "tty[0-9]"),
            table("other", "modem"),
            table("any-tty3", "none"),
        ]
        .concat(),
    );
    let devices = load(&["--config", &path], &[]).unwrap().devices().unwrap();
    let found: Vec<_> = devices.iter().map(|(label, _)| label).collect();
    let expected = ["again-tty3", "any-tty0", "any-tty2", "any-tty3", "other"];
    assert_eq!(found, expected);
    assert_eq!(devices.path("any-tty3"), Some(dev("none")));
}

#[test]
fn files_of_one_name_are_told_apart_by_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    let file_of = |bus: &str, number: &str| folder.path().join(bus).join(number);
    for (bus, number) in [("001", "001"), ("001", "002"), ("002", "001")] {
        fs::create_dir_all(folder.path().join(bus)).unwrap();
        fs::write(file_of(bus, number), "").unwrap();
    }
    let pattern = file_of("*", "*");
    let table = format!("[[sensor]]\nlabel = 'usb'\nkind = 'own'\npath = {pattern:?}\n");
    let (_file, path) = file(&format!("hwmon = false\niio = false\n{table}"));
    let devices = load(&["--config", &path], &[]).unwrap().devices().unwrap();
    let found: Vec<_> = devices.iter().map(|(label, _)| label).collect();
    assert_eq!(found, ["usb-001-001", "usb-001-002", "usb-002-001"]);
    assert_eq!(devices.path("usb-002-001"), Some(file_of("002", "001")));
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    let (_file, path) = file("[[sensor]]\nlabel = 'a'\nkind = 'light'\npath = '/dev/tty[0'\n");
    let config = load(&["--config", &path], &[]).unwrap();
    let error = config.devices().unwrap_err();
    assert!(matches!(error, ConfigError::Pattern { .. }), "{error}");
    let told = error.to_string();
    assert!(
        told.contains("\"a\"") && told.contains("/dev/tty[0"),
        "{told}"
    );
}
