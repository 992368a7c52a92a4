//! Changes who is enrolled: one change at a time, on the disk before it is true and before whoever
//! asked for it hears so. The master goes on while the disk writes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use edgerm_coap::oscore::{Credential, JoinToken};
use edgerm_protocol::api::{self, IssuedJoinToken, Join, Joined, NewJoinToken};
use zeroize::Zeroizing;

use crate::access::{
    Draw, EnrollError, Enrolled, Entry, JoinError, JoinTokenError, JoinTokens, Shown,
};
use crate::server::fill_from_system;
use crate::shared::Shared;
use crate::store::{Store, StoreError};

/// Where enrolled agents last, the tokens with which they join, and the turn of who changes
/// either. All that it does may block for as long as the disk takes.
#[derive(Debug)]
pub(crate) struct Registrar(Mutex<Desk>);

#[derive(Debug)]
struct Desk {
    store: Option<Store>,
    tokens: JoinTokens,
}

impl Registrar {
    /// One that keeps in `store`, and no more than `max_tokens`; without a store nothing lasts.
    pub(crate) fn open(store: Option<Store>, max_tokens: usize) -> Result<Self, StoreError> {
        let tokens = JoinTokens::open(store.clone(), max_tokens)?;
        Ok(Self(Mutex::new(Desk { store, tokens })))
    }

    /// Enrols the agent `name`.
    pub(crate) fn enroll(&self, shared: &Shared, name: &str) -> Result<Credential, EnrollError> {
        let desk = self.desk();
        let draw = Draw::from_system;
        desk.change(
            shared,
            shared.call(|master, now| master.enrolled().draw(name, None, now, draw))?,
        )
    }

    /// Gives the agent `name` another credential; its present one is refused from then on.
    pub(crate) fn rotate(&self, shared: &Shared, name: &str) -> Result<Credential, EnrollError> {
        let desk = self.desk();
        let draw = Draw::from_system;
        desk.change(
            shared,
            shared.call(|master, now| master.enrolled().redraw(name, now, draw))?,
        )
    }

    /// Refuses the agent `name` from then on.
    pub(crate) fn revoke(&self, shared: &Shared, name: &str) -> Result<(), EnrollError> {
        let desk = self.desk();
        if shared.call(|master, _| master.enrolled().by_name(name).is_none()) {
            return Err(EnrollError::Unknown(name.to_owned()));
        }
        if let Some(store) = &desk.store {
            store.remove_enrolled(name)?;
        }
        shared.call(|master, now| master.unenroll(now, name));
        Ok(())
    }

    /// Enrols an agent that proves to have a join token.
    pub(crate) fn join(&self, shared: &Shared, join: &Join) -> Result<Joined, JoinError> {
        let mut nonce = [0; edgerm_coap::oscore::JOIN_NONCE];
        let mut proof = [0; edgerm_coap::oscore::JOIN_PROOF];
        digits("nonce", &join.nonce, &mut nonce)?;
        digits("proof", &join.proof, &mut proof)?;
        let name = &*join.name;
        let shown = Shown {
            id: &join.token_id,
            name,
            nonce: &nonce,
            proof: &proof,
        };
        let mut desk = self.desk();
        let token = desk.tokens.prove(shown, shared.call(|_, now| now));
        let token = token.inspect_err(|_| {
            shared.call(|master, _| master.count_denied_join());
        })?;
        let agent = shared.call(|master, now| {
            let (enrolled, draw) = (master.enrolled(), Draw::from_system);
            enrolled.draw(name, Some(token.secret()), now, draw)
        })?;
        desk.tokens.spend(shown.id, &agent)?;
        let (key_id, salt) = (agent.credential.key_id(), agent.credential.salt());
        shared.call(|master, _| master.enroll(agent));
        Ok(Joined {
            key_id: hex::encode(key_id),
            salt: hex::encode(salt),
            master_proof: hex::encode(token.answer(&nonce, name, key_id, salt)),
        })
    }

    /// Issues a join token.
    pub(crate) fn issue(
        &self,
        shared: &Shared,
        new: &NewJoinToken,
    ) -> Result<IssuedJoinToken, JoinTokenError> {
        let (mut id, mut secret) = ([0; 8], Zeroizing::new([0; 16]));
        fill_from_system(&mut id).map_err(JoinTokenError::Entropy)?;
        fill_from_system(&mut *secret).map_err(JoinTokenError::Entropy)?;
        let now = shared.call(|_, now| now);
        let token = JoinToken::new(id, *secret);
        self.desk().tokens.issue(new, token, now)
    }

    /// At most `most` join tokens with ids after `after`.
    pub(crate) fn list(
        &self,
        shared: &Shared,
        after: Option<&str>,
        most: usize,
    ) -> Vec<api::JoinToken> {
        let now = shared.call(|_, now| now);
        self.desk().tokens.list(after, now).take(most).collect()
    }

    /// Lets nobody join with a token any more.
    pub(crate) fn revoke_token(&self, id: &str) -> Result<(), JoinTokenError> {
        self.desk().tokens.revoke(id)
    }

    /// Lets nobody change anything here until what this returns is dropped.
    pub(crate) fn pause(&self) -> Paused<'_> {
        Paused(self.desk())
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // What it holds is changed after the disk only, so a call that panicked left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A registrar that does nothing for now.
pub(crate) struct Paused<'a>(MutexGuard<'a, Desk>);

impl Paused<'_> {
    /// Goes on with these join tokens in place of its own, which `store` has already.
    pub(crate) fn replace_join_tokens(&mut self, tokens: Vec<Entry>) {
        self.0.tokens.replace(tokens);
    }
}

impl Desk {
    fn change(&self, shared: &Shared, agent: Enrolled) -> Result<Credential, EnrollError> {
        if let Some(store) = &self.store {
            store.put_enrolled(&agent)?;
        }
        let credential = agent.credential.clone();
        shared.call(|master, _| master.enroll(agent));
        Ok(credential)
    }
}

fn digits(field: &'static str, text: &str, bytes: &mut [u8]) -> Result<(), JoinError> {
    let expected = 2 * bytes.len();
    hex::decode_to_slice(text, bytes).map_err(|_| JoinError::Digits(field, expected))
}
