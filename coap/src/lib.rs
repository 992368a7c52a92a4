//! A sans-IO CoAP endpoint (RFC 7252, RFC 7959) toward one peer: client and server on one
//! socket pair, bounded in memory whatever arrives.
//!
//! The driver owns the socket, the clock and the entropy. It feeds [`Endpoint::handle_datagram`]
//! and [`Endpoint::handle_timeout`], acts on the [`Event`] it is given, and then drains
//! [`Endpoint::poll_transmit`] and asks [`Endpoint::poll_timeout`] when to come back.
//!
//! ```
//! use edgerm_coap::{Code, Config, Endpoint, Event, Plain, Request, Response};
//! use edgerm_protocol::Instant;
//!
//! let now = Instant::from_millis(0);
//! let mut agent = Endpoint::new(Config::default(), Plain, 1);
//! let mut master = Endpoint::new(Config::default(), Plain, 2);
//!
//! let ping = agent.request(now, &Request::post_cbor(&["p"], b"\xf6"))?;
//! let datagram = agent.poll_transmit().ok_or("nothing to send")?;
//!
//! if let Event::Request(id, request) = master.handle_datagram(now, &datagram)? {
//!     assert_eq!(request.path(), "p");
//!     master.respond(now, id, &Response::new(Code::CHANGED))?;
//! }
//! let datagram = master.poll_transmit().ok_or("nothing to send")?;
//!
//! let event = agent.handle_datagram(now, &datagram)?;
//! assert!(matches!(event, Event::Response(id, pong) if id == ping && pong.code.is_success()));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Layout
//!
//! | module | is |
//! |---|---|
//! | `endpoint` | the two machines below behind one interface, and the table of message types |
//! | `exchange` | the client's machine: retransmission, acknowledgement, separate response |
//! | `inbox` | the server's machine: requests to answer, and replies kept for duplicates |
//! | `security` | the seam where OSCORE sits: protect and unprotect, of request and of response |
//! | [`oscore`] | OSCORE: contexts, and messages protected and unprotected in place |
//! | `block`, `fetch` | the Block2 option and stateless slices; the resumable fetch of a body |
//! | `request`, `response` | as applications see them, and into and out of packets |
//! | `code`, `header`, `option`, `ids` | the numbers in a message, and where ours come from |
//! | `packet`, `codec` | a message as one datagram, and how that is laid out |
//! | `empty` | messages of four bytes |
//! | `config`, `error` | the numbers one may turn; what can go wrong, an enum an operation |
//!
//! # Left out
//!
//! Observe, Block1, proxying, multicast and separate responses by the server: EdgeRM's
//! messages fit a datagram, both ends are servers, and an application answers within one
//! commit to its store. The endpoint knows no address: who a datagram is from is decided
//! before it arrives here.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod block;
mod code;
mod codec;
mod config;
mod empty;
mod endpoint;
mod error;
mod exchange;
mod fetch;
mod header;
mod ids;
mod inbox;
mod option;
pub mod oscore;
mod packet;
mod request;
mod response;
mod security;

pub use block::{BlockError, BlockOption, BlockOptionError, BlockSize, BlockSlice, serve};
pub use code::{Code, ContentFormat, Method};
pub use codec::{Malformed, Options};
pub use config::Config;
pub use endpoint::{Endpoint, Event};
pub use error::{Ignored, Refusal, RequestError, RespondError};
pub use exchange::ExchangeId;
pub use fetch::{Block2Fetch, FetchError, FetchedBlock};
pub use header::{MessageId, MessageType, Token};
pub use inbox::RequestId;
pub use option::{ECHO, Echo};
pub use packet::Packet;
pub use request::{ReceivedRequest, Request};
pub use response::{ReceivedResponse, Response};
pub use security::{Channel, Plain, RequestKey, Security, SecurityError};
