//! Names and addresses, as people write them.

use edgerm_protocol::owned::AttributeValue;
use edgerm_protocol::resource::Name;
use edgerm_protocol::standard::attributes::{
    EXECUTORS, MAX_MODULE, MAX_TASK_MEM, RESTART, WASM_FEATURES,
};

use super::MAX_SLOTS;
use super::amount::Wanted;

/// Attributes that follow from what the agent is.
const OWN_ATTRIBUTES: [&str; 5] = [EXECUTORS, WASM_FEATURES, MAX_TASK_MEM, MAX_MODULE, RESTART];

/// A name in the cluster.
pub(super) fn name(text: &str) -> Result<String, Wanted> {
    let name = Name::new(text).map_err(|_| "write 1 to 32 bytes without control characters")?;
    Ok(name.as_str().to_owned())
}

/// The address of a master.
pub(super) fn host_and_port(text: &str) -> Result<String, Wanted> {
    const WANTED: Wanted = "write HOST:PORT, such as master.example.org:5683 or [2001:db8::1]:5683";
    let (host, port) = text.rsplit_once(':').ok_or(WANTED)?;
    let port: u16 = port.parse().map_err(|_| WANTED)?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty() && !host.contains('/') && (bracketed || !host.contains(':'));
    (is_host && port != 0)
        .then(|| text.to_owned())
        .ok_or(WANTED)
}

/// Tasks that run at once.
pub(super) fn slot_count(text: &str) -> Result<usize, Wanted> {
    const { assert!(MAX_SLOTS == 15) };
    let slots = text
        .parse()
        .ok()
        .filter(|slots| (1..=MAX_SLOTS).contains(slots));
    slots.ok_or("write a number from 1 to 15")
}

/// An attribute as one text.
pub(super) fn attribute(text: &str) -> Result<(String, AttributeValue), Wanted> {
    let (name, value) = text.split_once('=').ok_or("write NAME=TEXT")?;
    attribute_name(name)?;
    Ok((name.to_owned(), AttributeValue::Text(value.into())))
}

/// Whether an attribute of this name may be set.
pub(super) fn attribute_name(name: &str) -> Result<(), Wanted> {
    if OWN_ATTRIBUTES.contains(&name) {
        return Err("the agent tells this by itself: leave it out");
    }
    Name::new(name)
        .map(drop)
        .map_err(|_| "its name is 1 to 32 bytes without control characters: choose another")
}
