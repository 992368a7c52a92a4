//! The real command against a real cluster, which is the command too: `edgerm up`.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// The command, without what the caller's environment would change.
pub(crate) fn edgerm(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgerm"));
    command
        .args(args)
        .env_remove("EDGERM_MASTER")
        .env_remove("EDGERM_TOKEN")
        .env_remove("EDGERM_CA")
        .env_remove("RUST_LOG");
    command
}

/// What a finished command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    pub(crate) fn json(self) -> Value {
        let stdout = self.ok();
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error} in {stdout}"))
    }

    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the command to its end.
pub(crate) fn say(args: &[&str]) -> Said {
    edgerm(args).output().unwrap().into()
}

/// A command that goes on, ended with the test.
pub(crate) struct Running {
    child: Child,
    pub(crate) stdout: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = edgerm(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line of its standard output; panics with what it said otherwise where it ends.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        if self.stdout.read_line(&mut line).unwrap() == 0 {
            let mut stderr = String::new();
            self.child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut stderr)
                .unwrap();
            panic!("the command ended: {stderr}");
        }
        line.trim_end().to_owned()
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let kill = format!("kill -INT {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `edgerm up`, on free ports.
pub(crate) struct Cluster {
    pub(crate) up: Running,
    pub(crate) url: String,
    /// Where agents join it.
    pub(crate) coap: String,
}

impl Cluster {
    pub(crate) fn up() -> Self {
        let any = "127.0.0.1:0";
        let mut up = Running::start(&["up", "--http", any, "--coap", any, "-o", "json"]);
        let told: Value = serde_json::from_str(&up.line()).unwrap();
        let address = |of: &str| told[of].as_str().unwrap().to_owned();
        let (url, coap) = (address("master"), address("coap"));
        Self { up, url, coap }
    }

    /// Runs the command against this cluster, to its end.
    pub(crate) fn say(&self, args: &[&str]) -> Said {
        edgerm(args)
            .env("EDGERM_MASTER", &self.url)
            .output()
            .unwrap()
            .into()
    }

    /// Starts the command against this cluster.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(&[args, &["--master", &self.url]].concat())
    }

    /// Runs `module` on the nodes that `on` selects, and gives the tasks.
    pub(crate) fn launch(&self, module: &Module, args: &[&str]) -> Vec<Value> {
        let said = self.say(&[&["run", module.path(), "-o", "json"], args].concat());
        items(&said.json())
    }

    pub(crate) fn tasks(&self) -> Vec<Value> {
        items(&self.say(&["ps", "--all", "-o", "json"]).json())
    }

    pub(crate) fn agents(&self) -> Vec<Value> {
        items(&self.say(&["agents", "-o", "json"]).json())
    }
}

pub(crate) fn items(page: &Value) -> Vec<Value> {
    page["items"]
        .as_array()
        .unwrap_or_else(|| panic!("no page: {page}"))
        .clone()
}

/// A module in a file of its own, removed with the test.
pub(crate) struct Module {
    folder: PathBuf,
    path: PathBuf,
}

impl Module {
    /// `name` must be the test's own: tests run side by side.
    pub(crate) fn new(name: &str, wat: &str) -> Self {
        Self::of_bytes(name, &wat::parse_str(wat).unwrap())
    }

    pub(crate) fn of_bytes(name: &str, bytes: &[u8]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.wasm"));
        std::fs::write(&path, bytes).unwrap();
        Self { folder, path }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Emits the variable `GREETING`, logs `done`, and ends.
pub(crate) const GREETER: &str = r#"(module
    (import "edgerm" "env_get" (func $env_get (param i32 i32 i32 i32) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (import "edgerm" "log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "GREETINGdone")
    (func (export "_start")
        (drop (call $emit
            (i32.const 64)
            (call $env_get (i32.const 0) (i32.const 8) (i32.const 64) (i32.const 64))
            (i32.const -1)))
        (drop (call $log (i32.const 2) (i32.const 8) (i32.const 4)))))"#;

/// Emits `up`, and sleeps until it is killed.
pub(crate) const SLEEPER: &str = r#"(module
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (import "edgerm" "sleep_ms" (func $sleep_ms (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "up")
    (func (export "_start")
        (drop (call $emit (i32.const 0) (i32.const 2) (i32.const -1)))
        (loop $again
            (drop (call $sleep_ms (i32.const 1000000)))
            (br $again))))"#;

/// Ends with exit code 3.
pub(crate) const FAILING: &str = r#"(module
    (import "edgerm" "exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 3))))"#;
