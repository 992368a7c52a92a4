//! Offers are accepted, by whom they were made to and while they stand.

use edgerm_master::ledger::Change;
use edgerm_protocol::{Instant, OfferId};

use super::cluster::{Cluster, FRAMEWORKS};
use super::record::{EXPIRY, NOW, Record, Told};

impl Record {
    /// The open offers of this node, oldest first, and whose each is.
    pub(super) fn offers(&self, node: usize) -> Vec<(OfferId, usize)> {
        let open = self.agent(node).into_iter().flat_map(|it| &it.offers);
        let whose = |offer: &OfferId| {
            let to = self.ledger.offer(*offer)?.framework;
            let framework = (0..FRAMEWORKS).find(|it| Cluster::framework(*it) == to)?;
            Some((*offer, framework))
        };
        open.filter_map(whose).collect()
    }

    pub(super) fn accept(
        &mut self,
        cluster: &Cluster,
        (node, which): (usize, usize),
        task: usize,
        told: &mut Told,
    ) -> Option<()> {
        let (offer, framework) = *self.offers(node).get(which)?;
        let changes = self.try_accept(cluster, (NOW, offer, framework), task, node)?;
        let other = 1 - framework;
        let early = self.try_accept(cluster, (NOW, offer, other), task, node);
        let late = self.try_accept(cluster, (EXPIRY, offer, framework), task, node);
        if early.is_some() || late.is_some() {
            told.fault = Some("an offer is accepted by another framework, or too late".into());
        }
        self.apply_all(changes);
        if let Some(fault) = self.late_acceptance(cluster, node, offer, framework) {
            told.fault = Some(fault);
        }
        self.ask_next(node, told);
        Some(())
    }

    fn try_accept(
        &self,
        cluster: &Cluster,
        (now, offer, framework): (Instant, OfferId, usize),
        task: usize,
        node: usize,
    ) -> Option<Vec<Change>> {
        let launch = [cluster.launch(task, node)];
        let framework = Cluster::framework(framework);
        let mut no_variant = |_, _| unreachable!("the module fits");
        let accepted = self
            .ledger
            .accept_offer(now, offer, framework, &launch, &mut no_variant);
        accepted.ok()
    }

    /// An offer that has ended is not accepted, nor is a task id twice.
    pub(super) fn late_acceptance(
        &self,
        cluster: &Cluster,
        node: usize,
        offer: OfferId,
        framework: usize,
    ) -> Option<String> {
        let again = (0..cluster.tasks.len()).find(|task| {
            let offer = (NOW, offer, framework);
            self.try_accept(cluster, offer, *task, node).is_some()
        });
        let again = again.is_some() || self.ledger.offer(offer).is_some();
        again.then(|| format!("offer {offer} has ended, and is accepted"))
    }
}
