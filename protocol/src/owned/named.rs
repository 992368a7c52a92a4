//! Values by name.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Index;

use ecow::{EcoString, EcoVec};

/// Values by name, each name once, in the order of the names.
///
/// It is for few entries, and many of its kind: one block holds them all, none where there are
/// none, and a clone is the same block until either is changed. A change moves what comes after
/// it, and copies the block where it is shared.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Named<V>(EcoVec<(EcoString, V)>);

impl<V> Named<V> {
    /// Without entries.
    pub const fn new() -> Self {
        Self(EcoVec::new())
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        let at = self.position(name).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Whether there is a value of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_ok()
    }

    /// Names and their values.
    pub fn iter(&self) -> Iter<'_, V> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &EcoString> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Where the name stands, or would.
    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(other, _)| other.as_str().cmp(name))
    }
}

impl<V: Clone> Named<V> {
    /// The value of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let at = self.position(name).ok()?;
        self.0.make_mut().get_mut(at).map(|(_, value)| value)
    }

    /// The values, in the order of their names, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.make_mut().iter_mut().map(|(_, value)| value)
    }

    /// Puts a value under a name. Returns the one that was there.
    pub fn insert(&mut self, name: impl Into<EcoString>, value: V) -> Option<V> {
        let name = name.into();
        match self.position(&name) {
            Ok(_) => {
                let before = self.get_mut(&name)?;
                Some(core::mem::replace(before, value))
            }
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Takes the value of this name out.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let at = self.position(name).ok()?;
        Some(self.0.remove(at).1)
    }

    /// These entries, where no name stands twice among them.
    ///
    /// # Errors
    ///
    /// The first in order of the names that do.
    pub fn from_distinct(mut entries: Vec<(EcoString, V)>) -> Result<Self, EcoString> {
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let twice = entries.windows(2).find_map(|pair| match pair {
            [(one, _), (other, _)] if one == other => Some(one.clone()),
            _ => None,
        });
        twice.map_or_else(|| Ok(Self(entries.into())), Err)
    }
}

/// Names and their values.
type Iter<'a, V> =
    core::iter::Map<core::slice::Iter<'a, (EcoString, V)>, fn(&(EcoString, V)) -> (&EcoString, &V)>;

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: fmt::Debug> fmt::Debug for Named<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<V> Index<&str> for Named<V> {
    type Output = V;

    /// The value of this name.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[expect(clippy::expect_used, reason = "what indexing is, as of any map")]
    fn index(&self, name: &str) -> &V {
        self.get(name).expect("an entry of this name")
    }
}

impl<'a, V> IntoIterator for &'a Named<V> {
    type Item = (&'a EcoString, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<V: Clone> IntoIterator for Named<V> {
    type Item = (EcoString, V);
    type IntoIter = ecow::vec::IntoIter<(EcoString, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of several values of one name the last is taken.
impl<K: Into<EcoString>, V: Clone> FromIterator<(K, V)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut entries: Vec<_> = entries.map(|(name, value)| (name.into(), value)).collect();
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        entries.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                core::mem::swap(later, kept);
            }
            same
        });
        Self(entries.into())
    }
}

impl<K: Into<EcoString>, V: Clone, const N: usize> From<[(K, V); N]> for Named<V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Into<EcoString>, V: Clone> Extend<(K, V)> for Named<V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

#[cfg(feature = "api")]
impl<V: serde::Serialize> serde::Serialize for Named<V> {
    /// As a map.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

#[cfg(feature = "api")]
impl<'de, V: Clone + serde::Deserialize<'de>> serde::Deserialize<'de> for Named<V> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(core::marker::PhantomData))
    }
}

#[cfg(feature = "api")]
struct Entries<V>(core::marker::PhantomData<V>);

#[cfg(feature = "api")]
impl<'de, V: Clone + serde::Deserialize<'de>> serde::de::Visitor<'de> for Entries<V> {
    type Value = Named<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Named<V>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<EcoString, V>()? {
            entries.push(entry);
        }
        Ok(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_map_that_a_b_tree_is(
            entries in prop::collection::vec(("[a-c]{0,2}", 0u8..9), 0..12),
            changes in prop::collection::vec(("[a-c]{0,2}", prop::option::of(0u8..9)), 0..12),
        ) {
            let mut named: Named<u8> = entries.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let mut model: BTreeMap<String, u8> = entries.into_iter().collect();
            let before = named.clone();
            for (name, change) in changes {
                let (was, should) = match change {
                    Some(value) => (named.insert(name.as_str(), value), model.insert(name.clone(), value)),
                    None => (named.remove(&name), model.remove(&name)),
                };
                prop_assert_eq!(was, should);
                prop_assert_eq!(named.get(&name), model.get(&name));
            }
            let all: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), value)).collect();
            let should: Vec<_> = model.iter().map(|(name, value)| (name.as_str(), value)).collect();
            prop_assert_eq!(all, should);
            // What it was cloned from, and shared a block with, is as it was.
            let unchanged = before.iter().all(|(name, value)| before.get(name) == Some(value));
            prop_assert!(unchanged);
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_told() {
        let entries = |names: &[&str]| names.iter().map(|&name| (name.into(), ())).collect();
        let twice = Named::from_distinct(entries(&["b", "a", "c", "a"]));
        assert_eq!(twice, Err("a".into()));
        assert_eq!(
            Named::from_distinct(entries(&["b", "a"])).map(|it| it.len()),
            Ok(2)
        );
    }

    #[test]
    fn a_clone_is_the_same_block_until_changed() {
        let one = Named::from([("a", 1), ("b", 2)]);
        let mut other = one.clone();
        assert!(core::ptr::eq(&one["a"], &other["a"]));
        other.insert("a", 3);
        assert_eq!((one["a"], other["a"]), (1, 3));
    }
}
