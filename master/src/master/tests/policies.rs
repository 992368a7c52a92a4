//! What the policy of a token refuses, and what it does not.

use edgerm_protocol::api::{Container, NewToken, Policy, Role};
use edgerm_protocol::owned::AttributeValue;
use edgerm_task_abi::Permission;

use super::road::output;
use super::*;
use crate::access::{Secret, TokenId, Tokens};
use crate::refusal::Refuse;

const HOUR_MS: u64 = 3_600_000;

/// One that needs the permissions to log and to emit.
const TALKER: ModuleId = ModuleId([8; 32]);

fn world() -> World {
    let mut world = World::new(1);
    let module = Module {
        id: TALKER,
        size: 100,
        memory: 100,
        memory_needed: 100,
        permissions: [Permission::Log, Permission::Emit].into_iter().collect(),
        features: Vec::new(),
        admitted_at: world.now,
        owner: None,
    };
    let added = world
        .master
        .add_module(world.now, module, Arc::from(vec![0; 100]));
    assert!(added.unwrap().1);
    world
}

fn token() -> TokenId {
    let mut tokens = Tokens::in_memory(2);
    let secret = |byte| Secret::from_entropy([byte; 32]);
    let operator = NewToken::new("o", Role::Operator);
    tokens.issue(&operator, &secret(1)).unwrap();
    let framework = NewToken::new("f", Role::Framework);
    tokens.issue(&framework, &secret(2)).unwrap()
}

fn register(world: &mut World, owner: TokenId) -> FrameworkId {
    let new = NewFramework {
        name: "test".to_owned(),
        role: "default".to_owned(),
    };
    let registered = world
        .master
        .register_framework(world.now, Some(owner), &new);
    registered.unwrap().id
}

fn names(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

/// Launches a task of `framework`. A refusal leaves everything as it was.
fn launch(world: &mut World, framework: FrameworkId, task: LaunchTask) -> Result<(), api::Refusal> {
    let offer = world.offers(framework, 1).remove(0);
    let accept = Accept {
        framework,
        tasks: vec![task],
    };
    let before = world.master.ledger().offers(None).count();
    let accepted = world.master.accept_offer(world.now, offer.id, &accept);
    let outcome = accepted.map(drop).map_err(|refused| {
        assert_eq!(refused.status(), 403, "{refused}");
        refused.refusal()
    });
    if outcome.is_err() {
        assert_eq!(world.master.ledger().offers(None).count(), before);
        assert!(world.master.ledger().task(accept.tasks[0].id).is_none());
        let decline = api::Decline {
            framework,
            filter_ms: 0,
        };
        let declined = world.master.decline_offer(world.now, offer.id, &decline);
        declined.unwrap();
    }
    world.settle();
    outcome
}

#[test]
fn a_policy_refuses_what_it_does_not_allow_and_nothing_else() {
    let all = Policy::default;
    let granted = |permissions: &[&str]| LaunchTask {
        permissions: Some(permissions.iter().map(|it| (*it).to_owned()).collect()),
        ..task(1)
    };
    let talker = || LaunchTask {
        module: Some(TALKER),
        ..task(1)
    };
    let permissions = |allowed: &[&str]| Policy {
        permissions: names(allowed),
        ..all()
    };
    let sensors = |allowed: &[&str]| Policy {
        sensors: names(allowed),
        ..all()
    };
    let actuators = |allowed: &[&str]| Policy {
        actuators: names(allowed),
        ..all()
    };
    let no_devices = || LaunchTask {
        resources: TaskResources {
            devices: Vec::new(),
            ..task(1).resources
        },
        ..task(1)
    };
    let led = || LaunchTask {
        resources: TaskResources {
            devices: vec!["l0".to_owned()],
            ..task(1).resources
        },
        ..task(1)
    };
    let web = || {
        let resources = TaskResources {
            mem: 8 << 20,
            ..TaskResources::default()
        };
        LaunchTask::contained(TaskId(1), "web", Container::new("web"), resources)
    };
    let containers = |policy: Policy, allowed| Policy {
        containers: Some(allowed),
        ..policy
    };
    let contained = Some(("tasks[0].container", "does not allow containers"));
    let cases = [
        (all(), web(), None),
        (sensors(&[]), web(), None),
        (permissions(&["emit"]), web(), contained),
        (containers(permissions(&["emit"]), true), web(), None),
        (containers(all(), false), web(), contained),
        (all(), talker(), None),
        (permissions(&["emit", "log"]), talker(), None),
        (
            permissions(&["log"]),
            talker(),
            Some(("tasks[0].permissions", "emit, which the module needs")),
        ),
        (permissions(&["kv"]), granted(&["kv"]), None),
        (
            permissions(&["kv"]),
            granted(&["kv", "clock"]),
            Some(("tasks[0].permissions[1]", "clock; it allows kv")),
        ),
        (permissions(&[]), task(1), None),
        (
            permissions(&[]),
            granted(&["env"]),
            Some(("tasks[0].permissions[0]", "env; it allows none")),
        ),
        (sensors(&["light", "temperature"]), task(1), None),
        (
            sensors(&["light"]),
            task(1),
            Some((
                "tasks[0].resources.devices[0]",
                "t0, a temperature sensor; of those it allows light",
            )),
        ),
        (sensors(&[]), no_devices(), None),
        // A kind is allowed of its class alone.
        (actuators(&["temperature"]), task(1), None),
        (sensors(&[]), led(), None),
        (actuators(&["led"]), led(), None),
        (
            actuators(&[]),
            led(),
            Some((
                "tasks[0].resources.devices[0]",
                "l0, a led actuator; of those it allows none",
            )),
        ),
    ];
    for (policy, task, refused) in cases {
        let mut world = world();
        let agent = world.master.ledger().agents(None).next().unwrap();
        let mut description = Description {
            resources: agent.total.clone(),
            ..Description::default()
        };
        let led = Device {
            class: DeviceClass::Actuator,
            kind: "led".into(),
            access: Access::Shared,
        };
        let led = Value::Device(led);
        description.resources.insert("l0".to_owned(), led);
        let mem = Value::Scalar(8 << 20);
        description.resources.insert("mem".to_owned(), mem);
        description.attributes = [("executors", "docker"), ("restart", "reboot")]
            .map(|(name, text)| (name.to_owned(), AttributeValue::Text(text.into())))
            .into();
        world.nodes[0].description = description.to_bytes().unwrap();
        world.register(0, &[]);
        let owner = token();
        world.master.set_policy(owner, &policy);
        let framework = register(&mut world, owner);
        match (launch(&mut world, framework, task), refused) {
            (Ok(()), None) => {}
            (Err(told), Some((field, message))) => {
                assert_eq!(told.code, "policy", "{told:?}");
                assert_eq!(told.field.as_deref(), Some(field), "{told:?}");
                assert!(told.message.contains(message), "{told:?}");
            }
            (outcome, _) => panic!("{policy:?}: {outcome:?}"),
        }
    }
}

fn outputs(world: &World, task: u64) -> usize {
    world.master.outputs.after(TaskId(task), 0).count()
}

fn dropped(world: &World) -> u64 {
    let counters = world.master.counters();
    counters
        .get("output_over_policy")
        .copied()
        .unwrap_or_default()
}

fn with_no_devices(id: u64) -> LaunchTask {
    LaunchTask {
        resources: TaskResources {
            devices: Vec::new(),
            ..task(id).resources
        },
        ..task(id)
    }
}

/// A world in which a token may emit 100 bytes a day, with a task of each of two frameworks of
/// its, and of one that is nobody's.
fn bounded() -> (World, TokenId, [FrameworkId; 2]) {
    let mut world = world();
    // In the midst of an hour.
    world.now = Instant::from_millis(1000 * HOUR_MS + HOUR_MS / 2);
    world.ping(0, &[]);
    let owner = token();
    let policy = Policy {
        bytes_per_day: Some(100),
        ..Policy::default()
    };
    world.master.set_policy(owner, &policy);
    let frameworks = [register(&mut world, owner), register(&mut world, owner)];
    for (id, framework) in (1..).zip(frameworks) {
        launch(&mut world, framework, with_no_devices(id)).unwrap();
    }
    let free = world.framework("default");
    launch(&mut world, free, with_no_devices(3)).unwrap();
    (world, owner, frameworks)
}

#[test]
fn beyond_its_bytes_of_a_day_a_token_emits_and_launches_nothing() {
    let (mut world, _, [framework, _]) = bounded();
    assert_eq!(output(&mut world, TaskId(1), 1, &[0; 60]), Code::CHANGED);
    // What is told twice counts once.
    assert_eq!(output(&mut world, TaskId(1), 1, &[0; 60]), Code::CHANGED);
    assert_eq!(output(&mut world, TaskId(2), 1, &[0; 39]), Code::CHANGED);
    assert_eq!((outputs(&world, 1), outputs(&world, 2)), (1, 1));
    assert_eq!(dropped(&world), 0);

    assert_eq!(output(&mut world, TaskId(2), 2, &[0; 2]), Code::CHANGED);
    assert_eq!((outputs(&world, 2), dropped(&world)), (1, 1));
    let told = launch(&mut world, framework, with_no_devices(4)).unwrap_err();
    assert_eq!((&*told.code, told.field), ("policy", None));
    assert!(told.message.contains("100 bytes a day"), "{}", told.message);

    // To others it is nothing.
    assert_eq!(output(&mut world, TaskId(3), 1, &[0; 200]), Code::CHANGED);
    assert_eq!((outputs(&world, 3), dropped(&world)), (1, 1));
}

#[test]
fn the_day_of_a_token_rolls_over() {
    let (mut world, _, [framework, _]) = bounded();
    output(&mut world, TaskId(1), 1, &[0; 100]);
    launch(&mut world, framework, with_no_devices(4)).unwrap_err();
    let stay = |world: &mut World, hours: u64| {
        for _ in 0..hours * 12 {
            world.pass(HOUR_MS / 12);
            world.ping(0, &[]);
        }
    };
    stay(&mut world, 23);
    launch(&mut world, framework, with_no_devices(4)).unwrap_err();
    assert_eq!(output(&mut world, TaskId(1), 2, &[0; 1]), Code::CHANGED);
    assert_eq!((outputs(&world, 1), dropped(&world)), (1, 1));
    stay(&mut world, 1);
    launch(&mut world, framework, with_no_devices(4)).unwrap();
    assert_eq!(output(&mut world, TaskId(1), 3, &[0; 100]), Code::CHANGED);
    assert_eq!((outputs(&world, 1), dropped(&world)), (2, 1));
}

#[test]
fn a_policy_outlives_its_token_by_what_runs_under_it() {
    let (mut world, owner, frameworks) = bounded();
    output(&mut world, TaskId(1), 1, &[0; 100]);
    world.master.end_policy(owner);
    output(&mut world, TaskId(1), 2, &[0; 1]);
    assert_eq!((outputs(&world, 1), dropped(&world)), (1, 1));
    for framework in frameworks {
        world.master.remove_framework(world.now, framework).unwrap();
    }
    world.settle();
    world.master.end_policy(owner);
    assert!(
        world.master.policies.of(Some(owner)).is_some(),
        "they are being killed"
    );
    let killed = [1, 2].map(|id| update(TaskId(id), TaskState::Killed));
    world.ping(0, &killed);
    world.master.end_policy(owner);
    assert!(world.master.policies.of(Some(owner)).is_none());
}
