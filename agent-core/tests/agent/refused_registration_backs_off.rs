//! A registration that the master refuses, or does not hear, is tried ever later.

use edgerm_coap::Code;
use edgerm_protocol::AgentId;

use crate::common::{FIRST, Happened, World, seconds};

#[test]
fn each_wait_is_up_to_twice_the_one_before() {
    let mut world = World::new();
    world.master.refuse("r", Code::FORBIDDEN);
    world.run_for(seconds(600));
    let asked = world.master.heard_at("r");
    let waits = asked.windows(2).map(|pair| pair[1] - pair[0]);
    let mut longest = 1000;
    for wait in waits {
        assert!(
            (longest / 2..=longest).contains(&wait),
            "{wait} ms after {longest} ms at most"
        );
        longest = (longest * 2).min(64_000);
    }
    assert!(asked.len() > 10, "it never gives up: {asked:?}");
    let refused = Happened::Refused(Code::FORBIDDEN, "as the test wants".to_owned());
    assert!(world.has(&refused));

    world.master.accept("r");
    world.run_for(seconds(64));
    assert!(world.has(&Happened::Registered(AgentId(7))));
}

#[test]
fn a_silent_master_is_found_when_it_is_back() {
    let mut world = World::new();
    world.link.cut(true);
    world.run_for(seconds(3600));
    assert!(
        world.link.sent_to_master() < 200,
        "no more than the road bears"
    );
    world.link.cut(false);
    world.run_for(seconds(64 + 93));
    assert_eq!(world.agent.id(), Some(AgentId(7)));
}

/// A master that registers the agent and forgets it at once must not have it circle as fast as
/// the road allows.
#[test]
fn a_master_that_forgets_each_session_is_asked_ever_later() {
    for path in ["p", "o", "m"] {
        let mut world = World::running(FIRST);
        world.master.refuse(path, Code::UNAUTHORIZED);
        world.emit(FIRST, b"something to tell").expect("room");
        if path == "m" {
            world.storage.modules.clear();
            world.launch(crate::common::SECOND, 2000);
        }
        world.run_for(seconds(600));
        let asked = world.master.heard_at("r");
        assert!((5..40).contains(&asked.len()), "{path}: {asked:?}");
        let gaps: Vec<u64> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.last() > Some(&20_000), "{path}: {gaps:?}");

        world.master.accept(path);
        world.run_until(|world| !world.master.outputs.is_empty());
    }
}
