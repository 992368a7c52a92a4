//! Frameworks that come and go, take offers or leave them, launch, kill and talk to tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use edgerm_master::ledger::Task;
use edgerm_master::master::{Answer, OutputQuery, Reply};
use edgerm_protocol::api::{
    self, Constraints, InspectionState, LaunchTask, LogWanted, NewFramework, Restart, TaskResources,
};
use edgerm_protocol::owned::Value;
use edgerm_protocol::{FrameworkId, ModuleId, TaskId};

use super::behaviour::{Behaviour, Exit};
use super::chance::{Chance, mix};
use super::cluster::Cluster;
use super::log::Reader;
use super::setup::TASK_MEM;

/// Frameworks that there are at a time.
const FRAMEWORKS: usize = 4;

/// Modules that are uploaded, in all.
const MODULES: usize = 8;

/// Milliseconds in which every agent is heard that can be, and told what waits for it.
const LONG_ENOUGH_MS: u64 = 60_000;

/// Tasks whose log is read together, and outputs of each.
const READ_AT_ONCE: usize = 32;

/// Longest that a task runs which ends by itself.
const LONGEST: Duration = Duration::from_secs(1_200);

/// What a task of a simulation does, which follows from its id: one of five runs until it is told
/// to end, the others for milliseconds to minutes.
pub(super) fn behaviour(id: TaskId, seed: u64) -> Behaviour {
    let mut chance = Chance::new(id.0, mix(seed));
    let runs_for = (!chance.percent(20)).then(|| chance.up_to(LONGEST));
    let exit = match chance.under(10) {
        0 => Exit::Code(3),
        1 => Exit::Trap,
        _ => Exit::Code(0),
    };
    Behaviour {
        runs_for,
        exit,
        says: [0, 0, 1, 3][chance.under(4)],
        logs: [0, 1, 2, 9][chance.under(4)],
    }
}

/// What the master was asked to do for good.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Framework(FrameworkId),
    Module(ModuleId),
    Kill(TaskId),
}

/// Everybody who wants something of the master.
#[derive(Debug)]
pub(super) struct Workload {
    frameworks: Vec<FrameworkId>,
    modules: Vec<ModuleId>,
    /// Tasks that somebody asked to end, and was told that they will.
    killed: BTreeSet<TaskId>,
    /// What was asked, and is answered once so many changes are on the disk.
    asked: Vec<(u64, Asked)>,
    chance: Chance,
    next_task: u64,
    named: u64,
    /// Who reads what tasks log.
    readers: BTreeMap<TaskId, Reader>,
    /// Lines that were read.
    pub(super) lines: u64,
}

impl Workload {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            frameworks: Vec::new(),
            modules: Vec::new(),
            killed: BTreeSet::new(),
            asked: Vec::new(),
            chance: Chance::new(seed, 2),
            next_task: seed << 32,
            named: 0,
            readers: BTreeMap::new(),
            lines: 0,
        }
    }

    /// Somebody does something, if the master is there and takes it.
    pub(super) fn act(&mut self, cluster: &mut Cluster) {
        if cluster.is_down() || cluster.master().store_fault().is_some() {
            return;
        }
        if self.modules.len() < MODULES && (self.modules.is_empty() || self.chance.percent(5)) {
            self.upload(cluster);
        }
        if self.frameworks.len() < FRAMEWORKS {
            return self.register(cluster);
        }
        if self.modules.is_empty() {
            return;
        }
        let at = self.chance.under(FRAMEWORKS);
        let Some(framework) = self.frameworks.get(at).copied() else {
            return;
        };
        match self.chance.under(100) {
            0..42 => self.ask(cluster, framework, 0),
            42..50 => {
                if let Some(task) = self.pick(cluster, framework) {
                    self.read(cluster, task);
                }
            }
            50..58 => self.ask(cluster, framework, 60_000),
            58..84 => self.kill_one(cluster, framework),
            84..92 => self.talk(cluster, framework),
            92..95 => {
                let _known = cluster.call(|master, now| master.suppress(now, framework));
            }
            95..98 => {
                let _known = cluster.call(|master, now| master.revive(now, framework));
            }
            _ => self.leave(cluster, at),
        }
    }

    /// Offers that somebody waited for.
    pub(super) fn on_reply(&mut self, cluster: &mut Cluster, reply: Reply) {
        if let Reply::Offers(offers) = reply {
            offers
                .offers
                .iter()
                .for_each(|offer| self.consider(cluster, offer));
        }
    }

    /// Reads what is known of what a task has logged, and has more be known.
    fn read(&mut self, cluster: &mut Cluster, task: TaskId) {
        let reader = self.readers.entry(task).or_default();
        let query = OutputQuery {
            after: reader.after,
            limit: 1 + self.chance.under(20),
            wait_ms: 0,
            log: [LogWanted::Read, LogWanted::Follow][self.chance.under(2)],
        };
        let read = cluster.call(|master, now| master.read_outputs(now, task, query));
        if let Ok(Answer::Ready(outputs)) = read {
            self.lines += reader.take(&outputs.outputs);
        }
    }

    /// Everybody reads what some of the tasks have logged, and can.
    pub(super) fn read_some(&mut self, cluster: &mut Cluster) {
        let ledger = cluster.master().ledger();
        // The others sleep for longer than a call may wait.
        let answers = |task: &&Task| {
            let agent = ledger.agent(task.agent);
            agent.is_some_and(|agent| 2 * u64::from(agent.ping_period_ms) < LONG_ENOUGH_MS)
        };
        let tasks = ledger.tasks(None).filter(answers);
        let tasks: Vec<_> = tasks.map(|task| task.id).collect();
        for task in tasks.into_iter().rev().take(READ_AT_ONCE) {
            let query = OutputQuery {
                after: 0,
                limit: READ_AT_ONCE,
                wait_ms: LONG_ENOUGH_MS,
                log: LogWanted::Read,
            };
            let read = cluster.call(|master, now| master.read_outputs(now, task, query));
            if let Ok(Answer::Ready(outputs)) = read {
                self.on_read(&outputs);
            }
        }
    }

    /// What somebody has read while nothing goes wrong.
    pub(super) fn on_read(&mut self, outputs: &api::Outputs) {
        assert_eq!(
            outputs.log,
            Some(InspectionState::Read),
            "{outputs:?}, though nothing goes wrong"
        );
        self.lines += Reader::default().take(&outputs.outputs);
    }

    /// Everybody wants all their tasks to end; those who asked before do not ask again.
    pub(super) fn kill_all(&mut self, cluster: &mut Cluster) {
        let ledger = cluster.master().ledger();
        let tasks = ledger.tasks(None).filter(|task| !task.state.is_terminal());
        let tasks: Vec<_> = tasks.map(|task| (task.id, task.framework)).collect();
        for (task, framework) in tasks {
            if !self.killed.contains(&task) {
                self.kill(cluster, task, framework);
            }
        }
    }

    /// Whether somebody asked for the end of a task, and was told that it will come.
    pub(super) fn has_killed(&self, task: TaskId) -> bool {
        self.killed.contains(&task)
    }

    /// Somebody asked the master, who will answer.
    fn asked(&mut self, cluster: &Cluster, asked: Asked) {
        self.asked.push((cluster.master().changed(), asked));
    }

    /// What was asked is answered, where it is on the disk.
    pub(super) fn settle(&mut self, cluster: &Cluster) {
        if self.asked.is_empty() || cluster.is_down() {
            return;
        }
        let durable = cluster.master().durable();
        let answered = self.asked.extract_if(.., |(change, _)| *change <= durable);
        for (_, asked) in answered {
            match asked {
                Asked::Framework(framework) => self.frameworks.push(framework),
                Asked::Module(module) => self.modules.push(module),
                Asked::Kill(task) => drop(self.killed.insert(task)),
            }
        }
    }

    /// Nobody is told what came of what was asked.
    pub(super) fn on_master_lost(&mut self) {
        self.asked.clear();
        // What tasks log is in its memory alone.
        self.readers.clear();
    }

    /// Another master is there, who knows all that was answered.
    pub(super) fn on_master_back(&mut self, cluster: &Cluster) {
        let ledger = cluster.master().ledger();
        for framework in &self.frameworks {
            let known = ledger.framework(*framework).is_some();
            assert!(
                known,
                "framework {framework} was registered, and is forgotten"
            );
        }
        for module in &self.modules {
            let known = ledger.module(*module).is_some();
            assert!(known, "module {module} was uploaded, and is forgotten");
        }
        for task in &self.killed {
            let task = ledger.task(*task);
            let wanted = task.is_none_or(|task| task.state.is_terminal() || task.kill_requested);
            assert!(wanted, "{task:?} was killed, and that is forgotten");
        }
        // What is over needs no watching.
        let runs = |task: &TaskId| {
            let task = ledger.task(*task);
            task.is_some_and(|task| !task.state.is_terminal())
        };
        self.killed.retain(runs);
    }

    fn upload(&mut self, cluster: &mut Cluster) {
        let length = 60 + self.chance.under(3_000);
        let number = self.modules.len();
        let bytes: Vec<u8> = (0..length)
            .map(|at| (at * 7 + number).to_le_bytes()[0])
            .collect();
        let module = cluster.add_module(&bytes);
        self.asked(cluster, Asked::Module(module));
    }

    fn register(&mut self, cluster: &mut Cluster) {
        self.named += 1;
        let role = ["web", "batch"][self.chance.under(2)];
        let new = NewFramework {
            name: format!("framework-{}", self.named),
            role: role.into(),
        };
        let registered = cluster.call(|master, now| master.register_framework(now, None, &new));
        if let Ok(framework) = registered {
            self.asked(cluster, Asked::Framework(framework.id));
        }
    }

    fn leave(&mut self, cluster: &mut Cluster, at: usize) {
        let framework = self.frameworks.remove(at);
        let tasks = cluster.master().ledger().framework(framework);
        let tasks = tasks
            .map(|framework| framework.tasks.clone())
            .unwrap_or_default();
        let removed = cluster.call(|master, now| master.remove_framework(now, framework));
        if removed.is_ok() {
            for task in tasks {
                self.asked(cluster, Asked::Kill(task));
            }
        }
    }

    fn ask(&mut self, cluster: &mut Cluster, framework: FrameworkId, wait_ms: u64) {
        let request = api::OfferRequest {
            framework,
            constraints: Constraints::default(),
            max: Some(1 + self.chance.under(4)),
            wait_ms,
        };
        let answer = cluster.call(|master, now| master.request_offers(now, request));
        if let Ok(Answer::Ready(offers)) = answer {
            for offer in offers.offers {
                self.consider(cluster, &offer);
            }
        }
    }

    /// An offer is accepted, mostly; or declined, or left to expire.
    fn consider(&mut self, cluster: &mut Cluster, offer: &api::Offer) {
        let framework = offer.framework;
        match self.chance.under(100) {
            0..70 => {
                let tasks = self.tasks(offer);
                let accept = api::Accept { framework, tasks };
                // One that is refused, since what was offered is there no more, is no matter.
                let _accepted =
                    cluster.call(|master, now| master.accept_offer(now, offer.id, &accept));
                if self.chance.percent(5) {
                    let again =
                        cluster.call(|master, now| master.accept_offer(now, offer.id, &accept));
                    assert!(again.is_err(), "{} is accepted twice", offer.id);
                }
            }
            70..85 => {
                let filter_ms = [0, 1_000, 60_000][self.chance.under(3)];
                let decline = api::Decline {
                    framework,
                    filter_ms,
                };
                let _declined =
                    cluster.call(|master, now| master.decline_offer(now, offer.id, &decline));
            }
            _ => {}
        }
    }

    /// One or two tasks that fit what is offered.
    fn tasks(&mut self, offer: &api::Offer) -> Vec<LaunchTask> {
        let amount = |name| match offer.resources.get(name) {
            Some(Value::Scalar(amount)) => *amount,
            Some(_) | None => 0,
        };
        let room = (amount("mem") / TASK_MEM)
            .min(amount("tasks"))
            .min(amount("cpus") / 100);
        let room = usize::try_from(room)
            .unwrap_or(0)
            .min(1 + self.chance.under(2));
        let mut relay = offer.resources.contains_key("relay") && self.chance.percent(60);
        let mut tasks = Vec::new();
        for _ in 0..room {
            let mut devices = Vec::new();
            if offer.resources.contains_key("temperature") {
                devices.push("temperature".to_owned());
            }
            if std::mem::take(&mut relay) {
                devices.push("relay".to_owned());
            }
            tasks.extend(self.task(devices));
        }
        tasks
    }

    fn task(&mut self, devices: Vec<String>) -> Option<LaunchTask> {
        let module = self
            .modules
            .get(self.chance.under(self.modules.len()))
            .copied()?;
        self.next_task += 1;
        let seconds = u32::try_from(60 + self.chance.under(600)).unwrap_or(60);
        let resources = TaskResources {
            cpus: 100,
            mem: TASK_MEM,
            devices,
            ports: Vec::new(),
        };
        Some(LaunchTask {
            stop_after_disconnected: self.chance.percent(15).then_some(seconds),
            restart: [Restart::No, Restart::Reboot][usize::from(self.chance.percent(35))],
            ..LaunchTask::new(TaskId(self.next_task), "simulated", module, resources)
        })
    }

    /// One of a framework's tasks that have not ended.
    fn pick(&mut self, cluster: &Cluster, framework: FrameworkId) -> Option<TaskId> {
        let framework = cluster.master().ledger().framework(framework)?;
        let at = self.chance.under(framework.tasks.len());
        framework.tasks.iter().nth(at).copied()
    }

    fn kill_one(&mut self, cluster: &mut Cluster, framework: FrameworkId) {
        if let Some(task) = self.pick(cluster, framework) {
            self.kill(cluster, task, framework);
        }
    }

    fn kill(&mut self, cluster: &mut Cluster, task: TaskId, framework: FrameworkId) {
        let killed = cluster.call(|master, now| master.kill_task(now, task, Some(framework)));
        if killed.is_ok() {
            self.asked(cluster, Asked::Kill(task));
        }
    }

    fn talk(&mut self, cluster: &mut Cluster, framework: FrameworkId) {
        let Some(task) = self.pick(cluster, framework) else {
            return;
        };
        let message = api::SendMessage {
            framework,
            data: api::OutputData::Text("how do you do".to_owned()),
        };
        let _sent = cluster.call(|master, now| master.message_task(now, task, &message));
    }
}
