use edgerm_task_abi::{ErrorCode, Function};

use crate::common::{FIRST, Launch, World};

const NOT_PERMITTED: i64 = ErrorCode::NotPermitted as i64;
const NOT_FOUND: i64 = ErrorCode::NotFound as i64;
const INVALID: i64 = ErrorCode::InvalidArgument as i64;

#[test]
fn devices_are_opened_by_label_or_kind_and_once() {
    use Function::{ActuatorOpen, SensorOpen};
    let mut world = World::new();
    let launch = Launch {
        devices: &["attic", "lamp"],
        ..Launch::default()
    };
    world.run(0, FIRST, launch);
    let cases = [
        (SensorOpen, "attic", 0),
        // The first of its kind in the launch, which is open already.
        (SensorOpen, "temperature", 0),
        (ActuatorOpen, "led", 1),
        (ActuatorOpen, "lamp", 1),
        (SensorOpen, "room", NOT_PERMITTED),
        (SensorOpen, "lamp", NOT_PERMITTED),
        (ActuatorOpen, "attic", NOT_PERMITTED),
        (ActuatorOpen, "temperature", NOT_FOUND),
        (SensorOpen, "cellar", NOT_FOUND),
    ];
    for (function, name, expected) in cases {
        let args = world.text(0, name);
        let answer = world.call(0, function, &args);
        assert_eq!(answer, Some(expected), "{function:?} {name}");
    }
    let [attic, lamp, none] = [0, 1, 2];
    for (function, args, expected) in [
        (Function::SensorRead, [attic, 8], 0),
        (Function::SensorRead, [lamp, 8], INVALID),
        (Function::SensorRead, [none, 8], INVALID),
        (Function::ActuatorWrite, [lamp, 5], 0),
        (Function::ActuatorWrite, [attic, 5], INVALID),
    ] {
        let answer = world.call(0, function, &args);
        assert_eq!(answer, Some(expected), "{function:?} {args:?}");
    }
    assert_eq!(world.memory(0)[8..16], 1_i64.to_le_bytes(), "the attic");
    assert_eq!(world.driver.ports_mut().devices.written, [(2, 5)]);
}

#[test]
fn the_environment_is_the_launchs() {
    let mut world = World::new();
    let launch = Launch {
        env: &[("WINDOW", "2"), ("EMPTY", ""), ("WINDOW", "64")],
        ..Launch::default()
    };
    world.run(0, FIRST, launch);
    for (key, room, expected) in [
        ("WINDOW", 8, 2),
        ("EMPTY", 8, 0),
        ("WINDOW", 1, ErrorCode::BufferTooSmall as i64),
        ("PATH", 8, NOT_FOUND),
    ] {
        let [at, length] = world.text(0, key);
        let answer = world.call(0, Function::EnvGet, &[at, length, 32, room]);
        assert_eq!(answer, Some(expected), "{key} in {room} bytes");
    }
    assert_eq!(world.memory(0)[32..34], *b"64", "the last one of two");
}

#[test]
fn limits_are_the_launchs() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    let threads = &world.driver.ports_mut().threads;
    assert_eq!(threads.slots[&0].limits.memory_bytes, 4096);
}

#[test]
fn what_a_node_has_not_says_so() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    let not_supported = Some(i64::from(ErrorCode::NotSupported.code()));
    assert_eq!(world.call(0, Function::ClockUnixMs, &[]), not_supported);
    let [at, length] = world.text(0, "coap://[::1]/x");
    let posted = world.call(0, Function::CoapPost, &[at, length, 0, 0, -1]);
    assert_eq!(posted, not_supported);
}

#[test]
fn values_end_with_their_task() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    let [key, length] = world.text(0, "key");
    let set = [key, length, 0, 2];
    assert_eq!(world.call(0, Function::KvSet, &set), Some(0));
    assert_eq!(
        world.call(0, Function::KvGet, &[key, length, 32, 8]),
        Some(2)
    );
    assert_eq!(world.memory(0)[32..34], *b"ke");
    let too_many = Some(i64::from(ErrorCode::TooMany.code()));
    assert_eq!(
        world.call(0, Function::KvSet, &[key, length, 0, 60]),
        too_many
    );
}
