//! The tasks of one command, and what becomes of them.

use std::collections::BTreeMap;

use edgerm_framework::api::{EventKind, Task};
use edgerm_framework::{Client, Error, Events, Scheduler, TaskId};

/// Tasks that are watched.
pub(crate) struct Cohort {
    client: Client,
    events: Events,
    tasks: BTreeMap<TaskId, Task>,
    /// Tasks to be read because their events were missed.
    stale: Vec<TaskId>,
}

impl Cohort {
    /// An empty one, which sees every later change of the tasks that are put into it.
    pub(crate) async fn watch(client: &Client) -> Result<Self, Error> {
        Ok(Self::new(client, client.events().await?))
    }

    /// As [`Cohort::watch`], of tasks of one framework, without hearing of the others.
    pub(crate) async fn watch_own(scheduler: &Scheduler) -> Result<Self, Error> {
        let client = scheduler.client();
        Ok(Self::new(client, client.events_of(scheduler.id()).await?))
    }

    fn new(client: &Client, events: Events) -> Self {
        Self {
            client: client.clone(),
            events,
            tasks: BTreeMap::new(),
            stale: Vec::new(),
        }
    }

    /// Watches one more task.
    pub(crate) fn insert(&mut self, task: Task) {
        self.tasks.insert(task.id, task);
    }

    /// Watches none of the tasks any more.
    pub(crate) fn clear(&mut self) {
        self.tasks.clear();
        self.stale.clear();
    }

    /// The tasks as they are now, by id.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    /// Whether none of the tasks can change any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.tasks().all(|task| task.state.is_terminal())
    }

    /// A task whose state has changed. Nothing is lost when this is dropped before it is
    /// ready.
    pub(crate) async fn next(&mut self) -> Result<Task, Error> {
        loop {
            let news = if let Some(id) = self.stale.last() {
                let news = self.client.task(*id).await?;
                self.stale.pop();
                news
            } else {
                let kind = self.events.next().await?.kind;
                if let EventKind::Missed { .. } = kind {
                    let open = self.tasks().filter(|task| !task.state.is_terminal());
                    self.stale = open.map(|task| task.id).collect();
                    continue;
                }
                let EventKind::TaskUpdated { task } = kind else {
                    continue;
                };
                task
            };
            if self.changes(&news) {
                return Ok(news);
            }
        }
    }

    /// Waits until every task is as `settled` says.
    pub(crate) async fn until(&mut self, settled: impl Fn(&Task) -> bool) -> Result<(), Error> {
        while !self.tasks().all(&settled) {
            self.next().await?;
        }
        Ok(())
    }

    /// Takes in `news`, unless it is older than what is known.
    fn changes(&mut self, news: &Task) -> bool {
        match self.tasks.get_mut(&news.id) {
            Some(known) if known.state.may_become(news.state) => {
                known.clone_from(news);
                true
            }
            Some(_) | None => false,
        }
    }
}
