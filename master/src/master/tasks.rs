//! The API's calls about tasks: watched, killed, talked to, read.

use std::time::Duration;

use edgerm_protocol::api::{
    self, EventKind, InspectionState, LogWanted, MAX_PAGE, OutputData, Page,
};
use edgerm_protocol::limits::MAX_PAYLOAD;
use edgerm_protocol::message::LogLevel;
use edgerm_protocol::{FrameworkId, Instant, TaskId};

use super::inspections::Question;
use super::task_errors::{KillError, MessageError, OutputsError};
use super::{Answer, Awaited, Master, Paging, Reply};
use crate::access::{Scope, TokenId};
use crate::events::Whose;
use crate::ledger::KillStep;
use crate::link::Command;
use crate::outputs::{Kept, Run};

/// Which outputs of a task are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputQuery {
    /// Those after this index; 0 for all.
    pub after: u64,
    /// How many at most.
    pub limit: usize,
    /// Milliseconds to wait for one.
    pub wait_ms: u64,
    /// Whether its log is read.
    pub log: LogWanted,
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
        let deadline = self.end_of_wait(now, query.wait_ms)?;
        let since = self.last_question;
        if query.log != LogWanted::None {
            let at_once = query.log == LogWanted::Read;
            self.read(now, id, true, at_once, deadline);
        }
        let outputs = self.outputs_after(id, query, since);
        if query.wait_ms == 0 || is_due(query, &outputs) {
            return Ok(Answer::Ready(outputs));
        }
        let wait = self.wait_for(deadline, id, Awaited::Outputs(id, query, since))?;
        Ok(Answer::Waiting(wait))
    }

    /// When a call that waits so long is answered.
    pub(super) fn end_of_wait(&self, now: Instant, wait_ms: u64) -> Result<Instant, OutputsError> {
        let longest = self.config.timing.max_wait.as_millis();
        if u128::from(wait_ms) > longest {
            return Err(OutputsError::Wait(longest));
        }
        Ok(now + Duration::from_millis(wait_ms))
    }

    /// Outputs for a call that came after this question.
    pub(super) fn outputs_after(
        &self,
        id: TaskId,
        query: OutputQuery,
        since: Question,
    ) -> api::Outputs {
        let with_log = query.log != LogWanted::None;
        let kept = self.outputs.after(id, query.after);
        let mut kept = kept.filter(|kept| with_log || kept.level.is_none());
        let outputs = kept
            .by_ref()
            .take(query.limit)
            .map(|kept| view(id, kept))
            .collect();
        let task = self.ledger.task(id);
        let ended = task.is_none_or(|task| task.state.is_terminal());
        let log = with_log.then(|| self.inspection_state(id, since));
        let all_told = match log {
            None | Some(InspectionState::Unreachable) => true,
            Some(InspectionState::Read | InspectionState::Pending) => self.is_log_complete(id),
        };
        api::Outputs {
            outputs,
            end: ended && all_told && kept.next().is_none(),
            log,
        }
    }

    /// Keeps what a task emitted, and tells it to those who wait for it.
    pub(super) fn keep_output(
        &mut self,
        now: Instant,
        whose: Whose,
        task: TaskId,
        run: Run,
        payload: &[u8],
    ) {
        let limits = self.config.limits;
        if !self.outputs.is_told(task, run) && !self.policies.take(now, whose.1, payload.len()) {
            return self.count("output_over_policy");
        }
        let Some(kept) = self.outputs.push(&limits, task, run, payload) else {
            return self.count("output_twice");
        };
        let output = view(task, kept);
        self.tell(Some(whose), EventKind::TaskOutput { output });
        self.answer_output_waits(task);
    }

    /// Keeps a line of a task's log, and tells it to those who wait for it.
    pub(super) fn keep_line(
        &mut self,
        now: Instant,
        owner: Option<TokenId>,
        task: TaskId,
        run: Run,
        level: LogLevel,
        line: &[u8],
    ) {
        let limits = self.config.limits;
        if run.number <= self.outputs.last_line(task, run.boot) {
            return self.count("output_twice");
        }
        if !self.policies.take(now, owner, line.len()) {
            self.outputs.pass_line(task, run);
            return self.count("output_over_policy");
        }
        let _kept = self.outputs.push_line(&limits, task, run, level, line);
        self.answer_output_waits(task);
    }

    /// Answers those calls about `task` that have what they wait for.
    pub(super) fn answer_output_waits(&mut self, task: TaskId) {
        for wait in self.waits_of(task) {
            let Some((_, awaited)) = self.waits.get(&wait) else {
                continue;
            };
            match *awaited {
                Awaited::Offers => {}
                Awaited::Outputs(_, query, since) => {
                    let outputs = self.outputs_after(task, query, since);
                    if is_due(query, &outputs) {
                        self.reply(wait, Reply::Outputs(outputs));
                    }
                }
                Awaited::Usage(_, since) => {
                    let usage = self.usage_since(task, since);
                    if usage.state != InspectionState::Pending {
                        self.reply(wait, Reply::Usage(usage));
                    }
                }
            }
        }
    }
}

/// Whether a call has what it waits for.
fn is_due(query: OutputQuery, outputs: &api::Outputs) -> bool {
    match query.log {
        LogWanted::Read => outputs.log != Some(InspectionState::Pending),
        LogWanted::None | LogWanted::Follow => outputs.end || !outputs.outputs.is_empty(),
    }
}

fn view(task: TaskId, kept: &Kept) -> api::Output {
    api::Output {
        task,
        index: kept.index,
        level: kept.level,
        lost: kept.lost,
        data: OutputData::from_bytes(&kept.payload),
    }
}
