//! The API's calls about offers, and the allocation that answers them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use edgerm_protocol::api::{self, MAX_PAGE, Page};
use edgerm_protocol::limits::{MAX_ATTRIBUTE, MAX_ATTRIBUTES, MAX_RESOURCES, MAX_TASK_DEVICES};
use edgerm_protocol::{AgentId, FrameworkId, Instant, OfferId};

use super::offer_errors::{AcceptError, DeclineError, OfferRequestError};
use super::{Answer, Awaited, Master, Paging, Reply, Timer};
use crate::access::Scope;
use crate::allocator::{WaitId, Waiting};
use crate::ledger::{Change, OfferEnd};

impl Master {
    /// Offers `request`'s framework what it asks for, now or as soon as there is any.
    ///
    /// # Errors
    ///
    /// [`OfferRequestError`]; nothing is offered.
    pub fn request_offers(
        &mut self,
        now: Instant,
        request: api::OfferRequest,
    ) -> Result<Answer<api::Offers>, OfferRequestError> {
        if self.ledger.framework(request.framework).is_none() {
            return Err(OfferRequestError::UnknownFramework(request.framework));
        }
        let max = request.max.unwrap_or(api::DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&max) {
            return Err(OfferRequestError::Max(max));
        }
        let longest = self.config.timing.max_wait.as_millis();
        if u128::from(request.wait_ms) > longest {
            return Err(OfferRequestError::Wait(longest));
        }
        check_constraints(&request.constraints)?;
        if let Some(wanted) = request.constraints.module {
            self.check_module(wanted)?;
        }
        self.allocate(now);
        let waiting = Waiting {
            framework: request.framework,
            constraints: request.constraints,
            max,
        };
        let mut offers = Vec::new();
        for agent in self.allocator.suitable(&self.ledger, now, &waiting) {
            offers.extend(self.offer(now, waiting.framework, agent));
            self.allocator.offered(agent);
        }
        if !offers.is_empty() || request.wait_ms == 0 {
            return Ok(Answer::Ready(api::Offers { offers }));
        }
        if self.waits.len() >= self.config.limits.waits {
            return Err(OfferRequestError::Overloaded(self.waits.len()));
        }
        let deadline = now + Duration::from_millis(request.wait_ms);
        let wait = self.begin_wait(deadline, Awaited::Offers);
        self.allocator.wait(wait, waiting);
        Ok(Answer::Waiting(wait))
    }

    /// Whether any agent could run the module in the memory that is wanted.
    fn check_module(&self, wanted: api::ModuleConstraint) -> Result<(), OfferRequestError> {
        let module = self.ledger.module(wanted.id);
        let module = module.ok_or(OfferRequestError::UnknownModule(wanted.id))?;
        let needed = module.memory_needed;
        match wanted.mem.filter(|mem| *mem < needed) {
            Some(asked) => Err(OfferRequestError::TooLittleMemory { asked, needed }),
            None => Ok(()),
        }
    }

    /// Gives each agent of which something became free to whom it is due, and answers the
    /// requests that got any.
    pub(super) fn allocate(&mut self, now: Instant) {
        if self.journal.is_failing() {
            return;
        }
        let freed = std::mem::take(&mut self.freed);
        if self.allocator.is_idle() {
            return;
        }
        let mut given: BTreeMap<WaitId, Vec<api::Offer>> = BTreeMap::new();
        for agent in freed {
            let next = self
                .allocator
                .next_for(&self.ledger, now, &self.config.weights, agent);
            let Some((wait, framework)) = next else {
                continue;
            };
            if let Some(offer) = self.offer(now, framework, agent) {
                given.entry(wait).or_default().push(offer);
                self.allocator.offered(agent);
                self.allocator.count_down(wait);
            }
        }
        for (wait, offers) in given {
            self.reply(wait, Reply::Offers(api::Offers { offers }));
        }
    }

    fn offer(
        &mut self,
        now: Instant,
        framework: FrameworkId,
        agent: AgentId,
    ) -> Option<api::Offer> {
        let id = self.draw(OfferId, |ledger, id| ledger.offer(*id).is_some());
        let expires_at = now + self.config.timing.offer_timeout;
        let change = self.ledger.make_offer(id, framework, agent, expires_at)?;
        self.commit(now, change);
        self.ledger
            .offer(id)
            .map(|offer| self.offer_view(now, offer))
    }

    /// A part of the list of open offers.
    pub fn offers(&self, now: Instant, scope: Scope, paging: Paging<OfferId>) -> Page<api::Offer> {
        let all = self.ledger.offers(paging.after);
        paging.cut(
            all.filter(|offer| scope.contains(self.owner(offer.framework))),
            |offer| offer.id,
            |offer| self.offer_view(now, offer),
        )
    }

    /// Launches the tasks of `accept` on what `offer` holds.
    ///
    /// # Errors
    ///
    /// [`AcceptError`]; nothing is launched, and the offer stands as it did.
    pub fn accept_offer(
        &mut self,
        now: Instant,
        offer: OfferId,
        accept: &api::Accept,
    ) -> Result<api::Accepted, AcceptError> {
        self.accept_offer_by(now, offer, accept, None)
    }

    /// The same, by the call of this id, which its tasks remember.
    ///
    /// # Errors
    ///
    /// As [`Self::accept_offer`].
    pub fn accept_offer_by(
        &mut self,
        now: Instant,
        offer: OfferId,
        accept: &api::Accept,
        request: Option<&str>,
    ) -> Result<api::Accepted, AcceptError> {
        self.check_task_count(accept)?;
        self.check_policy(now, offer, accept)?;
        if self.variants.is_full() {
            let tasks = self.ledger.tasks(None);
            let running = tasks.filter(|task| !task.state.is_terminal());
            let needed: BTreeSet<_> = running.map(|task| task.blob.id).collect();
            self.variants.sweep(|id| needed.contains(&id));
        }
        let mut variant = |module, mem| self.variants.obtain(&*self.modules, module, mem);
        let mut changes =
            self.ledger
                .accept_offer(now, offer, accept.framework, &accept.tasks, &mut variant)?;
        let request: Option<Arc<str>> = request.map(Arc::from);
        for change in &mut changes {
            if let Change::TaskAccepted(task) = change {
                task.request_id.clone_from(&request);
            }
        }
        let agent = self.ledger.offer(offer).map(|offer| offer.agent);
        self.commit_all(now, changes);
        if let Some(agent) = agent {
            self.ask_next(now, agent);
        }
        self.allocate(now);
        let tasks = accept.tasks.iter();
        let tasks = tasks
            .filter_map(|task| self.ledger.task(task.id))
            .map(|task| self.task_view(now, task))
            .collect();
        Ok(api::Accepted { tasks })
    }

    /// Holds a framework to the tasks that it may have at once.
    fn check_task_count(&self, accept: &api::Accept) -> Result<(), AcceptError> {
        let max = self.config.limits.framework_tasks;
        let framework = self.ledger.framework(accept.framework);
        let count = framework.map_or(0, |framework| framework.tasks.len());
        let count = count.saturating_add(accept.tasks.len());
        match count > max && !accept.tasks.is_empty() {
            true => Err(AcceptError::TooManyTasks { count, max }),
            false => Ok(()),
        }
    }

    /// Returns `offer`, and does not offer its agent to this framework for the filter's time.
    ///
    /// # Errors
    ///
    /// [`DeclineError`]; nothing changes.
    pub fn decline_offer(
        &mut self,
        now: Instant,
        offer: OfferId,
        decline: &api::Decline,
    ) -> Result<(), DeclineError> {
        let agent = self.ledger.open_offer(now, offer, decline.framework)?.agent;
        let filter = Duration::from_millis(decline.filter_ms).min(self.config.timing.max_filter);
        if !filter.is_zero() {
            let framework = decline.framework;
            let until = now + filter;
            let timer = Timer::Filter(framework, agent);
            if let Some(before) = self.allocator.filter(framework, agent, until) {
                self.timers.remove(&(before, timer));
            }
            self.timers.insert((until, timer));
        }
        self.end_offer(now, offer, OfferEnd::Declined);
        self.allocate(now);
        Ok(())
    }

    /// Takes back a reply that found nobody: what it offered is free again.
    pub fn return_reply(&mut self, now: Instant, reply: Reply) {
        if let Reply::Offers(api::Offers { offers }) = reply {
            for offer in offers {
                self.end_offer(now, offer.id, OfferEnd::Rescinded);
            }
            self.allocate(now);
        }
    }

    pub(super) fn on_offer_timer(&mut self, now: Instant, offer: OfferId) {
        self.end_offer(now, offer, OfferEnd::Expired);
    }

    fn end_offer(&mut self, now: Instant, offer: OfferId, end: OfferEnd) {
        if self.ledger.offer(offer).is_some() {
            self.commit(now, Change::OfferEnded { offer, end });
        }
    }
}

/// Holds what is wanted of an agent to what one can have: it is compared with every agent, and
/// kept while the request waits.
fn check_constraints(constraints: &api::Constraints) -> Result<(), OfferRequestError> {
    let kinds = [
        ("constraints.agents", constraints.agents.len(), MAX_PAGE),
        (
            "constraints.devices",
            constraints.devices.len(),
            MAX_TASK_DEVICES,
        ),
        (
            "constraints.resources",
            constraints.resources.len(),
            MAX_RESOURCES,
        ),
        (
            "constraints.attributes",
            constraints.attributes.len(),
            MAX_ATTRIBUTES,
        ),
    ];
    if let Some((field, count, max)) = kinds.into_iter().find(|(_, count, max)| count > max) {
        return Err(OfferRequestError::TooMany { field, count, max });
    }
    let devices = constraints.devices.iter().map(|device| &device.name);
    let attributes = constraints.attributes.iter();
    let length = constraints
        .agents
        .iter()
        .chain(devices)
        .chain(constraints.resources.keys())
        .chain(attributes.flat_map(|(name, text)| [name, text]))
        .map(String::len)
        .max();
    let max = MAX_ATTRIBUTE;
    match length.filter(|length| *length > max) {
        Some(length) => Err(OfferRequestError::TooLong { length, max }),
        None => Ok(()),
    }
}
