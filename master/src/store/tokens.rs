//! Callers' tokens in the master's file.

use std::collections::BTreeMap;

use edgerm_protocol::api::{NewToken, Policy, Role};
use redb::TableDefinition;

use super::{Store, StoreError};
use crate::access::Digest;

/// Name to role and SHA-256.
pub(super) const TOKENS: TableDefinition<'_, &str, (u8, [u8; 32])> = TableDefinition::new("tokens");

/// Name to the policy, as JSON: of each token that has one.
pub(super) const POLICIES: TableDefinition<'_, &str, &str> = TableDefinition::new("policies");

/// One token, as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) digest: Digest,
    pub(crate) policy: Option<Policy>,
}

impl Store {
    /// Every token.
    pub(crate) fn tokens(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = self.rows(TOKENS, |name, (role, digest)| {
            (name.to_owned(), role, Digest(digest))
        })?;
        let policies = self.rows(POLICIES, |name, policy| {
            (name.to_owned(), policy_of(name, policy))
        })?;
        let mut policies: BTreeMap<_, _> = policies.into_iter().collect();
        let kept = rows.into_iter().map(|(name, role, digest)| {
            let role = role_of(role).ok_or_else(|| StoreError::Role {
                name: name.clone(),
                role,
            })?;
            let policy = policies.remove(&name).transpose()?;
            Ok(Kept {
                name,
                role,
                digest,
                policy,
            })
        });
        kept.collect()
    }

    /// Keeps a token.
    pub(crate) fn add_token(&self, new: &NewToken, digest: &Digest) -> Result<(), StoreError> {
        let name = new.name.as_str();
        let policy = new.policy.as_ref().map(serde_json::to_string).transpose();
        let policy = policy.map_err(|error| StoreError::Policy {
            name: name.to_owned(),
            error,
        })?;
        self.transact(|transaction| {
            let mut tokens = transaction.open_table(TOKENS)?;
            tokens.insert(name, (number_of(new.role), digest.0))?;
            if let Some(policy) = &policy {
                let mut policies = transaction.open_table(POLICIES)?;
                policies.insert(name, policy.as_str())?;
            }
            Ok(())
        })
    }

    /// Keeps a token and its policy no more.
    pub(crate) fn remove_token(&self, name: &str) -> Result<(), StoreError> {
        self.transact(|transaction| {
            transaction.open_table(TOKENS)?.remove(name)?;
            transaction.open_table(POLICIES)?.remove(name)?;
            Ok(())
        })
    }
}

/// Keeps a token that has no policy.
pub(super) fn put(transaction: &redb::WriteTransaction, kept: &Kept) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(TOKENS)?;
    table.insert(kept.name.as_str(), (number_of(kept.role), kept.digest.0))?;
    Ok(())
}

fn policy_of(name: &str, policy: &str) -> Result<Policy, StoreError> {
    serde_json::from_str(policy).map_err(|error| StoreError::Policy {
        name: name.to_owned(),
        error,
    })
}

const fn number_of(role: Role) -> u8 {
    match role {
        Role::Operator => 0,
        Role::Framework => 1,
        Role::ReadOnly => 2,
    }
}

const fn role_of(number: u8) -> Option<Role> {
    match number {
        0 => Some(Role::Operator),
        1 => Some(Role::Framework),
        2 => Some(Role::ReadOnly),
        _ => None,
    }
}
