//! NSTART is 1: a peer is asked one thing at a time.

use edgerm_coap::{Code, Event, Method, Request, RequestError, Response};

use crate::pair::{End, Network, Pair};

#[test]
fn the_second_waits_for_the_first() {
    let mut pair = Pair::new(3, Network::default());
    let request = Request::new(Method::Get, &["a"]);
    let first = pair.agent.request(pair.now, &request).expect("idle");
    assert_eq!(
        pair.agent.request(pair.now, &request),
        Err(RequestError::Busy)
    );

    // The other direction is free meanwhile.
    pair.master.request(pair.now, &request).expect("idle");
    for end in [End::Master, End::Agent] {
        let Some(Event::Request(id, _)) = pair.event_at(end) else {
            panic!("no request at {end:?}");
        };
        let now = pair.now;
        let response = Response::new(Code::CONTENT);
        pair.end(end).respond(now, id, &response).expect("it waits");
    }
    let Some(Event::Response(answered, _)) = pair.event_at(End::Agent) else {
        panic!("no response");
    };
    assert_eq!(answered, first);
    let second = pair.agent.request(pair.now, &request).expect("idle again");
    assert_ne!(first, second);
}
