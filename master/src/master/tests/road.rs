//! The whole road of a task, and what may go wrong on it.

use edgerm_protocol::api::{LogWanted, OutputData, SendMessage};
use edgerm_protocol::message::{Kill, Launch, Message, Output as OutputMessage};

use super::*;

pub(super) fn output(world: &mut World, task: TaskId, sequence: u32, payload: &[u8]) -> Code {
    let output = OutputMessage {
        session: world.nodes[0].session,
        task,
        sequence,
        payload,
    };
    let mut buffer = [0; MAX_BODY];
    let body = encode(&output, &mut buffer).unwrap().to_vec();
    world.post(0, path::OUTPUT, &body).0
}

fn last_heard(world: &World) -> (String, Vec<u8>) {
    world.nodes[0].heard.last().unwrap().clone()
}

#[test]
fn a_task_is_launched_heard_and_killed() {
    let mut world = World::new(1);
    let (framework, task) = world.launched();
    let (path, body) = last_heard(&world);
    let launch: Launch<'_> = decode(&body).unwrap();
    assert_eq!(
        (path.as_str(), launch.task, launch.mem),
        (path::LAUNCH, task, 1000)
    );
    assert_eq!(launch.devices.len(), 1);
    assert_eq!(
        world.state(task),
        TaskState::Starting,
        "the agent has taken it"
    );
    assert_eq!(
        world.ping(0, &[update(task, TaskState::Running)]),
        Code::CHANGED
    );
    assert_eq!(world.state(task), TaskState::Running);

    let query = OutputQuery {
        after: 0,
        limit: 10,
        wait_ms: 1000,
        log: LogWanted::None,
    };
    let read = |world: &mut World, query| {
        let answer = world.master.read_outputs(world.now, task, query);
        answer.unwrap()
    };
    let Answer::Waiting(wait) = read(&mut world, query) else {
        panic!("there is none yet")
    };
    assert_eq!(output(&mut world, task, 1, b"21.5"), Code::CHANGED);
    assert_eq!(output(&mut world, task, 1, b"21.5"), Code::CHANGED);
    let Some(Reply::Outputs(outputs)) = world.replies.remove(&wait) else {
        panic!("it came")
    };
    assert_eq!(outputs.outputs.len(), 1);
    assert_eq!(outputs.outputs[0].data, OutputData::Text("21.5".to_owned()));
    assert!(!outputs.end);

    let message = SendMessage {
        framework,
        data: OutputData::Hex("00ff".to_owned()),
    };
    world
        .master
        .message_task(world.now, task, &message)
        .unwrap();
    world.settle();
    let (path, body) = last_heard(&world);
    assert_eq!(path, path::MESSAGE);
    assert_eq!(decode::<Message<'_>>(&body).unwrap().payload, [0, 0xff]);

    let after = OutputQuery { after: 1, ..query };
    let Answer::Waiting(wait) = read(&mut world, after) else {
        panic!("there is no second")
    };
    world
        .master
        .kill_task(world.now, task, Some(framework))
        .unwrap();
    world.settle();
    let (path, body) = last_heard(&world);
    assert_eq!(
        (path.as_str(), decode::<Kill>(&body).unwrap().task),
        (path::KILL, task)
    );
    assert_eq!(world.state(task), TaskState::Killing);
    world.ping(0, &[update(task, TaskState::Killed)]);
    assert_eq!(world.state(task), TaskState::Killed);
    let Some(Reply::Outputs(outputs)) = world.replies.remove(&wait) else {
        panic!("the end is told")
    };
    assert!(outputs.end && outputs.outputs.is_empty());
    world.ping(0, &[update(task, TaskState::Completed)]);
    assert_eq!(world.state(task), TaskState::Killed, "an end is final");
    let again = world.offers(framework, 1).remove(0);
    assert!(
        again.resources.contains_key("t0"),
        "the sensor is free again"
    );
}

#[test]
fn a_launch_that_the_agent_refuses_is_rejected_with_its_words() {
    let mut world = World::new(1);
    world.nodes[0].answer = (Code::UNPROCESSABLE_ENTITY, "no task slot is free");
    let (_, task) = world.launched();
    let task = world.master.ledger().task(task).unwrap();
    assert_eq!(task.state, TaskState::Rejected);
    assert_eq!(task.detail.as_deref(), Some("no task slot is free"));
}

#[test]
fn a_kill_of_a_task_that_the_agent_does_not_know_ends_it_lost() {
    let mut world = World::new(1);
    let (_, task) = world.launched();
    world.nodes[0].answer = (Code::NOT_FOUND, "no such task");
    world.master.kill_task(world.now, task, None).unwrap();
    world.settle();
    assert_eq!(world.state(task), TaskState::Lost);
}

#[test]
fn a_task_killed_before_it_was_sent_never_is() {
    let mut world = World::new(1);
    world.nodes[0].deaf = true;
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    let tasks = vec![
        task(1),
        LaunchTask {
            resources: Default::default(),
            ..task(2)
        },
    ];
    let tasks = tasks.into_iter().map(|mut task| {
        task.resources.mem = 1000;
        task
    });
    let accept = Accept {
        framework,
        tasks: tasks.collect(),
    };
    world
        .master
        .accept_offer(world.now, offer.id, &accept)
        .unwrap();
    world.settle();
    assert_eq!(world.state(TaskId(1)), TaskState::Issued);
    assert_eq!(world.state(TaskId(2)), TaskState::Unissued, "one at a time");
    world.master.kill_task(world.now, TaskId(2), None).unwrap();
    assert_eq!(world.state(TaskId(2)), TaskState::Killed);
    world.nodes[0].deaf = false;
    world.pass(10_000);
    assert_eq!(world.state(TaskId(1)), TaskState::Starting);
    assert_eq!(world.nodes[0].heard.len(), 1);
}

#[test]
fn what_a_deaf_agent_missed_is_asked_again_at_its_new_address() {
    let mut world = World::new(1);
    world.nodes[0].deaf = true;
    let (_, task) = world.launched();
    world.pass(120_000);
    assert_eq!(
        world.state(task),
        TaskState::Issued,
        "whether it got it is unknown"
    );
    world.nodes[0].deaf = false;
    world.pass(120_000);
    assert!(world.nodes[0].heard.is_empty(), "it has not been heard");
    world.nodes[0].address = SocketAddr::from(([127, 0, 0, 1], 4444));
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(last_heard(&world).0, path::LAUNCH);
    assert_eq!(world.state(task), TaskState::Starting);
}

#[test]
fn a_busy_agent_is_asked_again_when_it_is_heard() {
    let mut world = World::new(1);
    world.nodes[0].answer = (
        Code::SERVICE_UNAVAILABLE,
        "ended tasks await acknowledgement",
    );
    let (_, task) = world.launched();
    assert_eq!(world.state(task), TaskState::Issued);
    world.nodes[0].answer = (Code::CHANGED, "");
    world.ping(0, &[]);
    assert_eq!(world.state(task), TaskState::Starting);
}

#[test]
fn a_long_description_is_pulled_before_anything_is_offered() {
    let mut world = World::new(1);
    let framework = world.framework("default");
    let description = {
        let mut bytes = Description::default();
        for name in 0..60 {
            bytes
                .resources
                .insert(format!("resource-{name}"), Value::Scalar(1));
        }
        bytes
            .resources
            .insert("mem".to_owned(), Value::Scalar(1000));
        bytes
            .resources
            .insert("tasks".to_owned(), Value::Scalar(900));
        bytes.to_bytes().unwrap()
    };
    assert!(description.len() > 600);
    world.nodes[0].description = description;
    world.register(0, &[]);
    let offer = world.offers(framework, 1).remove(0);
    assert_eq!(offer.resources.len(), 62);
    let slots = Value::Scalar(edgerm_protocol::limits::MAX_TASKS as u64);
    assert_eq!(
        offer.resources["tasks"], slots,
        "as many as a registration can list"
    );
}

#[test]
fn a_registration_settles_what_runs() {
    let mut world = World::new(1);
    let (_, task) = world.launched();
    let stray = TaskId(99);
    world.nodes[0].boot = BootId(2);
    let listed = [
        update(task, TaskState::Running),
        update(stray, TaskState::Running),
    ];
    let registered = world.register(0, &listed);
    assert_eq!(&registered.unwanted[..], [stray]);
    assert_eq!(world.state(task), TaskState::Running);
    world.register(0, &[]);
    assert_eq!(world.state(task), TaskState::Lost);
}

#[test]
fn a_task_that_was_sent_and_not_taken_is_sent_again() {
    let mut world = World::new(1);
    world.nodes[0].deaf = true;
    let (_, task) = world.launched();
    world.nodes[0].deaf = false;
    world.register(0, &[]);
    assert_eq!(last_heard(&world).0, path::LAUNCH);
    assert_eq!(world.state(task), TaskState::Starting);
}

#[test]
fn a_module_is_served_block_by_block() {
    let mut world = World::new(1);
    let key = MODULE.key();
    let block = BlockOption::new(1, false, BlockSize::B64).unwrap();
    let path = [path::MODULE, &key];
    let request = Request::get_block(&path, block);
    world.nodes[0]
        .endpoint
        .request(world.now, &request)
        .unwrap();
    world.settle();
    let (code, payload) = world.nodes[0].responses.pop().unwrap();
    assert_eq!((code, payload.len()), (Code::CONTENT, 36));
}
