//! An agent registers as soon as it is driven, with what it has.

use edgerm_agent_core::NewAgentError;
use edgerm_coap::{BlockOption, BlockSize, Code};
use edgerm_protocol::AgentId;

use crate::common::{Ask, Happened, Network, World, at, config, description, seconds};

#[test]
fn an_agent_registers_at_once() {
    let mut world = World::new();
    world.run_for(seconds(0));
    assert_eq!(world.master.heard_at("r"), [0]);
    assert_eq!(world.master.description, description(0));
    assert_eq!(world.happened, [(at(0), Happened::Registered(AgentId(7)))]);
    assert_eq!(world.agent.id(), Some(AgentId(7)));
}

#[test]
fn a_description_that_does_not_fit_is_pulled() {
    let large = description(30);
    assert!(large.len() > 2048, "several blocks");
    let mut world = World::describing(&large, config(), Network::default(), 1);
    world.run_for(seconds(1));
    assert_eq!(world.master.description, large);

    let beyond = BlockOption::new(100, false, BlockSize::B512).expect("a number");
    let (code, diagnostic) = world.ask(Ask::Description(beyond));
    assert_eq!(code, Code::BAD_REQUEST);
    assert!(diagnostic.contains("beyond the end"), "{diagnostic}");
}

#[test]
fn what_the_master_would_not_understand_makes_no_agent() {
    let made = |name: &str, description: &[u8]| {
        let agent =
            edgerm_agent_core::Agent::<1>::new(name, description, config(), None, [0; 32], at(0));
        agent.map(|agent| agent.active_tasks())
    };
    assert_eq!(made("node", &description(0)), Ok(0));
    assert!(matches!(
        made("", &description(0)),
        Err(NewAgentError::Name(_))
    ));
    assert!(matches!(
        made(&"n".repeat(33), &description(0)),
        Err(NewAgentError::Name(_))
    ));
    assert!(matches!(
        made("node", b"none"),
        Err(NewAgentError::Description(_))
    ));
}
