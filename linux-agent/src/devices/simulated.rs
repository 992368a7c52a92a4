//! Devices that are not there: for trying things out, and for tests.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Actuator, DeviceError, Sensor};

/// A sensor that always reads the same.
#[derive(Clone, Copy, Debug)]
pub struct Constant(
    /// Millionths of the unit.
    pub i64,
);

impl Sensor for Constant {
    fn read(&mut self) -> Result<i64, DeviceError> {
        Ok(self.0)
    }
}

/// A sensor that swings around a mean.
#[derive(Clone, Copy, Debug)]
pub struct Sine {
    mean: i64,
    amplitude: i64,
    period: Duration,
    start: Instant,
}

impl Sine {
    /// A swing of `amplitude` around `mean`, both in millionths of the unit, which begins
    /// now at the mean and rises.
    pub fn new(mean: i64, amplitude: i64, period: Duration) -> Self {
        Self {
            mean,
            amplitude,
            period,
            start: Instant::now(),
        }
    }

    fn at(&self, elapsed: Duration) -> i64 {
        let period = self.period.max(Duration::from_millis(1));
        let phase = elapsed.as_secs_f64() / period.as_secs_f64() * std::f64::consts::TAU;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a simulated value; a cast from a float saturates"
        )]
        let swing = (self.amplitude as f64 * phase.sin()).round() as i64;
        self.mean.saturating_add(swing)
    }
}

impl Sensor for Sine {
    fn read(&mut self) -> Result<i64, DeviceError> {
        Ok(self.at(self.start.elapsed()))
    }
}

/// A sensor that reads recorded values, one a reading, and begins anew at their end.
#[derive(Clone, Debug)]
pub struct Replay {
    values: Vec<i64>,
    next: usize,
}

/// Why a recording cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// A value is no decimal number.
    Value {
        /// Its line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// A line has no such column.
    Column {
        /// The line, from 1.
        line: usize,
        /// The column, from 0.
        column: usize,
    },
    /// There is no value at all.
    Empty,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { line, text } => write!(f, "line {line}: {text:?} is no decimal number"),
            Self::Column { line, column } => write!(f, "line {line} has no column {column}"),
            Self::Empty => f.write_str("there are no values"),
        }
    }
}

impl std::error::Error for ReplayError {}

impl Replay {
    /// The values of one column, counted from 0, of comma-separated lines. Empty lines, lines
    /// that begin with `#`, and a first line that is no number are passed over.
    ///
    /// # Errors
    ///
    /// [`ReplayError`], by the first line that has no value.
    pub fn from_csv(text: &str, column: usize) -> Result<Self, ReplayError> {
        let mut values = Vec::new();
        let mut heading_may_come = true;
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let line_number = index + 1;
            let cell = line.split(',').nth(column).map(str::trim);
            let cell = cell.ok_or(ReplayError::Column {
                line: line_number,
                column,
            })?;
            match super::decimal::parse_micro(cell) {
                Ok(value) => values.push(value),
                Err(_) if heading_may_come => {}
                Err(_) => {
                    return Err(ReplayError::Value {
                        line: line_number,
                        text: cell.to_owned(),
                    });
                }
            }
            heading_may_come = false;
        }
        if values.is_empty() {
            Err(ReplayError::Empty)
        } else {
            Ok(Self { values, next: 0 })
        }
    }
}

impl Sensor for Replay {
    fn read(&mut self) -> Result<i64, DeviceError> {
        let value = self.values[self.next];
        self.next = (self.next + 1) % self.values.len();
        Ok(value)
    }
}

/// An actuator that only remembers, and tells the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    value: i64,
}

impl Actuator for Memory {
    fn write(&mut self, value: i64) -> Result<(), DeviceError> {
        if self.value != value {
            tracing::debug!(from = self.value, to = value, "a simulated actuator moves");
        }
        self.value = value;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_passes_its_mean_and_its_peaks() {
        let sine = Sine::new(20_000_000, 5_000_000, Duration::from_secs(40));
        let at = |seconds| sine.at(Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(10), at(20), at(30)],
            [20_000_000, 25_000_000, 20_000_000, 15_000_000]
        );
    }

    #[test]
    fn a_recording_is_replayed_and_begins_anew() {
        let mut replay =
            Replay::from_csv("time,celsius\n# noon\n12:00,21.5\n\n12:01,-0.25\n", 1).unwrap();
        let readings: Vec<i64> = (0..3).map(|_| replay.read().unwrap()).collect();
        assert_eq!(readings, [21_500_000, -250_000, 21_500_000]);
    }

    #[test]
    fn a_recording_is_refused_by_line() {
        let no_number = ReplayError::Value {
            line: 2,
            text: "warm".into(),
        };
        assert_eq!(Replay::from_csv("1.0\nwarm\n", 0).unwrap_err(), no_number);
        let no_column = ReplayError::Column { line: 1, column: 1 };
        assert_eq!(Replay::from_csv("1.0\n", 1).unwrap_err(), no_column);
        assert_eq!(
            Replay::from_csv("heading\n", 0).unwrap_err(),
            ReplayError::Empty
        );
    }
}
