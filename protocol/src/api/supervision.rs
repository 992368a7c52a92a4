//! What an agent does for a task by itself: restarts, deadlines, health checks.

use serde::{Deserialize, Serialize};

use super::{Container, LaunchTask};
use crate::owned::{AttributeValue, Attributes};
use crate::standard::{AFTER_REBOOT, TASKS, attributes};

/// How often a task is started again after failures, unless told.
pub const DEFAULT_RESTARTS: u32 = 10;

/// Seconds by which an agent may count the master's silence from later than the master counts the
/// agent's: an exchange of theirs is retransmitted for 45 s (RFC 7252 section 4.8.2:
/// `MAX_TRANSMIT_SPAN`), and 15 s for the way and for the task's end.
pub const STOP_MARGIN: u32 = 60;

impl LaunchTask {
    /// What it asks of its agent that not every agent does.
    pub fn duties(&self) -> impl Iterator<Item = Duty> {
        let contained = self.container.is_some().then(Container::duties);
        let supervised = [
            ("deadline", self.deadline.is_some()),
            ("healthCheck", self.health_check.is_some()),
        ];
        let supervised = supervised.into_iter().filter(|(_, is_asked)| *is_asked);
        let supervised = supervised.map(|(field, _)| Duty::supervision(field));
        let contained = contained.into_iter().flatten();
        contained.chain(self.restart.duties()).chain(supervised)
    }
}

/// How an agent finds out that a task is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// Seconds for which a healthy task neither emits nor logs at most. One that is silent for
    /// longer is ended and ERRORED, and started again where `restart` says so.
    pub silence_s: u32,
}

/// Something that a task asks of its agent, and that an agent which does it tells in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// The field of the launch that asks for it.
    pub field: &'static str,
    /// The attribute in which an agent tells that it does.
    pub attribute: &'static str,
    /// What stands there.
    pub value: &'static str,
}

impl Duty {
    pub(super) const REBOOT: Self = Self {
        field: "restart",
        attribute: attributes::RESTART,
        value: AFTER_REBOOT,
    };

    const fn supervision(field: &'static str) -> Self {
        Self {
            field,
            attribute: attributes::SUPERVISES,
            value: TASKS,
        }
    }

    /// Whether an agent of these attributes does it.
    pub fn is_done_by(&self, agent: &Attributes) -> bool {
        agent.get(self.attribute).is_some_and(|told| match told {
            AttributeValue::Text(told) => told == self.value,
            AttributeValue::Texts(told) => told.iter().any(|told| told == self.value),
            AttributeValue::Number(_) => false,
        })
    }
}

/// When a task is started again, under its id and without the master being asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Restart {
    /// Never: one that ran when its agent rebooted is LOST.
    #[default]
    No,
    /// After its node, or the agent on it, has started again. One that has ended is not.
    Reboot,
    /// When it has ended ERRORED, after 1 s, doubling to 64 s, `max_restarts` times at most. One
    /// that was killed, or whose deadline has passed, is not.
    OnFailure,
    /// When either says so. The restarts after failures are counted anew in each boot.
    RebootOrFailure,
}

impl Restart {
    /// Whether it is [`Restart::No`].
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }

    /// Whether it is started again after a reboot.
    pub const fn is_after_reboot(self) -> bool {
        match self {
            Self::Reboot | Self::RebootOrFailure => true,
            Self::No | Self::OnFailure => false,
        }
    }

    /// Whether it is started again after a failure.
    pub const fn is_on_failure(self) -> bool {
        match self {
            Self::OnFailure | Self::RebootOrFailure => true,
            Self::No | Self::Reboot => false,
        }
    }

    /// What it asks of an agent.
    pub fn duties(self) -> impl Iterator<Item = Duty> {
        let reboot = self.is_after_reboot().then_some(Duty::REBOOT);
        let failure = self.is_on_failure();
        let failure = failure.then_some(const { Duty::supervision("restart") });
        reboot.into_iter().chain(failure)
    }
}
