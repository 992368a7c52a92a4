//! Offers are gathered until there are enough, or time runs out and none is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use edgerm_framework::api::{MAX_PAGE, Offer};
use edgerm_framework::{AgentId, Scheduler};
use tokio::time::Instant;

use crate::args::Count;
use crate::diagnosis::{self, Wanted};
use crate::exit::Failure;

/// Offers of different agents, held until each is accepted or given back.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    held: BTreeMap<AgentId, Held>,
}

#[derive(Debug)]
struct Held {
    offer: Offer,
    expires_at: Instant,
}

impl Gathered {
    /// Holds as many offers as `count` says: `all` are those there are, at least one.
    ///
    /// Dropping the future loses nothing but the offers of an answer on its way, which expire.
    pub(crate) async fn gather(
        &mut self,
        scheduler: &Scheduler,
        wanted: Wanted<'_>,
        count: Count,
        timeout: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + timeout;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            for offer in scheduler
                .offers(wanted.constraints, self.missing(count), wait)
                .await?
            {
                let expires_at = Instant::now() + Duration::from_millis(offer.expires_in_ms);
                self.held.insert(offer.agent, Held { offer, expires_at });
            }
            // One that expired while others were waited for is offered anew.
            self.held.retain(|_, held| held.expires_at > Instant::now());
            if self.missing(count) == 0 || (count == Count::All && !self.held.is_empty()) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(self.too_few(scheduler, wanted, count, timeout).await?);
            }
        }
    }

    /// The offers that were gathered.
    pub(crate) fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.held.values().map(|held| &held.offer)
    }

    /// Gives back whatever is held and not accepted. What cannot be given back expires by
    /// itself.
    pub(crate) async fn release(&mut self, scheduler: &Scheduler) {
        for Held { offer, .. } in std::mem::take(&mut self.held).into_values() {
            drop(scheduler.decline(&offer, Duration::ZERO).await);
        }
    }

    fn missing(&self, count: Count) -> usize {
        match count {
            Count::Exactly(count) => count.get().saturating_sub(self.held.len()),
            Count::All => MAX_PAGE,
        }
    }

    async fn too_few(
        &mut self,
        scheduler: &Scheduler,
        wanted: Wanted<'_>,
        count: Count,
        timeout: Duration,
    ) -> Result<Failure, Failure> {
        let held = self.held.len();
        self.release(scheduler).await;
        let agents = scheduler.client().agents().all().await?;
        let nodes = match count {
            Count::Exactly(count) => count.get(),
            Count::All => 1,
        };
        let seconds = timeout.as_secs_f32();
        Ok(Failure::NothingMatched {
            what: format!(
                "{held} of {nodes} nodes matched within {seconds} s, and nothing was launched\n{}",
                diagnosis::table(wanted, &agents)
            ),
            next: diagnosis::next(&agents).into(),
        })
    }
}
