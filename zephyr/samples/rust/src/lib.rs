#![no_std]
//! A pump that fills a tank: firmware of somebody's own, which lets tasks of EdgeRM watch the
//! level and switch the pump. Both are simulated here.

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use edgerm_zephyr_agent::{Attribute, Device, Errno, Event};

/// One, in millionths: what values of devices are told in.
const MICRO: i32 = 1_000_000;

/// The level of a full tank: 2 m.
const FULL: i32 = 2 * MICRO;

const STEP: i32 = MICRO / 10;

static PUMP_IS_ON: AtomicBool = AtomicBool::new(false);
static LEVEL_MICRO: AtomicI32 = AtomicI32::new(0);

static LEVEL: Device = Device::sensor(c"level", c"distance", read_level);
static PUMP: Device = Device::actuator(c"pump", c"relay", switch_pump);
static SITE: Attribute = Attribute::text(c"site", c"north");

/// Each look finds more water in the tank, or less.
fn read_level() -> Result<i64, Errno> {
    let step = if PUMP_IS_ON.load(Relaxed) {
        STEP
    } else {
        -STEP
    };
    let level = (LEVEL_MICRO.load(Relaxed) + step).clamp(0, FULL);
    LEVEL_MICRO.store(level, Relaxed);
    Ok(level.into())
}

fn switch_pump(micro: i64) -> Result<(), Errno> {
    let is_on = match micro {
        0 => false,
        1_000_000 => true,
        _ => return Err(Errno::INVALID),
    };
    PUMP_IS_ON.store(is_on, Relaxed);
    Ok(())
}

fn on_event(event: Event) {
    // Nobody looks after the pump any more.
    if matches!(event, Event::TaskEnded(_) | Event::Stopped) {
        PUMP_IS_ON.store(false, Relaxed);
    }
}

fn offer() -> Result<(), Errno> {
    LEVEL.register()?;
    PUMP.register()?;
    SITE.add()
}

/// What `main` calls: functions whose names begin with `edgerm_` are those that C sees. Gives 0,
/// or another number where the agent does not start.
#[unsafe(no_mangle)]
extern "C" fn edgerm_sample_main() -> c_int {
    edgerm_zephyr_agent::hook(on_event);
    c_int::from(offer().is_err() || edgerm_zephyr_agent::start().is_err())
}
