//! What many records have alike, held once.
//!
//! The agents of a fleet are of a few kinds: most tell the same resources and firmware as others,
//! and their tasks hold the same. Such values are cheap to clone and share a block as clones, so
//! one that equals another seen lately becomes a clone of that.

use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::Arc;

use edgerm_protocol::api::TaskResources;
use edgerm_protocol::owned::{AttributeValue, Attributes, EcoString, EcoVec, Resources};

/// How many values of a kind are remembered. One that is unique displaces one of them, which then
/// is held once more.
const REMEMBERED: usize = 256;

/// The values seen lately, of each kind. It is no part of what a ledger knows: any two are equal,
/// and a clone begins anew.
#[derive(Default)]
pub(super) struct Alike {
    resources: Recent<Resources>,
    texts: Recent<EcoString>,
    lists: Recent<EcoVec<EcoString>>,
    asked: Recent<Arc<TaskResources>>,
}

impl Alike {
    /// The same resources.
    pub(super) fn resources(&mut self, resources: &Resources) -> Resources {
        self.resources.share(resources)
    }

    /// The same that a task was asked to hold.
    pub(super) fn asked(&mut self, asked: &Arc<TaskResources>) -> Arc<TaskResources> {
        self.asked.share(asked)
    }

    /// The same attributes, whose names and texts may be others' too.
    pub(super) fn attributes(&mut self, attributes: &Attributes) -> Attributes {
        let shared = attributes.iter().map(|(name, value)| {
            let value = match value {
                AttributeValue::Number(number) => AttributeValue::Number(*number),
                AttributeValue::Text(text) => AttributeValue::Text(self.text(text)),
                AttributeValue::Texts(texts) => AttributeValue::Texts(self.lists.share(texts)),
            };
            (self.text(name), value)
        });
        shared.collect()
    }

    fn text(&mut self, text: &EcoString) -> EcoString {
        if text.is_inline() {
            // It has no block.
            return text.clone();
        }
        self.texts.share(text)
    }
}

impl Clone for Alike {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Alike {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Alike {}

impl fmt::Debug for Alike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alike").finish_non_exhaustive()
    }
}

/// Values seen lately, each in the place that its hash says. Without places until the first.
struct Recent<T>(Vec<Option<T>>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + Eq + Hash> Recent<T> {
    /// A clone of the equal value that was seen lately, else of this one.
    fn share(&mut self, value: &T) -> T {
        if self.0.is_empty() {
            self.0.resize(REMEMBERED, None);
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(value);
        let at = usize::try_from(hash % REMEMBERED as u64).unwrap_or(0);
        let Some(place) = self.0.get_mut(at) else {
            return value.clone();
        };
        match place {
            Some(seen) if seen == value => seen.clone(),
            Some(_) | None => place.insert(value.clone()).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::owned::Value;

    fn agent(location: &str) -> (Resources, Attributes) {
        let text = |text: &str| AttributeValue::Text(text.into());
        (
            Resources::from([("mem", Value::Scalar(1)), ("tasks", Value::Scalar(4))]),
            Attributes::from([
                ("board", text("nrf52840dk_nrf52840")),
                ("executors", AttributeValue::Texts(["wasm".into()].into())),
                ("location", text(location)),
            ]),
        )
    }

    #[test]
    fn what_is_equal_to_what_was_seen_lately_is_held_once() {
        let mut alike = Alike::default();
        let (one, other) = (agent("geo:1,1"), agent("geo:2,2"));
        let all = [&one, &other].map(|(resources, attributes)| {
            let shared = (alike.resources(resources), alike.attributes(attributes));
            assert_eq!((&shared.0, &shared.1), (resources, attributes));
            shared
        });
        let [(one, one_is), (other, other_is)] = &all;
        assert!(std::ptr::eq(&one["mem"], &other["mem"]));
        let texts = |of: &Attributes, name: &str| match &of[name] {
            AttributeValue::Text(text) => text.as_ptr(),
            AttributeValue::Texts(texts) => texts.as_ptr().cast(),
            AttributeValue::Number(_) => std::ptr::null(),
        };
        for name in ["board", "executors"] {
            assert_eq!(texts(one_is, name), texts(other_is, name), "{name}");
        }
    }
}
