//! Why too few nodes match: how many have each thing that was asked for, and what each of the
//! others lacks.

use edgerm_framework::api::{Agent, AgentState, Constraints, DeviceConstraint, Module};
use edgerm_framework::constraints::is_asked_for;
use edgerm_framework::owned::{AttributeValue, Value};
use edgerm_framework::resource::{Access, names};

use crate::units;

/// Nodes of which is told what they lack, at most.
const MAX_NODES: usize = 16;

/// What a node must have and what it is to run.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) constraints: &'a Constraints,
    /// The module of `constraints`; `None`: it is a container.
    pub(crate) module: Option<&'a Module>,
}

/// One thing that a node must have.
struct Requirement<'a> {
    /// What it is, in a few words.
    what: String,
    lack: Lack<'a>,
}

/// Tells what an agent lacks, where it does.
type Lack<'a> = Box<dyn Fn(&Agent) -> Option<String> + 'a>;

/// One line for each requirement, and how many of the agents that are heard satisfy it; then one
/// for each agent that does not, with the first thing that it lacks.
pub(crate) fn table(wanted: Wanted<'_>, agents: &[Agent]) -> String {
    let heard: Vec<&Agent> = agents
        .iter()
        .filter(|agent| agent.state == AgentState::Registered)
        .collect();
    let requirements = requirements(wanted);
    let nodes = |count| match count {
        1 => "1 node".to_owned(),
        count => format!("{count} nodes"),
    };
    let count = |requirement: &Requirement<'_>| {
        let has = |agent: &&&Agent| (requirement.lack)(agent).is_none();
        let count = heard.iter().filter(has).count();
        (requirement.what.clone(), nodes(count))
    };
    let registered = ("registered".to_owned(), nodes(heard.len()));
    let counts = requirements.iter().map(count);
    let counts = [registered].into_iter().chain(counts);
    let first_lack = |agent: &&Agent| {
        let mut lacks = requirements.iter().map(|it| (it.lack)(agent));
        Some((agent.name.clone(), lacks.find_map(|lack| lack)?))
    };
    let asked = &wanted.constraints.agents;
    let mut lacking = heard
        .iter()
        .filter(|agent| asked.is_empty() || is_named(agent, asked))
        .filter_map(first_lack);
    let mut nodes: Vec<_> = lacking.by_ref().take(MAX_NODES).collect();
    match lacking.count() {
        0 => {}
        more => nodes.push(("...".to_owned(), format!("and {more} more"))),
    }
    let mut told = columns(&counts.collect::<Vec<_>>());
    if !nodes.is_empty() {
        told.push('\n');
        told += &columns(&nodes);
    }
    told
}

fn columns(lines: &[(String, String)]) -> String {
    let width = lines
        .iter()
        .map(|(first, _)| first.chars().count())
        .max()
        .unwrap_or(0);
    let line = |(first, second): &(String, String)| format!("         {first:width$}   {second}");
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is wanted, in the order in which a lack of it is told.
fn requirements<'a>(wanted: Wanted<'a>) -> Vec<Requirement<'a>> {
    let Wanted {
        constraints,
        module,
    } = wanted;
    let mut all: Vec<Requirement<'a>> = Vec::new();
    let mut require = |what: String, lack: Lack<'a>| {
        all.push(Requirement { what, lack });
    };
    if !constraints.agents.is_empty() {
        let what = format!("agent={}", constraints.agents.join(" or "));
        let lack = |agent: &Agent| {
            (!is_named(agent, &constraints.agents)).then(|| "has another name".to_owned())
        };
        require(what, Box::new(lack));
    }
    for (name, value) in &constraints.attributes {
        let lack = move |agent: &Agent| match agent.attributes.get(name) {
            Some(has) if is(has, value) => None,
            Some(has) => Some(format!("its {name} is {has}")),
            None => Some(format!("tells no {name}")),
        };
        require(format!("{name}={value}"), Box::new(lack));
    }
    for device in &constraints.devices {
        let class = device
            .class
            .map_or("device".into(), |class| class.to_string());
        let what = format!("{class}={}", device.name);
        let lacks = format!("has no {what}");
        let at_all =
            move |agent: &Agent| (!has_device(agent, device, false)).then(|| lacks.clone());
        require(format!("{what} at all"), Box::new(at_all));
        let busy = format!("its {what} is used");
        let free = move |agent: &Agent| (!has_device(agent, device, true)).then(|| busy.clone());
        require(format!("{what} free"), Box::new(free));
    }
    let mem = constraints.module.and_then(|module| module.mem);
    if let Some(module) = module {
        let fit = move |agent: &Agent| module.needs().fit(&agent.attributes, mem);
        let unfit = move |agent: &Agent| fit(agent).err().map(|unfit| unfit.to_string());
        require("fit to run the module".into(), Box::new(unfit));
    }
    let busy = |agent: &Agent| {
        let none = free(agent, names::TASKS) == 0;
        none.then(|| "no task slot of it is free".to_owned())
    };
    require("a task slot free".into(), Box::new(busy));
    for (name, amount) in &constraints.resources {
        let told = told(name, *amount);
        let what = format!("{name} {told} free");
        let lack = move |agent: &Agent| too_little(agent, name, *amount);
        require(what, Box::new(lack));
    }
    if let Some(module) = module {
        let no_room = move |agent: &Agent| {
            let fit = module.needs().fit(&agent.attributes, mem).ok()?;
            too_little(agent, names::MEM, fit.mem)
        };
        require("mem for the module free".into(), Box::new(no_room));
    }
    all
}

fn is_named(agent: &Agent, names: &[String]) -> bool {
    let id = agent.id.to_string();
    names.iter().any(|name| *name == agent.name || *name == id)
}

fn too_little(agent: &Agent, name: &str, amount: u64) -> Option<String> {
    let free = free(agent, name);
    (free < amount).then(|| {
        let (free, wanted) = (told(name, free), told(name, amount));
        format!("has {free} of {name} free, {wanted} is wanted")
    })
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
