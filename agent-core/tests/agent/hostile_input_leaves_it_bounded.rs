//! Whatever comes, from the network or the driver and in whatever order, the agent neither
//! panics nor grows, and never asks to be woken in the past (which [`World::input`] checks).

use edgerm_agent_core::{Input, ModuleCheck, StorageError, TaskExit};
use edgerm_coap::Code;
use edgerm_protocol::TaskId;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common::{Ask, FIRST, LaunchSpec, Network, World, config, description, module, seconds};

/// Characters of the agent's `Debug` text, where each byte it holds takes two to five: the
/// description, four launches, four outputs, two kilobytes of replies and a datagram.
const BOUND: usize = 40_000;

/// A thing that happens to an agent.
#[derive(Clone, Debug)]
enum Op {
    Datagram(Vec<u8>),
    /// A copy of a datagram that was sent to it, with one byte set.
    Mutated(usize, usize, u8),
    Launch(u64, usize),
    Kill(u64),
    Message(u64, usize),
    Body(&'static str, Vec<u8>),
    Refuse(&'static str, u8),
    Accept(&'static str),
    Forget,
    Unwanted(u64),
    Cut(bool),
    Pass(u16),
    Step,
    Started(u64),
    StartFailed(u64),
    Exited(u64, i32),
    Output(u64, usize),
    Log(u64, usize),
    Taken(u64, bool),
    Checked(usize, u32),
    Stored(usize),
    StorageFailed(usize),
    Paused(bool),
    Described(usize),
    Leave,
}

fn task() -> impl Strategy<Value = u64> {
    0..6_u64
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), Just(700), Just(1500)]
}

fn to_master() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("r"), Just("p"), Just("o"), Just("m"), Just("q")]
}

fn to_agent() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("l"), Just("k"), Just("t"), Just("d"), Just("x")]
}

fn of_the_network() -> impl Strategy<Value = Op> {
    prop_oneof![
        vec(any::<u8>(), 0..40).prop_map(Op::Datagram),
        (any::<usize>(), any::<usize>(), any::<u8>())
            .prop_map(|(which, at, byte)| Op::Mutated(which, at, byte)),
        (task(), length()).prop_map(|(task, length)| Op::Launch(task, length)),
        task().prop_map(Op::Kill),
        (task(), 0..900_usize).prop_map(|(task, length)| Op::Message(task, length)),
        (to_agent(), vec(any::<u8>(), 0..60)).prop_map(|(path, body)| Op::Body(path, body)),
        (
            to_master(),
            prop_oneof![Just(128), Just(129), Just(132), Just(163)]
        )
            .prop_map(|(path, code)| Op::Refuse(path, code)),
        to_master().prop_map(Op::Accept),
        Just(Op::Forget),
        task().prop_map(Op::Unwanted),
        any::<bool>().prop_map(Op::Cut),
        any::<u16>().prop_map(Op::Pass),
        Just(Op::Step),
    ]
}

fn of_the_driver() -> impl Strategy<Value = Op> {
    prop_oneof![
        task().prop_map(Op::Started),
        task().prop_map(Op::StartFailed),
        (task(), any::<i32>()).prop_map(|(task, code)| Op::Exited(task, code)),
        (task(), 0..900_usize).prop_map(|(task, length)| Op::Output(task, length)),
        (task(), 0..900_usize).prop_map(|(task, length)| Op::Log(task, length)),
        (task(), any::<bool>()).prop_map(|(task, taken)| Op::Taken(task, taken)),
        (length(), 0..2000_u32).prop_map(|(length, have)| Op::Checked(length, have)),
        length().prop_map(Op::Stored),
        length().prop_map(Op::StorageFailed),
        any::<bool>().prop_map(Op::Paused),
        (0..31_usize).prop_map(Op::Described),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let leave = Just(Op::Leave);
    vec(
        prop_oneof![20 => of_the_network(), 10 => of_the_driver(), 1 => leave],
        0..120,
    )
}

fn apply(world: &mut World, op: Op) {
    let input = match &op {
        Op::Datagram(bytes) => Input::Datagram(bytes),
        Op::Mutated(which, at, byte) => return mutate(world, *which, *at, *byte),
        Op::Launch(task, length) => {
            let (id, bytes) = module(*length);
            world.master.add_module(id, bytes);
            let launch = Ask::Launch(LaunchSpec::new(TaskId(*task), id, *length));
            return world.master.ask(launch);
        }
        Op::Kill(task) => return world.master.ask(Ask::Kill(TaskId(*task))),
        Op::Message(task, length) => {
            let payload = vec![0; (*length).min(800)];
            return world.master.ask(Ask::Message(TaskId(*task), payload));
        }
        Op::Body(path, body) => return world.master.ask(Ask::Raw(path, body.clone())),
        Op::Refuse(path, code) => return world.master.refuse(path, Code::from(*code)),
        Op::Accept(path) => return world.master.accept(path),
        Op::Forget => {
            world.master.session = None;
            return;
        }
        Op::Unwanted(task) => {
            world.master.unwanted.insert(TaskId(*task));
            return;
        }
        Op::Cut(cut) => return world.link.cut(*cut),
        Op::Pass(millis) => {
            return world.run_for(std::time::Duration::from_millis(u64::from(*millis)));
        }
        Op::Step => {
            world.step(world.now + seconds(1));
            return;
        }
        Op::Started(task) => Input::TaskStarted(TaskId(*task)),
        Op::StartFailed(task) => Input::TaskStartFailed(TaskId(*task), "no\nreason"),
        Op::Exited(task, code) => Input::TaskExited(TaskId(*task), TaskExit::Exited(*code)),
        Op::Output(task, length) => {
            return ignore(world.emit(TaskId(*task), &vec![1; *length]));
        }
        Op::Log(task, length) => {
            return ignore(world.log(TaskId(*task), &"x".repeat(*length)));
        }
        Op::Taken(task, taken) => Input::MessageTaken(TaskId(*task), *taken),
        Op::Checked(length, 0) => Input::ModuleChecked(module(*length).0, ModuleCheck::Corrupt),
        Op::Checked(length, 1) => Input::ModuleChecked(module(*length).0, ModuleCheck::Verified),
        Op::Checked(length, have) => {
            Input::ModuleChecked(module(*length).0, ModuleCheck::Partial(*have))
        }
        Op::Stored(length) => Input::BlockStored(module(*length).0),
        Op::StorageFailed(length) => Input::StorageFailed(module(*length).0, StorageError::Full),
        Op::Paused(paused) => {
            world.executor.paused = *paused;
            return;
        }
        Op::Described(attributes) => {
            return ignore(world.input(Input::DescriptionChanged(&description(*attributes))));
        }
        Op::Leave => Input::Leave,
    };
    ignore(world.input(input));
}

/// The driver of these tests errs on purpose.
fn ignore(_: Result<(), edgerm_agent_core::InputError>) {}

fn mutate(world: &mut World, which: usize, at: usize, byte: u8) {
    let sent = &world.link.sent;
    let Some((_, _, datagram)) = sent.get(which % sent.len().max(1)) else {
        return;
    };
    let mut datagram = datagram.clone();
    let length = datagram.len().max(1);
    if let Some(changed) = datagram.get_mut(at % length) {
        *changed = byte;
    }
    ignore(world.input(Input::Datagram(&datagram)));
}

fn held(world: &World) -> usize {
    format!("{:?}", world.agent).len()
}

proptest! {
    #[test]
    fn any_datagrams_are_borne(datagrams in vec(vec(any::<u8>(), 0..1100), 0..100)) {
        let mut world = World::running(FIRST);
        for datagram in &datagrams {
            prop_assert_eq!(world.input(Input::Datagram(datagram)), Ok(()));
        }
        prop_assert!(held(&world) < BOUND);
        prop_assert!(world.executor.running.contains(&FIRST));
    }

    #[test]
    fn any_order_of_things_is_borne(ops in ops(), seed: u64) {
        let network = Network { loss: 100, duplication: 100, delay: 500 };
        let mut world = World::with(config(), network, seed);
        world.storage.fills_holes = true;
        for op in ops {
            apply(&mut world, op);
            prop_assert!(world.agent.active_tasks() <= 3);
            prop_assert!(held(&world) < BOUND);
        }
        // However it was treated, it does not send more than a request or two a second.
        world.link.cut(true);
        let before = world.link.sent_to_master();
        world.run_for(seconds(600));
        prop_assert!(world.link.sent_to_master() - before < 60);
    }
}
