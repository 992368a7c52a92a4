//! Whether an agent has what a request for offers wants.

use std::ops::Deref;

use edgerm_protocol::AgentId;
use edgerm_protocol::api::{Constraints, DeviceConstraint};
use edgerm_protocol::owned::{AttributeValue, EcoString, Resources, Value};
use edgerm_protocol::resource::names::MEM;

use crate::ledger::{Agent, Ledger, Module, quantity};

/// Whether `agent`, with `free` left of it, has all that is wanted. What is free takes longest
/// to find out, so it is looked at last.
pub(super) fn matches(
    constraints: &Constraints,
    agent: &Agent,
    free: &impl Deref<Target = Resources>,
) -> bool {
    names(constraints, agent)
        && constraints
            .attributes
            .iter()
            .all(|(name, wanted)| is_attribute(agent.attributes.get(name), wanted))
        && constraints
            .resources
            .iter()
            .all(|(name, least)| quantity::scalar(free, name) >= *least)
        && has_devices(&constraints.devices, free)
}

/// Whether `agent`, with `free` left of it, can run `module` in `mem` bytes of memory, or in what
/// suits it where that is `None`.
pub(super) fn runs(
    module: &Module,
    mem: Option<u64>,
    agent: &Agent,
    free: &impl Deref<Target = Resources>,
) -> bool {
    module
        .needs()
        .fit(&agent.attributes, mem)
        .is_ok_and(|fit| fit.mem <= quantity::scalar(free, MEM))
}

/// The agents that are named, if any are, by name or by id: of those alone [`matches`] is true.
pub(super) fn named(
    constraints: &Constraints,
    ledger: &Ledger,
) -> Option<impl Iterator<Item = AgentId>> {
    let ids = constraints.agents.iter().flat_map(|wanted| {
        let by_name = ledger.agent_named(wanted).map(|agent| agent.id);
        by_name.into_iter().chain(wanted.parse())
    });
    (!constraints.agents.is_empty()).then_some(ids)
}

fn names(constraints: &Constraints, agent: &Agent) -> bool {
    let wanted = &constraints.agents;
    wanted.is_empty()
        || wanted
            .iter()
            .any(|wanted| **wanted == *agent.name || wanted.parse() == Ok(agent.id))
}

fn is_attribute(value: Option<&AttributeValue>, wanted: &str) -> bool {
    match value {
        Some(AttributeValue::Number(number)) => wanted.parse() == Ok(*number),
        Some(AttributeValue::Text(text)) => text == wanted,
        Some(AttributeValue::Texts(texts)) => texts.iter().any(|text| text == wanted),
        None => false,
    }
}

/// Whether each constraint can have a device of its own: a matching in the graph of
/// constraints and devices, found along augmenting paths.
fn has_devices(wanted: &[DeviceConstraint], free: &Resources) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let devices: Vec<_> = free
        .iter()
        .filter_map(|(label, value)| match value {
            Value::Device(device) => Some((label, device)),
            Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) => None,
        })
        .collect();
    let suits: Vec<Vec<usize>> = wanted
        .iter()
        .map(|wanted| {
            let fits = |(label, device): &(&EcoString, &edgerm_protocol::owned::Device)| {
                (**label == wanted.name || device.kind == wanted.name)
                    && wanted.class.is_none_or(|class| class == device.class)
            };
            (0..devices.len())
                .filter(|at| devices.get(*at).is_some_and(fits))
                .collect()
        })
        .collect();
    let mut holder = vec![None; devices.len()];
    (0..wanted.len()).all(|constraint| {
        let mut tried = vec![false; devices.len()];
        assign(constraint, &suits, &mut holder, &mut tried)
    })
}

/// Gives `constraint` a device, moving others to another of theirs where that makes room.
fn assign(
    constraint: usize,
    suits: &[Vec<usize>],
    holder: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    suits[constraint].iter().any(|&device| {
        if std::mem::replace(&mut tried[device], true) {
            return false;
        }
        let free = holder[device].is_none_or(|other| assign(other, suits, holder, tried));
        if free {
            holder[device] = Some(constraint);
        }
        free
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::owned::Device;
    use edgerm_protocol::resource::{Access, DeviceClass};

    fn sensors(devices: &[(&str, &str)]) -> Resources {
        devices
            .iter()
            .map(|(label, kind)| {
                let device = Device {
                    class: DeviceClass::Sensor,
                    kind: (*kind).into(),
                    access: Access::Shared,
                };
                ((*label).to_owned(), Value::Device(device))
            })
            .collect()
    }

    fn wanted(class: Option<DeviceClass>, name: &str) -> DeviceConstraint {
        let name = name.to_owned();
        DeviceConstraint { class, name }
    }

    #[test]
    fn each_constraint_takes_a_device_of_its_own() {
        let free = sensors(&[
            ("t0", "temperature"),
            ("t1", "temperature"),
            ("h0", "humidity"),
        ]);
        let cases: [(&[&str], bool); 6] = [
            (&["temperature"], true),
            (&["temperature", "t0"], true),
            (&["t0", "temperature", "t1"], false),
            (&["t0", "t0"], false),
            (&["temperature", "temperature", "humidity"], true),
            (&["pressure"], false),
        ];
        for (names, expected) in cases {
            let constraints: Vec<_> = names.iter().map(|name| wanted(None, name)).collect();
            assert_eq!(has_devices(&constraints, &free), expected, "{names:?}");
        }
        let actuator = wanted(Some(DeviceClass::Actuator), "t0");
        assert!(!has_devices(&[actuator], &free), "a sensor is no actuator");
    }
}
