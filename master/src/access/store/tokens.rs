//! Callers' tokens in the master's file.

use edgerm_protocol::api::Role;
use redb::TableDefinition;

use super::{Store, StoreError};
use crate::access::secret::Digest;

/// Name to role and SHA-256.
const TOKENS: TableDefinition<'_, &str, (u8, [u8; 32])> = TableDefinition::new("tokens");

/// One token, as it is kept.
pub(in crate::access) struct Kept {
    pub(in crate::access) name: String,
    pub(in crate::access) role: Role,
    pub(in crate::access) digest: Digest,
}

impl Store {
    /// Every token.
    pub(in crate::access) fn tokens(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = self.rows(TOKENS, |name, (role, digest)| {
            (name.to_owned(), role, Digest(digest))
        })?;
        let kept = rows.into_iter().map(|(name, role, digest)| {
            let role = role_of(role).ok_or_else(|| StoreError::Role {
                name: name.clone(),
                role,
            })?;
            Ok(Kept { name, role, digest })
        });
        kept.collect()
    }

    /// Keeps a token.
    pub(in crate::access) fn add_token(
        &self,
        name: &str,
        role: Role,
        digest: &Digest,
    ) -> Result<(), StoreError> {
        self.write(TOKENS, |table| {
            table.insert(name, (number_of(role), digest.0))?;
            Ok(())
        })
    }

    /// Keeps a token no more.
    pub(in crate::access) fn remove_token(&self, name: &str) -> Result<(), StoreError> {
        self.write(TOKENS, |table| {
            table.remove(name)?;
            Ok(())
        })
    }
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
