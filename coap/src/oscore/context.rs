//! A security context (RFC 8613 section 3): what both ends share, what we send with, what we
//! receive with, all derived from a Master Secret and an ID Context.

use core::fmt;

use super::bstr;
use super::bytes::{IdContext, KeyId};
use super::kdf::Secret;
use super::key::{KEY, Key};
use super::nonce::{NONCE, PartialIv, Sequence, nonce};
use super::option::OscoreOption;
use super::replay::ReplayWindow;

/// What an end has of a peer before any context: the secret that lasts, and who is who.
#[derive(Clone, Copy)]
pub struct Keying<'a> {
    /// The Master Secret: at least 16 bytes, drawn at random for this pair of ends.
    pub secret: &'a [u8],
    /// The Master Salt; may be empty.
    pub salt: &'a [u8],
    /// Our id, the peer's Recipient ID.
    pub sender: KeyId,
    /// The peer's id.
    pub recipient: KeyId,
}

impl fmt::Debug for Keying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keying")
            .field("sender", &self.sender)
            .field("recipient", &self.recipient)
            .finish_non_exhaustive()
    }
}

/// Why no context could be derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeriveError {
    /// The Master Secret has this many bytes, under [`Context::MIN_SECRET`].
    ShortSecret(usize),
    /// Both ends have this id, so they would use the same key and nonces.
    SameIds(KeyId),
}

impl fmt::Display for DeriveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortSecret(len) => {
                let least = Context::MIN_SECRET;
                write!(f, "master secret of {len} bytes, under {least}")
            }
            Self::SameIds(id) => write!(f, "both ends have the id {id:?}"),
        }
    }
}

impl core::error::Error for DeriveError {}

/// The keys between two ends, how far they were used, and what was accepted with them.
///
/// It cannot be cloned: two copies would use a nonce twice. For the same reason no secret and
/// ID Context may be derived from again once the context is gone: see [`rekey`](super::rekey)
/// for how each boot gets an ID Context that was never used.
#[derive(Debug)]
pub struct Context {
    pub(crate) common: Common,
    pub(crate) sender: Sender,
    pub(crate) recipient: Recipient,
}

/// What both ends have alike.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) id_context: Option<IdContext>,
    pub(crate) iv: CommonIv,
}

/// What protects.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) id: KeyId,
    pub(crate) key: Key,
    pub(crate) sequence: Sequence,
}

/// What unprotects.
#[derive(Debug)]
pub(crate) struct Recipient {
    pub(crate) id: KeyId,
    pub(crate) key: Key,
    pub(crate) window: ReplayWindow,
}

/// Not a secret by the RFC, but nobody's business either.
pub(crate) struct CommonIv(pub(crate) [u8; NONCE]);

impl fmt::Debug for CommonIv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommonIv(..)")
    }
}

impl Context {
    /// The shortest Master Secret taken, in bytes: as many as a key has.
    pub const MIN_SECRET: usize = KEY;

    /// The context of this secret and ID Context (RFC 8613 section 3.2), for AES-CCM-16-64-128
    /// and HKDF with SHA-256.
    ///
    /// # Errors
    ///
    /// [`DeriveError`], where the context would not be safe.
    pub fn derive(keying: &Keying<'_>, id_context: Option<IdContext>) -> Result<Self, DeriveError> {
        if keying.secret.len() < Self::MIN_SECRET {
            return Err(DeriveError::ShortSecret(keying.secret.len()));
        }
        if keying.sender == keying.recipient {
            return Err(DeriveError::SameIds(keying.sender));
        }
        let secret = Secret::extract(keying.salt, keying.secret);
        let key = |id: &KeyId| Key::new(expand(&secret, id, id_context.as_ref(), b"\x63Key"));
        let iv = expand(&secret, &KeyId::EMPTY, id_context.as_ref(), b"\x62IV");
        Ok(Self {
            sender: Sender {
                id: keying.sender,
                key: key(&keying.sender),
                sequence: Sequence::starting_at(PartialIv::FIRST),
            },
            recipient: Recipient {
                id: keying.recipient,
                key: key(&keying.recipient),
                window: ReplayWindow::new(),
            },
            common: Common {
                id_context,
                iv: CommonIv(iv),
            },
        })
    }

    /// The same context, which will use no Partial IV before `first`.
    pub const fn starting_at(mut self, first: PartialIv) -> Self {
        if first.number() > self.sender.sequence.next() {
            self.sender.sequence = Sequence::starting_at(first);
        }
        self
    }

    /// Our id.
    pub const fn sender_id(&self) -> KeyId {
        self.sender.id
    }

    /// The peer's id.
    pub const fn recipient_id(&self) -> KeyId {
        self.recipient.id
    }

    /// What tells this context from others of its secret.
    pub const fn id_context(&self) -> Option<IdContext> {
        self.common.id_context
    }

    /// How many messages it may still protect with a Partial IV of our own.
    pub const fn remaining(&self) -> u64 {
        (PartialIv::MAX + 1).saturating_sub(self.sender.sequence.next())
    }

    /// Whether a message with this option names this context, as far as it names any: by the
    /// peer's id, and by the ID Context as it is or in a byte string of CBOR (RFC 8613
    /// appendix B.2).
    pub fn is_named_by(&self, option: &OscoreOption<'_>) -> bool {
        let id_context = option.id_context.is_none_or(|name| {
            self.common.id_context.as_ref().is_some_and(|ours| {
                ours.as_bytes() == name || bstr::unwrap(name) == Some(ours.as_bytes())
            })
        });
        id_context && self.is_from_recipient(option)
    }

    /// Whether a message with this option names the peer, if it names anybody.
    pub(crate) fn is_from_recipient(&self, option: &OscoreOption<'_>) -> bool {
        option
            .key_id
            .is_none_or(|id| id == self.recipient.id.as_bytes())
    }

    /// The nonce of a message with this Partial IV, from the end with this id.
    pub(crate) fn nonce(&self, id: &KeyId, partial_iv: PartialIv) -> [u8; NONCE] {
        nonce(&self.common.iv.0, id, partial_iv)
    }
}

/// Derives so many bytes for an id, an ID Context and a use: HKDF-Expand, its info an array of
/// CBOR (RFC 8613 section 3.2.1).
fn expand<const LENGTH: usize>(
    secret: &Secret,
    id: &KeyId,
    id_context: Option<&IdContext>,
    purpose: &[u8],
) -> [u8; LENGTH] {
    const ARRAY_OF_FIVE: u8 = 0x85;
    const NULL: u8 = 0xf6;
    const AES_CCM_16_64_128: u8 = 10;

    let id_head = bstr::head(id.length());
    let context_head = id_context.map(|context| bstr::head(context.length()));
    let length = u8::try_from(LENGTH).unwrap_or(0);
    secret.expand(&[
        &[ARRAY_OF_FIVE],
        id_head.as_bytes(),
        id.as_bytes(),
        context_head
            .as_ref()
            .map_or(&[NULL], |head| head.as_bytes()),
        id_context.map_or(&[], IdContext::as_bytes),
        &[AES_CCM_16_64_128],
        purpose,
        &[length],
    ])
}
