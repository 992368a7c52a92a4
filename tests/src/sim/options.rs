//! What a simulation is to be, and what came of it.

use std::fmt;
use std::time::Duration;

use edgerm_protocol::planted::Bug;

use super::faults::Faults;

/// How long faults go on before they stop for [`CALM`], unless told.
pub const STORM: Duration = Duration::from_secs(50 * 60);

/// How long no faults come, by whose end everything is to be settled.
pub const CALM: Duration = Duration::from_secs(10 * 60);

/// What is simulated. The same options give the same run, to the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What everything follows from.
    pub seed: u64,
    /// How many agents there are.
    pub agents: u16,
    /// How long it goes on.
    pub time: Duration,
    /// How long faults go on before they stop.
    pub storm: Duration,
    /// What goes wrong.
    pub faults: Faults,
    /// How often agents ping, but those that sleep.
    pub ping: Duration,
    /// A bug that is planted.
    pub bug: Option<Bug>,
    /// Whether what happens is printed as it does.
    pub trace: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            agents: 50,
            time: Duration::from_secs(3_600),
            storm: STORM,
            faults: Faults::ALL,
            ping: Duration::from_secs(20),
            bug: None,
            trace: false,
        }
    }
}

/// The command line that says the same.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |time: Duration| time.as_secs().div_ceil(60);
        write!(
            f,
            "cargo xtask simulate --seed {} --agents {} --minutes {} --faults {}",
            self.seed,
            self.agents,
            minutes(self.time),
            self.faults
        )?;
        let standard = Self::default();
        if self.storm != standard.storm {
            write!(f, " --storm {}", minutes(self.storm))?;
        }
        if self.ping != standard.ping {
            write!(f, " --ping {}", self.ping.as_secs())?;
        }
        match self.bug {
            Some(bug) => write!(f, " --plant {}", bug.name()),
            None => Ok(()),
        }
    }
}

/// What a simulation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The digest of everything that was sent.
    pub digest: [u8; 32],
    /// Datagrams that were sent.
    pub datagrams: u64,
    /// Of those: that the master heard.
    pub heard: u64,
    /// Tasks that were accepted.
    pub tasks: u64,
    /// Of those: ended COMPLETED or ERRORED, KILLED, LOST, REJECTED.
    pub ends: [u64; 4],
    /// Ended tasks that the master has forgotten, as it may.
    pub forgotten: u64,
    /// Offers that were made.
    pub offers: u64,
    /// Times that the power of a node went.
    pub agent_crashes: u64,
    /// Times that the master was killed.
    pub master_crashes: u64,
    /// Addresses that changed.
    pub rebindings: u64,
    /// Nodes that were cut off.
    pub cut_off: u64,
    /// Times that the storage of a node failed for a while.
    pub agent_disks: u64,
    /// Times that the master's disk failed for a while.
    pub master_disks: u64,
    /// Lines of tasks' logs that were read.
    pub lines: u64,
    /// Agents that were given up.
    pub gone: u64,
    /// Times that all was settled, and found to be as it should.
    pub settled: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ended, killed, lost, rejected] = self.ends;
        writeln!(
            f,
            "{} datagrams, {} heard by the master, {} offers, {} tasks:",
            self.datagrams, self.heard, self.offers, self.tasks
        )?;
        writeln!(
            f,
            "{ended} ended, {killed} killed, {lost} lost, {rejected} rejected; {} forgotten; \
             {} lines read",
            self.forgotten, self.lines
        )?;
        writeln!(
            f,
            "{} crashes of agents, {} of the master; {} rebindings, {} cut off, {} given up; \
             storage failed {} times at agents, {} at the master",
            self.agent_crashes,
            self.master_crashes,
            self.rebindings,
            self.cut_off,
            self.gone,
            self.agent_disks,
            self.master_disks
        )?;
        write!(f, "settled {} times; digest ", self.settled)?;
        self.digest
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
