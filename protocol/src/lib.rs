#![no_std]
#![forbid(unsafe_code)]
//! What agents and the master say to each other: ids, resources and messages, and their
//! encoding in CBOR.
//!
//! This crate is the bottom of the stack. It knows nothing of CoAP, of time passing or of who
//! is right; it turns values into bytes and bytes into values that borrow from them. The same
//! types serve a 64 KiB microcontroller and the master, so everything a node decodes has a
//! fixed capacity, named in [`limits`]. `docs/protocol.md` holds the same messages in CDDL.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`id`] | newtypes of every id, and how people write them |
//! | [`resource`] | resources, devices and attributes of an agent |
//! | [`standard`] | standard names of attributes, and of what devices measure and move |
//! | [`description`] | what an agent tells of itself, as one immutable blob |
//! | [`message`] | one type for each message, and its path |
//! | `inspection` | what the master may look at of a task |
//! | [`task_state`] | the states of a task and the moves between them |
//! | `cbor` | the part of CBOR that the wire uses |
//! | [`codec`] | encoding into a caller's buffer, decoding by borrowing |
//! | [`limits`] | every capacity on the wire |
//! | [`owned`] | forms that own what they hold (feature `owned`) |
//! | [`planted`] | bugs for the simulator to find, in tests alone (feature `planted`) |
//! | [`words`] | texts for people, without `core::fmt` |
//! | [`api`] | the HTTP API's types (feature `api`) |

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "api")]
pub mod api;
mod cbor;
pub mod codec;
pub mod description;
pub mod id;
mod inspection;
pub mod limits;
mod list;
pub mod message;
#[cfg(feature = "owned")]
pub mod owned;
pub mod planted;
pub mod resource;
mod sequence;
pub mod standard;
pub mod task_state;
mod text;
mod time;
pub mod words;

pub use codec::{DecodeError, EncodeError, decode, encode};
pub use id::{AgentId, BootId, FrameworkId, ModuleId, OfferId, SessionId, TaskId};
pub use task_state::TaskState;
pub use time::{Instant, Millis};

/// The version of the wire that this crate speaks, told by the agent at registration.
///
/// It grows when a message changes so that an older peer would misread it. A key that a peer
/// does not know is ignored, so adding one is no new version.
pub const WIRE_VERSION: u8 = 1;
