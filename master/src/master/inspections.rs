//! Reads what tasks log and use from their agents, for as long as somebody wants it.
//!
//! An agent keeps a task's newest lines and sends none unasked, so a node whose lines nobody reads
//! spends nothing on them. While somebody reads, the agent is asked again and again: at once while
//! there are more lines, then after a tenth of its ping period, and ever later, to half of it, while
//! none come. A node that chose to ping seldom is asked as seldom.

use std::time::Duration;

use edgerm_coap::{Code, ReceivedResponse};
use edgerm_protocol::api::{self, AgentState, InspectionState, LogWanted};
use edgerm_protocol::message::{Inspection, LogLines};
use edgerm_protocol::{AgentId, Instant, TaskId, decode};

use super::waits::Awaited;
use super::{Answer, Master, OutputsError, Timer};
use crate::link::Command;
use crate::outputs::Run;

/// Shortest time between two questions about one task.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// How long a task is read on after the last who wanted it was answered: time to ask again.
const GRACE: Duration = Duration::from_secs(2);

/// A task that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    /// Whether its lines are wanted, or its usage alone.
    pub(super) lines: bool,
    wanted_until: Instant,
    /// When it is asked about again.
    ask_at: Instant,
    /// How long after an answer that is.
    interval: Duration,
    /// The question that is on its way, and whether the task had ended when it was sent.
    asked: Option<(Question, bool)>,
    /// The last question whose answer told all that there was, and when that came.
    read: Option<(Question, Instant)>,
    /// Whether the task had ended when it was sent.
    is_complete: bool,
}

/// Counts the questions that were sent: what was there when a call came is in the answer to each
/// that is sent after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question(u64);

impl Master {
    /// What `task` uses, as its agent tells it from now on.
    ///
    /// # Errors
    ///
    /// [`OutputsError`].
    pub fn read_usage(
        &mut self,
        now: Instant,
        task: TaskId,
        wait_ms: u64,
    ) -> Result<Answer<api::TaskUsage>, OutputsError> {
        if self.ledger.task(task).is_none() {
            return Err(OutputsError::UnknownTask(task));
        }
        let deadline = self.end_of_wait(now, wait_ms)?;
        let since = self.last_question;
        self.read(now, task, false, true, deadline);
        let usage = self.usage_since(task, since);
        if usage.state != InspectionState::Pending || wait_ms == 0 {
            return Ok(Answer::Ready(usage));
        }
        let wait = self.wait_for(deadline, task, Awaited::Usage(task, since))?;
        Ok(Answer::Waiting(wait))
    }

    pub(super) fn usage_since(&self, task: TaskId, since: Question) -> api::TaskUsage {
        let told = self.used.get(&task).copied().unwrap_or_default();
        api::TaskUsage {
            task,
            state: self.inspection_state(task, since),
            usage: told,
        }
    }

    /// How far what there is of a task is known to who came right after the question `since`.
    pub(super) fn inspection_state(&self, task: TaskId, since: Question) -> InspectionState {
        let reading = self.readings.get(&task);
        let read = reading.and_then(|reading| reading.read);
        if read.is_some_and(|(question, _)| question > since) {
            return InspectionState::Read;
        }
        let agent = self.ledger.task(task).map(|task| task.agent);
        let agent = agent.and_then(|agent| self.ledger.agent(agent));
        match agent.map(|agent| agent.state) {
            Some(AgentState::Registered) => InspectionState::Pending,
            Some(AgentState::Unreachable | AgentState::Gone) | None => InspectionState::Unreachable,
        }
    }

    /// Whether all was read that an ended task has logged.
    pub(super) fn is_log_complete(&self, task: TaskId) -> bool {
        let reading = self.readings.get(&task);
        reading.is_some_and(|reading| reading.is_complete)
    }

    /// Has `task` be read until `until` at least, with its lines or without, `at_once` or in its
    /// time.
    pub(super) fn read(
        &mut self,
        now: Instant,
        task: TaskId,
        lines: bool,
        at_once: bool,
        until: Instant,
    ) {
        let wanted_until = until + GRACE;
        if let Some(reading) = self.readings.get_mut(&task) {
            let is_new = lines && !reading.lines;
            reading.lines |= lines;
            reading.wanted_until = reading.wanted_until.max(wanted_until);
            // Who follows asks anew whenever he is answered.
            let is_old = |(_, at)| at + reading.interval <= now;
            if at_once || is_new || reading.read.is_none_or(is_old) {
                self.hasten(now, task);
            }
            return;
        }
        let reading = Reading {
            lines,
            wanted_until,
            ask_at: now,
            interval: self.intervals(task).0,
            asked: None,
            read: None,
            is_complete: false,
        };
        self.readings.insert(task, reading);
        self.ask_about(now, task);
    }

    /// The question about `task` has been sent.
    pub(super) fn on_asked(&mut self, task: TaskId) {
        self.last_question.0 += 1;
        let has_ended = self
            .ledger
            .task(task)
            .is_some_and(|task| task.state.is_terminal());
        if let Some(reading) = self.readings.get_mut(&task) {
            reading.asked = Some((self.last_question, has_ended));
        }
    }

    /// Asks about `task` now, where it is read and no question is on its way.
    pub(super) fn hasten(&mut self, now: Instant, task: TaskId) {
        let reading = self.readings.get(&task);
        if reading.is_some_and(|reading| reading.asked.is_none()) {
            self.ask_about(now, task);
        }
    }

    pub(super) fn on_reading_timer(&mut self, now: Instant, task: TaskId) {
        let reading = self.readings.get(&task);
        if reading.is_some_and(|reading| reading.wanted_until > now) {
            self.ask_about(now, task);
        } else {
            self.readings.remove(&task);
        }
    }

    fn ask_about(&mut self, now: Instant, task: TaskId) {
        // Should the agent begin anew before it answers, it is asked again by then.
        self.set_reading_timer(now, task);
        if let Some(agent) = self.ledger.task(task).map(|task| task.agent) {
            self.queue(agent, Command::Inspect(task));
            self.ask_next(now, agent);
        }
    }

    fn set_reading_timer(&mut self, now: Instant, task: TaskId) {
        if let Some(reading) = self.readings.get_mut(&task) {
            self.timers.remove(&(reading.ask_at, Timer::Reading(task)));
            reading.ask_at = now + reading.interval;
            self.timers.insert((reading.ask_at, Timer::Reading(task)));
        }
    }

    /// The shortest and the longest time between two questions about a task, by the ping period of
    /// its agent.
    fn intervals(&self, task: TaskId) -> (Duration, Duration) {
        let agent = self.ledger.task(task).map(|task| task.agent);
        let agent = agent.and_then(|agent| self.ledger.agent(agent));
        let period = agent.map_or(0, |agent| agent.ping_period_ms);
        let period = Duration::from_millis(period.into());
        let shortest = (period / 10).max(MIN_INTERVAL);
        (shortest, (period / 2).max(shortest))
    }

    /// An agent has told of a task, or that it cannot.
    pub(super) fn on_inspection(
        &mut self,
        now: Instant,
        agent: AgentId,
        id: TaskId,
        response: &ReceivedResponse,
    ) {
        if response.code.class() == 5 {
            // Not now: it is asked again in its time.
            if let Some(reading) = self.readings.get_mut(&id) {
                reading.asked = None;
            }
            return;
        }
        let told = decode::<Inspection<'_>>(&response.payload);
        let told = told.ok().filter(|_| response.code.is_success());
        // One that is over may have given way to others.
        if told.is_none() && response.code != Code::NOT_FOUND {
            self.count("inspection_refused");
        }
        let told = told.unwrap_or_default();
        let has_lines = self.take_lines(now, agent, id, &told);
        let usage = api::Usage {
            cpu_ms: told.cpu_ms,
            mem: told.mem,
            mem_peak: told.mem_peak,
        };
        if usage != api::Usage::default() && self.ledger.task(id).is_some() {
            self.used.insert(id, usage);
        }
        let (shortest, longest) = self.intervals(id);
        let Some(reading) = self.readings.get_mut(&id) else {
            return;
        };
        let asked = reading.asked.take();
        if has_lines && told.more == Some(true) {
            return self.ask_about(now, id);
        }
        reading.read = asked.map(|(question, _)| (question, now));
        reading.is_complete = reading.lines && asked.is_some_and(|(_, had_ended)| had_ended);
        reading.interval = match has_lines {
            true => shortest,
            false => (reading.interval * 2).min(longest),
        };
        self.set_reading_timer(now, id);
        self.answer_output_waits(id);
        if self.is_awaited(id) {
            self.hasten(now, id);
        }
    }

    /// Keeps the lines that were told; whether there were new ones.
    fn take_lines(
        &mut self,
        now: Instant,
        agent: AgentId,
        id: TaskId,
        told: &Inspection<'_>,
    ) -> bool {
        let boot = self.ledger.agent(agent).map(|agent| agent.boot);
        let task = self.ledger.task(id).filter(|task| task.agent == agent);
        let (Some(boot), Some(task)) = (boot, task) else {
            return false;
        };
        let owner = task.owner;
        let known = self.outputs.last_line(id, boot);
        let lines = LogLines(told.lines.unwrap_or_default());
        for (number, (level, text)) in (told.first.unwrap_or_default()..).zip(lines) {
            self.keep_line(now, owner, id, Run { boot, number }, level, text);
        }
        self.outputs.last_line(id, boot) > known
    }

    /// Whether somebody waits for the answer to a question that is not asked yet.
    fn is_awaited(&self, task: TaskId) -> bool {
        let ended = self
            .ledger
            .task(task)
            .is_some_and(|task| task.state.is_terminal());
        let waits = self.waits_of(task);
        let mut awaited = waits.iter().filter_map(|wait| self.waits.get(wait));
        awaited.any(|(_, awaited)| match awaited {
            Awaited::Offers => false,
            Awaited::Usage(..) => true,
            Awaited::Outputs(_, query, _) => match query.log {
                LogWanted::None => false,
                LogWanted::Read => true,
                LogWanted::Follow => ended && !self.is_log_complete(task),
            },
        })
    }
}
