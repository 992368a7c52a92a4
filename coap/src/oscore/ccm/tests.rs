use ::ccm::aead::{AeadInOut, KeyInit};
use ::ccm::consts::{U8, U13};
use aes::Aes128;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

use super::super::vectors::hex;
use super::*;

/// A packet vector of RFC 3610 section 8.
struct Vector {
    number: usize,
    nonce: &'static str,
    aad: &'static str,
    message: &'static str,
    /// With the tag at the end.
    sealed: &'static str,
}

impl Vector {
    fn key(&self) -> [u8; KEY] {
        let key = match self.number {
            ..=12 => "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf",
            _ => "d7828d13b2b0bdc325a76236df93cc6b",
        };
        hex(key).try_into().expect("a key")
    }
}

/// Those with a tag of 8 bytes.
const VECTORS: [Vector; 12] = [
    Vector {
        number: 1,
        nonce: "00000003020100a0a1a2a3a4a5",
        aad: "0001020304050607",
        message: "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
        sealed: "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0",
    },
    Vector {
        number: 2,
        nonce: "00000004030201a0a1a2a3a4a5",
        aad: "0001020304050607",
        message: "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        sealed: "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916",
    },
    Vector {
        number: 3,
        nonce: "00000005040302a0a1a2a3a4a5",
        aad: "0001020304050607",
        message: "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        sealed: "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5",
    },
    Vector {
        number: 4,
        nonce: "00000006050403a0a1a2a3a4a5",
        aad: "000102030405060708090a0b",
        message: "0c0d0e0f101112131415161718191a1b1c1d1e",
        sealed: "a28c6865939a9a79faaa5c4c2a9d4a91cdac8c96c861b9c9e61ef1",
    },
    Vector {
        number: 5,
        nonce: "00000007060504a0a1a2a3a4a5",
        aad: "000102030405060708090a0b",
        message: "0c0d0e0f101112131415161718191a1b1c1d1e1f",
        sealed: "dcf1fb7b5d9e23fb9d4e131253658ad86ebdca3e51e83f077d9c2d93",
    },
    Vector {
        number: 6,
        nonce: "00000008070605a0a1a2a3a4a5",
        aad: "000102030405060708090a0b",
        message: "0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        sealed: "6fc1b011f006568b5171a42d953d469b2570a4bd87405a0443ac91cb94",
    },
    Vector {
        number: 13,
        nonce: "00412b4ea9cdbe3c9696766cfa",
        aad: "0be1a88bace018b1",
        message: "08e8cf97d820ea258460e96ad9cf5289054d895ceac47c",
        sealed: "4cb97f86a2a4689a877947ab8091ef5386a6ffbdd080f8e78cf7cb0cddd7b3",
    },
    Vector {
        number: 14,
        nonce: "0033568ef7b2633c9696766cfa",
        aad: "63018f76dc8a1bcb",
        message: "9020ea6f91bdd85afa0039ba4baff9bfb79c7028949cd0ec",
        sealed: "4ccb1e7ca981befaa0726c55d378061298c85c92814abc33c52ee81d7d77c08a",
    },
    Vector {
        number: 15,
        nonce: "00103fe41336713c9696766cfa",
        aad: "aa6cfa36cae86b40",
        message: "b916e0eacc1c00d7dcec68ec0b3bbb1a02de8a2d1aa346132e",
        sealed: "b1d23a2220ddc0ac900d9aa03c61fcf4a559a4417767089708a776796edb723506",
    },
    Vector {
        number: 16,
        nonce: "00764c63b8058e3c9696766cfa",
        aad: "d0d0735c531e1becf049c244",
        message: "12daac5630efa5396f770ce1a66b21f7b2101c",
        sealed: "14d253c3967b70609b7cbb7c499160283245269a6f49975bcadeaf",
    },
    Vector {
        number: 17,
        nonce: "00f8b678094e3b3c9696766cfa",
        aad: "77b60f011c03e1525899bcae",
        message: "e88b6a46c78d63e52eb8c546efb5de6f75e9cc0d",
        sealed: "5545ff1a085ee2efbf52b2e04bee1e2336c73e3f762c0c7744fe7e3c",
    },
    Vector {
        number: 18,
        nonce: "00d560912d3f703c9696766cfa",
        aad: "cd9044d2b71fdb8120ea60c0",
        message: "6435acbafb11a82e2f071d7ca4a5ebd93a803ba87f",
        sealed: "009769ecabdf48625594c59251e6035722675e04c847099e5ae0704551",
    },
];

#[test]
fn it_is_the_rfcs() {
    for vector in &VECTORS {
        let key = vector.key();
        let nonce = hex(vector.nonce).try_into().expect("a nonce");
        let aad = hex(vector.aad);
        let mut message = hex(vector.message);
        let tag = seal(&key, &nonce, &aad, &mut message).expect("short");
        let sealed = [&message[..], &tag].concat();
        assert_eq!(sealed, hex(vector.sealed), "{}", vector.number);
        open(&key, &nonce, &aad, &mut message, tag).expect("it verifies");
        assert_eq!(message, hex(vector.message), "{}", vector.number);
    }
}

/// What the crate `ccm` makes of it.
fn reference(
    key: &[u8; KEY],
    nonce: &[u8; NONCE],
    aad: &[u8],
    message: &[u8],
) -> (Vec<u8>, [u8; TAG]) {
    let mut sealed = message.to_vec();
    let tag = ::ccm::Ccm::<Aes128, U8, U13>::new(key.into())
        .encrypt_inout_detached(nonce.into(), aad, sealed.as_mut_slice().into())
        .expect("short");
    (sealed, tag.into())
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..=most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn it_agrees_with_another_implementation(
        key: [u8; KEY],
        nonce: [u8; NONCE],
        aad in bytes(80),
        message in bytes(300),
    ) {
        let mut ours = message.clone();
        let tag = seal(&key, &nonce, &aad, &mut ours).expect("short");
        prop_assert_eq!((ours.clone(), tag), reference(&key, &nonce, &aad, &message));
        prop_assert_eq!(open(&key, &nonce, &aad, &mut ours, tag), Ok(()));
        prop_assert_eq!(ours, message);
    }

    #[test]
    fn whatever_was_changed_is_refused_and_wiped(
        key: [u8; KEY],
        mut nonce: [u8; NONCE],
        mut aad in bytes(40),
        mut message in bytes(80),
        place: prop::sample::Index,
        bit in 0..8,
    ) {
        let mut tag = seal(&key, &nonce, &aad, &mut message).expect("short");
        let all = nonce.iter_mut().chain(&mut aad).chain(&mut tag).chain(&mut message);
        let mut all: Vec<&mut u8> = all.collect();
        let place = place.index(all.len());
        *all[place] ^= 1_u8 << bit;
        prop_assert_eq!(open(&key, &nonce, &aad, &mut message, tag), Err(Unauthentic));
        prop_assert!(message.iter().all(|byte| *byte == 0));
    }
}

#[test]
fn lengths_end_where_two_bytes_do() {
    let (key, nonce) = ([7; KEY], [8; NONCE]);
    let long = vec![9; 0x1_0000];
    for (aad, message) in [(0, 0xffff), (MAX_AAD - 1, 1)] {
        let mut ours = long[..message].to_vec();
        let tag = seal(&key, &nonce, &long[..aad], &mut ours).expect("it fits");
        assert!((ours, tag) == reference(&key, &nonce, &long[..aad], &long[..message]));
    }
    for (aad, message) in [(0, 0x1_0000), (MAX_AAD, 1)] {
        let mut ours = long[..message].to_vec();
        assert_eq!(seal(&key, &nonce, &long[..aad], &mut ours), None);
        assert_eq!(
            open(&key, &nonce, &long[..aad], &mut ours, [0; TAG]),
            Err(Unauthentic)
        );
    }
}
