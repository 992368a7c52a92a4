//! The master between its sockets: whoever calls it holds the lock for the length of the call,
//! and carries out what came of it before letting go.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use edgerm_protocol::Instant;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, oneshot, watch};

use crate::access::Tokens;
use crate::allocator::WaitId;
use crate::config::Limits;
use crate::events::EventRing;
use crate::http::Gate;
use crate::master::{Answer, Master, Output, Reply};
use crate::registrar::Registrar;

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
    /// How often who may call.
    pub(crate) gate: Gate,
    tokens: Mutex<Tokens>,
    /// Who changes who is enrolled.
    pub(crate) registrar: Registrar,
}

struct Core {
    master: Master,
    replies: BTreeMap<WaitId, oneshot::Sender<Reply>>,
    /// The timer that the loop sleeps for.
    sleeping_until: Option<Instant>,
}

/// Milliseconds since the Unix epoch, which do not move back while the process runs.
struct Clock {
    started: std::time::Instant,
    epoch_ms: u64,
}

impl Clock {
    fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis());
        Self {
            started: std::time::Instant::now(),
            epoch_ms: u64::try_from(millis).unwrap_or(0),
        }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.epoch_ms) + self.started.elapsed()
    }
}

impl Shared {
    pub(crate) fn new(
        master: Master,
        tokens: Tokens,
        registrar: Registrar,
        socket: UdpSocket,
    ) -> Self {
        let config = master.config();
        Self {
            clock: Clock::new(),
            wake: Notify::new(),
            events: EventRing::new(config.limits.events),
            stopping: watch::Sender::new(false),
            insecure: config.insecure,
            any_name: config.insecure || config.tls.is_some(),
            max_module: config.limits.module,
            limits: config.limits,
            gate: Gate::new(&config.limits),
            tokens: Mutex::new(tokens),
            registrar,
            socket,
            core: Mutex::new(Core {
                master,
                replies: BTreeMap::new(),
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

    /// Counts a refusal.
    pub(crate) fn count(&self, what: &'static str) {
        self.lock().master.count(what);
    }

    /// Calls the master, and waits for the reply where there is none yet. `Err(None)`: the
    /// server is stopping.
    pub(crate) async fn call_waiting<T, E>(
        self: &Arc<Self>,
        call: impl FnOnce(&mut Master, Instant) -> Result<Answer<T>, E>,
        unwrap: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, Option<E>> {
        let (mut pending, mut stopping) = {
            let mut core = self.lock();
            let answer = call(&mut core.master, self.clock.now());
            let pending = match answer {
                Ok(Answer::Ready(answer)) => {
                    self.carry_out(&mut core);
                    return Ok(answer);
                }
                Ok(Answer::Waiting(wait)) => {
                    let (sender, reply) = oneshot::channel();
                    core.replies.insert(wait, sender);
                    let shared = Arc::clone(self);
                    Pending {
                        shared,
                        wait,
                        reply,
                    }
                }
                Err(error) => {
                    self.carry_out(&mut core);
                    return Err(Some(error));
                }
            };
            self.carry_out(&mut core);
            (pending, self.stopping.subscribe())
        };
        tokio::select! {
            biased;
            reply = &mut pending.reply => reply.ok().and_then(unwrap).ok_or(None),
            _ = stopping.wait_for(|stopping| *stopping) => Err(None),
        }
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
    pub(crate) fn next_timer(&self) -> Option<std::time::Duration> {
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
                    if let Err(error) = self.socket.try_send_to(&datagram, to) {
                        tracing::debug!(%to, %error, "a datagram was not sent");
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
        let next = core.master.poll_timeout();
        if next.is_some_and(|next| core.sleeping_until.is_none_or(|until| next < until)) {
            self.wake.notify_one();
        }
    }
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
