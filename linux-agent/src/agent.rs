//! [`Agent`]: a running agent, for its binary and for whoever has several in one process.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time;

use edgerm_agent_core as core;
use edgerm_agent_core::Reports;
use edgerm_coap::oscore::Credential;
use edgerm_protocol::limits::MAX_TASKS;
use edgerm_protocol::owned::{Description, DescriptionError};
use edgerm_protocol::{AgentId, Instant};
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::containers::{Containers, ContainersConfig};
use crate::devices::Devices;
use crate::driver::{Driver, Happening, say_executors};
use crate::executor::{Executor, OUTPUT_CREDIT, TaskEvent};
use crate::records::RecordStorage;
use crate::storage::ModuleStorage;
use crate::storage_thread::{Storage, StorageThread};

/// Things that may wait for the loop at once; a task that would add one more waits.
const HAPPENINGS: usize = 256;

/// Outputs that wait for the master at most: all that every task has credit for.
const MAX_OUTPUTS: usize = MAX_TASKS * OUTPUT_CREDIT;

/// Bytes of log lines that are kept of one task: about a thousand lines.
const LOG_BYTES: usize = 64 << 10;

/// Tasks of which log lines are kept: those that run, and as many that are over.
const MAX_REPORTS: usize = 2 * MAX_TASKS;

/// What an agent is started with.
#[derive(Debug)]
pub struct Options {
    /// What it is called in the cluster, 1 to 32 bytes.
    pub name: String,
    /// The master's CoAP address, `host:port`.
    pub master: String,
    /// What it and the master prove themselves with. `None`: neither does.
    pub credential: Option<Credential>,
    /// Where modules are kept.
    pub module_folder: PathBuf,
    /// Bytes of modules at most.
    pub module_cache: u64,
    /// Where is kept what of tasks outlives the agent. `None`: nothing does, and a task that is
    /// to start again is refused.
    pub record_folder: Option<PathBuf>,
    /// Which containers it runs; `None`: none.
    pub containers: Option<ContainersConfig>,
    /// Where is kept which containers it has. Not used without them.
    pub container_folder: PathBuf,
    /// What it tells of itself.
    pub description: Description,
    /// The devices that it tells of.
    pub devices: Devices,
    /// How it behaves. `max_outputs` and `keeps_records` are the agent's own to choose.
    pub core: core::Config,
}

/// Why an agent did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The master's address is none.
    #[error("cannot find the master {address:?}: {cause}; give it as HOST:PORT")]
    Resolve {
        /// What was given.
        address: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// There is no socket to be had.
    #[error("cannot open a UDP socket toward the master {address}: {cause}")]
    Socket {
        /// Where the master is.
        address: SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// What is to last cannot be kept.
    #[error("cannot keep anything in {}: {cause}; choose another --data-dir", folder.display())]
    Storage {
        /// Where they would be.
        folder: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// What the agent has cannot be told.
    #[error("the master cannot be told what this agent has: {0}")]
    Description(#[from] DescriptionError),
    /// The agent cannot be, by its name or its description.
    #[error(transparent)]
    Agent(#[from] core::NewAgentError),
    /// The machine has no entropy.
    #[error("the machine gives no random bytes: {0}")]
    Entropy(#[from] getrandom::Error),
}

/// A running agent. Dropped, it goes on without anybody to stop it.
#[derive(Debug)]
pub struct Agent {
    happen: mpsc::Sender<Happening>,
    registered: watch::Receiver<Option<AgentId>>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Agent {
    /// Starts an agent, which registers by itself, as often as it takes.
    ///
    /// # Errors
    ///
    /// [`StartError`], by what the agent cannot do without.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let socket = connect(&options.master).await?;
        let address = socket.local_addr().map_err(|cause| StartError::Resolve {
            address: options.master.clone(),
            cause,
        })?;
        let (happen, happenings) = mpsc::channel(HAPPENINGS);
        let modules = ModuleStorage::open(&options.module_folder, options.module_cache);
        let modules = modules.map_err(unusable(&options.module_folder))?;
        let (records, lock) = match &options.record_folder {
            Some(folder) => RecordStorage::open(folder)
                .map(|(records, lock)| (Some(records), Some(lock)))
                .map_err(unusable(folder))?,
            None => (None, None),
        };
        let containers = options.containers.map(|config| {
            let folder = options.container_folder;
            let opened = Containers::open(config, &options.name, folder.clone(), happen.clone());
            opened.map_err(unusable(&folder))
        });
        let containers = containers.transpose()?;
        let mut description = options.description;
        if let Some(containers) = &containers {
            say_executors(&mut description, containers.is_there().await);
            containers.watch();
        }
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy)?;
        let mut agent = core::Agent::new(
            &options.name,
            &description.to_bytes()?,
            core::Config {
                max_outputs: MAX_OUTPUTS,
                keeps_records: records.is_some(),
                ..options.core
            },
            options.credential,
            entropy,
            Instant::from_millis(0),
        )?;
        if let Some(records) = &records {
            records.restore(&mut agent);
        }
        let storage = StorageThread::start(Storage { modules, records }, happen.clone());
        let storage = storage.map_err(unusable(&options.module_folder))?;
        let (registered_sender, registered) = watch::channel(None);
        let driver = Driver {
            agent,
            socket,
            storage,
            _lock: lock,
            happenings,
            executor: Executor::new(options.devices.clone(), events_to(happen.clone())),
            containers,
            description,
            devices: options.devices,
            reports: Reports::new(MAX_REPORTS, LOG_BYTES),
            loading: BTreeSet::new(),
            registered: registered_sender,
            epoch: time::Instant::now(),
        };
        let task = tokio::spawn(driver.run());
        Ok(Self {
            happen,
            registered,
            address,
            task,
        })
    }

    /// Where its datagrams come from.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the master knows the agent. `None`: the agent has stopped before that.
    pub async fn registered(&mut self) -> Option<AgentId> {
        let registered = self.registered.wait_for(Option::is_some).await;
        registered.ok().and_then(|id| *id)
    }

    /// Ends all tasks, tells the master, and waits until it knows or does not answer.
    pub async fn leave(self) {
        // One that has stopped already has left.
        let _stopped = self.happen.send(Happening::Leave).await;
        let _stopped = self.task.await;
    }
}

fn unusable(folder: &Path) -> impl FnOnce(std::io::Error) -> StartError {
    move |cause| StartError::Storage {
        folder: folder.to_owned(),
        cause,
    }
}

/// A socket that hears the master alone.
async fn connect(master: &str) -> Result<UdpSocket, StartError> {
    let resolve = |cause| StartError::Resolve {
        address: master.to_owned(),
        cause,
    };
    let mut addresses = lookup_host(master).await.map_err(resolve)?;
    let none = || resolve(std::io::ErrorKind::NotFound.into());
    let address = addresses.next().ok_or_else(none)?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = |cause| StartError::Socket { address, cause };
    let own = UdpSocket::bind(any).await.map_err(socket)?;
    own.connect(address).await.map_err(socket)?;
    Ok(own)
}

/// Takes what tasks do to the loop. A log line that finds no room is dropped; all else waits
/// for it, on the task's own thread.
fn events_to(happen: mpsc::Sender<Happening>) -> crate::executor::EventSink {
    Arc::new(move |event| {
        let happening = Happening::Task(event);
        if let Happening::Task(TaskEvent::Log(..)) = happening {
            let _dropped = happen.try_send(happening);
        } else {
            // The loop has ended, and the task with it.
            let _left = happen.blocking_send(happening);
        }
    })
}
