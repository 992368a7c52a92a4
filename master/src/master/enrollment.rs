//! Who may be an agent.

use super::Master;
use crate::access::{Agents, Enrolled};

impl Master {
    /// Those enrolled.
    pub fn enrolled(&self) -> &Agents {
        &self.enrolled
    }

    /// Takes an agent from now on, in place of the one of its name, whose credential is refused
    /// at once. Whoever calls has made it last.
    pub fn enroll(&mut self, agent: Enrolled) {
        if let Some(key_id) = self.enrolled.put(agent) {
            self.forget_key(key_id);
        }
    }

    /// Refuses the agent of this name from now on.
    pub fn unenroll(&mut self, name: &str) {
        if let Some(key_id) = self.enrolled.remove(name) {
            self.forget_key(key_id);
        }
    }

    /// Ends whatever goes on under a key id that is no one's any more.
    fn forget_key(&mut self, _key_id: [u8; 4]) {
        self.count("keyForgotten");
    }
}
