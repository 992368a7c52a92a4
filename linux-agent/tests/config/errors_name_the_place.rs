//! What cannot be followed is refused by its place, its value and what to write.

use edgerm_linux_agent::config::ConfigError;

use crate::rig::{file, load, load_text};

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
        ("restart", &["reboot"]),
        ("hwmon", &["yes"]),
        (
            "attribute",
            &[
                "location",
                "=x",
                "executors=docker",
                "max_task_mem=1",
                "max_module=1",
                "restart=reboot",
            ],
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
