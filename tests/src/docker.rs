//! An engine of Docker's that is the test's own: another socket, other folders, and images made
//! of Debian's static busybox, since none is pulled.

#![expect(clippy::expect_used, reason = "what goes wrong here fails a test")]

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::firmware::child::{Process, owned};

/// A bound on failure: what is waited for comes soon, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// This program is not root's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoot;

impl fmt::Display for NoRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an engine is started by root alone: run this test as root")
    }
}

/// Whether this program may start an engine.
///
/// # Errors
///
/// [`NoRoot`].
pub fn probe() -> Result<(), NoRoot> {
    // Whoever this process is owns its files under /proc.
    match fs::metadata("/proc/self").map(|it| it.uid()) {
        Ok(0) => Ok(()),
        Ok(_) | Err(_) => Err(NoRoot),
    }
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    folder: tempfile::TempDir,
    daemon: Option<Process>,
    /// Held: two engines at once would both want the same bridge.
    _alone: File,
}

impl Engine {
    /// An engine with the image `busybox:test`.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("edgerm-docker").tempdir();
        let alone = std::env::temp_dir().join("edgerm-docker.lock");
        let alone = File::create(alone).expect("a file to lock");
        alone.lock().expect("alone");
        let mut engine = Self {
            folder: folder.expect("a folder"),
            daemon: None,
            _alone: alone,
        };
        engine.begin();
        engine.make_image();
        engine
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Starts it, after [`Self::end`].
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn begin(&mut self) {
        let folder = self.folder.path();
        let mut command = owned("dockerd");
        command
            .args([
                "--storage-driver=overlay2",
                "--iptables=false",
                "--ip6tables=false",
            ])
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()))
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("exec"))
            .arg("--pidfile")
            .arg(folder.join("pid"));
        let daemon = Process::start("dockerd", command);
        daemon.console().line_with(0, "API listen on");
        self.daemon = Some(daemon);
    }

    /// Ends it as its service would, and with it what it runs.
    ///
    /// # Panics
    ///
    /// Where it does not end.
    pub fn end(&mut self) {
        assert!(self.has_ended(), "dockerd does not end");
    }

    /// Asks it to end, and waits; whether it did.
    fn has_ended(&mut self) -> bool {
        let Some(mut daemon) = self.daemon.take() else {
            return true;
        };
        let pid = fs::read_to_string(self.folder.path().join("pid")).unwrap_or_default();
        let told = Command::new("kill").arg(pid.trim()).status();
        let until = Instant::now() + PATIENCE;
        while daemon.is_running() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        told.is_ok_and(|told| told.success()) && !daemon.is_running()
    }

    /// What `docker` prints of these arguments.
    ///
    /// # Panics
    ///
    /// Where it fails.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().expect("docker starts");
        let stderr = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "docker {arguments:?}: {stderr}");
        String::from_utf8_lossy(&stdout).trim().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_HOST", format!("unix://{}", self.socket().display()))
            .args(arguments);
        command
    }

    fn make_image(&self) {
        let tree = self.folder.path().join("image");
        fs::create_dir_all(tree.join("bin")).expect("a folder");
        fs::copy(busybox(), tree.join("bin/busybox")).expect("busybox");
        for applet in [
            "sh", "cat", "echo", "sleep", "id", "nc", "dd", "head", "tail", "true", "touch",
        ] {
            let link = tree.join("bin").join(applet);
            std::os::unix::fs::symlink("busybox", link).expect("a link");
        }
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(&tree).args(["-c", "."]);
        let mut tar = tar.stdout(Stdio::piped()).spawn().expect("tar starts");
        let stream = tar.stdout.take().expect("what tar writes");
        let mut import = self.command(&["import", "-", "busybox:test"]);
        let import = import.stdin(stream).output().expect("docker starts");
        assert!(tar.wait().expect("tar ends").success());
        assert!(import.status.success(), "{import:?}");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Where a test fails too: what the engine started would outlive it.
        if !self.has_ended() {
            eprintln!("dockerd did not end");
        }
    }
}

fn busybox() -> &'static Path {
    let places = ["/bin/busybox", "/usr/bin/busybox"];
    let mut places = places.into_iter().map(Path::new);
    places.find(|it| it.is_file()).expect("busybox")
}
