//! `edgerm bench` measures: `launch` on a cluster of its own or on another's, `store` on a master of
//! its own. `agent` needs another program: `tests/bench_agent.rs` of the whole system.

use crate::cluster::{Cluster, Said, say};

fn is_a_report(said: Said) {
    let report = said.json();
    assert_eq!(report["nodes"], 4, "{report}");
    for (what, runs) in [("launch", 6), ("kill", 6), ("killAll", 2)] {
        let q = &report[what];
        assert_eq!(q["runs"], runs, "{report}");
        let times =
            ["minUs", "medianUs", "p95Us", "p99Us", "maxUs"].map(|key| q[key].as_u64().unwrap());
        assert!(times[0] > 0 && times.is_sorted(), "{report}");
    }
}

#[test]
fn on_a_cluster_of_its_own() {
    is_a_report(say(&["bench", "launch", "-n", "6", "-o", "json"]));
}

#[test]
fn on_another_s_cluster_and_leaves_nothing_there() {
    let cluster = Cluster::up();
    is_a_report(cluster.say(&["bench", "launch", "-n", "6", "-o", "json"]));
    assert_eq!(cluster.say(&["ps", "-q"]).ok(), "");
    assert!(cluster.agents().iter().all(|agent| agent["tasks"] == 0));
}

#[test]
fn for_people_it_is_a_table() {
    let table = say(&["bench", "launch", "-n", "2", "--quiet"]).ok();
    for part in [
        "MEDIAN",
        "P99",
        "launch to RUNNING",
        "kill to KILLED",
        "kill all of 4 nodes",
    ] {
        assert!(table.contains(part), "{table}");
    }
}

#[test]
fn a_store_is_measured_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let said = say(&[
        "bench",
        "store",
        "-n",
        "200",
        "--in-flight",
        "8",
        "--dir",
        path,
        "-o",
        "json",
    ]);
    let report = said.json();
    for (what, expected) in [
        ("launches", 200),
        ("inFlight", 8),
        ("staleOffers", 0),
        ("kept", 200),
    ] {
        assert_eq!(report[what], expected, "{what} in {report}");
    }
    let agents = report["agents"].as_u64().unwrap();
    assert!(
        agents * 16 >= 200,
        "every task runs until the end: {report}"
    );
    for (what, runs) in [("accept", 200), ("diskBefore", 200), ("diskAfter", 200)] {
        let q = &report[what];
        assert_eq!(q["runs"], runs, "{what} in {report}");
        let times =
            ["minUs", "medianUs", "p95Us", "p99Us", "maxUs"].map(|key| q[key].as_u64().unwrap());
        assert!(times[0] > 0 && times.is_sorted(), "{what} in {report}");
    }
    assert!(
        report["launchesPerSecond"].as_f64().unwrap() > 0.0,
        "{report}"
    );
    let commits = report["commits"].as_u64().unwrap();
    assert!(
        commits > 0 && commits == report["counters"]["commits"],
        "{report}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_store_is_measured_for_people_with_a_limit_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let limit = "framework-tasks=100";
    let store = ["bench", "store", "--in-flight", "4", "--dir", path];
    let table = say(&[&store[..], &["-n", "50", "--limit", limit]].concat()).ok();
    for part in ["launches a second", "MEDIAN", "P99", "fdatasync, before"] {
        assert!(table.contains(part), "{table}");
    }
    let refused = say(&[&store[..], &["-n", "200", "--limit", limit]].concat());
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("at most 100"), "{refused:?}");
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let said = say(&["bench", "store", "--dir", "/nowhere/at/all"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("--dir"), "{said:?}");
}

#[test]
fn an_agent_that_is_not_there_or_ends_is_told() {
    let said = say(&["bench", "agent", "--agent", "/nowhere/at/all"]);
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(
        said.stderr
            .contains("cargo build --release -p edgerm-linux-agent"),
        "{said:?}"
    );
    let said = say(&["bench", "agent", "--agent", "/bin/false"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("ended by itself"), "{said:?}");
    let said = say(&["bench", "agent", "--idle", "0s"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}
