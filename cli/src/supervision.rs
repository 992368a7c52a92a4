//! What `edgerm run` says of how tasks are watched, ended and started again.

use clap::{Args, ValueEnum};
use edgerm_framework::api::{self, Constraints, HealthCheck, STOP_MARGIN};
use edgerm_framework::{ConstraintsExt, Launch};
use edgerm_linux_agent::config::amount;

/// A part of `edgerm run`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Supervision {
    /// When their nodes start the tasks again by themselves
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    restart: Restart,

    /// How often a node starts a task again that failed [default: 10]
    #[arg(long, value_name = "N")]
    max_restarts: Option<u32>,

    /// How long a task may run; after that its node ends it
    #[arg(long, value_name = "TIME", value_parser = some_seconds)]
    deadline: Option<u32>,

    /// End a task that neither emits nor logs for so long: it is stuck
    #[arg(long, value_name = "TIME", value_parser = some_seconds)]
    health_silence: Option<u32>,

    /// How long a node may be UNREACHABLE until its task is LOST [default: what the master gives
    /// nodes, 10m unless told]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    give_up_after: Option<u32>,

    /// End the tasks when their node has not heard the master for so long
    #[arg(long, value_name = "TIME", value_parser = some_seconds)]
    stop_after_disconnected: Option<u32>,
}

/// When a node starts a task again.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Restart {
    /// Never: what runs when its node reboots is LOST
    #[default]
    No,
    /// After a reboot of the node, or of the agent on it
    Reboot,
    /// When it failed: after 1 s, doubling to 64 s
    OnFailure,
    /// When either says so
    RebootOrFailure,
}

impl From<Restart> for api::Restart {
    fn from(restart: Restart) -> Self {
        match restart {
            Restart::No => Self::No,
            Restart::Reboot => Self::Reboot,
            Restart::OnFailure => Self::OnFailure,
            Restart::RebootOrFailure => Self::RebootOrFailure,
        }
    }
}

impl Supervision {
    /// Nodes that do all of it.
    pub(crate) fn constrain(&self, constraints: Constraints) -> Constraints {
        let constraints = constraints.restart(self.restart.into());
        if self.deadline.is_some() || self.health_silence.is_some() {
            constraints.supervised()
        } else {
            constraints
        }
    }

    /// A launch that says all of it.
    pub(crate) fn put_into(&self, launch: Launch) -> Launch {
        fn with<T>(launch: Launch, value: Option<T>, put: fn(Launch, T) -> Launch) -> Launch {
            match value {
                Some(value) => put(launch, value),
                None => launch,
            }
        }
        let launch = launch.restart(self.restart.into());
        let launch = with(launch, self.max_restarts, Launch::max_restarts);
        let launch = with(launch, self.deadline, Launch::deadline);
        let check = self
            .health_silence
            .map(|silence_s| HealthCheck { silence_s });
        let launch = with(launch, check, Launch::health_check);
        let launch = with(launch, self.give_up_after, Launch::give_up_after);
        let stop = self.stop_after_disconnected;
        with(launch, stop, Launch::stop_after_disconnected)
    }

    /// What to think of, where a task may still run that is said to be LOST.
    pub(crate) fn warning(&self) -> Option<String> {
        let given_up = self.give_up_after?;
        let stopped = self.stop_after_disconnected?;
        let safe = stopped.saturating_add(STOP_MARGIN);
        (given_up < safe).then(|| {
            format!(
                "a task that is LOST may run on for a while: --give-up-after {safe}s or more \
                 waits until its node has ended it"
            )
        })
    }
}

/// Whole seconds.
fn seconds(text: &str) -> Result<u32, String> {
    let time = amount::duration(text)?;
    match u32::try_from(time.as_secs()) {
        Ok(seconds) if time.subsec_millis() == 0 => Ok(seconds),
        Ok(_) | Err(_) => Err("write whole seconds, such as 30s, 2m or 1h".into()),
    }
}

/// Whole seconds, 1 or more.
fn some_seconds(text: &str) -> Result<u32, String> {
    match seconds(text)? {
        0 => Err("write 1s or more".into()),
        seconds => Ok(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Supervision = Supervision {
        restart: Restart::No,
        max_restarts: None,
        deadline: None,
        health_silence: None,
        give_up_after: None,
        stop_after_disconnected: None,
    };

    #[test]
    fn times_are_whole_seconds() {
        assert_eq!(seconds("2m"), Ok(120));
        assert_eq!(seconds("0s"), Ok(0));
        assert!(seconds("500ms").is_err() && some_seconds("0s").is_err());
    }

    #[test]
    fn a_task_that_outlives_its_loss_is_warned_of() {
        let cases = [
            (None, None, false),
            (Some(30), None, false),
            (None, Some(30), false),
            (Some(90), Some(30), false),
            (Some(89), Some(30), true),
            (Some(u32::MAX), Some(u32::MAX), false),
        ];
        for (give_up_after, stop_after_disconnected, warns) in cases {
            let said = Supervision {
                give_up_after,
                stop_after_disconnected,
                ..NOTHING
            };
            assert_eq!(said.warning().is_some(), warns, "{said:?}");
        }
    }

    #[test]
    fn only_what_is_asked_for_constrains() {
        let attributes =
            |said: Supervision| said.constrain(Constraints::default()).attributes.len();
        assert_eq!(attributes(NOTHING), 0);
        let deadline = Some(1);
        assert_eq!(
            attributes(Supervision {
                deadline,
                ..NOTHING
            }),
            1
        );
        let restart = Restart::RebootOrFailure;
        assert_eq!(
            attributes(Supervision {
                restart,
                deadline,
                ..NOTHING
            }),
            2
        );
    }
}
