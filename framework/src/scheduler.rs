//! What every framework does: register, take offers, launch, watch, tear down.

use std::collections::VecDeque;
use std::time::Duration;

use edgerm_protocol::api::{
    Accept, Constraints, Decline, EventKind, Framework, LaunchTask, MAX_PAGE, NewFramework, Offer,
    OfferRequest, Task,
};
use edgerm_protocol::{FrameworkId, TaskId};

use crate::client::Client;
use crate::error::Error;
use crate::events::Events;
use crate::launch::Launch;

/// The longest that one request for offers may wait, as the API says.
const MAX_OFFER_WAIT: Duration = Duration::from_secs(60);

/// Waits between tries of a launch or a kill whose answer was lost.
const RETRY_AFTER: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_600),
    Duration::from_millis(6_400),
];

/// A framework that is registered.
#[derive(Clone)]
pub struct Scheduler {
    client: Client,
    framework: FrameworkId,
}

impl Scheduler {
    /// Registers a framework of this name, in the role `default`.
    ///
    /// # Errors
    ///
    /// [`Error`]. Where it is ambiguous a framework may have been registered, which has no
    /// tasks and takes no offers.
    pub async fn register(client: Client, name: impl Into<String>) -> Result<Self, Error> {
        let new = NewFramework {
            name: name.into(),
            role: "default".into(),
        };
        let Framework { id: framework, .. } = client.register_framework(&new).await?;
        Ok(Self { client, framework })
    }

    /// Goes on as a framework that is registered already.
    pub const fn resume(client: Client, framework: FrameworkId) -> Self {
        Self { client, framework }
    }

    /// Who this framework is.
    pub const fn id(&self) -> FrameworkId {
        self.framework
    }

    /// The client it speaks through.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// At most `max` offers of agents that satisfy `constraints`, at most one of each agent,
    /// waiting up to `wait` for the first. Accept or decline each: what is offered to one
    /// framework is kept from the others until then.
    ///
    /// # Errors
    ///
    /// [`Error`]; offers that were made and whose answer was lost expire.
    pub async fn offers(
        &self,
        constraints: &Constraints,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Offer>, Error> {
        let wait = wait.min(MAX_OFFER_WAIT).as_millis();
        let request = OfferRequest {
            framework: self.framework,
            constraints: constraints.clone(),
            max: Some(max.clamp(1, MAX_PAGE)),
            wait_ms: u64::try_from(wait).unwrap_or(u64::MAX),
        };
        self.client.request_offers(&request).await
    }

    /// Launches one task on `offer`, and gives back what else was offered.
    ///
    /// # Errors
    ///
    /// As [`Scheduler::launch_all`].
    pub async fn launch(&self, offer: &Offer, launch: Launch) -> Result<Task, Error> {
        let mut tasks = self.launch_all(offer, vec![launch]).await?;
        tasks.pop().ok_or_else(|| self.accepted_nothing(offer))
    }

    /// Launches all of `launches` on `offer`, or none. Where an answer is lost it asks again
    /// with the same ids: each task starts once.
    ///
    /// # Errors
    ///
    /// [`Error`]; one that is ambiguous is left where the master stays silent for long.
    pub async fn launch_all(
        &self,
        offer: &Offer,
        launches: Vec<Launch>,
    ) -> Result<Vec<Task>, Error> {
        let tasks = launches
            .into_iter()
            .map(|launch| launch.on(offer))
            .collect::<Result<_, _>>()?;
        let accept = Accept {
            framework: self.framework,
            tasks,
        };
        let mut answer_lost = false;
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            let error = match self.client.accept(offer.id, &accept).await {
                Ok(accepted) => return Ok(accepted.tasks),
                Err(error) => error,
            };
            if answer_lost && error.refusal_code().is_some() {
                // Refused because the try before was done, or for a reason of its own.
                return self.launched(&accept).await?.ok_or(error);
            }
            answer_lost |= error.is_ambiguous();
            match waits.next() {
                Some(wait) if is_transient(&error) => tokio::time::sleep(wait).await,
                Some(_) | None => return Err(error),
            }
        }
    }

    /// Gives an offer back, and is not offered that agent again for `filter`.
    ///
    /// # Errors
    ///
    /// [`Error`], but none where the offer has ended already.
    pub async fn decline(&self, offer: &Offer, filter: Duration) -> Result<(), Error> {
        let filter_ms = u64::try_from(filter.as_millis()).unwrap_or(u64::MAX);
        let decline = Decline {
            framework: self.framework,
            filter_ms,
        };
        match self.client.decline(offer.id, &decline).await {
            Err(Error::Refused { .. }) => Ok(()),
            declined => declined,
        }
    }

    /// Asks that a task of this framework end.
    ///
    /// # Errors
    ///
    /// [`Error`], where asking several times did not help.
    pub async fn kill(&self, task: TaskId) -> Result<Task, Error> {
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            match (
                self.client.kill(task, Some(self.framework)).await,
                waits.next(),
            ) {
                (Err(error), Some(wait)) if is_transient(&error) => tokio::time::sleep(wait).await,
                (settled, _) => return settled,
            }
        }
    }

    /// The tasks of this framework that the master remembers.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn tasks(&self) -> Result<Vec<Task>, Error> {
        let mut tasks = self.client.tasks().all().await?;
        tasks.retain(|task| task.framework == self.framework);
        Ok(tasks)
    }

    /// Every change of state of this framework's tasks from now on.
    ///
    /// # Errors
    ///
    /// [`Error`] where the stream of events cannot be opened.
    pub async fn watch(&self) -> Result<Watch, Error> {
        let events = self.client.events_of(self.framework).await?;
        Ok(Watch {
            scheduler: self.clone(),
            events,
            ready: VecDeque::new(),
            missed: false,
        })
    }

    /// Ends the framework: its tasks are killed, its offers return.
    ///
    /// # Errors
    ///
    /// [`Error`], but none where it has ended already.
    pub async fn tear_down(self) -> Result<(), Error> {
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            match (
                self.client.remove_framework(self.framework).await,
                waits.next(),
            ) {
                (Err(error), _) if error.is_not_found() => return Ok(()),
                (Err(error), Some(wait)) if is_transient(&error) => tokio::time::sleep(wait).await,
                (settled, _) => return settled,
            }
        }
    }

    /// The tasks of `accept`, where the master has them all as this framework's.
    async fn launched(&self, accept: &Accept) -> Result<Option<Vec<Task>>, Error> {
        let mut tasks = Vec::with_capacity(accept.tasks.len());
        for LaunchTask { id, .. } in &accept.tasks {
            match self.client.task(*id).await {
                Ok(task) if task.framework == self.framework => tasks.push(task),
                Ok(_) => return Ok(None),
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(tasks))
    }

    fn accepted_nothing(&self, offer: &Offer) -> Error {
        let call = crate::transport::Call::post(format!("/v1/offers/{}/accept", offer.id));
        self.client
            .transport
            .protocol(&call, crate::error::Malformed::Empty)
    }
}

/// Whether asking again may help.
fn is_transient(error: &Error) -> bool {
    error.is_ambiguous() || matches!(error, Error::Unreachable { .. })
}

/// Changes of state of one framework's tasks.
pub struct Watch {
    scheduler: Scheduler,
    events: Events,
    ready: VecDeque<Task>,
    missed: bool,
}

impl Watch {
    /// A task of the framework whose state changed. Where events were missed, every task of
    /// it is told anew.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    ///
    /// # Errors
    ///
    /// [`Error`] where the stream of events broke and could not be resumed.
    pub async fn next(&mut self) -> Result<Task, Error> {
        loop {
            if let Some(task) = self.ready.pop_front() {
                return Ok(task);
            }
            if self.missed {
                self.ready.extend(self.scheduler.tasks().await?);
                self.missed = false;
                continue;
            }
            let kind = self.events.next().await?.kind;
            if let EventKind::TaskUpdated { task } = kind {
                if task.framework == self.scheduler.framework {
                    return Ok(task);
                }
            } else {
                self.missed = matches!(kind, EventKind::Missed { .. });
            }
        }
    }
}
