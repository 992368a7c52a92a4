//! What one may set of a master: its addresses, its patience, and bounds on what it holds.

mod http;
mod names;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use edgerm_protocol::api::NewToken;
use edgerm_task_abi::limits::MAX_MODULE;

use crate::access::Secret;
use crate::rate::Rate;
pub use http::{HttpLimits, TlsFiles};
pub use names::LimitError;

/// How a master runs. `Config { insecure: true, ..Config::default() }` is how one changes a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the HTTP API listens; port 0 takes a free one.
    pub http: SocketAddr,
    /// The certificate of the HTTP API. `None`: it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Where agents are heard, over UDP; port 0 takes a free one.
    pub coap: SocketAddr,
    /// Whether agents and frameworks that prove nothing are taken from beyond loopback.
    pub insecure: bool,
    /// The file with what lasts, tokens and enrolled agents: made where there is none. `None`: nothing lasts.
    pub store: Option<PathBuf>,
    /// Tokens that are taken beside those of the store, until the master stops.
    pub tokens: Vec<(NewToken, Secret)>,
    /// What ids, jitter and tokens are drawn from; must differ at each start. `None`: the
    /// server draws it from the system.
    pub entropy: Option<[u8; 32]>,
    /// How long things take.
    pub timing: Timing,
    /// How much is held.
    pub limits: Limits,
    /// Weight of each role's share, 1 unless told: a role of weight 2 is due twice as much.
    pub weights: BTreeMap<String, u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            tls: None,
            coap: SocketAddr::from((Ipv4Addr::LOCALHOST, 5683)),
            insecure: false,
            store: None,
            tokens: Vec::new(),
            entropy: None,
            timing: Timing::default(),
            limits: Limits::default(),
            weights: BTreeMap::new(),
        }
    }
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long an offer stands: 10 s. A framework that wants it has answered long before.
    pub offer_timeout: Duration,
    /// Longest filter that a decline may set: 1 h.
    pub max_filter: Duration,
    /// Longest wait of a long poll: 60 s.
    pub max_wait: Duration,
    /// Ping periods without a word after which an agent is silent: 3.
    pub missed_pings: u32,
    /// Added to those: 9 s, by when a lost ping has been retransmitted twice (RFC 7252 section
    /// 4.2: at most 3 s after it, and 6 s after that).
    pub slack: Duration,
    /// How long an agent is silent until it is given up and its tasks are lost: 10 min.
    pub give_up: Duration,
    /// How long a task that ended is remembered: 7 days, unless there are too many of them.
    pub keep_ended: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            offer_timeout: Duration::from_secs(10),
            max_filter: Duration::from_secs(3600),
            max_wait: Duration::from_secs(60),
            missed_pings: 3,
            slack: Duration::from_secs(9),
            give_up: Duration::from_secs(600),
            keep_ended: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// How much is held, so that nobody's peers or programs fill the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Agents known, gone ones included: 100,000.
    pub agents: usize,
    /// Addresses heard that are no registered agent's, with an endpoint each: 1,024.
    pub strangers: usize,
    /// How often an address is heard that is not known to be an agent's: 20 times a second, 100 at
    /// once.
    pub unproven: Rate,
    /// How often all such addresses together are: 2,000 times a second, 10,000 at once.
    pub unproven_total: Rate,
    /// Frameworks registered: 1,000.
    pub frameworks: usize,
    /// Frameworks registered with one token of a framework's role: 100.
    pub token_frameworks: usize,
    /// Open offers of one framework: 1,000.
    pub framework_offers: usize,
    /// Tasks of one framework that have not ended: 10,000.
    pub framework_tasks: usize,
    /// Tasks that ended and are remembered: 10,000.
    pub ended_tasks: usize,
    /// Long polls waiting: 4,096.
    pub waits: usize,
    /// Messages queued for one agent's tasks: 16.
    pub messages: usize,
    /// Outputs kept of one task: 1,000.
    pub task_outputs: usize,
    /// Bytes of outputs kept of one task: 256 KiB.
    pub task_output_bytes: usize,
    /// Bytes of outputs kept of all tasks: 64 MiB.
    pub output_bytes: usize,
    /// Bytes of one module: [`MAX_MODULE`].
    pub module: usize,
    /// Bytes of all modules: 256 MiB.
    pub module_bytes: usize,
    /// Bytes of modules uploaded with one token that is no operator's: 64 MiB.
    pub token_module_bytes: usize,
    /// Bytes of a backup that is restored: 1 GiB.
    pub backup: usize,
    /// Bytes of variants of modules that no task needs any more: 16 MiB.
    pub variant_bytes: usize,
    /// Tokens issued: 1,000.
    pub tokens: usize,
    /// Agents enrolled: 100,000.
    pub enrolled: usize,
    /// Join tokens that are neither used up nor expired: 1,000.
    pub join_tokens: usize,
    /// Events remembered for streams that resume: 4,096.
    pub events: usize,
    /// What callers of the HTTP API ask.
    pub http: HttpLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            agents: 100_000,
            strangers: 1024,
            unproven: Rate {
                per_second: 20,
                burst: 100,
            },
            unproven_total: Rate {
                per_second: 2000,
                burst: 10_000,
            },
            frameworks: 1000,
            token_frameworks: 100,
            framework_offers: 1000,
            framework_tasks: 10_000,
            ended_tasks: 10_000,
            waits: 4096,
            messages: 16,
            task_outputs: 1000,
            task_output_bytes: 256 << 10,
            output_bytes: 64 << 20,
            module: MAX_MODULE,
            module_bytes: 256 << 20,
            token_module_bytes: 64 << 20,
            backup: 1 << 30,
            variant_bytes: 16 << 20,
            tokens: 1000,
            enrolled: 100_000,
            join_tokens: 1000,
            events: 4096,
            http: HttpLimits::default(),
        }
    }
}
