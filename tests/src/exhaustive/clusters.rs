//! The clusters that are explored, by name.

use super::cluster::{Cluster, Fault, Plan};

/// Holds the relay, starts again after a reboot; exits, or is killed.
const KEPT: Plan = Plan {
    framework: 0,
    restarts: true,
    relay: true,
    exits: true,
    killable: true,
    on: None,
};

/// Of the other framework, wants the relay too; runs until it is killed.
const OTHER: Plan = Plan {
    framework: 1,
    restarts: false,
    exits: false,
    ..KEPT
};

/// Exits by itself.
const SHORT: Plan = Plan {
    restarts: false,
    relay: false,
    killable: false,
    ..KEPT
};

impl Cluster {
    /// What each is called on a command line.
    pub const NAMES: [&'static str; 5] = [
        "one-agent",
        "leaving",
        "two-agents",
        "agent-crash",
        "master-crash",
    ];

    /// The cluster of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "one-agent" => Self::one_agent(),
            "leaving" => Self::leaving(),
            "two-agents" => Self::two_agents(),
            "agent-crash" => Self {
                losses: 1,
                crashes: 1,
                ..Self::two_agents()
            },
            "master-crash" => Self {
                node_crashes: [false; 2],
                master_crashes: true,
                losses: 1,
                crashes: 1,
                ..Self::two_agents()
            },
            _ => return None,
        })
    }

    /// One agent, two frameworks with a task each, any one fault of the network, and one crash of
    /// the agent or the master.
    pub fn one_agent() -> Self {
        Self {
            nodes: 1,
            tasks: vec![KEPT, OTHER],
            faults: vec![Fault::Lost, Fault::Late, Fault::Twice, Fault::Silent],
            losses: 1,
            crashes: 1,
            node_crashes: [true; 2],
            master_crashes: true,
            lingers: true,
            idle_pings: false,
            leaves: false,
            offers: 2,
            registered: true,
        }
    }

    /// One agent that boots and pings though it has nothing to say, two frameworks with a task
    /// each, of which one may leave, and any one fault of the network.
    pub fn leaving() -> Self {
        Self {
            crashes: 0,
            idle_pings: true,
            leaves: true,
            offers: 1,
            registered: false,
            ..Self::one_agent()
        }
    }

    /// Two agents, two frameworks and three tasks, where nothing goes wrong: the tasks of the one
    /// framework run on the agent that keeps records, that of the other on the other.
    pub fn two_agents() -> Self {
        let on = |node, plan| Plan {
            on: Some(node),
            ..plan
        };
        Self {
            nodes: 2,
            tasks: vec![on(0, KEPT), on(1, OTHER), on(0, SHORT)],
            faults: vec![Fault::Lost],
            losses: 0,
            crashes: 0,
            master_crashes: false,
            lingers: false,
            offers: 1,
            ..Self::one_agent()
        }
    }
}
