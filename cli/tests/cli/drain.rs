//! `edgerm drain`: nothing new runs on an agent, and what runs there ends.

use crate::cluster::{Cluster, Module, SLEEPER};

fn state(cluster: &Cluster, name: &str) -> String {
    let agents = cluster.agents();
    let agent = agents.iter().find(|agent| agent["name"] == name).unwrap();
    agent["drain"]["state"]
        .as_str()
        .unwrap_or("none")
        .to_owned()
}

#[test]
fn a_drained_agent_runs_nothing_until_it_is_undrained() {
    let cluster = Cluster::up();
    let sleeper = Module::new("drained-sleeper", SLEEPER);
    let on = ["--on", "agent=kitchen"];
    cluster.launch(&sleeper, &on);
    let said = cluster.say(&["drain", "kitchen"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(state(&cluster, "kitchen"), "DRAINING");
    let listed = cluster.say(&["agents"]).ok();
    assert!(listed.contains("draining"), "{listed}");

    let said = cluster.say(&["drain", "kitchen", "--deadline", "0s", "--wait"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("nothing runs there"), "{said:?}");
    assert_eq!(cluster.tasks()[0]["state"], "KILLED");
    assert_eq!(state(&cluster, "kitchen"), "DRAINED");
    let refused = cluster.say(&[&["run", sleeper.path(), "--timeout", "1s"], &on[..]].concat());
    assert_eq!(refused.code, Some(5), "{refused:?}");
    // Whoever drains it again finds it so.
    assert_eq!(cluster.say(&["drain", "kitchen", "--wait"]).code, Some(0));

    let said = cluster.say(&["undrain", "kitchen"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(state(&cluster, "kitchen"), "none");
    assert_eq!(cluster.launch(&sleeper, &on).len(), 1);
    let said = cluster.say(&["drain", "nowhere"]);
    assert_eq!(said.code, Some(5), "{said:?}");
}
