//! The API's calls about tasks: watched, killed, talked to, read.

use std::time::Duration;

use edgerm_protocol::api::{self, EventKind, MAX_PAGE, OutputData, Page};
use edgerm_protocol::limits::MAX_PAYLOAD;
use edgerm_protocol::message::LogLevel;
use edgerm_protocol::{BootId, FrameworkId, Instant, TaskId};

use super::task_errors::{KillError, MessageError, OutputsError};
use super::{Answer, Awaited, Master, Paging, Reply};
use crate::access::Scope;
use crate::events::Whose;
use crate::ledger::KillStep;
use crate::link::Command;
use crate::outputs::Kept;

/// Which outputs of a task are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputQuery {
    /// Those after this index; 0 for all.
    pub after: u64,
    /// How many at most.
    pub limit: usize,
    /// Milliseconds to wait for one.
    pub wait_ms: u64,
}

impl Master {
    /// A part of the list of tasks.
    pub fn tasks(&self, now: Instant, scope: Scope, paging: Paging<TaskId>) -> Page<api::Task> {
        let all = self.ledger.tasks(paging.after);
        paging.cut(
            all.filter(|task| scope.contains(task.owner)),
            |task| task.id,
            |task| self.task_view(now, task),
        )
    }

    /// One task, with its history.
    pub fn task(&self, now: Instant, task: TaskId) -> Option<api::Task> {
        let task = self.ledger.task(task)?;
        let history = task.history.iter();
        let history = history.map(|(state, at)| api::Moved {
            state: *state,
            at_ms: at.as_millis(),
        });
        Some(api::Task {
            history: history.collect(),
            ..self.task_view(now, task)
        })
    }

    /// Asks that `task` end, for `framework` or for an operator. One that has ended stays as
    /// it is.
    ///
    /// # Errors
    ///
    /// [`KillError`]; nothing changes.
    pub fn kill_task(
        &mut self,
        now: Instant,
        task: TaskId,
        framework: Option<FrameworkId>,
    ) -> Result<api::Task, KillError> {
        match self.ledger.kill_task(task, framework)? {
            KillStep::Ended => {}
            KillStep::Unsent(change) => self.commit(now, change),
            KillStep::Tell(change) => {
                self.commit(now, change);
                if let Some(agent) = self.ledger.task(task).map(|task| task.agent) {
                    self.queue(agent, Command::Kill(task));
                    self.ask_next(now, agent);
                }
            }
        }
        self.allocate(now);
        self.task(now, task).ok_or(KillError::UnknownTask(task))
    }

    /// Sends a message to `task`, once it runs.
    ///
    /// # Errors
    ///
    /// [`MessageError`]; nothing is sent.
    pub fn message_task(
        &mut self,
        now: Instant,
        id: TaskId,
        message: &api::SendMessage,
    ) -> Result<(), MessageError> {
        let task = self.ledger.task(id).ok_or(MessageError::UnknownTask(id))?;
        if task.framework != message.framework {
            return Err(MessageError::NotYours(id));
        }
        if task.state.is_terminal() {
            return Err(MessageError::Ended(id));
        }
        if task.runs.container().is_some() {
            return Err(MessageError::Container(id));
        }
        let payload = message.data.to_bytes().ok_or(MessageError::NotHex)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(MessageError::TooLong(payload.len()));
        }
        let agent = task.agent;
        let waiting = self.links.get(&agent).map_or(0, |link| link.messages());
        if waiting >= self.config.limits.messages {
            return Err(MessageError::Full(waiting));
        }
        self.queue(agent, Command::Message(id, payload.into_boxed_slice()));
        self.ask_next(now, agent);
        Ok(())
    }

    /// Outputs of `task` after an index, now or as soon as there is one.
    ///
    /// # Errors
    ///
    /// [`OutputsError`].
    pub fn read_outputs(
        &mut self,
        now: Instant,
        id: TaskId,
        query: OutputQuery,
    ) -> Result<Answer<api::Outputs>, OutputsError> {
        if self.ledger.task(id).is_none() {
            return Err(OutputsError::UnknownTask(id));
        }
        if !(1..=MAX_PAGE).contains(&query.limit) {
            return Err(OutputsError::Limit(query.limit));
        }
        let longest = self.config.timing.max_wait.as_millis();
        if u128::from(query.wait_ms) > longest {
            return Err(OutputsError::Wait(longest));
        }
        let outputs = self.outputs_after(id, query);
        if !outputs.outputs.is_empty() || outputs.end || query.wait_ms == 0 {
            return Ok(Answer::Ready(outputs));
        }
        if self.waits.len() >= self.config.limits.waits {
            return Err(OutputsError::Overloaded(self.waits.len()));
        }
        let deadline = now + Duration::from_millis(query.wait_ms);
        let wait = self.begin_wait(deadline, Awaited::Outputs(id, query));
        self.output_waits.insert((id, wait));
        Ok(Answer::Waiting(wait))
    }

    pub(super) fn outputs_after(&self, task: TaskId, query: OutputQuery) -> api::Outputs {
        let mut kept = self.outputs.after(task, query.after);
        let outputs = kept
            .by_ref()
            .take(query.limit)
            .map(|kept| view(task, kept))
            .collect();
        let ended = self
            .ledger
            .task(task)
            .is_none_or(|task| task.state.is_terminal());
        api::Outputs {
            outputs,
            end: ended && kept.next().is_none(),
        }
    }

    /// Keeps what a task emitted or logged, and tells it to those who wait for it.
    pub(super) fn keep_output(
        &mut self,
        now: Instant,
        whose: Whose,
        task: TaskId,
        run: (BootId, u32),
        level: Option<LogLevel>,
        payload: &[u8],
    ) {
        let limits = self.config.limits;
        if !self.outputs.is_told(task, run) && !self.policies.take(now, whose.1, payload.len()) {
            return self.count("output_over_policy");
        }
        let Some(kept) = self.outputs.push(&limits, task, run, level, payload) else {
            return self.count("output_twice");
        };
        let output = view(task, kept);
        self.tell(Some(whose), EventKind::TaskOutput { output });
        self.answer_output_waits(task);
    }

    pub(super) fn answer_output_waits(&mut self, task: TaskId) {
        let all = (task, crate::allocator::WaitId(0))..=(task, crate::allocator::WaitId(u64::MAX));
        let waits: Vec<_> = self
            .output_waits
            .range(all)
            .map(|(_, wait)| *wait)
            .collect();
        for wait in waits {
            if let Some((_, Awaited::Outputs(_, query))) = self.waits.get(&wait) {
                let outputs = self.outputs_after(task, *query);
                self.reply(wait, Reply::Outputs(outputs));
            }
        }
    }
}

fn view(task: TaskId, kept: &Kept) -> api::Output {
    api::Output {
        task,
        index: kept.index,
        level: kept.level,
        data: OutputData::from_bytes(&kept.payload),
    }
}
