//! Runs a simulation until something does not hold, tells what, and makes it small.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::Duration;

use edgerm_protocol::planted;

use super::options::{Options, Report};
use super::simulation::Simulation;

/// What did not hold, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The options that bring it about.
    pub options: Options,
    /// What did not hold, and where that was looked at.
    pub what: String,
    /// The virtual time.
    pub after: Duration,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after.as_millis();
        write!(
            f,
            "after {after} ms: {}\nreplay: {}",
            self.what, self.options
        )
    }
}

thread_local! {
    /// What went wrong in this thread, while it is listened to.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a simulation.
///
/// # Errors
///
/// [`Failure`], where something did not hold.
pub fn run(options: Options) -> Result<Report, Failure> {
    listen();
    planted::plant(options.bug);
    let progress = Cell::new(0);
    SAID.set(Some(String::new()));
    let ran = panic::catch_unwind(AssertUnwindSafe(|| Simulation::new(options).run(&progress)));
    let said = SAID.take().unwrap_or_default();
    ran.map_err(|_| Failure {
        options,
        what: said,
        after: Duration::from_millis(progress.get()),
    })
}

/// Looks for the least that fails: less time, fewer agents, fewer kinds of faults. `tell` hears of
/// each smaller one.
pub fn shrink(failure: Failure, tell: impl Fn(&Failure)) -> Failure {
    let mut least = shorten(failure);
    loop {
        let Options { agents, faults, .. } = least.options;
        let fewer = [
            1,
            2,
            3,
            agents / 4,
            agents / 2,
            agents - agents / 4,
            agents - 1,
        ];
        let fewer = fewer
            .into_iter()
            .filter(|fewer| (1..agents).contains(fewer));
        let fewer = fewer.map(|agents| Options {
            agents,
            ..least.options
        });
        let milder = faults.iter().map(|fault| Options {
            faults: faults.without(fault),
            ..least.options
        });
        let smaller = fewer.chain(milder).find_map(|options| run(options).err());
        let Some(smaller) = smaller else {
            return least;
        };
        least = shorten(smaller);
        tell(&least);
    }
}

/// The same failure, without the time after it.
fn shorten(mut failure: Failure) -> Failure {
    let minutes = failure.after.as_secs() / 60 + 1;
    let time = Duration::from_secs(minutes * 60);
    failure.options.time = time.min(failure.options.time);
    failure
}

/// Keeps what a thread says that goes wrong while it is listened to, instead of printing it.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let listens = SAID.with_borrow_mut(|said| match said {
                Some(said) => {
                    *said = info.to_string();
                    true
                }
                None => false,
            });
            if !listens {
                others(info);
            }
        }));
    });
}
