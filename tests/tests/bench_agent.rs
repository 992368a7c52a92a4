//! `edgerm bench agent` measures the agent that ships. With containers: `containers.rs`.
#![cfg(test)]

use std::process::Command;

use edgerm_tests::firmware::programs::{self, Program};
use serde_json::Value;

fn bench(arguments: &[&str]) -> String {
    programs::build();
    let output = Command::new(Program::Command.path())
        .args(["bench", "agent", "--idle", "1s", "-n"])
        .args(arguments)
        // None of this is the bench's own.
        .env("EDGERM_AGENT_NAME", "other")
        .env("EDGERM_AGENT_MASTER", "192.0.2.1:5683")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_agent_is_measured() {
    let report: Value = serde_json::from_str(&bench(&["2", "-o", "json"])).unwrap();
    assert_eq!(report["pingPeriodMs"], 5000, "{report}");
    assert_eq!(report["agents"].as_array().unwrap().len(), 1, "{report}");
    let agent = &report["agents"][0];
    assert_eq!(agent["executors"], serde_json::json!(["wasm"]), "{report}");
    assert_eq!(agent["start"]["runs"], 2, "{report}");
    let number = |key: &str| agent[key].as_u64().unwrap();
    let sizes = ["privateDirtyBytes", "pssBytes", "rssBytes"].map(number);
    assert!(sizes[0] > 0 && sizes.is_sorted(), "{report}");
    assert!(number("idleMs") >= 1000, "{report}");
    let percent = number("idleCpuUs") as f64 / (number("idleMs") as f64 * 10.0);
    let told = agent["idlePercent"].as_f64().unwrap();
    assert!((percent - told).abs() < 0.01, "{report}");
    let bounds = serde_json::json!({
        "startUs": 50_000, "pssBytes": 6 << 20, "idlePercent": 0.1
    });
    assert_eq!(agent["bounds"], bounds, "{report}");
}

#[test]
fn for_people_each_figure_stands_beside_its_bound() {
    let table = bench(&["1"]);
    for (figure, bound) in [
        ("median of 1", "50.0 ms"),
        ("PSS", "6 MiB"),
        ("1 s idle", "0.1 %"),
    ] {
        let is_said = |line: &str| line.contains(figure) && line.ends_with(bound);
        assert!(table.lines().any(is_said), "{figure}: {table}");
    }
    assert!(table.contains("private and dirty"), "{table}");
}
