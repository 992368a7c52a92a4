//! `edgerm drain` and `undrain`.

use edgerm_framework::api::{Agent, DrainState, EventKind};
use edgerm_framework::{AgentId, Client};

use crate::args::Drain;
use crate::console::Console;
use crate::exit::Failure;

pub(super) async fn drain(console: &Console, client: &Client, args: &Drain) -> Result<(), Failure> {
    let id = named(client, &args.name).await?.id;
    // From before it begins, so that its end is heard.
    let mut events = client.events().await?;
    let mut agent = client.drain(id, args.deadline).await?;
    if args.wait && !is_drained(&agent) {
        let tasks = agent.tasks;
        console.note(&format!(
            "{tasks} tasks run on {}: waiting for them",
            args.name
        ));
        while !is_drained(&agent) {
            let kind = events.next().await?.kind;
            // That it is drained, that another operator has thought better of it, or a gap.
            let concerns = if let EventKind::AgentDrained { agent }
            | EventKind::AgentUndrained { agent } = &kind
            {
                *agent == id
            } else {
                matches!(kind, EventKind::Missed { .. })
            };
            if !concerns {
                continue;
            }
            agent = client.agent(id).await?;
            if agent.drain.is_none() {
                return Err(undrained(&args.name));
            }
        }
    }
    show(console, &agent)
}

pub(super) async fn undrain(console: &Console, client: &Client, name: &str) -> Result<(), Failure> {
    let id = named(client, name).await?.id;
    show(console, &client.undrain(id).await?)
}

fn show(console: &Console, agent: &Agent) -> Result<(), Failure> {
    if console.is_json() {
        return console.print_json(agent);
    }
    let name = &agent.name;
    console.note(&match agent.drain.map(|drain| drain.state) {
        Some(DrainState::Drained) => format!("{name} is drained: nothing runs there"),
        Some(DrainState::Draining) => {
            let tasks = agent.tasks;
            format!("{name} runs nothing new; tasks that have not ended there: {tasks}")
        }
        None => format!("{name} runs tasks again"),
    });
    Ok(())
}

fn is_drained(agent: &Agent) -> bool {
    agent
        .drain
        .is_some_and(|drain| drain.state == DrainState::Drained)
}

fn undrained(name: &str) -> Failure {
    Failure::NothingMatched {
        what: format!("{name} is drained no more: somebody else said `edgerm undrain`"),
        next: "drain it again where that was a mistake".into(),
    }
}

/// The agent of this name or id.
async fn named(client: &Client, name: &str) -> Result<Agent, Failure> {
    let id = name.parse::<AgentId>().ok();
    let mut agents = client.agents();
    while let Some(page) = agents.next_page().await? {
        let is_it = |agent: &Agent| agent.name == name || Some(agent.id) == id;
        if let Some(agent) = page.into_iter().find(is_it) {
            return Ok(agent);
        }
    }
    Err(Failure::NothingMatched {
        what: format!("no agent is called {name:?}"),
        next: "`edgerm agents` lists them".into(),
    })
}
