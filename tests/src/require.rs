//! How a test that lacks its real component is skipped: counted, with the reason, and failing
//! where the component is required.
//!
//! The built-in harness decides at compile time which tests are ignored, so such tests live in
//! files with `harness = false` whose `main` hands its cases to [`run`]:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use edgerm_tests::require::{Case, Component, run};
//!
//! fn main() -> ExitCode {
//!     run(&[Case {
//!         name: "a_c_module_is_admitted",
//!         component: Component::WasmC,
//!         body: |clang| assert!(clang.exists()),
//!     }])
//! }
//! ```
//!
//! Without clang, that prints
//!
//! ```text
//! test a_c_module_is_admitted ... ignored (no clang on PATH: apt-get install clang lld)
//! test result: ok. 0 passed; 0 failed; 1 ignored; ...
//! ```
//!
//! and with `EDGERM_REQUIRE=wasm-c` it fails. `.ci/run` requires every component.

use std::env::{self, VarError};
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};

use xtask::toolchain::{self, NoToolchain};

use crate::aiocoap::{self, NoOscore};
use crate::docker::{self, NoRoot};
use crate::firmware::namespace::{self, NoNamespace};
use crate::firmware::workspace::{NoWorkspace, Workspace};

/// The variable that names the components whose absence is a failure, parted by commas.
pub const REQUIRE: &str = "EDGERM_REQUIRE";

/// Something real that a test runs against, which a machine may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// `clang` and `wasm-ld`, which compile C to WASM.
    WasmC,
    /// libcoap's `coap-client` and `coap-server`: somebody else's CoAP.
    Libcoap,
    /// aiocoap's `aiocoap-client` and `aiocoap-fileserver`: somebody else's OSCORE.
    Aiocoap,
    /// A Zephyr workspace, what builds and runs an image of it, and network namespaces.
    Zephyr,
    /// What builds and runs the node for a bare Cortex-M3.
    BareMetal,
    /// Docker's engine and what its images are made of here, for root, who starts it.
    Docker,
    /// `systemd-analyze`, which reads units.
    Systemd,
}

impl Component {
    /// Every component.
    pub const ALL: [Self; 7] = [
        Self::WasmC,
        Self::Libcoap,
        Self::Aiocoap,
        Self::Zephyr,
        Self::BareMetal,
        Self::Docker,
        Self::Systemd,
    ];

    /// What it is called in [`REQUIRE`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::WasmC => "wasm-c",
            Self::Libcoap => "libcoap",
            Self::Aiocoap => "aiocoap",
            Self::Zephyr => "zephyr",
            Self::BareMetal => "bare-metal",
            Self::Docker => "docker",
            Self::Systemd => "systemd",
        }
    }

    /// The programs that it consists of, the one that a test is given first, and Debian's
    /// packages that have them.
    const fn parts(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::WasmC => (&["clang", "wasm-ld"], "clang lld"),
            Self::Libcoap => (&["coap-client-notls", "coap-server-notls"], "libcoap3-bin"),
            Self::Aiocoap => (
                &["aiocoap-client", "aiocoap-fileserver"],
                "python3-venv; pip install 'aiocoap[oscore]'",
            ),
            Self::Zephyr => (
                &[
                    "west",
                    "cmake",
                    "ninja",
                    "dtc",
                    "arm-none-eabi-gcc",
                    "qemu-system-arm",
                    "riscv64-unknown-elf-gcc",
                    "qemu-system-riscv32",
                    "ip",
                    "unshare",
                    "setpriv",
                ],
                "cmake ninja-build device-tree-compiler gcc-arm-none-eabi \
                 libnewlib-arm-none-eabi gcc-multilib qemu-system-arm gcc-riscv64-unknown-elf \
                 qemu-system-misc iproute2 util-linux; \
                 pip install west",
            ),
            Self::Docker => (
                &["dockerd", "docker", "busybox"],
                "docker.io busybox-static",
            ),
            Self::Systemd => (&["systemd-analyze"], "systemd"),
            Self::BareMetal => (
                &["qemu-system-arm", "arm-none-eabi-gcc", "setpriv"],
                "qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi util-linux",
            ),
        }
    }

    /// Its first program, where all of it is on this machine.
    ///
    /// # Errors
    ///
    /// As [`Component::find`].
    pub fn find_here(self) -> Result<PathBuf, Absent> {
        self.find(&env::var_os("PATH").unwrap_or_default())
    }

    /// Its first program, where all of them are in a directory of `path`, and what else it
    /// consists of is on this machine.
    ///
    /// # Errors
    ///
    /// [`Absent`], by the first part that is not there.
    pub fn find(self, path: &OsStr) -> Result<PathBuf, Absent> {
        let program = self.find_programs(path)?;
        match self {
            Self::WasmC | Self::Libcoap | Self::Systemd => {}
            Self::Aiocoap => aiocoap::probe(&program)?,
            Self::Zephyr => {
                Workspace::find()?;
                namespace::probe()?;
            }
            Self::Docker => docker::probe()?,
            Self::BareMetal => {
                toolchain::cargo_with_sources()?;
            }
        }
        Ok(program)
    }

    fn find_programs(self, path: &OsStr) -> Result<PathBuf, Absent> {
        let (programs, packages) = self.parts();
        let find = |program: &'static str| {
            env::split_paths(path)
                .map(|directory| directory.join(program))
                .find(|program| program.is_file())
                .ok_or(Absent::Program { program, packages })
        };
        let found = programs
            .iter()
            .map(|program| find(program))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().next().unwrap_or_default())
    }
}

/// What of a component is not on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Absent {
    /// A program.
    Program {
        /// Its name.
        program: &'static str,
        /// Debian's packages that have all programs of the component.
        packages: &'static str,
    },
    /// OSCORE in aiocoap.
    Oscore(NoOscore),
    /// Zephyr.
    Workspace(NoWorkspace),
    /// A network of the test's own.
    Namespace(NoNamespace),
    /// Rust for a bare Cortex-M3.
    Toolchain(NoToolchain),
    /// Root, who may start an engine.
    Root(NoRoot),
}

impl From<NoRoot> for Absent {
    fn from(none: NoRoot) -> Self {
        Self::Root(none)
    }
}

impl From<NoOscore> for Absent {
    fn from(none: NoOscore) -> Self {
        Self::Oscore(none)
    }
}

impl From<NoWorkspace> for Absent {
    fn from(none: NoWorkspace) -> Self {
        Self::Workspace(none)
    }
}

impl From<NoNamespace> for Absent {
    fn from(none: NoNamespace) -> Self {
        Self::Namespace(none)
    }
}

impl From<NoToolchain> for Absent {
    fn from(none: NoToolchain) -> Self {
        Self::Toolchain(none)
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { program, packages } => {
                write!(f, "no {program} on PATH: apt-get install {packages}")
            }
            Self::Oscore(none) => none.fmt(f),
            Self::Workspace(none) => none.fmt(f),
            Self::Namespace(none) => none.fmt(f),
            Self::Toolchain(none) => none.fmt(f),
            Self::Root(none) => none.fmt(f),
        }
    }
}

impl std::error::Error for Absent {}

/// A test that needs a component.
#[derive(Clone, Copy, Debug)]
pub struct Case<Body = fn(&Path)> {
    /// What is printed, and what a filter is compared with.
    pub name: &'static str,
    /// What it needs.
    pub component: Component,
    /// The test, given the component's first program. Fails by panicking.
    pub body: Body,
}

/// Runs `cases` as the arguments of the command line say, as the built-in harness would.
#[must_use]
pub fn run(cases: &[Case]) -> ExitCode {
    run_with(&Arguments::from_args(), cases)
}

/// As [`run`], with arguments that were read already.
#[must_use]
pub fn run_with<Body>(arguments: &Arguments, cases: &[Case<Body>]) -> ExitCode
where
    Body: Fn(&Path) + Clone + Send + 'static,
{
    let required = match env::var(REQUIRE) {
        Ok(names) => names,
        Err(VarError::NotPresent) => String::new(),
        Err(VarError::NotUnicode(_)) => {
            eprintln!("{REQUIRE} is not UTF-8");
            return ExitCode::FAILURE;
        }
    };
    let path = env::var_os("PATH").unwrap_or_default();
    match conclude(arguments, cases, &path, &required) {
        Ok(conclusion) => conclusion.exit_code(),
        Err(unknown) => {
            eprintln!("{unknown}");
            ExitCode::FAILURE
        }
    }
}

/// Runs `cases` with the programs of `path`, and counts what became of them.
///
/// # Errors
///
/// [`UnknownComponent`] where `required` names one: a misspelt name must not let tests be
/// skipped.
pub fn conclude<Body>(
    arguments: &Arguments,
    cases: &[Case<Body>],
    path: &OsStr,
    required: &str,
) -> Result<Conclusion, UnknownComponent>
where
    Body: Fn(&Path) + Clone + Send + 'static,
{
    let required = parse_required(required)?;
    // Once for each component: to look for one takes a while.
    let mut found: Vec<(Component, Result<PathBuf, Absent>)> = Vec::new();
    for case in cases {
        if !found.iter().any(|(known, _)| *known == case.component) {
            found.push((case.component, case.component.find(path)));
        }
    }
    let trials = cases.iter().filter_map(|case| {
        let (_, found) = found.iter().find(|(known, _)| *known == case.component)?;
        Some(trial(case.clone(), found.clone(), &required))
    });
    Ok(libtest_mimic::run(arguments, trials.collect()))
}

fn trial<Body>(case: Case<Body>, found: Result<PathBuf, Absent>, required: &[Component]) -> Trial
where
    Body: Fn(&Path) + Send + 'static,
{
    let is_required = required.contains(&case.component);
    Trial::ignorable_test(case.name, move || match found {
        Ok(program) => {
            (case.body)(&program);
            Ok(Completion::Completed)
        }
        Err(absent) if is_required => {
            let component = case.component.name();
            Err(Failed::from(format!(
                "{REQUIRE} names {component}, but {absent}"
            )))
        }
        Err(absent) => Ok(Completion::ignored_with(absent)),
    })
}

/// A name in [`REQUIRE`] that is no component's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownComponent(String);

impl fmt::Display for UnknownComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Component::ALL.map(Component::name).join(", ");
        write!(f, "{REQUIRE} names {:?}, which is none of {known}", self.0)
    }
}

impl std::error::Error for UnknownComponent {}

fn parse_required(names: &str) -> Result<Vec<Component>, UnknownComponent> {
    names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            Component::ALL
                .into_iter()
                .find(|component| component.name() == name)
                .ok_or_else(|| UnknownComponent(name.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PASSES: Case = Case {
        name: "passes",
        component: Component::WasmC,
        body: |clang| assert!(clang.ends_with("clang")),
    };

    const PANICS: Case = Case {
        name: "panics",
        body: |_| panic!("as it should"),
        ..PASSES
    };

    /// Passed, failed and ignored, and what was printed.
    fn counts(cases: &[Case], path: &Path, required: &str) -> ((u64, u64, u64), String) {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let arguments = Arguments {
            logfile: Some(log.to_string_lossy().into_owned()),
            ..Arguments::default()
        };
        let conclusion = conclude(&arguments, cases, path.as_os_str(), required).unwrap();
        let counts = (
            conclusion.num_passed,
            conclusion.num_failed,
            conclusion.num_ignored,
        );
        (counts, fs::read_to_string(log).unwrap())
    }

    fn directory_with(programs: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for program in programs {
            fs::write(directory.path().join(program), "").unwrap();
        }
        directory
    }

    const ABSENT: &str = "no wasm-ld on PATH: apt-get install clang lld";

    #[test]
    fn what_is_there_runs() {
        let directory = directory_with(&["clang", "wasm-ld"]);
        for required in ["", "wasm-c"] {
            let (counts, printed) = counts(&[PASSES, PANICS], directory.path(), required);
            assert_eq!(counts, (1, 1, 0));
            assert!(printed.contains("as it should"), "{printed}");
        }
    }

    #[test]
    fn what_lacks_is_counted_as_skipped_with_the_reason() {
        let directory = directory_with(&["clang"]);
        for required in ["", "libcoap"] {
            let (counts, printed) = counts(&[PASSES, PANICS], directory.path(), required);
            assert_eq!(counts, (0, 0, 2));
            assert_eq!(printed.matches(ABSENT).count(), 2, "{printed}");
        }
    }

    #[test]
    fn what_lacks_and_is_required_fails() {
        let directory = directory_with(&["clang"]);
        let (counts, printed) = counts(&[PASSES], directory.path(), "libcoap, wasm-c");
        assert_eq!(counts, (0, 1, 0));
        let reason = format!("EDGERM_REQUIRE names wasm-c, but {ABSENT}");
        assert!(printed.contains(&reason), "{printed}");
    }

    #[test]
    fn a_misspelt_component_is_no_component() {
        let unknown = parse_required("wasm-c,dockr").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "EDGERM_REQUIRE names \"dockr\", which is none of wasm-c, libcoap, aiocoap, zephyr, \
             bare-metal, docker, systemd"
        );
    }
}
