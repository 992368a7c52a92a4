//! Two ends with the same keys, and messages for them.

use edgerm_coap::Packet;
use edgerm_coap::oscore::{
    Context, IdContext, KeyId, Keying, ProtectError, ReplyBinding, ReplyForm, RequestBinding,
    UnprotectError,
};
use proptest::prelude::*;

pub(crate) const SECRET: &[u8] = &[0x5e; 16];

/// A GET of `p`, token 0x77, and its 2.05 with two bytes.
pub(crate) const GET: &[u8] = b"\x41\x01\x30\x39\x77\xb1p";
pub(crate) const CONTENT: &[u8] = b"\x61\x45\x30\x39\x77\xffok";

pub(crate) fn id(bytes: &[u8]) -> KeyId {
    KeyId::new(bytes).expect("short")
}

/// The client's keying; `flip` it for the server's. The server's id is not empty, for a response
/// that a stranger gives an empty kid says nothing that it did not say before.
pub(crate) fn keying() -> Keying<'static> {
    Keying {
        secret: SECRET,
        salt: b"salt",
        sender: id(&[1, 2]),
        recipient: id(&[3]),
    }
}

pub(crate) fn flip(keying: Keying<'_>) -> Keying<'_> {
    Keying {
        sender: keying.recipient,
        recipient: keying.sender,
        ..keying
    }
}

pub(crate) struct Ends {
    pub(crate) client: Context,
    pub(crate) server: Context,
}

impl Ends {
    pub(crate) fn new() -> Self {
        Self::of(keying(), IdContext::new(b"boot"))
    }

    pub(crate) fn of(keying: Keying<'_>, id_context: Option<IdContext>) -> Self {
        let derive = |keying: Keying<'_>| Context::derive(&keying, id_context).expect("safe");
        Self {
            client: derive(keying),
            server: derive(flip(keying)),
        }
    }

    /// A request of the client as it goes over the wire.
    pub(crate) fn ask(&mut self, plain: &[u8]) -> (Vec<u8>, RequestBinding) {
        protect_request(&mut self.client, plain).expect("it fits")
    }

    /// The server takes it, and answers.
    pub(crate) fn answer(
        &mut self,
        request: &[u8],
        plain: &[u8],
        own_partial_iv: bool,
    ) -> (Vec<u8>, ReplyBinding) {
        let (_, mut reply) = unprotect_request(&mut self.server, request).expect("it verifies");
        let response = protect_response(&mut self.server, &mut reply, plain, own_partial_iv);
        (response.expect("it fits"), reply)
    }
}

/// The message in a buffer that has room for all that may come to it.
pub(crate) fn in_buffer(plain: &[u8]) -> Vec<u8> {
    let mut buffer = plain.to_vec();
    buffer.resize(2 * plain.len() + Context::MAX_OVERHEAD, 0xee);
    buffer
}

pub(crate) fn protect_request(
    context: &mut Context,
    plain: &[u8],
) -> Result<(Vec<u8>, RequestBinding), ProtectError> {
    let mut buffer = in_buffer(plain);
    let (length, binding) = context.protect_request(&mut buffer, plain.len(), None)?;
    buffer.truncate(length);
    Ok((buffer, binding))
}

pub(crate) fn unprotect_request(
    context: &mut Context,
    datagram: &[u8],
) -> Result<(Vec<u8>, ReplyBinding), UnprotectError> {
    let mut buffer = datagram.to_vec();
    let (length, reply) = context.unprotect_request(&mut buffer)?;
    buffer.truncate(length);
    Ok((buffer, reply))
}

pub(crate) fn protect_response(
    context: &mut Context,
    reply: &mut ReplyBinding,
    plain: &[u8],
    own_partial_iv: bool,
) -> Result<Vec<u8>, ProtectError> {
    let mut buffer = in_buffer(plain);
    let form = ReplyForm {
        own_partial_iv,
        id_context: None,
    };
    let length = context.protect_response(reply, &mut buffer, plain.len(), form)?;
    buffer.truncate(length);
    Ok(buffer)
}

pub(crate) fn unprotect_response(
    context: &Context,
    request: &RequestBinding,
    datagram: &[u8],
) -> Result<Vec<u8>, UnprotectError> {
    let mut buffer = datagram.to_vec();
    let length = context.unprotect_response(request, &mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// A message: what it is made of, and its bytes.
pub(crate) fn message(
    code: u8,
    token: &[u8],
    options: &[(u16, Vec<u8>)],
    payload: &[u8],
) -> Vec<u8> {
    let first = 0x40 | u8::try_from(token.len()).expect("short");
    let mut bytes = vec![first, code, 0x12, 0x34];
    bytes.extend(token);
    let mut before = 0;
    for (number, value) in options {
        head(&mut bytes, number - before, value.len());
        bytes.extend(value);
        before = *number;
    }
    if !payload.is_empty() {
        bytes.push(0xff);
        bytes.extend(payload);
    }
    Packet::from_bytes(&bytes)
        .expect("well formed")
        .into_bytes()
}

fn head(bytes: &mut Vec<u8>, delta: u16, length: usize) {
    let parts = [usize::from(delta), length];
    let nibbles = parts.map(|part| match part {
        0..13 => (u8::try_from(part).expect("small"), vec![]),
        13..269 => (13, vec![u8::try_from(part - 13).expect("small")]),
        _ => {
            let extended = u16::try_from(part - 269).expect("small");
            (14, extended.to_be_bytes().to_vec())
        }
    });
    let [(high, delta), (low, length)] = nibbles;
    bytes.push(high << 4 | low);
    bytes.extend(delta);
    bytes.extend(length);
}

/// The numbers of options in the order that they have in a message.
pub(crate) fn options(numbers: &'static [u16]) -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let value = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 0..16),
        1 => proptest::collection::vec(any::<u8>(), 0..300),
    ];
    let option = (proptest::sample::select(numbers), value);
    proptest::collection::vec(option, 0..12).prop_map(|mut options| {
        options.sort_by_key(|(number, _)| *number);
        options
    })
}

/// Options of every class and length of head, but for Observe, OSCORE and Proxy-Uri.
pub(crate) const NUMBERS: &[u16] = &[
    1, 3, 4, 5, 7, 8, 11, 12, 14, 15, 17, 20, 23, 27, 28, 39, 60, 252, 258, 292, 2048, 65_000,
];

pub(crate) fn any_message(codes: impl Strategy<Value = u8>) -> impl Strategy<Value = Vec<u8>> {
    let token = proptest::collection::vec(any::<u8>(), 0..=8);
    let payload = proptest::collection::vec(any::<u8>(), 0..64);
    (codes, token, options(NUMBERS), payload)
        .prop_map(|(code, token, options, payload)| message(code, &token, &options, &payload))
}

pub(crate) fn any_request() -> impl Strategy<Value = Vec<u8>> {
    any_message(1..=31u8)
}

pub(crate) fn any_response() -> impl Strategy<Value = Vec<u8>> {
    any_message(prop_oneof![0x40..=0x5fu8, 0x80..=0xbfu8])
}
