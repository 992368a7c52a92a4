use std::time::Duration;

use edgerm_master::access::{Scope, Secret, Tokens};
use edgerm_protocol::api::{
    self, Constraints, LaunchTask, NewFramework, NewToken, Role, SendMessage, TaskResources,
};
use edgerm_protocol::{FrameworkId, ModuleId, OfferId, TaskId, TaskState};
use edgerm_tests::sim::Cluster;
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::{LOSSY, PATIENCE, all_registered, module};

/// How often each of the two does something in a run.
const ACTS: u64 = 4_000;

/// A framework with a token of its own, that knows the ids of all there is.
struct Hostile {
    scope: Scope,
    own: FrameworkId,
    random: Pcg32,
    refused: u32,
}

impl Hostile {
    fn new(cluster: &mut Cluster, seed: u64) -> Self {
        let mut tokens = Tokens::in_memory(4);
        let secrets = [1, 2].map(|byte| Secret::from_entropy([byte; 32]));
        for (secret, role) in secrets.iter().zip([Role::Operator, Role::Framework]) {
            let name = format!("{role:?}");
            tokens.issue(&NewToken::new(name, role), secret).unwrap();
        }
        let caller = tokens.identify(Some(secrets[1].as_str())).unwrap();
        let scope = caller.scope();
        let new = NewFramework {
            name: "hostile".into(),
            role: "default".into(),
        };
        let own = cluster.call(|master, now| master.register_framework(now, scope.owner(), &new));
        Self {
            scope,
            own: own.unwrap().id,
            random: Pcg32::seed_from_u64(seed),
            refused: 0,
        }
    }

    fn draw(&mut self, under: usize) -> usize {
        usize::try_from(self.random.next_u32()).unwrap() % under
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let at = self.draw(usize::MAX).checked_rem(of.len())?;
        of.get(at).copied()
    }

    /// Calls the master as the API does, about what is somebody's: mostly another's.
    fn act(&mut self, cluster: &mut Cluster, module: ModuleId) {
        let ledger = cluster.master().ledger();
        let tasks: Vec<TaskId> = ledger.tasks(None).map(|task| task.id).collect();
        let offers: Vec<OfferId> = ledger.offers(None).map(|offer| offer.id).collect();
        let victim = cluster.framework();
        let framework = [victim, self.own][self.draw(2)];
        let task = self.pick(&tasks).unwrap_or(TaskId(1));
        let offer = self.pick(&offers).unwrap_or(OfferId(1));
        let id = TaskId(u64::from(self.random.next_u32()));
        let launch = launch([task, id][self.draw(2)], module);
        let scope = self.scope;
        let done = match self.draw(7) {
            0 => cluster.call(|master, now| {
                master.check_task(scope, task).is_ok()
                    && master.kill_task(now, task, Some(framework)).is_ok()
            }),
            1 => cluster.call(|master, now| {
                let message = SendMessage {
                    framework,
                    data: api::OutputData::Text("forged".to_owned()),
                };
                master.check_task(scope, task).is_ok()
                    && master.message_task(now, task, &message).is_ok()
            }),
            2 => cluster.call(|master, now| {
                let accept = api::Accept {
                    framework,
                    tasks: vec![launch],
                };
                master.check_framework(scope, framework).is_ok()
                    && master.accept_offer(now, offer, &accept).is_ok()
            }),
            3 => cluster.call(|master, now| {
                let decline = api::Decline {
                    framework,
                    filter_ms: 1000,
                };
                master.check_framework(scope, framework).is_ok()
                    && master.decline_offer(now, offer, &decline).is_ok()
            }),
            4 => cluster.call(|master, now| {
                let request = api::OfferRequest {
                    framework,
                    constraints: Constraints::default(),
                    max: Some(1),
                    wait_ms: 0,
                };
                master.check_framework(scope, framework).is_ok()
                    && master.request_offers(now, request).is_ok()
            }),
            5 => cluster.call(|master, now| {
                master.check_framework(scope, victim).is_ok()
                    && master.remove_framework(now, victim).is_ok()
            }),
            _ => cluster.call(|master, now| {
                master.check_framework(scope, victim).is_ok()
                    && master.suppress(now, victim).is_ok()
            }),
        };
        self.refused += u32::from(!done);
    }
}

fn launch(id: TaskId, module: ModuleId) -> LaunchTask {
    let resources = TaskResources {
        cpus: 1,
        mem: 1,
        devices: vec!["relay".into()],
        ports: Vec::new(),
    };
    LaunchTask::new(id, "forged", module, resources)
}

/// An agent and a framework that may send anything at any time, and know all ids and sessions:
/// the tasks of others run once and end as they would, and what they said is what they said.
#[test]
fn hostile_agents_and_frameworks_change_nothing() {
    for seed in 0..4 {
        let mut cluster = Cluster::new(8, LOSSY, 700 + seed);
        assert!(cluster.run_until(PATIENCE, all_registered));
        cluster.infiltrate();
        let mut hostile = Hostile::new(&mut cluster, seed);
        let module = cluster.add_module(&module(2_000));
        let mut tasks = cluster.launch_everywhere(module);
        assert_eq!(tasks.len(), 8);
        while cluster.acts() < ACTS {
            if cluster.acts().is_multiple_of(100) {
                tasks.extend(cluster.launch_everywhere(module));
            }
            cluster.let_it_act();
            hostile.act(&mut cluster, module);
            cluster.run_for(Duration::from_millis(20));
        }
        assert!(tasks.len() > 12, "seed {seed}: {} tasks", tasks.len());
        let ended = |cluster: &Cluster| {
            let mut tasks = tasks.iter();
            tasks.all(|task| cluster.state(*task).is_some_and(TaskState::is_terminal))
        };
        assert!(cluster.run_until(PATIENCE, ended), "seed {seed}");
        for task in &tasks {
            let states = &cluster.history[task];
            let ends: Vec<_> = states.iter().filter(|state| state.is_terminal()).collect();
            assert_eq!(ends, [&TaskState::Completed], "seed {seed}: {states:?}");
            let said = &cluster.outputs[task];
            assert_eq!(said, &[task.to_string()], "seed {seed}");
        }
        // It came as far as it could.
        for what in [
            "keys_established",
            "refused",
            "unauthentic",
            "replayed",
            "path_unproven",
        ] {
            let times = cluster.master().counters().get(what).copied();
            assert!(times.is_some_and(|times| times > 10), "{what}: {times:?}");
        }
        for node in cluster.nodes.values() {
            for task in node.starts.keys().filter(|task| tasks.contains(task)) {
                assert_eq!(node.starts[task], 1, "seed {seed}");
            }
        }
        let names = cluster.master().ledger().agents(None);
        let known = |name: &str| name == "hostile" || name.starts_with("node-");
        assert!(names.map(|agent| &*agent.name).all(known));
        assert!(hostile.refused > 1_000, "{} refused", hostile.refused);
        // All is as it was for those who keep to the rules.
        let more = |cluster: &mut Cluster| {
            let tasks = cluster.launch_everywhere(module);
            let done = |cluster: &Cluster| {
                let mut tasks = tasks.iter();
                tasks.all(|task| cluster.state(*task) == Some(TaskState::Completed))
            };
            assert!(cluster.run_until(PATIENCE, done), "seed {seed}");
            tasks.len()
        };
        cluster.run_for(Duration::from_secs(30));
        assert!(more(&mut cluster) > 0, "seed {seed}");
    }
}
