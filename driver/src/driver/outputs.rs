//! What the agent wants done.

use alloc::string::String;

use edgerm_agent_core::{Input, Output};
use edgerm_protocol::message::LogLevel;
use edgerm_protocol::{Instant, TaskId};

use super::Driver;
use super::jobs::{Job, ask};
use crate::port::{Clock, Event, Events, Network, Platform};

impl<P: Platform, const TASKS: usize, const SLOTS: usize> Driver<P, TASKS, SLOTS> {
    /// Does all that the agent wants done, and tells when it is due next.
    pub(super) fn drain(&mut self) -> Option<Instant> {
        loop {
            let events = &mut self.ports.events;
            match self.agent.poll_output() {
                Output::Transmit(datagram) => {
                    if self.ports.network.send(datagram).is_err() {
                        events.on_event(Event::NotSent);
                    }
                }
                Output::CheckModule(module, size) => {
                    let done = ask(&mut self.ports, &mut self.jobs, &Job::Check(module, size));
                    self.on_done(done);
                }
                Output::StoreBlock(module, offset, bytes) => {
                    let done = ask(
                        &mut self.ports,
                        &mut self.jobs,
                        &Job::Store(module, offset, bytes),
                    );
                    self.on_done(done);
                }
                Output::Persist(key, record) => {
                    let done = ask(&mut self.ports, &mut self.jobs, &Job::Write(key, record));
                    self.on_done(done);
                }
                Output::Erase(key) => {
                    let done = ask(&mut self.ports, &mut self.jobs, &Job::Erase(key));
                    self.on_done(done);
                }
                Output::StartTask(id) => self.load(id),
                Output::StopTask(id, reason) => self.stop(id, reason),
                Output::TaskMessage(id, payload) => {
                    let taken = Self::message(&mut self.slots, id, payload);
                    self.input(Input::MessageTaken(id, taken));
                }
                Output::TaskLog(id, line) => {
                    let line = String::from(line);
                    let is_here = |id| self.agent.has_task(id);
                    self.reports
                        .log(id, is_here, LogLevel::Error, line.as_bytes());
                }
                Output::InspectTask(id, after) => self.inspect(id, after),
                Output::OutputTaken(_) => self.on_emit_room(),
                Output::Registered(agent) => events.on_event(Event::Registered(agent)),
                Output::RegistrationRefused(code, why) => {
                    events.on_event(Event::Refused(code, why));
                }
                Output::Left => {
                    self.has_left = true;
                    events.on_event(Event::Left);
                }
                Output::Timeout(deadline) => return deadline,
            }
        }
    }

    /// Tells what there is of a task.
    fn inspect(&mut self, id: TaskId, after: Option<u32>) {
        let is_here = |id| self.agent.has_task(id);
        let told = self
            .reports
            .inspect(id, is_here, after, self.log_block, &mut self.buffer);
        let now = self.ports.clock.now();
        // It was asked.
        let _told = self.agent.handle_input(now, Input::Inspected(id, told));
    }
}
