//! An input that the driver should not have given is an error, and changes nothing.

use edgerm_agent_core::{Input, InputError, RecordKey, StorageError, TaskExit};
use edgerm_protocol::{DecodeError, TaskId};

use crate::common::{FIRST, SECOND, World, module};

#[track_caller]
fn assert_refused(world: &mut World, input: Input<'_>, expected: InputError) {
    let before = format!("{:?}", world.agent);
    assert_eq!(world.input(input), Err(expected), "{input:?}");
    assert_eq!(format!("{:?}", world.agent), before, "{input:?}");
}

#[test]
fn inputs_of_tasks_that_are_not_there_are_errors() {
    let mut world = World::running(FIRST);
    let nobody = TaskId(99);
    for input in [
        Input::TaskStarted(nobody),
        Input::TaskStartFailed(nobody, "why"),
        Input::TaskExited(nobody, TaskExit::Killed),
        Input::TaskOutput(nobody, b"x"),
        Input::TaskLogged(nobody),
    ] {
        assert_refused(&mut world, input, InputError::UnknownTask(nobody));
    }
    let key = RecordKey(1);
    for input in [
        Input::Persisted(key),
        Input::PersistFailed(key, StorageError::Io),
    ] {
        assert_refused(&mut world, input, InputError::UnexpectedRecord(key));
    }
    let taken = Input::MessageTaken(nobody, true);
    assert_refused(&mut world, taken, InputError::UnexpectedForTask(nobody));
}

#[test]
fn inputs_out_of_place_are_errors() {
    let mut world = World::running(FIRST);
    let out_of_place = InputError::UnexpectedForTask(FIRST);
    assert_refused(&mut world, Input::TaskStarted(FIRST), out_of_place);
    assert_refused(
        &mut world,
        Input::TaskStartFailed(FIRST, "why"),
        out_of_place,
    );
    assert_refused(&mut world, Input::MessageTaken(FIRST, true), out_of_place);

    world.storage.paused = true;
    world.launch(SECOND, 700);
    let out_of_place = InputError::UnexpectedForTask(SECOND);
    for input in [
        Input::TaskStarted(SECOND),
        Input::TaskStartFailed(SECOND, "why"),
        Input::TaskExited(SECOND, TaskExit::Killed),
    ] {
        assert_refused(&mut world, input, out_of_place);
    }

    world.link.cut(true);
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    for input in [
        Input::TaskExited(FIRST, TaskExit::Exited(1)),
        Input::TaskOutput(FIRST, b"late"),
        Input::TaskLogged(FIRST),
    ] {
        assert_refused(&mut world, input, InputError::UnknownTask(FIRST));
    }
}

#[test]
fn a_block_that_nobody_gave_to_store_is_an_error() {
    let mut world = World::registered();
    let id = world.launch(FIRST, 5000);
    world.link.cut(true);
    world.run_until(|world| world.storage.modules.contains_key(&id));
    world.run_for(crate::common::seconds(1));
    assert_refused(
        &mut world,
        Input::BlockStored(id),
        InputError::UnknownModule(id),
    );
    // Of a module whose tasks are gone, it comes late and means nothing.
    let (other, _) = module(3);
    assert_eq!(world.input(Input::BlockStored(other)), Ok(()));
}

#[test]
fn a_description_that_is_none_is_an_error() {
    let mut world = World::registered();
    let error = InputError::Description(DecodeError::Malformed { at: 0 });
    assert_refused(&mut world, Input::DescriptionChanged(b""), error);
}
