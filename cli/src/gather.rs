//! Offers are gathered until there are enough, or time runs out and none is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use edgerm_framework::api::{Constraints, EventKind, MAX_PAGE, Offer};
use edgerm_framework::{AgentId, OfferId, Scheduler};
use tokio::time::{Instant, timeout_at};

use crate::args::Count;
use crate::diagnosis;
use crate::exit::Failure;

/// Offers of different agents, held until each is accepted or given back.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    held: BTreeMap<AgentId, Offer>,
}

impl Gathered {
    /// Holds as many offers as `count` says: `all` are those there are, at least one. Asks
    /// again whenever something happened that may have freed what it wants.
    pub(crate) async fn gather(
        &mut self,
        scheduler: &Scheduler,
        constraints: &Constraints,
        count: Count,
        timeout: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + timeout;
        let mut events = scheduler.client().events().await?;
        loop {
            let missing = self.missing(count);
            for offer in scheduler
                .offers(constraints, missing, Duration::ZERO)
                .await?
            {
                self.held.insert(offer.agent, offer);
            }
            if self.missing(count) == 0 || (count == Count::All && !self.held.is_empty()) {
                return Ok(());
            }
            loop {
                let Ok(event) = timeout_at(deadline, events.next()).await else {
                    return Err(self.too_few(scheduler, constraints, count, timeout).await?);
                };
                if self.may_free(&event?.kind) {
                    break;
                }
            }
        }
    }

    /// Takes out the offers that were gathered.
    pub(crate) fn take(&mut self) -> Vec<Offer> {
        std::mem::take(&mut self.held).into_values().collect()
    }

    /// Gives back whatever is held. What cannot be given back expires by itself.
    pub(crate) async fn release(&mut self, scheduler: &Scheduler) {
        for offer in self.take() {
            drop(scheduler.decline(&offer, Duration::ZERO).await);
        }
    }

    fn missing(&self, count: Count) -> usize {
        match count {
            Count::Exactly(count) => count.get().saturating_sub(self.held.len()),
            Count::All => MAX_PAGE,
        }
    }

    /// Whether asking for offers again may now give more.
    fn may_free(&mut self, kind: &EventKind) -> bool {
        match kind {
            EventKind::OfferEnded { offer, .. } => {
                self.forget(*offer);
                true
            }
            EventKind::TaskUpdated { task } => task.state.is_terminal(),
            EventKind::AgentRegistered { .. }
            | EventKind::AgentReachable { .. }
            | EventKind::Missed { .. } => true,
            EventKind::AgentUnreachable { .. }
            | EventKind::AgentGone { .. }
            | EventKind::FrameworkRegistered { .. }
            | EventKind::FrameworkGone { .. }
            | EventKind::OfferMade { .. }
            | EventKind::TaskOutput { .. }
            | EventKind::ModuleAdmitted { .. } => false,
        }
    }

    fn forget(&mut self, ended: OfferId) {
        self.held.retain(|_, offer| offer.id != ended);
    }

    async fn too_few(
        &mut self,
        scheduler: &Scheduler,
        constraints: &Constraints,
        count: Count,
        timeout: Duration,
    ) -> Result<Failure, Failure> {
        let held = self.held.len();
        self.release(scheduler).await;
        let agents = scheduler.client().agents().all().await?;
        let wanted = match count {
            Count::Exactly(count) => count.get(),
            Count::All => 1,
        };
        let seconds = timeout.as_secs_f32();
        Ok(Failure::NothingMatched {
            what: format!(
                "{held} of {wanted} nodes matched within {seconds} s, and nothing was launched\n{}",
                diagnosis::table(constraints, &agents)
            ),
            next: diagnosis::next(&agents).into(),
        })
    }
}
