//! A disk that is data: it writes what the master has for it at once, later, or not.

use crate::ledger::RowKey;
use crate::modules::MemoryStore;

use super::*;

/// What happens to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// It is written.
    Write,
    /// It is being written, for as long as this is so.
    Wait,
    /// It fails.
    Fail,
}

/// The rows that are down, and what happens to the next.
#[derive(Debug)]
pub(in crate::master) struct Disk {
    pub(super) rows: BTreeMap<RowKey, Vec<u8>>,
    pub(super) does: Does,
    /// Batches that were asked for.
    pub(super) asked: u64,
    under_way: Option<Batch>,
}

impl Disk {
    /// Takes what the master wants to be written; whether anything came of it.
    pub(super) fn turn(&mut self, now: Instant, master: &mut Master) -> bool {
        if self.under_way.is_none() {
            self.under_way = master.poll_batch(now);
            self.asked += u64::from(self.under_way.is_some());
        }
        if self.does == Does::Wait {
            return false;
        }
        let Some(batch) = self.under_way.take() else {
            return false;
        };
        if self.does == Does::Fail {
            master.handle_commit_failed(now, batch.number, "no space left on device");
            return true;
        }
        for (key, row) in batch.rows {
            match row {
                Some(row) => drop(self.rows.insert(key, row)),
                None => drop(self.rows.remove(&key)),
            }
        }
        master.handle_committed(now, batch.number);
        true
    }
}

impl World {
    /// With a master whose changes last, and agents that are enrolled.
    pub(super) fn durable(nodes: u8) -> Self {
        let mut world = Self::proving(nodes);
        world.disk = Some(Disk {
            rows: BTreeMap::new(),
            does: Does::Write,
            asked: 0,
            under_way: None,
        });
        world.crash(101);
        for node in 0..world.nodes.len() {
            world.register(node, &[]);
        }
        world
    }

    pub(super) fn disk(&mut self) -> &mut Disk {
        self.disk.as_mut().unwrap()
    }

    /// The master ends in the midst of whatever it does, and another goes on from the rows that
    /// are down.
    pub(super) fn crash(&mut self, entropy: u8) {
        let disk = self.disk.as_mut().unwrap();
        disk.under_way = None;
        let rows = disk.rows.clone();
        let mut modules = MemoryStore::new(1000);
        modules.put(MODULE, Arc::from(vec![0; 100])).unwrap();
        let modules = Box::new(modules);
        let config = Config::default();
        let restored = Master::restore(config, [entropy; 32], self.now, rows, modules);
        self.master = restored.unwrap();
        self.enroll();
        if self.master.ledger().module(MODULE).is_none() {
            self.add_module();
        }
        self.settle();
    }

    /// The rows that are down are those of the ledger, to the byte.
    pub(super) fn is_all_down(&self) -> bool {
        let ledger = self.master.ledger();
        let rows = ledger.row_keys().map(|key| (key, ledger.row(key).unwrap()));
        self.disk
            .as_ref()
            .is_some_and(|disk| rows.eq(disk.rows.clone()))
    }
}
