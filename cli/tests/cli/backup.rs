//! A master is backed up and restored as people do it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use edgerm_linux_agent::Agent;
use edgerm_linux_agent::config::Config as AgentConfig;
use edgerm_master::{Config, Running, Server};
use tokio::runtime::Runtime;

use crate::cluster::{Module, SLEEPER, Said, edgerm, items};

/// A master that keeps what it knows, in this process, and perhaps an agent.
struct Kept {
    runtime: Runtime,
    master: Running,
    folder: tempfile::TempDir,
}

impl Kept {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            http: any,
            coap: any,
            store: Some(folder.path().join("master.redb")),
            ..Config::default()
        };
        let runtime = Runtime::new().unwrap();
        let master = runtime.block_on(Server::start(config)).unwrap();
        Self {
            runtime,
            master,
            folder,
        }
    }

    /// An agent with room for so many tasks.
    fn agent(&self, name: &str, slots: usize) -> Agent {
        let config = AgentConfig {
            data_dir: self.folder.path().join(name),
            ping_period: Duration::from_millis(200),
            slots,
            hwmon: false,
            iio: false,
            ..AgentConfig::new(name, &self.master.coap_addr.to_string())
        };
        let started = self
            .runtime
            .block_on(Agent::start(config.options().unwrap()));
        started.unwrap()
    }

    fn say(&self, args: &[&str]) -> Said {
        edgerm(args)
            .env("EDGERM_MASTER", format!("http://{}", self.master.http_addr))
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
            .into()
    }

    /// Runs the module until its task is RUNNING, and gives the task's id.
    fn run(&self, module: &Module, name: &str) -> String {
        let args = [
            "run",
            module.path(),
            "--name",
            name,
            "-o",
            "json",
            "--timeout",
            "60s",
        ];
        let tasks = items(&self.say(&args).json());
        tasks[0]["id"].as_str().unwrap().to_owned()
    }

    fn tasks(&self) -> Vec<(String, String)> {
        let listed = items(&self.say(&["ps", "--all", "-o", "json"]).json());
        let text = |task: &serde_json::Value, of: &str| task[of].as_str().unwrap().to_owned();
        listed
            .iter()
            .map(|task| (text(task, "name"), text(task, "state")))
            .collect()
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_is_kept_from_others_and_restored_when_told() {
    let kept = Kept::start();
    let said = kept.say(&["backup", "all.backup"]);
    assert!(said.stderr.contains("secret"), "{said:?}");
    assert_eq!(said.ok(), "all.backup\n");
    let path = kept.folder.path().join("all.backup");
    assert_eq!(mode(&path), 0o600);
    let first = std::fs::read(&path).unwrap();

    let again = kept.say(&["backup", "all.backup"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert_eq!(std::fs::read(&path).unwrap(), first);
    kept.say(&["tokens", "issue", "ops", "--role", "operator"])
        .ok();
    // From here on it asks for a token.
    let denied = kept.say(&["backup", "denied.backup"]);
    assert_eq!(denied.code, Some(4), "{denied:?}");
    assert!(!kept.folder.path().join("denied.backup").exists());

    let other = Kept::start();
    let backup = path.to_str().unwrap();
    other.say(&["enroll", "pump"]).ok();
    let asked = other.say(&["restore", backup]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stderr.contains("--yes"), "{asked:?}");
    assert_eq!(other.say(&["enrolled", "-q"]).ok(), "pump\n");
    let restored = other.say(&["restore", backup, "--yes"]).ok();
    assert!(restored.contains("0 enrolled agents"), "{restored}");
    assert_eq!(other.say(&["enrolled", "-q"]).ok(), "");

    std::fs::write(&path, &first[..first.len() / 2]).unwrap();
    let refused = other.say(&["restore", backup, "--yes"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("its end is lost"), "{refused:?}");
    let json = other
        .say(&["backup", backup, "--force", "-o", "json"])
        .json();
    assert_eq!(json["bytes"], std::fs::metadata(&path).unwrap().len());
}

#[test]
fn tasks_that_came_after_the_backup_end_and_others_go_on() {
    let kept = Kept::start();
    let _agent = kept.agent("attic", 2);
    let sleeper = Module::new("backup", SLEEPER);
    kept.run(&sleeper, "before");
    kept.say(&["backup", "all.backup"]).ok();
    let after = kept.run(&sleeper, "after");

    let restored = kept.say(&["restore", "all.backup", "--yes"]).ok();
    assert!(restored.contains("1 task,"), "{restored}");
    let gone = kept.say(&["logs", &after]);
    assert_ne!(gone.code, Some(0), "{gone:?}");
    // The node has two places: there is one for this since the task after the backup has ended.
    kept.run(&sleeper, "again");
    let mut tasks = kept.tasks();
    tasks.sort();
    let running = |name: &str| (name.to_owned(), "RUNNING".to_owned());
    assert_eq!(tasks, [running("again"), running("before")]);
}

#[test]
fn a_download_that_breaks_off_leaves_no_file() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _length = stream.read(&mut request).unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nedgerm backup 1 ";
        stream.write_all(head).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let said: Said = edgerm(&["backup", "all.backup", "--master", &url])
        .current_dir(folder.path())
        .output()
        .unwrap()
        .into();
    server.join().unwrap();
    assert_eq!(said.code, Some(3), "{said:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
