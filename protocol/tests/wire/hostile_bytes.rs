//! Whatever bytes come, they are refused by name or read as a message: never a panic.

use edgerm_protocol::codec::DecodeError;
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::limits::MAX_DESCRIPTION;
use edgerm_protocol::owned::Description;
use proptest::prelude::*;
use proptest::sample::Index;

use super::samples::{KINDS, description, kind, sample};

/// Reads `bytes` as everything, and what could be read once more from its own encoding.
fn read_as_everything(bytes: &[u8]) {
    for kind in KINDS {
        if let Ok(reencoded) = (kind.reencode)(bytes) {
            assert_eq!(
                (kind.reencode)(&reencoded).as_ref(),
                Ok(&reencoded),
                "{}",
                kind.rule
            );
        }
    }
    read_as_description(bytes);
}

fn read_as_description(bytes: &[u8]) {
    let Ok(encoded) = EncodedDescription::new(bytes) else {
        return;
    };
    if let Ok(description) = Description::try_from(encoded) {
        let bytes = description.to_bytes().unwrap();
        let again = EncodedDescription::new(&bytes).unwrap();
        assert_eq!(Description::try_from(again), Ok(description));
    }
}

/// `bytes` with each of `changes` written over what was there.
fn mutated(mut bytes: Vec<u8>, changes: &[(Index, u8)]) -> Vec<u8> {
    for (at, byte) in changes {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec(any::<(Index, u8)>(), 1..4)
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..1_024)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn a_changed_message(sample in sample(), changes in changes()) {
        read_as_everything(&mutated(sample.bytes, &changes));
    }

    #[test]
    fn a_changed_description(description in description(), changes in changes()) {
        read_as_description(&mutated(description.to_bytes().unwrap(), &changes));
    }

    #[test]
    fn a_truncated_message_is_malformed(sample in sample(), end in any::<Index>()) {
        let end = end.index(sample.bytes.len());
        let read = (sample.kind.reencode)(&sample.bytes[..end]);
        prop_assert!(matches!(read, Err(DecodeError::Malformed { at }) if at <= end), "{:?}", read);
    }
}

#[test]
fn garbage_is_refused_by_name() {
    let cases: &[(&str, &[u8], DecodeError)] = &[
        ("ping", b"", DecodeError::Malformed { at: 0 }),
        // A text, an array, and a text for a key.
        ("ping", b"\x64ping", DecodeError::Malformed { at: 0 }),
        ("ping", b"\x81\x01", DecodeError::Malformed { at: 0 }),
        ("ping", b"\xa1\x61a\x01", DecodeError::Malformed { at: 1 }),
        // A session of another type, one that is too wide, and none.
        ("ping", b"\xa1\x00\x61a", DecodeError::Malformed { at: 2 }),
        ("ping", b"\xa1\x00\x20", DecodeError::Malformed { at: 2 }),
        (
            "ping",
            b"\xa1\x00\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
            DecodeError::OutOfRange { at: 2 },
        ),
        ("ping", b"\xa0", DecodeError::Missing),
        (
            "ping",
            b"\xa1\x00\x01\xff",
            DecodeError::Trailing { bytes: 1 },
        ),
        // A map that promises 2^64 - 1 entries.
        (
            "pong",
            b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
            DecodeError::Malformed { at: 9 },
        ),
        // Text that is no UTF-8, and a detail with an escape in it.
        (
            "register",
            b"\xa2\x00\x01\x01\x62\xff\xfe",
            DecodeError::OutOfRange { at: 4 },
        ),
        (
            "ping",
            b"\xa2\x00\x01\x01\x81\xa3\x00\x01\x01\x05\x03\x62\x1b[",
            DecodeError::OutOfRange { at: 14 },
        ),
    ];
    for (rule, bytes, error) in cases {
        let read = (kind(rule).reencode)(bytes);
        assert_eq!(read.as_ref(), Err(error), "{rule} {bytes:02x?}");
    }
}

/// An unknown number in an optional field must not be taken for an absent one, nor let the
/// fields after it slip.
#[test]
fn an_unknown_state_is_refused() {
    let cases: &[(&str, &[u8], DecodeError)] = &[(
        "ping",
        b"\xa2\x00\x01\x01\x82\xa2\x00\x01\x01\x18\x63\xa2\x00\x02\x01\x05",
        DecodeError::OutOfRange { at: 9 },
    )];
    for (rule, bytes, error) in cases {
        let read = (kind(rule).reencode)(bytes);
        assert_eq!(read.as_ref(), Err(error), "{rule} {bytes:02x?}");
    }
}

#[test]
fn a_description_that_is_too_long_is_refused() {
    let mut bytes = vec![0xa1, 0x18, 0x63, 0x59, 0x10, 0x00];
    bytes.resize(6 + 4_096, 0);
    let error = DecodeError::OutOfRange {
        at: MAX_DESCRIPTION,
    };
    assert_eq!(EncodedDescription::new(&bytes), Err(error));
}
