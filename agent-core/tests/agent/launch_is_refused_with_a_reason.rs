//! A launch that this node cannot run is refused with what is wrong, and changes nothing.

use edgerm_agent_core::TaskExit;
use edgerm_coap::Code;
use edgerm_protocol::{SessionId, TaskId};

use crate::common::{Ask, FIRST, LaunchSpec, SECOND, THERMOMETER, World, module, seconds};

#[test]
fn a_launch_that_cannot_run_here_is_refused() {
    let (id, _) = module(100);
    let fits = LaunchSpec::new(FIRST, id, 100);
    let cases = [
        (
            LaunchSpec {
                mem: 64 * 1024 + 1,
                ..fits
            },
            "65537 bytes of memory asked, a task here has at most 65536",
        ),
        (
            LaunchSpec {
                module_size: 0,
                ..fits
            },
            "the module has 0 bytes, 1 to 16384 fit here",
        ),
        (
            LaunchSpec {
                module_size: 16 * 1024 + 1,
                ..fits
            },
            "the module has 16385 bytes, 1 to 16384 fit here",
        ),
        (
            LaunchSpec {
                device: Some("camera"),
                ..fits
            },
            "this node has no device camera",
        ),
        // A resource of that name is there, which is no device.
        (
            LaunchSpec {
                device: Some("tasks"),
                ..fits
            },
            "this node has no device tasks",
        ),
    ];
    let mut world = World::registered();
    for (launch, expected) in cases {
        let (code, diagnostic) = world.ask(Ask::Launch(launch));
        assert_eq!(
            (code, diagnostic.as_str()),
            (Code::UNPROCESSABLE_ENTITY, expected)
        );
        assert_eq!(world.agent.active_tasks(), 0);
    }
    let fits = LaunchSpec {
        device: Some(THERMOMETER),
        mem: 64 * 1024,
        ..fits
    };
    assert_eq!(world.ask(Ask::Launch(fits)).0, Code::CHANGED);
}

#[test]
fn a_launch_beyond_the_slots_is_refused() {
    let mut world = World::registered();
    for id in 1..=3 {
        world.launch(TaskId(id), 100);
    }
    let (id, _) = module(100);
    let (code, diagnostic) = world.ask(Ask::Launch(LaunchSpec::new(FIRST, id, 100)));
    assert_eq!(code, Code::UNPROCESSABLE_ENTITY);
    assert_eq!(diagnostic, "no task slot is free");
}

/// The master may have forgotten the one that is being ended, as after a restore.
#[test]
fn a_launch_waits_for_the_slot_of_a_task_that_is_being_ended() {
    let mut world = World::registered();
    for id in 1..=3 {
        let id = TaskId(id);
        world.launch(id, 100);
        world.run_until(|world| world.executor.running.contains(&id));
    }
    world.executor.paused = true;
    world.ask(Ask::Kill(TaskId(2)));
    let (id, _) = module(100);
    let another = LaunchSpec::new(FIRST, id, 100);
    let (code, diagnostic) = world.ask(Ask::Launch(another));
    assert_eq!(code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(diagnostic, "no task slot is free");
    world.exit(TaskId(2), TaskExit::Killed).expect("it runs");
    let (code, _) = world.ask(Ask::Launch(another));
    assert_eq!(code, Code::CHANGED);
}

/// A slot is free, and the table is full of ends that the master has not acknowledged.
#[test]
fn a_launch_waits_for_ends_to_be_acknowledged() {
    let mut world = World::registered();
    world.master.refuse("p", Code::SERVICE_UNAVAILABLE);
    for id in 1..=4 {
        let id = TaskId(id);
        world.launch(id, 100);
        world.run_until(|world| world.executor.running.contains(&id));
        world.exit(id, TaskExit::Exited(0)).expect("it runs");
    }
    let (module, _) = module(100);
    let fifth = LaunchSpec::new(FIRST, module, 100);
    let (code, diagnostic) = world.ask(Ask::Launch(fifth));
    assert_eq!(code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(diagnostic, "ended tasks await acknowledgement");

    world.master.accept("p");
    world.run_for(seconds(6));
    assert_eq!(world.ask(Ask::Launch(fifth)).0, Code::CHANGED);
}

#[test]
fn two_sizes_of_one_module_are_one_too_many() {
    let mut world = World::registered();
    world.storage.paused = true;
    let id = world.launch(FIRST, 100);
    let (code, diagnostic) = world.ask(Ask::Launch(LaunchSpec::new(SECOND, id, 200)));
    assert_eq!(code, Code::UNPROCESSABLE_ENTITY);
    assert_eq!(
        diagnostic,
        "a module of 200 bytes, task 0123456789abcdef said 100"
    );
}

#[test]
fn another_session_is_unauthorized() {
    let mut world = World::running(FIRST);
    let session = world.master.session;
    world.master.session = Some(SessionId(999));
    let (id, _) = module(100);
    for ask in [
        Ask::Launch(LaunchSpec::new(SECOND, id, 100)),
        Ask::Kill(FIRST),
        Ask::Message(FIRST, b"hello".to_vec()),
    ] {
        assert_eq!(
            world.ask(ask),
            (Code::UNAUTHORIZED, "unknown session".to_owned())
        );
    }
    world.master.session = session;
    assert_eq!(world.executor.started, [FIRST]);
    assert_eq!(world.executor.stopped, []);
    assert_eq!(world.executor.messages, []);
}

#[test]
fn a_body_that_is_no_message_is_refused_with_the_place() {
    let mut world = World::registered();
    for (path, body, code, expected) in [
        (
            "l",
            &b""[..],
            Code::BAD_REQUEST,
            "the body is malformed at byte 0",
        ),
        (
            "l",
            &[0xa0],
            Code::BAD_REQUEST,
            "the body is a required key is missing",
        ),
        (
            "k",
            &[0xff; 40],
            Code::BAD_REQUEST,
            "the body is malformed at byte 0",
        ),
        (
            "t",
            &[0xa1, 0x00, 0x01],
            Code::BAD_REQUEST,
            "the body is a required key is missing",
        ),
        ("x", &[], Code::NOT_FOUND, "no such path"),
        (
            "d",
            &[],
            Code::METHOD_NOT_ALLOWED,
            "another method is meant",
        ),
    ] {
        let answer = world.ask(Ask::Raw(path, body.to_vec()));
        assert_eq!(answer, (code, expected.to_owned()), "{path}");
    }
}
