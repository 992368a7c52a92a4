//! The launch message of a task, made anew each time it is sent, since it bears the session.

use edgerm_protocol::api::DEFAULT_RESTARTS;
use edgerm_protocol::codec::{List, Text};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Launch, Variable};
use edgerm_protocol::{EncodeError, SessionId, encode};

use crate::ledger::Task;

/// Whether the launch of `task` fits a datagram in any session.
pub(crate) fn fits(task: &Task) -> bool {
    encode_launch(task, SessionId(u32::MAX), &mut [0; MAX_BODY]).is_ok()
}

/// Encodes the launch of `task` in `session`.
///
/// # Errors
///
/// [`EncodeError`], where it does not fit: such a task is refused when it is to be accepted.
pub fn encode_launch<'b>(
    task: &Task,
    session: SessionId,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], EncodeError> {
    // What else there is of a container is in its manifest, and it outlives its agent.
    let contained = task.runs.container().is_some();
    let env = task.env.iter().filter(|_| !contained);
    let launch = Launch {
        session,
        task: task.id,
        module: task.blob.id,
        module_size: task.blob.size,
        mem: if contained {
            0
        } else {
            saturated(task.asked.mem)
        },
        cpus: (task.asked.cpus > 0).then(|| saturated(task.asked.cpus)),
        permissions: (!task.permissions.is_empty()).then_some(task.permissions.bits()),
        devices: List::from_first(
            task.asked
                .devices
                .iter()
                .filter_map(|label| Text::new(label).ok()),
        ),
        env: List::from_first(env.filter_map(|(key, value)| {
            let key = Text::new(key).ok()?;
            Some(Variable { key, value })
        })),
        restart: (contained || task.restart.is_after_reboot()).then_some(true),
        stop_after_disconnected: task.stop_after_disconnected,
        deadline: task.deadline,
        max_silence: task.health_check.map(|check| check.silence_s),
        max_restarts: task
            .restart
            .is_on_failure()
            .then(|| task.max_restarts.unwrap_or(DEFAULT_RESTARTS)),
    };
    encode(&launch, buffer)
}

/// Amounts beyond the wire's were refused when the task was accepted.
pub(crate) fn saturated(amount: u64) -> u32 {
    u32::try_from(amount).unwrap_or(u32::MAX)
}
