//! Offers are made and end; frameworks want them or not.

use std::fmt;

use edgerm_protocol::{AgentId, FrameworkId, Instant, OfferId};

use super::change::{Change, OfferEnd};
use super::registration::rescind;
use super::{Framework, Ledger, Offer};

/// Why an offer cannot be accepted or declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OfferError {
    /// There is no such offer, or it ended long ago.
    Unknown(OfferId),
    /// It was made to another framework.
    NotYours(OfferId),
    /// It has ended.
    Ended(OfferId, OfferEnd),
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(offer) => write!(f, "there is no offer {offer}: ask for offers anew"),
            Self::NotYours(offer) => write!(
                f,
                "offer {offer} was made to another framework: accept only what you were offered"
            ),
            Self::Ended(offer, OfferEnd::Accepted) => {
                write!(
                    f,
                    "offer {offer} was accepted before: ask for offers anew to launch more"
                )
            }
            Self::Ended(offer, OfferEnd::Declined) => {
                write!(f, "offer {offer} was declined before: ask for offers anew")
            }
            Self::Ended(offer, OfferEnd::Expired) => {
                write!(f, "offer {offer} has expired: ask for offers anew")
            }
            Self::Ended(offer, OfferEnd::Rescinded) => write!(
                f,
                "offer {offer} was rescinded, its agent is silent, changed or drained: ask for offers anew"
            ),
        }
    }
}

impl std::error::Error for OfferError {}

impl Ledger {
    /// Offers `framework` all that is free of `agent`. `None` where no task could run there.
    pub fn make_offer(
        &self,
        id: OfferId,
        framework: FrameworkId,
        agent: AgentId,
        expires_at: Instant,
    ) -> Option<Change> {
        let agent = self.agents.get(&agent)?;
        let known = self.frameworks.contains_key(&framework);
        (known && agent.is_offerable()).then(|| {
            Change::OfferMade(Offer {
                id,
                framework,
                agent: agent.id,
                resources: agent.free(),
                expires_at,
            })
        })
    }

    /// The open offer `id`, if it is `framework`'s.
    ///
    /// # Errors
    ///
    /// [`OfferError`], by what became of it.
    pub fn open_offer(
        &self,
        now: Instant,
        id: OfferId,
        framework: FrameworkId,
    ) -> Result<&Offer, OfferError> {
        let Some(offer) = self.offers.get(&id) else {
            return Err(match self.ended_offers.get(&id) {
                Some((owner, _)) if *owner != framework => OfferError::NotYours(id),
                Some((_, end)) => OfferError::Ended(id, *end),
                None => OfferError::Unknown(id),
            });
        };
        if offer.framework != framework {
            Err(OfferError::NotYours(id))
        } else if offer.expires_at <= now {
            Err(OfferError::Ended(id, OfferEnd::Expired))
        } else {
            Ok(offer)
        }
    }

    /// The framework is gone: its offers return. Its tasks are to be killed besides.
    pub fn framework_gone(&self, framework: &Framework) -> Vec<Change> {
        let mut changes = rescind(&framework.offers);
        changes.push(Change::FrameworkGone(framework.id));
        changes
    }
}
