//! A master over sockets: UDP for agents, HTTP for frameworks and people. A thin loop around
//! [`Master`].

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, UdpSocket};
use tokio::task::JoinHandle;

use crate::access::{Enrolled, TokenError, Tokens};
use crate::config::Config;
use crate::http::{self, Certificate, TlsError};
use crate::ledger::RestoreError;
use crate::master::Master;
use crate::modules::{FileStore, ModuleFolder};
use crate::registrar::Registrar;
use crate::shared::{Clock, Shared};
use crate::store::{Store, StoreError};

/// Bytes of the receive buffer: over a datagram's limit, so that one too long is seen as such.
const RECEIVE_BUFFER: usize = 2048;

/// Bytes of datagrams that wait to be taken: 4 MiB. Linux counts about 1 KiB for a small one, so these
/// are those of some thousand agents that speak at once.
const DATAGRAMS_KEPT: usize = 4 << 20;

/// Connections that wait to be accepted at most.
const BACKLOG: u32 = 1024;

/// How long calls in progress may take when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address is not available.
    #[error("{what} cannot listen on {address}: {error}")]
    Bind {
        /// For whom.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// The HTTP API is beyond loopback, where secrets would be read or nobody would need any.
    #[error(
        "the HTTP API would listen on {address}, beyond loopback, {lacks}; or choose a loopback \
         address, or take the risk with --insecure"
    )]
    Exposed {
        /// Where.
        address: SocketAddr,
        /// What it lacks.
        lacks: Lacks,
    },
    /// The certificate is no use.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The store is no use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token of the configuration is no use.
    #[error("the token {name:?}: {error}")]
    Token {
        /// What it is called.
        name: String,
        /// Why not.
        error: TokenError,
    },
    /// The modules' folder is no use.
    #[error("the folder {path} of the modules: {error}")]
    Modules {
        /// Which folder.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// What the file holds is no use.
    #[error("{path}: {error}; restore a backup, or start with another file")]
    Restore {
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: RestoreError,
    },
    /// The system gives no thread.
    #[error("the system gives no thread to write with: {0}")]
    Thread(io::Error),
    /// The system gives no entropy.
    #[error("the system gives no entropy: {0}")]
    Entropy(io::Error),
}

/// What the HTTP API needs to be reached from beyond loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lacks {
    /// A certificate.
    Tls,
    /// A token.
    Tokens,
}

impl fmt::Display for Lacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => {
                "without TLS, where tokens would be read on their way: give it a certificate with \
                 --tls-cert and --tls-key"
            }
            Self::Tokens => {
                "without tokens, where anybody would be an operator: start it on loopback with \
                 --store FILE, issue one with `edgerm tokens issue NAME --role operator`, and \
                 start it again with that FILE"
            }
        })
    }
}

/// Starts masters.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a master, which then runs until [`Running::shutdown`].
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let entropy = match config.entropy {
            Some(entropy) => entropy,
            None => system_entropy().map_err(StartError::Entropy)?,
        };
        let store = config.store.as_deref().map(Store::open).transpose()?;
        let enrolled = store.as_ref().map(Store::enrolled).transpose()?;
        let registrar = Registrar::open(store.clone(), config.limits.join_tokens)?;
        let mut tokens = tokens(&config, store.clone())?;
        check_exposure(&config, &mut tokens)?;
        let certificate = config.tls.clone().map(Certificate::open).transpose()?;
        let (http, coap) = (config.http, config.coap);
        let bind_error = |what, address| {
            move |error| StartError::Bind {
                what,
                address,
                error,
            }
        };
        let socket = hear(coap).map_err(bind_error("CoAP", coap))?;
        let listener = listen(http).map_err(bind_error("the HTTP API", http))?;
        let coap_addr = socket.local_addr().map_err(bind_error("CoAP", coap))?;
        let http_addr = listener
            .local_addr()
            .map_err(bind_error("the HTTP API", http))?;
        let clock = Clock::new();
        let folder = modules_folder(&config)?;
        let mut master = restore(config, entropy, &clock, store.as_ref(), folder.as_ref())?;
        acquaint(&mut master, enrolled.into_iter().flatten(), &tokens);
        tell_who_is_taken(&master);
        tracing::info!(%http_addr, %coap_addr, "master is ready");
        let shared = Shared::new(
            clock,
            master,
            tokens,
            registrar,
            store.clone(),
            folder,
            socket,
        );
        let shared = Arc::new(shared);
        let writer = store.map(|store| spawn_writer(Arc::clone(&shared), store));
        Ok(Running {
            writer: writer.transpose().map_err(StartError::Thread)?,
            http_addr,
            coap_addr,
            coap: tokio::spawn(run_coap(Arc::clone(&shared))),
            http: tokio::spawn(http::serve(
                Arc::clone(&shared),
                listener,
                certificate.clone(),
            )),
            certificate,
            shared,
        })
    }
}

/// The folder of the modules, beside the master's file and called after it.
fn modules_folder(config: &Config) -> Result<Option<ModuleFolder>, StartError> {
    let Some(store) = &config.store else {
        return Ok(None);
    };
    let mut path = store.clone().into_os_string();
    path.push(".modules");
    let path = PathBuf::from(path);
    match ModuleFolder::open(&path) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) => Err(StartError::Modules { path, error }),
    }
}

/// A master that goes on where the one before it ended; without a file, a new one.
fn restore(
    config: Config,
    entropy: [u8; 32],
    clock: &Clock,
    store: Option<&Store>,
    folder: Option<&ModuleFolder>,
) -> Result<Master, StartError> {
    let (Some(store), Some(folder)) = (store, folder) else {
        return Ok(Master::new(config, entropy));
    };
    let path = config.store.clone().unwrap_or_default();
    let modules = FileStore::new(folder.clone(), config.limits.module_bytes);
    let rows = store.ledger()?;
    let restored = Master::restore(config, entropy, clock.now(), rows, Box::new(modules));
    let master = restored.map_err(|error| StartError::Restore { path, error })?;
    let swept = folder.sweep(|id| master.ledger().module(id).is_some());
    if let Err(error) = swept {
        tracing::warn!(%error, "files that are no module's stay in the folder of the modules");
    }
    Ok(master)
}

/// Tells a master who is enrolled and which policies tokens have.
pub(crate) fn acquaint(
    master: &mut Master,
    enrolled: impl IntoIterator<Item = Enrolled>,
    tokens: &Tokens,
) {
    for agent in enrolled {
        master.enroll(agent);
    }
    for (token, policy) in tokens.policies() {
        master.set_policy(token, policy);
    }
}

/// Writes what is to last, batch by batch, in a thread of its own: it waits for the disk.
fn spawn_writer(shared: Arc<Shared>, store: Store) -> io::Result<std::thread::JoinHandle<()>> {
    let write = move || {
        while let Some(batch) = shared.next_batch() {
            let began = std::time::Instant::now();
            let failed = store.commit(&batch).err().map(|error| error.to_string());
            shared.metrics.on_commit(began.elapsed(), failed.is_some());
            shared.on_written(batch.number, failed.as_deref());
        }
    };
    std::thread::Builder::new()
        .name("store".into())
        .spawn(write)
}

/// Tells the log which agents there may be.
fn tell_who_is_taken(master: &Master) {
    if master.config().insecure {
        tracing::warn!("insecure: agents and frameworks are taken from anywhere, unproven");
    }
    match master.enrolled().len() {
        0 => tracing::info!(
            "no agent is enrolled: until one is, by `edgerm enroll`, all are taken from loopback"
        ),
        enrolled => tracing::info!(enrolled, "agents prove who they are"),
    }
}

/// A master that runs. Dropping it leaves it running.
pub struct Running {
    /// Where the HTTP API listens.
    pub http_addr: SocketAddr,
    /// Where agents are heard.
    pub coap_addr: SocketAddr,
    shared: Arc<Shared>,
    writer: Option<std::thread::JoinHandle<()>>,
    certificate: Option<Arc<Certificate>>,
    coap: JoinHandle<()>,
    http: JoinHandle<Result<(), TlsError>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("http_addr", &self.http_addr)
            .field("coap_addr", &self.coap_addr)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// Reads the certificate again, for connections to come; nothing where there is none.
    ///
    /// # Errors
    ///
    /// [`TlsError`]; the certificate stays as it was.
    pub fn reload_certificate(&self) -> Result<(), TlsError> {
        let reloaded = self.certificate.as_ref().map(|it| it.reload()).transpose();
        if reloaded.is_err() {
            self.shared.count("certificateRefused");
        }
        reloaded.map(|_| ())
    }

    /// How often what happened that is no event: refusals by their code, datagrams ignored.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        self.shared.call(|master, _| master.counters().clone())
    }

    /// Stops: long polls and streams end, calls in progress have a few seconds.
    pub async fn shutdown(self) {
        self.shared.stopping.send_replace(true);
        let abort = self.http.abort_handle();
        if tokio::time::timeout(GRACE, self.http).await.is_err() {
            abort.abort();
        }
        // It ends by the same signal, between two datagrams.
        let _ended = self.coap.await;
        self.shared.end_writing();
        if let Some(writer) = self.writer {
            // One that panicked has written what it has.
            let _ended = tokio::task::spawn_blocking(|| writer.join()).await;
        }
    }
}

async fn run_coap(shared: Arc<Shared>) {
    let mut buffer = [0; RECEIVE_BUFFER];
    let mut stopping = shared.stopping.subscribe();
    loop {
        let timer = shared.next_timer();
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => return,
            received = shared.receive(&mut buffer) => {
                if let Err(error) = received {
                    tracing::debug!(%error, "no datagram was received");
                }
            }
            () = sleep(timer) => shared.tick(),
            () = shared.wake.notified() => {}
        }
    }
}

/// A socket that keeps many datagrams until they are taken: what finds no room is lost, and its
/// agent sends it again 2 s later at the soonest. The system gives what it allows at most,
/// `net.core.rmem_max` on Linux.
fn hear(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(address)?;
    SockRef::from(&socket).set_recv_buffer_size(DATAGRAMS_KEPT)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// A listener whose connections send at once. On Linux they inherit it; with Nagle's algorithm the
/// first event of a stream would wait 40 ms for the acknowledgement of its head.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Refuses to be reached from beyond loopback where tokens can be read or are not asked for. From
/// there on a last token is not revoked.
fn check_exposure(config: &Config, tokens: &mut Tokens) -> Result<(), StartError> {
    let address = config.http;
    if config.insecure || address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let exposed = |lacks| Err(StartError::Exposed { address, lacks });
    if config.tls.is_none() {
        return exposed(Lacks::Tls);
    }
    if !tokens.are_asked_for() {
        return exposed(Lacks::Tokens);
    }
    tokens.keep_one();
    Ok(())
}

fn tokens(config: &Config, store: Option<Store>) -> Result<Tokens, StartError> {
    let max = config.limits.tokens;
    let mut tokens = match store {
        Some(store) => Tokens::open(store, max)?,
        None => Tokens::in_memory(max),
    };
    for (new, secret) in &config.tokens {
        let taken = tokens.take(new, secret);
        taken.map_err(|error| StartError::Token {
            name: new.name.clone(),
            error,
        })?;
    }
    Ok(tokens)
}

pub(crate) fn system_entropy() -> io::Result<[u8; 32]> {
    let mut entropy = [0; 32];
    fill_from_system(&mut entropy)?;
    Ok(entropy)
}

/// Fills `bytes` with the system's entropy.
pub(crate) fn fill_from_system(bytes: &mut [u8]) -> io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(bytes)
}
