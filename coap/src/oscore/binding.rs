//! What a response is bound to.

use core::fmt;

use super::bytes::KeyId;
use super::nonce::{PartialIv, SealNonce};

/// Names a request among all of its context: a response verifies with its request's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestBinding {
    pub(crate) key_id: KeyId,
    pub(crate) partial_iv: PartialIv,
}

impl RequestBinding {
    /// The Partial IV of the request.
    pub const fn partial_iv(&self) -> PartialIv {
        self.partial_iv
    }
}

/// What the answers to a request of the peer are protected with. It holds the request's nonce
/// until the first answer takes it; further ones bear a Partial IV of their own.
pub struct ReplyBinding {
    pub(crate) request: RequestBinding,
    pub(crate) nonce: Option<SealNonce>,
}

impl ReplyBinding {
    /// The request that is answered.
    pub const fn request(&self) -> RequestBinding {
        self.request
    }
}

impl fmt::Debug for ReplyBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBinding")
            .field("request", &self.request)
            .field("answered", &self.nonce.is_none())
            .finish()
    }
}
