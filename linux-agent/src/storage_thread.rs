//! The thread that waits for the disk in the loop's stead, and does things in their order.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::sync::mpsc as async_mpsc;

use crate::driver::Happening;
use crate::records::RecordStorage;
use crate::storage::ModuleStorage;

type Job = Box<dyn FnOnce(&Storage) -> Happening + Send>;

/// What the thread works on.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) modules: ModuleStorage,
    /// `None` where none are kept.
    pub(crate) records: Option<RecordStorage>,
}

/// Asks the thread, which ends when this is dropped.
///
/// What waits here is bounded by the agent, which asks for one block at a time, and for one
/// look, one reading and one record a task.
#[derive(Debug)]
pub(crate) struct StorageThread {
    jobs: mpsc::Sender<Job>,
}

impl StorageThread {
    /// Starts the thread, which tells `happen` what came of each job.
    pub(crate) fn start(
        storage: Storage,
        happen: async_mpsc::Sender<Happening>,
    ) -> io::Result<Self> {
        let (jobs, asked) = mpsc::channel::<Job>();
        let serve = move || {
            for job in asked {
                if happen.blocking_send(job(&storage)).is_err() {
                    // The agent has left.
                    return;
                }
            }
        };
        thread::Builder::new().name("storage".into()).spawn(serve)?;
        Ok(Self { jobs })
    }

    /// Has this done, after all that was asked before.
    pub(crate) fn ask(&self, job: impl FnOnce(&Storage) -> Happening + Send + 'static) {
        // The thread outlives the loop that asks.
        let _asked = self.jobs.send(Box::new(job));
    }
}
