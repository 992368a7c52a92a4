//! What an agent tells of itself.

use edgerm_linux_agent::config::Config;
use edgerm_protocol::owned::{AttributeValue, Value};
use edgerm_protocol::resource::{Access, Range};

use crate::rig::{bare, machine, sensor, text};

#[test]
fn an_agent_is_described_with_its_resources_devices_and_attributes() {
    let config = Config {
        machine: machine(),
        cpus: 500,
        mem: 1 << 20,
        disk: 7,
        ports: vec![Range { start: 1, end: 2 }],
        sensors: vec![sensor("kitchen", "temperature")],
        attributes: [("os", text("zephyr")), ("executors", text("none"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..bare()
    };
    let description = config.describe(&config.devices().unwrap());
    let names: Vec<_> = description
        .resources
        .keys()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["cpus", "disk", "kitchen", "mem", "ports", "tasks"]);
    assert_eq!(description.resources["cpus"], Value::Scalar(500));
    assert_eq!(description.resources["tasks"], Value::Scalar(8));
    let Value::Device(device) = &description.resources["kitchen"] else {
        panic!("a sensor is a device");
    };
    assert_eq!(
        (device.kind.as_str(), device.access),
        ("temperature", Access::Shared)
    );
    let attribute = |name| &description.attributes[name];
    assert_eq!(
        attribute("os"),
        &text("zephyr"),
        "what is set wins over what is seen"
    );
    assert_eq!(attribute("distribution"), &text("debian-12"));
    assert_eq!(attribute("hostname"), &text("greenhouse"));
    assert_eq!(attribute("kernel"), &text("6.1.0-18-arm64"));
    assert_eq!(
        attribute("executors"),
        &AttributeValue::Texts(["wasm".into()].into())
    );
    assert_eq!(attribute("max_task_mem"), &AttributeValue::Number(16 << 20));
    assert_eq!(attribute("max_module"), &AttributeValue::Number(4 << 20));
    let AttributeValue::Texts(features) = attribute("wasm_features") else {
        panic!("features are a list");
    };
    for feature in ["bulk-memory", "floats", "custom-page-sizes"] {
        assert!(features.iter().any(|told| told == feature), "{feature}");
    }
    assert!(!description.to_bytes().unwrap().is_empty());
}

#[test]
fn restart_is_told_by_who_keeps_records_alone() {
    for (restart, told) in [(true, Some(text("reboot"))), (false, None)] {
        let config = Config {
            restart,
            data_dir: "/data".into(),
            attributes: [("restart".to_owned(), text("always"))].into(),
            ..bare()
        };
        let options = config.options().unwrap();
        assert_eq!(options.description.attributes.get("restart"), told.as_ref());
        let folder = restart.then(|| "/data/records".into());
        assert_eq!(options.record_folder, folder);
    }
}
