//! A node and its master, with a credential and nothing else that lasts.

use edgerm_coap::oscore::rekey::Challenges;
use edgerm_coap::oscore::{Client, Credential, Hearing, Keys, Node, reject};
use edgerm_coap::{
    Channel, Code, Config, Echo, Endpoint, Event, Ignored, Method, Request, Response, SecurityError,
};
use edgerm_protocol::Instant;

use crate::pair::transmit;

const NOW: Instant = Instant::from_millis(0);
const HERE: &[u8] = b"192.0.2.1:5683";

fn credential() -> Credential {
    Credential::new([1, 2, 3, 4], [0x5e; 16], [7; 8])
}

fn node(entropy: u8) -> Endpoint<Node> {
    let node = Node::new(credential(), [entropy; 32]);
    Endpoint::new(Config::default(), node, entropy.into())
}

struct Master {
    challenges: Challenges,
    client: Client,
    endpoint: Endpoint<Channel<Keys>>,
}

impl Master {
    fn boot(entropy: u8) -> Self {
        Self {
            challenges: Challenges::new([entropy; 32]),
            client: Client::new(credential()),
            endpoint: Endpoint::new(Config::default(), Channel::Protected(Keys::new()), 9),
        }
    }

    fn hear(&mut self, datagram: &[u8]) -> Hearing {
        let Self {
            challenges,
            client,
            endpoint,
        } = self;
        client.handle_request(endpoint, challenges, HERE, NOW, datagram)
    }

    /// Takes a request and answers it.
    fn answer(&mut self, datagram: &[u8], response: &Response<'_>) -> Vec<u8> {
        let Ok(Event::Request(id, _)) = self.hear(datagram).event else {
            panic!("a request");
        };
        self.endpoint.respond(NOW, id, response).expect("it waits");
        self.endpoint.poll_transmit().expect("an answer")
    }
}

fn ask(node: &mut Endpoint<Node>) -> Vec<u8> {
    let request = Request::new(Method::Post, &["p"]);
    node.request(NOW, &request).expect("idle");
    transmit(node)
}

/// Establishes keys; gives the request and response that did.
fn establish(node: &mut Endpoint<Node>, master: &mut Master) -> (Vec<u8>, Vec<u8>) {
    assert!(node.security().needs_keys());
    node.security_mut().begin();
    let request1 = ask(node);
    let hearing = master.hear(&request1);
    assert_eq!(
        hearing.event,
        Err(Ignored::Security(SecurityError::Beginning))
    );
    let challenge = hearing.challenge.expect("a challenge");
    assert!(challenge.len() <= request1.len(), "no amplification");
    let event = node.handle_datagram(NOW, &challenge).expect("it verifies");
    assert!(matches!(event, Event::Response(_, response) if response.code == Code::UNAUTHORIZED));
    assert!(node.security().may_confirm() && node.security().needs_keys());
    let request2 = ask(node);
    let response2 = master.answer(&request2, &Response::new(Code::CHANGED));
    let event = node.handle_datagram(NOW, &response2).expect("it verifies");
    assert!(matches!(event, Event::Response(_, response) if response.code == Code::CHANGED));
    assert!(!node.security().needs_keys());
    (request2, response2)
}

/// Either end asks the other, and is answered.
fn talk(node: &mut Endpoint<Node>, master: &mut Master) {
    let request = ask(node);
    let response = master.answer(&request, &Response::new(Code::CHANGED));
    let event = node.handle_datagram(NOW, &response);
    assert!(matches!(event, Ok(Event::Response(..))), "{event:?}");
    let request = Request::new(Method::Post, &["l"]);
    master.endpoint.request(NOW, &request).expect("idle");
    let datagram = master.endpoint.poll_transmit().expect("a request");
    let Ok(Event::Request(id, _)) = node.handle_datagram(NOW, &datagram) else {
        panic!("a request");
    };
    node.respond(NOW, id, &Response::new(Code::CHANGED))
        .expect("it waits");
    let datagram = transmit(node);
    let event = master.endpoint.handle_datagram(NOW, &datagram);
    assert!(matches!(event, Ok(Event::Response(..))), "{event:?}");
}

#[test]
fn both_ends_talk_once_two_requests_were_answered() {
    let (mut node, mut master) = (node(1), Master::boot(1));
    establish(&mut node, &mut master);
    talk(&mut node, &mut master);
}

#[test]
fn a_node_that_rebooted_begins_anew_and_its_old_requests_are_refused() {
    let (mut old, mut master) = (node(1), Master::boot(1));
    let (request2, _) = establish(&mut old, &mut master);
    let late = ask(&mut old);
    let mut new = node(2);
    establish(&mut new, &mut master);
    for datagram in [&late, &request2] {
        let hearing = master.hear(datagram);
        assert!(hearing.challenge.is_none());
        assert!(matches!(
            hearing.event,
            Err(Ignored::Security(_) | Ignored::DuplicateAnswered)
        ));
        // The reply of before to the request of before tells nobody anything.
        while let Some(reply) = master.endpoint.poll_transmit() {
            assert!(new.handle_datagram(NOW, &reply).is_err());
        }
    }
    talk(&mut new, &mut master);
}

#[test]
fn a_master_that_rebooted_says_so_and_the_node_begins_anew() {
    let mut node = node(1);
    establish(&mut node, &mut Master::boot(1));
    let mut master = Master::boot(2);
    let request = ask(&mut node);
    let hearing = master.hear(&request);
    assert_eq!(hearing.event, Err(Ignored::Security(SecurityError::NoKeys)));
    let hint = reject(&request, Code::UNAUTHORIZED).expect("it was confirmable");
    assert!(hint.len() < request.len());
    assert_eq!(
        node.handle_datagram(NOW, &hint),
        Err(Ignored::Security(SecurityError::Unprotected))
    );
    assert!(node.is_busy(), "anybody may have said so");
    assert_eq!(node.security_mut().take_hint(), Some(Code::UNAUTHORIZED));
    assert_eq!(node.security_mut().take_hint(), None);
    node.cancel();
    node.security_mut().renew();
    establish(&mut node, &mut master);
    talk(&mut node, &mut master);
}

#[test]
fn keys_of_before_hold_until_others_are_established() {
    let (mut node, mut master) = (node(1), Master::boot(1));
    establish(&mut node, &mut master);
    node.security_mut().renew();
    node.security_mut().begin();
    let _unanswered = ask(&mut node);
    let request = Request::new(Method::Post, &["l"]);
    master.endpoint.request(NOW, &request).expect("idle");
    let datagram = master.endpoint.poll_transmit().expect("a request");
    let event = node.handle_datagram(NOW, &datagram);
    assert!(matches!(event, Ok(Event::Request(..))), "{event:?}");
}

#[test]
fn a_request_of_keys_of_before_is_not_answered_with_those_that_followed() {
    let (mut node, mut master) = (node(1), Master::boot(1));
    establish(&mut node, &mut master);
    let request = Request::new(Method::Post, &["m"]);
    master.endpoint.request(NOW, &request).expect("idle");
    let datagram = master.endpoint.poll_transmit().expect("a request");
    let Ok(Event::Request(id, _)) = node.handle_datagram(NOW, &datagram) else {
        panic!("a request");
    };
    node.security_mut().renew();
    establish(&mut node, &mut master);
    let answered = node.respond(NOW, id, &Response::new(Code::CHANGED));
    assert_eq!(
        answered,
        Err(edgerm_coap::RespondError::Security(
            SecurityError::UnknownKey
        ))
    );
    assert!(!master.endpoint.is_busy(), "it waits for no answer either");
    assert_eq!(
        node.waiting(),
        0,
        "it takes no place from those that can be"
    );
}

#[test]
fn what_the_master_wants_repeated_is_repeated_once() {
    let (mut node, mut master) = (node(1), Master::boot(1));
    establish(&mut node, &mut master);
    let echo = Echo::new(b"are you there").expect("short");
    let request = ask(&mut node);
    let response = Response {
        echo: Some(echo),
        ..Response::new(Code::UNAUTHORIZED)
    };
    let response = master.answer(&request, &response);
    let event = node.handle_datagram(NOW, &response);
    assert!(matches!(event, Ok(Event::Repeat(_))), "{event:?}");
    for expected in [Some(echo), None] {
        let request = ask(&mut node);
        let Ok(Event::Request(id, heard)) = master.hear(&request).event else {
            panic!("a request");
        };
        assert_eq!(heard.echo, expected);
        let done = Response::new(Code::CHANGED);
        master.endpoint.respond(NOW, id, &done).expect("it waits");
        let response = master.endpoint.poll_transmit().expect("an answer");
        let event = node.handle_datagram(NOW, &response);
        assert!(matches!(event, Ok(Event::Response(..))), "{event:?}");
    }
}
