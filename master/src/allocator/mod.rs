//! Decides which waiting request gets an agent's free resources: weighted dominant resource
//! fairness over roles, then over the frameworks of a role, then first come first served.
//!
//! Requests are pulled. One that arrives takes what is free at once; one that finds nothing
//! waits, and as agents become free each goes to the waiting request whose role holds the
//! smallest weighted dominant share, offers counted as held. An offer is all that is free of an
//! agent: its framework knows best which part it needs, and the rest returns as soon as it
//! answers. Agents are taken in turn, so that load spreads.

mod constraint;
mod share;
#[cfg(test)]
mod tests;

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use edgerm_protocol::api::Constraints;
use edgerm_protocol::owned::Resources;
use edgerm_protocol::{AgentId, FrameworkId, Instant};

use crate::ledger::quantity::Scalars;
use crate::ledger::{Agent, Ledger};
pub use share::Share;

/// Names one long poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitId(pub u64);

/// A request for offers that found nothing yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Who asked.
    pub framework: FrameworkId,
    /// What an agent must have.
    pub constraints: Constraints,
    /// Offers at most.
    pub max: usize,
}

/// Who waits for what, and which framework does not want which agent for now.
#[derive(Clone, Debug, Default)]
pub struct Allocator {
    waiting: BTreeMap<WaitId, Waiting>,
    filters: BTreeMap<(FrameworkId, AgentId), Instant>,
    /// Agents in which a task could run, perhaps.
    free: BTreeSet<AgentId>,
    /// Open offers that one framework may have.
    max_offers: usize,
    /// The agent that was offered last.
    last: Option<AgentId>,
}

impl Allocator {
    /// Nobody waits; a framework may have `max_offers` open at once.
    pub fn new(max_offers: usize) -> Self {
        Self {
            max_offers,
            ..Self::default()
        }
    }

    /// Offers that `framework` may be made beside those that are open.
    fn room(&self, ledger: &Ledger, framework: FrameworkId) -> usize {
        let open = ledger.framework(framework).map_or(0, |it| it.offers.len());
        self.max_offers.saturating_sub(open)
    }

    /// Lets a request wait.
    pub fn wait(&mut self, id: WaitId, waiting: Waiting) {
        self.waiting.insert(id, waiting);
    }

    /// Ends the waiting of a request; whether it did wait.
    pub fn cancel(&mut self, id: WaitId) -> bool {
        self.waiting.remove(&id).is_some()
    }

    /// Whether no request waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Does not offer `agent` to `framework` before `until`; gives until when it did not so far.
    pub fn filter(
        &mut self,
        framework: FrameworkId,
        agent: AgentId,
        until: Instant,
    ) -> Option<Instant> {
        self.filters.insert((framework, agent), until)
    }

    /// Forgets a filter that is over; whether it was.
    pub fn expire_filter(&mut self, now: Instant, framework: FrameworkId, agent: AgentId) -> bool {
        let over = self
            .filters
            .get(&(framework, agent))
            .is_some_and(|until| *until <= now);
        over && self.filters.remove(&(framework, agent)).is_some()
    }

    /// Forgets all filters of `framework`, and gives them.
    pub fn revive(&mut self, framework: FrameworkId) -> Vec<(AgentId, Instant)> {
        let all = (framework, AgentId(0))..=(framework, AgentId(u32::MAX));
        let filters: Vec<_> = self
            .filters
            .range(all)
            .map(|((_, agent), until)| (*agent, *until))
            .collect();
        for (agent, _) in &filters {
            self.filters.remove(&(framework, *agent));
        }
        filters
    }

    /// The waiting requests of `framework`.
    pub fn waiting_of(&self, framework: FrameworkId) -> Vec<WaitId> {
        let own = |(_, waiting): &(&WaitId, &Waiting)| waiting.framework == framework;
        self.waiting.iter().filter(own).map(|(id, _)| *id).collect()
    }

    /// Looks at an agent anew after anything about it changed.
    pub fn note(&mut self, ledger: &Ledger, agent: AgentId) {
        if ledger
            .agent(agent)
            .is_some_and(|agent| agent.is_offerable())
        {
            self.free.insert(agent);
        } else {
            self.free.remove(&agent);
        }
    }

    /// Agents that are free.
    pub fn free_agents(&self) -> impl Iterator<Item = AgentId> {
        self.free.iter().copied()
    }

    /// The free agents that suit `request` now, at most as many as it wants, from the one after
    /// the agent that was offered last. None where its framework is suppressed.
    pub fn suitable(&self, ledger: &Ledger, now: Instant, request: &Waiting) -> Vec<AgentId> {
        let start = self
            .last
            .map_or(AgentId(0), |last| AgentId(last.0.wrapping_add(1)));
        // Of a hundred thousand that are free, those that are named are soon found.
        let named = constraint::named(&request.constraints, ledger).map(|named| {
            let free = named.filter(|agent| self.free.contains(agent));
            free.collect::<BTreeSet<_>>()
        });
        let among = named.as_ref().unwrap_or(&self.free);
        among
            .range(start..)
            .chain(among.range(..start))
            .copied()
            .filter(|id| {
                ledger.agent(*id).is_some_and(|agent| {
                    let free = LazyCell::new(|| agent.free());
                    self.suits(ledger, now, request, agent, &free)
                })
            })
            .take(request.max.min(self.room(ledger, request.framework)))
            .collect()
    }

    /// The waiting request that is next to get `agent`, unless it suits none.
    pub fn next_for(
        &self,
        ledger: &Ledger,
        now: Instant,
        weights: &BTreeMap<String, u16>,
        agent: AgentId,
    ) -> Option<(WaitId, FrameworkId)> {
        let agent = ledger.agent(agent)?;
        let free = LazyCell::new(|| agent.free());
        let suited: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| self.suits(ledger, now, waiting, agent, &free))
            .collect();
        if let [(only, waiting)] = suited[..] {
            return Some((*only, waiting.framework));
        }
        let roles = roles(ledger);
        suited
            .into_iter()
            .filter_map(|(id, waiting)| {
                let framework = ledger.framework(waiting.framework)?;
                let role = framework.role.as_str();
                let weight = weights.get(role).copied().unwrap_or(1);
                let of_role = Share::dominant(roles.get(role)?, ledger.cluster(), weight);
                let own = Share::dominant(&framework.allocated, ledger.cluster(), 1);
                Some((of_role, own, *id, waiting.framework))
            })
            .min()
            .map(|(_, _, id, framework)| (id, framework))
    }

    /// Remembers that `agent` was offered, so that others come first next time.
    pub fn offered(&mut self, agent: AgentId) {
        self.last = Some(agent);
    }

    /// Counts an offer to a waiting request, which waits no more once it has all it wants.
    pub fn count_down(&mut self, id: WaitId) {
        if let Some(waiting) = self.waiting.get_mut(&id) {
            waiting.max = waiting.max.saturating_sub(1);
            if waiting.max == 0 {
                self.waiting.remove(&id);
            }
        }
    }

    fn suits(
        &self,
        ledger: &Ledger,
        now: Instant,
        request: &Waiting,
        agent: &Agent,
        free: &impl Deref<Target = Resources>,
    ) -> bool {
        let wants = ledger
            .framework(request.framework)
            .is_some_and(|framework| !framework.suppressed);
        let filtered = self
            .filters
            .get(&(request.framework, agent.id))
            .is_some_and(|until| *until > now);
        let module = request.constraints.module;
        wants
            && self.room(ledger, request.framework) > 0
            && !filtered
            && agent.is_offerable()
            && constraint::matches(&request.constraints, agent, free)
            && module.is_none_or(|wanted| {
                let module = ledger.module(wanted.id);
                module.is_some_and(|module| constraint::runs(module, wanted.mem, agent, free))
            })
    }
}

/// What the frameworks of each role hold together.
fn roles(ledger: &Ledger) -> BTreeMap<&str, Scalars> {
    let mut roles: BTreeMap<&str, Scalars> = BTreeMap::new();
    for framework in ledger.frameworks(None) {
        roles
            .entry(framework.role.as_str())
            .or_default()
            .add_all(&framework.allocated);
    }
    roles
}
