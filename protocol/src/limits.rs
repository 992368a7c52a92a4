//! Every capacity on the wire. A message beyond one of them is refused by name.

/// Bytes of UDP payload in one datagram at most: fits the smallest IPv6 MTU (1,280 bytes,
/// RFC 8200 section 5) with room for tunnels, and is what RFC 7252 section 4.6 suggests for a
/// payload when nothing is known of the path.
pub const MAX_DATAGRAM: usize = 1024;

/// Bytes that CoAP's header, token and options take of a datagram at most, with OSCORE's on top.
pub const MAX_OVERHEAD: usize = 64;

/// Bytes of a CBOR body at most.
pub const MAX_BODY: usize = MAX_DATAGRAM - MAX_OVERHEAD;

/// Bytes of a name at most: of an agent, a resource, a device, an attribute.
pub const MAX_NAME: usize = 32;

/// Bytes of an attribute's text value at most.
pub const MAX_ATTRIBUTE: usize = 64;

/// Bytes of the detail of a status update at most.
pub const MAX_DETAIL: usize = 64;

/// Bytes of an agent's description (resources and attributes) at most; beyond a datagram it
/// is pulled with Block2.
pub const MAX_DESCRIPTION: usize = 4096;

/// Resources of one agent at most.
pub const MAX_RESOURCES: usize = 64;

/// Attributes of one agent at most.
pub const MAX_ATTRIBUTES: usize = 32;

/// Ranges in one resource, and texts in one set or attribute, at most.
pub const MAX_ITEMS: usize = 8;

/// Tasks of one agent at most, terminal ones that are not yet acknowledged among them.
pub const MAX_TASKS: usize = 16;

/// Devices granted to one task at most.
pub const MAX_TASK_DEVICES: usize = 8;

/// Ports that one task holds at most: as many as it may have devices.
pub const MAX_PORTS: usize = 8;

/// Environment variables of one task at most.
pub const MAX_ENV: usize = 16;

/// Bytes of one emitted output, or one message to a task, at most.
pub const MAX_PAYLOAD: usize = 800;

/// Bytes of one log line at most; the agent cuts longer ones.
pub const MAX_LOG: usize = 200;
