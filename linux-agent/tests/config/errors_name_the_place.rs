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
    let either = "write whole bytes such as 65536, 512MiB or 2GiB, or the path of a folder, from /, \
                  whose filesystem it is";
    assert_eq!(told(error), format!("disk in {path} is \"-1\": {either}"));
    let error = load(&["--disk", "/no/such/folder"], &[]).unwrap_err();
    assert_eq!(
        told(error),
        "--disk is \"/no/such/folder\": name a folder that is there"
    );
    let (_folder, path) = file("[reserve]\nmem = 'half'\n");
    let error = load(&["--config", &path], &[]).unwrap_err();
    assert_eq!(
        told(error),
        format!("reserve.mem in {path} is \"half\": {bytes}")
    );
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
        "[container]\nmount = ['/srv']\n",
    ] {
        assert!(
            matches!(load_text(text), Err(ConfigError::Syntax { .. })),
            "{text}"
        );
    }
    for text in [
        "[[actuator]]\nlabel = 'a'\nkind = 'led'\n",
        "[[actuator]]\nlabel = 'a'\nkind = 'led'\nsimulate = 'memory'\npath = '/dev/led'\n",
        "[[sensor]]\nlabel = 'a'\nkind = 'light'\n",
        "[[sensor]]\nlabel = 'a'\nkind = 'light'\nsimulate = { constant = 1 }\npath = '/dev/a'\n",
    ] {
        let error = load_text(text).unwrap_err();
        assert!(
            matches!(error, ConfigError::SimulatedOrFile { .. }),
            "{text}"
        );
        assert!(error.to_string().contains("\"a\""), "{error}");
    }
}

#[test]
fn a_credential_that_is_no_use_is_refused_and_not_quoted() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    let digits = "01010203ab5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e0707070707070707";
    let said =
        |name: &str, credential: &str| format!("name = {name:?}\ncredential = {credential:?}\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credential");
    let told = |flags: &[&str]| {
        let path = path.to_str().unwrap();
        let config = load(&[&["--credential", path], flags].concat(), &[]).unwrap();
        config.options().map_err(|error| error.to_string())
    };
    let write = |text: &str, mode| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    };
    let missing = told(&[]).unwrap_err();
    assert!(missing.contains("edgerm enroll"), "{missing}");
    write(&said("attic", digits), 0o640);
    let open = told(&[]).unwrap_err();
    assert!(open.contains("640") && open.contains("chmod 600"), "{open}");
    write(&said("attic", digits), 0o600);
    let other = told(&["--name", "cellar"]).unwrap_err();
    assert!(other.contains("\"attic\""), "{other}");
    for (text, what) in [
        (said("attic", &digits[2..]), "28 bytes"),
        (said("attic", &digits.replace('e', "x")), "hexadecimal"),
        (said("attic", &digits.replacen("01", "09", 1)), "form 9"),
        (format!("credential = {digits}"), "enroll"),
        (
            format!("{}secret = {digits:?}", said("attic", digits)),
            "secret",
        ),
    ] {
        write(&text, 0o600);
        let error = told(&[]).unwrap_err();
        assert!(error.contains(what), "{error}");
        assert!(
            !error.contains("5e5e") && !error.contains("5x5x"),
            "{error}"
        );
    }
    write(&said("attic", digits), 0o600);
    let options = told(&[]).unwrap();
    assert_eq!(options.name, "attic", "by the credential");
    assert_eq!(options.credential, Some(digits.parse().unwrap()));
}
