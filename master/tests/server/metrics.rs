//! What a Prometheus reads, by a parser of its text form.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use edgerm_master::{Config, Server};
use prometheus_parse::{Sample, Scrape, Value};
use serde_json::json;

use crate::http::{bytes, call, get, loopback, post};
use crate::{Agent, MODULE, events_until};

async fn scrape(to: SocketAddr) -> Scrape {
    let (status, page) = bytes(to, None, "/metrics").await;
    assert_eq!(status, 200);
    let page = String::from_utf8(page).unwrap();
    let lines = page.lines().map(|line| Ok(line.to_owned()));
    Scrape::parse(lines).unwrap()
}

/// The value of the sample that has these labels and no others.
fn value(scrape: &Scrape, metric: &str, labels: &[(&str, &str)]) -> f64 {
    let is_it = |sample: &&Sample| {
        let are = labels
            .iter()
            .all(|(name, is)| sample.labels.get(name) == Some(*is));
        sample.metric == metric && are && sample.labels.len() == labels.len()
    };
    let sample = scrape.samples.iter().find(is_it);
    let sample = sample.unwrap_or_else(|| panic!("there is no {metric} {labels:?}"));
    match &sample.value {
        Value::Counter(value) | Value::Gauge(value) => *value,
        Value::Histogram(buckets) => buckets.last().unwrap().count,
        other @ (Value::Summary(_) | Value::Untyped(_)) => panic!("{metric} is {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_what_happens() {
    let kept = tempfile::tempdir().unwrap();
    let config = Config {
        http: loopback(),
        coap: loopback(),
        store: Some(kept.path().join("master.redb")),
        ..Config::default()
    };
    let master = Server::start(config).await.unwrap();
    let http = master.http_addr;
    let before = scrape(http).await;
    assert_eq!(
        value(&before, "edgerm_agents", &[("state", "registered")]),
        0.0
    );
    assert_eq!(
        value(
            &before,
            "edgerm_coap_datagrams_total",
            &[("direction", "in")]
        ),
        0.0
    );

    let agent = Agent::register(master.coap_addr).await;
    let agent = tokio::spawn(agent.run());
    let (_, framework) = post(http, "/v1/frameworks", json!({"name": "secret"})).await;
    let framework = framework["id"].as_str().unwrap().to_owned();
    let wanted = json!({"framework": framework, "waitMs": 30_000});
    let (status, offers) = post(http, "/v1/offers", wanted).await;
    assert_eq!(status, 200, "{offers}");
    let offered = scrape(http).await;
    assert_eq!(value(&offered, "edgerm_offers_open", &[]), 1.0);
    let memory =
        |scrape: &Scrape, part| value(scrape, "edgerm_cluster_memory_bytes", &[("part", part)]);
    assert_eq!(
        (memory(&offered, "total"), memory(&offered, "offered")),
        (1048576.0, 1048576.0)
    );

    let wasm = wat::parse_str(MODULE).unwrap();
    let (_, module) = call(http, "POST", "/v1/modules", &wasm).await;
    let task = "00000000000000aa";
    let tasks = json!([{"id": task, "name": "t", "module": module["id"],
        "resources": {"mem": 65536, "cpus": 10}}]);
    let accept = json!({"framework": framework, "tasks": tasks});
    let offer = offers["offers"][0]["id"].as_str().unwrap();
    let (status, accepted) = post(http, &format!("/v1/offers/{offer}/accept"), accept).await;
    assert_eq!(status, 201, "{accepted}");
    let output = format!("/v1/tasks/{task}/output?waitMs=30000");
    assert_eq!(get(http, &output).await.0, 200);
    let running = scrape(http).await;
    assert_eq!(
        value(&running, "edgerm_tasks", &[("state", "running")]),
        1.0
    );
    assert_eq!(value(&running, "edgerm_tasks_accepted_total", &[]), 1.0);
    assert_eq!(
        (memory(&running, "used"), memory(&running, "offered")),
        (65536.0, 0.0)
    );
    assert_eq!(
        value(&running, "edgerm_cluster_cpu_cores", &[("part", "used")]),
        0.01
    );

    let kill = json!({"framework": framework});
    post(http, &format!("/v1/tasks/{task}/kill"), kill).await;
    events_until(http, &framework, "KILLED").await;
    assert_eq!(get(http, "/v1/agents/none").await.0, 400);
    let after = scrape(http).await;
    assert_eq!(
        value(&after, "edgerm_agents", &[("state", "registered")]),
        1.0
    );
    assert_eq!(value(&after, "edgerm_tasks", &[("state", "running")]), 0.0);
    assert_eq!(
        value(&after, "edgerm_tasks_ended_total", &[("state", "killed")]),
        1.0
    );
    assert_eq!(value(&after, "edgerm_frameworks", &[]), 1.0);
    assert_eq!(value(&after, "edgerm_agent_commands_queued", &[]), 0.0);
    assert_eq!(memory(&after, "used"), 0.0);
    for direction in ["in", "out"] {
        let labels = [("direction", direction)];
        assert!(value(&after, "edgerm_coap_datagrams_total", &labels) >= 5.0);
        assert!(value(&after, "edgerm_coap_bytes_total", &labels) >= 50.0);
    }
    let route = ("route", "/v1/offers/:id/accept");
    let labels = [route, ("method", "POST"), ("status", "2xx")];
    assert_eq!(value(&after, "edgerm_http_requests_total", &labels), 1.0);
    assert_eq!(
        value(&after, "edgerm_http_request_duration_seconds", &[route]),
        1.0
    );
    let labels = [
        ("route", "/v1/agents/:id"),
        ("method", "GET"),
        ("status", "4xx"),
    ];
    assert_eq!(value(&after, "edgerm_http_requests_total", &labels), 1.0);
    assert!(value(&after, "edgerm_store_commit_duration_seconds", &[]) >= 5.0);
    assert!(value(&after, "edgerm_store_rows_written_total", &[]) >= 5.0);
    assert_eq!(value(&after, "edgerm_store_failing", &[]), 0.0);
    assert!(value(&after, "process_resident_memory_bytes", &[]) > 1e6);
    assert!(value(&after, "process_open_fds", &[]) > 3.0);
    assert!(value(&after, "process_cpu_seconds_total", &[]) >= 0.0);
    check_style(&after);
    check_rules(&after);
    let chosen = ["one", "secret", "t", task, &framework];
    let values = after
        .samples
        .iter()
        .flat_map(|sample| sample.labels.values());
    assert!(
        values
            .clone()
            .all(|label| !chosen.contains(&label.as_str()))
    );
    agent.abort();
    master.shutdown().await;
}

/// The rules that ship name no metric that there is not.
fn check_rules(scrape: &Scrape) {
    let rules = include_str!("../../../deploy/prometheus/alerts.yml");
    let words = rules.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    let named = words.filter(|word| word.starts_with("edgerm_") || word.starts_with("process_"));
    let mut seen = 0;
    for name in named {
        let is_it = |sample: &Sample| sample.metric == name.trim_end_matches("_bucket");
        assert!(scrape.samples.iter().any(is_it), "{name}");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

/// What Prometheus advises for names, and that each metric says what it is.
fn check_style(scrape: &Scrape) {
    let units = ["_seconds", "_bytes", "_cores"];
    let mut names = BTreeSet::new();
    for Sample { metric, value, .. } in &scrape.samples {
        let histogram = ["_sum", "_count"].map(|part| metric.strip_suffix(part));
        let mut histogram = histogram.into_iter().flatten();
        if histogram.any(|it| scrape.docs.contains_key(it)) {
            continue;
        }
        assert!(scrape.docs.contains_key(metric), "{metric} has no HELP");
        let is_counter = matches!(value, Value::Counter(_));
        assert!(!matches!(value, Value::Untyped(_)), "{metric} has no TYPE");
        assert_eq!(metric.ends_with("_total"), is_counter, "{metric}");
        assert!(
            metric.starts_with("edgerm_") || metric.starts_with("process_"),
            "{metric}"
        );
        let odd = ["_ms", "_milli", "_mib", "_kb", "_percent", "_minutes"];
        assert!(!odd.iter().any(|unit| metric.contains(unit)), "{metric}");
        names.insert(metric.trim_end_matches("_total"));
    }
    for unit in units {
        assert!(names.iter().any(|name| name.ends_with(unit)), "{unit}");
    }
    assert!(names.len() > 25, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_path_and_method_is_counted_under_few_names() {
    let master = crate::start().await;
    let http = master.http_addr;
    for path in 0..20 {
        let (status, _) = call(http, "BREW", &format!("/pot/{path}"), b"").await;
        assert_eq!(status, 404);
    }
    let page = scrape(http).await;
    let labels = [("route", "none"), ("method", "other"), ("status", "4xx")];
    assert_eq!(value(&page, "edgerm_http_requests_total", &labels), 20.0);
    master.shutdown().await;
}
