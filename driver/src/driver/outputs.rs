//! What the agent wants done.

use edgerm_agent_core::{Input, Output};
use edgerm_protocol::Instant;

use super::Driver;
use crate::port::{Event, Events, Network, Platform};

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
                Output::CheckModule(module, size) => self.ask_check(module, size),
                Output::StoreBlock(module, offset, bytes) => {
                    let stored =
                        Self::store(&mut self.ports, &mut self.jobs, module, offset, bytes);
                    self.on_stored(module, stored);
                }
                // No port keeps records, and the agent is told so.
                Output::Persist(..) | Output::Erase(_) => {}
                Output::StartTask(id) => self.load(id),
                Output::StopTask(id, reason) => self.stop(id, reason),
                Output::TaskMessage(id, payload) => {
                    let taken = Self::message(&mut self.slots, id, payload);
                    self.input(Input::MessageTaken(id, taken));
                }
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
}
