//! A disk whose power goes at some operation. What was not synced by then is there, or not, or in
//! part, each write by itself: nothing says in which order a disk writes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;
use redb::StorageBackend;

/// Bytes that a disk writes at once or not at all.
const SECTOR: usize = 512;

/// The disk.
#[derive(Clone, Debug)]
pub(super) struct Platter(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// What outlives a loss of power.
    synced: Vec<u8>,
    /// What is read.
    present: Vec<u8>,
    /// What was done since the last sync.
    unsynced: Vec<Done>,
    /// Operations until the power goes; `None`: it does not.
    fuse: Option<u32>,
    /// Counts how often it went: whoever opened the disk before has it no more.
    outages: u32,
    is_dark: bool,
    random: Pcg32,
    /// Writes of which a part came down.
    torn: u64,
}

#[derive(Debug)]
enum Done {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Platter {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            synced: Vec::new(),
            present: Vec::new(),
            unsynced: Vec::new(),
            fuse: None,
            outages: 0,
            is_dark: false,
            random: Pcg32::seed_from_u64(seed),
            torn: 0,
        })))
    }

    /// The disk, as whoever opens it now has it.
    pub(super) fn open(&self) -> Opened {
        Opened {
            platter: self.clone(),
            outage: self.lock().outages,
        }
    }

    /// The power goes at the operation after so many others.
    pub(super) fn cut_after(&self, operations: u32) {
        self.lock().fuse = Some(operations);
    }

    /// Whether the power is gone.
    pub(super) fn is_dark(&self) -> bool {
        self.lock().is_dark
    }

    /// Writes of which a part came down, so far.
    pub(super) fn torn(&self) -> u64 {
        self.lock().torn
    }

    /// The power is back.
    pub(super) fn restore_power(&self) {
        let state = &mut *self.lock();
        for done in std::mem::take(&mut state.unsynced) {
            let part = match state.random.next_u32() % 4 {
                0 => Part::None,
                1 | 2 => Part::All,
                _ => Part::Some,
            };
            match (done, part) {
                (_, Part::None) => {}
                (Done::Length(length), Part::All | Part::Some) => state.synced.resize(length, 0),
                (Done::Write(at, bytes), Part::All) => put(&mut state.synced, at, &bytes),
                (Done::Write(at, bytes), Part::Some) => {
                    state.torn += 1;
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if state.random.next_u32().is_multiple_of(2) {
                            put(&mut state.synced, at + index * SECTOR, sector);
                        }
                    }
                }
            }
        }
        state.present.clone_from(&state.synced);
        state.outages += 1;
        state.is_dark = false;
        state.fuse = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

enum Part {
    None,
    Some,
    All,
}

fn put(disk: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if disk.len() < end {
        disk.resize(end, 0);
    }
    disk[at..end].copy_from_slice(bytes);
}

/// The disk, until the power goes.
#[derive(Debug)]
pub(super) struct Opened {
    platter: Platter,
    outage: u32,
}

impl Opened {
    fn powered(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.platter.lock();
        match state.is_dark || state.outages != self.outage {
            true => Err(io::Error::other("the power is gone")),
            false => Ok(state),
        }
    }

    /// Does something that changes the disk; the one at which the power goes is begun.
    fn change(&self, done: Done) -> io::Result<()> {
        let state = &mut *self.powered()?;
        match &done {
            Done::Write(at, bytes) => put(&mut state.present, *at, bytes),
            Done::Length(length) => state.present.resize(*length, 0),
        }
        state.unsynced.push(done);
        state.burn()
    }
}

impl State {
    fn burn(&mut self) -> io::Result<()> {
        match &mut self.fuse {
            Some(0) => {
                self.is_dark = true;
                Err(io::Error::other("the power goes"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for Opened {
    fn len(&self) -> io::Result<u64> {
        Ok(self.powered()?.present.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.powered()?;
        let at = usize::try_from(offset).unwrap();
        let bytes = state.present.get(at..at + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Done::Length(usize::try_from(length).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let state = &mut *self.powered()?;
        state.burn()?;
        state.unsynced.clear();
        state.synced.clone_from(&state.present);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        self.change(Done::Write(at, data.to_vec()))
    }
}
