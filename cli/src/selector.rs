//! `--on`: what a node must have.

use edgerm_framework::ConstraintsExt;
use edgerm_framework::api::{Constraints, DeviceConstraint};

/// One `--on`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    Sensor(String),
    Actuator(String),
    Device(String),
    Agent(String),
    Attribute(String, String),
}

/// `sensor=`, `actuator=` or `device=` and a label or kind; `agent=` and a name or id; or an
/// attribute and its value.
pub(crate) fn parse(text: &str) -> Result<Selector, String> {
    let example = "write KEY=VALUE, such as sensor=temperature, agent=kitchen or arch=x86_64";
    let (key, value) = text.split_once('=').ok_or(example)?;
    if key.is_empty() || value.is_empty() {
        return Err(example.into());
    }
    let value = value.to_owned();
    Ok(match key {
        "sensor" => Selector::Sensor(value),
        "actuator" => Selector::Actuator(value),
        "device" => Selector::Device(value),
        "agent" => Selector::Agent(value),
        attribute => Selector::Attribute(attribute.to_owned(), value),
    })
}

/// All of `selectors` at once.
pub(crate) fn constraints(selectors: &[Selector]) -> Constraints {
    let start = Constraints::default();
    selectors
        .iter()
        .cloned()
        .fold(start, |mut all, selector| match selector {
            Selector::Sensor(name) => all.sensor(name),
            Selector::Actuator(name) => all.actuator(name),
            Selector::Device(name) => {
                all.devices.push(DeviceConstraint { class: None, name });
                all
            }
            Selector::Agent(name) => all.agent(name),
            Selector::Attribute(name, value) => all.attribute(name, value),
        })
}

/// The class of devices, `sensor` or `actuator`, that a module with these permissions may use
/// while none of `selectors` gives it one: the task would find nothing to open.
pub(crate) fn class_without_device(
    permissions: &[String],
    selectors: &[Selector],
) -> Option<&'static str> {
    let needs = |name: &str| permissions.iter().any(|permission| permission == name);
    let gives = |class: fn(&Selector) -> bool| selectors.iter().any(class);
    if gives(|one| matches!(one, Selector::Device(_))) {
        None
    } else if needs("sensor") && !gives(|one| matches!(one, Selector::Sensor(_))) {
        Some("sensor")
    } else if needs("actuator") && !gives(|one| matches!(one, Selector::Actuator(_))) {
        Some("actuator")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_without_its_device_is_seen() {
        let cases: [(&[&str], &[&str], Option<&str>); 7] = [
            (&["log", "emit"], &[], None),
            (&["sensor"], &[], Some("sensor")),
            (&["sensor"], &["agent=kitchen"], Some("sensor")),
            (&["sensor"], &["sensor=temperature"], None),
            (&["sensor"], &["device=soil"], None),
            (
                &["sensor", "actuator"],
                &["sensor=temperature"],
                Some("actuator"),
            ),
            (
                &["sensor", "actuator"],
                &["sensor=temperature", "actuator=relay"],
                None,
            ),
        ];
        for (permissions, on, expected) in cases {
            let permissions: Vec<String> = permissions.iter().map(ToString::to_string).collect();
            let selectors: Vec<Selector> = on.iter().map(|text| parse(text).unwrap()).collect();
            assert_eq!(
                class_without_device(&permissions, &selectors),
                expected,
                "{permissions:?} {on:?}"
            );
        }
    }

    #[test]
    fn selectors_are_read() {
        let cases = [
            (
                "sensor=temperature",
                Some(Selector::Sensor("temperature".into())),
            ),
            ("actuator=pump", Some(Selector::Actuator("pump".into()))),
            ("device=soil", Some(Selector::Device("soil".into()))),
            ("agent=kitchen", Some(Selector::Agent("kitchen".into()))),
            (
                "note=a=b",
                Some(Selector::Attribute("note".into(), "a=b".into())),
            ),
            ("sensor", None),
            ("sensor=", None),
            ("=x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }
}
