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

#[cfg(test)]
mod tests {
    use super::*;

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
