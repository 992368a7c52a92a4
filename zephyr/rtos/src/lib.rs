#![no_std]
//! Thin safe wrappers over what the EdgeRM agent needs of Zephyr. Whatever is unsafe stays in
//! here.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | the time since boot |
//! | [`desk`] | how the agent's thread and a task's talk |
//! | [`firmware`] | what firmware in Rust adds |
//! | [`flash`] | the partition of modules |
//! | [`gpio`], [`sensor`] | devices of the devicetree |
//! | [`guarded`] | what several threads share |
//! | [`heap`] | the agent's heap, as Rust's |
//! | [`link`] | datagrams, and what else the agent's thread waits for |
//! | [`log`] | Zephyr's log |
//! | [`memory`] | what tasks live in |
//! | [`node`] | who the node is |
//! | [`random`] | entropy |
//! | [`records`] | settings |
//! | [`registry`] | devices and attributes that the firmware adds |
//! | [`semaphore`] | what a thread waits for |
//! | [`thread`] | the threads of the agent and of its tasks |
//! | [`watchdog`] | the watchdog |

pub mod clock;
pub mod desk;
pub mod firmware;
pub mod flash;
#[cfg(CONFIG_EDGERM_ACTUATORS)]
pub mod gpio;
pub mod guarded;
pub mod heap;
pub mod link;
pub mod log;
pub mod memory;
pub mod node;
pub mod random;
#[cfg(CONFIG_EDGERM_RECORDS)]
pub mod records;
pub mod registry;
pub mod semaphore;
#[cfg(CONFIG_EDGERM_SENSORS)]
pub mod sensor;
#[cfg(any(CONFIG_EDGERM_RECORDS, CONFIG_EDGERM_SECURITY_SETTINGS))]
pub mod settings;
pub mod thread;
#[cfg(CONFIG_EDGERM_WATCHDOG)]
pub mod watchdog;

use core::fmt;

use edgerm_zephyr_sys as sys;

/// An error as Zephyr tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl Errno {
    /// `EINVAL`: what an actuator says of a value that it does not have.
    pub const INVALID: Self = Self(sys::EINVAL as i32);

    /// `value`, or the error that a negative one is.
    ///
    /// # Errors
    ///
    /// The error, where there is one.
    pub const fn check(value: i32) -> Result<i32, Self> {
        if value < 0 {
            Err(Self(-value))
        } else {
            Ok(value)
        }
    }

    /// Whether it is one of those constants, such as [`edgerm_zephyr_sys::EAGAIN`].
    pub fn is(self, errno: u32) -> bool {
        u32::try_from(self.0) == Ok(errno)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "errno {}", self.0)
    }
}

impl core::error::Error for Errno {}
