//! Tasks as the engine has them: stopped, started, ended, and what they say.

use edgerm_protocol::words::{self, Words};
use edgerm_protocol::{Instant, TaskId, TaskState};

use super::{Agent, Effect};
use crate::io::{InputError, KillReason, TaskExit};
use crate::task::{Ending, Phase, Task};

impl<const TASKS: usize> Agent<TASKS> {
    /// Ends a task: at once where no engine knows it yet, else by telling the engine.
    pub(super) fn stop(&mut self, id: TaskId, reason: KillReason) {
        let Some(task) = self.table.find_mut(id) else {
            return;
        };
        let sets_aside = task.restart && reason == KillReason::Leaving;
        match task.phase {
            Phase::Held | Phase::Waiting | Phase::Checking | Phase::Fetching if sets_aside => {
                let module = task.module;
                task.phase = Phase::Held;
                self.abandon_if_unwanted(module);
            }
            Phase::Held | Phase::Waiting | Phase::Checking | Phase::Fetching => {
                let module = task.module;
                task.phase = Phase::Stopping(reason);
                task.end(Ending::from_exit(TaskExit::Killed, task));
                self.abandon_if_unwanted(module);
            }
            Phase::Starting | Phase::Running => {
                task.phase = Phase::Stopping(reason);
                self.effects.push_back(Effect::StopTask(id, reason));
            }
            Phase::Stopping(ref mut first) => *first = reason.max(*first),
            Phase::Ended(_) => {}
        }
    }

    pub(super) fn on_task_started(&mut self, now: Instant, id: TaskId) -> Result<(), InputError> {
        let task = self.running_task(id)?;
        match task.phase {
            Phase::Starting => task.on_running(now),
            // The stop was told while it started, and will be heard.
            Phase::Stopping(_) => {}
            Phase::Held
            | Phase::Waiting
            | Phase::Checking
            | Phase::Fetching
            | Phase::Running
            | Phase::Ended(_) => {
                return Err(InputError::UnexpectedForTask(id));
            }
        }
        Ok(())
    }

    pub(super) fn on_task_start_failed(
        &mut self,
        now: Instant,
        id: TaskId,
        detail: &str,
    ) -> Result<(), InputError> {
        let task = self.running_task(id)?;
        match task.phase {
            Phase::Starting | Phase::Stopping(_) => {
                self.end(now, id, Ending::new(TaskState::Rejected, detail));
                Ok(())
            }
            Phase::Held
            | Phase::Waiting
            | Phase::Checking
            | Phase::Fetching
            | Phase::Running
            | Phase::Ended(_) => Err(InputError::UnexpectedForTask(id)),
        }
    }

    pub(super) fn on_task_exited(
        &mut self,
        now: Instant,
        id: TaskId,
        exit: TaskExit<'_>,
    ) -> Result<(), InputError> {
        let task = self.running_task(id)?;
        if !task.is_in_engine() {
            return Err(InputError::UnexpectedForTask(id));
        }
        let was_told_to = exit == TaskExit::Killed;
        if was_told_to && task.restart && matches!(task.phase, Phase::Stopping(KillReason::Leaving))
        {
            task.phase = Phase::Held;
            self.on_message_left(now, id);
            return Ok(());
        }
        let ending = Ending::from_exit(exit, task);
        self.end(now, id, ending);
        Ok(())
    }

    /// The task has ended. One that nobody wants is forgotten with all it said; one that failed
    /// and is to start again says so in a line of its log.
    fn end(&mut self, now: Instant, id: TaskId, ending: Ending) {
        self.on_message_left(now, id);
        let Some(task) = self.table.find_mut(id) else {
            return;
        };
        if matches!(task.phase, Phase::Stopping(KillReason::Unwanted)) {
            self.table.remove_where(&|task| task.id == id);
            self.forget_outputs(id);
        } else if let Some(seconds) = task.wait_to_restart(now, &ending) {
            let line = words::text(&|words: &mut Words<'_>| {
                ending.say(words);
                words.text(": starts again in ").number(seconds).text(" s");
            });
            self.effects.push_back(Effect::TaskLog(id, line));
        } else {
            task.end(ending);
        }
    }

    /// Does what is due of a task: it is stopped, or begins again.
    pub(super) fn on_due(&mut self, now: Instant, id: TaskId, reason: Option<KillReason>) {
        // One that waits until the master has what it said cannot say more.
        let excused = self.outputs.has(id) || self.outputs.is_full();
        let Some(task) = self.table.find_mut(id) else {
            return;
        };
        match reason {
            Some(KillReason::Silent) if excused => task.on_sign_of_life(now),
            Some(reason) => self.stop(id, reason),
            None => {
                task.phase = Phase::Checking;
                let module = task.module;
                self.check(module);
            }
        }
    }

    /// Nobody wants what this task said: its place in the queue is free.
    pub(super) fn forget_outputs(&mut self, id: TaskId) {
        while self.outputs.remove(id, None) {
            self.effects.push_back(Effect::OutputTaken(id));
        }
    }

    pub(super) fn on_task_output(
        &mut self,
        now: Instant,
        id: TaskId,
        payload: &[u8],
    ) -> Result<(), InputError> {
        let Some(task) = self.table.find_mut(id).filter(|task| !task.has_ended()) else {
            return Err(InputError::UnknownTask(id));
        };
        let sequence = task.sequence.wrapping_add(1);
        self.outputs.push(id, sequence, payload)?;
        task.sequence = sequence;
        task.on_sign_of_life(now);
        Ok(())
    }

    pub(super) fn on_task_logged(&mut self, now: Instant, id: TaskId) -> Result<(), InputError> {
        self.running_task(id)?.on_sign_of_life(now);
        Ok(())
    }

    fn running_task(&mut self, id: TaskId) -> Result<&mut Task, InputError> {
        let running = self.table.find_mut(id).filter(|task| !task.has_ended());
        running.ok_or(InputError::UnknownTask(id))
    }
}
