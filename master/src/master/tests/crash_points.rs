//! The master's own file on a disk whose power goes at any operation, again and again: whatever
//! anybody was told is there afterwards.

use std::collections::BTreeSet;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::power::Platter;
use super::*;
use crate::store::Store;

/// How often the power goes, unless `EDGERM_CRASH_POINTS` says otherwise.
const CRASHES: u32 = 400;

const NODES: usize = 3;

/// What somebody was told, and is therefore so for ever.
#[derive(Default)]
struct Told {
    frameworks: BTreeSet<FrameworkId>,
    /// Tasks that were accepted, and how those ended whose end was acknowledged.
    tasks: BTreeMap<TaskId, Option<TaskState>>,
    kills: BTreeSet<TaskId>,
    /// Offers, and when they expire.
    offers: BTreeMap<OfferId, (api::Offer, Instant)>,
}

struct Run {
    world: World,
    platter: Platter,
    random: Pcg32,
    told: Told,
    next_task: u64,
    outages: u32,
    /// Launches that each node heard, which run there until it says how they ended.
    running: BTreeMap<TaskId, usize>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let platter = Platter::new(seed);
        let mut world = World::new(0);
        let disk = platter.clone();
        let store = Store::on(move || Ok(disk.open())).unwrap();
        world.on_file(store);
        world.nodes = (0..NODES)
            .map(|node| Node::new(u8::try_from(node).unwrap()))
            .collect();
        for node in 0..NODES {
            world.register(node, &[]);
        }
        Self {
            world,
            platter,
            random: Pcg32::seed_from_u64(seed),
            told: Told::default(),
            next_task: 0,
            outages: 1,
            running: BTreeMap::new(),
        }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.random.next_u32() % bound
    }

    /// One thing that somebody does; what they are told of it is kept.
    fn act(&mut self) {
        let now = self.world.now;
        match self.below(8) {
            0 if self.told.frameworks.len() < 4 => {
                let framework = self.world.framework("default");
                self.world.settle();
                if self.is_down() {
                    self.told.frameworks.insert(framework);
                }
            }
            0 | 1 => {
                let Some(framework) = self.told.frameworks.first().copied() else {
                    return;
                };
                let offers = self.world.offers(framework, 2);
                if self.is_down() {
                    let until = now + self.world.master.config.timing.offer_timeout;
                    let offers = offers.into_iter().map(|it| (it.id, (it, until)));
                    self.told.offers.extend(offers);
                }
            }
            2 | 3 => self.accept(),
            4 => {
                let tasks: Vec<TaskId> = self.running.keys().copied().collect();
                if let Some(task) = tasks.first().copied() {
                    let killed = self.world.master.kill_task(now, task, None);
                    self.world.settle();
                    if killed.is_ok() && self.is_down() {
                        self.told.kills.insert(task);
                    }
                }
            }
            5 | 6 => self.end_one(),
            _ => {
                for node in 0..NODES {
                    self.ping(node, &[]);
                }
                self.world.pass(2_000);
                let now = self.world.now;
                self.told.offers.retain(|_, (_, until)| *until > now);
            }
        }
        self.hear();
    }

    fn accept(&mut self) {
        let Some((_, (offer, _))) = self.told.offers.pop_first() else {
            return;
        };
        self.next_task += 1;
        let id = TaskId(self.next_task);
        let accept = Accept {
            framework: offer.framework,
            tasks: vec![LaunchTask {
                resources: TaskResources {
                    cpus: 100,
                    mem: 1000,
                    devices: Vec::new(),
                    ports: Vec::new(),
                },
                ..task(id.0)
            }],
        };
        let now = self.world.now;
        let accepted = self.world.master.accept_offer(now, offer.id, &accept);
        self.world.settle();
        if accepted.is_ok() && self.is_down() {
            self.told.tasks.insert(id, None);
        }
    }

    /// A task ends, and its node says so until that is acknowledged.
    fn end_one(&mut self) {
        let Some((task, node)) = self.running.first_key_value() else {
            return;
        };
        let (task, node) = (*task, *node);
        if self.ping(node, &[update(task, TaskState::Completed)]) == Some(Code::CHANGED) {
            self.running.remove(&task);
            let end = self.world.master.ledger().task(task).map(|task| task.state);
            self.told
                .tasks
                .insert(task, end.or(Some(TaskState::Completed)));
        }
    }

    /// The answer to a ping; none where the power went first.
    fn ping(&mut self, node: usize, updates: &[StatusUpdate<'_>]) -> Option<Code> {
        let ping = Ping {
            session: self.world.nodes[node].session,
            updates: List::from_first(updates.iter().copied()),
        };
        let mut buffer = [0; MAX_BODY];
        let body = encode(&ping, &mut buffer).unwrap().to_vec();
        let sender = &mut self.world.nodes[node];
        sender.responses.clear();
        let request = Request::post_cbor(&[path::PING], &body);
        sender.endpoint.request(self.world.now, &request).unwrap();
        self.world.settle();
        let answer = self.world.nodes[node].responses.pop().map(|(code, _)| code);
        if answer.is_none() {
            self.world.nodes[node].endpoint.cancel();
        }
        answer
    }

    /// What the nodes were asked to launch runs there, once.
    fn hear(&mut self) {
        for node in 0..NODES {
            for (asked, body) in std::mem::take(&mut self.world.nodes[node].heard) {
                if asked != path::LAUNCH {
                    continue;
                }
                let launch: edgerm_protocol::message::Launch<'_> = decode(&body).unwrap();
                let ended = self.told.tasks.get(&launch.task).copied().flatten();
                assert_eq!(ended, None, "{} is launched again", launch.task);
                let known = self.world.master.ledger().task(launch.task);
                assert!(known.is_some(), "{} is of nobody", launch.task);
                let before = self.running.insert(launch.task, node);
                assert!(before.is_none_or(|before| before == node), "it runs twice");
            }
        }
    }

    /// Whether all that has happened is on the disk.
    fn is_down(&self) -> bool {
        self.world.master.durable() == self.world.master.changed()
    }

    /// The power goes, at some operation of what goes on, and is back.
    fn crash(&mut self) {
        let operations = self.below(24);
        self.platter.cut_after(operations);
        for acts in 0.. {
            if self.platter.is_dark() {
                break;
            }
            assert!(
                acts < 1000,
                "nothing is written any more: {:?}",
                self.world.master.ledger()
            );
            self.act();
        }
        self.platter.restore_power();
        self.outages += 1;
        self.world.crash(self.outages);
        for node in &mut self.world.nodes {
            node.endpoint.cancel();
        }
        self.check();
    }

    fn check(&mut self) {
        let ledger = self.world.master.ledger();
        for framework in &self.told.frameworks {
            assert!(
                ledger.framework(*framework).is_some(),
                "{framework} is lost"
            );
        }
        for (id, end) in &self.told.tasks {
            let task = ledger.task(*id).unwrap_or_else(|| panic!("{id} is lost"));
            if let Some(end) = end {
                assert_eq!(task.state, *end, "{id}");
            }
            let is_killed = task.kill_requested || task.state.is_terminal();
            assert!(
                is_killed || !self.told.kills.contains(id),
                "the kill of {id} is lost"
            );
        }
        for (id, (offer, _)) in &self.told.offers {
            let kept = ledger.offer(*id).unwrap_or_else(|| panic!("{id} is lost"));
            assert_eq!(kept.resources, offer.resources);
        }
        // Only what was not acknowledged may be there beside it, and nothing holds anything twice.
        assert_eq!(ledger.check_invariants(), Ok(()));
        for node in 0..NODES {
            self.ping(node, &[]);
        }
        self.hear();
    }
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_goes() {
    let crashes = std::env::var("EDGERM_CRASH_POINTS");
    let crashes = crashes.map_or(CRASHES, |it| it.parse().expect("a number of crash points"));
    let mut run = Run::new(1);
    let mut ends = 0;
    for crash in 0..crashes {
        run.crash();
        if crash % 50 == 49 {
            ends += finish(&mut run);
        }
    }
    finish(&mut run);
    let torn = run.platter.torn();
    println!(
        "{crashes} crash points, {} tasks, {torn} writes torn",
        run.next_task
    );
    assert!(
        ends > 0 && torn > 0,
        "{ends} tasks ended, {torn} writes torn"
    );
}

#[test]
#[should_panic(expected = "is lost")]
fn a_master_that_tells_before_the_disk_has_it_is_found_out() {
    let mut run = Run::new(2);
    run.world.disk().lies = true;
    for _ in 0..CRASHES {
        run.crash();
    }
}

/// All tasks end, and nothing is left of them: how many there were.
fn finish(run: &mut Run) -> usize {
    for _ in 0..10 {
        // Offers expire, and what an agent did not hear is asked again when it is heard.
        run.world.pass(3_000);
        for node in 0..NODES {
            run.ping(node, &[]);
        }
        run.hear();
        while !run.running.is_empty() {
            run.end_one();
            run.hear();
        }
    }
    run.told.offers.clear();
    let ledger = run.world.master.ledger();
    assert_eq!(ledger.offers(None).count(), 0);
    for agent in ledger.agents(None) {
        assert!(
            agent.used.is_empty() && agent.offered.is_empty(),
            "{agent:?} holds something"
        );
    }
    assert!(ledger.tasks(None).all(|task| task.state.is_terminal()));
    let rows = ledger.row_keys().map(|key| (key, ledger.row(key).unwrap()));
    let disk = run.world.disk.as_ref().unwrap();
    assert!(rows.eq(disk.kept()), "the rows are those of the ledger");
    let ended = run.told.tasks.len();
    // As if it were a week later, so that the run stays short.
    run.told.tasks.clear();
    run.told.kills.clear();
    ended
}
