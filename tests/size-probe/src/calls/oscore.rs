//! Every call of OSCORE that a node makes.

use core::hint::black_box;

use edgerm_coap::oscore::rekey::{Answer, ClientRekey};
use edgerm_coap::oscore::{Binding, Context, KeyId, Keying, RequestBinding};
use edgerm_coap::{Packet, Security};

/// Bytes of the longest message here, protected.
pub(crate) const BUFFER: usize = 256;

/// Keys that firmware would read out of its settings; `xtask/src/size/oscore.rs` has the same.
#[inline(never)]
fn with_keying<Made>(make: impl FnOnce(&Keying<'_>) -> Made) -> Option<Made> {
    let (secret, id) = black_box(([0x5e; 16], [0, 1, 2, 3]));
    Some(make(&Keying {
        secret: &secret,
        salt: &[],
        sender: KeyId::new(&id)?,
        recipient: KeyId::EMPTY,
    }))
}

#[inline(never)]
pub(crate) fn begin(r1: [u8; 8]) -> Option<ClientRekey> {
    with_keying(|keying| ClientRekey::new(keying, r1))?.ok()
}

#[inline(never)]
pub(crate) fn ask(
    rekey: &mut ClientRekey,
    buffer: &mut [u8; BUFFER],
    length: usize,
) -> Option<(usize, RequestBinding)> {
    rekey.protect_request(buffer, length).ok()
}

#[inline(never)]
pub(crate) fn answered(
    rekey: &mut ClientRekey,
    request: &RequestBinding,
    datagram: &mut [u8],
    r3: [u8; 8],
) -> Option<Answer> {
    with_keying(|keying| rekey.handle_response(keying, request, datagram, r3))?.ok()
}

#[inline(never)]
pub(crate) fn protect_request(context: &mut Context, plain: &[u8]) -> Option<(Packet, Binding)> {
    let packet = Packet::from_bytes(plain).ok()?;
    Security::protect_request(context, packet).ok()
}

#[inline(never)]
pub(crate) fn unprotect_request(context: &mut Context, bytes: &[u8]) -> Option<(Packet, Binding)> {
    let packet = Packet::from_bytes(bytes).ok()?;
    context.request_key(&packet)?;
    Security::unprotect_request(context, packet).ok()
}

#[inline(never)]
pub(crate) fn protect_response(
    context: &mut Context,
    binding: &mut Binding,
    plain: &[u8],
) -> Option<Packet> {
    let packet = Packet::from_bytes(plain).ok()?;
    Security::protect_response(context, binding, packet).ok()
}

#[inline(never)]
pub(crate) fn unprotect_response(
    context: &mut Context,
    binding: &Binding,
    bytes: &[u8],
) -> Option<Packet> {
    let packet = Packet::from_bytes(bytes).ok()?;
    Security::unprotect_response(context, binding, packet).ok()
}
