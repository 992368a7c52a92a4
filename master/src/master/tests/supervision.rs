//! Tasks that their agent is to watch: which agents get them, and what they are told.

use edgerm_protocol::api::{DEFAULT_RESTARTS, HealthCheck};
use edgerm_protocol::message::Launch;
use edgerm_protocol::owned::AttributeValue;

use super::*;
use crate::refusal::Refuse;

/// A world of an agent that does all there is, and an offer of it.
fn world() -> (World, api::Offer) {
    let mut world = World::new(1);
    let own = &mut world.nodes[0];
    let mut description = registration::read_description(&own.description).unwrap();
    for (name, value) in [("restart", "reboot"), ("supervises", "tasks")] {
        let value = AttributeValue::Text(value.into());
        description.attributes.insert(name.to_owned(), value);
    }
    own.description = description.to_bytes().unwrap();
    own.boot = BootId(2);
    world.register(0, &[]);
    world.settle();
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    (world, offer)
}

#[test]
fn a_launch_says_what_was_asked_for() {
    // The policy and its bound; whether a reboot starts it again, and how often a failure does.
    let cases = [
        (Restart::No, None, None, None),
        (Restart::Reboot, None, Some(true), None),
        (Restart::OnFailure, None, None, Some(DEFAULT_RESTARTS)),
        (Restart::OnFailure, Some(3), None, Some(3)),
        (Restart::RebootOrFailure, Some(0), Some(true), Some(0)),
    ];
    for (restart, max_restarts, reboot, failures) in cases {
        let (mut world, offer) = world();
        let asked = LaunchTask {
            restart,
            max_restarts,
            deadline: Some(3600),
            health_check: Some(HealthCheck { silence_s: 60 }),
            give_up_after: Some(30),
            ..task(1)
        };
        world.accept(&offer, asked.clone());
        let (path, body) = world.nodes[0].heard.last().expect("it was asked");
        assert_eq!(path, path::LAUNCH);
        let launch: Launch<'_> = decode(body).unwrap();
        assert_eq!((launch.restart, launch.max_restarts), (reboot, failures));
        assert_eq!(
            (launch.deadline, launch.max_silence),
            (Some(3600), Some(60))
        );
        let view = world.master.task(world.now, TaskId(1)).unwrap();
        assert_eq!((view.restart, view.max_restarts), (restart, max_restarts));
        assert_eq!(view.deadline, asked.deadline);
        assert_eq!(view.health_check, asked.health_check);
        assert_eq!(view.give_up_after, asked.give_up_after);
    }
}

#[test]
fn what_an_agent_does_not_do_is_refused_by_name() {
    let mut world = World::new(1);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    let check = |silence_s| Some(HealthCheck { silence_s });
    let cases = [
        (
            LaunchTask {
                restart: Restart::OnFailure,
                ..task(1)
            },
            ("noRestart", "tasks[0].restart"),
        ),
        (
            LaunchTask {
                deadline: Some(1),
                ..task(1)
            },
            ("noSupervision", "tasks[0].deadline"),
        ),
        (
            LaunchTask {
                deadline: Some(0),
                ..task(1)
            },
            ("outOfRange", "tasks[0].deadline"),
        ),
        (
            LaunchTask {
                health_check: check(1),
                ..task(1)
            },
            ("noSupervision", "tasks[0].healthCheck"),
        ),
        (
            LaunchTask {
                health_check: check(0),
                ..task(1)
            },
            ("outOfRange", "tasks[0].healthCheck.silenceS"),
        ),
        (
            LaunchTask {
                max_restarts: Some(1),
                ..task(1)
            },
            ("neverRestarted", "tasks[0].maxRestarts"),
        ),
    ];
    for (asked, (code, field)) in cases {
        let accept = Accept {
            framework,
            tasks: vec![asked],
        };
        let refused = world.master.accept_offer(world.now, offer.id, &accept);
        let refused = refused.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (422, code));
        assert_eq!(refused.field().as_deref(), Some(field));
    }
}
