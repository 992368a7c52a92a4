//! Keys toward the master, where the agent has a credential: fresh ones at each boot of either
//! end, before it registers.
//!
//! ```text
//!  Unregistered -- due --> Keys -- 4.01 --> Register -- 2.01 --> Registered
//!       ^                   |  any other       |  an error in the clear, or no answer
//!       +-------------------+------------------+-- an error in the clear, later
//! ```
//!
//! The answer to the registration is what establishes the keys (RFC 8613 appendix B.2), so the
//! whole costs one request more than without. A master that rebooted has lost them, and can say
//! so in the clear alone: that is a hint and no more, upon which the agent registers anew, later
//! each time, and keeps its membership and its keys until there are others.

use alloc::string::String;

use edgerm_coap::oscore::Node;
use edgerm_coap::{Channel, Method, Request};
use edgerm_protocol::Instant;
use edgerm_protocol::message::path;

use super::uplink::Asked;
use super::{Agent, Effect};
use crate::registration::Registration;

impl<const TASKS: usize> Agent<TASKS> {
    const fn node(&mut self) -> Option<&mut Node> {
        match self.endpoint.security_mut() {
            Channel::Protected(node) => Some(node),
            Channel::Plain => None,
        }
    }

    /// Asks for fresh keys where they are needed. What is asked does not matter, since the
    /// master does not act upon it.
    pub(super) fn ask_for_keys(&mut self, now: Instant) -> bool {
        let Some(node) = self.node().filter(|node| node.needs_keys()) else {
            return false;
        };
        node.begin();
        let path = [path::REGISTER];
        let sent = self
            .endpoint
            .request(now, &Request::new(Method::Post, &path));
        if !self.on_sent(now, sent, Asked::Keys) {
            self.on_keys_failed(now);
        }
        true
    }

    /// The master answered who asked for keys: it is there, and takes the registration.
    pub(super) fn on_keys_answered(&mut self, now: Instant) {
        let may_confirm = self.node().is_some_and(|node| node.may_confirm());
        if may_confirm && matches!(self.registration, Registration::Registering { .. }) {
            self.ask_to_register(now);
        } else {
            self.on_keys_failed(now);
        }
    }

    /// No keys were established: others are begun with the next registration.
    pub(super) fn on_keys_failed(&mut self, now: Instant) {
        if let Some(node) = self.node() {
            node.renew();
        }
        self.registration
            .on_failed(now, &self.config, &mut self.rng);
    }

    /// Looks whether an error came in the clear, in place of the answer that is awaited.
    pub(super) fn on_hint(&mut self, now: Instant) {
        let Some(code) = self.node().and_then(Node::take_hint) else {
            return;
        };
        let Some((_, asked)) = self.asked.take() else {
            return;
        };
        self.endpoint.cancel();
        self.on_told(false);
        match asked {
            Asked::Keys | Asked::Register => {
                let text = String::from("the master does not take this node's credential");
                self.effects
                    .push_back(Effect::RegistrationRefused(code, text));
                self.on_keys_failed(now);
            }
            Asked::Ping | Asked::Output { .. } | Asked::Block => {
                if matches!(asked, Asked::Block) {
                    self.fetch.on_unanswered();
                }
                if let Some(node) = self.node() {
                    node.renew();
                }
                let member = self.registration.member();
                self.on_forgotten(now, member);
            }
            Asked::Deregister => self.on_left(),
        }
    }
}
