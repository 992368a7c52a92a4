//! What the master asks of the agent, and what it is answered.

use alloc::borrow::Cow;

use edgerm_coap::{BlockSize, Code, Method, ReceivedRequest, RequestId, Response, serve};
use edgerm_protocol::description::{EncodedDescription, Member};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Inspect, Message, ReceivedLaunch, path};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::resource::{Name, Value};
use edgerm_protocol::words::{self, Words};
use edgerm_protocol::{DecodeError, Instant, SessionId, TaskId, decode};

use super::{Agent, Effect};
use crate::io::{InputError, KillReason};
use crate::registration::Registration;
use crate::task::{Phase, Task};

/// Why a request is refused: the code, and the diagnostic for a person.
///
/// The master takes a 4.xx to a launch for REJECTED, but for 4.01, which makes it wait for a
/// registration; a 5.xx makes it ask again later.
pub(super) struct Refused(Code, pub(super) Cow<'static, str>);

impl Refused {
    const fn new(code: Code, diagnostic: &'static str) -> Self {
        Self(code, Cow::Borrowed(diagnostic))
    }

    fn said(code: Code, diagnostic: &dyn Fn(&mut Words<'_>)) -> Self {
        Self(code, words::text(&diagnostic).into())
    }
}

impl From<DecodeError> for Refused {
    fn from(error: DecodeError) -> Self {
        Self::said(Code::BAD_REQUEST, &|words| {
            words.text("the body is ").of(&error);
        })
    }
}

impl<const TASKS: usize> Agent<TASKS> {
    pub(super) fn on_request(&mut self, now: Instant, id: RequestId, request: &ReceivedRequest) {
        let answer = match (request.path(), request.method) {
            (path::LAUNCH, Method::Post) => self.on_launch(now, &request.payload),
            (path::KILL, Method::Post) => self.on_kill(now, &request.payload),
            (path::MESSAGE, Method::Post) => self.on_message(now, id, &request.payload),
            (path::INSPECT, Method::Post) => self.on_inspect(now, id, &request.payload),
            (path::DESCRIPTION, Method::Get) => return self.on_description_asked(now, id, request),
            (path::LAUNCH | path::KILL | path::MESSAGE | path::INSPECT | path::DESCRIPTION, _) => {
                Err(Refused::new(
                    Code::METHOD_NOT_ALLOWED,
                    "another method is meant",
                ))
            }
            _ => Err(Refused::new(Code::NOT_FOUND, "no such path")),
        };
        // What was passed on is answered by whom it was passed to.
        if answer.is_err() || !self.is_passed_on(id) {
            self.answer(now, id, answer);
        }
    }

    fn is_passed_on(&self, id: RequestId) -> bool {
        self.passed_on.is_some_and(|(own, _)| own == id)
    }

    /// Passes a request about a task on to the driver, which answers it: one at a time.
    fn pass_on(&mut self, id: RequestId, task: TaskId, effect: Effect) -> Result<(), Refused> {
        if self.passed_on.is_some() {
            return Err(Refused::new(
                Code::SERVICE_UNAVAILABLE,
                "another request is being answered",
            ));
        }
        self.passed_on = Some((id, task));
        self.effects.push_back(effect);
        Ok(())
    }

    fn answer(&mut self, now: Instant, id: RequestId, answer: Result<(), Refused>) {
        self.answer_with(now, id, &[], answer);
    }

    fn answer_with(
        &mut self,
        now: Instant,
        id: RequestId,
        body: &[u8],
        answer: Result<(), Refused>,
    ) {
        match answer {
            Ok(()) => self.respond(now, id, &Response::with_payload(Code::CHANGED, body)),
            Err(Refused(code, text)) => self.respond(now, id, &Response::error(code, &text)),
        }
    }

    fn respond(&mut self, now: Instant, id: RequestId, response: &Response<'_>) {
        // A request that has lapsed meanwhile wants no response any more.
        let _lapsed = self.endpoint.respond(now, id, response);
    }

    /// Whether the sender means this agent, in this registration of it. A ping stays due: the
    /// master takes what it is asked for a sign of life, and no answer to what it asks.
    fn admit(&mut self, now: Instant, session: SessionId) -> Result<(), Refused> {
        if self.registration.session() != Some(session) {
            return Err(Refused::new(Code::UNAUTHORIZED, "unknown session"));
        }
        self.last_heard = now;
        self.reachable = true;
        Ok(())
    }

    fn on_launch(&mut self, now: Instant, body: &[u8]) -> Result<(), Refused> {
        let launch: ReceivedLaunch<'_> = decode(body)?;
        self.admit(now, launch.session)?;
        if self.table.has_seen(launch.task) && !is_planted(Bug::LaunchTwice) {
            return Ok(());
        }
        if self.table.was_killed_unseen(launch.task) {
            return Err(Refused::new(
                Code::CONFLICT,
                "the task was killed before its launch came",
            ));
        }
        self.check_registered()?;
        self.check_launch(&launch, body)?;
        let place = self.free_place().ok_or(TABLE_IS_FULL)?;
        let task = Task::new(&launch, body);
        let begins = task.waits_for_module();
        self.table.insert(place, task);
        if begins {
            self.check(launch.module);
        }
        Ok(())
    }

    /// Whether a task can be taken in this state of the registration.
    fn check_registered(&self) -> Result<(), Refused> {
        match self.registration {
            // The tasks that it lists are on their way: a master that does not find this one
            // among them would take it for lost.
            Registration::Registering { .. } => Err(Refused::new(
                Code::SERVICE_UNAVAILABLE,
                "the agent is registering",
            )),
            Registration::Leaving { .. } | Registration::Left => Err(Refused::new(
                Code::SERVICE_UNAVAILABLE,
                "the agent is leaving",
            )),
            Registration::Unregistered { .. } | Registration::Registered { .. } => Ok(()),
        }
    }

    /// Whether this node can run the task at all, and now.
    pub(super) fn check_launch(
        &self,
        launch: &ReceivedLaunch<'_>,
        body: &[u8],
    ) -> Result<(), Refused> {
        if self.table.active() >= self.config.slots.min(TASKS) {
            // One that is being ended frees its slot soon, of which the master may have known
            // before: after a restore it has forgotten what it does not want.
            let soon = self.table.iter().any(|task| task.is_stopping());
            let code = match soon {
                true => Code::SERVICE_UNAVAILABLE,
                false => Code::UNPROCESSABLE_ENTITY,
            };
            return Err(Refused::new(code, "no task slot is free"));
        }
        if launch.restart == Some(true) {
            self.check_restart(body)?;
        }
        if launch.mem > self.config.max_task_mem {
            return Err(unprocessable(&|words| {
                words.number(launch.mem);
                words.text(" bytes of memory asked, a task here has at most ");
                words.number(self.config.max_task_mem);
            }));
        }
        if launch.module_size == 0 || launch.module_size > self.config.max_module {
            return Err(unprocessable(&|words| {
                words.text("the module has ").number(launch.module_size);
                words.text(" bytes, 1 to ").number(self.config.max_module);
                words.text(" fit here");
            }));
        }
        let mut tasks = self.table.iter();
        if let Some(other) = tasks.find(|task| task.disagrees_on_module(launch)) {
            return Err(unprocessable(&|words| {
                words.text("a module of ").number(launch.module_size);
                words.text(" bytes, task ").of(&other.id);
                words.text(" said ").number(other.module_size);
            }));
        }
        match launch
            .devices
            .iter()
            .find(|device| !self.has_device(device))
        {
            Some(device) => Err(unprocessable(&|words| {
                words.text("this node has no device ").text(device.as_str());
            })),
            None => Ok(()),
        }
    }

    /// Whether the node can keep the task for the next boot.
    fn check_restart(&self, body: &[u8]) -> Result<(), Refused> {
        let diagnostic = if !self.config.keeps_records {
            "this node keeps no task over a reboot"
        } else if body.len() > MAX_BODY {
            "a launch as long as this is not kept over a reboot"
        } else {
            return Ok(());
        };
        Err(Refused::new(Code::UNPROCESSABLE_ENTITY, diagnostic))
    }

    fn has_device(&self, label: &Name<'_>) -> bool {
        let mut found = false;
        if let Ok(description) = EncodedDescription::new(&self.description) {
            description.for_each(|member| {
                if let Member::Resource(resource) = member {
                    found |= resource.name == *label && matches!(resource.value, Value::Device(_));
                }
            });
        }
        found
    }

    fn on_kill(&mut self, now: Instant, body: &[u8]) -> Result<(), Refused> {
        // Of a kill the first two keys are the same: one decoder is less flash than two.
        let kill: Inspect = decode(body)?;
        self.admit(now, kill.session)?;
        if !self.table.has_seen(kill.task) {
            self.table.on_killed_unseen(kill.task);
            return Err(unknown_task(kill.task));
        }
        self.stop(kill.task, KillReason::Requested);
        Ok(())
    }

    /// Passes a message on; it is answered when the task has taken it.
    fn on_message(&mut self, now: Instant, id: RequestId, body: &[u8]) -> Result<(), Refused> {
        let message: Message<'_> = decode(body)?;
        self.admit(now, message.session)?;
        let task = self
            .table
            .find(message.task)
            .ok_or_else(|| unknown_task(message.task))?;
        match task.phase {
            Phase::Running => {}
            Phase::Held | Phase::Waiting | Phase::Checking | Phase::Fetching | Phase::Starting => {
                return Err(Refused::new(
                    Code::SERVICE_UNAVAILABLE,
                    "the task does not run yet",
                ));
            }
            Phase::Stopping(_) | Phase::Ended(_) => return Err(TASK_HAS_ENDED),
        }
        let effect = Effect::TaskMessage(message.task, message.payload.to_vec());
        self.pass_on(id, message.task, effect)
    }

    pub(super) fn on_message_taken(
        &mut self,
        now: Instant,
        task: TaskId,
        taken: bool,
    ) -> Result<(), InputError> {
        let full = Refused::new(Code::SERVICE_UNAVAILABLE, "the task's queue is full");
        let answer = if taken { Ok(()) } else { Err(full) };
        self.answer_passed_on(now, task, &[], answer)
    }

    /// Answers what was passed on, with a body where it is done.
    fn answer_passed_on(
        &mut self,
        now: Instant,
        task: TaskId,
        body: &[u8],
        answer: Result<(), Refused>,
    ) -> Result<(), InputError> {
        let passed_on = self.passed_on.take_if(|(_, own)| *own == task);
        let (id, _) = passed_on.ok_or(InputError::UnexpectedForTask(task))?;
        self.answer_with(now, id, body, answer);
        Ok(())
    }

    /// The task has ended, and takes no message any more.
    pub(super) fn on_message_left(&mut self, now: Instant, task: TaskId) {
        // There is one seldom.
        let _none = self.answer_passed_on(now, task, &[], Err(TASK_HAS_ENDED));
    }

    /// Has the driver tell what there is of a task.
    fn on_inspect(&mut self, now: Instant, id: RequestId, body: &[u8]) -> Result<(), Refused> {
        let inspect: Inspect = decode(body)?;
        self.admit(now, inspect.session)?;
        let effect = Effect::InspectTask(inspect.task, inspect.after);
        self.pass_on(id, inspect.task, effect)
    }

    pub(super) fn on_inspected(
        &mut self,
        now: Instant,
        task: TaskId,
        body: Option<&[u8]>,
    ) -> Result<(), InputError> {
        let answer = body.map(|_| ()).ok_or_else(|| unknown_task(task));
        self.answer_passed_on(now, task, body.unwrap_or_default(), answer)
    }

    fn on_description_asked(&mut self, now: Instant, id: RequestId, request: &ReceivedRequest) {
        let diagnostic;
        let response = match serve(&self.description, request.block2, BlockSize::B512) {
            Ok(slice) => Response::block(&slice),
            Err(error) => {
                diagnostic = words::text(&error);
                Response::error(Code::BAD_REQUEST, &diagnostic)
            }
        };
        let _lapsed = self.endpoint.respond(now, id, &response);
    }
}

const TABLE_IS_FULL: Refused = Refused::new(
    Code::SERVICE_UNAVAILABLE,
    "ended tasks await acknowledgement",
);

const TASK_HAS_ENDED: Refused = Refused::new(Code::CONFLICT, "the task has ended");

fn unprocessable(diagnostic: &dyn Fn(&mut Words<'_>)) -> Refused {
    Refused::said(Code::UNPROCESSABLE_ENTITY, diagnostic)
}

fn unknown_task(task: TaskId) -> Refused {
    Refused::said(Code::NOT_FOUND, &|words| {
        words.text("no task ").of(&task).text(" here");
    })
}
