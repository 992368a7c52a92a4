//! Limits by their names, as the command line and the environment give them.

use std::str::FromStr;
use std::time::Duration;

use super::Limits;
use crate::rate::Rate;

/// Why a limit is not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The text names nothing.
    #[error("{0:?} is no limit: write NAME=VALUE")]
    Form(String),
    /// There is no such limit.
    #[error("there is no limit {name:?}: {}", Limits::default().names().join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The value is none of this limit's.
    #[error("the limit {name} cannot be {value:?}: write {form}")]
    Value {
        /// The name.
        name: String,
        /// The value.
        value: String,
        /// How values look.
        form: &'static str,
    },
}

/// One limit, by its kind.
enum Slot<'a> {
    Count(&'a mut usize),
    Rate(&'a mut Rate),
    Time(&'a mut Duration),
}

impl Limits {
    /// Every limit by its name.
    fn slots(&mut self) -> [(&'static str, Slot<'_>); 36] {
        use Slot::{Count, Rate, Time};
        let http = &mut self.http;
        [
            ("agents", Count(&mut self.agents)),
            ("strangers", Count(&mut self.strangers)),
            ("unproven", Rate(&mut self.unproven)),
            ("unproven-total", Rate(&mut self.unproven_total)),
            ("frameworks", Count(&mut self.frameworks)),
            ("token-frameworks", Count(&mut self.token_frameworks)),
            ("framework-offers", Count(&mut self.framework_offers)),
            ("framework-tasks", Count(&mut self.framework_tasks)),
            ("ended-tasks", Count(&mut self.ended_tasks)),
            ("waits", Count(&mut self.waits)),
            ("messages", Count(&mut self.messages)),
            ("task-outputs", Count(&mut self.task_outputs)),
            ("task-output-bytes", Count(&mut self.task_output_bytes)),
            ("output-bytes", Count(&mut self.output_bytes)),
            ("module", Count(&mut self.module)),
            ("module-bytes", Count(&mut self.module_bytes)),
            ("token-module-bytes", Count(&mut self.token_module_bytes)),
            ("backup", Count(&mut self.backup)),
            ("variant-bytes", Count(&mut self.variant_bytes)),
            ("tokens", Count(&mut self.tokens)),
            ("enrolled", Count(&mut self.enrolled)),
            ("join-tokens", Count(&mut self.join_tokens)),
            ("events", Count(&mut self.events)),
            ("http.connections", Count(&mut http.connections)),
            (
                "http.source-connections",
                Count(&mut http.source_connections),
            ),
            ("http.sources", Count(&mut http.sources)),
            ("http.source-rate", Rate(&mut http.source_rate)),
            ("http.token-rate", Rate(&mut http.token_rate)),
            ("http.failures", Rate(&mut http.failures)),
            ("http.handshake", Time(&mut http.handshake)),
            ("http.head", Time(&mut http.head)),
            ("http.body", Time(&mut http.body)),
            ("http.stall", Time(&mut http.stall)),
            ("http.headers", Count(&mut http.headers)),
            ("http.head-bytes", Count(&mut http.head_bytes)),
            ("http.json", Count(&mut http.json)),
        ]
    }

    /// What limits are called.
    pub fn names(mut self) -> Vec<&'static str> {
        self.slots().into_iter().map(|(name, _)| name).collect()
    }

    /// Sets a limit by `NAME=VALUE`: a number, `PER_SECOND/BURST`, or a time such as `30s` or
    /// `250ms`. None may be 0.
    ///
    /// # Errors
    ///
    /// [`LimitError`]; nothing changes.
    pub fn set(&mut self, text: &str) -> Result<(), LimitError> {
        let form = || LimitError::Form(text.to_owned());
        let (name, value) = text.split_once('=').ok_or_else(form)?;
        let slot = self.slots().into_iter().find(|(it, _)| *it == name);
        let Some((_, slot)) = slot else {
            let name = name.to_owned();
            return Err(LimitError::Unknown { name });
        };
        let wrong = |form| LimitError::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            form,
        };
        match slot {
            Slot::Count(count) => *count = number(value).ok_or_else(|| wrong("a number from 1"))?,
            Slot::Rate(rate) => {
                let read = || {
                    let (per_second, burst) = value.split_once('/')?;
                    Some(Rate {
                        per_second: number(per_second)?,
                        burst: number(burst)?,
                    })
                };
                *rate = read().ok_or_else(|| wrong("PER_SECOND/BURST, both from 1"))?;
            }
            Slot::Time(time) => *time = span(value).ok_or_else(|| wrong("a time, 30s or 250ms"))?,
        }
        Ok(())
    }
}

fn number<T: FromStr + Default + PartialEq>(text: &str) -> Option<T> {
    let number = text.parse().ok();
    number.filter(|number| *number != T::default())
}

fn span(text: &str) -> Option<Duration> {
    let millis = text.strip_suffix("ms").and_then(number::<u32>);
    let seconds = text.strip_suffix('s').and_then(number::<u32>);
    let millis = millis.map(|millis| Duration::from_millis(millis.into()));
    millis.or(seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_set_by_its_name() {
        let mut limits = Limits::default();
        for text in [
            "tokens=5",
            "http.source-rate=7/9",
            "http.head=250ms",
            "http.body=3s",
        ] {
            limits.set(text).unwrap();
        }
        let rate = Rate {
            per_second: 7,
            burst: 9,
        };
        assert_eq!((limits.tokens, limits.http.source_rate), (5, rate));
        assert_eq!(limits.http.head, Duration::from_millis(250));
        assert_eq!(limits.http.body, Duration::from_secs(3));
    }

    #[test]
    fn what_is_no_limit_is_refused_and_says_what_is() {
        let mut limits = Limits::default();
        let cases = [
            ("tokens", "NAME=VALUE"),
            ("tokns=1", "http.connections"),
            ("tokens=0", "from 1"),
            ("tokens=-1", "from 1"),
            ("http.failures=3", "PER_SECOND/BURST"),
            ("http.head=30", "30s"),
            ("http.head=0s", "30s"),
        ];
        for (text, said) in cases {
            let refused = limits.set(text).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn every_limit_is_documented() {
        let page = include_str!("../../../docs/limits.md");
        for name in Limits::default().names() {
            assert!(page.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}
