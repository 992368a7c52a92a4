//! Arithmetic on resources, exact for each type: scalars subtract, ranges and sets lose
//! members, an exclusive device goes to whoever holds it and a shared one stays.
//!
//! What is left never goes below nothing: an agent may shrink under what runs.

use std::collections::BTreeMap;

use edgerm_protocol::owned::{Device, Resources, Value};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::resource::{Access, Range};

/// `total` without what `taken` holds of it.
pub fn difference(total: &Resources, taken: &Resources) -> Resources {
    total
        .iter()
        .filter_map(|(name, value)| {
            let left = match taken.get(name) {
                Some(taken) => value_difference(value, taken),
                None => Some(value.clone()),
            };
            Some((name.clone(), left?))
        })
        .collect()
}

/// Adds `more` to `sum`. A device held by several is exclusive if it is to one of them.
pub fn add(sum: &mut Resources, more: &Resources) {
    if sum.is_empty() {
        sum.clone_from(more);
        return;
    }
    for (name, value) in more {
        match sum.get_mut(name) {
            Some(held) => value_add(held, value),
            None => {
                sum.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The first resource of which `whole` has less than `part`.
pub fn beyond<'a>(part: &'a Resources, whole: &Resources) -> Option<&'a str> {
    part.iter()
        .find(|(name, value)| !whole.get(name).is_some_and(|whole| covers(whole, value)))
        .map(|(name, _)| name.as_str())
}

/// The amount of a scalar, 0 where there is none of that name.
pub fn scalar(resources: &Resources, name: &str) -> u64 {
    match resources.get(name) {
        Some(Value::Scalar(amount)) => *amount,
        Some(Value::Ranges(_) | Value::Set(_) | Value::Device(_)) | None => 0,
    }
}

/// Numbers of `ranges` in ascending order, none twice, neighbours joined.
pub fn normal(ranges: &[Range]) -> Vec<Range> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut joined: Vec<Range> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match joined.last_mut() {
            Some(last) if u32::from(range.start) <= u32::from(last.end) + 1 => {
                last.end = last.end.max(range.end);
            }
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

/// What is left of a value; `None` where nothing is.
fn value_difference(total: &Value, taken: &Value) -> Option<Value> {
    match (total, taken) {
        (Value::Scalar(total), Value::Scalar(taken)) => {
            let left = total.saturating_sub(*taken);
            (left > 0).then_some(Value::Scalar(left))
        }
        (Value::Ranges(total), Value::Ranges(taken)) => {
            let left = ranges_difference(total, taken);
            (!left.is_empty()).then_some(Value::Ranges(left))
        }
        (Value::Set(total), Value::Set(taken)) => {
            let left: std::collections::BTreeSet<_> = total.difference(taken).cloned().collect();
            (!left.is_empty()).then_some(Value::Set(left))
        }
        (Value::Device(total), Value::Device(taken)) => {
            let shared = total.access == Access::Shared && taken.access == Access::Shared;
            (shared || is_planted(Bug::OfferDeviceTwice)).then(|| Value::Device(total.clone()))
        }
        // The agent changed what the name means under what runs: until that ends, none is left.
        (Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) | Value::Device(_), _) => None,
    }
}

fn value_add(sum: &mut Value, more: &Value) {
    match (&mut *sum, more) {
        (Value::Scalar(sum), Value::Scalar(more)) => *sum = sum.saturating_add(*more),
        (Value::Ranges(sum), Value::Ranges(more)) => {
            sum.extend_from_slice(more);
            *sum = normal(sum);
        }
        (Value::Set(sum), Value::Set(more)) => sum.extend(more.iter().cloned()),
        (Value::Device(Device { access, .. }), Value::Device(more)) => {
            *access = (*access).max(more.access);
        }
        (Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) | Value::Device(_), _) => {}
    }
}

fn covers(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Scalar(whole), Value::Scalar(part)) => part <= whole,
        (Value::Ranges(whole), Value::Ranges(part)) => ranges_difference(part, whole).is_empty(),
        (Value::Set(whole), Value::Set(part)) => part.is_subset(whole),
        (Value::Device(whole), Value::Device(part)) => part.access <= whole.access,
        (Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) | Value::Device(_), _) => false,
    }
}

fn ranges_difference(total: &[Range], taken: &[Range]) -> Vec<Range> {
    let mut left = normal(total);
    for gone in taken {
        left = left
            .into_iter()
            .flat_map(|range| {
                let before = (range.start < gone.start).then(|| Range {
                    start: range.start,
                    end: range.end.min(gone.start - 1),
                });
                let after = (range.end > gone.end).then(|| Range {
                    start: range.start.max(gone.end + 1),
                    end: range.end,
                });
                before.into_iter().chain(after)
            })
            .collect();
    }
    left
}

/// Sums of scalars over many agents or tasks, for shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scalars(BTreeMap<String, u128>);

impl Scalars {
    /// Counts the scalars of `resources` in.
    pub fn add(&mut self, resources: &Resources) {
        for (name, amount) in scalars(resources) {
            match self.0.get_mut(name) {
                Some(sum) => *sum = sum.saturating_add(amount.into()),
                None => {
                    self.0.insert(name.to_owned(), amount.into());
                }
            }
        }
    }

    /// Counts them out again.
    pub fn remove(&mut self, resources: &Resources) {
        for (name, amount) in scalars(resources) {
            if let Some(sum) = self.0.get_mut(name) {
                *sum = sum.saturating_sub(amount.into());
                if *sum == 0 {
                    self.0.remove(name);
                }
            }
        }
    }

    /// Counts all of `other` in.
    pub fn add_all(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let sum = self.0.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
    }

    /// The sum of that name.
    pub fn get(&self, name: &str) -> u128 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Names and sums, none of them 0.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u128)> {
        self.0.iter().map(|(name, sum)| (name.as_str(), *sum))
    }
}

fn scalars(resources: &Resources) -> impl Iterator<Item = (&str, u64)> {
    resources.iter().filter_map(|(name, value)| match value {
        Value::Scalar(amount) if *amount > 0 => Some((name.as_str(), *amount)),
        Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) | Value::Device(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::resource::DeviceClass;
    use proptest::prelude::*;

    fn one(value: Value) -> Resources {
        Resources::from([("it".to_owned(), value)])
    }

    fn device(access: Access) -> Value {
        Value::Device(Device {
            class: DeviceClass::Sensor,
            kind: "temperature".into(),
            access,
        })
    }

    fn set(names: &[&str]) -> Value {
        Value::Set(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn ranges(pairs: &[(u16, u16)]) -> Value {
        Value::Ranges(
            pairs
                .iter()
                .map(|&(start, end)| Range { start, end })
                .collect(),
        )
    }

    #[test]
    fn each_type_is_subtracted_in_its_own_way() {
        use Access::{Exclusive, Shared};
        let cases = [
            (Value::Scalar(5), Value::Scalar(3), Some(Value::Scalar(2))),
            (Value::Scalar(5), Value::Scalar(5), None),
            (Value::Scalar(5), Value::Scalar(8), None),
            (
                ranges(&[(1, 9)]),
                ranges(&[(3, 4)]),
                Some(ranges(&[(1, 2), (5, 9)])),
            ),
            (ranges(&[(1, 9)]), ranges(&[(0, u16::MAX)]), None),
            (set(&["a", "b"]), set(&["b", "c"]), Some(set(&["a"]))),
            (set(&["a"]), set(&["a"]), None),
            (device(Shared), device(Shared), Some(device(Shared))),
            (device(Exclusive), device(Exclusive), None),
            (device(Shared), device(Exclusive), None),
            (device(Exclusive), device(Shared), None),
            (Value::Scalar(5), set(&["a"]), None),
        ];
        for (total, taken, left) in cases {
            assert_eq!(
                difference(&one(total.clone()), &one(taken.clone())),
                left.map(one).unwrap_or_default(),
                "{total:?} without {taken:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn ranges_behave_as_the_sets_of_their_numbers(
            total in prop::collection::vec((0u16..40, 0u16..8), 0..5),
            taken in prop::collection::vec((0u16..40, 0u16..8), 0..5),
        ) {
            let list = |pairs: &[(u16, u16)]| -> Vec<Range> {
                pairs.iter().map(|&(start, length)| Range { start, end: start + length }).collect()
            };
            let numbers = |ranges: &[Range]| -> std::collections::BTreeSet<u16> {
                ranges.iter().flat_map(|range| range.start..=range.end).collect()
            };
            let (total, taken) = (list(&total), list(&taken));
            let left = ranges_difference(&total, &taken);
            prop_assert_eq!(numbers(&left), &numbers(&total) - &numbers(&taken));
            prop_assert_eq!(normal(&left), left);
        }
    }
}
