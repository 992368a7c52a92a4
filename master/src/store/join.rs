//! Join tokens in the master's file: there until they are used up, expired or revoked.

use edgerm_coap::oscore::JoinToken;
use edgerm_protocol::Instant;
use redb::TableDefinition;

use super::enrolled;
use super::{Store, StoreError};
use crate::access::{Enrolled, Entry};

/// The token's id in hexadecimal digits to: id and secret, label, when it expires in milliseconds
/// since the Unix epoch, uses left, whether it died of wrong proofs.
pub(super) type Row = ([u8; 8], [u8; 16], &'static str, u64, u32, bool);

pub(super) const JOIN: TableDefinition<'_, &str, Row> = TableDefinition::new("join_tokens");

impl Store {
    /// Every join token.
    pub(crate) fn join_tokens(&self) -> Result<Vec<Entry>, StoreError> {
        self.rows(JOIN, |_, (id, secret, label, expires, uses_left, dead)| {
            Entry {
                token: JoinToken::new(id, secret),
                label: (!label.is_empty()).then(|| label.to_owned()),
                expires: Instant::from_millis(expires),
                uses_left,
                wrong: if dead { Entry::MAX_WRONG } else { 0 },
            }
        })
    }

    /// Keeps a join token, in place of what was kept of it.
    pub(crate) fn put_join_token(&self, entry: &Entry) -> Result<(), StoreError> {
        self.transact(|transaction| put(transaction, entry))
    }

    /// Keeps a join token no more.
    pub(crate) fn remove_join_token(&self, key: &str) -> Result<(), StoreError> {
        self.write(JOIN, |table| {
            table.remove(key)?;
            Ok(())
        })
    }

    /// Keeps an agent that joined and what is left of its token: both or neither.
    pub(crate) fn put_joined(&self, agent: &Enrolled, left: &Entry) -> Result<(), StoreError> {
        self.transact(|transaction| {
            match left.uses_left {
                0 => {
                    transaction.open_table(JOIN)?.remove(&*left.key())?;
                }
                _ => put(transaction, left)?,
            }
            enrolled::put(transaction, agent)
        })
    }
}

fn put(transaction: &redb::WriteTransaction, entry: &Entry) -> Result<(), redb::Error> {
    let row = (
        entry.token.id(),
        *entry.token.secret(),
        entry.label.as_deref().unwrap_or_default(),
        entry.expires.as_millis(),
        entry.uses_left,
        entry.is_dead(),
    );
    transaction.open_table(JOIN)?.insert(&*entry.key(), row)?;
    Ok(())
}
