//! A backup put in force while the master runs.
//!
//! ```text
//! checked -- modules written --> held -- one transaction --> the new master, in place of the old
//! ```
//!
//! Held, nobody changes anything: the registrar, the tokens and the master are locked, and no
//! batch is being written. So what is replaced is all that there is, and nothing of before is
//! written after. Whoever waited for the old master hears that it was replaced.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use edgerm_protocol::api::Restored;

use super::{Core, Shared, Written};
use crate::access::Caller;
use crate::backup::{Backup, BackupError, RestoreError, Staged, receive};
use crate::http::Failure;
use crate::master::{Batch, Master};
use crate::modules::FileStore;
use crate::server::{acquaint, system_entropy};
use crate::store::{Kept, Store, StoreError};

/// How long until a disk that failed is asked again what is on it.
const RETRY: Duration = Duration::from_secs(1);

impl Shared {
    /// Makes a backup of this moment. It takes as long as the disk.
    pub(crate) fn back_up(&self) -> Result<Backup, BackupError> {
        let (Some(store), Some(modules)) = (&self.store, &self.folder) else {
            return Err(BackupError::NoStore);
        };
        Backup::make(store, modules, &self.beside(), self.clock.now())
    }

    /// Takes the pieces of a backup, checks them as a whole, and puts them in force: from then on
    /// all that lasts is as it was when the backup was made. It takes as long as the disk.
    pub(crate) fn restore(
        &self,
        caller: Caller,
        next: impl FnMut() -> Result<Option<Vec<u8>>, RestoreError>,
    ) -> Result<Restored, Failure> {
        let (Some(store), Some(modules)) = (&self.store, &self.folder) else {
            return Err(RestoreError::NoStore.into());
        };
        let limit = u64::try_from(self.limits.backup).unwrap_or(u64::MAX);
        let file: File = receive(next, &self.beside(), limit)?;
        let staged = Staged::open(file)?;
        staged.write_modules(modules)?;
        let folder = FileStore::new(modules.clone(), self.limits.module_bytes);
        let config = self.lock().master.config().clone();
        let entropy = system_entropy().map_err(RestoreError::Entropy)?;
        let told = config.tokens.clone();
        let (now, rows) = (self.clock.now(), staged.rows.clone());
        let master = Master::restore(config, entropy, now, rows, Box::new(folder));
        let mut master = master.map_err(|error| RestoreError::Damaged(error.into()))?;
        master.register_anew(now);

        let mut registrar = self.registrar.pause();
        let mut tokens = self.tokens();
        let mut restored = staged.counts();
        let mut new = tokens.restored(staged.tokens.clone());
        for (token, secret) in &told {
            new.take(token, secret)
                .map_err(|error| RestoreError::Token {
                    name: token.name.clone(),
                    error,
                })?;
        }
        if !new.may_be_reached() {
            return Err(RestoreError::NoOperator.into());
        }
        let kept = caller.token().and_then(|id| new.take_over(&tokens, id));
        restored.tokens = new.len();
        restored.kept_token = kept.as_ref().map(|kept| kept.name.clone());
        restored.token_needed = caller.token().is_none() && new.are_asked_for();
        acquaint(&mut master, staged.enrolled.iter().cloned(), &new);

        let mut held = self.hold()?;
        let now = self.clock.now();
        let batch = master.poll_batch(now);
        let replaced = replace(store, &staged.store, batch.as_ref(), kept.as_ref());
        replaced.map_err(RestoreError::from)?;
        if let Some(batch) = batch {
            master.handle_committed(now, batch.number);
        }
        held.take(master);
        *tokens = new;
        registrar.replace_join_tokens(staged.join_tokens);
        drop(held);
        tracing::warn!(made_at_ms = restored.made_at_ms, "a backup was restored");
        Ok(restored)
    }

    /// Waits until no batch is being written, and lets none be begun.
    fn hold(&self) -> Result<Held<'_>, Failure> {
        let mut core = self.lock();
        if let Some(fault) = core.master.store_fault() {
            return Err(Failure::store_failing(fault));
        }
        core.held = true;
        while core.writing {
            let woken = self.settled.wait(core);
            core = woken.unwrap_or_else(PoisonError::into_inner);
        }
        Ok(Held { shared: self, core })
    }

    /// The folder that the master's file is in.
    fn beside(&self) -> PathBuf {
        let core = self.lock();
        let file = core.master.config().store.as_deref();
        let folder = file.and_then(Path::parent);
        let folder = folder.filter(|folder| *folder != Path::new(""));
        folder.unwrap_or(Path::new(".")).to_owned()
    }
}

/// The master while nobody calls it and nothing of it is being written.
struct Held<'a> {
    shared: &'a Shared,
    core: MutexGuard<'a, Core>,
}

impl Held<'_> {
    /// Goes on with `master`.
    fn take(&mut self, mut master: Master) {
        let (shared, core) = (self.shared, &mut *self.core);
        master.follow(&core.master);
        core.master = master;
        core.era += 1;
        // Their callers hear of it: what they waited for is no more.
        core.replies.clear();
        core.sleeping_until = None;
        shared.written.send_replace(Written {
            era: core.era,
            durable: core.master.durable(),
            failed: 0,
        });
        shared.events.restart();
        shared.era.send_replace(core.era);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.core.held = false;
        self.shared.carry_out(&mut self.core);
        self.shared.unwritten.notify_all();
        self.shared.wake.notify_one();
    }
}

/// Replaces all that `store` has. Where the disk fails in the midst of it, finds out whether it did.
fn replace(
    store: &Store,
    backup: &Store,
    batch: Option<&Batch>,
    kept: Option<&Kept>,
) -> Result<(), StoreError> {
    let before = store.restores()?;
    let Err(failed) = store.replace(backup, batch, kept) else {
        return Ok(());
    };
    loop {
        match store.restores() {
            Ok(count) if count > before => return Ok(()),
            Ok(_) => return Err(failed),
            Err(error) => {
                // Nothing is served that may be wrong.
                tracing::error!(%error, "the disk does not tell whether a backup was restored");
                std::thread::sleep(RETRY);
            }
        }
    }
}
