//! [`Driver`]: the agent, its slots and the ports, moved from one poll to the next.

mod jobs;
mod outputs;
mod tasks;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

use edgerm_agent_core::{
    Agent, Config, Input, InputError, MAX_RECORD, NewAgentError, RecordKey, Reports,
};
use edgerm_coap::oscore::Credential;
use edgerm_protocol::limits::{MAX_DATAGRAM, MAX_TASKS};
use edgerm_protocol::{AgentId, Instant};

use crate::port::{Clock, Event, Events, Network, Platform, Ports, Records};
use crate::slot::Slot;
use jobs::Job;

/// Rounds of one poll at most, in each of which a datagram may come, so that the platform's loop
/// comes around to its watchdog under any load.
const ROUNDS: usize = 16;

type Jobs = VecDeque<Job<Box<[u8]>>>;

/// What a driver is made with.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What the agent is called in the cluster, 1 to 32 bytes.
    pub name: &'a str,
    /// What the node has, encoded: see [`crate::describe`].
    pub description: &'a [u8],
    /// How the agent behaves. `slots` and `keeps_records` are the driver's own to say.
    pub core: Config,
    /// Bytes that the keys and values of one task have together at most, with three for each: 512
    /// are enough for one value of any size.
    pub value_bytes: usize,
    /// Bytes of log lines that are kept of one task, in the heap, for as many tasks as the table
    /// has: those that ended are kept until others log.
    pub log_bytes: usize,
    /// What the agent and the master prove themselves with; `None`: neither does, and a master
    /// takes the agent from loopback alone, unless it was told otherwise.
    pub credential: Option<&'a Credential>,
    /// Another one at each boot, and with a credential of a generator fit for keys.
    pub entropy: [u8; 32],
}

/// An agent on its ports, with a table of `TASKS` tasks and `SLOTS` that run at once. A task that
/// has ended stays in the table until the master acknowledges it, so let `TASKS` be the larger
/// one by one or two.
pub struct Driver<P: Platform, const TASKS: usize, const SLOTS: usize> {
    ports: Ports<P>,
    /// In the heap, as the buffer: whoever makes or moves a driver has no room for them on a
    /// small stack.
    agent: Box<Agent<TASKS>>,
    slots: [Option<Slot>; SLOTS],
    /// The slot whose turn is next.
    turn: usize,
    /// What the storage is asked for, in the order of the asking.
    jobs: Jobs,
    value_bytes: usize,
    /// What tasks logged.
    reports: Reports,
    /// Bytes of log lines in one answer at most.
    log_block: usize,
    has_left: bool,
    /// One byte more than a datagram may have.
    buffer: Box<[u8]>,
}

/// For how long nothing is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Wait {
    /// Until this instant, or until a port wakes the thread.
    Until(Instant),
    /// Until a port wakes the thread.
    Event,
    /// For ever: the agent has left, as it was told to.
    Left,
}

/// How the agent fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Who it is to the master, while it is registered.
    pub agent: Option<AgentId>,
    /// Tasks that have not ended, those whose module is on its way among them.
    pub tasks: usize,
    /// Whether it has left, as it was told to.
    pub has_left: bool,
}

impl<P: Platform, const TASKS: usize, const SLOTS: usize> Driver<P, TASKS, SLOTS> {
    /// An agent that registers at the first poll.
    ///
    /// # Errors
    ///
    /// [`NewAgentError`], by what the master would not understand.
    pub fn new(ports: Ports<P>, options: &Options<'_>) -> Result<Self, NewAgentError> {
        const {
            assert!(
                SLOTS > 0 && SLOTS <= TASKS,
                "a task that runs has its place in the table"
            );
        };
        let config = Config {
            slots: SLOTS,
            keeps_records: P::Records::KEPT,
            ..options.core
        };
        let now = ports.clock.now();
        let mut driver = Self {
            agent: agent(options, config, now)?,
            ports,
            slots: [const { None }; SLOTS],
            turn: 0,
            jobs: VecDeque::new(),
            value_bytes: options.value_bytes,
            reports: Reports::new(TASKS, options.log_bytes),
            log_block: config.block_size.bytes().into(),
            has_left: false,
            buffer: alloc::vec![0; MAX_DATAGRAM + 1].into(),
        };
        if P::Records::KEPT {
            driver.restore();
        }
        Ok(driver)
    }

    /// Takes up what an earlier boot left.
    #[inline(never)]
    fn restore(&mut self) {
        const { assert!(MAX_RECORD <= MAX_DATAGRAM, "the buffer holds a record") };
        let Ports {
            records, events, ..
        } = &mut self.ports;
        // Keys of a larger table than this one's are erased.
        for key in (0..).map(RecordKey).take(1 + MAX_TASKS) {
            match records.read(key, &mut self.buffer) {
                Ok(None) => {}
                Ok(Some(length)) => {
                    let record = self.buffer.get(..length).unwrap_or_default();
                    if let Err(error) = self.agent.restore(key, record) {
                        events.on_event(Event::RecordDropped(key, error));
                    }
                }
                Err(error) => events.on_event(Event::RecordFailed(key, error)),
            }
        }
    }

    /// Does all that can be done now, and tells until when nothing is due. To poll it too early
    /// or too often does no harm.
    pub fn poll(&mut self) -> Wait {
        for _ in 0..ROUNDS {
            let deadline = self.drain();
            if self.has_left {
                return Wait::Left;
            }
            let stored = self.poll_storage();
            let ran = self.poll_slots();
            if self.receive() || ran || stored {
                continue;
            }
            let waits = self.slots.iter().flatten().filter_map(Slot::deadline);
            let Some(next) = waits.chain(deadline).min() else {
                return Wait::Event;
            };
            if next > self.ports.clock.now() {
                return Wait::Until(next);
            }
            // Of the agent; what is due of a slot is done in the next round.
            self.input(Input::Timeout);
        }
        Wait::Until(self.ports.clock.now())
    }

    /// Ends all tasks and tells the master. [`Self::poll`] goes on until it gives [`Wait::Left`].
    pub fn leave(&mut self) {
        self.input(Input::Leave);
    }

    /// What the node has is another now: the agent registers anew with this description.
    ///
    /// # Errors
    ///
    /// [`InputError::Description`] where the bytes are none; nothing has changed then.
    pub fn change_description(&mut self, description: &[u8]) -> Result<(), InputError> {
        let now = self.ports.clock.now();
        self.agent
            .handle_input(now, Input::DescriptionChanged(description))
    }

    /// How the agent fares.
    pub fn state(&self) -> State {
        State {
            agent: self.agent.id(),
            tasks: self.agent.active_tasks(),
            has_left: self.has_left,
        }
    }

    /// The ports, for what a platform wants to do with its own between two polls.
    pub const fn ports_mut(&mut self) -> &mut Ports<P> {
        &mut self.ports
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.ports.clock.now();
        // A module may be wanted no more while the storage still answers for it.
        let _unwanted = self.agent.handle_input(now, input);
    }

    /// Takes one datagram. While the storage owes much, none is: what the peer sends is bounded by
    /// what the storage can do, and is sent again.
    fn receive(&mut self) -> bool {
        if self.storage_is_behind() {
            return false;
        }
        let Ok(length) = self.ports.network.receive(&mut self.buffer) else {
            return false;
        };
        if length <= MAX_DATAGRAM {
            let now = self.ports.clock.now();
            let datagram = Input::Datagram(&self.buffer[..length]);
            // What a peer sends is never an error.
            let _ = self.agent.handle_input(now, datagram);
        }
        true
    }
}

/// An agent in the heap. Never inlined, so that the stack that it is made on is given back.
#[inline(never)]
fn agent<const TASKS: usize>(
    options: &Options<'_>,
    config: Config,
    now: Instant,
) -> Result<Box<Agent<TASKS>>, NewAgentError> {
    let Options {
        name,
        description,
        credential,
        entropy,
        ..
    } = options;
    let credential = credential.cloned();
    Agent::new(name, description, config, credential, *entropy, now).map(Box::new)
}

impl<P: Platform, const TASKS: usize, const SLOTS: usize> fmt::Debug for Driver<P, TASKS, SLOTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
