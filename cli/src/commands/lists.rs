//! `edgerm agents`, `offers` and `modules`.

use edgerm_framework::api::{Agent, AgentState, DrainState, Page};
use edgerm_framework::owned::{EcoString, Resources, Value};
use edgerm_framework::resource::names;
use edgerm_framework::{Client, resource::Access};
use serde::Serialize;

use crate::console::{Console, Tone};
use crate::exit::Failure;
use crate::resolve::SHORT;
use crate::table::{Cell, Table};
use crate::units;

pub(super) async fn agents(console: &Console, client: &Client) -> Result<(), Failure> {
    let mut agents = client.agents().all().await?;
    if let Some(done) = plain(console, &agents, |agent| agent.id.to_string()) {
        return done;
    }
    let mut table = Table::new([
        "AGENT", "NAME", "STATE", "TASKS", "CPUS", "MEM", "DEVICES", "PLATFORM", "HEARD",
    ]);
    agents.sort_by(|a, b| a.name.cmp(&b.name));
    for agent in &agents {
        table.row([
            agent.id.into(),
            (&agent.name).into(),
            state(agent),
            share(agent, names::TASKS, |slots| slots.to_string()).into(),
            share(agent, names::CPUS, units::cores).into(),
            share(agent, names::MEM, units::bytes).into(),
            devices(&agent.resources, &agent.used).into(),
            platform(agent).into(),
            format!("{} ago", units::age(agent.silent_ms)).into(),
        ]);
    }
    console.print(&table.render(console))
}

pub(super) async fn offers(console: &Console, client: &Client) -> Result<(), Failure> {
    let offers = client.offers().all().await?;
    if let Some(done) = plain(console, &offers, |offer| offer.id.to_string()) {
        return done;
    }
    let mut table = Table::new([
        "OFFER",
        "NODE",
        "FRAMEWORK",
        "CPUS",
        "MEM",
        "DEVICES",
        "EXPIRES",
    ]);
    for offer in &offers {
        table.row([
            offer.id.into(),
            (&offer.agent_name).into(),
            offer.framework.into(),
            units::cores(scalar(&offer.resources, names::CPUS)).into(),
            units::bytes(scalar(&offer.resources, names::MEM)).into(),
            devices(&offer.resources, &Resources::new()).into(),
            format!("in {}", units::age(offer.expires_in_ms)).into(),
        ]);
    }
    console.print(&table.render(console))
}

pub(super) async fn modules(console: &Console, client: &Client) -> Result<(), Failure> {
    let modules = client.modules().all().await?;
    if let Some(done) = plain(console, &modules, |module| module.id.to_string()) {
        return done;
    }
    let mut table = Table::new([
        "MODULE",
        "SIZE",
        "MEMORY",
        "NEEDED",
        "PERMISSIONS",
        "FEATURES",
    ]);
    for module in &modules {
        let id = module.id.to_string();
        table.row([
            id.get(..SHORT).unwrap_or(&id).into(),
            units::bytes(module.size).into(),
            units::bytes(module.memory).into(),
            units::bytes(module.memory_needed).into(),
            module.permissions.join(",").into(),
            module.features.join(",").into(),
        ]);
    }
    console.print(&table.render(console))
}

/// Writes `members` as JSON or as ids, where that was asked for.
pub(super) fn plain<T: Serialize + Clone>(
    console: &Console,
    members: &[T],
    id: impl Fn(&T) -> String,
) -> Option<Result<(), Failure>> {
    if console.is_json() {
        let page = Page {
            items: members.to_vec(),
            next: None,
        };
        Some(console.print_json(&page))
    } else if console.is_quiet() {
        let ids: String = members.iter().map(|member| id(member) + "\n").collect();
        Some(console.print(&ids))
    } else {
        None
    }
}

fn state(agent: &Agent) -> Cell {
    match (agent.state, agent.drain.map(|drain| drain.state)) {
        (AgentState::Registered, Some(DrainState::Draining)) => Cell::new("draining", Tone::Plain),
        (AgentState::Registered, Some(DrainState::Drained)) => Cell::new("drained", Tone::Faint),
        (AgentState::Registered, None) => Cell::new("registered", Tone::Good),
        (AgentState::Unreachable, _) => Cell::new("unreachable", Tone::Bad),
        (AgentState::Gone, _) => Cell::new("gone", Tone::Faint),
    }
}

/// What is used of what there is: `0.1/4`.
fn share(agent: &Agent, name: &str, told: impl Fn(u64) -> String) -> String {
    let (used, total) = (scalar(&agent.used, name), scalar(&agent.resources, name));
    format!("{}/{}", told(used), told(total))
}

pub(super) fn scalar(resources: &Resources, name: &str) -> u64 {
    match resources.get(name) {
        Some(Value::Scalar(amount)) => *amount,
        Some(Value::Ranges(_) | Value::Set(_) | Value::Device(_)) | None => 0,
    }
}

/// Labels with kinds; an exclusive one that is used in brackets.
pub(super) fn devices(resources: &Resources, used: &Resources) -> String {
    let told = |(label, value): (&EcoString, &Value)| match value {
        Value::Device(device) => {
            let name = match *label == device.kind {
                true => label.to_string(),
                false => format!("{label}:{}", device.kind),
            };
            let busy = device.access == Access::Exclusive && used.contains_key(label);
            Some(if busy { format!("[{name}]") } else { name })
        }
        Value::Scalar(_) | Value::Ranges(_) | Value::Set(_) => None,
    };
    resources
        .iter()
        .filter_map(told)
        .collect::<Vec<_>>()
        .join(",")
}

fn platform(agent: &Agent) -> String {
    let told = ["os", "arch", "board"]
        .into_iter()
        .filter_map(|name| agent.attributes.get(name));
    told.map(ToString::to_string).collect::<Vec<_>>().join("/")
}
