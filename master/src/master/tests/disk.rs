//! A disk that is data: it writes what the master has for it at once, later, or not.

use crate::ledger::RowKey;
use crate::modules::MemoryStore;

use super::*;
use crate::store::Store;

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
    /// The master's own file, in place of those.
    file: Option<Store>,
    pub(super) does: Does,
    /// Batches that were asked for.
    pub(super) asked: u64,
    /// Whether it says that a batch is down before it is: a bug, to be found.
    pub(super) lies: bool,
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
        if self.lies {
            master.handle_committed(now, batch.number);
        }
        let written = match &self.file {
            Some(file) => file.commit(&batch),
            None => {
                for (key, row) in batch.rows {
                    match row {
                        Some(row) => drop(self.rows.insert(key, row)),
                        None => drop(self.rows.remove(&key)),
                    }
                }
                Ok(())
            }
        };
        match written {
            Ok(()) => master.handle_committed(now, batch.number),
            Err(error) => master.handle_commit_failed(now, batch.number, &error.to_string()),
        }
        true
    }

    /// The rows that are down.
    pub(super) fn kept(&self) -> BTreeMap<RowKey, Vec<u8>> {
        match &self.file {
            Some(file) => file.ledger().unwrap().into_iter().collect(),
            None => self.rows.clone(),
        }
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
            lies: false,
            under_way: None,
            file: None,
        });
        world.crash(101);
        for node in 0..world.nodes.len() {
            world.register(node, &[]);
        }
        world
    }

    /// Goes on with a new master, on this file.
    pub(super) fn on_file(&mut self, file: Store) {
        self.disk = Some(Disk {
            rows: BTreeMap::new(),
            does: Does::Write,
            asked: 0,
            lies: false,
            under_way: None,
            file: Some(file),
        });
        self.crash(1);
    }

    pub(super) fn disk(&mut self) -> &mut Disk {
        self.disk.as_mut().unwrap()
    }

    /// The master ends in the midst of whatever it does, and another goes on from the rows that
    /// are down.
    pub(super) fn crash(&mut self, outage: u32) {
        let disk = self.disk.as_mut().unwrap();
        disk.under_way = None;
        let rows = disk.kept();
        let mut modules = MemoryStore::new(1000);
        modules.put(MODULE, Arc::from(vec![0; 100])).unwrap();
        let modules = Box::new(modules);
        let mut entropy = [0; 32];
        entropy[..4].copy_from_slice(&outage.to_be_bytes());
        let mut config = Config::default();
        if disk.file.is_some() {
            // So that there is little to read, thousands of times.
            config.limits.ended_tasks = 500;
        }
        let restored = Master::restore(config, entropy, self.now, rows, modules);
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
        let disk = self.disk.as_ref();
        disk.is_some_and(|disk| rows.eq(disk.kept()))
    }
}
