//! A node on its own thread, a real master, and a framework that talks to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant as Monotonic};

use edgerm_agent_core::Config;
use edgerm_driver::port::Ports;
use edgerm_driver::{Driver, Fact, Node as Facts, Options, describe};
use edgerm_framework::api::{Constraints, Module, SendMessage, Task};
use edgerm_framework::{Client, ConstraintsExt, Error, Launch, Scheduler, TaskId};
use edgerm_master::{Config as MasterConfig, Running, Server};
use edgerm_protocol::api::OutputData;
use edgerm_protocol::limits::MAX_DESCRIPTION;
use edgerm_task_abi::Feature;

use crate::platform::{
    Happened, Log, Node, SLOTS, Simulated, Since, SlowStorage, Udp, Waker, Wakeup, run,
};
use crate::storage::MemoryStorage;
use crate::threads::StdThreads;

/// A bound on failure: what is waited for comes at once, or never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of memory that one task may have: four pages.
const TASK_MEM: u32 = 4 << 16;

/// Bytes that a module may have.
pub(crate) const MAX_MODULE: u32 = 8 << 10;

pub(crate) struct World {
    pub(crate) master: Running,
    pub(crate) client: Client,
    pub(crate) scheduler: Scheduler,
    pub(crate) node: NodeThread,
}

/// A node that runs.
pub(crate) struct NodeThread {
    wake: Sender<Wakeup>,
    pub(crate) happened: Receiver<Happened>,
    thread: Option<JoinHandle<Node>>,
}

impl NodeThread {
    pub(crate) fn start(master: SocketAddr, storage: MemoryStorage) -> Self {
        let (wake, wakeups) = mpsc::channel();
        let (log, happened) = mpsc::channel();
        let waker = Waker(wake.clone());
        let thread = thread::spawn(move || {
            let mut node = node(master, storage, waker, log);
            run(&mut node, &wakeups);
            node
        });
        Self {
            wake,
            happened,
            thread: Some(thread),
        }
    }

    /// What happens next.
    pub(crate) fn next(&self) -> Happened {
        self.happened
            .recv_timeout(PATIENCE)
            .expect("something happens")
    }

    /// Has the node leave, and gives it as it is then.
    pub(crate) async fn leave(mut self) -> Node {
        self.wake.send(Wakeup::Leave).expect("the node runs");
        let thread = self.thread.take().expect("it has not left yet");
        let left = tokio::task::spawn_blocking(|| thread.join());
        left.await.unwrap().expect("the node does not panic")
    }
}

impl Drop for NodeThread {
    fn drop(&mut self) {
        let _ended = self.wake.send(Wakeup::Stop);
    }
}

fn node(master: SocketAddr, storage: MemoryStorage, waker: Waker, log: Sender<Happened>) -> Node {
    let devices = Simulated {
        shed: 500_000,
        lamp: 0,
    };
    let facts = Facts {
        cpus: 1000,
        mem: SLOTS as u64 * u64::from(TASK_MEM),
        disk: 0,
        slots: SLOTS,
        max_task_mem: TASK_MEM,
        max_module: MAX_MODULE,
        restarts: false,
        os: "std",
        arch: std::env::consts::ARCH,
        board: "loopback",
        features: &Feature::ALL,
        attributes: &[("floor", Fact::Number(3))],
    };
    let mut buffer = [0; MAX_DESCRIPTION];
    let description = describe(&facts, &devices, &mut buffer).expect("a node that can be told");
    let options = Options {
        name: "node",
        description,
        core: Config {
            ping_period: Duration::from_millis(200),
            max_task_mem: TASK_MEM,
            max_module: MAX_MODULE,
            ..Config::default()
        },
        value_bytes: 512,
        log_bytes: 512,
        credential: None,
        entropy: [7; 32],
    };
    let ports = Ports {
        network: Udp::new(master, &waker),
        clock: Since(Monotonic::now()),
        storage: SlowStorage {
            memory: storage,
            waker: waker.clone(),
        },
        records: (),
        threads: StdThreads::new(SLOTS, waker),
        devices,
        events: Log(log),
    };
    Driver::new(ports, &options).expect("an agent")
}

impl World {
    /// A master with a node that has joined.
    pub(crate) async fn new(storage: MemoryStorage) -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = MasterConfig {
            http: loopback,
            coap: loopback,
            ..MasterConfig::default()
        };
        let master = Server::start(config).await.unwrap();
        let client = Client::new(&format!("http://{}", master.http_addr)).unwrap();
        let scheduler = Scheduler::register(client.clone(), "test").await.unwrap();
        let node = NodeThread::start(master.coap_addr, storage);
        assert!(matches!(node.next(), Happened::Registered(_)));
        Self {
            master,
            client,
            scheduler,
            node,
        }
    }

    pub(crate) async fn upload(&self, wasm: Vec<u8>) -> Module {
        self.client.upload_module(wasm).await.unwrap()
    }

    /// Launches a module with the node's thermometer and its lamp.
    pub(crate) async fn launch(&self, module: &Module, env: &[(&str, &str)]) -> TaskId {
        self.try_launch(module, env).await.unwrap().id
    }

    pub(crate) async fn try_launch(
        &self,
        module: &Module,
        env: &[(&str, &str)],
    ) -> Result<Task, Error> {
        let on = Constraints::default().sensor("temperature").actuator("led");
        let offers = self.scheduler.offers(&on, 1, PATIENCE).await.unwrap();
        let devices = on.assign(&offers[0]).unwrap();
        let mut launch = Launch::new("test", module)
            .cpus(100)
            .mem(TASK_MEM.into())
            .devices(devices);
        for (key, value) in env {
            launch = launch.env(*key, *value);
        }
        self.scheduler.launch(&offers[0], launch).await
    }

    pub(crate) async fn ended(&self, task: TaskId) -> Task {
        let ended = tokio::time::timeout(PATIENCE, self.client.wait_for_end(task));
        ended.await.expect("it ends").unwrap()
    }

    /// All that a task emitted until its end.
    pub(crate) async fn emitted(&self, task: TaskId) -> Vec<String> {
        let mut outputs = self.client.follow_output(task);
        let mut emitted = Vec::new();
        let follow = async {
            while let Some(output) = outputs.next().await.unwrap() {
                let bytes = output.data.to_bytes().unwrap();
                emitted.push(String::from_utf8(bytes).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, follow)
            .await
            .expect("it ends");
        emitted
    }

    pub(crate) async fn send(&self, task: TaskId, text: &str) {
        let message = SendMessage {
            framework: self.scheduler.id(),
            data: OutputData::Text(text.to_owned()),
        };
        self.client.send_message(task, &message).await.unwrap();
    }

    /// Has the node leave, and looks that nothing is left of any task.
    pub(crate) async fn leave(self) -> Node {
        let mut node = self.node.leave().await;
        let storage = &node.ports_mut().storage.memory;
        assert_eq!(storage.loaded, BTreeMap::new(), "every load is released");
        assert_eq!(node.state().tasks, 0);
        self.master.shutdown().await;
        node
    }
}

/// A module of `wasm-apps`, as it is committed.
pub(crate) fn app(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wasm-apps/prebuilt");
    std::fs::read(folder.join(name).with_extension("wasm")).unwrap()
}
