//! The enrolled agents of a master.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use edgerm_coap::oscore::Credential;
use edgerm_protocol::Instant;
use zeroize::Zeroizing;

use super::{EnrollError, name};
use crate::server::fill_from_system;

/// Draws of a key id until the entropy is held to be none: with 100,000 agents enrolled, one in
/// 43,000 draws meets a key id in use.
const DRAWS: usize = 8;

/// An agent that was enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// What it is called, and has to register as.
    pub name: Arc<str>,
    /// What it proves itself with.
    pub credential: Credential,
    /// When it was enrolled.
    pub enrolled: Instant,
    /// When this credential took the place of another.
    pub rotated: Option<Instant>,
}

/// What a credential is made of, drawn at random.
#[derive(Clone)]
pub struct Draw {
    /// Which agent it will be.
    pub key_id: [u8; 4],
    /// The salt.
    pub salt: [u8; 8],
    /// The secret.
    pub secret: Zeroizing<[u8; 16]>,
}

impl Draw {
    /// From the system's entropy.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn from_system() -> io::Result<Self> {
        let mut draw = Self {
            key_id: [0; 4],
            salt: [0; 8],
            secret: Zeroizing::new([0; 16]),
        };
        fill_from_system(&mut draw.key_id)?;
        fill_from_system(&mut draw.salt)?;
        fill_from_system(&mut *draw.secret)?;
        Ok(draw)
    }
}

/// All that were enrolled and not revoked, by name and by key id. A change goes through three
/// hands: [`Self::draw`] or [`Self::redraw`] makes it, whoever keeps it keeps it, and
/// [`Self::put`] or [`Self::remove`] makes it true.
#[derive(Debug)]
pub struct Agents {
    // In boxes, so that no secret is left behind where the tree moves its nodes.
    by_key: BTreeMap<[u8; 4], Box<Enrolled>>,
    keys: BTreeMap<Arc<str>, [u8; 4]>,
    max: usize,
}

impl Agents {
    /// None yet, and `max` at most.
    pub fn new(max: usize) -> Self {
        Self {
            by_key: BTreeMap::new(),
            keys: BTreeMap::new(),
            max,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The name and the credential that belong to a key id.
    pub fn by_key_id(&self, key_id: [u8; 4]) -> Option<(&str, &Credential)> {
        let agent = self.by_key.get(&key_id)?;
        Some((&agent.name, &agent.credential))
    }

    /// The agent of this name.
    pub fn by_name(&self, name: &str) -> Option<&Enrolled> {
        let key_id = self.keys.get(name)?;
        self.by_key.get(key_id).map(Box::as_ref)
    }

    /// Those whose names come after `after`.
    pub fn list(&self, after: Option<&str>) -> impl Iterator<Item = &Enrolled> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.keys
            .range::<str, _>((from, Bound::Unbounded))
            .filter_map(|(_, key_id)| self.by_key.get(key_id).map(Box::as_ref))
    }

    /// A new agent of this name, with a credential from `entropy`; where it joins by a token, its
    /// secret is of the token's. Nothing changes yet.
    ///
    /// # Errors
    ///
    /// [`EnrollError`], all but `Unknown` and `Store`.
    pub fn draw(
        &self,
        name: &str,
        token: Option<&[u8; 16]>,
        now: Instant,
        entropy: impl FnMut() -> io::Result<Draw>,
    ) -> Result<Enrolled, EnrollError> {
        name::check(name)?;
        if self.keys.contains_key(name) {
            return Err(EnrollError::Enrolled(name.to_owned()));
        }
        if self.keys.len() >= self.max {
            return Err(EnrollError::TooMany(self.keys.len()));
        }
        Ok(Enrolled {
            name: name.into(),
            credential: self.credential(name, token, entropy)?,
            enrolled: now,
            rotated: None,
        })
    }

    /// The agent of this name with another key id, secret and salt from `entropy`. Nothing
    /// changes yet.
    ///
    /// # Errors
    ///
    /// [`EnrollError`], `Unknown` and those of entropy.
    pub fn redraw(
        &self,
        name: &str,
        now: Instant,
        entropy: impl FnMut() -> io::Result<Draw>,
    ) -> Result<Enrolled, EnrollError> {
        let agent = self.by_name(name);
        let agent = agent.ok_or_else(|| EnrollError::Unknown(name.to_owned()))?;
        Ok(Enrolled {
            name: Arc::clone(&agent.name),
            credential: self.credential(name, None, entropy)?,
            enrolled: agent.enrolled,
            rotated: Some(now),
        })
    }

    fn credential(
        &self,
        name: &str,
        token: Option<&[u8; 16]>,
        mut entropy: impl FnMut() -> io::Result<Draw>,
    ) -> Result<Credential, EnrollError> {
        for _ in 0..DRAWS {
            let drawn = entropy().map_err(EnrollError::Entropy)?;
            if self.by_key.contains_key(&drawn.key_id) {
                continue;
            }
            let (key_id, salt) = (drawn.key_id, drawn.salt);
            return Ok(match token {
                Some(token) => Credential::joined(token, key_id, salt, name),
                None => Credential::new(key_id, *drawn.secret, salt),
            });
        }
        Err(EnrollError::Repeats)
    }

    /// Takes an agent from now on, in place of the one of its name. Returns the key id that is
    /// no one's any more.
    pub fn put(&mut self, agent: Enrolled) -> Option<[u8; 4]> {
        let key_id = agent.credential.key_id();
        let before = self.keys.insert(Arc::clone(&agent.name), key_id);
        self.by_key.insert(key_id, Box::new(agent));
        let before = before.filter(|before| *before != key_id)?;
        self.by_key.remove(&before);
        Some(before)
    }

    /// Takes the agent of this name no more. Returns the key id that is no one's any more.
    pub fn remove(&mut self, name: &str) -> Option<[u8; 4]> {
        let key_id = self.keys.remove(name)?;
        self.by_key.remove(&key_id);
        Some(key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1000);

    fn draw(byte: u8) -> Draw {
        Draw {
            key_id: [byte; 4],
            salt: [byte; 8],
            secret: Zeroizing::new([byte | 0xa0; 16]),
        }
    }

    fn with(names: &[&str]) -> Agents {
        let mut agents = Agents::new(3);
        for (byte, name) in (1..).zip(names) {
            let agent = agents.draw(name, None, NOW, || Ok(draw(byte))).unwrap();
            assert_eq!(agents.put(agent), None);
        }
        agents
    }

    fn names(agents: &Agents, after: Option<&str>) -> Vec<String> {
        agents
            .list(after)
            .map(|agent| agent.name.to_string())
            .collect()
    }

    #[test]
    fn an_agent_is_found_by_its_name_and_by_its_key_id() {
        let agents = with(&["b", "a"]);
        let (name, credential) = agents.by_key_id([1; 4]).unwrap();
        assert_eq!(name, "b");
        assert_eq!(credential, &Credential::new([1; 4], [0xa1; 16], [1; 8]));
        assert_eq!(agents.by_key_id([3; 4]), None);
        assert_eq!(agents.by_name("a").unwrap().enrolled, NOW);
        assert_eq!(names(&agents, None), ["a", "b"]);
        assert_eq!(names(&agents, Some("a")), ["b"]);
    }

    #[test]
    fn one_that_joins_has_a_secret_of_its_token() {
        let agents = with(&[]);
        let agent = agents.draw("a", Some(&[7; 16]), NOW, || Ok(draw(1)));
        let expected = Credential::joined(&[7; 16], [1; 4], [1; 8], "a");
        assert_eq!(agent.unwrap().credential, expected);
    }

    #[test]
    fn a_key_id_is_one_agents() {
        let agents = with(&["a", "b"]);
        let mut drawn = 0;
        let next = agents.draw("c", None, NOW, || {
            drawn += 1;
            Ok(draw(drawn))
        });
        assert_eq!(next.unwrap().credential.key_id(), [3; 4]);
        let stuck = agents.draw("c", None, NOW, || Ok(draw(1)));
        assert!(matches!(stuck, Err(EnrollError::Repeats)));
        let silent = agents.draw("c", None, NOW, || Err(io::ErrorKind::NotFound.into()));
        assert!(matches!(silent, Err(EnrollError::Entropy(_))));
    }

    #[test]
    fn who_is_enrolled_stays_so_until_revoked() {
        let mut agents = with(&["a", "b", "c"]);
        let again = agents.draw("a", None, NOW, || Ok(draw(9)));
        assert!(matches!(again, Err(EnrollError::Enrolled(_))));
        let more = agents.draw("d", None, NOW, || Ok(draw(9)));
        assert!(matches!(more, Err(EnrollError::TooMany(3))));
        assert_eq!(agents.remove("b"), Some([2; 4]));
        assert_eq!(agents.remove("b"), None);
        assert_eq!(agents.by_key_id([2; 4]), None);
        assert_eq!(names(&agents, None), ["a", "c"]);
        assert!(agents.draw("d", None, NOW, || Ok(draw(9))).is_ok());
        let named = agents.draw("a/b", None, NOW, || Ok(draw(9)));
        assert!(matches!(named, Err(EnrollError::Name(_))));
    }

    #[test]
    fn a_rotated_agent_is_known_by_its_new_key_id_alone() {
        let mut agents = with(&["a"]);
        let later = Instant::from_millis(2000);
        let rotated = agents.redraw("a", later, || Ok(draw(5))).unwrap();
        assert_eq!((rotated.enrolled, rotated.rotated), (NOW, Some(later)));
        assert!(
            agents.by_key_id([5; 4]).is_none(),
            "nothing has changed yet"
        );
        assert_eq!(agents.put(rotated), Some([1; 4]));
        assert!(agents.by_key_id([1; 4]).is_none());
        assert_eq!(agents.by_key_id([5; 4]).unwrap().0, "a");
        assert_eq!(agents.len(), 1);
        let unknown = agents.redraw("b", later, || Ok(draw(6)));
        assert!(matches!(unknown, Err(EnrollError::Unknown(_))));
    }

    #[test]
    fn no_secret_is_printed() {
        let printed = format!("{:?}", with(&["a"]));
        assert!(printed.contains("01010101"), "{printed}");
        assert!(
            !printed.contains("161") && !printed.contains("a1"),
            "{printed}"
        );
    }
}
