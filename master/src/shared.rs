//! The master between its sockets: whoever calls it holds the lock for the length of the call,
//! and carries out what came of it before letting go.

mod restore;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use edgerm_protocol::Instant;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot, watch};

use crate::access::Tokens;
use crate::allocator::WaitId;
use crate::config::Limits;
use crate::events::EventRing;
use crate::http::{Failure, Gate};
use crate::master::{Answer, Batch, Master, Output, Reply};
use crate::metrics::Metrics;
use crate::modules::ModuleFolder;
use crate::registrar::Registrar;
use crate::store::Store;

/// How long the writer sleeps at most with nothing to write.
const IDLE: Duration = Duration::from_secs(60);

/// How long it sleeps at least before it tries again.
const SOON: Duration = Duration::from_millis(1);

/// Datagrams taken before the timers and whoever else waits have their turn.
const RECEIVE_BATCH: usize = 64;

/// The master and all that its sockets share.
pub(crate) struct Shared {
    core: Mutex<Core>,
    socket: UdpSocket,
    clock: Clock,
    /// Told when the timer is to be set anew.
    pub(crate) wake: Notify,
    /// What happened lately.
    pub(crate) events: EventRing,
    /// Whether the server is stopping.
    pub(crate) stopping: watch::Sender<bool>,
    /// Whether agents and frameworks that prove nothing are taken from beyond loopback.
    pub(crate) insecure: bool,
    /// Whether the HTTP API may be called by any host name.
    pub(crate) any_name: bool,
    /// Bytes of a module at most.
    pub(crate) max_module: usize,
    /// What is held, and asked, at most.
    pub(crate) limits: Limits,
    /// What is counted at the sockets and the disk.
    pub(crate) metrics: Metrics,
    /// How often who may call.
    pub(crate) gate: Gate,
    tokens: Mutex<Tokens>,
    /// Who changes who is enrolled.
    pub(crate) registrar: Registrar,
    /// Where modules last.
    pub(crate) folder: Option<ModuleFolder>,
    /// Where everything else does.
    pub(crate) store: Option<Store>,
    /// How often everything was replaced by a backup: streams and long polls of before end.
    pub(crate) era: watch::Sender<u64>,
    /// Told when there is something to be written.
    unwritten: Condvar,
    /// Told when a batch was written.
    settled: Condvar,
    written: watch::Sender<Written>,
}

/// How far the writing of changes has come.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    /// Of which era the others are.
    era: u64,
    /// The last change that is on the disk.
    durable: u64,
    /// The last change that could not be written when the disk failed last.
    failed: u64,
}

struct Core {
    master: Master,
    replies: BTreeMap<WaitId, oneshot::Sender<Reply>>,
    /// How often the master was replaced by one of a backup.
    era: u64,
    /// Whether a batch is being written.
    writing: bool,
    /// Whether no batch may be written for now.
    held: bool,
    /// Whether the writer is to end once all is written.
    ends: bool,
    /// The timer that the loop sleeps for.
    sleeping_until: Option<Instant>,
}

/// Milliseconds since the Unix epoch, which do not move back while the process runs.
pub(crate) struct Clock {
    started: std::time::Instant,
    epoch_ms: u64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis());
        Self {
            started: std::time::Instant::now(),
            epoch_ms: u64::try_from(millis).unwrap_or(0),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_millis(self.epoch_ms) + self.started.elapsed()
    }
}

impl Shared {
    pub(crate) fn new(
        clock: Clock,
        master: Master,
        tokens: Tokens,
        registrar: Registrar,
        store: Option<Store>,
        folder: Option<ModuleFolder>,
        socket: UdpSocket,
    ) -> Self {
        let config = master.config();
        Self {
            clock,
            wake: Notify::new(),
            events: EventRing::new(config.limits.events),
            stopping: watch::Sender::new(false),
            insecure: config.insecure,
            any_name: config.insecure || config.tls.is_some(),
            max_module: config.limits.module,
            limits: config.limits,
            metrics: Metrics::new(),
            gate: Gate::new(&config.limits),
            tokens: Mutex::new(tokens),
            registrar,
            folder,
            store,
            era: watch::Sender::new(0),
            unwritten: Condvar::new(),
            settled: Condvar::new(),
            written: watch::Sender::new(Written::default()),
            socket,
            core: Mutex::new(Core {
                master,
                replies: BTreeMap::new(),
                era: 0,
                writing: false,
                held: false,
                ends: false,
                sleeping_until: None,
            }),
        }
    }

    /// Calls the master, and carries out what came of it.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&mut Master, Instant) -> T) -> T {
        let mut core = self.lock();
        let outcome = call(&mut core.master, self.clock.now());
        self.carry_out(&mut core);
        outcome
    }

    /// Looks at the master, where nothing of what is seen need be on the disk.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Master) -> T) -> T {
        look(&self.lock().master)
    }

    /// Calls the master to change something, and returns once that is on the disk.
    pub(crate) async fn change<T>(
        &self,
        call: impl FnOnce(&mut Master, Instant) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (outcome, changed) = {
            let mut core = self.lock();
            if let Some(fault) = core.master.store_fault() {
                return Err(Failure::store_failing(fault));
            }
            let outcome = call(&mut core.master, self.clock.now());
            self.carry_out(&mut core);
            (outcome?, not_yet_durable(&core))
        };
        self.lasts(changed).await?;
        Ok(outcome)
    }

    /// Calls the master to read something, and returns it once all that it may show is on the disk;
    /// at once where that fails.
    pub(crate) async fn read<T>(
        &self,
        call: impl FnOnce(&Master, Instant) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (outcome, changed) = {
            let core = self.lock();
            let outcome = call(&core.master, self.clock.now())?;
            if core.master.store_fault().is_some() {
                return Ok(outcome);
            }
            (outcome, not_yet_durable(&core))
        };
        match self.fate(changed).await {
            // What fails now is no reason not to show it.
            Fate::Lasts | Fate::Unknown | Fate::Stopping => Ok(outcome),
            Fate::Replaced => Err(Failure::restored()),
        }
    }

    /// Waits until this change, if any, is on the disk.
    async fn lasts(&self, change: Option<Made>) -> Result<(), Failure> {
        match self.fate(change).await {
            Fate::Lasts => Ok(()),
            Fate::Unknown => Err(Failure::outcome_unknown()),
            Fate::Replaced => Err(Failure::restored()),
            Fate::Stopping => Err(Failure::stopping()),
        }
    }

    async fn fate(&self, change: Option<Made>) -> Fate {
        let Some(Made { era, change }) = change else {
            return Fate::Lasts;
        };
        let mut written = self.written.subscribe();
        let is_known = |it: &Written| it.era != era || it.durable >= change || it.failed >= change;
        match written.wait_for(is_known).await {
            Ok(written) if written.era != era => Fate::Replaced,
            Ok(written) if written.durable >= change => Fate::Lasts,
            Ok(_) => Fate::Unknown,
            Err(_) => Fate::Stopping,
        }
    }

    /// The next batch to write, as soon as there is one; `None` once the server has stopped.
    pub(crate) fn next_batch(&self) -> Option<Batch> {
        let mut core = self.lock();
        loop {
            let now = self.clock.now();
            if !core.held {
                let batch = core.master.poll_batch(now);
                core.writing = batch.is_some();
                if batch.is_some() || core.ends {
                    return batch;
                }
            }
            let retry_at = core.master.retry_at();
            let wait = retry_at.map_or(IDLE, |at| at.saturating_duration_since(now).max(SOON));
            let woken = self.unwritten.wait_timeout(core, wait);
            core = woken.map_or_else(|error| error.into_inner().0, |(core, _)| core);
        }
    }

    /// The batch of this number is on the disk, or failed, and why.
    pub(crate) fn on_written(&self, number: u64, failed: Option<&str>) {
        let mut core = self.lock();
        core.writing = false;
        self.settled.notify_all();
        let now = self.clock.now();
        match failed {
            None => core.master.handle_committed(now, number),
            Some(reason) => core.master.handle_commit_failed(now, number, reason),
        }
        self.carry_out(&mut core);
        let (durable, changed) = (core.master.durable(), core.master.changed());
        let era = core.era;
        drop(core);
        self.written.send_if_modified(|written| {
            let is_of_now = written.era == era;
            if is_of_now {
                written.durable = durable;
            }
            if is_of_now && failed.is_some() {
                written.failed = changed;
            }
            is_of_now
        });
    }

    /// Lets the writer end, once what there is to write is written.
    pub(crate) fn end_writing(&self) {
        self.lock().ends = true;
        self.unwritten.notify_all();
    }

    /// Counts a refusal.
    pub(crate) fn count(&self, what: &'static str) {
        self.lock().master.count(what);
    }

    /// Calls the master, and waits for the reply where there is none yet.
    pub(crate) async fn call_waiting<T>(
        self: &Arc<Self>,
        call: impl FnOnce(&mut Master, Instant) -> Result<Answer<T>, Failure>,
        unwrap: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, Failure> {
        let mut pending = match self.begin(call)? {
            Begun::Ready(answer, changed) => {
                self.lasts(changed).await?;
                return Ok(answer);
            }
            Begun::Waiting(pending) => pending,
        };
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            biased;
            reply = &mut pending.reply => {
                let reply = reply.map_err(|_| Failure::restored())?;
                unwrap(reply).ok_or_else(Failure::stopping)
            }
            _ = stopping.wait_for(|stopping| *stopping) => Err(Failure::stopping()),
        }
    }

    fn begin<T>(
        self: &Arc<Self>,
        call: impl FnOnce(&mut Master, Instant) -> Result<Answer<T>, Failure>,
    ) -> Result<Begun<T>, Failure> {
        let mut core = self.lock();
        let answer = call(&mut core.master, self.clock.now());
        let begun = answer.map(|answer| match answer {
            Answer::Ready(answer) => {
                let is_failing = core.master.store_fault().is_some();
                let changed = not_yet_durable(&core);
                Begun::Ready(answer, changed.filter(|_| !is_failing))
            }
            Answer::Waiting(wait) => {
                let (sender, reply) = oneshot::channel();
                core.replies.insert(wait, sender);
                let shared = Arc::clone(self);
                Begun::Waiting(Pending {
                    shared,
                    wait,
                    reply,
                })
            }
        });
        self.carry_out(&mut core);
        begun
    }

    /// The same of a call that changes something, which is refused while nothing can be written.
    pub(crate) async fn change_waiting<T>(
        self: &Arc<Self>,
        call: impl FnOnce(&mut Master, Instant) -> Result<Answer<T>, Failure>,
        unwrap: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, Failure> {
        let call = |master: &mut Master, now| match master.store_fault() {
            Some(fault) => Err(Failure::store_failing(fault)),
            None => call(master, now),
        };
        self.call_waiting(call, unwrap).await
    }

    /// The tokens that callers show.
    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a datagram, and takes it and those that are there behind it.
    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut received = self.socket.recv_from(buffer).await?;
        for taken in 1..=RECEIVE_BATCH {
            let (length, from) = received;
            let datagram = buffer.get(..length).unwrap_or_default();
            self.metrics.on_received(length);
            self.call(|master, now| master.handle_datagram(now, from, datagram));
            if taken == RECEIVE_BATCH {
                break;
            }
            match self.socket.try_recv_from(buffer) {
                Ok(next) => received = next,
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Lets the master look at its timers.
    pub(crate) fn tick(&self) {
        self.call(Master::handle_timeout);
    }

    /// How long to sleep until the next timer; `None`: until woken.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        let mut core = self.lock();
        core.sleeping_until = core.master.poll_timeout();
        let at = core.sleeping_until?;
        Some(at.saturating_duration_since(self.clock.now()))
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        // A call that panicked is a defect; the others go on with what it left.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, core: &mut Core) {
        while let Some(output) = core.master.poll_output() {
            match output {
                Output::Transmit { to, datagram } => {
                    // A full buffer loses it as the network might; retransmission covers both.
                    match self.socket.try_send_to(&datagram, to) {
                        Ok(_) => self.metrics.on_sent(datagram.len()),
                        Err(error) => {
                            self.metrics.on_unsent();
                            tracing::debug!(%to, %error, "a datagram was not sent");
                        }
                    }
                }
                Output::Event { whose, event } => self.events.publish(whose, event),
                Output::Reply { wait, reply } => {
                    let returned = match core.replies.remove(&wait) {
                        Some(sender) => sender.send(reply).err(),
                        None => Some(reply),
                    };
                    if let Some(reply) = returned {
                        core.master.return_reply(self.clock.now(), reply);
                    }
                }
            }
        }
        if core.master.has_unwritten() {
            self.unwritten.notify_one();
        }
        let next = core.master.poll_timeout();
        if next.is_some_and(|next| core.sleeping_until.is_none_or(|until| next < until)) {
            self.wake.notify_one();
        }
    }
}

/// A change that was made.
#[derive(Clone, Copy, Debug)]
struct Made {
    era: u64,
    change: u64,
}

/// What became of a change.
enum Fate {
    /// It is on the disk.
    Lasts,
    /// The disk failed of it.
    Unknown,
    /// A backup was restored, in which it is not.
    Replaced,
    /// The server ends.
    Stopping,
}

/// The last change, where it is not on the disk yet.
fn not_yet_durable(core: &Core) -> Option<Made> {
    let (era, change) = (core.era, core.master.changed());
    (change > core.master.durable()).then_some(Made { era, change })
}

/// A call that may have to wait.
enum Begun<T> {
    /// Its answer, good once this change is on the disk.
    Ready(T, Option<Made>),
    Waiting(Pending),
}

/// A long poll on its way. Where its caller goes away, it ends, and what it was about to be
/// given returns.
struct Pending {
    shared: Arc<Shared>,
    wait: WaitId,
    reply: oneshot::Receiver<Reply>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.reply.close();
        let unread = self.reply.try_recv().ok();
        let mut core = self.shared.lock();
        if core.replies.remove(&self.wait).is_none() && unread.is_none() {
            return;
        }
        core.master.end_wait(self.wait);
        if let Some(reply) = unread {
            core.master.return_reply(self.shared.clock.now(), reply);
        }
        self.shared.carry_out(&mut core);
    }
}
