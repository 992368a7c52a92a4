//! What peers should not send, and what the master says to it.

use edgerm_protocol::message::Deregister;
use proptest::prelude::*;

use super::*;
use crate::refusal::Refuse;

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

#[test]
fn another_version_is_refused_by_name() {
    let mut world = World::new(1);
    let (code, body) = world.try_register(0, 9, true, &[]);
    assert_eq!(code, Code::BAD_REQUEST);
    assert!(text(&body).contains("version 9") && text(&body).contains("speaks 1"));
}

#[test]
fn an_unknown_session_is_told_to_register() {
    let mut world = World::new(1);
    world.nodes[0].session = SessionId(1);
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED);
    let deregister = Deregister {
        session: SessionId(1),
        updates: List::default(),
    };
    let mut buffer = [0; MAX_BODY];
    let body = encode(&deregister, &mut buffer).unwrap().to_vec();
    assert_eq!(world.post(0, path::DEREGISTER, &body).0, Code::UNAUTHORIZED);
}

#[test]
fn bad_bodies_and_paths_have_their_answers() {
    let mut world = World::new(1);
    let cases: [(&str, &[u8], Code); 5] = [
        (path::PING, b"", Code::BAD_REQUEST),
        (path::PING, &[0xff; 900], Code::BAD_REQUEST),
        (path::REGISTER, &[0xa1, 0, 1], Code::BAD_REQUEST),
        ("nowhere", b"", Code::NOT_FOUND),
        (path::MODULE, b"", Code::NOT_FOUND),
    ];
    for (path, body, expected) in cases {
        let (code, diagnostic) = world.post(0, path, body);
        assert_eq!(code, expected, "{path}");
        assert!(!diagnostic.is_empty(), "{path}");
    }
}

#[test]
fn a_description_that_lies_changes_nothing() {
    let mut world = World::new(1);
    let session = world.nodes[0].session;
    world.nodes[0].description = vec![0xa1, 0, 0xa1, 0x63, b'm', b'e', b'm', 0x80];
    let (code, body) = world.try_register(0, WIRE_VERSION, true, &[]);
    assert_eq!(
        (code, text(&body)),
        (
            Code::BAD_REQUEST,
            "resource mem must be a scalar".to_owned()
        )
    );
    world.nodes[0].session = session;
    assert_eq!(
        world.ping(0, &[]),
        Code::CHANGED,
        "the old registration stands"
    );
}

#[test]
fn agents_from_beyond_loopback_are_refused_unless_insecure() {
    let mut world = World::new(1);
    let abroad = SocketAddr::from(([10, 0, 0, 1], 1));
    world.nodes[0].address = abroad;
    let (code, body) = world.try_register(0, WIRE_VERSION, true, &[]);
    assert_eq!(code, Code::FORBIDDEN);
    assert!(text(&body).contains("--insecure"));
    let request = Request::post_cbor(&[path::PING], b"");
    world.nodes[0]
        .endpoint
        .request(world.now, &request)
        .unwrap();
    world.settle();
    assert!(
        world.nodes[0].responses.is_empty(),
        "not more than one in a while"
    );
    let mut world = World::new(1);
    world.master.config.insecure = true;
    world.nodes[0].address = abroad;
    assert_eq!(
        world.try_register(0, WIRE_VERSION, true, &[]).0,
        Code::CREATED
    );
}

#[test]
fn updates_of_other_agents_tasks_are_ignored() {
    let mut world = World::new(2);
    let (_, task) = world.launched();
    let on = world.master.ledger().task(task).unwrap().agent;
    let other = world
        .nodes
        .iter()
        .position(|node| world.master.ledger().session(node.session).unwrap().id != on)
        .unwrap();
    let before = world.state(task);
    assert_eq!(
        world.ping(other, &[update(task, TaskState::Lost)]),
        Code::CHANGED
    );
    assert_eq!(world.state(task), before);
    assert_eq!(world.master.counters()["update_ignored"], 1);
}

#[test]
fn an_offer_is_its_frameworks_once_and_for_a_while() {
    let mut world = World::new(1);
    let (own, other) = (world.framework("a"), world.framework("b"));
    let offer = world.offers(own, 1).remove(0);
    let accept = |world: &mut World, id, framework| {
        let tasks = vec![task(1)];
        let accept = Accept { framework, tasks };
        let refused = world.master.accept_offer(world.now, id, &accept);
        refused.map(|_| ()).map_err(|error| {
            let refusal = error.refusal();
            (error.status(), refusal.code, refusal.field)
        })
    };
    let refused = |status, code: &str, field: Option<&str>| {
        Err((status, code.to_owned(), field.map(str::to_owned)))
    };
    assert_eq!(
        accept(&mut world, offer.id, other),
        refused(403, "notYourOffer", None)
    );
    assert_eq!(
        accept(&mut world, no_offer(), own),
        refused(404, "unknownOffer", None)
    );
    let nobody = FrameworkId(0);
    let unknown = refused(404, "unknownFramework", Some("framework"));
    assert_eq!(accept(&mut world, offer.id, nobody), unknown);
    assert_eq!(accept(&mut world, offer.id, own), Ok(()));
    assert_eq!(
        accept(&mut world, offer.id, own),
        refused(409, "offerAccepted", None)
    );
    let next = world.offers(own, 1).remove(0);
    let used = refused(409, "taskIdUsed", Some("tasks[0].id"));
    assert_eq!(accept(&mut world, next.id, own), used);
}

#[test]
fn a_task_beyond_the_slots_is_named_as_a_whole() {
    let mut world = World::new(1);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    let small = |id| {
        let mut task = task(id);
        task.resources = TaskResources {
            mem: 100,
            ..TaskResources::default()
        };
        task
    };
    let accept = Accept {
        framework,
        tasks: (1..=5).map(small).collect(),
    };
    let refused = world.master.accept_offer(world.now, offer.id, &accept);
    let refusal = refused.unwrap_err().refusal();
    assert_eq!(
        (refusal.code.as_str(), refusal.field.as_deref()),
        ("exceedsOffer", Some("tasks[4]"))
    );
    assert_eq!(world.master.ledger().task_count(), 0);
}

proptest! {
    #[test]
    fn no_datagram_panics_or_registers(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)
    ) {
        let mut world = World::new(1);
        let agents = world.master.ledger().agent_count();
        for (port, datagram) in (1u16..).zip(&datagrams) {
            let from = SocketAddr::from(([127, 0, 0, 1], port));
            world.master.handle_datagram(world.now, from, datagram);
        }
        world.settle();
        prop_assert_eq!(world.master.ledger().agent_count(), agents);
    }

    #[test]
    fn a_body_of_any_bytes_is_answered(
        path in prop::sample::select(vec!["r", "p", "o", "q"]),
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut world = World::new(1);
        let (code, _) = world.post(0, path, &body);
        prop_assert!(code.class() == 4 || code.is_success());
    }
}

#[test]
fn an_answer_that_is_too_long_leaves_room_for_other_requests() {
    let mut world = World::new(1);
    let [most, less] = ["x".repeat(252), "x".repeat(251)];
    let path = [&*most, &*most, &*most, &*less];
    for _ in 0..5 {
        let request = Request::post_cbor(&path, &[]);
        let node = &mut world.nodes[0];
        node.endpoint.request(world.now, &request).unwrap();
        world.settle();
        let (code, _) = world.nodes[0].responses.pop().expect("an answer");
        assert_eq!(code, Code::NOT_FOUND);
    }
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
}
