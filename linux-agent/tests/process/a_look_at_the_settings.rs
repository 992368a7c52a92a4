//! `edgerm-agent --check` tells what would be offered, and ends with 1 where something is wrong.

use std::fs;
use std::process::{Command, Output};

use edgerm_linux_agent::machine::Machine;

fn check(config: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.toml");
    fs::write(&path, format!("hwmon = false\niio = false\n{config}")).unwrap();
    let told = Command::new(env!("CARGO_BIN_EXE_edgerm-agent"))
        .arg("--check")
        .arg("--config")
        .arg(&path)
        .arg("--data-dir")
        .arg(folder.path().join("state"))
        .args(arguments)
        .env("EDGERM_LOG", "off")
        .output()
        .unwrap();
    let Output { status, stdout, .. } = told;
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn what_would_be_offered_is_told() {
    let config = "name = 'attic'\ncpus = 1\nmem = '1MiB'\nports = '8000-8001'\n\
                  [[sensor]]\nlabel = 't'\nkind = 'temperature'\nsimulate = { constant = 1 }\n";
    let (code, told) = check(config, &[]);
    assert_eq!(code, Some(0), "{told}");
    let has = |name: &str, value: &str| {
        let words = |line: &str| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let mut lines = told.lines().map(words);
        let wanted = words(&format!("{name} {value}"));
        assert!(lines.any(|line| line == wanted), "{name} {value}: {told}");
    };
    let machine = Machine::this();
    has("cpus", &format!("1000 of {}", machine.cpus));
    has("mem", &format!("1048576 of {}", machine.mem.unwrap()));
    let disk = told.lines().find(|line| line.starts_with("  disk "));
    assert!(disk.is_some_and(|line| line.contains(" of ")), "{told}");
    has("ports", "8000-8001");
    has("t", "temperature sensor, shared");
    has("executors", "wasm");
    assert!(told.ends_with("nothing is wrong\n"), "{told}");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let config = "docker = 'no.sock'\nmaster = 'nowhere.invalid:1'\n\
                  [container]\nmounts = ['/nowhere/at/all']\n";
    let (code, told) = check(config, &[]);
    assert_eq!(code, Some(1), "{told}");
    let wrong: Vec<_> = told
        .lines()
        .filter(|line| line.starts_with("wrong: "))
        .collect();
    assert_eq!(wrong.len(), 3, "{told}");
    for text in ["nowhere.invalid:1", "no.sock", "/nowhere/at/all"] {
        assert!(
            wrong.iter().any(|line| line.contains(text)),
            "{text}: {told}"
        );
    }
    let config = "mem = '1024TiB'\n[reserve]\ncpus = 1000000\ndisk = '1024TiB'\n\
                  [[sensor]]\nlabel = 'radio'\nkind = 'own'\npath = '/dev/no-such-radio*'\n";
    let (code, told) = check(config, &[]);
    assert_eq!(code, Some(1), "{told}");
    for text in [
        "1125899906842624 of mem is more than",
        "nothing of cpus is left for tasks",
        "nothing of disk is left for tasks",
        "/dev/no-such-radio*, the device \"radio\"",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
    let config = "docker = 'no.sock'\n[reserve]\nmem = '1024TiB'\n";
    let (_, told) = check(config, &[]);
    assert!(told.contains("nothing of mem is left for tasks"), "{told}");
    let (code, told) = check("", &["--credential", "/nowhere/credential"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("/nowhere/credential"), "{told}");
}
