#![no_std]
#![no_main]
//! `moving-average` samples a sensor and emits the average of its last readings.
//!
//! | variable | means | default |
//! |---|---|---|
//! | `SENSOR` | the sensor, by its label or its kind | `temperature` |
//! | `WINDOW` | readings in an average, 1 to 64 | 4 |
//! | `INTERVAL_MS` | milliseconds between two readings | 1000 |
//! | `COUNT` | averages to emit before it exits; 0 for ever | 0 |
//!
//! From the reading that fills the window on, each reading gives one output: the sensor as
//! `SENSOR` names it, `=`, and the average as a decimal of at most six places:
//! `temperature=21.5`. While the master is out of reach it waits with what it has. A reading
//! that fails is logged and left out.

use edgerm_task::{ErrorCode, Line, LogLevel, Sensor, Timeout, emit, log, sleep_ms};
use edgerm_wasm_apps::{name_or, number_or};

const MAX_WINDOW: usize = 64;

edgerm_task::main!(run);

fn run() -> Result<(), ErrorCode> {
    let mut buffer = [0; 32];
    let name = name_or("SENSOR", "temperature", &mut buffer)?;
    let window = number_or("WINDOW", 4)? as usize;
    let interval = number_or("INTERVAL_MS", 1000)?;
    let count = number_or("COUNT", 0)?;
    let mut average = MovingAverage::new(window)?;
    let sensor = Sensor::open(name).inspect_err(|_| log(LogLevel::Error, "no such sensor"))?;

    let mut emitted = 0;
    loop {
        match sensor.read() {
            Ok(reading) => {
                if let Some(mean) = average.add(reading) {
                    let mut line = Line::<64>::new();
                    line.push(name);
                    line.push("=");
                    line.push_millionths(mean);
                    emit(line.as_bytes(), Timeout::Never)?;
                    emitted += 1;
                    if emitted == count {
                        return Ok(());
                    }
                    // Without a count it goes round after 4,294,967,295 without meeting 0.
                    emitted = emitted.max(1);
                }
            }
            Err(_) => log(LogLevel::Warning, "the sensor could not be read"),
        }
        sleep_ms(interval);
    }
}

/// The last readings.
struct MovingAverage {
    readings: [i64; MAX_WINDOW],
    window: usize,
    /// Where the next reading goes.
    next: usize,
    is_full: bool,
}

impl MovingAverage {
    fn new(window: usize) -> Result<Self, ErrorCode> {
        if window == 0 || window > MAX_WINDOW {
            log(LogLevel::Error, "WINDOW is 1 to 64");
            return Err(ErrorCode::InvalidArgument);
        }
        Ok(Self {
            readings: [0; MAX_WINDOW],
            window,
            next: 0,
            is_full: false,
        })
    }

    /// The average, once there are as many readings as the window has.
    fn add(&mut self, reading: i64) -> Option<i64> {
        *self.readings.get_mut(self.next)? = reading;
        self.next += 1;
        if self.next == self.window {
            self.next = 0;
            self.is_full = true;
        }
        let readings = self.readings.get(..self.window)?;
        let sum = readings
            .iter()
            .fold(0_i64, |sum, reading| sum.saturating_add(*reading));
        sum.checked_div(self.window as i64).filter(|_| self.is_full)
    }
}
