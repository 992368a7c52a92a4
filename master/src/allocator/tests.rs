//! Whoever is named is offered as if all had been looked at.

use edgerm_protocol::owned::{Description, Value};
use edgerm_protocol::resource::names;
use edgerm_protocol::{BootId, SessionId};
use proptest::prelude::*;

use super::*;
use crate::ledger::{AgentRegistration, Change};

const NOW: Instant = Instant::from_millis(0);
const FRAMEWORK: FrameworkId = FrameworkId(1);

/// Names of agents, whose ids count up from 1: two are written as the id of another is.
const NAMES: [&str; 6] = ["porch", "00000004", "shed", "barn", "00000001", "attic"];

/// A ledger of the first so many agents, each with these task slots, and one framework.
fn ledger(slots: &[u64]) -> Ledger {
    let mut ledger = Ledger::new();
    let mut apply = |change| ledger.apply(NOW, &change);
    apply(Change::FrameworkRegistered {
        framework: FRAMEWORK,
        name: "tests".to_owned(),
        role: "default".to_owned(),
        owner: None,
    });
    for ((id, name), slots) in (1..).zip(NAMES).zip(slots) {
        let agent = AgentId(id);
        apply(Change::AgentRegistered(AgentRegistration {
            agent,
            name: name.into(),
            session: SessionId(id),
            boot: BootId(1),
            ping_period_ms: 60_000,
            key: None,
        }));
        let resources = [
            (names::MEM, Value::Scalar(1024)),
            (names::TASKS, Value::Scalar(*slots)),
        ];
        apply(Change::AgentDescribed {
            agent,
            description: Description {
                resources: resources.into(),
                ..Description::default()
            },
        });
    }
    ledger
}

fn request(agents: Vec<String>, max: usize) -> Waiting {
    Waiting {
        framework: FRAMEWORK,
        constraints: Constraints {
            agents,
            ..Constraints::default()
        },
        max,
    }
}

/// A name, an id, or neither.
fn wanted() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
        3 => (0..8u32).prop_map(|id| AgentId(id).to_string()),
        1 => Just("cellar".to_owned()),
        1 => Just("0000000A".to_owned()),
    ]
}

proptest! {
    #[test]
    fn those_named_are_the_ones_that_looking_at_all_would_find(
        slots in prop::collection::vec(0..3u64, 0..NAMES.len()),
        agents in prop::collection::vec(wanted(), 1..5),
        last in prop::option::of(0..8u32),
        filtered in prop::option::of(0..8u32),
        max in 0..4usize,
    ) {
        let ledger = ledger(&slots);
        let mut allocator = Allocator::new(16);
        allocator.last = last.map(AgentId);
        for agent in ledger.agents(None) {
            allocator.note(&ledger, agent.id);
        }
        if let Some(agent) = filtered {
            let later = Instant::from_millis(1);
            allocator.filter(FRAMEWORK, AgentId(agent), later);
        }
        let is_named = |agent: &AgentId| {
            let name = &ledger.agent(*agent).expect("an agent").name;
            agents.iter().any(|wanted| **wanted == **name) || agents.contains(&agent.to_string())
        };
        let all = allocator.suitable(&ledger, NOW, &request(Vec::new(), usize::MAX));
        let expected: Vec<_> = all.into_iter().filter(is_named).take(max).collect();
        let found = allocator.suitable(&ledger, NOW, &request(agents.clone(), max));
        prop_assert_eq!(found, expected);
    }
}
