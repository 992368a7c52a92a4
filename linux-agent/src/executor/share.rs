//! How much of a core a task may use: the accounting alone, which reads no clock.
//!
//! A task that was given `cpus` has a budget of CPU time in each [`PERIOD`], its share of it, at
//! any load, as the kernel holds containers (`cpu.max` of control groups). A slice that begins
//! within the budget runs to its end. What it takes beyond is owed, and the task waits for as many
//! periods as pay for it; what of a budget is not used is not saved. So of any time a task has at
//! most the budgets of the periods that it touches, and one slice.

use std::time::{Duration, Instant};

/// Long enough that a wait is rare, short enough that nobody notices one: the kernel's own, for
/// containers.
pub(super) const PERIOD: Duration = Duration::from_millis(100);

/// Fuel of one slice at most: about a millisecond of wasmi on a small server, and so the longest
/// that a kill waits for a module that never calls out; one that does is ended at its next call.
pub(super) const SLICE: u64 = 500_000;

/// Thousandths of a core below which slices are shorter: of their budget of 4 ms such a slice is a
/// quarter.
const SMALL: u32 = 40;

/// Thousandths that are a core: a task has one thread, and no use for more.
const CORE: u32 = 1_000;

/// What one task may use of a core. See the module.
#[derive(Debug)]
pub(super) struct Share {
    /// CPU time in each period.
    budget: Duration,
    /// When the current period began.
    began: Instant,
    /// CPU time that the task had used, or had been given, by then.
    before: Duration,
}

impl Share {
    /// The share of a task that was given `cpus` thousandths of a core and has used `cpu` of CPU
    /// time `now`, which is not held against it. `None`: it was given nothing, or a whole core, and
    /// is not held to it.
    pub(super) fn new(cpus: u32, cpu: Duration, now: Instant) -> Option<Self> {
        (1..CORE).contains(&cpus).then(|| Self {
            budget: PERIOD * cpus / CORE,
            began: now,
            before: cpu,
        })
    }

    /// When the task may go on, of which `cpu` is the CPU time that it has used by `now` in all.
    /// `None`: at once.
    pub(super) fn goes_on_at(&mut self, cpu: Duration, now: Instant) -> Option<Instant> {
        let passed = whole(now.saturating_duration_since(self.began), PERIOD);
        self.began += PERIOD * passed;
        // What of the budgets since is left is gone, what was used beyond them is owed.
        self.before = cpu.min(self.before + self.budget * passed);
        let owed = whole(cpu - self.before, self.budget);
        (owed > 0).then(|| self.began + PERIOD * owed)
    }
}

/// Fuel of a slice of a task that was given `cpus` thousandths of a core, or nothing: 0.
pub(super) fn fuel(cpus: u32) -> u64 {
    match cpus {
        1..SMALL => SLICE * u64::from(cpus) / u64::from(SMALL),
        0 | SMALL.. => SLICE,
    }
}

/// How often `part` is in `whole`, without what is left.
fn whole(whole: Duration, part: Duration) -> u32 {
    u32::try_from(whole.as_nanos() / part.as_nanos()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A tenth of a core, 10 ms in each period, and when its first period began.
    fn tenth() -> (Share, Instant) {
        let began = Instant::now();
        (Share::new(100, 7 * MS, began).unwrap(), began)
    }

    #[test]
    fn within_its_budget_it_goes_on_and_then_in_the_next_period() {
        let (mut share, began) = tenth();
        for (cpu, at, goes_on) in [
            (0, 0, None),
            (9, 9, None),
            (10, 10, Some(100)),
            (10, 99, Some(100)),
            (10, 100, None),
            (19, 199, None),
            // Nobody held it, so it has used some of the next.
            (25, 200, None),
            (29, 299, None),
            (30, 299, Some(300)),
        ] {
            let held = share.goes_on_at((7 + cpu) * MS, began + at * MS);
            let expected = goes_on.map(|at| began + at * MS);
            assert_eq!(held, expected, "{cpu} ms used at {at} ms");
        }
    }

    #[test]
    fn what_it_took_beyond_is_paid_for() {
        let (mut share, began) = tenth();
        // A slice of 35 ms, as one large memory.copy may be.
        assert_eq!(
            share.goes_on_at(42 * MS, began + 35 * MS),
            Some(began + 300 * MS)
        );
        assert_eq!(share.goes_on_at(42 * MS, began + 300 * MS), None);
        // 5 ms of this budget were owed.
        assert_eq!(
            share.goes_on_at(47 * MS, began + 305 * MS),
            Some(began + 400 * MS)
        );
    }

    #[test]
    fn what_it_did_not_use_is_not_saved() {
        let (mut share, began) = tenth();
        let hour = 3_600_000;
        assert_eq!(share.goes_on_at(8 * MS, began + hour * MS), None);
        assert_eq!(
            share.goes_on_at(18 * MS, began + (hour + 10) * MS),
            Some(began + (hour + 100) * MS)
        );
    }

    #[test]
    fn who_has_no_share_or_all_of_a_core_is_not_held() {
        let now = Instant::now();
        for cpus in [0, CORE, 4_000, u32::MAX] {
            assert!(Share::new(cpus, Duration::ZERO, now).is_none(), "{cpus}");
        }
    }

    #[test]
    fn slices_of_a_small_share_are_short() {
        for (cpus, expected) in [
            (0, SLICE),
            (1, SLICE / 40),
            (20, SLICE / 2),
            (39, SLICE / 40 * 39),
            (40, SLICE),
            (1_000, SLICE),
            (u32::MAX, SLICE),
        ] {
            assert_eq!(fuel(cpus), expected, "{cpus}");
        }
    }

    proptest! {
        /// Whatever its slices cost, and whatever passes meanwhile.
        #[test]
        fn it_has_what_it_was_given_and_one_slice_at_most(
            cpus in 1..CORE,
            slices in prop::collection::vec((0..200_000_u64, 0..300_000_u64), 1..100),
        ) {
            let began = Instant::now();
            let (mut now, mut cpu) = (began, Duration::ZERO);
            let mut share = Share::new(cpus, cpu, now).unwrap();
            for (slice, idle) in slices {
                let (slice, idle) = (Duration::from_micros(slice), Duration::from_micros(idle));
                let periods = whole(now - began, PERIOD) + 1;
                prop_assert!(cpu < PERIOD * periods * cpus / CORE, "goes on with nothing left");
                cpu += slice;
                now += slice + idle;
                if let Some(at) = share.goes_on_at(cpu, now) {
                    prop_assert!(at > now, "waits for what has passed");
                    prop_assert!(cpu >= PERIOD * cpus / CORE, "held with budget left");
                    now = at;
                    prop_assert_eq!(share.goes_on_at(cpu, now), None, "is held for longer than was told");
                }
            }
        }
    }
}
