//! The dominant share of dominant resource fairness (Ghodsi et al., NSDI 2011), exactly.

use std::cmp::Ordering;

use crate::ledger::quantity::Scalars;

/// A share of the cluster, `held / (total * weight)`, compared without rounding.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    held: u128,
    due: u128,
}

impl Share {
    /// Nothing.
    pub const NONE: Self = Self { held: 0, due: 1 };

    /// The largest share of any scalar that `held` is of `cluster`, divided by `weight`, which
    /// counts as at least 1.
    pub fn dominant(held: &Scalars, cluster: &Scalars, weight: u16) -> Self {
        held.iter()
            .filter_map(|(name, held)| {
                let total = cluster.get(name);
                let due = total.saturating_mul(u128::from(weight.max(1)));
                (total > 0).then_some(Self { held, due })
            })
            .max()
            .unwrap_or(Self::NONE)
    }
}

impl PartialEq for Share {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Share {}

impl PartialOrd for Share {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Share {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_fractions((self.held, self.due), (other.held, other.due))
    }
}

/// Compares `a / b` with `c / d` by their continued fractions: no product, so no overflow.
/// Neither denominator is 0.
fn compare_fractions((a, b): (u128, u128), (c, d): (u128, u128)) -> Ordering {
    (a / b).cmp(&(c / d)).then_with(|| match (a % b, c % d) {
        (0, 0) => Ordering::Equal,
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        (x, y) => compare_fractions((d, y), (b, x)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::owned::{Resources, Value};
    use proptest::prelude::*;

    fn scalars(amounts: &[(&str, u64)]) -> Scalars {
        let resources: Resources = amounts
            .iter()
            .map(|(name, amount)| ((*name).to_owned(), Value::Scalar(*amount)))
            .collect();
        let mut scalars = Scalars::default();
        scalars.add(&resources);
        scalars
    }

    #[test]
    fn the_dominant_resource_decides() {
        let cluster = scalars(&[("cpus", 9000), ("mem", 18)]);
        let memory_heavy = Share::dominant(&scalars(&[("cpus", 1000), ("mem", 4)]), &cluster, 1);
        let cpu_heavy = Share::dominant(&scalars(&[("cpus", 3000), ("mem", 1)]), &cluster, 1);
        assert!(memory_heavy < cpu_heavy, "2/9 is less than 3/9");
        let weighted = Share::dominant(&scalars(&[("cpus", 3000), ("mem", 1)]), &cluster, 2);
        assert!(weighted < memory_heavy, "3/18 is less than 4/18");
        assert_eq!(
            Share::dominant(&scalars(&[("gone", 1)]), &cluster, 1),
            Share::NONE
        );
    }

    proptest! {
        #[test]
        fn fractions_compare_as_their_cross_products(
            a in 0..u128::from(u64::MAX), b in 1..u128::from(u64::MAX),
            c in 0..u128::from(u64::MAX), d in 1..u128::from(u64::MAX),
        ) {
            prop_assert_eq!(compare_fractions((a, b), (c, d)), (a * d).cmp(&(c * b)));
            prop_assert_eq!(compare_fractions((a, b), (a, b)), Ordering::Equal);
        }
    }
}
