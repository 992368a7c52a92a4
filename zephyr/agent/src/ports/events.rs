//! Who is told what happens: the log, and the firmware's hook.

use edgerm_driver::port::{Event, Events};
use edgerm_protocol::TaskId;
use edgerm_zephyr_rtos::log::{self, Level};
use edgerm_zephyr_rtos::registry;
use edgerm_zephyr_sys as sys;

/// Zephyr's log, and the hook.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Log {
    /// Whether a task has ended since this was last set to false.
    pub(crate) has_ended: bool,
}

impl Events for Log {
    fn on_event(&mut self, event: Event<'_>) {
        use Level::{Debug, Information, Warning};
        match event {
            Event::Registered(agent) => {
                log::write(Information, format_args!("registered as agent {agent}"));
                registry::tell(sys::EDGERM_REGISTERED, 0);
            }
            Event::Refused(code, why) => {
                log::write(Warning, format_args!("refused by the master: {code} {why}"));
                registry::tell(sys::EDGERM_REFUSED, 0);
            }
            Event::TaskStarting(task) => log::write(Debug, format_args!("task {task} starts")),
            Event::TaskStarted(task) => {
                log::write(Information, format_args!("task {task} runs"));
                tell(sys::EDGERM_TASK_STARTED, task);
            }
            Event::TaskNotStarted(task, why) => {
                log::write(Warning, format_args!("task {task} does not run: {why}"));
                self.has_ended = true;
                tell(sys::EDGERM_TASK_REFUSED, task);
            }
            Event::TaskStopping(task, reason) => {
                log::write(Debug, format_args!("task {task} is to end: {reason:?}"));
            }
            Event::TaskEnded(task, end) => {
                log::write(Information, format_args!("task {task} ended: {end}"));
                self.has_ended = true;
                tell(sys::EDGERM_TASK_ENDED, task);
            }
            Event::StorageFailed(module, error) => {
                log::write(Warning, format_args!("module {module}: {error}"));
            }
            Event::RecordFailed(key, error) => {
                log::write(Warning, format_args!("record {key}: {error}"));
            }
            Event::RecordDropped(key, error) => {
                log::write(Warning, format_args!("record {key} is dropped: {error}"));
            }
            Event::NotSent => log::write(Debug, format_args!("a datagram was not sent")),
            Event::Left => log::write(Information, format_args!("left, as it was told to")),
            // Events to come, which the hook does not know.
            _ => {}
        }
    }
}

fn tell(event: sys::edgerm_event, task: TaskId) {
    registry::tell(event, task.0);
}
