//! Enrolled agents in the master's file.

use edgerm_coap::oscore::Credential;
use edgerm_protocol::Instant;
use redb::TableDefinition;
use zeroize::Zeroizing;

use super::{Store, StoreError};
use crate::access::Enrolled;

/// Name to the credential as bytes, when the agent was enrolled and when it was given this
/// credential in place of another, both in milliseconds since the Unix epoch.
pub(super) type Row = ([u8; Credential::LENGTH], u64, Option<u64>);

pub(super) const ENROLLED: TableDefinition<'_, &str, Row> = TableDefinition::new("enrolled");

impl Store {
    /// Every enrolled agent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn enrolled(&self) -> Result<Vec<Enrolled>, StoreError> {
        let rows = self.rows(ENROLLED, |name, (bytes, enrolled, rotated)| {
            let bytes = Zeroizing::new(bytes);
            let credential =
                Credential::from_bytes(&*bytes).map_err(|error| StoreError::Credential {
                    name: name.to_owned(),
                    error,
                })?;
            Ok(Enrolled {
                name: name.into(),
                credential,
                enrolled: Instant::from_millis(enrolled),
                rotated: rotated.map(Instant::from_millis),
            })
        })?;
        rows.into_iter().collect()
    }

    /// Keeps an agent, in place of the one of its name: on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing changes.
    pub fn put_enrolled(&self, agent: &Enrolled) -> Result<(), StoreError> {
        self.transact(|transaction| put(transaction, agent))
    }

    /// Keeps an agent no more.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing changes.
    pub fn remove_enrolled(&self, name: &str) -> Result<(), StoreError> {
        self.write(ENROLLED, |table| {
            table.remove(name)?;
            Ok(())
        })
    }
}

pub(super) fn put(
    transaction: &redb::WriteTransaction,
    agent: &Enrolled,
) -> Result<(), redb::Error> {
    let bytes = Zeroizing::new(agent.credential.to_bytes());
    let enrolled = agent.enrolled.as_millis();
    let rotated = agent.rotated.map(Instant::as_millis);
    let mut table = transaction.open_table(ENROLLED)?;
    table.insert(&*agent.name, (*bytes, enrolled, rotated))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_last_with_their_credentials_and_times() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.redb");
        let agent = |name: &str, byte, rotated| Enrolled {
            name: name.into(),
            credential: Credential::new([byte; 4], [byte; 16], [byte; 8]),
            enrolled: Instant::from_millis(1000),
            rotated,
        };
        let later = Some(Instant::from_millis(2000));
        let store = Store::open(&path).unwrap();
        for agent in [
            agent("a", 1, None),
            agent("b", 2, None),
            agent("c", 3, None),
        ] {
            store.put_enrolled(&agent).unwrap();
        }
        store.put_enrolled(&agent("b", 4, later)).unwrap();
        store.remove_enrolled("c").unwrap();
        drop(store);
        let kept = Store::open(&path).unwrap().enrolled().unwrap();
        assert_eq!(kept, [agent("a", 1, None), agent("b", 4, later)]);
    }
}
