//! The master: ledger, allocator and the way to every agent behind one sans-IO interface.
//!
//! The driver feeds [`Master::handle_datagram`], [`Master::handle_timeout`] and the API's calls,
//! then drains [`Master::poll_output`], writes what [`Master::poll_batch`] has of what is to last,
//! and sets a timer for [`Master::poll_timeout`]. The same
//! struct serves over sockets and by the thousand agents inside one test.
//!
//! | file | does |
//! |---|---|
//! | `datagrams` | from a datagram to whom it is of, and where that is |
//! | `agent_requests` | answers what agents ask: ping, output, deregister, modules |
//! | `registration` | answers an agent that registers, and learns what it has |
//! | `agent_commands` | asks agents: launch, kill, message, description |
//! | `drain` | agents that are to run nothing more |
//! | `enrollment` | who may be an agent |
//! | `paths` | where each agent is reached |
//! | `health` | agents fall silent, are heard again, are given up |
//! | `offers`, `tasks`, `frameworks`, `modules`, `agents` | the API's calls |
//! | `inspections` | reads what tasks log and use, while somebody wants it |
//! | `policies` | what the policy of a token refuses its tasks |
//! | `commit` | makes a change true and tells everybody whom it concerns |
//! | `journal` | what is to last, and what is told only then |
//! | `restore` | a master out of what lasted |
//! | `retention` | how long ended tasks are remembered |
//! | `survey` | what there is at one moment, for who watches |
//! | `waits` | long polls, until they are answered |
//! | `view` | the ledger's records as the API shows them |

mod agent_commands;
mod agent_requests;
mod agents;
mod commit;
mod datagrams;
mod drain;
mod enrollment;
mod frameworks;
mod health;
mod inspections;
mod journal;
mod modules;
mod offer_errors;
mod offers;
mod page;
mod paths;
mod policies;
mod registration;
mod restore;
mod retention;
mod survey;
mod task_errors;
mod tasks;
#[cfg(test)]
mod tests;
mod view;
mod waits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use edgerm_coap::oscore::rekey::Challenges;
use edgerm_protocol::api;
use edgerm_protocol::{AgentId, FrameworkId, Instant, OfferId, SessionId, TaskId};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::access::{Agents, Denied, Scope, TokenId};
use crate::allocator::{Allocator, WaitId};
use crate::config::Config;
use crate::events::Whose;
use crate::ledger::Ledger;
use crate::link::Link;
use crate::modules::{MemoryStore, ModuleStore};
use crate::outputs::OutputStore;
use crate::peers::{PeerId, Peers};
use crate::policy::Policies;
use crate::rate::RateLimiter;
use crate::variants::Variants;

pub use crate::ledger::RowKey;
pub use frameworks::{FrameworkError, NewFrameworkError};
pub use journal::{Batch, StoreFault};
pub use modules::ModuleError;
pub use offer_errors::{AcceptError, DeclineError, OfferRequestError};
pub use page::{LimitOutOfRange, Paging};
pub use survey::Survey;
pub use task_errors::{KillError, MessageError, OutputsError};
pub use tasks::OutputQuery;
pub use waits::{Answer, Reply};

use inspections::{Question, Reading};
use journal::Journal;
use waits::Awaited;

/// Milliseconds between two refusals of agents that prove nothing that are answered and
/// logged; those between are dropped, so that forged addresses are not showered with answers.
const REFUSAL_INTERVAL_MS: u64 = 100;

/// How long what changes something is put off while nothing can be written.
const PUT_OFF: Duration = Duration::from_secs(1);

/// What the driver is to do.
#[derive(Debug)]
#[must_use]
pub enum Output {
    /// Send a datagram.
    Transmit {
        /// To whom.
        to: SocketAddr,
        /// What.
        datagram: Vec<u8>,
    },
    /// Tell whoever listens to events.
    Event {
        /// Whose tasks or offers it is about, where it is about one framework's.
        whose: Option<Whose>,
        /// What happened.
        event: Box<api::Event>,
    },
    /// Answer a long poll.
    Reply {
        /// Which.
        wait: WaitId,
        /// With what.
        reply: Reply,
    },
}

/// When something is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// When an endpoint has to retransmit or give up.
    Peer(PeerId),
    /// When an agent may have been silent for too long.
    Health(AgentId),
    /// When the tasks of an agent that is drained are killed.
    Drain(AgentId),
    /// When an offer expires.
    Offer(OfferId),
    /// When a filter ends.
    Filter(FrameworkId, AgentId),
    /// When a long poll is answered with what there is.
    Wait(WaitId),
    /// When a task that is read is asked about again.
    Reading(TaskId),
    /// When the oldest task that ended is forgotten.
    Retention,
}

/// The master. See the module.
pub struct Master {
    config: Config,
    ledger: Ledger,
    journal: Journal,
    allocator: Allocator,
    outputs: OutputStore,
    policies: Policies,
    modules: Box<dyn ModuleStore>,
    variants: Variants,
    /// Bytes of modules that were uploaded with each token.
    uploaded: BTreeMap<TokenId, usize>,
    peers: Peers,
    enrolled: Agents,
    // In boxes, as agents are in the ledger.
    links: BTreeMap<AgentId, Box<Link>>,
    timers: BTreeSet<(Instant, Timer)>,
    waits: BTreeMap<WaitId, (Instant, Awaited)>,
    /// Those of them that are about a task.
    task_waits: BTreeSet<(TaskId, WaitId)>,
    /// Tasks of which somebody reads what they log or use.
    readings: BTreeMap<TaskId, Reading>,
    last_question: Question,
    /// What tasks used when that was read last.
    used: BTreeMap<TaskId, api::Usage>,
    next_wait: u64,
    next_event: u64,
    /// Agents of which something became free since the last allocation.
    freed: BTreeSet<AgentId>,
    emitted: VecDeque<Output>,
    refusal_after: Instant,
    /// When the oldest task that ended is looked at.
    retention_at: Option<Instant>,
    /// When what does not verify is logged again.
    unauthentic_after: Instant,
    challenges: Challenges,
    /// How often who is not known to be where it is may be heard.
    unproven: RateLimiter,
    /// How often who is not enrolled may be: apart, so as not to take the former's turns.
    unknown: RateLimiter,
    random: Pcg64,
    counters: BTreeMap<&'static str, u64>,
    tally: survey::Tally,
}

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Master")
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}

impl Master {
    /// A master without agents, which draws ids, sessions and jitter from `entropy`. It must
    /// differ at each start, or agents take an old session for theirs.
    pub fn new(config: Config, entropy: [u8; 32]) -> Self {
        let limits = config.limits;
        // Two uses of one entropy must not tell of each other: ids are seen by everybody.
        let [key, seed, hashing] = split(entropy);
        let random = Pcg64::from_seed(seed);
        let mut hashing = Pcg64::from_seed(hashing);
        Self {
            ledger: Ledger::new(),
            journal: Journal::default(),
            allocator: Allocator::new(config.limits.framework_offers),
            outputs: OutputStore::default(),
            policies: Policies::default(),
            modules: Box::new(MemoryStore::new(limits.module_bytes)),
            variants: Variants::new(limits.variant_bytes),
            uploaded: BTreeMap::new(),
            peers: Peers::new(limits.strangers),
            enrolled: Agents::new(limits.enrolled),
            links: BTreeMap::new(),
            timers: BTreeSet::new(),
            waits: BTreeMap::new(),
            task_waits: BTreeSet::new(),
            readings: BTreeMap::new(),
            last_question: Question::default(),
            used: BTreeMap::new(),
            next_wait: 0,
            next_event: 1,
            freed: BTreeSet::new(),
            emitted: VecDeque::new(),
            refusal_after: Instant::default(),
            retention_at: None,
            unauthentic_after: Instant::default(),
            challenges: Challenges::new(key),
            unproven: RateLimiter::new(limits.unproven, limits.unproven_total, hashing.next_u64()),
            unknown: RateLimiter::new(limits.unproven, limits.unproven_total, hashing.next_u64()),
            random,
            counters: BTreeMap::new(),
            tally: survey::Tally::default(),
            config,
        }
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Everything it knows.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How often what happened that is no event: datagrams ignored, updates without news.
    pub fn counters(&self) -> &BTreeMap<&'static str, u64> {
        &self.counters
    }

    /// Who registered `framework`.
    pub(super) fn owner(&self, framework: FrameworkId) -> Option<TokenId> {
        let framework = self.ledger.framework(framework);
        framework.and_then(|framework| framework.owner)
    }

    /// Refuses calls about a framework that is another's. One that there is not is nobody's: the
    /// call itself says so.
    ///
    /// # Errors
    ///
    /// [`Denied::NotYours`].
    pub fn check_framework(&self, scope: Scope, framework: FrameworkId) -> Result<(), Denied> {
        match self.ledger.framework(framework) {
            Some(framework) => scope.check(framework.owner),
            None => Ok(()),
        }
    }

    /// Refuses calls about a task that is another's, as [`Self::check_framework`] does.
    ///
    /// # Errors
    ///
    /// [`Denied::NotYours`].
    pub fn check_task(&self, scope: Scope, task: TaskId) -> Result<(), Denied> {
        match self.ledger.task(task) {
            Some(task) => scope.check(task.owner),
            None => Ok(()),
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, timer)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.pop_first();
            if self.journal.is_failing() && self.put_off(now, timer) {
                continue;
            }
            match timer {
                Timer::Peer(peer) => self.on_peer_timer(now, peer),
                Timer::Health(agent) => self.on_health_timer(now, agent),
                Timer::Drain(agent) => self.on_drain_timer(now, agent),
                Timer::Offer(offer) => self.on_offer_timer(now, offer),
                Timer::Filter(framework, agent) => {
                    if self.allocator.expire_filter(now, framework, agent) {
                        self.freed.insert(agent);
                    }
                }
                Timer::Wait(wait) => self.on_wait_timer(wait),
                Timer::Reading(task) => self.on_reading_timer(now, task),
                Timer::Retention => self.on_retention_timer(now),
            }
        }
        self.allocate(now);
    }

    /// The next thing to do. Call until `None` after every call that takes `now`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.emitted.pop_front()
    }

    /// When [`Self::handle_timeout`] is to be called, at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer.into_iter().chain(self.retry_at()).min()
    }

    /// Looks at a timer later, that would change what cannot be written now; whether it does.
    fn put_off(&mut self, now: Instant, timer: Timer) -> bool {
        let later = now + PUT_OFF;
        match timer {
            Timer::Peer(_) | Timer::Filter(..) | Timer::Wait(_) | Timer::Reading(_) => {
                return false;
            }
            Timer::Health(agent) => {
                if let Some(link) = self.links.get_mut(&agent) {
                    link.look_at = None;
                }
                self.look_at(agent, later);
            }
            Timer::Drain(_) | Timer::Offer(_) | Timer::Retention => {
                self.timers.insert((later, timer));
            }
        }
        true
    }

    fn on_peer_timer(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get_mut(id) else {
            return;
        };
        peer.timer = None;
        if let Some(event) = peer.endpoint.handle_timeout(now) {
            self.on_answer(now, id, event);
        }
        self.flush(id);
    }

    fn set_peer_timer(&mut self, id: PeerId, before: Option<Instant>, timer: Option<Instant>) {
        if before != timer {
            if let Some(at) = before {
                self.timers.remove(&(at, Timer::Peer(id)));
            }
            if let Some(at) = timer {
                self.timers.insert((at, Timer::Peer(id)));
            }
        }
    }

    /// Whether somebody who proves nothing, and should, is answered at all.
    fn may_refuse(&mut self, now: Instant, from: SocketAddr) -> bool {
        self.count("unproven");
        if now < self.refusal_after {
            return false;
        }
        self.refusal_after = now + Duration::from_millis(REFUSAL_INTERVAL_MS);
        tracing::warn!(
            %from,
            "refused an agent that proves nothing: enroll it with `edgerm enroll`, or start the \
             master with --insecure to take it all the same"
        );
        true
    }

    /// Tells of a message in the name of an agent that does not verify, not each time: anybody
    /// who saw a message of the agent's can send as many as he likes.
    fn warn_of_unauthentic(&mut self, now: Instant, from: SocketAddr, key: [u8; 4]) {
        self.count("unauthentic");
        if now < self.unauthentic_after {
            return;
        }
        self.unauthentic_after = now + Duration::from_millis(REFUSAL_INTERVAL_MS);
        let agent = self.enrolled.by_key_id(key).map(|(name, _)| name);
        let agent = agent.unwrap_or_default();
        tracing::warn!(%from, agent, "a message does not verify: forged, or of another secret");
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counters.entry(what).or_default() += 1;
    }

    fn draw<T>(&mut self, make: fn(u64) -> T, taken: impl Fn(&Ledger, &T) -> bool) -> T {
        loop {
            let drawn = make(self.random.next_u64());
            if !taken(&self.ledger, &drawn) {
                return drawn;
            }
        }
    }

    fn draw_session(&mut self) -> SessionId {
        let low = |bits: u64| SessionId(u32::try_from(bits >> 32).unwrap_or_default());
        self.draw(low, |ledger, session| ledger.session(*session).is_some())
    }
}

/// A key, a seed of what everybody sees and a seed of what nobody does, out of one entropy: none
/// tells of another.
fn split(entropy: [u8; 32]) -> [[u8; 32]; 3] {
    use sha2::{Digest, Sha256};
    let names: [&[u8]; 3] = [b"challenges", b"ids and jitter", b"hashing"];
    names.map(|name| {
        let digest = Sha256::new().chain_update(name).chain_update(entropy);
        digest.finalize().into()
    })
}
