//! Tasks: loaded, started, answered, ended.

use core::fmt::Write as _;

use edgerm_agent_core::{Input, KillReason, StorageError, TaskExit};
use edgerm_protocol::TaskId;
use edgerm_protocol::limits::MAX_DETAIL;
use edgerm_task_abi::{Call, CallHandler, Gate, Outcome, StartError, Suspended, TaskEnd, WakeOn};

use super::Driver;
use crate::host::SlotHost;
use crate::port::{Answer, Clock, Event, Events, Platform, Storage, ThreadEvent, Threads};
use crate::slot::{Phase, Slot};

/// A call that is to be answered.
enum Turn {
    /// It is new.
    New(Call),
    /// It has waited.
    Again(Suspended),
}

impl<P: Platform, const TASKS: usize, const SLOTS: usize> Driver<P, TASKS, SLOTS> {
    /// Gives a task that is to start a slot. Its module is asked for when the slot is polled.
    pub(super) fn load(&mut self, id: TaskId) {
        let slot = self.agent.launch(id).map(|launch| Slot::new(&launch));
        match self.slots.iter_mut().find(|slot| slot.is_none()) {
            Some(free) if slot.is_some() => *free = slot,
            // The agent starts no more tasks than there are slots.
            Some(_) | None => self.refuse(id, "the node has no room for another task"),
        }
    }

    pub(super) fn stop(&mut self, id: TaskId, reason: KillReason) {
        let events = &mut self.ports.events;
        events.on_event(Event::TaskStopping(id, reason));
        let index = self.slots.iter().position(|slot| is_of(slot, id));
        let Some((index, slot)) =
            index.and_then(|index| Some((index, self.slots[index].as_mut()?)))
        else {
            return self.input(Input::TaskExited(id, TaskExit::Killed));
        };
        match slot.phase {
            Phase::Loading => {
                self.slots[index] = None;
                self.on_ended(id, TaskEnd::Killed);
            }
            Phase::Starting | Phase::Running | Phase::Waiting(_) => {
                slot.phase = Phase::Stopping;
                self.ports.threads.abort(index);
            }
            Phase::Stopping => {}
        }
    }

    /// Whether the task could take a message.
    pub(super) fn message(slots: &mut [Option<Slot>; SLOTS], id: TaskId, payload: &[u8]) -> bool {
        let mut slots = slots.iter_mut().flatten();
        let slot = slots.find(|slot| slot.task == id);
        slot.is_some_and(|slot| slot.take_message(payload))
    }

    /// An emitted payload has left: whoever waits for room may try.
    pub(super) fn on_emit_room(&mut self) {
        for slot in self.slots.iter_mut().flatten() {
            slot.wake(WakeOn::EmitRoom);
        }
    }

    /// Lets each slot go on, the one first whose turn it is. Tells whether one did.
    pub(super) fn poll_slots(&mut self) -> bool {
        let first = self.turn;
        let mut moved = false;
        for index in (0..SLOTS).map(|place| (first + place) % SLOTS) {
            moved |= self.poll_slot(index);
        }
        moved
    }

    fn poll_slot(&mut self, index: usize) -> bool {
        let Some(slot) = &self.slots[index] else {
            return false;
        };
        match slot.phase {
            Phase::Loading => self.start(index),
            Phase::Starting | Phase::Running | Phase::Waiting(_) | Phase::Stopping => {
                if let Some(event) = self.ports.threads.poll(index) {
                    self.on_thread_event(index, event);
                    return true;
                }
                match slot.due(self.ports.clock.now()) {
                    Some(suspended) => self.serve(index, Turn::Again(suspended)),
                    None => false,
                }
            }
        }
    }

    fn start(&mut self, index: usize) -> bool {
        let Some(slot) = &mut self.slots[index] else {
            return false;
        };
        let task = slot.task;
        match self.ports.storage.load(slot.module) {
            Ok(module) => {
                slot.phase = Phase::Starting;
                self.ports.threads.start(index, module, slot.limits());
                self.ports.events.on_event(Event::TaskStarting(task));
            }
            Err(nb::Error::WouldBlock) => return false,
            Err(nb::Error::Other(error)) => {
                let failed = Event::StorageFailed(slot.module, error);
                self.ports.events.on_event(failed);
                self.slots[index] = None;
                let why = if error == StorageError::Full {
                    "the node has no memory for the module"
                } else {
                    "the module cannot be read from the node's storage"
                };
                self.refuse(task, why);
            }
        }
        true
    }

    fn on_thread_event(&mut self, index: usize, event: ThreadEvent) {
        let Some(slot) = &mut self.slots[index] else {
            return;
        };
        let task = slot.task;
        match event {
            ThreadEvent::Started => {
                if matches!(slot.phase, Phase::Starting) {
                    slot.phase = Phase::Running;
                }
                self.ports.events.on_event(Event::TaskStarted(task));
                self.input(Input::TaskStarted(task));
            }
            ThreadEvent::NotStarted(error) => {
                self.free(index);
                self.refuse(task, &detail(&error));
            }
            // One that is to end is not answered any more.
            ThreadEvent::Called(_) if matches!(slot.phase, Phase::Stopping) => {}
            ThreadEvent::Called(call) => {
                self.serve(index, Turn::New(call));
            }
            ThreadEvent::Ended(end) => {
                self.free(index);
                self.on_ended(task, end);
            }
        }
    }

    /// Answers a call, or keeps it until it can be. Tells whether it is answered.
    fn serve(&mut self, index: usize, turn: Turn) -> bool {
        let Some(slot) = &mut self.slots[index] else {
            return false;
        };
        self.turn = (index + 1) % SLOTS;
        let permissions = slot.permissions;
        let host = SlotHost {
            agent: &mut self.agent,
            reports: &mut self.reports,
            slot: &mut *slot,
            clock: &self.ports.clock,
            devices: &mut self.ports.devices,
            value_bytes: self.value_bytes,
        };
        let memory = self.ports.threads.memory(index);
        let mut gate = Gate::new(permissions, host);
        let outcome = match turn {
            Turn::New(call) => gate.handle_call(call, memory),
            Turn::Again(suspended) => gate.resume(suspended, memory),
        };
        let answer = match outcome {
            Outcome::Return(value) => Answer::Return(value),
            Outcome::Exit(code) => Answer::Exit(code),
            Outcome::Suspend(suspended) => {
                slot.wait(suspended);
                return false;
            }
        };
        slot.phase = Phase::Running;
        self.ports.threads.answer(index, answer);
        true
    }

    /// Nothing of the slot's task runs any more.
    fn free(&mut self, index: usize) {
        if let Some(slot) = self.slots[index].take() {
            self.ports.storage.release(slot.module);
        }
    }

    fn refuse(&mut self, task: TaskId, why: &str) {
        let refused = Event::TaskNotStarted(task, why);
        self.ports.events.on_event(refused);
        self.input(Input::TaskStartFailed(task, why));
    }

    fn on_ended(&mut self, task: TaskId, end: TaskEnd) {
        self.ports.events.on_event(Event::TaskEnded(task, end));
        let exit = match end {
            TaskEnd::Exited(code) => TaskExit::Exited(code),
            TaskEnd::Trapped(trap) => TaskExit::Trapped(trap.message()),
            TaskEnd::Killed => TaskExit::Killed,
        };
        self.input(Input::TaskExited(task, exit));
    }
}

fn is_of(slot: &Option<Slot>, id: TaskId) -> bool {
    slot.as_ref().is_some_and(|slot| slot.task == id)
}

/// The error for a person.
fn detail(error: &StartError) -> heapless::String<MAX_DETAIL> {
    let mut detail = heapless::String::new();
    // Every message of it fits: its own crate sees to that.
    let _fits = write!(detail, "{error}");
    detail
}
