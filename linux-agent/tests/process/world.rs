//! A real master, and agents that are processes.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use edgerm_framework::api::{Agent, Constraints, EventKind, Restart, Task};
use edgerm_framework::{AgentId, Client, ConstraintsExt, Events, Launch, Scheduler, TaskState};
use edgerm_master::{Config, Running, Server};
use tokio::sync::mpsc;

/// A bound on failure: what is waited for comes at once, or never.
const PATIENCE: Duration = Duration::from_secs(60);

const CONFIG: &str = r#"
hwmon = false
iio = false
ping_period = "200ms"

[[sensor]]
label = "attic"
kind = "temperature"
simulate = { constant = 21.5 }

[[actuator]]
label = "lamp"
kind = "led"
simulate = "memory"
"#;

/// What comes of this, unless it takes for ever.
pub(crate) async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("{what} does not come"))
}

/// An agent's process, which does not outlive its test.
pub(crate) struct Process {
    child: Child,
    log: mpsc::UnboundedReceiver<String>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .env("EDGERM_LOG", "info,edgerm_linux_agent=debug")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (lines, log) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                eprintln!("{line}");
                let _test_is_over = lines.send(line);
            }
        });
        Self { child, log }
    }

    /// The first line of its log, from here on, in which this stands.
    pub(crate) async fn says(&mut self, text: &str) -> String {
        let find = async {
            loop {
                let line = self.log.recv().await;
                let line = line.unwrap_or_else(|| panic!("it ends without saying {text:?}"));
                if line.contains(text) {
                    return line;
                }
            }
        };
        soon(text, find).await
    }

    /// Its limit of this name, and how far it may raise it.
    pub(crate) fn limit(&self, name: &str) -> (String, String) {
        let limits = format!("/proc/{}/limits", self.child.id());
        let limits = std::fs::read_to_string(limits).unwrap();
        let mut rows = limits.lines().filter_map(|row| row.strip_prefix(name));
        let mut row = rows.next().unwrap().split_whitespace().map(str::to_owned);
        (row.next().unwrap(), row.next().unwrap())
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(status.success());
    }

    /// Ends it as a loss of power does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.wait();
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) master: Running,
    pub(crate) client: Client,
    pub(crate) events: Events,
}

impl World {
    /// A master that knows nothing.
    pub(crate) async fn new_master() -> Running {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            http: loopback,
            coap: loopback,
            ..Config::default()
        };
        Server::start(config).await.unwrap()
    }

    pub(crate) async fn new() -> Self {
        let master = Self::new_master().await;
        let client = Client::new(&format!("http://{}", master.http_addr)).unwrap();
        let events = client.events().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("agent.toml"), CONFIG).unwrap();
        Self {
            folder,
            master,
            client,
            events,
        }
    }

    /// What starts an agent that looks for its master here.
    pub(crate) fn agent(&self, master: SocketAddr) -> Command {
        self.agent_called("process", master)
    }

    pub(crate) fn agent_called(&self, name: &str, master: SocketAddr) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgerm-agent"));
        command
            .arg("--config")
            .arg(self.folder.path().join("agent.toml"))
            .args(["--name", name, "--master", &master.to_string()])
            .arg("--data-dir")
            .arg(self.folder.path().join("data"));
        command
    }

    pub(crate) fn start_agent(&self) -> Process {
        Process::start(self.agent(self.master.coap_addr))
    }

    /// Where agents keep this record.
    pub(crate) fn record(&self, name: &str) -> PathBuf {
        self.folder.path().join("data/records").join(name)
    }

    /// The first event for which `wanted` has something.
    async fn event<T>(&mut self, mut wanted: impl FnMut(EventKind) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = wanted(self.events.next().await.unwrap().kind) {
                    return found;
                }
            }
        };
        soon("the event", wait).await
    }

    pub(crate) async fn registered(&mut self) -> Agent {
        self.event(|kind| {
            let EventKind::AgentRegistered { agent } = kind else {
                return None;
            };
            Some(agent)
        })
        .await
    }

    pub(crate) async fn gone(&mut self) -> AgentId {
        self.event(|kind| {
            let EventKind::AgentGone { agent } = kind else {
                return None;
            };
            Some(agent)
        })
        .await
    }

    /// Runs a module of this text with the agent's sensor and lamp.
    pub(crate) async fn run(&self, wat: &str, restart: Restart) -> (Scheduler, Task) {
        let (scheduler, task) = self.launch(wat, restart).await;
        let running = self.client.wait_for_state(task.id, TaskState::Running);
        let task = soon("a task that runs", running).await.unwrap();
        (scheduler, task)
    }

    /// The same, whatever comes of it.
    pub(crate) async fn launch(&self, wat: &str, restart: Restart) -> (Scheduler, Task) {
        let on = Constraints::default().restart(restart);
        let shape = |launch: Launch| launch.restart(restart);
        self.launch_on(wat, on, shape).await
    }

    /// The same, on an agent that has this besides, as `shape` makes it.
    pub(crate) async fn launch_on(
        &self,
        wat: &str,
        on: Constraints,
        shape: impl FnOnce(Launch) -> Launch,
    ) -> (Scheduler, Task) {
        let module = self.client.upload_module(wat::parse_str(wat).unwrap());
        let module = module.await.unwrap();
        let scheduler = Scheduler::register(self.client.clone(), "test");
        let scheduler = scheduler.await.unwrap();
        let on = on.sensor("temperature").actuator("lamp");
        let offer = scheduler.offers(&on, 1, PATIENCE).await.unwrap().remove(0);
        let launch = Launch::new("test", &module).devices(on.assign(&offer).unwrap());
        let launch = shape(launch);
        let task = scheduler.launch(&offer, launch).await.unwrap();
        (scheduler, task)
    }

    /// The task as it ended.
    pub(crate) async fn end(&self, task: &Task) -> Task {
        let end = self.client.wait_for_end(task.id);
        soon("its end", end).await.unwrap()
    }
}
