//! What the policy of a token refuses its tasks.

use edgerm_protocol::api::{Accept, LaunchTask, Policy};
use edgerm_protocol::owned::{Resources, Value};
use edgerm_protocol::{Instant, OfferId};

use super::{AcceptError, Master};
use crate::access::TokenId;
use crate::policy::{PolicyFault, first_beyond, refused_kinds};

impl Master {
    /// Holds the frameworks of `token` to `policy` from now on.
    pub fn set_policy(&mut self, token: TokenId, policy: &Policy) {
        self.sweep_policies();
        self.policies.set(token, policy);
    }

    /// Forgets the policy of `token`, which is revoked, as soon as nothing runs under it.
    pub fn end_policy(&mut self, token: TokenId) {
        self.policies.revoke(token);
        self.sweep_policies();
    }

    fn sweep_policies(&mut self) {
        let ledger = &self.ledger;
        self.policies.sweep(|token| {
            let mut frameworks = ledger.frameworks(None);
            let mut tasks = ledger.tasks(None);
            frameworks.any(|framework| framework.owner == Some(token))
                || tasks.any(|task| task.owner == Some(token) && !task.state.is_terminal())
        });
    }

    /// Refuses what the policy of the framework's token does not allow. What the ledger will
    /// refuse anyway is left to it.
    pub(super) fn check_policy(
        &mut self,
        now: Instant,
        offer: OfferId,
        accept: &Accept,
    ) -> Result<(), AcceptError> {
        let owner = self.owner(accept.framework);
        let Some(policy) = self.policies.of(owner) else {
            return Ok(());
        };
        let offer = self.ledger.open_offer(now, offer, accept.framework)?;
        for (index, task) in accept.tasks.iter().enumerate() {
            check_container(policy, index, task)
                .and_then(|()| self.check_permissions(policy, index, task))
                .and_then(|()| check_devices(policy, index, task, &offer.resources))
                .map_err(AcceptError::Policy)?;
        }
        // An offer that is declined is accepted with no task.
        if accept.tasks.is_empty() {
            return Ok(());
        }
        let day = self.policies.check_day(now, owner);
        day.map_err(AcceptError::Policy)
    }

    fn check_permissions(
        &self,
        policy: &Policy,
        index: usize,
        task: &LaunchTask,
    ) -> Result<(), PolicyFault> {
        let allowed = policy.permissions.as_ref();
        let refused = match &task.permissions {
            Some(names) => first_beyond(allowed, names.iter().map(String::as_str))
                .map(|(at, name)| (Some(at), name)),
            None => {
                let module = task.module.and_then(|id| self.ledger.module(id));
                let needed = module.into_iter().flat_map(|it| it.permissions.iter());
                let needed = needed.map(edgerm_task_abi::Permission::name);
                first_beyond(allowed, needed).map(|(_, name)| (None, name))
            }
        };
        match refused {
            Some((at, name)) => Err(PolicyFault::Permission {
                task: index,
                at,
                name: name.to_owned(),
                allowed: allowed.cloned().unwrap_or_default(),
            }),
            None => Ok(()),
        }
    }
}

/// A container calls no host API, so that permissions do not hold it.
fn check_container(policy: &Policy, index: usize, task: &LaunchTask) -> Result<(), PolicyFault> {
    let allowed = policy.containers.unwrap_or(policy.permissions.is_none());
    match task.container.is_some() && !allowed {
        true => Err(PolicyFault::Container { task: index }),
        false => Ok(()),
    }
}

fn check_devices(
    policy: &Policy,
    index: usize,
    task: &LaunchTask,
    offered: &Resources,
) -> Result<(), PolicyFault> {
    for (at, label) in task.resources.devices.iter().enumerate() {
        let Some(Value::Device(device)) = offered.get(label) else {
            continue;
        };
        if let Some(allowed) = refused_kinds(policy, device) {
            return Err(PolicyFault::Device {
                task: index,
                at,
                label: label.clone(),
                class: device.class,
                kind: device.kind.to_string(),
                allowed: allowed.clone(),
            });
        }
    }
    Ok(())
}
