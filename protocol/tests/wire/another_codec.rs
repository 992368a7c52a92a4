//! Our CBOR beside somebody else's, `ciborium`: what one writes the other reads, as the same tree.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a tree may hold more than the wire has"
)]

use ciborium::Value;
use edgerm_protocol::codec::{Decoder, Encoder, Stopped};
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::owned::Description;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::samples::{description, sample};

/// Longer than any tree that is drawn here.
const ROOM: usize = 1 << 16;

/// A tree of what the wire uses.
fn tree() -> impl Strategy<Value = Value> {
    branching(leaf())
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<u16>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-300_i32..300).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        "[ -~äß°€🌡]{0,40}".prop_map(Value::Text),
    ]
}

/// A tree of whatever `ciborium` writes.
fn any_tree() -> impl Strategy<Value = Value> {
    let negative = any::<u64>().prop_map(|n| (-1 - i128::from(n)).try_into().map(Value::Integer));
    let leaf = prop_oneof![
        leaf(),
        negative.prop_map(|number| number.expect("a distance of 64 bits from -1")),
        any::<f64>().prop_map(Value::Float),
        any::<f32>().prop_map(|float| Value::Float(float.into())),
        Just(Value::Null),
    ];
    branching(leaf).prop_flat_map(|value| {
        let inner = Box::new(value.clone());
        let tagged = any::<u64>().prop_map(move |tag| Value::Tag(tag, inner.clone()));
        prop_oneof![Just(value), tagged]
    })
}

fn branching(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    leaf.prop_recursive(4, 64, 30, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..30).prop_map(Value::Array),
            vec((inner.clone(), inner), 0..30).prop_map(Value::Map),
        ]
    })
}

fn written_by_it(tree: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(tree, &mut bytes).unwrap();
    bytes
}

fn read_by_it(bytes: &[u8]) -> Value {
    let mut left = bytes;
    let tree = ciborium::from_reader(&mut left).unwrap();
    assert!(left.is_empty(), "{left:02x?} is left of {bytes:02x?}");
    tree
}

fn write(encoder: &mut Encoder<'_>, tree: &Value) {
    match tree {
        Value::Integer(number) => match (u64::try_from(*number), i32::try_from(*number)) {
            (Ok(number), _) => encoder.unsigned(number),
            (Err(_), Ok(number)) => encoder.signed(number),
            (Err(_), Err(_)) => unreachable!("no {number:?} is on the wire"),
        },
        Value::Bool(value) => encoder.bool(*value),
        Value::Bytes(bytes) => encoder.bytes(bytes),
        Value::Text(text) => encoder.text(text),
        Value::Array(members) => {
            encoder.array(members.len());
            members.iter().for_each(|member| write(encoder, member));
        }
        Value::Map(entries) => {
            encoder.map(entries.len());
            for (key, value) in entries {
                write(encoder, key);
                write(encoder, value);
            }
        }
        other => unreachable!("no {other:?} is on the wire"),
    }
}

/// Reads what should be `tree`, and tells whether it is.
fn reads(decoder: &mut Decoder<'_>, tree: &Value) -> Result<bool, Stopped> {
    Ok(match tree {
        Value::Integer(number) => match (u64::try_from(*number), i32::try_from(*number)) {
            (Ok(number), Ok(small)) => {
                let mut again = decoder.clone();
                again.signed()? == small && decoder.unsigned::<u64>()? == number
            }
            (Ok(number), Err(_)) => decoder.unsigned::<u64>()? == number,
            (Err(_), Ok(number)) => decoder.signed()? == number,
            (Err(_), Err(_)) => false,
        },
        Value::Bool(value) => decoder.bool()? == *value,
        Value::Bytes(bytes) => decoder.bytes()? == bytes,
        Value::Text(text) => decoder.text()? == text,
        Value::Array(members) => {
            let mut is_same = decoder.array()? == members.len() as u64;
            for member in members {
                is_same &= reads(decoder, member)?;
            }
            is_same
        }
        Value::Map(entries) => {
            let mut is_same = decoder.map()? == entries.len() as u64;
            for (key, value) in entries {
                is_same &= reads(decoder, key)? & reads(decoder, value)?;
            }
            is_same
        }
        _ => false,
    })
}

/// Whether we read the bytes as this tree, and nothing behind it.
fn is_read_as(bytes: &[u8], tree: &Value) -> bool {
    let mut decoder = Decoder::new(bytes);
    let read = reads(&mut decoder, tree);
    decoder.finish(read) == Ok(true)
}

/// The same with the entries of every map in another order.
fn reversed(tree: &Value) -> Value {
    match tree {
        Value::Map(entries) => {
            let entries = entries.iter().rev();
            let each = |(key, value): &(Value, Value)| (key.clone(), reversed(value));
            Value::Map(entries.map(each).collect())
        }
        Value::Array(members) => Value::Array(members.iter().map(reversed).collect()),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn a_tree_has_the_same_bytes(tree in tree()) {
        let mut buffer = vec![0; ROOM];
        let mut encoder = Encoder::new(&mut buffer);
        write(&mut encoder, &tree);
        let bytes = encoder.finish().unwrap();
        prop_assert_eq!(bytes, written_by_it(&tree));
        prop_assert_eq!(read_by_it(bytes), tree);
    }

    #[test]
    fn what_it_writes_we_read(tree in tree()) {
        prop_assert!(is_read_as(&written_by_it(&tree), &tree));
    }

    #[test]
    fn whatever_it_writes_we_pass_over(tree in any_tree(), end in any::<Index>()) {
        let bytes = written_by_it(&tree);
        let mut decoder = Decoder::new(&bytes);
        let skipped = decoder.skip();
        prop_assert_eq!(decoder.finish(skipped), Ok(()));
        let cut = &bytes[..end.index(bytes.len())];
        prop_assert_eq!(Decoder::new(cut).skip(), Err(Stopped));
    }

    #[test]
    fn a_message_is_the_same_tree_to_both(sample in sample()) {
        let tree = read_by_it(&sample.bytes);
        prop_assert!(is_read_as(&sample.bytes, &tree));
        let bytes = written_by_it(&tree);
        prop_assert_eq!(&bytes, &sample.bytes, "ours is the shortest form, in order of keys");
        let disordered = written_by_it(&reversed(&tree));
        prop_assert_eq!((sample.kind.reencode)(&disordered), Ok(sample.bytes));
    }

    #[test]
    fn a_description_is_the_same_tree_to_both(description in description()) {
        let own = description.to_bytes().unwrap();
        let tree = read_by_it(&own);
        prop_assert!(is_read_as(&own, &tree));
        prop_assert_eq!(&written_by_it(&tree), &own);
        let disordered = written_by_it(&reversed(&tree));
        let read = EncodedDescription::new(&disordered).unwrap();
        prop_assert_eq!(Description::try_from(read), Ok(description));
    }
}
