//! Agents fall silent, are heard again, are given up, leave.

use edgerm_protocol::api::AgentState;
use edgerm_protocol::message::Deregister;

use super::*;

fn agent_state(world: &World) -> AgentState {
    world.master.ledger().agents(None).next().unwrap().state
}

#[test]
fn a_silent_agent_is_missed_heard_again_and_given_up() {
    let mut world = World::new(1);
    let (framework, task) = world.launched();
    world.ping(0, &[update(task, TaskState::Running)]);
    assert_eq!(world.offers(framework, 1).len(), 1);
    world.pass(11_000);
    assert_eq!(agent_state(&world), AgentState::Registered);
    world.pass(2_000);
    assert_eq!(agent_state(&world), AgentState::Unreachable);
    assert_eq!(world.master.ledger().offers(None).count(), 0, "rescinded");
    assert!(world.offers(framework, 1).is_empty());
    assert!(world.master.task(world.now, task).unwrap().unreachable);

    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(agent_state(&world), AgentState::Registered);
    assert!(!world.master.task(world.now, task).unwrap().unreachable);
    assert_eq!(world.offers(framework, 1).len(), 1);

    world.pass(700_000);
    assert_eq!(agent_state(&world), AgentState::Gone);
    assert_eq!(world.state(task), TaskState::Lost);
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED, "it is to register");
    let listed = [update(task, TaskState::Running)];
    let registered = world.register(0, &listed);
    assert_eq!(
        &registered.unwanted[..],
        [task],
        "what was given up is ended"
    );
    assert_eq!(world.offers(framework, 1).len(), 1);
}

/// A task is killed on an agent that hears nothing for `millis`, and then again and pings; the world,
/// and the state in which it was until then.
fn killed_while_deaf(millis: u64) -> (World, TaskId, AgentState) {
    let mut world = World::new(1);
    let (_, task) = world.launched();
    world.ping(0, &[update(task, TaskState::Running)]);
    world.nodes[0].deaf = true;
    world.master.kill_task(world.now, task, None).unwrap();
    world.settle();
    world.pass(millis);
    let state = agent_state(&world);
    world.nodes[0].deaf = false;
    world.nodes[0].heard.clear();
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    (world, task, state)
}

#[test]
fn what_an_agent_did_not_hear_is_sent_again_when_it_is_heard() {
    // The next retransmission is seconds away, or there is none left; it is given up after 93 s.
    for (millis, before) in [
        (10_000, AgentState::Registered),
        (50_000, AgentState::Unreachable),
    ] {
        let (mut world, task, state) = killed_while_deaf(millis);
        assert_eq!(state, before);
        let heard: Vec<_> = world.nodes[0].heard.iter().map(|(path, _)| path).collect();
        assert_eq!(heard, [path::KILL], "{millis}");
        assert_eq!(world.state(task), TaskState::Killing);
        world.pass(100_000);
        assert_eq!(world.nodes[0].heard.len(), 1, "once");
    }
}

/// A world with one task that runs on an agent of which nothing is heard any more.
fn silent(ask: impl Fn(&mut LaunchTask)) -> (World, TaskId) {
    let mut world = World::new(1);
    let framework = world.framework("default");
    let offer = world.offers(framework, 1).remove(0);
    let mut asked = task(1);
    ask(&mut asked);
    world.accept(&offer, asked);
    world.ping(0, &[update(TaskId(1), TaskState::Running)]);
    (world, TaskId(1))
}

/// Milliseconds until an agent that pings each second is missed: three pings, and the slack.
const MISSED_MS: u64 = 12_000;

#[test]
fn a_task_may_be_given_up_before_its_agent() {
    let (mut world, task) = silent(|task| task.give_up_after = Some(60));
    world.pass(MISSED_MS + 59_000);
    assert_eq!(world.state(task), TaskState::Running);
    world.pass(1_500);
    assert_eq!(world.state(task), TaskState::Lost);
    let detail = world.master.task(world.now, task).unwrap().detail;
    assert_eq!(detail.as_deref(), Some("its agent was silent for 72 s"));
    assert_eq!(agent_state(&world), AgentState::Unreachable);
    // It comes back with the task running, in the session that it had.
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED, "it is to register");
    assert_eq!(agent_state(&world), AgentState::Unreachable);
    let listed = [update(task, TaskState::Running)];
    assert_eq!(&world.register(0, &listed).unwanted[..], [task]);
    assert_eq!(agent_state(&world), AgentState::Registered);
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
}

#[test]
fn an_agent_whose_tasks_were_all_given_up_is_when_its_own_time_has_passed() {
    let (mut world, task) = silent(|task| task.give_up_after = Some(0));
    world.pass(MISSED_MS + 1_000);
    assert_eq!(world.state(task), TaskState::Lost);
    assert_eq!(agent_state(&world), AgentState::Unreachable);
    world.pass(595_000);
    assert_eq!(agent_state(&world), AgentState::Unreachable);
    world.pass(6_000);
    assert_eq!(agent_state(&world), AgentState::Gone);
    let mut timers = world.master.timers.iter();
    assert!(timers.all(|(_, timer)| *timer == Timer::Retention));
}

#[test]
fn a_patient_task_keeps_its_agent() {
    let (mut world, task) = silent(|task| task.give_up_after = Some(3600));
    world.pass(MISSED_MS + 3_599_000);
    assert_eq!(world.state(task), TaskState::Running);
    assert_eq!(agent_state(&world), AgentState::Unreachable);
    world.pass(1_500);
    assert_eq!(world.state(task), TaskState::Lost);
    assert_eq!(agent_state(&world), AgentState::Gone);
}

#[test]
fn a_task_that_its_agent_ends_by_itself_is_lost_after_that() {
    let (mut world, task) = silent(|task| task.stop_after_disconnected = Some(3600));
    world.pass(MISSED_MS + 3_659_000);
    assert_eq!(world.state(task), TaskState::Running);
    world.pass(1_500);
    assert_eq!(world.state(task), TaskState::Lost);
    // One that chose otherwise is taken at its word.
    let (mut world, task) = silent(|task| {
        task.stop_after_disconnected = Some(3600);
        task.give_up_after = Some(10);
    });
    world.pass(MISSED_MS + 10_500);
    assert_eq!(world.state(task), TaskState::Lost);
}

#[test]
fn an_agent_that_is_heard_again_in_time_keeps_its_session_and_its_tasks() {
    let (mut world, task) = silent(|task| task.give_up_after = Some(60));
    world.pass(MISSED_MS + 50_000);
    assert_eq!(world.ping(0, &[]), Code::CHANGED);
    assert_eq!(agent_state(&world), AgentState::Registered);
    world.pass(11_000);
    assert_eq!(world.state(task), TaskState::Running, "counted anew");
}

#[test]
fn nothing_is_asked_of_an_agent_that_is_not_heard() {
    let (mut world, task) = silent(|_| {});
    world.pass(MISSED_MS + 1_000);
    let heard = world.nodes[0].heard.len();
    world.master.kill_task(world.now, task, None).unwrap();
    world.settle();
    assert_eq!(world.nodes[0].heard.len(), heard);
    world.ping(0, &[]);
    world.settle();
    assert_eq!(world.nodes[0].heard.len(), heard + 1);
}

#[test]
fn a_ping_that_tells_of_a_task_which_has_ended_is_answered_so_that_the_agent_registers() {
    let (mut world, task) = silent(|_| {});
    world.ping(0, &[update(task, TaskState::Completed)]);
    assert_eq!(world.state(task), TaskState::Completed);
    let ended = update(task, TaskState::Completed);
    assert_eq!(world.ping(0, &[ended]), Code::CHANGED, "told twice");
    let runs = update(task, TaskState::Running);
    assert_eq!(world.ping(0, &[runs]), Code::UNAUTHORIZED);
    let unknown = update(TaskId(99), TaskState::Starting);
    assert_eq!(world.ping(0, &[unknown]), Code::UNAUTHORIZED);
    assert_eq!(&world.register(0, &[runs]).unwanted[..], [task]);
}

#[test]
fn pings_keep_an_agent_and_set_no_timers() {
    let mut world = World::new(1);
    let timers = world.master.timers.len();
    for _ in 0..100 {
        world.pass(1000);
        assert_eq!(world.ping(0, &[]), Code::CHANGED);
    }
    assert_eq!(agent_state(&world), AgentState::Registered);
    assert_eq!(world.master.timers.len(), timers);
    for _ in 0..10 {
        world.register(0, &[]);
    }
    assert_eq!(world.master.timers.len(), timers);
}

#[test]
fn an_agent_that_leaves_tells_how_its_tasks_ended() {
    let mut world = World::new(1);
    let (_, task) = world.launched();
    let deregister = Deregister {
        session: world.nodes[0].session,
        updates: List::from_first([update(task, TaskState::Killed)]),
    };
    let mut buffer = [0; MAX_BODY];
    let body = encode(&deregister, &mut buffer).unwrap().to_vec();
    assert_eq!(world.post(0, path::DEREGISTER, &body).0, Code::DELETED);
    assert_eq!(world.state(task), TaskState::Killed);
    assert_eq!(agent_state(&world), AgentState::Gone);
    let mut timers = world.master.timers.iter();
    let left = timers.all(|(_, timer)| *timer == Timer::Retention);
    assert!(left, "it is looked after no more");
    assert_eq!(world.ping(0, &[]), Code::UNAUTHORIZED);
}

#[test]
fn the_same_name_is_the_same_agent_after_a_restart_of_either_end() {
    let first = World::new(3);
    let second = World::new(3);
    let ids = |world: &World| -> Vec<_> {
        let agents = world.master.ledger().agents(None);
        agents.map(|agent| (agent.id, agent.name.clone())).collect()
    };
    assert_eq!(ids(&first), ids(&second));
}

#[test]
fn agents_of_ever_new_names_displace_those_that_are_gone() {
    let mut world = World::new(2);
    world.master.config.limits.agents = 2;
    world.nodes.push(Node::new(2));
    let (code, body) = world.try_register(2, WIRE_VERSION, true, &[]);
    assert_eq!(code, Code::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("2 agents"));
    world.pass(700_000);
    for name in 0..10 {
        world.nodes[2].name = format!("new-{name}");
        world.register(2, &[]);
        assert!(
            world
                .master
                .ledger()
                .agent_named(&world.nodes[2].name)
                .is_some()
        );
        assert_eq!(world.master.ledger().agent_count(), 2);
        assert_eq!(world.master.links.len(), 2);
        assert_eq!(world.master.timers.len(), 1);
        world.pass(700_000);
    }
}
