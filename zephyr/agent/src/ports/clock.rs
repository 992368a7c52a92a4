//! What time it is: since boot. The date is not known here.

use edgerm_driver::port::Clock;
use edgerm_protocol::Instant;
use edgerm_zephyr_rtos::clock;

/// Zephyr's uptime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uptime;

impl Clock for Uptime {
    fn now(&self) -> Instant {
        Instant::from_millis(clock::uptime_ms())
    }
}
