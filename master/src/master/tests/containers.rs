//! Tasks that are containers: what their agent is told and nobody else, and what is refused.

use edgerm_protocol::api::{Container, ContainerTask, Mount, Network, PortMapping, Transport};
use edgerm_protocol::message::Launch;
use edgerm_protocol::owned::AttributeValue;
use edgerm_protocol::resource::Range;
use sha2::{Digest, Sha256};

use super::*;
use crate::refusal::Refuse;

/// More than a launch has room for.
const MUCH: u64 = 6 << 30;

/// Has this node run containers from its next boot on.
fn contain(world: &mut World, node: usize) {
    world.redescribe(node, |description| {
        let ranges = vec![Range {
            start: 8000,
            end: 8003,
        }];
        let resources = &mut description.resources;
        resources.insert("ports".to_owned(), Value::Ranges(ranges));
        resources.insert("mem".to_owned(), Value::Scalar(2 * MUCH));
        let executors = ["wasm".into(), "docker".into()];
        description.attributes = [
            ("executors", AttributeValue::Texts(executors.into())),
            ("restart", AttributeValue::Text("reboot".into())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    });
}

fn contained(id: u64) -> LaunchTask {
    let mut container = Container::new("busybox:1.36");
    container.ports = vec![PortMapping {
        host: 8001,
        container: 80,
        protocol: Transport::Tcp,
    }];
    let resources = TaskResources {
        cpus: 100,
        mem: MUCH,
        devices: Vec::new(),
        ports: vec![8001],
    };
    let mut task = LaunchTask::contained(TaskId(id), "web", container, resources);
    task.env = (0..100)
        .map(|number| (format!("KEY_{number}"), "x".repeat(60)))
        .collect();
    task
}

#[test]
fn its_agent_fetches_what_it_is_to_run_and_no_other_does() {
    let mut world = World::durable(2);
    contain(&mut world, 0);
    let framework = world.framework("default");
    let mut offers = world.offers(framework, 2);
    offers.sort_by(|a, b| a.agent_name.cmp(&b.agent_name));
    let asked = contained(1);
    world.accept(&offers[0], asked.clone());
    let heard = world.nodes[0].heard.last().expect("it was asked").clone();
    assert_eq!(heard.0, path::LAUNCH);
    let launch: Launch<'_> = decode(&heard.1).unwrap();
    // A node has no limit for what is not in its own memory, and finds it again after a crash.
    assert_eq!((launch.mem, launch.restart), (0, Some(true)));
    assert_eq!(launch.env.iter().count(), 0);
    let module = launch.module;

    let bytes = world.fetch(0, module).unwrap();
    assert_eq!(bytes.len(), launch.module_size as usize);
    assert_eq!(Sha256::digest(&bytes)[..], module.0);
    let told: ContainerTask = serde_json::from_slice(&bytes).unwrap();
    let expected = ContainerTask {
        name: "web".to_owned(),
        container: asked.container.clone().unwrap(),
        cpus: 100,
        mem: MUCH,
        env: asked.env.clone(),
        restart: false,
    };
    assert_eq!(told, expected);
    // Its environment may have a secret in it.
    assert_eq!(world.fetch(1, module), Err(Code::NOT_FOUND));

    // A master that has started again knows it still.
    world.crash(9);
    world.register(0, &[update(TaskId(1), TaskState::Starting)]);
    assert_eq!(world.fetch(0, module), Ok(bytes));
    let view = world.master.task(world.now, TaskId(1)).unwrap();
    assert_eq!(view.module, None);
    assert_eq!(view.container.as_deref(), asked.container.as_ref());

    // The port is held while it runs, and then not any more; nor is what it was told.
    let ports = |world: &World| {
        let agent = world.master.ledger().agent_named("node-0").unwrap();
        agent.used.get("ports").cloned()
    };
    let held = vec![Range {
        start: 8001,
        end: 8001,
    }];
    assert_eq!(ports(&world), Some(Value::Ranges(held)));
    world.ping(0, &[update(TaskId(1), TaskState::Completed)]);
    assert_eq!(ports(&world), None);
    assert_eq!(world.fetch(0, module), Err(Code::NOT_FOUND));
}

#[test]
fn what_cannot_be_one_is_refused_where_it_stands() {
    let mut world = World::new(2);
    contain(&mut world, 0);
    world.redescribe(1, |description| {
        let mem = Value::Scalar(MUCH);
        description.resources.insert("mem".to_owned(), mem);
    });
    let framework = world.framework("default");
    let mut offers = world.offers(framework, 2);
    offers.sort_by(|a, b| a.agent_name.cmp(&b.agent_name));
    let refused = |world: &mut World, node: usize, change: &dyn Fn(&mut LaunchTask)| {
        let mut task = contained(1);
        change(&mut task);
        let accept = Accept {
            framework,
            tasks: vec![task],
        };
        let offer = offers[node].id;
        let refused = world.master.accept_offer(world.now, offer, &accept);
        let refused = refused.unwrap_err();
        assert_eq!(refused.status(), 422, "{refused}");
        let field = refused.field().unwrap_or_default();
        let below = field.strip_prefix("tasks[0]").expect("it is of the task");
        (refused.code(), below.to_owned())
    };
    let container = |change: fn(&mut Container)| {
        move |task: &mut LaunchTask| change(task.container.as_mut().expect("one"))
    };
    let mount = |source: Option<&str>, target: &str| {
        let mount = Mount {
            source: source.map(str::to_owned),
            target: target.to_owned(),
            read_only: false,
        };
        move |task: &mut LaunchTask| {
            let container = task.container.as_mut().expect("one");
            container.mounts = vec![mount.clone(), mount.clone()];
        }
    };
    type Broken<'a> = Box<dyn Fn(&mut LaunchTask) + 'a>;
    let cases: [(Broken<'_>, &str, &str); 18] = [
        (
            Box::new(|task| task.module = Some(MODULE)),
            "moduleOrContainer",
            ".container",
        ),
        (
            Box::new(|task| task.container = None),
            "moduleOrContainer",
            ".container",
        ),
        (
            Box::new(container(|it| it.image.clear())),
            "badContainer",
            ".container.image",
        ),
        (
            Box::new(container(|it| it.image.push(' '))),
            "badContainer",
            ".container.image",
        ),
        (
            Box::new(|task| task.resources.mem = (6 << 20) - 1),
            "tooLittleMemory",
            ".resources.mem",
        ),
        (
            Box::new(container(|it| it.pids = Some(0))),
            "badContainer",
            ".container.pids",
        ),
        (
            Box::new(|task| task.permissions = Some(vec!["emit".to_owned()])),
            "badContainer",
            ".permissions",
        ),
        (
            Box::new(container(|it| it.capabilities = vec!["net_raw".to_owned()])),
            "badContainer",
            ".container.capabilities[0]",
        ),
        (
            Box::new(container(|it| it.network = Network::Host)),
            "badContainer",
            ".container.ports",
        ),
        (
            Box::new(container(|it| it.ports[0].host = 8002)),
            "portNotHeld",
            ".container.ports[0].host",
        ),
        (
            Box::new(container(|it| it.ports[0].container = 0)),
            "badContainer",
            ".container.ports[0].container",
        ),
        (
            Box::new(|task| task.resources.ports = vec![8001, 9000]),
            "portNotOffered",
            ".resources.ports[1]",
        ),
        (
            Box::new(|task| task.resources.ports = vec![8001, 8001]),
            "portNotOffered",
            ".resources.ports[1]",
        ),
        (
            Box::new(mount(Some("data"), "/data")),
            "badContainer",
            ".container.mounts[0].source",
        ),
        (
            Box::new(mount(Some("/a/../b"), "/data")),
            "badContainer",
            ".container.mounts[0].source",
        ),
        (
            Box::new(mount(None, "/data")),
            "badContainer",
            ".container.mounts[1].target",
        ),
        (
            Box::new(|task| drop(task.env.insert("A=B".to_owned(), String::new()))),
            "badContainer",
            ".env",
        ),
        (
            Box::new(|task| drop(task.env.insert("A".to_owned(), "x".repeat(16 << 10)))),
            "launchTooLarge",
            ".container",
        ),
    ];
    for (change, code, field) in cases {
        let told = refused(&mut world, 0, &change);
        assert_eq!((told.0, told.1.as_str()), (code, field));
    }
    // The other runs none, and has no ports.
    let bare = |task: &mut LaunchTask| {
        task.resources.ports.clear();
        task.container.as_mut().expect("one").ports.clear();
    };
    let told = refused(&mut world, 1, &bare);
    assert_eq!((told.0, told.1.as_str()), ("noContainers", ".container"));
    assert_eq!(world.master.ledger().task_count(), 0);
}

#[test]
fn a_container_takes_no_messages() {
    let mut world = World::new(1);
    contain(&mut world, 0);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    world.accept(&offer, contained(1));
    let message = api::SendMessage {
        framework,
        data: api::OutputData::Text("hello".to_owned()),
    };
    let refused = world.master.message_task(world.now, TaskId(1), &message);
    let refused = refused.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (409, "takesNoMessages"));
}
