//! The master's image, made by deploy/Dockerfile and run with nothing of its own but a volume.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use edgerm_tests::docker::Engine;
use edgerm_tests::firmware::child::{Process, owned};
use edgerm_tests::firmware::programs::{self, Program};
use edgerm_tests::firmware::repository;

/// Bytes that the image, and so the one binary in it, may have.
const MAX_SIZE: u64 = 20_000_000;

/// In place of Rust's image, which is not to be had without a registry: an image in which cargo
/// has been at work already.
const COMPILED: &str = "FROM busybox:test
RUN [\"busybox\", \"ln\", \"-s\", \"busybox\", \"/bin/mkdir\"]
COPY cargo /bin/
COPY edgerm-master /src/target/dist/
";

/// It looks whether the sources came along.
const CARGO: &str = "#!/bin/sh
test -f Cargo.lock && test -f master/src/main.rs && ! test -e .git
";

/// The first task of README.md.
const FIRST_TASK: [&str; 7] = [
    "run",
    "wasm-apps/prebuilt/moving-average.wasm",
    "--on",
    "sensor=temperature",
    "--count",
    "all",
    "--follow",
];

pub(crate) fn the_masters_image_serves_the_first_task() {
    programs::build();
    let binary = static_master();
    let engine = Engine::start();
    build_image(&engine, &binary);
    let size = engine.docker(&["image", "inspect", "--format", "{{.Size}}", "master:test"]);
    let size: u64 = size.parse().expect("a size");
    assert!(size < MAX_SIZE, "{size} bytes");

    let http = run(&engine);
    let folder = tempfile::tempdir().expect("a folder");
    let _agent = start_agent(folder.path(), &published(&engine, "5683/udp"));
    let mut first = command(&http);
    let first = Process::start("edgerm run", {
        first.args(FIRST_TASK);
        first
    });
    first.console().line_with(0, "temperature=");
    assert_eq!(uid(&engine), "65532");

    // What it knows outlives it, by the volume.
    engine.docker(&["stop", "master"]);
    let ended = ["inspect", "--format", "{{.State.ExitCode}}", "master"];
    assert_eq!(engine.docker(&ended), "0");
    engine.docker(&["rm", "master"]);
    let http = run(&engine);
    let tasks = command(&http).arg("ps").output().expect("edgerm starts");
    let tasks = String::from_utf8_lossy(&tasks.stdout).into_owned();
    assert!(tasks.contains("moving-average"), "{tasks}");
}

/// The master with its C library in it, as musl's toolchain makes it by itself: of the profile that
/// the demo is built with, so that it is not all compiled once more.
fn static_master() -> PathBuf {
    let target = programs::target_folder();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(repository(""))
        .args(["rustc", "--quiet", "--locked", "--release"])
        .args(["--package", "edgerm-master", "--bin", "edgerm-master"])
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "-Ctarget-feature=+crt-static", "-Cstrip=symbols"]);
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "{cargo:?}: {status}");
    target.join("release/edgerm-master")
}

fn build_image(engine: &Engine, binary: &Path) {
    let compiled = tempfile::tempdir().expect("a folder");
    let at = |name: &str| compiled.path().join(name);
    fs::copy(binary, at("edgerm-master")).expect("the binary");
    fs::write(at("Dockerfile"), COMPILED).expect("a file");
    fs::write(at("cargo"), CARGO).expect("a file");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(at("cargo"), executable).expect("a program");
    let folder = compiled.path().display().to_string();
    engine.docker(&["build", "--quiet", "--tag", "compiled:test", &folder]);
    let file = repository("deploy/Dockerfile").display().to_string();
    let context = repository("").display().to_string();
    engine.docker(&[
        "build",
        "--quiet",
        "--file",
        &file,
        "--target",
        "master",
        "--build-arg",
        "RUST=compiled:test",
        "--tag",
        "master:test",
        &context,
    ]);
}

/// Starts the master, and gives the address of its API. Within a container nothing is loopback but
/// the container: its ports are published there alone.
fn run(engine: &Engine) -> String {
    engine.docker(&[
        "run",
        "--detach",
        "--name=master",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--volume=master:/var/lib/edgerm",
        "--publish=127.0.0.1::8080",
        "--publish=127.0.0.1::5683/udp",
        "master:test",
        "--http=0.0.0.0:8080",
        "--coap=0.0.0.0:5683",
        "--insecure",
    ]);
    published(engine, "8080/tcp")
}

fn published(engine: &Engine, port: &str) -> String {
    engine.docker(&["port", "master", port])
}

/// As whom it runs, as the kernel has it.
fn uid(engine: &Engine) -> String {
    let id = engine.docker(&["inspect", "--format", "{{.State.Pid}}", "master"]);
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let uid = uids.and_then(|uids| uids.split_whitespace().next());
    uid.expect("an id").to_owned()
}

fn start_agent(folder: &Path, master: &str) -> Process {
    let mut command = owned(Program::Agent.path());
    command
        .arg("--config")
        .arg(repository("deploy/agent.toml"))
        .args(["--master", master])
        .arg("--data-dir")
        .arg(folder);
    Process::start("the agent", command)
}

fn command(http: &str) -> Command {
    let mut command = owned(Program::Command.path());
    command
        .current_dir(repository(""))
        .args(["--master", &format!("http://{http}")]);
    command
}
