//! Configuration as an operator meets it: flags over environment over file over defaults, errors
//! that name the place, and the example that explains every key.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use edgerm_linux_agent::config::{
    ActuatorConfig, Args, Config, ConfigError, DeviceProblem, SensorConfig, Simulation,
};
use edgerm_linux_agent::machine::Machine;
use edgerm_protocol::owned::{AttributeValue, Value};
use edgerm_protocol::resource::{Access, Range};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn machine() -> Machine {
    Machine {
        kernel: "6.1.0-18-arm64".into(),
        hostname: "greenhouse".into(),
        distribution: Some("debian-12".into()),
        cpus: 4000,
        mem: Some(2 << 30),
    }
}

/// What is loaded with these flags, in this environment.
fn load(flags: &[&str], env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let cli = Cli::try_parse_from(["edgerm-agent"].iter().chain(flags)).unwrap();
    let env: BTreeMap<_, _> = env.iter().copied().collect();
    let lookup = |variable: &str| env.get(variable).map(OsString::from);
    Config::load_with(&cli.args, &lookup, machine())
}

/// A file of this text, in a folder that lasts as long as the first part of the pair.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

/// What is loaded from a file of this text alone.
fn load_text(text: &str) -> Result<Config, ConfigError> {
    let (_folder, path) = file(text);
    load(&["--config", &path], &[])
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::Text(text.into())
}

#[test]
fn defaults_are_the_machines() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.name, "greenhouse");
    assert_eq!(config.master, "127.0.0.1:5683");
    assert_eq!(config.cpus, 4000);
    assert_eq!(config.mem, 3 << 29, "a quarter is the system's");
    assert_eq!((config.disk, config.ports.len()), (None, 0));
    assert!(config.hwmon && config.iio);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let (_folder, path) = file(
        "name = 'file'\nmaster = 'file:1'\ncpus = 1.5\nmem = '1GiB'\ndisk = 1000\n\
         ports = '1-3'\nslots = 2\nmax_task_mem = '1MiB'\nmodule_cache = '1MiB'\n\
         ping_period = '1s'\nhwmon = false\niio = false\ndata_dir = '/file'\n\
         [attributes]\nlocation = 'file'\nfloor = 3\n",
    );
    let from_file = load(&["--config", &path], &[]).unwrap();
    let expected = Config {
        name: "file".into(),
        master: "file:1".into(),
        data_dir: "/file".into(),
        cpus: 1500,
        mem: 1 << 30,
        disk: Some(1000),
        ports: vec![Range { start: 1, end: 3 }],
        slots: 2,
        max_task_mem: 1 << 20,
        module_cache: 1 << 20,
        ping_period: Duration::from_secs(1),
        attributes: [
            ("location".to_owned(), text("file")),
            ("floor".to_owned(), AttributeValue::Number(3)),
        ]
        .into(),
        hwmon: false,
        iio: false,
        sensors: Vec::new(),
        actuators: Vec::new(),
        machine: machine(),
    };
    assert_eq!(from_file, expected);

    let env = [
        ("EDGERM_AGENT_CONFIG", path.as_str()),
        ("EDGERM_AGENT_NAME", "env"),
        ("EDGERM_AGENT_MASTER", "env:2"),
        ("EDGERM_AGENT_DATA_DIR", "/env"),
        ("EDGERM_AGENT_CPUS", "2"),
        ("EDGERM_AGENT_MEM", "2GiB"),
        ("EDGERM_AGENT_DISK", "2000"),
        ("EDGERM_AGENT_PORTS", "4"),
        ("EDGERM_AGENT_SLOTS", "3"),
        ("EDGERM_AGENT_MAX_TASK_MEM", "2MiB"),
        ("EDGERM_AGENT_MODULE_CACHE", "2MiB"),
        ("EDGERM_AGENT_PING_PERIOD", "2s"),
        ("EDGERM_AGENT_HWMON", "true"),
        ("EDGERM_AGENT_IIO", "true"),
        (
            "EDGERM_AGENT_ATTRIBUTES",
            "location=env; domain=node.example",
        ),
    ];
    let from_env = load(&[], &env).unwrap();
    let expected = Config {
        name: "env".into(),
        master: "env:2".into(),
        data_dir: "/env".into(),
        cpus: 2000,
        mem: 2 << 30,
        disk: Some(2000),
        ports: vec![Range { start: 4, end: 4 }],
        slots: 3,
        max_task_mem: 2 << 20,
        module_cache: 2 << 20,
        ping_period: Duration::from_secs(2),
        attributes: [
            ("location".to_owned(), text("env")),
            ("domain".to_owned(), text("node.example")),
            ("floor".to_owned(), AttributeValue::Number(3)),
        ]
        .into(),
        hwmon: true,
        iio: true,
        ..expected
    };
    assert_eq!(from_env, expected);

    #[rustfmt::skip]
    let flags = [
        "--name", "flag", "--master", "[::1]:3", "--data-dir", "/flag", "--cpus", "250m",
        "--mem", "3GiB", "--disk", "3000", "--ports", "5", "--slots", "4",
        "--max-task-mem", "3MiB", "--module-cache", "3MiB", "--ping-period", "3s",
        "--hwmon", "false", "--iio", "false", "--attribute", "location=flag",
        "--attribute", "board=pi",
    ];
    let from_flags = load(&flags, &env).unwrap();
    let expected = Config {
        name: "flag".into(),
        master: "[::1]:3".into(),
        data_dir: "/flag".into(),
        cpus: 250,
        mem: 3 << 30,
        disk: Some(3000),
        ports: vec![Range { start: 5, end: 5 }],
        slots: 4,
        max_task_mem: 3 << 20,
        module_cache: 3 << 20,
        ping_period: Duration::from_secs(3),
        attributes: [
            ("location".to_owned(), text("flag")),
            ("domain".to_owned(), text("node.example")),
            ("board".to_owned(), text("pi")),
            ("floor".to_owned(), AttributeValue::Number(3)),
        ]
        .into(),
        hwmon: false,
        iio: false,
        ..expected
    };
    assert_eq!(from_flags, expected);
}

#[test]
fn what_lasts_is_kept_where_systems_expect_it() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("STATE_DIRECTORY", "/s/a:/s/b"), ("HOME", "/h")], "/s/a"),
        (
            &[("XDG_STATE_HOME", "/x"), ("HOME", "/h")],
            "/x/edgerm-agent/greenhouse",
        ),
        (
            &[("XDG_STATE_HOME", "relative"), ("HOME", "/h")],
            "/h/.local/state/edgerm-agent/greenhouse",
        ),
        (&[("HOME", "/h")], "/h/.local/state/edgerm-agent/greenhouse"),
        (
            &[("HOME", ""), ("STATE_DIRECTORY", "")],
            "/var/lib/edgerm-agent/greenhouse",
        ),
        (
            &[("EDGERM_AGENT_NAME", "../a")],
            "/var/lib/edgerm-agent/..-a",
        ),
    ];
    for (env, folder) in cases {
        assert_eq!(
            load(&[], env).unwrap().data_dir,
            Path::new(folder),
            "{env:?}"
        );
    }
}

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
fn an_error_names_the_place_the_value_and_what_to_write() {
    let bytes = "write whole bytes such as 65536, 64KiB, 512MiB or 2GiB";
    let told = |error: ConfigError| error.to_string();
    let error = load(&["--max-task-mem", "8 apples"], &[]).unwrap_err();
    assert_eq!(
        told(error),
        format!("--max-task-mem is \"8 apples\": {bytes}")
    );
    let error = load(&[], &[("EDGERM_AGENT_MEM", "much")]).unwrap_err();
    assert_eq!(
        told(error),
        format!("EDGERM_AGENT_MEM is \"much\": {bytes}")
    );
    let (_folder, path) = file("disk = -1\n");
    let error = load(&["--config", &path], &[]).unwrap_err();
    assert_eq!(told(error), format!("disk in {path} is \"-1\": {bytes}"));
    let sensor = "[[sensor]]\nlabel = 'a'\nkind = 'light'\nsimulate = { constant = 'x' }\n";
    let (_folder, path) = file(sensor);
    let error = told(load(&["--config", &path], &[]).unwrap_err());
    assert!(
        error.contains(&format!("constant of the sensor \"a\" in {path} is \"x\"")),
        "{error}"
    );
    let error = told(load_text("memory = 1\n").unwrap_err());
    assert!(
        error.contains("memory") && error.contains("line 1"),
        "{error}"
    );
    let error = told(load(&["--config", "/nonexistent.toml"], &[]).unwrap_err());
    assert!(
        error.contains("/nonexistent.toml") && error.contains("--config"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let long = "n".repeat(33);
    for (key, values) in [
        ("name", &["", "a\u{7}", &long][..]),
        (
            "master",
            &[
                "host",
                "host:0",
                ":5683",
                "http://host:80",
                "::1:5683",
                "host:70000",
            ],
        ),
        ("slots", &["0", "16", "many"]),
        ("ping_period", &["0s", "5"]),
        ("hwmon", &["yes"]),
        (
            "attribute",
            &["location", "=x", "executors=docker", "max_task_mem=1"],
        ),
    ] {
        for value in values {
            let flag = format!("--{}={value}", key.replace('_', "-"));
            let error = load(&[&flag], &[]).unwrap_err();
            assert!(
                matches!(error, ConfigError::Value { .. }),
                "{flag}: {error}"
            );
        }
    }
    for text in [
        "[attributes]\nexecutors = ['docker']\n",
        "[attributes]\n'' = 1\n",
    ] {
        assert!(
            matches!(load_text(text), Err(ConfigError::Value { .. })),
            "{text}"
        );
    }
    for text in [
        "name = ['a']\n",
        "[attributes]\na = -1\n",
        "[[actuator]]\nlabel = 'a'\nkind = 'led'\n",
    ] {
        assert!(
            matches!(load_text(text), Err(ConfigError::Syntax { .. })),
            "{text}"
        );
    }
}

/// An agent without the devices of the machine that runs the test.
fn bare() -> Config {
    Config {
        hwmon: false,
        iio: false,
        ..Config::new("node", "127.0.0.1:5683")
    }
}

fn sensor(label: &str, kind: &str) -> SensorConfig {
    SensorConfig {
        label: label.into(),
        kind: kind.into(),
        access: Access::Shared,
        simulate: Simulation::Constant(1),
    }
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
fn an_agent_is_described_with_its_resources_devices_and_attributes() {
    let config = Config {
        machine: machine(),
        cpus: 500,
        mem: 1 << 20,
        disk: Some(7),
        ports: vec![Range { start: 1, end: 2 }],
        sensors: vec![sensor("kitchen", "temperature")],
        attributes: [("os", text("zephyr")), ("executors", text("none"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..bare()
    };
    let description = config.describe(&config.devices().unwrap());
    let names: Vec<_> = description.resources.keys().map(String::as_str).collect();
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
        &AttributeValue::Texts(vec!["wasm".into()])
    );
    assert_eq!(attribute("max_task_mem"), &AttributeValue::Number(16 << 20));
    let AttributeValue::Texts(features) = attribute("wasm_features") else {
        panic!("features are a list");
    };
    assert!(features.iter().any(|feature| feature == "bulk-memory"));
    assert!(!description.to_bytes().unwrap().is_empty());
}

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
    assert_eq!(config.sensors[0].simulate, swing);
    assert_eq!(config.sensors[1].simulate, Simulation::Constant(45_250_000));
    assert_eq!(config.sensors[1].access, Access::Shared);
    assert_eq!(config.actuators[0].access, Access::Exclusive);
    let rest = Config {
        attributes: BTreeMap::new(),
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
    assert_eq!(all.sensors.len(), 3, "the replay is a setting, too");
    let fixed = |config: &Config| {
        (
            config.master.clone(),
            (config.slots, config.max_task_mem, config.module_cache),
            (config.ping_period, config.hwmon, config.iio),
        )
    };
    assert_eq!(fixed(&all), fixed(&rest));
    assert!(
        all.disk.is_some() && !all.ports.is_empty(),
        "what the file says is loaded"
    );
}

#[test]
fn the_example_has_every_flag() {
    let example = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/agent.example.toml"));
    let example = example.unwrap();
    let command = <Cli as clap::CommandFactory>::command();
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
