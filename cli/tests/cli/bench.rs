//! `edgerm bench launch` measures, on a cluster of its own or on another's.

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
