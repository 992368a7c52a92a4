//! Every bound on what passes between a task and its node.

/// Bytes of one emitted payload at most. With its head it fits one datagram of 1,024 bytes: it
/// is `MAX_PAYLOAD` of the protocol.
pub const MAX_EMIT: usize = 800;

/// Bytes of one message to a task at most: `MAX_PAYLOAD` of the protocol.
pub const MAX_MESSAGE: usize = 800;

/// Bytes of one log line at most: `MAX_LOG` of the protocol. A longer line is cut.
pub const MAX_LOG: usize = 200;

/// Bytes of the name of a device, an environment variable or a stored key at most: `MAX_NAME`
/// of the protocol.
pub const MAX_NAME: usize = 32;

/// Environment variables of one task at most: `MAX_ENV` of the protocol.
pub const MAX_ENV: usize = 16;

/// Bytes of one stored value at most.
pub const MAX_VALUE: usize = 256;

/// Bytes of a URI at most: the longest that RFC 7252 section 5.10 lets one option carry.
pub const MAX_URI: usize = 255;

/// Bytes of one page of WASM memory.
pub const PAGE: u64 = 65_536;

/// Bytes of a module at most, where the master's configuration says nothing else.
pub const MAX_MODULE: usize = 1 << 20;

/// Bytes of memory that a module may ask for at the start, where the master's configuration
/// says nothing else. What it may grow to is for its launch to say.
pub const MAX_MEMORY: u64 = 64 << 20;

/// Elements of one table at most.
pub const MAX_TABLE_ELEMENTS: u32 = 1024;
