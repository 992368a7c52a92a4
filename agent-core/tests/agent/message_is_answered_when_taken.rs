//! A message to a task is answered once the task has taken it, or cannot.

use edgerm_agent_core::{Input, TaskExit};
use edgerm_coap::Code;

use crate::common::{Ask, FIRST, SECOND, World, seconds};

fn message(text: &str) -> Ask {
    Ask::Message(FIRST, text.as_bytes().to_vec())
}

#[test]
fn the_answer_waits_for_the_task() {
    let mut world = World::running(FIRST);
    world.executor.paused = true;
    world.master.ask(message("hello"));
    world.run_for(seconds(30));
    assert_eq!(
        world.executor.messages,
        [(FIRST, b"hello".to_vec())],
        "however often it came"
    );
    let answers = world.master.answers.len();
    world
        .input(Input::MessageTaken(FIRST, true))
        .expect("it has one");
    world.run_for(seconds(40));
    assert_eq!(world.master.answers.len(), answers + 1);
    assert_eq!(world.master.answers[answers].code, Some(Code::CHANGED));
}

#[test]
fn a_task_whose_queue_is_full_takes_none() {
    let mut world = World::running(FIRST);
    world.executor.queues_full = true;
    let answer = world.ask(message("hello"));
    assert_eq!(
        answer,
        (
            Code::SERVICE_UNAVAILABLE,
            "the task's queue is full".to_owned()
        )
    );
    world.executor.queues_full = false;
    assert_eq!(world.ask(message("again")).0, Code::CHANGED);
}

#[test]
fn a_task_that_ends_first_answers_for_its_message() {
    let mut world = World::running(FIRST);
    world.executor.paused = true;
    let answers = world.master.answers.len();
    world.master.ask(message("hello"));
    world.run_until(|world| !world.executor.messages.is_empty());
    world.exit(FIRST, TaskExit::Exited(0)).expect("it runs");
    world.run_until(|world| world.master.answers.len() > answers);
    assert_eq!(
        world.master.answers[answers].diagnostic,
        "the task has ended"
    );
    world
        .input(Input::MessageTaken(FIRST, true))
        .expect_err("it is answered");

    // Messages to others go on.
    world.executor.paused = false;
    world.launch(SECOND, 1000);
    world.run_until(|world| world.executor.running.contains(&SECOND));
    world.run_for(seconds(1));
    let answer = world.ask(Ask::Message(SECOND, b"hello".to_vec()));
    assert_eq!(answer.0, Code::CHANGED);
}

#[test]
fn a_task_that_does_not_run_takes_none() {
    let mut world = World::registered();
    let (code, diagnostic) = world.ask(message("hello"));
    assert_eq!(
        (code, diagnostic.as_str()),
        (Code::NOT_FOUND, "no task 0123456789abcdef here")
    );

    world.storage.paused = true;
    world.launch(FIRST, 1000);
    let (code, diagnostic) = world.ask(message("hello"));
    assert_eq!(code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(diagnostic, "the task does not run yet");

    world.ask(Ask::Kill(FIRST));
    world.link.cut_to_agent = true;
    world.run_for(seconds(1));
    world.link.cut_to_agent = false;
    assert_eq!(world.executor.messages, []);
}
