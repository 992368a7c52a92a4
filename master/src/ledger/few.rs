//! A set of few.

/// A set of few, in order: one block of just their size, and none where there are none.
///
/// Each agent has two, of at most 16 tasks and of offers. A B-tree would take a node of eleven
/// places for one of them, and keep it when that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Few<T>(Vec<T>);

impl<T: Ord> Few<T> {
    /// The set without members.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes a member in, unless it is there.
    pub fn insert(&mut self, member: T) {
        if let Err(at) = self.0.binary_search(&member) {
            self.0.reserve_exact(1);
            self.0.insert(at, member);
        }
    }

    /// Takes a member out, if it is there.
    pub fn remove(&mut self, member: &T) {
        if let Ok(at) = self.0.binary_search(member) {
            self.0.remove(at);
            self.0.shrink_to_fit();
        }
    }

    /// Whether it is a member.
    pub fn contains(&self, member: &T) -> bool {
        self.0.binary_search(member).is_ok()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The members, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T: Ord> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T: Ord> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_the_set_that_a_b_tree_is(changes in prop::collection::vec((0u8..6, any::<bool>()), 0..30)) {
            let (mut few, mut model) = (Few::new(), BTreeSet::new());
            for (member, is_added) in changes {
                if is_added {
                    few.insert(member);
                    model.insert(member);
                } else {
                    few.remove(&member);
                    model.remove(&member);
                }
                prop_assert_eq!(few.contains(&member), model.contains(&member));
                prop_assert!(few.iter().eq(&model));
                prop_assert_eq!(few.0.capacity(), few.len());
            }
        }
    }
}
