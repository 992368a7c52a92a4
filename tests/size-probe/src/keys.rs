//! A node that gets its keys, and exchanges with them: the driver around OSCORE.
//!
//! A frame is an order of the other end, `xtask/src/size/oscore.rs`, and what goes with it. It is
//! answered with a frame of the same tag, empty where the order was refused.

use edgerm_coap::oscore::rekey::{Answer, ClientRekey};
use edgerm_coap::oscore::{Binding, Context, RequestBinding};

use crate::calls::oscore::{self, BUFFER};
use crate::drive::{Reader, reply};
use crate::stack;

pub(crate) const TAG: u8 = b'K';

/// A GET of `p`, and a 2.04: what is protected here.
const GET: &[u8] = b"\x42\x01\x30\x39\x77\x78\xb1p";
const CHANGED: &[u8] = b"\x62\x44\x30\x39\x77\x78";

#[derive(Default)]
pub(crate) struct Keys {
    rekey: Option<(ClientRekey, RequestBinding)>,
    context: Option<Context>,
    asked: Option<Binding>,
    deepest: usize,
}

impl Keys {
    pub(crate) fn take(&mut self, mut body: Reader<'_>) {
        let [order] = body.array();
        if order == b'm' {
            let numbers = [size_of::<Context>(), self.deepest];
            return reply(TAG, &[numbers.map(usize::to_le_bytes).as_flattened()]);
        }
        let mut done = None;
        let mut buffer = [0; BUFFER];
        let depth = stack::depth_of(|| done = self.obey(order, body, &mut buffer));
        self.deepest = self.deepest.max(depth);
        let bytes = done.and_then(|length| buffer.get(..length));
        reply(TAG, &[bytes.unwrap_or(&[])]);
    }

    /// Does what it is told, and leaves a message of this length in the buffer.
    fn obey(
        &mut self,
        order: u8,
        mut body: Reader<'_>,
        buffer: &mut [u8; BUFFER],
    ) -> Option<usize> {
        match order {
            b'b' => {
                let rekey = oscore::begin(body.array())?;
                self.ask(rekey, buffer)
            }
            b'a' => self.answered(body, buffer),
            b'r' => {
                let context = self.context.as_mut()?;
                let (packet, binding) = oscore::protect_request(context, GET)?;
                self.asked = Some(binding);
                put(buffer, packet.as_bytes())
            }
            b's' => {
                let context = self.context.as_mut()?;
                let packet = oscore::unprotect_response(context, self.asked.as_ref()?, body.0)?;
                put(buffer, packet.as_bytes())
            }
            _ => {
                let context = self.context.as_mut()?;
                let (_, mut binding) = oscore::unprotect_request(context, body.0)?;
                let packet = oscore::protect_response(context, &mut binding, CHANGED)?;
                put(buffer, packet.as_bytes())
            }
        }
    }

    fn ask(&mut self, mut rekey: ClientRekey, buffer: &mut [u8; BUFFER]) -> Option<usize> {
        put(buffer, GET)?;
        let (length, binding) = oscore::ask(&mut rekey, buffer, GET.len())?;
        self.rekey = Some((rekey, binding));
        Some(length)
    }

    fn answered(&mut self, mut body: Reader<'_>, buffer: &mut [u8; BUFFER]) -> Option<usize> {
        let r3 = body.array();
        let length = put(buffer, body.0)?;
        let (mut rekey, binding) = self.rekey.take()?;
        match oscore::answered(&mut rekey, &binding, buffer.get_mut(..length)?, r3)? {
            Answer::AskAgain(_) => self.ask(rekey, buffer),
            Answer::Established(length) => {
                self.context = rekey.into_context();
                Some(length)
            }
        }
    }
}

fn put(buffer: &mut [u8; BUFFER], bytes: &[u8]) -> Option<usize> {
    buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(bytes.len())
}
