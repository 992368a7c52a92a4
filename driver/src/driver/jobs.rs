//! What the storage is asked for: modules and records, one thing after another, in the order of
//! the asking.

use alloc::boxed::Box;

use edgerm_agent_core::{Input, RecordKey, StorageError};
use edgerm_protocol::ModuleId;

use super::Driver;
use crate::port::{Event, Events, Platform, Ports, Records, Storage};

/// Jobs that the storage may owe before no more datagrams are taken. One datagram asks for a
/// check and a record of each task at most.
const MAX_OWED: usize = 4;

/// Something that the storage is to do. Bytes are copied only where it cannot be done at once.
#[derive(Debug)]
pub(super) enum Job<B> {
    /// To look what there is of a module of this size.
    Check(ModuleId, u32),
    /// To keep these bytes of a module, from this offset on.
    Store(ModuleId, u32, B),
    /// To keep this record.
    Write(RecordKey, B),
    /// To remove a record.
    Erase(RecordKey),
}

impl<B: AsRef<[u8]>> Job<B> {
    /// Does it, and gives what is to be told to the agent; `None` where it is not done yet.
    fn perform<P: Platform>(&self, ports: &mut Ports<P>) -> Option<Input<'static>> {
        let done = match self {
            Self::Check(module, size) => {
                let checked = ports.storage.check(*module, *size);
                checked.map(|check| Input::ModuleChecked(*module, check))
            }
            Self::Store(module, offset, bytes) => {
                let stored = ports.storage.store(*module, *offset, bytes.as_ref());
                stored.map(|()| Input::BlockStored(*module))
            }
            Self::Write(key, record) => {
                let written = ports.records.write(*key, record.as_ref());
                written.map(|()| Input::Persisted(*key))
            }
            Self::Erase(key) => {
                let erased = ports.records.erase(*key);
                erased.map(|()| Input::Persisted(*key))
            }
        };
        match done {
            Ok(input) => Some(input),
            Err(nb::Error::WouldBlock) => None,
            Err(nb::Error::Other(error)) => Some(self.failed(ports, error)),
        }
    }

    fn failed<P: Platform>(&self, ports: &mut Ports<P>, error: StorageError) -> Input<'static> {
        let (event, input) = match self {
            Self::Check(module, _) | Self::Store(module, ..) => (
                Event::StorageFailed(*module, error),
                Input::StorageFailed(*module, error),
            ),
            Self::Write(key, _) | Self::Erase(key) => (
                Event::RecordFailed(*key, error),
                Input::PersistFailed(*key, error),
            ),
        };
        ports.events.on_event(event);
        input
    }
}

impl Job<&[u8]> {
    fn to_owned(&self) -> Job<Box<[u8]>> {
        match *self {
            Self::Check(module, size) => Job::Check(module, size),
            Self::Store(module, offset, bytes) => Job::Store(module, offset, bytes.into()),
            Self::Write(key, record) => Job::Write(key, record.into()),
            Self::Erase(key) => Job::Erase(key),
        }
    }
}

impl<P: Platform, const TASKS: usize, const SLOTS: usize> Driver<P, TASKS, SLOTS> {
    pub(super) fn storage_is_behind(&self) -> bool {
        self.jobs.len() >= MAX_OWED
    }

    /// Lets the storage go on with what it was asked for first. Tells whether that is done.
    pub(super) fn poll_storage(&mut self) -> bool {
        let job = self.jobs.front();
        let done = job.and_then(|job| job.perform(&mut self.ports));
        if done.is_some() {
            self.jobs.pop_front();
        }
        self.on_done(done)
    }

    /// Tells the agent what the storage did, and whether it did anything.
    pub(super) fn on_done(&mut self, done: Option<Input<'static>>) -> bool {
        done.map(|done| self.input(done)).is_some()
    }
}

/// Does a job at once where nothing was asked before it and the storage can; else it is done
/// later. Gives what is to be told to the agent, where it is done.
pub(super) fn ask<P: Platform>(
    ports: &mut Ports<P>,
    jobs: &mut super::Jobs,
    job: &Job<&[u8]>,
) -> Option<Input<'static>> {
    let done = jobs.is_empty().then(|| job.perform(ports)).flatten();
    if done.is_none() {
        jobs.push_back(job.to_owned());
    }
    done
}
