//! A master in a process of its own, and what it tells.

mod tasks;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use edgerm_coap::oscore::Credential;
use edgerm_framework::api::{Agent, EventKind};
use edgerm_framework::{AgentId, Client, Error, Events, Scheduler};
use tokio::runtime::Runtime;

use super::PATIENCE;
use super::board::Board;
use super::child::{Process, owned};
use super::image::Image;
use super::node::Node;
use super::programs::Program;
use super::proxy::{Proxy, Rule};
use crate::credentials;
pub use tasks::prebuilt;

/// Where nodes look for their master, by any address of the namespace.
const COAP: &str = "0.0.0.0:5683";

/// Where the master is when something stands between.
const COAP_BEHIND: &str = "127.0.0.1:5684";

const HTTP: &str = "127.0.0.1:8080";

/// Where its API is.
pub const URL: &str = "http://127.0.0.1:8080";

/// A master, and a framework on it.
pub struct Cluster {
    runtime: Runtime,
    folder: tempfile::TempDir,
    agents: Agents,
    coap: &'static str,
    master: Process,
    client: Client,
    scheduler: Scheduler,
    events: Events,
    _proxy: Option<Proxy>,
}

impl Cluster {
    /// A master that nodes reach without anything between.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::with(Agents::Enrolled, COAP, |_| None)
    }

    /// A master that has enrolled nobody, and takes whoever comes.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn plain() -> Self {
        Self::with(Agents::Anybody, COAP, |_| None)
    }

    /// A master behind a network that does what `rule` says.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn behind(rule: Arc<impl Rule>) -> Self {
        Self::with_rule(Agents::Enrolled, rule)
    }

    /// The same of a master that has enrolled nobody, so that `rule` can read and write.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn plain_behind(rule: Arc<impl Rule>) -> Self {
        Self::with_rule(Agents::Anybody, rule)
    }

    fn with_rule(agents: Agents, rule: Arc<impl Rule>) -> Self {
        Self::with(agents, COAP_BEHIND, |runtime| {
            let (listen, master) = (address(COAP), address(COAP_BEHIND));
            let proxy = runtime.block_on(Proxy::start(listen, master, rule));
            Some(proxy.expect("a proxy"))
        })
    }

    fn with(
        agents: Agents,
        coap: &'static str,
        proxy: impl FnOnce(&Runtime) -> Option<Proxy>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        if agents == Agents::Enrolled {
            credentials::enroll(&folder.path().join(STORE), enrolled());
        }
        let runtime = Runtime::new().expect("a runtime");
        let proxy = proxy(&runtime);
        let master = start_master(coap, agents, folder.path());
        let client = Client::new(URL).expect("a client");
        let connected = async {
            let events = client.events().await?;
            let scheduler = Scheduler::register(client.clone(), "tests").await?;
            Ok::<_, Error>((events, scheduler))
        };
        let (events, scheduler) = runtime.block_on(connected).expect("the master answers");
        Self {
            folder,
            agents,
            runtime,
            coap,
            master,
            client,
            scheduler,
            events,
            _proxy: proxy,
        }
    }

    /// Waits for what should come.
    ///
    /// # Panics
    ///
    /// Where it fails, or does not come.
    pub fn wait<T>(&self, what: &str, future: impl Future<Output = Result<T, Error>>) -> T {
        let bounded = async { tokio::time::timeout(PATIENCE, future).await };
        match self.runtime.block_on(bounded) {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => panic!("{what}: {error}"),
            Err(_) => panic!("{what}: not within {PATIENCE:?}"),
        }
    }

    /// The first event not seen yet for which `wanted` has something.
    ///
    /// # Panics
    ///
    /// Where none comes.
    pub fn event<T>(&mut self, what: &str, mut wanted: impl FnMut(EventKind) -> Option<T>) -> T {
        let events = &mut self.events;
        let found = async {
            loop {
                match events.next().await {
                    Ok(event) => {
                        if let Some(found) = wanted(event.kind) {
                            return found;
                        }
                    }
                    Err(error) => panic!("{what}: {error}"),
                }
            }
        };
        let bounded = async { tokio::time::timeout(PATIENCE, found).await };
        self.runtime
            .block_on(bounded)
            .unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
    }

    /// Boots `image` with a flash that is empty.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    #[must_use]
    pub fn boot(&self, image: &Image) -> Node {
        Node::boot(image, self.folder.path())
    }

    /// Boots `image`, and waits until it has joined.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub fn join(&mut self, image: &Image) -> (Node, Agent) {
        let node = self.boot(image);
        (node, self.registered())
    }

    /// Starts the Linux agent with this configuration, and waits until it has joined.
    ///
    /// # Panics
    ///
    /// Where it does not.
    pub fn join_linux(&mut self, config: &str) -> (Process, Agent) {
        let file = self.folder.path().join("agent.toml");
        std::fs::write(&file, config).expect("its configuration");
        let credential = self.folder.path().join("linux.credential");
        let mut agent = owned(Program::Agent.path());
        agent
            .arg("--config")
            .arg(file)
            .args(["--name", LINUX, "--master", "127.0.0.1:5683"])
            .arg("--data-dir")
            .arg(self.folder.path().join("linux"))
            .env("NO_COLOR", "1");
        if self.agents == Agents::Enrolled {
            credentials::write(&credential, LINUX, &LINUX_CREDENTIAL);
            agent.arg("--credential").arg(credential);
        }
        let agent = Process::start("the Linux agent", agent);
        (agent, self.registered())
    }

    /// The next agent that registers.
    ///
    /// # Panics
    ///
    /// Where none does.
    pub fn registered(&mut self) -> Agent {
        self.event("an agent registers", |kind| {
            let EventKind::AgentRegistered { agent } = kind else {
                return None;
            };
            Some(agent)
        })
    }

    /// An agent, as the master has it now.
    ///
    /// # Panics
    ///
    /// Where the master does not know it.
    #[must_use]
    pub fn agent(&self, agent: AgentId) -> Agent {
        self.wait("the agent", self.client.agent(agent))
    }

    /// The framework that launches.
    #[must_use]
    pub const fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// The master's API.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the master at once, and starts it again where it was.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn restart_master(&mut self) {
        self.master.kill();
        self.begin_again();
        self.scheduler = Scheduler::resume(self.client.clone(), self.scheduler.id());
    }

    /// The same of a master that has lost all that it knew, but for who is enrolled.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn replace_master(&mut self) {
        self.master.kill();
        let store = self.folder.path().join(STORE);
        if self.agents == Agents::Enrolled {
            std::fs::remove_file(&store).expect("the master's file");
            credentials::enroll(&store, enrolled());
        }
        self.begin_again();
        let registered = Scheduler::register(self.client.clone(), "tests");
        let registered = self.runtime.block_on(registered);
        self.scheduler = registered.expect("the master answers");
    }

    fn begin_again(&mut self) {
        self.master = start_master(self.coap, self.agents, self.folder.path());
        self.client = Client::new(URL).expect("a client");
        // What registered before anybody listened counts as well.
        let events = self.runtime.block_on(self.client.events_after(0));
        self.events = events.expect("the master answers");
    }
}

/// Who may be an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agents {
    /// A node of each board, and one on Linux, who prove it.
    Enrolled,
    /// Whoever comes.
    Anybody,
}

/// What the Linux agent is called.
const LINUX: &str = "linux";

/// The credential of the Linux agent.
const LINUX_CREDENTIAL: Credential = Credential::new([0, 0, 2, 0], [0x60; 16], [0x61; 8]);

/// All that may be agents.
fn enrolled() -> impl Iterator<Item = (String, Credential)> {
    let nodes = Board::ALL.map(|board| (board.node(), board.credential()));
    nodes
        .into_iter()
        .chain([(LINUX.to_owned(), LINUX_CREDENTIAL)])
}

/// The master's file.
const STORE: &str = "master.redb";

fn start_master(coap: &str, agents: Agents, folder: &Path) -> Process {
    let mut master = owned(Program::Master.path());
    master
        .args(["--http", HTTP, "--coap", coap])
        .env("NO_COLOR", "1");
    match agents {
        Agents::Enrolled => master.arg("--store").arg(folder.join(STORE)),
        Agents::Anybody => master.arg("--insecure"),
    };
    let master = Process::start("the master", master);
    master.console().line_with(0, "http_addr=");
    master
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
