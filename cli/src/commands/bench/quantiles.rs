//! What many samples of a time come to.

use std::time::Duration;

use serde::Serialize;

/// Quantiles of a time, in microseconds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quantiles {
    pub(super) runs: usize,
    pub(super) min_us: u128,
    pub(super) median_us: u128,
    pub(super) p95_us: u128,
    pub(super) p99_us: u128,
    pub(super) max_us: u128,
}

impl Quantiles {
    /// By nearest rank: each is one of the samples.
    pub(super) fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let at = |percent: usize| {
            let rank = (samples.len() * percent).div_ceil(100).max(1);
            samples.get(rank - 1).map_or(0, Duration::as_micros)
        };
        Self {
            runs: samples.len(),
            min_us: at(0),
            median_us: at(50),
            p95_us: at(95),
            p99_us: at(99),
            max_us: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples() {
        let q = Quantiles::of((1..=100).rev().map(Duration::from_micros).collect());
        assert_eq!(
            (q.runs, q.min_us, q.median_us, q.p95_us, q.p99_us, q.max_us),
            (100, 1, 50, 95, 99, 100)
        );
        let one = Quantiles::of(vec![Duration::from_micros(7)]);
        assert_eq!((one.min_us, one.median_us, one.p99_us), (7, 7, 7));
    }
}
