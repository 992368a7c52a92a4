//! The replay window (RFC 8613 section 7.4): which Partial IVs of the peer's requests were
//! accepted. A request is checked before it is decrypted, and moves the window only once it
//! has proven who it is from.

use core::fmt;

use edgerm_protocol::planted::{Bug, is_planted};

use super::nonce::PartialIv;

/// The Partial IVs accepted among the highest 64. Those under them count as accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayWindow {
    /// One over the highest that was accepted; 0 where none was.
    end: u64,
    /// Bit `n` is `end - 1 - n`.
    accepted: u64,
}

impl ReplayWindow {
    /// How many Partial IVs back a request may come: twice RFC 8613's default of 32.
    pub const WIDTH: u64 = 64;

    /// The window before anything was accepted.
    pub const fn new() -> Self {
        Self {
            end: 0,
            accepted: 0,
        }
    }

    /// Whether a request of this Partial IV may still be accepted.
    ///
    /// # Errors
    ///
    /// [`Replayed`], where one was, or the window has left it behind.
    pub fn check(&self, partial_iv: PartialIv) -> Result<(), Replayed> {
        let Some(age) = self.age(partial_iv) else {
            return Ok(());
        };
        let accepted = age >= Self::WIDTH || self.accepted >> age & 1 == 1;
        if accepted && !is_planted(Bug::ForgetDuplicates) {
            return Err(Replayed(partial_iv));
        }
        Ok(())
    }

    /// Takes in the Partial IV of a request that verified. Nothing changes where
    /// [`Self::check`] would refuse it.
    pub const fn commit(&mut self, partial_iv: PartialIv) {
        match self.age(partial_iv) {
            Some(age) if age < Self::WIDTH => self.accepted |= 1 << age,
            Some(_) => {}
            None => {
                let end = partial_iv.number() + 1;
                let moved = end - self.end;
                self.accepted = if moved < Self::WIDTH {
                    self.accepted << moved | 1
                } else {
                    1
                };
                self.end = end;
            }
        }
    }

    /// How far under the highest accepted; `None` where it is over it.
    const fn age(&self, partial_iv: PartialIv) -> Option<u64> {
        self.end.checked_sub(partial_iv.number() + 1)
    }
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self::new()
    }
}

/// A request of this Partial IV was accepted before, or is too old to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed(pub PartialIv);

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.number();
        write!(f, "partial IV {number} was accepted before, or is too old")
    }
}

impl core::error::Error for Replayed {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    fn iv(number: u64) -> PartialIv {
        PartialIv::new(number).expect("in range")
    }

    #[test]
    fn a_check_alone_changes_nothing() {
        let window = ReplayWindow::new();
        for _ in 0..2 {
            assert_eq!(window.check(iv(0)), Ok(()));
            assert_eq!(window.check(iv(PartialIv::MAX)), Ok(()));
        }
    }

    #[test]
    fn the_window_ends_sixty_four_back() {
        let mut window = ReplayWindow::new();
        window.commit(iv(100));
        assert_eq!(window.check(iv(37)), Ok(()));
        assert_eq!(window.check(iv(36)), Err(Replayed(iv(36))));
        assert_eq!(window.check(iv(100)), Err(Replayed(iv(100))));
        window.commit(iv(36));
        window.commit(iv(101));
        assert_eq!(window.check(iv(37)), Err(Replayed(iv(37))));
        assert_eq!(window.check(iv(38)), Ok(()));
        window.commit(iv(PartialIv::MAX));
        assert!(window.check(iv(PartialIv::MAX)).is_err());
        assert!(window.check(iv(101)).is_err());
    }

    proptest! {
        /// The model keeps every number that was ever accepted.
        #[test]
        fn it_accepts_what_a_set_of_all_would(
            base in prop_oneof![0..70u64, PartialIv::MAX - 600..PartialIv::MAX - 500],
            steps in proptest::collection::vec((0..500u64, any::<bool>()), 0..300),
        ) {
            let mut window = ReplayWindow::new();
            let mut accepted = BTreeSet::new();
            for (step, authentic) in steps {
                let number = base + step;
                let highest = accepted.last().copied();
                let recent = highest.is_none_or(|highest| number + ReplayWindow::WIDTH > highest);
                let expected = recent && !accepted.contains(&number);
                prop_assert_eq!(window.check(iv(number)).is_ok(), expected, "{}", number);
                if expected && authentic {
                    window.commit(iv(number));
                    accepted.insert(number);
                }
            }
        }
    }
}
