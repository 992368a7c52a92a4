//! The units of deploy/systemd, as systemd itself reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use edgerm_tests::firmware::programs::{self, Program};
use edgerm_tests::firmware::repository;

/// A unit, its program, and what may be added to it.
const UNITS: [(&str, Program, &[&str]); 2] = [
    (
        "edgerm-master",
        Program::Master,
        &["edgerm-master-public.conf"],
    ),
    (
        "edgerm-agent",
        Program::Agent,
        &["edgerm-agent-containers.conf", "edgerm-agent-enrolled.conf"],
    ),
];

/// Tenths of what `systemd-analyze security` counts at most: 20 is what it calls OK.
const EXPOSURE: &str = "--threshold=20";

pub(crate) fn systemd_finds_no_fault_with_the_units(analyze: &Path) {
    programs::build();
    for (unit, program, additions) in UNITS {
        for added in [&[][..], additions] {
            let folder = tempfile::tempdir().expect("a folder");
            let file = put(folder.path(), unit, program, added);
            let checked = Command::new(analyze)
                .args(["verify", "--man=no", "--recursive-errors=no"])
                .arg(file)
                .output()
                .expect("systemd-analyze starts");
            let said = String::from_utf8_lossy(&checked.stderr);
            assert!(
                checked.status.success() && said.is_empty(),
                "{added:?}: {said}"
            );
        }
    }
}

pub(crate) fn the_units_are_held_back(analyze: &Path) {
    for (unit, ..) in UNITS {
        let checked = Command::new(analyze)
            .args(["security", "--offline=true", EXPOSURE])
            .arg(source(&format!("{unit}.service")))
            .output()
            .expect("systemd-analyze starts");
        assert!(checked.status.success(), "{checked:?}");
    }
}

/// What deploy/ sets is what the programs read: a misspelt variable would be ignored.
pub(crate) fn every_variable_is_one_that_a_program_reads(_analyze: &Path) {
    programs::build();
    let help = |program: Program| {
        let told = Command::new(program.path()).arg("--help").output();
        String::from_utf8_lossy(&told.expect("it starts").stdout).into_owned()
    };
    let [master, agent, command] = [Program::Master, Program::Agent, Program::Command].map(help);
    let mut seen = 0;
    for folder in ["deploy", "deploy/systemd"] {
        for file in fs::read_dir(repository(folder)).expect("a folder") {
            let file = file.expect("an entry").path();
            // Folders are no text.
            let text = fs::read_to_string(&file).unwrap_or_default();
            for variable in variables(&text) {
                let known = match variable.strip_prefix("EDGERM_AGENT_") {
                    Some(flag) => {
                        let flag = flag.to_lowercase().replace('_', "-");
                        agent.contains(&format!("--{flag} "))
                    }
                    None => [&master, &command]
                        .iter()
                        .any(|help| help.contains(&format!("[env: {variable}"))),
                };
                assert!(known, "{}: {variable}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen} variables");
}

/// Names of variables in a text.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let is_of_a_name = |character: char| character.is_ascii_uppercase() || character == '_';
    text.split(move |character| !is_of_a_name(character))
        .filter(|word| word.starts_with("EDGERM_"))
}

fn source(file: &str) -> PathBuf {
    repository("deploy/systemd").join(file)
}

/// The unit in a folder of its own, with additions, and with the program that cargo built in
/// place of an installed one.
fn put(folder: &Path, unit: &str, program: Program, additions: &[&str]) -> PathBuf {
    let text = fs::read_to_string(source(&format!("{unit}.service"))).expect("the unit");
    let installed = format!("ExecStart=/usr/bin/{unit}");
    assert!(text.contains(&installed), "{unit}");
    let text = text.replace(
        &installed,
        &format!("ExecStart={}", program.path().display()),
    );
    let file = folder.join(format!("{unit}.service"));
    fs::write(&file, text).expect("a file");
    let added = folder.join(format!("{unit}.service.d"));
    fs::create_dir(&added).expect("a folder");
    for addition in additions {
        fs::copy(source(addition), added.join(addition)).expect("an addition");
    }
    file
}
