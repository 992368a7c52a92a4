//! The first place that has a setting is followed; what is said nowhere has a default.

use std::path::Path;
use std::time::Duration;

use edgerm_linux_agent::config::{Config, MAX_DISK_RESERVE};
use edgerm_linux_agent::machine::filesystem;
use edgerm_protocol::owned::AttributeValue;
use edgerm_protocol::resource::Range;

use crate::rig::{file, load, load_text, machine, text};

#[test]
fn defaults_are_the_machines() {
    let config = load(&[], &[]).unwrap();
    assert_eq!(config.name, "greenhouse");
    assert_eq!(config.master, "127.0.0.1:5683");
    assert_eq!(config.cpus, 4000);
    assert_eq!(config.mem, 3 << 29, "a quarter is the system's");
    let disk = filesystem(&config.data_dir).unwrap();
    assert!(disk > 0);
    assert_eq!(config.machine.disk, Some(disk));
    assert_eq!(config.disk, disk - (disk / 4).min(MAX_DISK_RESERVE));
    assert!(config.ports.is_empty());
    assert!(config.restart && config.hwmon && config.iio);
}

#[test]
fn tasks_have_what_is_not_reserved_unless_an_amount_is_said() {
    let reserve = "[reserve]\ncpus = 0.5\nmem = '256MiB'\ndisk = '1MiB'\n";
    let (_folder, path) = file(&format!("disk = '/'\n{reserve}"));
    let config = load(&["--config", &path], &[]).unwrap();
    let root = filesystem(Path::new("/")).unwrap();
    assert_eq!(
        (config.cpus, config.mem, config.disk),
        (3500, (2 << 30) - (256 << 20), root - (1 << 20))
    );
    assert_eq!(config.machine.disk, Some(root));
    let flags = ["--cpus", "4", "--mem", "2GiB", "--disk", "0"];
    let config = load(&[&["--config", path.as_str()][..], &flags].concat(), &[]).unwrap();
    assert_eq!((config.cpus, config.mem, config.disk), (4000, 2 << 30, 0));
    let offered = config.describe(&Default::default()).resources;
    assert!(!offered.contains_key("disk"), "{offered:?}");
    let all = "[reserve]\nmem = '3GiB'\n";
    assert_eq!(load_text(all).unwrap().mem, 0);
}

#[test]
fn containers_are_run_where_an_engine_is_named_and_records_are_kept() {
    let (_folder, path) = file(
        "docker = 'docker.sock'\n[container]\nmounts = ['/srv']\ncapabilities = ['NET_RAW']\n\
         host_network = true\n",
    );
    let config = load(&["--config", &path], &[]).unwrap();
    let containers = config.containers.unwrap();
    assert_eq!(
        containers.socket,
        Path::new(&path).with_file_name("docker.sock")
    );
    assert_eq!(containers.mounts, [Path::new("/srv")]);
    assert_eq!(containers.capabilities, ["NET_RAW"]);
    assert!(containers.host_network);
    let refused = load(&["--config", &path, "--restart", "false"], &[]).unwrap_err();
    assert!(
        refused.to_string().contains("let restart be true"),
        "{refused}"
    );
    let env = [("EDGERM_AGENT_DOCKER", "/run/env.sock")];
    let config = load(&[], &env).unwrap();
    assert_eq!(
        config.containers.unwrap().socket,
        Path::new("/run/env.sock")
    );
    assert_eq!(load(&[], &[]).unwrap().containers, None);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let (_folder, path) = file(
        "name = 'file'\nmaster = 'file:1'\ncpus = 1.5\nmem = '1GiB'\ndisk = 1000\n\
         ports = '1-3'\nslots = 2\nmax_task_mem = '1MiB'\nmodule_cache = '1MiB'\n\
         restart = false\nping_period = '1s'\nhwmon = false\niio = false\ndata_dir = '/file'\n\
         credential = 'file.credential'\n\
         [attributes]\nlocation = 'file'\nfloor = 3\n",
    );
    let from_file = load(&["--config", &path], &[]).unwrap();
    let expected = Config {
        name: "file".into(),
        master: "file:1".into(),
        credential: Some(Path::new(&path).with_file_name("file.credential")),
        data_dir: "/file".into(),
        cpus: 1500,
        mem: 1 << 30,
        disk: 1000,
        ports: vec![Range { start: 1, end: 3 }],
        containers: None,
        slots: 2,
        max_task_mem: 1 << 20,
        module_cache: 1 << 20,
        restart: false,
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
        ("EDGERM_AGENT_CREDENTIAL", "/env.credential"),
        ("EDGERM_AGENT_DATA_DIR", "/env"),
        ("EDGERM_AGENT_CPUS", "2"),
        ("EDGERM_AGENT_MEM", "2GiB"),
        ("EDGERM_AGENT_DISK", "2000"),
        ("EDGERM_AGENT_PORTS", "4"),
        ("EDGERM_AGENT_SLOTS", "3"),
        ("EDGERM_AGENT_MAX_TASK_MEM", "2MiB"),
        ("EDGERM_AGENT_MODULE_CACHE", "2MiB"),
        ("EDGERM_AGENT_RESTART", "true"),
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
        credential: Some("/env.credential".into()),
        data_dir: "/env".into(),
        cpus: 2000,
        mem: 2 << 30,
        disk: 2000,
        ports: vec![Range { start: 4, end: 4 }],
        slots: 3,
        max_task_mem: 2 << 20,
        module_cache: 2 << 20,
        restart: true,
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
        "--max-task-mem", "3MiB", "--module-cache", "3MiB", "--restart", "false",
        "--ping-period", "3s", "--hwmon", "false", "--iio", "false", "--attribute", "location=flag",
        "--attribute", "board=pi", "--credential", "/flag.credential",
    ];
    let from_flags = load(&flags, &env).unwrap();
    let expected = Config {
        name: "flag".into(),
        master: "[::1]:3".into(),
        credential: Some("/flag.credential".into()),
        data_dir: "/flag".into(),
        cpus: 250,
        mem: 3 << 30,
        disk: 3000,
        ports: vec![Range { start: 5, end: 5 }],
        slots: 4,
        max_task_mem: 3 << 20,
        module_cache: 3 << 20,
        restart: false,
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
