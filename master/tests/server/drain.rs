//! An agent is drained through the API.

use serde_json::json;

use crate::http::{call, get, post};
use crate::{Agent, events_until};

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_agent_is_not_offered_and_its_tasks_are_killed_at_the_deadline() {
    let master = crate::start().await;
    let http = master.http_addr;
    let agent = tokio::spawn(Agent::register(master.coap_addr).await.run());
    let (framework, offers, module) = crate::ready_to_launch(http).await;
    let task = |id: &str| {
        json!({"framework": framework, "tasks": [{"id": id, "name": "t",
            "module": module["id"], "resources": {"mem": 65536}}]})
    };
    let accept =
        |offer: &serde_json::Value| format!("/v1/offers/{}/accept", offer["id"].as_str().unwrap());
    let first = &offers["offers"][0];
    let (status, _) = post(http, &accept(first), task("00000000000000aa")).await;
    assert_eq!(status, 201);
    let (_, offers) = post(http, "/v1/offers", json!({"framework": framework})).await;
    let second = &offers["offers"][0];

    let id = second["agent"].as_str().unwrap();
    let (drain, undrain) = (
        format!("/v1/agents/{id}/drain"),
        format!("/v1/agents/{id}/undrain"),
    );
    let (status, drained) = post(http, &drain, json!({"deadline": 1})).await;
    assert_eq!((status, &drained["field"]), (400, &json!("deadline")));
    let (status, drained) = post(http, &drain, json!({})).await;
    assert_eq!(
        (status, &drained["drain"]),
        (200, &json!({"state": "DRAINING"}))
    );
    let (status, refused) = post(http, &accept(second), task("00000000000000bb")).await;
    assert_eq!(
        (status, &refused["code"]),
        (410, &json!("offerRescinded")),
        "{refused}"
    );
    let (_, none) = post(http, "/v1/offers", json!({"framework": framework})).await;
    assert_eq!(none["offers"], json!([]));

    let (status, drained) = post(http, &drain, json!({"deadlineS": 0})).await;
    assert_eq!(
        (status, &drained["drain"]["killsInMs"]),
        (200, &json!(0)),
        "{drained}"
    );
    events_until(http, &framework, "KILLED").await;
    let (_, drained) = get(http, &format!("/v1/agents/{id}")).await;
    assert_eq!(drained["drain"]["state"], "DRAINED", "{drained}");

    let (status, undrained) = call(http, "POST", &undrain, b"").await;
    assert_eq!((status, undrained.get("drain")), (200, None));
    let (_, offers) = post(http, "/v1/offers", json!({"framework": framework})).await;
    assert_eq!(offers["offers"][0]["agent"], id);
    let (status, refused) = post(http, "/v1/agents/ffffffff/drain", json!({})).await;
    assert_eq!((status, &refused["code"]), (404, &json!("unknownAgent")));
    agent.abort();
    master.shutdown().await;
}
