//! Bodies of the HTTP API, through the types that read them and the master that acts upon them.

use edgerm_master::Config;
use edgerm_master::master::Master;
use edgerm_protocol::api::{
    Accept, Decline, Join, KillTask, NewEnrollment, NewFramework, NewJoinToken, NewToken,
    OfferRequest, SendMessage,
};
use edgerm_protocol::{Instant, OfferId, TaskId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Calls of one input at most.
const CALLS: usize = 32;

/// Takes each line for a body of every call. What could be read comes back from its own JSON,
/// and what a master makes of it leaves the ledger whole.
pub fn http_bodies(lines: &[u8]) {
    let mut master = Master::new(Config::default(), [7; 32]);
    let now = Instant::from_millis(1_000_000);
    for body in lines.split(|byte| *byte == b'\n').take(CALLS) {
        let _tokens = again::<NewToken>(body);
        let _agents = again::<NewEnrollment>(body);
        let _fleets = again::<NewJoinToken>(body);
        let _joins = again::<Join>(body);
        // What is refused changes nothing; which rule refused it is others' to test.
        if let Some(new) = again::<NewFramework>(body) {
            let _refused = master.register_framework(now, None, &new);
        }
        if let Some(request) = again::<OfferRequest>(body) {
            let _refused = master.request_offers(now, request);
        }
        if let Some(accept) = again::<Accept>(body) {
            let _refused = master.accept_offer(now, OfferId(1), &accept);
        }
        if let Some(decline) = again::<Decline>(body) {
            let _refused = master.decline_offer(now, OfferId(1), &decline);
        }
        if let Some(kill) = again::<KillTask>(body) {
            let _refused = master.kill_task(now, TaskId(1), kill.framework);
        }
        if let Some(message) = again::<SendMessage>(body) {
            let _refused = master.message_task(now, TaskId(1), &message);
        }
        while master.poll_output().is_some() {}
        assert_eq!(master.ledger().check_invariants(), Ok(()));
    }
}

/// The body as this type, where it is one. Its own JSON reads as the same.
fn again<T: DeserializeOwned + Serialize>(body: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(body).ok()?;
    let json = serde_json::to_value(&value).ok();
    let read = json
        .clone()
        .and_then(|json| serde_json::from_value::<T>(json).ok());
    let written = read.and_then(|value| serde_json::to_value(value).ok());
    assert!(json.is_some() && written == json);
    Some(value)
}
