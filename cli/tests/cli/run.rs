//! `edgerm run` and what follows from it: tasks on the nodes that have what they need.

use crate::cluster::{self, Cluster, FAILING, GREETER, Module, SLEEPER};
use serde_json::Value;

/// The simulated nodes with a thermometer; this machine may have one too.
const THERMOMETERS: [&str; 6] = [
    "--on",
    "sensor=temperature",
    "--on",
    "agent=greenhouse",
    "--on",
    "agent=kitchen",
];

fn nodes(tasks: &[Value]) -> Vec<&str> {
    let mut nodes: Vec<&str> = tasks
        .iter()
        .map(|task| task["agentName"].as_str().unwrap())
        .collect();
    nodes.sort_unstable();
    nodes
}

fn states(tasks: &[Value]) -> Vec<&str> {
    tasks
        .iter()
        .map(|task| task["state"].as_str().unwrap())
        .collect()
}

#[test]
fn following_shows_what_a_task_tells_until_it_ends() {
    let cluster = Cluster::up();
    let greeter = Module::new("greeter", GREETER);
    let said = cluster.say(&[
        "run",
        greeter.path(),
        "--env",
        "GREETING=good morning",
        "--follow",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.stdout, "good morning\nlog warning: done\n");
    assert!(said.stderr.contains("COMPLETED"), "{said:?}");
}

#[test]
fn several_followed_tasks_bear_the_names_of_their_nodes() {
    let cluster = Cluster::up();
    let greeter = Module::new("greeters", GREETER);
    let args = ["--count", "all", "--env", "GREETING=hi"];
    let said = cluster.say(
        &[
            &["run", greeter.path(), "--follow"],
            &THERMOMETERS[..],
            &args,
        ]
        .concat(),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    let mut lines: Vec<&str> = said.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        "greenhouse | hi",
        "greenhouse | log warning: done",
        "kitchen    | hi",
        "kitchen    | log warning: done",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn following_for_programs_tells_the_api_s_events() {
    let cluster = Cluster::up();
    let greeter = Module::new("greeter-json", GREETER);
    let env = ["--env", "GREETING=hi"];
    let said = cluster.say(&[&["run", greeter.path(), "-f", "-o", "json"], &env[..]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let events = said.json_lines();
    let outputs: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "taskOutput")
        .collect();
    assert_eq!(outputs[0]["output"]["text"], "hi");
    assert_eq!(outputs[1]["output"]["level"], "warning");
    let last = events
        .iter()
        .rfind(|event| event["type"] == "taskUpdated")
        .unwrap();
    assert_eq!(last["task"]["state"], "COMPLETED");
}

#[test]
fn a_task_runs_on_each_node_that_matches_and_goes_on_without_the_command() {
    let cluster = Cluster::up();
    let sleeper = Module::new("sleeper", SLEEPER);
    let args = ["--count", "all", "--name", "watch", "--mem", "128KiB"];
    let tasks = cluster.launch(&sleeper, &[&THERMOMETERS[..], &args].concat());
    assert_eq!(nodes(&tasks), ["greenhouse", "kitchen"]);
    assert_eq!(states(&tasks), ["RUNNING", "RUNNING"]);
    for task in &tasks {
        assert_eq!(task["name"], "watch");
        assert_eq!(task["resources"]["mem"], 128 * 1024);
        assert_eq!(
            task["resources"]["devices"].as_array().unwrap().len(),
            1,
            "{task}"
        );
    }

    // The command has ended; a second one joins the first one's framework.
    let more = cluster.launch(&sleeper, &["--on", "actuator=relay"]);
    assert_eq!(nodes(&more), ["pump-house"]);
    assert_eq!(more[0]["framework"], tasks[0]["framework"]);
    let ps = cluster.say(&["ps"]).ok();
    assert_eq!(ps.lines().count(), 4, "{ps}");
    assert!(
        ps.lines().skip(1).all(|line| line.contains("RUNNING")),
        "{ps}"
    );

    let killed = cluster::items(&cluster.say(&["kill", "--all", "-o", "json"]).json());
    assert_eq!(states(&killed), ["KILLED"; 3]);
    assert_eq!(cluster.say(&["ps", "-q"]).ok(), "");
    for agent in cluster.agents() {
        assert_eq!(agent["tasks"], 0, "{agent}");
    }
}

#[test]
fn ctrl_c_ends_the_tasks_that_are_followed() {
    let cluster = Cluster::up();
    let sleeper = Module::new("followed", SLEEPER);
    let mut run = cluster.start(&["run", sleeper.path(), "--follow"]);
    assert_eq!(run.line(), "up");
    run.interrupt();
    assert_eq!(run.wait().code(), Some(130));
    assert_eq!(states(&cluster.tasks()), ["KILLED"]);
}

#[test]
fn a_task_that_fails_is_told_with_its_reason() {
    let cluster = Cluster::up();
    let failing = Module::new("failing", FAILING);
    let said = cluster.say(&["run", failing.path(), "--follow"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.stderr.contains("ended ERRORED with exit code 3"),
        "{said:?}"
    );
    assert!(said.stderr.contains("edgerm logs"), "{said:?}");
}

#[test]
fn what_tasks_use_is_told_by_their_nodes() {
    let cluster = Cluster::up();
    let sleeper = Module::new("sleeping", SLEEPER);
    let tasks = cluster.launch(&sleeper, &[]);
    let id = tasks[0]["id"].as_str().unwrap();
    let told = cluster.say(&["usage", "-o", "json"]).json();
    assert_eq!(
        (told["task"].as_str(), &told["state"]),
        (Some(id), &"read".into()),
        "{told}"
    );
    // A page of WASM.
    assert_eq!(told["mem"], 65_536, "{told}");
    assert_eq!(told["memPeak"], 65_536, "{told}");
    assert!(told["cpuMs"].is_u64(), "{told}");
    let table = cluster.say(&["usage", &id[..8]]).ok();
    assert!(table.starts_with("TASK"), "{table}");
    assert!(table.contains("64 KiB"), "{table}");
    cluster.say(&["kill", "--all"]).ok();
    assert_eq!(cluster.say(&["usage", "-o", "json"]).ok(), "", "none runs");
    // It is still known what it used.
    let told = cluster.say(&["usage", id, "-o", "json"]).json();
    assert_eq!(
        (&told["mem"], &told["memPeak"]),
        (&0.into(), &65_536.into()),
        "{told}"
    );
}

#[test]
fn ids_may_be_written_short() {
    let cluster = Cluster::up();
    let greeter = Module::new("short", GREETER);
    let tasks = cluster.launch(&greeter, &["--env", "GREETING=hello"]);
    let id = tasks[0]["id"].as_str().unwrap();
    // The logs of a task that ended are complete.
    cluster.say(&["logs", id, "--follow"]).ok();
    for length in [1, 8, id.len()] {
        let logs = cluster.say(&["logs", &id[..length]]).ok();
        assert_eq!(logs, "hello\nlog warning: done\n");
    }
    let module = tasks[0]["module"].as_str().unwrap();
    let again = cluster.say(&["run", &module[..8], "--follow"]);
    assert_eq!(again.code, Some(0), "{again:?}");

    let sleeper = Module::new("short-sleeper", SLEEPER);
    let task = cluster.launch(&sleeper, &[])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let killed = cluster.say(&["kill", &task[..8], "-q"]).ok();
    assert_eq!(killed.trim(), task);
}

#[test]
fn nothing_is_launched_where_too_few_nodes_match() {
    let cluster = Cluster::up();
    let sleeper = Module::new("too-few", SLEEPER);
    let args = ["--count", "3", "--timeout", "1s"];
    let said = cluster.say(&[&["run", sleeper.path()], &THERMOMETERS[..], &args].concat());
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stderr.contains("2 of 3 nodes matched"), "{said:?}");
    assert!(said.stderr.contains("sensor=temperature free"), "{said:?}");
    assert!(cluster.tasks().is_empty());
    // What was held is given back.
    assert_eq!(cluster.say(&["offers", "-q"]).ok(), "");
}

#[test]
fn lists_are_tables_for_people_and_pages_for_programs() {
    let cluster = Cluster::up();
    let greeter = Module::new("listed", GREETER);
    cluster.launch(&greeter, &["--on", "agent=kitchen", "--env", "GREETING=x"]);
    let agents = cluster.say(&["agents"]).ok();
    assert!(agents.starts_with("AGENT"), "{agents}");
    assert!(agents.contains("temperature"), "{agents}");
    let names: Vec<Value> = cluster
        .agents()
        .into_iter()
        .map(|agent| agent["name"].clone())
        .collect();
    for name in ["greenhouse", "kitchen", "pump-house"] {
        assert!(names.contains(&name.into()), "{names:?}");
    }
    let modules = cluster::items(&cluster.say(&["modules", "-o", "json"]).json());
    assert_eq!(modules.len(), 1);
    assert_eq!(nodes(&cluster.tasks()), ["kitchen"]);
    let offers = cluster.say(&["offers"]).ok();
    assert!(offers.starts_with("OFFER"), "{offers}");
}
