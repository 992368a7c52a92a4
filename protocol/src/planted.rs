//! Bugs that a test plants into the machines that ship, to see whether the simulator finds them.
//!
//! Each is one line at its place, `if is_planted(Bug::..)`. Without the feature `planted`, which
//! the tests alone have, that is a constant `false`, and the compiler leaves nothing of it.

/// A bug that may be planted. One at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// coap: a duplicate of a request is acted upon, and so is a replay.
    ForgetDuplicates = 1,
    /// coap: the answer to one request of eight is bound to the request before it.
    ReuseBinding,
    /// coap: sequence numbers begin anew after eight messages, so nonces come twice.
    ReuseNonce,
    /// agent-core: an end is forgotten once it was sent, whether it was acknowledged or not.
    DropLastUpdate,
    /// agent-core: an end is told before it is written down.
    TellUnwritten,
    /// agent-core: a task that is to start again begins before its record is written.
    BeginUnwritten,
    /// agent-core: the ids of tasks are forgotten, so a launch that comes twice starts twice.
    LaunchTwice,
    /// protocol: a terminal state gives way to another.
    OverwriteEnd,
    /// ledger: an offer stands after it was accepted.
    AcceptTwice,
    /// ledger: what an offer held is taken from what is offered twice when it ends.
    SubtractTwice,
    /// ledger: an exclusive device is offered beside its holder.
    OfferDeviceTwice,
    /// ledger: an agent that is silent is offered all the same.
    OfferUnreachable,
    /// ledger: what was offered of an agent stands after it fell silent or went.
    KeepOffers,
    /// ledger: a kill is not sent again when its agent registers anew.
    LoseKill,
    /// master: what tells of a change does not wait until that is on the disk.
    TellUncommitted,
    /// The disk: what it said was written is in its memory alone for a while.
    SkipFsync,
    /// master: the row of a task that is forgotten stays.
    LeakRow,
    /// ledger: tasks that were sent, and of which no more is known, are not restored.
    ForgetIssued,
    /// ledger: that a task is to be killed is not restored.
    ForgetKill,
    /// master: an offer that was restored does not expire.
    KeepRestoredOffers,
}

impl Bug {
    /// Every bug.
    pub const ALL: [Self; 20] = [
        Self::ForgetDuplicates,
        Self::ReuseBinding,
        Self::ReuseNonce,
        Self::DropLastUpdate,
        Self::TellUnwritten,
        Self::BeginUnwritten,
        Self::LaunchTwice,
        Self::OverwriteEnd,
        Self::AcceptTwice,
        Self::SubtractTwice,
        Self::OfferDeviceTwice,
        Self::OfferUnreachable,
        Self::KeepOffers,
        Self::LoseKill,
        Self::TellUncommitted,
        Self::SkipFsync,
        Self::LeakRow,
        Self::ForgetIssued,
        Self::ForgetKill,
        Self::KeepRestoredOffers,
    ];

    /// What it is called on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForgetDuplicates => "forget-duplicates",
            Self::ReuseBinding => "reuse-binding",
            Self::ReuseNonce => "reuse-nonce",
            Self::DropLastUpdate => "drop-last-update",
            Self::TellUnwritten => "tell-unwritten",
            Self::BeginUnwritten => "begin-unwritten",
            Self::LaunchTwice => "launch-twice",
            Self::OverwriteEnd => "overwrite-end",
            Self::AcceptTwice => "accept-twice",
            Self::SubtractTwice => "subtract-twice",
            Self::OfferDeviceTwice => "offer-device-twice",
            Self::OfferUnreachable => "offer-unreachable",
            Self::KeepOffers => "keep-offers",
            Self::LoseKill => "lose-kill",
            Self::TellUncommitted => "tell-uncommitted",
            Self::SkipFsync => "skip-fsync",
            Self::LeakRow => "leak-row",
            Self::ForgetIssued => "forget-issued",
            Self::ForgetKill => "forget-kill",
            Self::KeepRestoredOffers => "keep-restored-offers",
        }
    }

    /// The bug of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| bug.name() == name)
    }
}

/// The number of the bug that is planted; 0 where there is none.
#[cfg(feature = "planted")]
static PLANTED: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);

/// Plants a bug into everything that this process runs, in place of the one before.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    let number = bug.map_or(0, |bug| bug as u8);
    PLANTED.store(number, core::sync::atomic::Ordering::Relaxed);
}

/// Whether this bug is planted.
#[cfg(feature = "planted")]
#[inline]
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.load(core::sync::atomic::Ordering::Relaxed) == bug as u8
}

/// Whether this bug is planted: never, in what ships.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is_planted(_: Bug) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_has_a_name_of_its_own() {
        for bug in Bug::ALL {
            assert_eq!(Bug::named(bug.name()), Some(bug));
        }
        assert_eq!(Bug::named("none"), None);
    }
}
