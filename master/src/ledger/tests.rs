//! Random sequences of operations: the invariant holds after every change, what has ended stays
//! as it ended, and the changes replayed give the same ledger.

use std::collections::BTreeMap;

use edgerm_protocol::api::{AgentState, HealthCheck, LaunchTask, Restart, TaskResources, Unfit};
use edgerm_protocol::message::StatusUpdate;
use edgerm_protocol::owned::{Description, Device, Value};
use edgerm_protocol::resource::{Access, DeviceClass, Range};
use edgerm_protocol::{
    AgentId, BootId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId, TaskState,
};
use edgerm_task_abi::{Permission, Permissions};
use proptest::prelude::*;

use super::*;
use crate::variants::{Blob, VariantError};

const NOW: Instant = Instant::from_millis(0);
const MODULE: ModuleId = ModuleId([7; 32]);

/// One operation; the numbers pick among what there is.
#[derive(Clone, Debug)]
enum Operation {
    Register {
        name: u8,
    },
    Describe {
        agent: u8,
        mem: u64,
        slots: u64,
        devices: u8,
    },
    Unreachable {
        agent: u8,
    },
    GiveUpTasks {
        agent: u8,
    },
    Gone {
        agent: u8,
    },
    NewFramework,
    FrameworkGone {
        framework: u8,
    },
    Offer {
        framework: u8,
        agent: u8,
    },
    Accept {
        offer: u8,
        tasks: Vec<(u64, u8)>,
    },
    EndOffer {
        offer: u8,
        declined: bool,
    },
    Update {
        task: u8,
        state: u8,
    },
    Kill {
        task: u8,
    },
    Reconcile {
        agent: u8,
        listed: Vec<(u8, u8)>,
    },
    Forget {
        keep: usize,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let agent = 0..4u8;
    prop_oneof![
        2 => agent.clone().prop_map(|name| Register { name }),
        4 => (agent.clone(), 0..5000u64, 0..4u64, any::<u8>())
            .prop_map(|(agent, mem, slots, devices)| Describe { agent, mem, slots, devices }),
        1 => agent.clone().prop_map(|agent| Unreachable { agent }),
        1 => agent.clone().prop_map(|agent| GiveUpTasks { agent }),
        1 => agent.clone().prop_map(|agent| Gone { agent }),
        1 => Just(NewFramework),
        1 => any::<u8>().prop_map(|framework| FrameworkGone { framework }),
        8 => (any::<u8>(), agent.clone())
            .prop_map(|(framework, agent)| Offer { framework, agent }),
        8 => (any::<u8>(), prop::collection::vec((0..3000u64, any::<u8>()), 0..3))
            .prop_map(|(offer, tasks)| Accept { offer, tasks }),
        2 => (any::<u8>(), any::<bool>())
            .prop_map(|(offer, declined)| EndOffer { offer, declined }),
        6 => (any::<u8>(), 0..10u8).prop_map(|(task, state)| Update { task, state }),
        2 => any::<u8>().prop_map(|task| Kill { task }),
        2 => (agent, prop::collection::vec((any::<u8>(), 0..10u8), 0..4))
            .prop_map(|(agent, listed)| Reconcile { agent, listed }),
        1 => (0..3usize).prop_map(|keep| Forget { keep }),
    ]
}

/// A ledger, the changes that made it, and how its tasks ended.
#[derive(Default)]
struct Run {
    ledger: Ledger,
    log: Vec<Change>,
    ended: BTreeMap<TaskId, (TaskState, Option<Box<str>>)>,
    drawn: u64,
}

impl Run {
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    fn commit(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.ledger.apply(NOW, &change);
            if let Change::TaskForgotten(task) = change {
                self.ended.remove(&task);
            }
            self.log.push(change);
            assert_eq!(
                self.ledger.check_invariants(),
                Ok(()),
                "{:?}",
                self.log.last()
            );
        }
        for (task, end) in &self.ended {
            let task = self.ledger.task(*task).unwrap();
            assert_eq!(
                (task.state, task.detail.clone()),
                *end,
                "an end that changed"
            );
        }
        for task in self
            .ledger
            .tasks(None)
            .filter(|task| task.state.is_terminal())
        {
            self.ended
                .entry(task.id)
                .or_insert((task.state, task.detail.clone()));
        }
    }

    fn agent(&self, index: u8) -> Option<&Agent> {
        self.ledger.agent_named(&format!("agent-{index}"))
    }

    fn pick<T>(mut of: impl Iterator<Item = T>, index: u8, count: usize) -> Option<T> {
        of.nth(usize::from(index) % count.max(1))
    }

    fn framework(&self, index: u8) -> Option<FrameworkId> {
        let all = self.ledger.frameworks(None);
        Self::pick(all, index, self.ledger.framework_count()).map(|framework| framework.id)
    }

    fn task(&self, index: u8) -> Option<&Task> {
        Self::pick(self.ledger.tasks(None), index, self.ledger.task_count())
    }

    fn offer(&self, index: u8) -> Option<Offer> {
        let count = self.ledger.offers(None).count();
        Self::pick(self.ledger.offers(None), index, count).cloned()
    }

    fn step(&mut self, operation: &Operation) {
        let changes = self.decide(operation);
        self.commit(changes);
    }

    fn decide(&mut self, operation: &Operation) -> Vec<Change> {
        match operation {
            Operation::Register { name } => {
                let session = SessionId(u32::try_from(self.draw()).unwrap());
                let name = format!("agent-{name}");
                let registered =
                    self.ledger
                        .register_agent(name.into(), BootId(1), 1000, session, None, 3);
                registered.map_or_else(|_| Vec::new(), |(_, changes)| changes)
            }
            Operation::Describe {
                agent,
                mem,
                slots,
                devices,
            } => {
                let description = description(*mem, *slots, *devices);
                let agent = self.agent(*agent);
                agent.map_or_else(Vec::new, |it| self.ledger.describe_agent(it, description))
            }
            Operation::Unreachable { agent } => {
                let agent = self.agent(*agent);
                let heard = agent.filter(|it| it.session.is_some());
                heard.map_or_else(Vec::new, |it| self.ledger.agent_unreachable(it))
            }
            Operation::GiveUpTasks { agent } => {
                let silent = self
                    .agent(*agent)
                    .filter(|it| it.state == AgentState::Unreachable);
                silent.map_or_else(Vec::new, |it| {
                    let tasks: Vec<_> = it.tasks.iter().copied().collect();
                    self.ledger.tasks_given_up(it, &tasks, "silent")
                })
            }
            Operation::Gone { agent } => {
                let agent = self.agent(*agent);
                agent.map_or_else(Vec::new, |it| self.ledger.agent_gone(it, "gone"))
            }
            Operation::NewFramework => vec![Change::FrameworkRegistered {
                framework: FrameworkId(self.draw()),
                name: "f".to_owned(),
                role: "r".to_owned(),
                owner: None,
            }],
            Operation::FrameworkGone { framework } => {
                let framework = self.framework(*framework);
                let framework = framework.and_then(|id| self.ledger.framework(id));
                framework.map_or_else(Vec::new, |it| self.ledger.framework_gone(it))
            }
            Operation::Offer { framework, agent } => {
                let id = OfferId(self.draw());
                let (framework, agent) = (self.framework(*framework), self.agent(*agent));
                let both = framework.zip(agent);
                let made = both.and_then(|(framework, agent)| {
                    let expires_at = Instant::from_millis(1);
                    self.ledger.make_offer(id, framework, agent.id, expires_at)
                });
                Vec::from_iter(made)
            }
            Operation::Accept { offer, tasks } => {
                let tasks: Vec<_> = tasks
                    .iter()
                    .map(|(mem, devices)| launch(TaskId(self.draw()), *mem, *devices))
                    .collect();
                let accepted = self.offer(*offer).map(|it| {
                    self.ledger
                        .accept_offer(NOW, it.id, it.framework, &tasks, &mut variant)
                });
                accepted.and_then(Result::ok).unwrap_or_default()
            }
            Operation::EndOffer { offer, declined } => {
                let end = if *declined {
                    OfferEnd::Declined
                } else {
                    OfferEnd::Expired
                };
                let ended = self
                    .offer(*offer)
                    .map(|it| Change::OfferEnded { offer: it.id, end });
                Vec::from_iter(ended)
            }
            Operation::Update { task, state } => {
                let update = self.task(*task).map(|it| (it.agent, update(it.id, *state)));
                let change =
                    update.and_then(|(agent, it)| self.ledger.update_task(agent, &it).ok());
                Vec::from_iter(change)
            }
            Operation::Kill { task } => {
                let step = self
                    .task(*task)
                    .map(|it| self.ledger.kill_task(it.id, None));
                match step {
                    Some(Ok(KillStep::Unsent(change) | KillStep::Tell(change))) => vec![change],
                    Some(Ok(KillStep::Ended) | Err(_)) | None => Vec::new(),
                }
            }
            Operation::Reconcile { agent, listed } => {
                let listed: Vec<_> = listed
                    .iter()
                    .filter_map(|(task, state)| Some(update(self.task(*task)?.id, *state)))
                    .collect();
                let agent = self.agent(*agent).map(|it| it.id);
                agent.map_or_else(Vec::new, |it| self.ledger.reconcile(it, &listed).changes)
            }
            Operation::Forget { keep } => self.ledger.forget_tasks(*keep),
        }
    }
}

fn update(task: TaskId, state: u8) -> StatusUpdate<'static> {
    StatusUpdate {
        task,
        state: TaskState::ALL[usize::from(state)],
        exit_code: None,
        detail: None,
    }
}

/// Each pair of bits of `devices` makes a device absent, shared or exclusive.
fn description(mem: u64, slots: u64, devices: u8) -> Description {
    let mut description = Description::default();
    let scalars = [("mem", mem), ("tasks", slots), ("cpus", 1000)];
    for (name, amount) in scalars {
        description
            .resources
            .insert(name.to_owned(), Value::Scalar(amount));
    }
    let ports = vec![Range { start: 1, end: 9 }];
    description
        .resources
        .insert("ports".to_owned(), Value::Ranges(ports));
    let names = ["a", "b"].map(str::to_owned).into();
    description
        .resources
        .insert("set".to_owned(), Value::Set(names));
    for (label, bits) in [("d0", devices & 3), ("d1", devices >> 2 & 3)] {
        let access = match bits {
            0 => continue,
            1 => Access::Shared,
            _ => Access::Exclusive,
        };
        let device = Device {
            class: DeviceClass::Sensor,
            kind: "temperature".into(),
            access,
        };
        description
            .resources
            .insert(label.to_owned(), Value::Device(device));
    }
    description
}

fn launch(id: TaskId, mem: u64, devices: u8) -> LaunchTask {
    let labels = [("d0", devices & 1), ("d1", devices & 2)];
    let resources = TaskResources {
        cpus: 100,
        mem,
        devices: labels
            .iter()
            .filter(|(_, bit)| *bit != 0)
            .map(|(label, _)| (*label).to_owned())
            .collect(),
        ports: Vec::new(),
    };
    LaunchTask::new(id, "task", MODULE, resources)
}

/// The variant of some module, which nothing here looks into.
fn variant(_: ModuleId, mem: u32) -> Result<Blob, VariantError> {
    let mut id = [9; 32];
    id[..4].copy_from_slice(&mem.to_le_bytes());
    let (id, size) = (ModuleId(id), 100);
    Ok(Blob { id, size })
}

fn module() -> Change {
    Change::ModuleAdmitted(Module {
        id: MODULE,
        size: 100,
        memory: 10,
        memory_needed: 10,
        permissions: Permissions::from(Permission::Log),
        features: vec!["bulk-memory".to_owned()],
        admitted_at: NOW,
        owner: None,
    })
}

proptest! {
    #[test]
    fn the_invariant_holds_through_any_operations(
        operations in prop::collection::vec(operation(), 1..120)
    ) {
        let mut run = Run::default();
        run.commit([module()]);
        run.step(&Operation::NewFramework);
        for operation in &operations {
            run.step(operation);
        }
        let mut replayed = Ledger::new();
        run.log.iter().for_each(|change| replayed.apply(NOW, change));
        prop_assert_eq!(&replayed, &run.ledger);
        prop_assert_eq!(restored(&run.ledger), lasting(&run.ledger));
    }
}

/// The ledger out of the rows of this one.
fn restored(ledger: &Ledger) -> Ledger {
    let rows = ledger.row_keys().map(|key| (key, ledger.row(key).unwrap()));
    Ledger::restore(rows).unwrap()
}

/// What lasts of a ledger: offers that ended do not, and tasks that ended at one instant are in
/// the order of their ids.
fn lasting(ledger: &Ledger) -> Ledger {
    let mut lasting = ledger.clone();
    lasting.ended_offers.clear();
    lasting.ended_order.clear();
    lasting.ended_tasks.make_contiguous().sort_unstable();
    lasting
}

#[test]
fn rows_that_are_none_or_do_not_fit_each_other_make_no_ledger() {
    let key = RowKey::Task(TaskId(7));
    let refused = Ledger::restore([(key, b"{}".to_vec())]).unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("0000000000000007"), "{said}");
    assert!(said.contains("missing field"), "{said}");

    let (run, offer) = offered();
    let ledger = &run.ledger;
    let mut rows: Vec<_> = ledger
        .row_keys()
        .map(|key| (key, ledger.row(key).unwrap()))
        .collect();
    let same = ledger.row(RowKey::Offer(offer.id)).unwrap();
    rows.push((RowKey::Offer(OfferId(offer.id.0 + 1)), same));
    let refused = Ledger::restore(rows).unwrap_err();
    assert!(matches!(refused, RestoreError::Violation(_)), "{refused}");
}

/// A framework with an offer of an agent that has all there is.
fn offered() -> (Run, Offer) {
    let mut run = Run::default();
    run.commit([module()]);
    run.step(&Operation::NewFramework);
    run.step(&Operation::Register { name: 0 });
    run.step(&Operation::Describe {
        agent: 0,
        mem: 4000,
        slots: 2,
        devices: 0b1001,
    });
    run.step(&Operation::Offer {
        framework: 0,
        agent: 0,
    });
    let offer = run.offer(0).unwrap();
    (run, offer)
}

#[test]
fn a_task_that_breaks_a_rule_is_refused_by_it() {
    let (mut run, offer) = offered();
    let accept = |run: &Run, tasks: &[LaunchTask]| {
        run.ledger
            .accept_offer(NOW, offer.id, offer.framework, tasks, &mut variant)
    };
    let fine = launch(TaskId(1), 1000, 0);
    let refused = |change: &dyn Fn(&mut LaunchTask)| {
        let mut second = LaunchTask {
            id: TaskId(2),
            ..fine.clone()
        };
        change(&mut second);
        match accept(&run, &[fine.clone(), second]) {
            Err(AcceptError::Task { index: 1, fault }) => fault,
            other => panic!("{other:?}"),
        }
    };
    let long = "x".repeat(33);
    assert_eq!(
        refused(&|task| task.id = TaskId(1)),
        AcceptFault::IdUsed(TaskId(1))
    );
    assert!(matches!(
        refused(&|task| task.name.clear()),
        AcceptFault::Name(_)
    ));
    assert_eq!(
        refused(&|task| task.module = Some(ModuleId([8; 32]))),
        AcceptFault::UnknownModule(ModuleId([8; 32]))
    );
    assert_eq!(
        refused(&|task| task.resources.mem = 3001),
        AcceptFault::Exceeds {
            resource: "mem",
            asked: 3001,
            held: 3000
        }
    );
    assert_eq!(
        refused(&|task| task.resources.mem = 9),
        AcceptFault::Unfit(Unfit::TooLittleMemory {
            asked: 9,
            needed: 10
        })
    );
    assert_eq!(
        refused(&|task| task.restart = Restart::Reboot),
        AcceptFault::NotDone(Restart::Reboot.duties().next().unwrap())
    );
    let check = |silence_s| Some(HealthCheck { silence_s });
    assert_eq!(
        refused(&|task| task.deadline = Some(0)),
        AcceptFault::NoTime("deadline")
    );
    assert_eq!(
        refused(&|task| task.health_check = check(0)),
        AcceptFault::NoTime("healthCheck.silenceS")
    );
    assert_eq!(
        refused(&|task| task.max_restarts = Some(1)),
        AcceptFault::NeverRestarted
    );
    assert!(matches!(
        refused(&|task| task.resources.devices = vec!["d1".into(), "d1".into()]),
        AcceptFault::Device { at: 1, .. }
    ));
    assert!(matches!(
        refused(&|task| task.permissions = Some(vec!["root".to_owned()])),
        AcceptFault::UnknownPermission { at: 0, .. }
    ));
    assert_eq!(
        refused(&|task| task.permissions = Some(Vec::new())),
        AcceptFault::MissingPermission(Permission::Log)
    );
    assert!(matches!(
        refused(&|task| drop(task.env.insert(long.clone(), String::new()))),
        AcceptFault::EnvKey { .. }
    ));
    assert_eq!(
        refused(&|task| drop(task.env.insert("key".to_owned(), "x".repeat(900)))),
        AcceptFault::TooLarge
    );
    let third = launch(TaskId(3), 10, 0);
    assert!(matches!(
        accept(&run, &[fine.clone(), launch(TaskId(2), 10, 0), third]),
        Err(AcceptError::Task {
            index: 2,
            fault: AcceptFault::Exceeds {
                resource: "tasks",
                ..
            }
        })
    ));
    let stranger = FrameworkId(u64::MAX);
    assert_eq!(
        run.ledger
            .accept_offer(NOW, offer.id, stranger, &[], &mut variant),
        Err(AcceptError::UnknownFramework(stranger))
    );
    let late = offer.expires_at;
    assert_eq!(
        run.ledger
            .accept_offer(late, offer.id, offer.framework, &[], &mut variant),
        Err(AcceptError::Offer(OfferError::Ended(
            offer.id,
            OfferEnd::Expired
        )))
    );
    let changes = accept(&run, &[fine]).unwrap();
    run.commit(changes);
    assert_eq!(
        accept(&run, &[]),
        Err(AcceptError::Offer(OfferError::Ended(
            offer.id,
            OfferEnd::Accepted
        )))
    );
}

#[test]
fn an_engine_without_the_feature_is_not_asked() {
    let (mut run, offer) = offered();
    let agent = run.agent(0).unwrap();
    let mut described = description(4000, 2, 0b1001);
    let texts = ["sign-ext".into()].into();
    described.attributes = [(
        "wasm_features".to_owned(),
        edgerm_protocol::owned::AttributeValue::Texts(texts),
    )]
    .into();
    let changes = run.ledger.describe_agent(agent, described);
    run.commit(changes);
    assert!(
        run.ledger.offer(offer.id).is_none(),
        "rescinded, since the agent changed"
    );
    run.step(&Operation::Offer {
        framework: 0,
        agent: 0,
    });
    let offer = run.offer(0).unwrap();
    let tasks = [launch(TaskId(1), 500, 0)];
    let accepted = run
        .ledger
        .accept_offer(NOW, offer.id, offer.framework, &tasks, &mut variant);
    let fault = AcceptFault::Unfit(Unfit::MissingFeature("bulk-memory".to_owned()));
    assert_eq!(accepted, Err(AcceptError::Task { index: 0, fault }));
}

#[test]
fn an_agent_keeps_its_id_and_names_that_collide_get_the_next() {
    let (mut run, _) = offered();
    let id = run.agent(0).unwrap().id;
    assert_eq!(id, run.ledger.agents(None).next().unwrap().id);
    run.step(&Operation::Gone { agent: 0 });
    run.step(&Operation::Register { name: 0 });
    assert_eq!(run.agent(0).unwrap().id, id);
    let other = Change::AgentRegistered(AgentRegistration {
        key: None,
        agent: id,
        name: "usurper".into(),
        session: SessionId(9),
        boot: BootId(1),
        ping_period_ms: 1000,
    });
    let mut taken = Ledger::new();
    taken.apply(NOW, &other);
    let (next, _) = taken
        .register_agent("agent-0".into(), BootId(1), 1000, SessionId(1), None, 10)
        .unwrap();
    assert_eq!(next, AgentId(id.0.wrapping_add(1)));
}
