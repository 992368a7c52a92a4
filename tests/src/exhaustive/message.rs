//! Messages as numbers: what is on its way is compared often and looked into seldom.

use std::num::NonZeroU16;

use edgerm_coap::Code;
use edgerm_protocol::message::{Kill, Ping, ReceivedLaunch, path};
use edgerm_protocol::{SessionId, decode};
use rustc_hash::FxHashMap;

/// What one endpoint says to another, without what CoAP adds by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Message {
    /// A request.
    Request {
        /// One letter.
        path: String,
        /// CBOR.
        body: Vec<u8>,
    },
    /// The response to one.
    Response {
        /// What came of it.
        code: Code,
        /// CBOR, or a diagnostic.
        body: Vec<u8>,
    },
}

/// The number of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MessageId(NonZeroU16);

/// Every message that was ever said, once.
#[derive(Debug, Default)]
pub(super) struct Messages {
    all: Vec<(Message, Option<SessionId>)>,
    numbers: FxHashMap<Message, MessageId>,
}

impl Messages {
    pub(super) fn number(&mut self, message: Message) -> MessageId {
        if let Some(known) = self.numbers.get(&message) {
            return *known;
        }
        self.all.push((message.clone(), session(&message)));
        let number = u16::try_from(self.all.len()).ok();
        let number = MessageId(
            number
                .and_then(NonZeroU16::new)
                .expect("few messages differ"),
        );
        self.numbers.insert(message, number);
        number
    }

    pub(super) fn get(&self, MessageId(number): MessageId) -> &Message {
        &self.all[usize::from(number.get()) - 1].0
    }

    /// The session that a request bears, but for a registration.
    pub(super) fn session(&self, MessageId(number): MessageId) -> Option<SessionId> {
        self.all[usize::from(number.get()) - 1].1
    }

    /// Whether it is an agent's registration.
    pub(super) fn is_registration(&self, message: MessageId) -> bool {
        matches!(self.get(message), Message::Request { path, .. } if path == path::REGISTER)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

fn session(message: &Message) -> Option<SessionId> {
    let Message::Request { path, body } = message else {
        return None;
    };
    match path.as_str() {
        path::PING => decode::<Ping<'_>>(body).ok().map(|it| it.session),
        path::LAUNCH => decode::<ReceivedLaunch<'_>>(body).ok().map(|it| it.session),
        path::KILL => decode::<Kill>(body).ok().map(|it| it.session),
        _ => None,
    }
}
