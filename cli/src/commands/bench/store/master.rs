//! The master of the bench in a process of its own: this program once more.
//!
//! It reads the entropy of its token from standard input, a line of hexadecimal digits, prints
//! its two addresses, and ends once standard input does: with whoever started it, however that
//! ended. Whoever started it ends it with SIGKILL, so that nothing is tidied up.

use std::io::{self, BufRead, Read, StdinLock, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use edgerm_framework::Client;
use edgerm_framework::api::{NewToken, Role};
use edgerm_master::access::Secret;
use edgerm_master::{Config, Limits, Rate, Server};
use tokio::time::timeout;

use super::{PATIENCE, stalled};
use crate::args::BenchMaster;
use crate::console::Console;
use crate::exit::Failure;

/// As good as no bound on what the callers of the bench ask.
const UNBOUNDED: Rate = Rate {
    per_second: 1_000_000,
    burst: 1_000_000,
};

/// `edgerm bench store-master`, which the bench calls.
pub(crate) async fn serve(console: &Console, args: &BenchMaster) -> Result<(), Failure> {
    let line = from_stdin(|stdin| {
        let mut line = String::new();
        stdin.read_line(&mut line).map(|_| line)
    });
    let line = line.await?;
    let mut entropy = [0; 32];
    hex::decode_to_slice(line.trim(), &mut entropy)
        .map_err(|error| Failure::Usage(format!("standard input tells no token: {error}")))?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let running = Server::start(Config {
        http: any,
        coap: any,
        store: Some(args.store.clone()),
        tokens: vec![(
            NewToken::new("bench", Role::Operator),
            Secret::from_entropy(entropy),
        )],
        limits: limits(&args.limit)?,
        ..Config::default()
    });
    let running = running.await.map_err(Failure::MasterStart)?;
    console.print(&format!("{} {}", running.http_addr, running.coap_addr))?;
    let ended = from_stdin(|stdin| stdin.read_to_end(&mut Vec::new())).await;
    running.shutdown().await;
    ended.map(|_| ())
}

/// Reads standard input where that holds nobody else up.
async fn from_stdin<T: Send + 'static>(
    read: impl FnOnce(&mut StdinLock<'_>) -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let read = tokio::task::spawn_blocking(move || read(&mut io::stdin().lock()));
    let read = read
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    read.map_err(|error| Failure::local("cannot read standard input", error))
}

/// The limits that the load of the bench needs, and then those that were told.
fn limits(told: &[String]) -> Result<Limits, Failure> {
    let mut limits = Limits {
        framework_tasks: usize::MAX,
        ..Limits::default()
    };
    limits.http.source_rate = UNBOUNDED;
    limits.http.token_rate = UNBOUNDED;
    for limit in told {
        let set = limits.set(limit);
        set.map_err(|error| Failure::Usage(error.to_string()))?;
    }
    Ok(limits)
}

/// A master in another process, which ends when this is dropped.
pub(super) struct MasterProcess {
    process: Process,
    /// Held open: its end is the master's.
    _stdin: ChildStdin,
    http: SocketAddr,
    /// Where agents are heard.
    pub(super) coap: SocketAddr,
    secret: Secret,
}

impl MasterProcess {
    /// Starts one with its store in this file.
    pub(super) async fn start(store: &Path, limits: &[String]) -> Result<Self, Failure> {
        let starting = |error| Failure::local("cannot start a master in another process", error);
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy)
            .map_err(|error| Failure::local("no entropy to draw a token from", error))?;
        let mut command = Command::new(std::env::current_exe().map_err(starting)?);
        command.args(["bench", "store-master", "--store"]);
        command.arg(store);
        for limit in limits {
            command.args(["--limit", limit]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process(command.spawn().map_err(starting)?);
        let (stdin, stdout) = (process.0.stdin.take(), process.0.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(starting(io::Error::other("it has no pipes")));
        };
        let told = format!("{}\n", hex::encode(entropy));
        stdin.write_all(told.as_bytes()).map_err(starting)?;
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            io::BufReader::new(stdout)
                .read_line(&mut line)
                .map(|_| line)
        });
        let line = match timeout(PATIENCE, line).await {
            Ok(line) => line.unwrap_or_else(|error| Err(io::Error::other(error))),
            Err(_) => return Err(stalled("the master to start")),
        };
        let line = line.map_err(starting)?;
        let addresses = line.trim().split_once(' ').and_then(|(http, coap)| {
            Some((
                http.parse::<SocketAddr>().ok()?,
                coap.parse::<SocketAddr>().ok()?,
            ))
        });
        let Some((http, coap)) = addresses else {
            return Err(starting(io::Error::other("it ended, as it told above")));
        };
        Ok(Self {
            process,
            _stdin: stdin,
            http,
            coap,
            secret: Secret::from_entropy(entropy),
        })
    }

    /// The id of its process.
    pub(super) fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// A client with its token.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let client = Client::new(&format!("http://{}", self.http))?;
        Ok(client.with_token(self.secret.as_str())?)
    }
}

/// A process that is killed when this is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // Either fails only where it has ended by itself.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
