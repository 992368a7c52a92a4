//! Which modules are in flash, and where the next one goes.

use edgerm_protocol::ModuleId;

/// A module in flash, whole or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) module: ModuleId,
    /// Bytes of the whole module.
    pub(super) size: u32,
    /// Its bytes that are there.
    pub(super) written: u32,
    /// It was found after a reboot, and may be there whole: its last bytes may only look erased.
    pub(super) found: bool,
    /// The first of its erase units, and how many it has.
    pub(super) first: u16,
    pub(super) units: u16,
    /// Tasks that run it.
    pub(super) pins: u8,
    /// Counts the uses of all modules: the larger one was used later.
    pub(super) used: u32,
}

/// Each module in the directory runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AllRun;

/// The modules in flash, at most `MODULES`.
#[derive(Debug)]
pub(super) struct Directory<const MODULES: usize> {
    entries: heapless::Vec<Entry, MODULES>,
    /// Where the search for room begins, so that erasures go round.
    turn: u16,
    uses: u32,
}

impl<const MODULES: usize> Directory<MODULES> {
    pub(super) const fn new() -> Self {
        const { assert!(MODULES > 0, "there is room for a module at least") };
        Self {
            entries: heapless::Vec::new(),
            turn: 0,
            uses: 0,
        }
    }

    pub(super) fn find(&mut self, module: ModuleId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.module == module)
    }

    /// Marks a module as the one that was used last.
    pub(super) fn touch(&mut self, module: ModuleId) -> Option<&mut Entry> {
        self.uses = self.uses.wrapping_add(1);
        let uses = self.uses;
        let entry = self.find(module)?;
        entry.used = uses;
        Some(entry)
    }

    pub(super) fn remove(&mut self, module: ModuleId) {
        self.entries.retain(|entry| entry.module != module);
    }

    /// Adds a module that was found or begun; [`Self::surplus`] comes first.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.uses = self.uses.max(entry.used);
        self.turn = entry.first.saturating_add(entry.units);
        let room = self.entries.push(entry);
        debug_assert!(room.is_ok(), "a surplus one was not removed");
    }

    /// The module that has to go before there can be one more: the one that was used longest ago,
    /// of those that do not run.
    ///
    /// # Errors
    ///
    /// [`AllRun`] where none can go.
    pub(super) fn surplus(&self) -> Result<Option<Entry>, AllRun> {
        if !self.entries.is_full() {
            return Ok(None);
        }
        let unused = self.entries.iter().filter(|entry| entry.pins == 0);
        let oldest = unused.min_by_key(|entry| entry.used);
        oldest.copied().map(Some).ok_or(AllRun)
    }

    /// The number for a module that is begun.
    pub(super) const fn next_use(&self) -> u32 {
        self.uses.wrapping_add(1)
    }

    /// Makes room for `units` erase units of `total`, and tells the first of them. What stood
    /// there was used longest ago, and is forgotten. `None`: all of it is in use.
    pub(super) fn make_room(&mut self, units: u16, total: u16) -> Option<u16> {
        let starts = total.checked_sub(units)?.checked_add(1)?;
        let first = (0..starts)
            .map(|step| (self.turn % starts + step) % starts)
            .filter_map(|first| Some((self.price(first, units)?, first)))
            .min_by_key(|(price, _)| *price)?
            .1;
        self.entries.retain(|entry| !entry.overlaps(first, units));
        Some(first)
    }

    /// When the youngest module in these units was used, 0 where there is none; `None` where one
    /// of them runs, or begins before them: its header would stay in flash, over bytes of another.
    fn price(&self, first: u16, units: u16) -> Option<u32> {
        let mut inside = self
            .entries
            .iter()
            .filter(|entry| entry.overlaps(first, units));
        inside.try_fold(0, |price, entry| {
            (entry.pins == 0 && entry.first >= first).then(|| price.max(entry.used))
        })
    }
}

impl Entry {
    fn overlaps(&self, first: u16, units: u16) -> bool {
        let end = |first: u16, units: u16| u32::from(first) + u32::from(units);
        u32::from(self.first) < end(first, units) && u32::from(first) < end(self.first, self.units)
    }
}
