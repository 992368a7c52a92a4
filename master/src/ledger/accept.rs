//! An offer is accepted: every task in it is checked against what the offer holds, what its
//! module needs and what a launch may carry, all of them or none.

use std::collections::BTreeSet;
use std::sync::Arc;

use edgerm_protocol::api::LaunchTask;
use edgerm_protocol::codec::Text;
use edgerm_protocol::limits::{MAX_ENV, MAX_NAME, MAX_PORTS, MAX_TASK_DEVICES};
use edgerm_protocol::owned::{Resources, Value};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::resource::names;
use edgerm_protocol::{FrameworkId, Instant, ModuleId, OfferId, TaskState};
use edgerm_task_abi::{Permission, Permissions};

use super::accept_error::{AcceptError, AcceptFault};
use super::change::{Change, OfferEnd};
use super::container::{self, ContainerFault};
use super::{Agent, Ledger, Module, Offer, OfferError, Runs, Task, quantity};
use crate::launch;
use crate::variants::{Blob, VariantError};

/// Makes the variant of a module for so many bytes of memory: the ledger has no bytes.
pub type MakeVariant<'a> = &'a mut dyn FnMut(ModuleId, u32) -> Result<Blob, VariantError>;

impl Ledger {
    /// Launches `tasks` on the resources of `offer`; what they do not need returns. No tasks:
    /// the offer is declined. A task that is to have less memory than its module starts with runs
    /// a variant of it, which `variant` makes.
    ///
    /// # Errors
    ///
    /// [`AcceptError`], by the first rule broken; nothing changes.
    pub fn accept_offer(
        &self,
        now: Instant,
        offer: OfferId,
        framework: FrameworkId,
        tasks: &[LaunchTask],
        variant: MakeVariant<'_>,
    ) -> Result<Vec<Change>, AcceptError> {
        if !self.frameworks.contains_key(&framework) {
            return Err(AcceptError::UnknownFramework(framework));
        }
        let offer = self.open_offer(now, offer, framework)?;
        let agent = self
            .agents
            .get(&offer.agent)
            .ok_or(OfferError::Unknown(offer.id))?;
        let mut left = offer.resources.clone();
        let mut ids = BTreeSet::new();
        let end = if tasks.is_empty() {
            OfferEnd::Declined
        } else {
            OfferEnd::Accepted
        };
        let mut changes = vec![Change::OfferEnded {
            offer: offer.id,
            end,
        }];
        if is_planted(Bug::AcceptTwice) {
            changes.clear();
        }
        for (index, asked) in tasks.iter().enumerate() {
            let task = self
                .check_task(now, offer, agent, asked, &left, variant)
                .and_then(|task| {
                    let fresh = ids.insert(task.id);
                    fresh.then_some(task).ok_or(AcceptFault::IdUsed(asked.id))
                })
                .map_err(|fault| AcceptError::Task { index, fault })?;
            left = quantity::difference(&left, &task.holds);
            changes.push(Change::TaskAccepted(Box::new(task)));
        }
        Ok(changes)
    }

    fn check_task(
        &self,
        now: Instant,
        offer: &Offer,
        agent: &Agent,
        asked: &LaunchTask,
        left: &Resources,
        variant: MakeVariant<'_>,
    ) -> Result<Task, AcceptFault> {
        if self.tasks.contains_key(&asked.id) {
            return Err(AcceptFault::IdUsed(asked.id));
        }
        Text::<MAX_NAME>::new(&asked.name).map_err(AcceptFault::Name)?;
        let (runs, permissions, blob) = match (asked.module, &asked.container) {
            (Some(id), None) => {
                let module = self.modules.get(&id);
                let module = module.ok_or(AcceptFault::UnknownModule(id))?;
                check_resources(asked, left)?;
                check_supervision(asked)?;
                check_env(asked)?;
                let permissions = granted(asked, module)?;
                check_duties(asked, agent)?;
                let blob = fitting(asked, module, agent, variant)?;
                (Runs::Module(module.id), permissions, blob)
            }
            (None, Some(container)) => {
                check_resources(asked, left)?;
                check_supervision(asked)?;
                container::check(asked, container).map_err(AcceptFault::Container)?;
                check_duties(asked, agent)?;
                let runs = Runs::Container(Box::new(container.clone()));
                (runs, Permissions::NONE, Blob::NONE)
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err(AcceptFault::Container(ContainerFault::NotOne));
            }
        };
        let mut task = Task {
            id: asked.id,
            name: asked.name.as_str().into(),
            framework: offer.framework,
            owner: self.framework(offer.framework).and_then(|it| it.owner),
            agent: offer.agent,
            agent_name: Arc::clone(&agent.name),
            runs,
            blob,
            asked: Arc::new(asked.resources.clone()),
            holds: Task::holdings(&asked.resources, left),
            permissions,
            env: asked.env.clone(),
            stop_after_disconnected: asked.stop_after_disconnected,
            give_up_after: asked.give_up_after,
            restart: asked.restart,
            max_restarts: asked.max_restarts,
            deadline: asked.deadline,
            health_check: asked.health_check,
            accepted_at: now,
            state: TaskState::Unissued,
            history: vec![(TaskState::Unissued, now)],
            exit_code: None,
            detail: None,
            kill_requested: false,
            request_id: None,
        };
        task.name_manifest().map_err(AcceptFault::Container)?;
        if launch::fits(&task) {
            Ok(task)
        } else {
            Err(AcceptFault::TooLarge)
        }
    }
}

fn check_resources(asked: &LaunchTask, left: &Resources) -> Result<(), AcceptFault> {
    let resources = &asked.resources;
    let module = asked.module.is_some();
    let amounts = [
        (names::TASKS, 1),
        (names::MEM, resources.mem),
        (names::CPUS, resources.cpus),
    ];
    for (resource, asked) in amounts {
        let held = quantity::scalar(left, resource);
        if asked > held {
            return Err(AcceptFault::Exceeds {
                resource,
                asked,
                held,
            });
        }
        // What is told of a container has room for more.
        if asked > u32::MAX.into() && module {
            return Err(AcceptFault::Amount { resource, asked });
        }
    }
    at_most(
        "resources.devices",
        resources.devices.len(),
        MAX_TASK_DEVICES,
    )?;
    for (at, label) in resources.devices.iter().enumerate() {
        let twice = resources
            .devices
            .iter()
            .take(at)
            .any(|other| other == label);
        if twice || !matches!(left.get(label), Some(Value::Device(_))) {
            let label = label.clone();
            return Err(AcceptFault::Device { at, label });
        }
    }
    check_ports(&resources.ports, left)
}

fn check_ports(ports: &[u16], left: &Resources) -> Result<(), AcceptFault> {
    at_most("resources.ports", ports.len(), MAX_PORTS)?;
    let free = match left.get(names::PORTS) {
        Some(Value::Ranges(ranges)) => ranges.as_slice(),
        Some(Value::Scalar(_) | Value::Set(_) | Value::Device(_)) | None => &[],
    };
    for (at, &port) in ports.iter().enumerate() {
        let is_free = free
            .iter()
            .any(|range| (range.start..=range.end).contains(&port));
        let before = ports.iter().take(at);
        if !is_free || before.into_iter().any(|other| *other == port) {
            return Err(AcceptFault::Port { at, port });
        }
    }
    Ok(())
}

fn check_duties(asked: &LaunchTask, agent: &Agent) -> Result<(), AcceptFault> {
    let mut duties = asked.duties();
    match duties.find(|duty| !duty.is_done_by(&agent.attributes)) {
        Some(duty) => Err(AcceptFault::NotDone(duty)),
        None => Ok(()),
    }
}

/// What `agent` fetches of the module: as it is, or a variant for the memory that is asked for.
fn fitting(
    asked: &LaunchTask,
    module: &Module,
    agent: &Agent,
    variant: MakeVariant<'_>,
) -> Result<Blob, AcceptFault> {
    let needs = module.needs();
    let fit = needs.fit(&agent.attributes, Some(asked.resources.mem));
    let fit = fit.map_err(AcceptFault::Unfit)?;
    let (id, size) = (module.id, module.size);
    match fit.is_variant {
        true => variant(id, launch::saturated(fit.mem)).map_err(AcceptFault::NoVariant),
        false => Ok(Blob { id, size }),
    }
}

fn check_env(asked: &LaunchTask) -> Result<(), AcceptFault> {
    at_most("env", asked.env.len(), MAX_ENV)?;
    asked.env.keys().try_for_each(|key| {
        Text::<MAX_NAME>::new(key)
            .map(|_| ())
            .map_err(|error| AcceptFault::EnvKey {
                key: key.clone(),
                error,
            })
    })
}

fn check_supervision(asked: &LaunchTask) -> Result<(), AcceptFault> {
    let silence = asked.health_check.map(|check| check.silence_s);
    let waits = [
        ("deadline", asked.deadline),
        ("healthCheck.silenceS", silence),
    ];
    if let Some((field, _)) = waits.into_iter().find(|(_, wait)| *wait == Some(0)) {
        return Err(AcceptFault::NoTime(field));
    }
    match asked.max_restarts {
        Some(_) if !asked.restart.is_on_failure() => Err(AcceptFault::NeverRestarted),
        Some(_) | None => Ok(()),
    }
}

fn granted(asked: &LaunchTask, module: &Module) -> Result<Permissions, AcceptFault> {
    let Some(names) = &asked.permissions else {
        return Ok(module.permissions);
    };
    let mut granted = Permissions::NONE;
    for (at, name) in names.iter().enumerate() {
        let permission: Permission = name.parse().map_err(|_| {
            let name = name.clone();
            AcceptFault::UnknownPermission { at, name }
        })?;
        granted = granted | permission.into();
    }
    match module.permissions.without(granted).iter().next() {
        Some(missing) => Err(AcceptFault::MissingPermission(missing)),
        None => Ok(granted),
    }
}

fn at_most(field: &'static str, count: usize, max: usize) -> Result<(), AcceptFault> {
    if count > max {
        Err(AcceptFault::TooMany { field, count, max })
    } else {
        Ok(())
    }
}
