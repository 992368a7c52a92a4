//! Why no node matches: how many have each thing that was asked for.

use edgerm_framework::api::{Agent, AgentState, Constraints, DeviceConstraint};
use edgerm_framework::constraints::is_asked_for;
use edgerm_framework::owned::{AttributeValue, Value};
use edgerm_framework::resource::{Access, names};

use crate::units;

/// One line for each constraint, and how many of the agents that are heard satisfy it.
pub(crate) fn table(constraints: &Constraints, agents: &[Agent]) -> String {
    let heard: Vec<&Agent> = agents
        .iter()
        .filter(|agent| agent.state == AgentState::Registered)
        .collect();
    let count = |has: &dyn Fn(&Agent) -> bool| heard.iter().filter(|agent| has(agent)).count();
    let mut lines = vec![("registered".to_owned(), heard.len())];
    if !constraints.agents.is_empty() {
        let named = |agent: &Agent| {
            let id = agent.id.to_string();
            constraints
                .agents
                .iter()
                .any(|name| *name == agent.name || *name == id)
        };
        lines.push((
            format!("agent={}", constraints.agents.join(" or ")),
            count(&named),
        ));
    }
    for device in &constraints.devices {
        let class = device
            .class
            .map_or("device".into(), |class| class.to_string());
        let what = format!("{class}={}", device.name);
        lines.push((
            format!("{what} at all"),
            count(&|agent| has_device(agent, device, false)),
        ));
        lines.push((
            format!("{what} free"),
            count(&|agent| has_device(agent, device, true)),
        ));
    }
    for (name, amount) in &constraints.resources {
        let amount_told = told(name, *amount);
        let has = |agent: &Agent| free(agent, name) >= *amount;
        lines.push((format!("{name} {amount_told} free"), count(&has)));
    }
    for (name, value) in &constraints.attributes {
        let has = |agent: &Agent| agent.attributes.get(name).is_some_and(|has| is(has, value));
        lines.push((format!("{name}={value}"), count(&has)));
    }
    let width = lines
        .iter()
        .map(|(what, _)| what.chars().count())
        .max()
        .unwrap_or(0);
    let line = |(what, count): &(String, usize)| {
        let nodes = if *count == 1 { "node" } else { "nodes" };
        format!("         {what:width$}   {count} {nodes}")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What somebody may do about it.
pub(crate) fn next(agents: &[Agent]) -> &'static str {
    if agents.is_empty() {
        "no agent has registered: is one running, and is it told this master's CoAP address?"
    } else {
        "`edgerm agents` shows what the nodes have, `edgerm ps` what holds it"
    }
}

fn told(name: &str, amount: u64) -> String {
    match name {
        names::CPUS => units::cores(amount),
        names::MEM | names::DISK => units::bytes(amount),
        _ => amount.to_string(),
    }
}

/// What of a scalar no task and no offer holds.
fn free(agent: &Agent, name: &str) -> u64 {
    let scalar = |resources: &edgerm_framework::owned::Resources| match resources.get(name) {
        Some(Value::Scalar(amount)) => *amount,
        Some(Value::Ranges(_) | Value::Set(_) | Value::Device(_)) | None => 0,
    };
    scalar(&agent.resources)
        .saturating_sub(scalar(&agent.used))
        .saturating_sub(scalar(&agent.offered))
}

fn has_device(agent: &Agent, wanted: &DeviceConstraint, must_be_free: bool) -> bool {
    agent.resources.iter().any(|(label, value)| match value {
        Value::Device(device) => {
            let held = agent.used.contains_key(label) || agent.offered.contains_key(label);
            let busy = held && device.access == Access::Exclusive;
            is_asked_for(wanted, label, device) && !(must_be_free && busy)
        }
        Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) => false,
    })
}

fn is(has: &AttributeValue, value: &str) -> bool {
    match has {
        AttributeValue::Number(number) => number.to_string() == value,
        AttributeValue::Text(text) => text == value,
        AttributeValue::Texts(texts) => texts.iter().any(|text| text == value),
    }
}
