//! OSCORE (RFC 8613): messages protected end to end, with AES-CCM-16-64-128 and keys that HKDF
//! derives from a secret of both ends.
//!
//! Everything works in place on the caller's buffers, allocates nothing, and takes any input.
//! A [`Context`] stands between the socket and the endpoint: it unprotects a datagram just
//! after it was received, and protects one just before it is first sent. What is sent again is
//! the same bytes, never protected again; and a request that was here before is known by
//! [`Protected::request_key`] before the replay window would refuse it.
//!
//! A context is also the [`Security`](crate::Security) of an [`Endpoint`](crate::Endpoint),
//! with the endpoint's own buffers.
//!
//! ```
//! use edgerm_coap::oscore::{Context, IdContext, KeyId, Keying, ReplyForm};
//!
//! let (node, master) = (KeyId::new(&[7]).ok_or("long")?, KeyId::EMPTY);
//! let keying = Keying { secret: &[0x5e; 16], salt: &[], sender: node, recipient: master };
//! let peers = Keying { sender: master, recipient: node, ..keying };
//! // Of which there must be another one for each boot: see `rekey`.
//! let id_context = IdContext::new(b"boot 1");
//! let mut client = Context::derive(&keying, id_context)?;
//! let mut server = Context::derive(&peers, id_context)?;
//!
//! let get = b"\x40\x01\x30\x39\xb1p";
//! let mut buffer = [0; 64];
//! buffer[..get.len()].copy_from_slice(get);
//! let (length, request) = client.protect_request(&mut buffer, get.len(), None)?;
//! let (length, mut reply) = server.unprotect_request(&mut buffer[..length])?;
//! assert_eq!(&buffer[..length], get);
//!
//! let content = b"\x60\x45\x30\x39\xff21.5 C";
//! buffer[..content.len()].copy_from_slice(content);
//! let form = ReplyForm::default();
//! let length = server.protect_response(&mut reply, &mut buffer, content.len(), form)?;
//! let length = client.unprotect_response(&request, &mut buffer[..length])?;
//! assert_eq!(&buffer[..length], content);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Layout
//!
//! | module | is |
//! |---|---|
//! | `context` | what two ends share, and the keys derived of it |
//! | `credential` | what lasts of that on a node and its master |
//! | `join` | tokens with which nodes come by one |
//! | `protect`, `unprotect` | the four calls, and how a message is taken apart and put together |
//! | `binding` | what ties a response to its request |
//! | `option` | the value of the OSCORE option |
//! | `nonce`, `aad`, `key` | what the cipher is given; why no nonce is used twice |
//! | `ccm`, `kdf` | AES-CCM-16-64-128; HKDF with SHA-256 |
//! | `replay` | the replay window |
//! | `layer`, `keys` | a context as the security layer of an endpoint; contexts that follow one another |
//! | `node` | all of a node's side, as the security layer of its endpoint |
//! | `client` | a server's side of one of its clients |
//! | [`rekey`] | fresh keys at each boot, out of a secret that lasts |
//! | `message` | classes of options; reading and writing in one buffer |
//! | `bytes`, `bstr` | ids held in place; byte strings of CBOR |
//! | `audit` | for tests, with the feature of that name: all nonces that were used |
//! | `error` | our driver's mistakes, and the peer's |
//!
//! # Left out
//!
//! Other algorithms, Group OSCORE, proxies and Block-wise transfer outside (RFC 8613 section
//! 4.1.3.4.2), and the order of notifications (section 7.4.1): EdgeRM has neither.

mod aad;
#[cfg(feature = "audit")]
pub mod audit;
mod binding;
mod bstr;
mod bytes;
mod ccm;
mod client;
mod context;
mod credential;
mod error;
mod join;
mod kdf;
mod key;
mod keys;
mod layer;
mod message;
mod node;
mod nonce;
mod option;
mod protect;
pub mod rekey;
mod replay;
mod unprotect;
#[cfg(test)]
mod vectors;

pub use binding::{ReplyBinding, RequestBinding};
pub use bytes::{Bytes, IdContext, KeyId};
pub use client::{Client, Hearing, answer_again, reject};
pub use context::{Context, DeriveError, Keying};
pub use credential::{Credential, CredentialError};
pub use error::{ProtectError, UnprotectError};
pub use join::{JoinToken, NONCE as JOIN_NONCE, NoJoinToken, PROOF as JOIN_PROOF};
pub use keys::{Bound, Keys};
pub use layer::Binding;
pub use node::{Node, NodeBinding};
pub use nonce::PartialIv;
pub use option::{OptionError, OscoreOption};
pub use protect::ReplyForm;
pub use replay::{ReplayWindow, Replayed};
pub use unprotect::Protected;
