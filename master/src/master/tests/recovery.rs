//! What becomes of a task when its master is killed: the table of docs/protocol.md, cell by cell.

use edgerm_protocol::message::{Kill, Launch};

use super::*;

/// Where the task was, by what the disk has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Was {
    Unissued,
    Issued,
    Starting,
    Running,
    Killing,
    Ended,
}

/// What its agent has of it when it hears the new master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    Nothing,
    Running,
    Ended,
}

/// A world whose task was as `was` when the master ended, and whose agent is as `has`.
fn world(was: Was, kill: bool) -> World {
    let mut world = World::durable(1);
    world.framework("default");
    if matches!(was, Was::Unissued | Was::Issued) {
        world.nodes[0].deaf = true;
    }
    let framework = world.master.ledger().frameworks(None).next().unwrap().id;
    let offer = world.offers(framework, 1).remove(0);
    if was == Was::Unissued {
        // Another task is being launched, so that this one waits.
        world.accept(
            &offer,
            LaunchTask {
                resources: small(),
                ..task(99)
            },
        );
        let offer = world.offers(framework, 1).remove(0);
        world.accept(&offer, task(1));
    } else {
        world.accept(&offer, task(1));
    }
    let id = TaskId(1);
    match was {
        Was::Unissued | Was::Issued | Was::Starting => {}
        Was::Running => {
            world.ping(0, &[update(id, TaskState::Running)]);
        }
        Was::Killing => {
            world.ping(0, &[update(id, TaskState::Running)]);
            world.master.kill_task(world.now, id, None).unwrap();
            world.settle();
        }
        Was::Ended => {
            world.ping(0, &[update(id, TaskState::Completed)]);
        }
    }
    if kill && was != Was::Killing {
        world.nodes[0].deaf = true;
        world.master.kill_task(world.now, id, None).unwrap();
        world.settle();
    }
    let state = world.state(id);
    let expected = match was {
        Was::Unissued if kill => TaskState::Killed,
        Was::Unissued => TaskState::Unissued,
        Was::Issued => TaskState::Issued,
        Was::Starting => TaskState::Starting,
        Was::Running => TaskState::Running,
        Was::Killing => TaskState::Killing,
        Was::Ended => TaskState::Completed,
    };
    assert_eq!(state, expected, "{was:?}");
    world.nodes[0].heard.clear();
    world.nodes[0].deaf = false;
    world.crash(200);
    world
}

fn small() -> TaskResources {
    TaskResources {
        cpus: 1,
        mem: 1000,
        devices: Vec::new(),
        ports: Vec::new(),
    }
}

/// What the agent was asked about the task since the master is there again.
fn asked(world: &World) -> Vec<&'static str> {
    let about = |(path, body): &(String, Vec<u8>)| match path.as_str() {
        path::LAUNCH => {
            let launch: Launch<'_> = decode(body).unwrap();
            (launch.task == TaskId(1)).then_some("launch")
        }
        path::KILL => {
            let kill: Kill = decode(body).unwrap();
            (kill.task == TaskId(1)).then_some("kill")
        }
        other => panic!("asked for {other}"),
    };
    world.nodes[0].heard.iter().filter_map(about).collect()
}

#[test]
fn every_cell_of_the_table_where_the_agent_goes_on() {
    use TaskState as To;
    let cells: [(Was, bool, Has, &[&str], To); 21] = [
        (
            Was::Unissued,
            false,
            Has::Nothing,
            &["launch"],
            To::Starting,
        ),
        (Was::Issued, false, Has::Nothing, &["launch"], To::Starting),
        (Was::Issued, false, Has::Running, &["launch"], To::Running),
        (Was::Issued, false, Has::Ended, &[], To::Completed),
        (Was::Issued, true, Has::Nothing, &["kill"], To::Killed),
        (
            Was::Issued,
            true,
            Has::Running,
            &["kill", "launch"],
            To::Killing,
        ),
        (Was::Issued, true, Has::Ended, &[], To::Completed),
        (Was::Starting, false, Has::Running, &[], To::Running),
        (Was::Starting, false, Has::Ended, &[], To::Completed),
        (Was::Starting, true, Has::Running, &["kill"], To::Killing),
        (Was::Starting, true, Has::Ended, &[], To::Completed),
        (Was::Running, false, Has::Running, &[], To::Running),
        (Was::Running, false, Has::Ended, &[], To::Completed),
        (Was::Running, true, Has::Running, &["kill"], To::Killing),
        (Was::Running, true, Has::Ended, &[], To::Completed),
        (Was::Killing, true, Has::Running, &["kill"], To::Killing),
        (Was::Killing, true, Has::Ended, &[], To::Completed),
        (Was::Ended, false, Has::Ended, &[], To::Completed),
        (Was::Ended, true, Has::Ended, &[], To::Completed),
        (Was::Unissued, true, Has::Nothing, &[], To::Killed),
        (Was::Ended, false, Has::Nothing, &[], To::Completed),
    ];
    for (was, kill, has, expected, state) in cells {
        let case = format!("{was:?}, to be killed: {kill}, the agent has it: {has:?}");
        let mut world = world(was, kill);
        let id = TaskId(1);
        if has == Has::Nothing && kill && was == Was::Issued {
            world.nodes[0].answer = (Code::NOT_FOUND, "no such task");
        }
        let told: &[StatusUpdate<'_>] = match has {
            Has::Nothing => &[],
            Has::Running => &[update(id, TaskState::Running)],
            Has::Ended => &[update(id, TaskState::Completed)],
        };
        // The session goes on: nobody registers.
        assert_eq!(world.ping(0, told), Code::CHANGED, "{case}");
        assert_eq!(world.state(id), state, "{case}");
        let mut asked = asked(&world);
        asked.sort_unstable();
        assert_eq!(asked, expected, "{case}");
        assert!(world.is_all_down(), "{case}");
    }
}

#[test]
fn an_agent_that_rebooted_meanwhile_registers_and_its_tasks_are_settled_as_ever() {
    for (was, state) in [
        (Was::Issued, TaskState::Starting),
        (Was::Starting, TaskState::Lost),
        (Was::Running, TaskState::Lost),
        (Was::Ended, TaskState::Completed),
    ] {
        let mut world = world(was, false);
        world.nodes[0] = Node::proving(0, 2);
        world.register(0, &[]);
        assert_eq!(world.state(TaskId(1)), state, "{was:?}");
        assert!(world.is_all_down(), "{was:?}");
    }
}

#[test]
fn an_agent_is_not_dropped_for_the_time_that_no_master_ran() {
    let mut world = World::durable(2);
    // Far beyond when a silent agent is given up.
    world.now = Instant::from_millis(world.now.as_millis() + 10 * 3_600_000);
    world.crash(50);
    let states = |world: &World| -> Vec<_> {
        let agents = world.master.ledger().agents(None);
        agents.map(|agent| agent.state).collect()
    };
    assert_eq!(states(&world), [api::AgentState::Registered; 2]);
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    // The one that is heard stays, the other is missed and given up in its time.
    for _ in 0..700 {
        world.pass(1000);
        assert_eq!(world.ping(0, &[]), Code::CHANGED);
    }
    let mut states = states(&world);
    states.sort_by_key(|state| *state == api::AgentState::Gone);
    assert_eq!(states, [api::AgentState::Registered, api::AgentState::Gone]);
    assert!(world.is_all_down());
}

#[test]
fn a_registration_that_nobody_heard_of_is_made_again() {
    let mut world = World::durable(1);
    world.disk().does = disk::Does::Wait;
    world.nodes[0].boot = BootId(7);
    let own = &world.nodes[0];
    let register = Register {
        version: WIRE_VERSION,
        name: Text::new("node-0").unwrap(),
        boot: own.boot,
        ping_period: 1000,
        description_length: u32::try_from(own.description.len()).unwrap(),
        description: Some(own.description.as_slice()),
        tasks: List::default(),
    };
    let mut buffer = [0; MAX_BODY];
    let body = encode(&register, &mut buffer).unwrap().to_vec();
    drop(register);
    world.nodes[0].responses.clear();
    let request = Request::post_cbor(&[path::REGISTER], &body);
    world.nodes[0]
        .endpoint
        .request(world.now, &request)
        .unwrap();
    world.settle();
    assert!(world.nodes[0].responses.is_empty());
    world.disk().does = disk::Does::Write;
    world.crash(51);
    world.nodes[0].endpoint.cancel();
    world.register(0, &[]);
    let agents: Vec<_> = world.master.ledger().agents(None).collect();
    assert_eq!((agents.len(), agents[0].boot), (1, BootId(7)));
    assert!(world.is_all_down());
}

#[test]
fn an_agent_whose_description_was_being_pulled_registers_anew() {
    let mut world = World::durable(1);
    world.nodes[0].deaf = true;
    world
        .master
        .ledger()
        .agents(None)
        .for_each(|agent| assert!(agent.described));
    let (code, _) = {
        world.nodes[0].deaf = false;
        world.try_register(0, WIRE_VERSION, false, &[])
    };
    assert_eq!(code, Code::CREATED);
    // It was pulled at once; as it is before that:
    let id = world.master.ledger().agents(None).next().unwrap().id;
    let key = RowKey::Agent(id);
    let row = String::from_utf8(world.disk().rows[&key].clone()).unwrap();
    assert!(row.contains(r#""described":true"#), "{row}");
    let row = row.replace(r#""described":true"#, r#""described":false"#);
    world.disk().rows.insert(key, row.into_bytes());
    world.crash(52);
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED);
    world.register(0, &[]);
    assert!(world.master.ledger().agent(id).unwrap().described);
    assert!(world.is_all_down());
}
