//! What the storage is asked for, one thing after another, in the order of the asking.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use edgerm_agent_core::{Input, ModuleCheck, StorageError};
use edgerm_protocol::ModuleId;

use super::Driver;
use crate::port::{Event, Events, Platform, Ports, Storage};

/// Jobs that the storage may owe before no more datagrams are taken. One datagram asks for a
/// check of each task's module at most.
const MAX_OWED: usize = 4;

/// Something that the storage is to do.
#[derive(Debug)]
pub(super) enum Job {
    /// To look what there is of a module of this size.
    Check(ModuleId, u32),
    /// To keep these bytes of a module, from this offset on. They are copied here only where the
    /// storage could not take them at once.
    Store(ModuleId, u32, Box<[u8]>),
}

/// What the storage did.
enum Done {
    Checked(ModuleCheck),
    Stored,
}

impl<P: Platform, const TASKS: usize, const SLOTS: usize> Driver<P, TASKS, SLOTS> {
    pub(super) fn storage_is_behind(&self) -> bool {
        self.jobs.len() >= MAX_OWED
    }

    pub(super) fn ask_check(&mut self, module: ModuleId, size: u32) {
        self.jobs.push_back(Job::Check(module, size));
    }

    /// Stores a block at once where nothing is asked before it and the storage can; else later.
    pub(super) fn store(
        ports: &mut Ports<P>,
        jobs: &mut VecDeque<Job>,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError> {
        let stored = if jobs.is_empty() {
            ports.storage.store(module, offset, bytes)
        } else {
            Err(nb::Error::WouldBlock)
        };
        if stored == Err(nb::Error::WouldBlock) {
            jobs.push_back(Job::Store(module, offset, bytes.into()));
        }
        stored
    }

    pub(super) fn on_stored(&mut self, module: ModuleId, stored: nb::Result<(), StorageError>) {
        match stored {
            Ok(()) => self.input(Input::BlockStored(module)),
            Err(nb::Error::WouldBlock) => {}
            Err(nb::Error::Other(error)) => self.on_storage_failed(module, error),
        }
    }

    /// Lets the storage go on with what it was asked for first. Tells whether that is done.
    pub(super) fn poll_storage(&mut self) -> bool {
        let storage = &mut self.ports.storage;
        let (module, done) = match self.jobs.front() {
            None => return false,
            Some(Job::Check(module, size)) => {
                (*module, storage.check(*module, *size).map(Done::Checked))
            }
            Some(Job::Store(module, offset, bytes)) => {
                let stored = storage.store(*module, *offset, bytes);
                (*module, stored.map(|()| Done::Stored))
            }
        };
        if matches!(done, Err(nb::Error::WouldBlock)) {
            return false;
        }
        self.jobs.pop_front();
        match done {
            Ok(Done::Checked(check)) => self.input(Input::ModuleChecked(module, check)),
            Ok(Done::Stored) => self.on_stored(module, Ok(())),
            Err(error) => self.on_stored(module, Err(error)),
        }
        true
    }

    fn on_storage_failed(&mut self, module: ModuleId, error: StorageError) {
        let failed = Event::StorageFailed(module, error);
        self.ports.events.on_event(failed);
        self.input(Input::StorageFailed(module, error));
    }
}
