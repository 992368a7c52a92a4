#![no_std]
#![no_main]
//! `threshold` switches an actuator on while a sensor is above a threshold.
//!
//! | variable | means | default |
//! |---|---|---|
//! | `SENSOR` | the sensor, by its label or its kind | `temperature` |
//! | `ACTUATOR` | the actuator, by its label or its kind | `led` |
//! | `THRESHOLD` | a decimal in the sensor's unit: on above it, else off | 25 |
//! | `INTERVAL_MS` | milliseconds between two readings | 1000 |
//! | `COUNT` | readings before it exits; 0 for ever | 0 |
//!
//! The actuator is set at the first reading and at each change, and each time one output tells:
//! the actuator as `ACTUATOR` names it, `=`, and 1 (on) or 0 (off). It does not wait to be heard,
//! because it must go on while the master is out of reach. A sensor or an actuator that does not
//! answer ends it.

use edgerm_task::{
    Actuator, ErrorCode, Line, LogLevel, Sensor, Timeout, emit, env, log, parse_millionths,
    sleep_ms,
};
use edgerm_wasm_apps::{name_or, number_or};

/// What is on, in millionths.
const ON: i64 = 1_000_000;

/// The threshold where none is given, in millionths.
const DEFAULT_THRESHOLD: i64 = 25_000_000;

edgerm_task::main!(run);

fn run() -> Result<(), ErrorCode> {
    let (mut sensor_name, mut actuator_name) = ([0; 32], [0; 32]);
    let sensor_name = name_or("SENSOR", "temperature", &mut sensor_name)?;
    let actuator_name = name_or("ACTUATOR", "led", &mut actuator_name)?;
    let threshold = threshold()?;
    let interval = number_or("INTERVAL_MS", 1000)?;
    let mut remaining = number_or("COUNT", 0)?;
    let sensor =
        Sensor::open(sensor_name).inspect_err(|_| log(LogLevel::Error, "no such sensor"))?;
    let actuator =
        Actuator::open(actuator_name).inspect_err(|_| log(LogLevel::Error, "no such actuator"))?;

    let mut was_on = None;
    loop {
        let is_on = sensor.read()? > threshold;
        if was_on != Some(is_on) {
            actuator.write(if is_on { ON } else { 0 })?;
            tell(actuator_name, is_on);
            was_on = Some(is_on);
        }
        if remaining == 1 {
            return Ok(());
        }
        remaining = remaining.saturating_sub(1);
        sleep_ms(interval);
    }
}

fn threshold() -> Result<i64, ErrorCode> {
    let mut buffer = [0; 24];
    match env("THRESHOLD", &mut buffer) {
        Err(ErrorCode::NotFound) => Ok(DEFAULT_THRESHOLD),
        other => other
            .and_then(parse_millionths)
            .inspect_err(|_| log(LogLevel::Error, "THRESHOLD is no decimal")),
    }
}

fn tell(actuator: &str, is_on: bool) {
    let mut line = Line::<40>::new();
    line.push(actuator);
    line.push(if is_on { "=1" } else { "=0" });
    if emit(line.as_bytes(), Timeout::NoWait).is_err() {
        log(LogLevel::Warning, "a change was not told");
    }
}
