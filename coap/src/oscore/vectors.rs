//! The test vectors of RFC 8613 appendix C.

use alloc::vec::Vec;

use super::aad::Aad;
use super::*;

/// The bytes that hexadecimal digits write.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .bytes()
        .map(|digit| char::from(digit).to_digit(16).expect("a digit"))
        .map(|digit| u8::try_from(digit).expect("small"))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn iv(number: u64) -> PartialIv {
    PartialIv::new(number).expect("in range")
}

/// The inputs of one of C.1 to C.3, and what is derived from them.
struct Derivation {
    salt: &'static str,
    client: &'static str,
    server: &'static str,
    id_context: Option<&'static str>,
    client_key: &'static str,
    server_key: &'static str,
    common_iv: &'static str,
    /// With a Partial IV of 0.
    client_nonce: &'static str,
    server_nonce: &'static str,
}

const SECRET: &str = "0102030405060708090a0b0c0d0e0f10";

const C1: Derivation = Derivation {
    salt: "9e7ca92223786340",
    client: "",
    server: "01",
    id_context: None,
    client_key: "f0910ed7295e6ad4b54fc793154302ff",
    server_key: "ffb14e093c94c9cac9471648b4f98710",
    common_iv: "4622d4dd6d944168eefb54987c",
    client_nonce: "4622d4dd6d944168eefb54987c",
    server_nonce: "4722d4dd6d944169eefb54987c",
};

const C2: Derivation = Derivation {
    salt: "",
    client: "00",
    server: "01",
    id_context: None,
    client_key: "321b26943253c7ffb6003b0b64d74041",
    server_key: "e57b5635815177cd679ab4bcec9d7dda",
    common_iv: "be35ae297d2dace910c52e99f9",
    client_nonce: "bf35ae297d2dace910c52e99f9",
    server_nonce: "bf35ae297d2dace810c52e99f9",
};

const C3: Derivation = Derivation {
    salt: "9e7ca92223786340",
    client: "",
    server: "01",
    id_context: Some("37cbf3210017a2d3"),
    client_key: "af2a1300a5e95788b356336eeecd2b92",
    server_key: "e39a0c7c77b43f03b4b39ab9a268699f",
    common_iv: "2ca58fb85ff1b81c0b7181b85e",
    client_nonce: "2ca58fb85ff1b81c0b7181b85e",
    server_nonce: "2da58fb85ff1b81d0b7181b85e",
};

impl Derivation {
    fn context(&self, sender: &str, recipient: &str) -> Context {
        let id = |digits: &str| KeyId::new(&hex(digits)).expect("short");
        let (secret, salt) = (hex(SECRET), hex(self.salt));
        let keying = Keying {
            secret: &secret,
            salt: &salt,
            sender: id(sender),
            recipient: id(recipient),
        };
        let id_context = self
            .id_context
            .map(|digits| IdContext::new(&hex(digits)).expect("short"));
        Context::derive(&keying, id_context).expect("good inputs")
    }

    fn client(&self) -> Context {
        self.context(self.client, self.server)
    }

    fn server(&self) -> Context {
        self.context(self.server, self.client)
    }
}

fn check_derivation(vector: &Derivation) {
    for (context, ours, theirs, our_nonce, their_nonce) in [
        (
            vector.client(),
            vector.client_key,
            vector.server_key,
            vector.client_nonce,
            vector.server_nonce,
        ),
        (
            vector.server(),
            vector.server_key,
            vector.client_key,
            vector.server_nonce,
            vector.client_nonce,
        ),
    ] {
        assert_eq!(context.sender.key.bytes()[..], hex(ours));
        assert_eq!(context.recipient.key.bytes()[..], hex(theirs));
        assert_eq!(context.common.iv.0[..], hex(vector.common_iv));
        let nonce = |id: &KeyId| context.nonce(id, iv(0)).to_vec();
        assert_eq!(nonce(&context.sender.id), hex(our_nonce));
        assert_eq!(nonce(&context.recipient.id), hex(their_nonce));
    }
}

/// C.1.1 and C.1.2.
#[test]
fn c1_keys_with_master_salt() {
    check_derivation(&C1);
}

/// C.2.1 and C.2.2.
#[test]
fn c2_keys_without_master_salt() {
    check_derivation(&C2);
}

/// C.3.1 and C.3.2.
#[test]
fn c3_keys_with_id_context() {
    check_derivation(&C3);
}

/// A request with Partial IV 20, as it is and as it is protected.
struct Request {
    derivation: Derivation,
    plain: &'static str,
    aad: &'static str,
    nonce: &'static str,
    protected: &'static str,
}

impl Request {
    fn check(&self) {
        let Derivation { id_context, .. } = self.derivation;
        let mut client = self.derivation.client().starting_at(iv(20));
        let id_context = id_context.map(hex);
        let plain = hex(self.plain);
        let mut buffer = [0; 96];
        buffer[..plain.len()].copy_from_slice(&plain);
        let (length, binding) = client
            .protect_request(&mut buffer, plain.len(), id_context.as_deref())
            .expect("it fits");
        assert_eq!(buffer[..length], hex(self.protected));
        assert_eq!(Aad::new(&binding).as_bytes(), hex(self.aad));
        let nonce = client.nonce(&binding.key_id, binding.partial_iv);
        assert_eq!(nonce[..], hex(self.nonce));

        let mut server = self.derivation.server();
        let (length, reply) = server
            .unprotect_request(&mut buffer[..length])
            .expect("it verifies");
        assert_eq!(buffer[..length], plain);
        assert_eq!(reply.request(), binding);
    }
}

#[test]
fn c4_request() {
    Request {
        derivation: C1,
        plain: "44015d1f00003974396c6f63616c686f737483747631",
        aad: "8368456e63727970743040488501810a40411440",
        nonce: "4622d4dd6d944168eefb549868",
        protected: "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e",
    }
    .check();
}

#[test]
fn c5_request_of_a_client_with_an_id() {
    Request {
        derivation: C2,
        plain: "440171c30000b932396c6f63616c686f737483747631",
        aad: "8368456e63727970743040498501810a4100411440",
        nonce: "bf35ae297d2dace910c52e99ed",
        protected: "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0",
    }
    .check();
}

#[test]
fn c6_request_with_kid_context() {
    Request {
        derivation: C3,
        plain: "44012f8eef9bbf7a396c6f63616c686f737483747631",
        aad: "8368456e63727970743040488501810a40411440",
        nonce: "2ca58fb85ff1b81c0b7181b84a",
        protected: "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3\
                    ff72cd7273fd331ac45cffbe55c3",
    }
    .check();
}

/// The response to the request of C.4, as it is protected.
fn check_response(own_partial_iv: bool, protected: &str) {
    const PLAIN: &str = "64455d1f00003974ff48656c6c6f20576f726c6421";

    let mut request = hex("44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e");
    let mut server = C1.server();
    let (_, mut reply) = server.unprotect_request(&mut request).expect("C.4");
    let plain = hex(PLAIN);
    let mut buffer = [0; 64];
    buffer[..plain.len()].copy_from_slice(&plain);
    let form = ReplyForm {
        own_partial_iv,
        id_context: None,
    };
    let length = server
        .protect_response(&mut reply, &mut buffer, plain.len(), form)
        .expect("it fits");
    assert_eq!(buffer[..length], hex(protected));

    let length = C1
        .client()
        .unprotect_response(&reply.request(), &mut buffer[..length])
        .expect("it verifies");
    assert_eq!(buffer[..length], plain);
}

#[test]
fn c7_response() {
    check_response(
        false,
        "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106",
    );
}

#[test]
fn c8_response_with_partial_iv() {
    check_response(
        true,
        "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
    );
}
