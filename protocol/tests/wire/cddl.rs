//! `docs/protocol.md` and the code agree: what is sent is valid by the CDDL, and what the CDDL
//! refuses is refused.

use ciborium::Value;
use edgerm_protocol::description::EncodedDescription;
use proptest::prelude::*;

use super::golden::VECTORS;
use super::samples::{KINDS, description, kind, sample};

const DOCUMENT: &str = include_str!("../../../docs/protocol.md");

/// The one block of CDDL in the document.
fn rules() -> &'static str {
    let (_, after) = DOCUMENT.split_once("```cddl\n").unwrap();
    let (rules, rest) = after.split_once("```").unwrap();
    assert!(!rest.contains("```cddl"), "a second block would be ignored");
    rules
}

fn is_valid(rule: &str, bytes: &[u8]) -> bool {
    match cddl_cat::validate_cbor_bytes(rule, rules(), bytes) {
        Ok(()) => true,
        Err(
            cddl_cat::ValidateError::Mismatch(_)
            | cddl_cat::ValidateError::MapCut(_)
            | cddl_cat::ValidateError::ValueError(_),
        ) => false,
        Err(error) => panic!("{rule} cannot be used: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_sent_is_valid(sample in sample()) {
        prop_assert!(is_valid(sample.kind.rule, &sample.bytes));
    }

    #[test]
    fn a_description_is_valid(description in description()) {
        prop_assert!(is_valid("description", &description.to_bytes().unwrap()));
    }
}

#[test]
fn every_message_has_a_rule_and_a_golden_vector() {
    for kind in KINDS {
        assert!(
            VECTORS.iter().any(|vector| vector.rule == kind.rule),
            "{}",
            kind.rule
        );
        assert!(
            rules().contains(&format!("\n{} = {{", kind.rule)),
            "{}",
            kind.rule
        );
    }
}

/// Whether the code reads `bytes` as `rule`.
fn is_read(rule: &str, bytes: &[u8]) -> bool {
    if rule == "description" {
        EncodedDescription::new(bytes).is_ok()
    } else {
        (kind(rule).reencode)(bytes).is_ok()
    }
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// `value` once for each of its parts, that part replaced by what `edit` makes of it.
fn edits(value: &Value, edit: &dyn Fn(&Value) -> Vec<Value>) -> Vec<Value> {
    let mut edited = edit(value);
    for (at, member) in value.as_array().into_iter().flatten().enumerate() {
        for member in edits(member, edit) {
            let mut members = value.as_array().cloned().unwrap();
            members[at] = member;
            edited.push(Value::Array(members));
        }
    }
    for (at, (key, member)) in value.as_map().into_iter().flatten().enumerate() {
        for member in edits(member, edit) {
            let mut entries = value.as_map().cloned().unwrap();
            entries[at] = (key.clone(), member);
            edited.push(Value::Map(entries));
        }
    }
    edited
}

fn parsed(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

#[test]
fn another_type_is_refused_by_both() {
    let mut seen = 0;
    for vector in VECTORS {
        for wrong in edits(&parsed(&vector.bytes()), &|_| vec![Value::Float(0.5)]) {
            let bytes = encoded(&wrong);
            assert!(!is_valid(vector.rule, &bytes), "{} {wrong:?}", vector.rule);
            assert!(!is_read(vector.rule, &bytes), "{} {wrong:?}", vector.rule);
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

/// Every map with each of its entries away.
fn without_an_entry(value: &Value) -> Vec<Value> {
    let Value::Map(entries) = value else {
        return Vec::new();
    };
    let without = |at| {
        let mut entries = entries.clone();
        entries.remove(at);
        Value::Map(entries)
    };
    (0..entries.len()).map(without).collect()
}

#[test]
fn both_agree_on_which_keys_may_be_absent() {
    let mut refused = 0;
    for vector in VECTORS {
        for less in edits(&parsed(&vector.bytes()), &without_an_entry) {
            let bytes = encoded(&less);
            let is_read = is_read(vector.rule, &bytes);
            assert_eq!(
                is_valid(vector.rule, &bytes),
                is_read,
                "{} {less:?}",
                vector.rule
            );
            refused += usize::from(!is_read);
        }
    }
    assert!(refused > 20, "{refused}");
}

/// Every map whose keys are integers with one more, of any shape.
fn with_an_unknown_key(value: &Value) -> Vec<Value> {
    let Value::Map(entries) = value else {
        return Vec::new();
    };
    if entries.iter().any(|(key, _)| !key.is_integer()) {
        return Vec::new();
    }
    let nested = Value::Array(vec![Value::Null, Value::Map(vec![(0.into(), 1.5.into())])]);
    let unknown = [
        (Value::from(23), nested),
        (Value::from(-1), Value::from("unknown")),
        (Value::from(1_i64 << 40), Value::Bytes(vec![0; 300])),
    ];
    let with = |(entry, first)| {
        let mut entries = entries.clone();
        entries.insert(if first { 0 } else { entries.len() }, entry);
        Value::Map(entries)
    };
    unknown
        .into_iter()
        .flat_map(|entry| [(entry.clone(), true), (entry, false)])
        .map(with)
        .collect()
}

#[test]
fn an_unknown_key_is_passed_over_by_both() {
    let mut seen = 0;
    for vector in VECTORS {
        for more in edits(&parsed(&vector.bytes()), &with_an_unknown_key) {
            let bytes = encoded(&more);
            assert!(is_valid(vector.rule, &bytes), "{} {more:?}", vector.rule);
            if vector.rule == "description" {
                assert!(is_read(vector.rule, &bytes), "{more:?}");
            } else {
                let reencoded = (kind(vector.rule).reencode)(&bytes);
                assert_eq!(reencoded, Ok(vector.bytes()), "{} {more:?}", vector.rule);
            }
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn what_is_beyond_its_capacity_is_refused_by_both() {
    let updates = |count| {
        let update = parsed(&[0xa2, 0x00, 0x01, 0x01, 0x05]);
        Value::Array(vec![update; count])
    };
    let text = |length| Value::from("x".repeat(length));
    let bytes = |length| Value::Bytes(vec![0; length]);
    let map = |entries: &[(i64, Value)]| {
        let entry = |(key, value): &(i64, Value)| (Value::from(*key), value.clone());
        Value::Map(entries.iter().map(entry).collect())
    };
    let resource = |value: Value| map(&[(0, Value::Map(vec![(text(1), value)]))]);
    let attribute = |value: Value| map(&[(1, Value::Map(vec![(text(1), value)]))]);
    let many = |count: usize| {
        let entry = |number: usize| (Value::from(format!("r{number}")), Value::from(1));
        map(&[(0, Value::Map((0..count).map(entry).collect()))])
    };
    let one = || Value::from(1);
    let message = |payload| map(&[(0, one()), (1, one()), (2, payload)]);
    let register = |name| map(&[(0, one()), (1, name), (2, one()), (3, one()), (4, one())]);
    // A rule, a value within the capacity, and one beyond it.
    let cases = [
        (
            "ping",
            map(&[(0, one()), (1, updates(16))]),
            map(&[(0, one()), (1, updates(17))]),
        ),
        (
            "ping",
            map(&[(0, u32::MAX.into())]),
            map(&[(0, (1_u64 << 32).into())]),
        ),
        ("pong", map(&[(0, 255.into())]), map(&[(0, 256.into())])),
        ("message", message(bytes(800)), message(bytes(801))),
        ("register", register(text(32)), register(text(33))),
        ("register", register(text(1)), register(text(0))),
        ("description", many(64), many(65)),
        ("description", attribute(text(64)), attribute(text(65))),
        (
            "description",
            resource(Value::Array(vec![text(1); 8])),
            resource(Value::Array(vec![text(1); 9])),
        ),
        (
            "description",
            resource(Value::Array(vec![Value::Array(vec![
                1.into(),
                65_535.into(),
            ])])),
            resource(Value::Array(vec![Value::Array(vec![
                1.into(),
                65_536.into(),
            ])])),
        ),
        (
            "description",
            resource(u64::MAX.into()),
            resource((-1).into()),
        ),
    ];
    for (rule, within, beyond) in cases {
        let (within, beyond) = (encoded(&within), encoded(&beyond));
        assert!(
            is_valid(rule, &within) && is_read(rule, &within),
            "{rule} {within:02x?}"
        );
        assert!(!is_valid(rule, &beyond), "{rule} {beyond:02x?}");
        assert!(!is_read(rule, &beyond), "{rule} {beyond:02x?}");
    }
}
