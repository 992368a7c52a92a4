//! What an agent must have, and which of its devices that takes.

use edgerm_protocol::api::{
    Constraints, Container, DeviceConstraint, Duty, Module, ModuleConstraint, Offer, Restart,
};
use edgerm_protocol::owned::{Device, Resources, Value};
use edgerm_protocol::resource::DeviceClass;
use edgerm_protocol::standard::{TASKS, attributes};

/// Says [`Constraints`] word by word.
pub trait ConstraintsExt: Sized {
    /// A sensor that is free, by its label or by what it measures.
    #[must_use]
    fn sensor(self, name: impl Into<String>) -> Self;

    /// An actuator that is free, by its label or by what it moves.
    #[must_use]
    fn actuator(self, name: impl Into<String>) -> Self;

    /// One of the agents so allowed, by its name or id.
    #[must_use]
    fn agent(self, name_or_id: impl Into<String>) -> Self;

    /// At least `amount` of a scalar that is free.
    #[must_use]
    fn at_least(self, resource: impl Into<String>, amount: u64) -> Self;

    /// An attribute that is `value`, or has it among its texts.
    #[must_use]
    fn attribute(self, name: impl Into<String>, value: impl Into<String>) -> Self;

    /// Agents that can run `module` in `mem` bytes of memory, which are free. `None`: in what
    /// suits the agent, as a launch that does not say takes it.
    #[must_use]
    fn module(self, module: &Module, mem: Option<u64>) -> Self;

    /// Agents that start a task again when this says.
    #[must_use]
    fn restart(self, when: Restart) -> Self;

    /// Agents that run containers.
    #[must_use]
    fn containers(self) -> Self;

    /// Agents that keep deadlines, health checks and restarts after failures.
    #[must_use]
    fn supervised(self) -> Self;

    /// Labels of the offer's devices, one for each device asked for, each its own, in the order
    /// they were asked for. `None` where the offer does not have them.
    fn assign(&self, offer: &Offer) -> Option<Vec<String>>;
}

impl ConstraintsExt for Constraints {
    fn sensor(mut self, name: impl Into<String>) -> Self {
        let (class, name) = (Some(DeviceClass::Sensor), name.into());
        self.devices.push(DeviceConstraint { class, name });
        self
    }

    fn actuator(mut self, name: impl Into<String>) -> Self {
        let (class, name) = (Some(DeviceClass::Actuator), name.into());
        self.devices.push(DeviceConstraint { class, name });
        self
    }

    fn agent(mut self, name_or_id: impl Into<String>) -> Self {
        self.agents.push(name_or_id.into());
        self
    }

    fn at_least(mut self, resource: impl Into<String>, amount: u64) -> Self {
        self.resources.insert(resource.into(), amount);
        self
    }

    fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    fn module(mut self, module: &Module, mem: Option<u64>) -> Self {
        self.module = Some(ModuleConstraint { id: module.id, mem });
        self
    }

    fn restart(self, when: Restart) -> Self {
        when.duties().fold(self, dutiful)
    }

    fn containers(self) -> Self {
        Container::duties().fold(self, dutiful)
    }

    fn supervised(self) -> Self {
        self.attribute(attributes::SUPERVISES, TASKS)
    }

    fn assign(&self, offer: &Offer) -> Option<Vec<String>> {
        assign(&self.devices, &offer.resources)
    }
}

fn dutiful(constraints: Constraints, duty: Duty) -> Constraints {
    constraints.attribute(duty.attribute, duty.value)
}

/// Whether a device under `label` is one that `constraint` asks for.
pub fn is_asked_for(constraint: &DeviceConstraint, label: &str, device: &Device) -> bool {
    constraint.class.is_none_or(|class| class == device.class)
        && (constraint.name == label || constraint.name == device.kind)
}

/// A label in `resources` for each of `wanted`, each its own: a matching in a bipartite
/// graph, by augmenting paths, because the first that fits may be the only one for another.
pub fn assign(wanted: &[DeviceConstraint], resources: &Resources) -> Option<Vec<String>> {
    let devices: Vec<(&str, &Device)> = resources
        .iter()
        .filter_map(|(label, value)| match value {
            Value::Device(device) => Some((label.as_str(), device)),
            Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) => None,
        })
        .collect();
    let mut matching = Matching {
        wanted,
        devices: &devices,
        holder: vec![None; devices.len()],
    };
    for asker in 0..wanted.len() {
        if !matching.augment(asker, &mut vec![false; devices.len()]) {
            return None;
        }
    }
    let label_of = |asker| {
        let at = matching
            .holder
            .iter()
            .position(|holder| *holder == Some(asker))?;
        devices.get(at).map(|(label, _)| (*label).to_owned())
    };
    (0..wanted.len()).map(label_of).collect()
}

struct Matching<'a> {
    wanted: &'a [DeviceConstraint],
    devices: &'a [(&'a str, &'a Device)],
    /// Which of `wanted` has each device.
    holder: Vec<Option<usize>>,
}

impl Matching<'_> {
    /// Finds a device for `asker`: one that nobody has, else one whose holder can move.
    fn augment(&mut self, asker: usize, visited: &mut [bool]) -> bool {
        let fitting: Vec<usize> = (0..self.devices.len())
            .filter(|at| {
                let (label, device) = self.devices[*at];
                !visited[*at] && is_asked_for(&self.wanted[asker], label, device)
            })
            .collect();
        for at in &fitting {
            visited[*at] = true;
        }
        let free = fitting.iter().find(|at| self.holder[**at].is_none());
        let found = free.or_else(|| {
            fitting
                .iter()
                .find(|at| self.holder[**at].is_some_and(|holder| self.augment(holder, visited)))
        });
        if let Some(at) = found {
            self.holder[*at] = Some(asker);
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::resource::Access;

    fn resources(devices: &[(&str, DeviceClass, &str)]) -> Resources {
        let device = |(label, class, kind): &(&str, DeviceClass, &str)| {
            let kind = (*kind).into();
            let device = Device {
                class: *class,
                kind,
                access: Access::Exclusive,
            };
            ((*label).to_owned(), Value::Device(device))
        };
        let mut resources: Resources = devices.iter().map(device).collect();
        resources.insert("cpus", Value::Scalar(1000));
        resources
    }

    fn labels(constraints: &Constraints, resources: &Resources) -> Option<Vec<String>> {
        assign(&constraints.devices, resources)
    }

    #[test]
    fn each_device_asked_for_is_its_own() {
        use DeviceClass::{Actuator, Sensor};
        let any = Constraints::default;
        let has = resources(&[
            ("air", Sensor, "temperature"),
            ("soil", Sensor, "temperature"),
            ("valve", Actuator, "relay"),
        ]);
        let cases: [(Constraints, Option<&[&str]>); 8] = [
            (any(), Some(&[])),
            (any().sensor("temperature"), Some(&["air"])),
            (any().sensor("soil"), Some(&["soil"])),
            // The first takes `air` until the second, which has no other choice, asks for it.
            (
                any().sensor("temperature").sensor("air"),
                Some(&["soil", "air"]),
            ),
            (
                any().sensor("temperature").sensor("temperature"),
                Some(&["air", "soil"]),
            ),
            (
                any().sensor("temperature").sensor("air").sensor("soil"),
                None,
            ),
            (any().sensor("relay"), None),
            (any().actuator("relay").sensor("cpus"), None),
        ];
        for (constraints, expected) in cases {
            let expected = expected.map(|labels| labels.iter().map(|l| (*l).to_owned()).collect());
            assert_eq!(labels(&constraints, &has), expected, "{constraints:?}");
        }
    }
}
