//! Tasks that are to be started again after a reboot: which agents get them, and what of them.

use edgerm_protocol::message::Launch;
use edgerm_protocol::owned::AttributeValue;

use super::*;
use crate::refusal::Refuse;

/// A world of an agent whose attribute `restart` is this.
fn world(restart: Option<AttributeValue>) -> World {
    let mut world = World::new(1);
    let own = &mut world.nodes[0];
    let mut description = registration::read_description(&own.description).unwrap();
    let told = restart.map(|restart| ("restart".to_owned(), restart));
    description.attributes = told.into_iter().collect();
    own.description = description.to_bytes().unwrap();
    own.boot = BootId(2);
    world.register(0, &[]);
    world.settle();
    world
}

fn restarting(id: u64) -> LaunchTask {
    LaunchTask {
        restart: Restart::Reboot,
        ..task(id)
    }
}

#[test]
fn an_agent_that_does_it_is_told_so() {
    let reboot = || "reboot".to_owned();
    for told in [
        AttributeValue::Text(reboot().into()),
        AttributeValue::Texts(["exit".into(), reboot().into()].into()),
    ] {
        let mut world = world(Some(told));
        let framework = world.framework("default");
        let offer = world.offers(framework, 1).remove(0);
        world.accept(&offer, restarting(1));
        let (path, body) = world.nodes[0].heard.last().expect("it was asked");
        assert_eq!(path, path::LAUNCH);
        let launch: Launch<'_> = decode(body).unwrap();
        assert_eq!(launch.restart, Some(true));
        let view = world.master.task(world.now, TaskId(1)).unwrap();
        assert_eq!(view.restart, Restart::Reboot);
    }
}

#[test]
fn an_agent_that_does_not_tell_it_is_not_asked() {
    for told in [
        None,
        Some(AttributeValue::Number(1)),
        Some(AttributeValue::Text("exit".into())),
    ] {
        let mut world = world(told);
        let framework = world.framework("default");
        let offer = world.offers(framework, 1).remove(0);
        let accept = Accept {
            framework,
            tasks: vec![restarting(1)],
        };
        let refused = world.master.accept_offer(world.now, offer.id, &accept);
        let refused = refused.unwrap_err();
        assert_eq!((refused.status(), refused.code()), (422, "noRestart"));
        assert_eq!(refused.field().as_deref(), Some("tasks[0].restart"));
        assert_eq!(
            refused.to_string(),
            "task 0: the agent does not do what restart says: leave it out, or choose an agent \
             whose attribute restart is reboot"
        );
    }
}
