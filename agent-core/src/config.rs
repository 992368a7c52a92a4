//! What the driver chooses for an agent.

use core::time::Duration;

use edgerm_coap::BlockSize;

/// How an agent behaves. Where a number's source is not named, it is a choice of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Time between two pings while nothing else is said: 5 s. Each one is moved by up to a
    /// tenth either way, so that agents which started together do not stay together.
    pub ping_period: Duration,
    /// Longest wait before the first retry of a registration: 1 s. It doubles with each one.
    pub retry_min: Duration,
    /// Longest wait before any retry of a registration: 64 s.
    pub retry_max: Duration,
    /// Tasks that run at once at most, as told in the resource `tasks`. Keep the agent's table
    /// larger by one or two: a task that has ended stays in it until the master acknowledges.
    pub slots: usize,
    /// Bytes of memory that one task may have at most, as told in `max_task_mem`.
    pub max_task_mem: u32,
    /// Bytes of a module at most.
    pub max_module: u32,
    /// Size of the blocks in which modules are fetched: 512 bytes, which is also the most that
    /// fits a datagram; 64 suit 6LoWPAN.
    pub block_size: BlockSize,
    /// Outputs that wait for the master at most, of all tasks together: 16.
    pub max_outputs: usize,
    /// Whether the driver keeps records: no. Where it does not, no [`crate::Output::Persist`]
    /// comes, a launch that says `restart` is refused, and what runs at a reboot is LOST. Where it
    /// does, it tells the attribute `restart`.
    pub keeps_records: bool,
    /// Timing and bounds of the CoAP endpoint, whose datagrams have at least
    /// [`edgerm_protocol::limits::MAX_DATAGRAM`] bytes.
    pub coap: edgerm_coap::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_period: Duration::from_secs(5),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(64),
            slots: 4,
            max_task_mem: 1 << 20,
            max_module: 1 << 20,
            block_size: BlockSize::B512,
            max_outputs: 16,
            keeps_records: false,
            coap: edgerm_coap::Config::default(),
        }
    }
}
