//! What the agent's thread does.

use alloc::boxed::Box;
use core::fmt;

use edgerm_agent_core::NewAgentError;
use edgerm_coap::oscore::Credential;
#[cfg(any(CONFIG_EDGERM_SECURITY_CREDENTIAL, CONFIG_EDGERM_SECURITY_SETTINGS))]
use edgerm_coap::oscore::CredentialError;
use edgerm_driver::flash::GeometryError;
use edgerm_driver::port::{Clock, Ports};
use edgerm_driver::{DescribeError, Driver, Options, Wait};
use edgerm_zephyr_rtos::flash::Partition;
use edgerm_zephyr_rtos::log::{self, Level};
#[cfg(any(CONFIG_EDGERM_RECORDS, CONFIG_EDGERM_SECURITY_SETTINGS))]
use edgerm_zephyr_rtos::settings;
use edgerm_zephyr_rtos::thread::{self, SLOTS};
#[cfg(CONFIG_EDGERM_WATCHDOG)]
use edgerm_zephyr_rtos::watchdog;
use edgerm_zephyr_rtos::{Errno, link, node, random, registry};
use edgerm_zephyr_sys as sys;

use crate::ports::{Devices, Log, Modules, Records, TaskThreads, Udp, Uptime, Zephyr};
use crate::{api, config, node as description};

type Agent = Driver<Zephyr, { config::TASKS }, SLOTS>;

/// Runs the agent until it has left.
pub(crate) fn run() {
    if let Err(error) = serve() {
        log::write(Level::Error, format_args!("{error}"));
    }
    #[cfg(CONFIG_EDGERM_WATCHDOG)]
    watchdog::stop();
    api::set_state(api::State::STOPPED);
    registry::tell(sys::EDGERM_STOPPED, 0);
}

fn serve() -> Result<(), Failure> {
    let waker = api::waker().map_err(Failure::Waker)?;
    let (mut agent, max_module) = agent()?;
    #[cfg(CONFIG_EDGERM_WATCHDOG)]
    watchdog::start().map_err(Failure::Watchdog)?;
    loop {
        let wait = agent.poll();
        #[cfg(CONFIG_EDGERM_WATCHDOG)]
        watchdog::feed();
        tell(&mut agent);
        let wishes = api::take_wishes();
        if wishes.describe {
            describe_again(&mut agent, max_module);
        }
        if wishes.stop {
            agent.leave();
        }
        if wishes.describe || wishes.stop {
            continue;
        }
        let now = Uptime.now();
        let milliseconds = match wait {
            Wait::Left => return Ok(()),
            Wait::Event => None,
            Wait::Until(instant) => {
                let left = instant.saturating_duration_since(now).as_millis();
                Some(u64::try_from(left).unwrap_or(u64::MAX))
            }
        };
        let milliseconds = at_most(milliseconds);
        link::wait(agent.ports_mut().network.link(), waker, milliseconds);
    }
}

/// For how long the thread may sleep.
fn at_most(milliseconds: Option<u64>) -> Option<u64> {
    #[cfg(CONFIG_EDGERM_WATCHDOG)]
    let longest = Some(watchdog::LONGEST_SLEEP_MS);
    #[cfg(not(CONFIG_EDGERM_WATCHDOG))]
    let longest = None;
    milliseconds.into_iter().chain(longest).min()
}

/// Makes the agent. Never inlined, so that the stack that it is made on is given back.
#[inline(never)]
fn agent() -> Result<(Box<Agent>, u32), Failure> {
    #[cfg(any(CONFIG_EDGERM_RECORDS, CONFIG_EDGERM_SECURITY_SETTINGS))]
    settings::init().map_err(Failure::Settings)?;
    let credential = credential()?;
    let mut entropy = [0; 32];
    random::fill(&mut entropy).map_err(Failure::Entropy)?;
    if random::is_for_tests() {
        log::write(
            Level::Warning,
            format_args!("entropy is of a generator for tests: anybody can foretell it"),
        );
    }
    let partition = Partition::open().map_err(Failure::Flash)?;
    let storage = Modules::new(partition).map_err(Failure::Partition)?;
    let max_module = config::max_module(storage.largest());
    let devices = Devices::new();
    let description = description::description(&devices, max_module).map_err(Failure::Describe)?;
    let name = node::name();
    log::write(
        Level::Information,
        format_args!("{name} on {}, {SLOTS} slots", node::board()),
    );
    let options = Options {
        name: &name,
        description: &description,
        core: config::core(max_module),
        value_bytes: config::VALUES,
        log_bytes: config::LOG_BYTES,
        credential: credential.as_ref(),
        entropy,
    };
    let ports = Ports {
        network: Udp::default(),
        clock: Uptime,
        storage,
        records: kept(),
        threads: TaskThreads::default(),
        devices,
        events: Log::default(),
    };
    let agent = Driver::new(ports, &options).map_err(Failure::Agent)?;
    Ok((Box::new(agent), max_module))
}

/// What the node proves itself with.
#[cfg(CONFIG_EDGERM_SECURITY_CREDENTIAL)]
fn credential() -> Result<Option<Credential>, Failure> {
    let credential = config::CREDENTIAL.parse();
    credential.map(Some).map_err(Failure::Credential)
}

#[cfg(CONFIG_EDGERM_SECURITY_SETTINGS)]
fn credential() -> Result<Option<Credential>, Failure> {
    let mut bytes = [0; Credential::LENGTH];
    let length = settings::credential(&mut bytes).map_err(Failure::Settings)?;
    let bytes = length.and_then(|length| bytes.get(..length));
    let credential = Credential::from_bytes(bytes.ok_or(Failure::NoCredential)?);
    credential.map(Some).map_err(Failure::Credential)
}

#[cfg(not(any(CONFIG_EDGERM_SECURITY_CREDENTIAL, CONFIG_EDGERM_SECURITY_SETTINGS)))]
fn credential() -> Result<Option<Credential>, Failure> {
    log::write(
        Level::Warning,
        format_args!("no security: the node proves nothing, and believes whoever answers"),
    );
    Ok(None)
}

#[cfg(CONFIG_EDGERM_RECORDS)]
const fn kept() -> Records {
    Records
}

#[cfg(not(CONFIG_EDGERM_RECORDS))]
const fn kept() -> Records {}

/// Tells other threads how the agent fares and, where a task has ended, what is free.
fn tell(agent: &mut Agent) {
    let state = agent.state();
    api::set_state(api::State {
        running: true,
        agent: state.agent,
        tasks: state.tasks,
    });
    if core::mem::take(&mut agent.ports_mut().events.has_ended) {
        thread::log_diagnostics();
    }
}

/// Tells the master what the node has now.
fn describe_again(agent: &mut Agent, max_module: u32) {
    let devices = &mut agent.ports_mut().devices;
    devices.update();
    let failed = |error: &dyn fmt::Display| {
        log::write(
            Level::Error,
            format_args!("not told to the master: {error}"),
        );
    };
    match description::description(devices, max_module) {
        Ok(description) => {
            if let Err(error) = agent.change_description(&description) {
                failed(&error);
            }
        }
        Err(error) => failed(&error),
    }
}

/// Why the agent does not start.
#[derive(Clone, Debug)]
enum Failure {
    Waker(Errno),
    #[cfg(CONFIG_EDGERM_WATCHDOG)]
    Watchdog(Errno),
    #[cfg(any(CONFIG_EDGERM_RECORDS, CONFIG_EDGERM_SECURITY_SETTINGS))]
    Settings(Errno),
    #[cfg(any(CONFIG_EDGERM_SECURITY_CREDENTIAL, CONFIG_EDGERM_SECURITY_SETTINGS))]
    Credential(CredentialError),
    #[cfg(CONFIG_EDGERM_SECURITY_SETTINGS)]
    NoCredential,
    Entropy(Errno),
    Flash(Errno),
    Partition(GeometryError),
    Describe(DescribeError),
    Agent(NewAgentError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waker(errno) => write!(f, "no eventfd is left, CONFIG_EVENTFD_MAX: {errno}"),
            #[cfg(CONFIG_EDGERM_WATCHDOG)]
            Self::Watchdog(errno) => write!(f, "the watchdog does not start: {errno}"),
            #[cfg(any(CONFIG_EDGERM_SECURITY_CREDENTIAL, CONFIG_EDGERM_SECURITY_SETTINGS))]
            Self::Credential(error) => write!(f, "the credential is {error}"),
            #[cfg(CONFIG_EDGERM_SECURITY_SETTINGS)]
            Self::NoCredential => f.write_str(
                "no credential, so the node stays out: edgerm_credential_set() keeps one",
            ),
            #[cfg(any(CONFIG_EDGERM_RECORDS, CONFIG_EDGERM_SECURITY_SETTINGS))]
            Self::Settings(errno) => write!(f, "the settings have no storage: {errno}"),
            Self::Entropy(errno) => write!(f, "no entropy, so the node stays out: {errno}"),
            Self::Flash(errno) => write!(f, "the partition of modules does not open: {errno}"),
            Self::Partition(error) => write!(f, "the partition of modules: {error}"),
            Self::Describe(error) => write!(f, "the node cannot be described: {error}"),
            Self::Agent(error) => write!(f, "no agent can be made: {error}"),
        }
    }
}
