//! Empty messages on their way out: acknowledgements and resets, four bytes each.

use alloc::vec::Vec;

use crate::header::{MessageId, MessageType};

/// Most that wait to be sent. What comes beyond is dropped as if by the network; the peer's
/// retransmission asks for it again.
const CAPACITY: usize = 4;

/// A queue of empty messages, without a buffer while there are none.
#[derive(Debug, Default)]
pub(crate) struct EmptyMessages(Vec<[u8; 4]>);

impl EmptyMessages {
    pub(crate) fn push(&mut self, kind: MessageType, message_id: MessageId) {
        if self.0.len() < CAPACITY {
            self.0.push(encode(kind, message_id));
        }
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let message = self.0.remove(0);
        if self.0.is_empty() {
            self.0 = Vec::new();
        }
        Some(message.to_vec())
    }
}

/// Version 1, the type, no token, code 0.00 and the message id (RFC 7252 section 3).
fn encode(kind: MessageType, message_id: MessageId) -> [u8; 4] {
    let first = match kind {
        MessageType::Confirmable => 0x40,
        MessageType::NonConfirmable => 0x50,
        MessageType::Acknowledgement => 0x60,
        MessageType::Reset => 0x70,
    };
    let [high, low] = message_id.0.to_be_bytes();
    [first, 0, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_leave_in_order_and_beyond_capacity_not_at_all() {
        let mut queue = EmptyMessages::default();
        for number in 0..10 {
            queue.push(MessageType::Acknowledgement, MessageId(number));
        }
        for number in 0..4 {
            assert_eq!(queue.poll_transmit(), Some([0x60, 0, 0, number].to_vec()));
        }
        assert_eq!(queue.poll_transmit(), None);
        queue.push(MessageType::Reset, MessageId(0x1234));
        assert_eq!(queue.poll_transmit(), Some([0x70, 0, 0x12, 0x34].to_vec()));
    }
}
