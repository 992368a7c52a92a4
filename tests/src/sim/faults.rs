//! What may go wrong in a simulation.

use std::fmt;
use std::str::FromStr;

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// Datagrams are lost.
    Loss,
    /// They take long, and unlike times.
    Delay,
    /// They arrive twice.
    Duplication,
    /// Some are held up for up to a minute and a half, and overtaken.
    Reordering,
    /// They are changed in a few bits, or cut.
    Corruption,
    /// NATs give nodes another address.
    Rebinding,
    /// Nodes are not heard, or do not hear, or both, for up to twenty minutes.
    Partitions,
    /// Some nodes ping seldom, and listen only for a few seconds after they sent something.
    Sleep,
    /// Clocks of nodes are up to a twentieth too fast or too slow.
    Drift,
    /// The power of nodes goes between any two outputs.
    AgentCrashes,
    /// The master is killed between any two outputs.
    MasterCrashes,
    /// Storage of nodes is slow, tears what was written last, is full or fails for a while.
    AgentDisks,
    /// The master's disk is slow, loses what was not synced, is full or fails for a while.
    MasterDisk,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Loss,
        Self::Delay,
        Self::Duplication,
        Self::Reordering,
        Self::Corruption,
        Self::Rebinding,
        Self::Partitions,
        Self::Sleep,
        Self::Drift,
        Self::AgentCrashes,
        Self::MasterCrashes,
        Self::AgentDisks,
        Self::MasterDisk,
    ];

    /// What it is called on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Delay => "delay",
            Self::Duplication => "duplication",
            Self::Reordering => "reordering",
            Self::Corruption => "corruption",
            Self::Rebinding => "rebinding",
            Self::Partitions => "partitions",
            Self::Sleep => "sleep",
            Self::Drift => "drift",
            Self::AgentCrashes => "agent-crashes",
            Self::MasterCrashes => "master-crashes",
            Self::AgentDisks => "agent-disks",
            Self::MasterDisk => "master-disk",
        }
    }
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u16);

impl Faults {
    /// None.
    pub const NONE: Self = Self(0);
    /// Every kind.
    pub const ALL: Self = Self((1 << Fault::ALL.len()) - 1);

    /// Whether this kind is among them.
    pub const fn has(self, fault: Fault) -> bool {
        self.0 & 1 << fault as u16 != 0
    }

    /// These and another kind.
    #[must_use]
    pub const fn with(self, fault: Fault) -> Self {
        Self(self.0 | 1 << fault as u16)
    }

    /// These but for one kind.
    #[must_use]
    pub const fn without(self, fault: Fault) -> Self {
        Self(self.0 & !(1 << fault as u16))
    }

    /// The kinds that these are.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.has(*fault))
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("all"),
            Self::NONE => f.write_str("none"),
            some => {
                let names: Vec<_> = some.iter().map(Fault::name).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

/// A kind of fault that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault {0:?}: choose from {known}, or say all or none", known = Faults::ALL.names())]
pub struct UnknownFault(String);

impl Faults {
    fn names(self) -> String {
        let names: Vec<_> = self.iter().map(Fault::name).collect();
        names.join(", ")
    }
}

impl FromStr for Faults {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        match text {
            "all" => return Ok(Self::ALL),
            "none" => return Ok(Self::NONE),
            _ => {}
        }
        text.split(',').try_fold(Self::NONE, |faults, name| {
            let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
            let fault = fault.ok_or_else(|| UnknownFault(name.to_owned()))?;
            Ok(faults.with(fault))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let some = Faults::NONE.with(Fault::Loss).with(Fault::MasterDisk);
        for faults in [
            Faults::ALL,
            Faults::NONE,
            some,
            Faults::ALL.without(Fault::Drift),
        ] {
            assert_eq!(faults.to_string().parse(), Ok(faults));
        }
        let unknown: Result<Faults, _> = "loss,gravity".parse();
        assert_eq!(unknown, Err(UnknownFault("gravity".into())));
    }
}
