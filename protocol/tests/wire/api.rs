//! The HTTP API's types in JSON: names as documented, and unknown fields refused.

use edgerm_protocol::api::{
    Decline, Event, EventKind, LaunchTask, NewFramework, Output, OutputData, Restart, SendMessage,
};
use edgerm_protocol::message::LogLevel;
use edgerm_protocol::owned::Value;
use edgerm_protocol::{AgentId, FrameworkId, TaskId};
use serde_json::json;

#[test]
fn a_message_is_text_or_hexadecimal() {
    let text = json!({ "framework": "000000000000002a", "text": "open" });
    let message: SendMessage = serde_json::from_value(text.clone()).unwrap();
    assert_eq!(message.framework, FrameworkId(42));
    assert_eq!(message.data.to_bytes(), Some(b"open".to_vec()));
    assert_eq!(serde_json::to_value(message).unwrap(), text);

    let cases = [
        json!({ "framework": "000000000000002a" }),
        json!({ "framework": "000000000000002a", "text": "open", "level": "info" }),
        json!({ "framework": 42, "text": "open" }),
    ];
    for case in cases {
        assert!(
            serde_json::from_value::<SendMessage>(case.clone()).is_err(),
            "{case}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_come_back_through_hexadecimal() {
    let data = OutputData::from_bytes(&[0x00, 0xff]);
    assert_eq!(data, OutputData::Hex("00ff".into()));
    assert_eq!(data.to_bytes(), Some(vec![0x00, 0xff]));
    for digits in ["0", "0g", "+1", "é"] {
        assert_eq!(OutputData::Hex(digits.into()).to_bytes(), None, "{digits}");
    }
}

#[test]
fn an_event_is_flat() {
    let event = Event {
        sequence: 7,
        kind: EventKind::AgentUnreachable { agent: AgentId(1) },
    };
    let json = json!({ "sequence": 7, "type": "agentUnreachable", "agent": "00000001" });
    assert_eq!(serde_json::to_value(&event).unwrap(), json);
    assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
}

#[test]
fn an_output_event_comes_back() {
    let output = Output {
        task: TaskId(1),
        index: 2,
        level: Some(LogLevel::Info),
        lost: 0,
        data: OutputData::Text("21.5".into()),
    };
    let event = Event {
        sequence: 8,
        kind: EventKind::TaskOutput { output },
    };
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
}

#[test]
fn a_resource_tells_its_kind_by_its_shape() {
    let cases = [
        json!(4_000),
        json!([[1, 80], [8_000, 9_000]]),
        json!(["a", "b"]),
        json!({ "class": "sensor", "kind": "temperature", "access": "shared" }),
    ];
    for case in cases {
        let value: Value = serde_json::from_value(case.clone()).unwrap();
        assert_eq!(serde_json::to_value(value).unwrap(), case);
    }
    for case in [
        json!(-1),
        json!(0.5),
        json!([[2, 1]]),
        json!({ "class": "sensor" }),
    ] {
        assert!(
            serde_json::from_value::<Value>(case.clone()).is_err(),
            "{case}"
        );
    }
}

#[test]
fn what_a_body_leaves_out_has_its_default() {
    let framework: NewFramework = serde_json::from_value(json!({ "name": "f" })).unwrap();
    assert_eq!(framework.role, "default");
    let decline = json!({ "framework": "0000000000000001" });
    let decline: Decline = serde_json::from_value(decline).unwrap();
    assert_eq!(decline.filter_ms, 5_000);
}

#[test]
fn a_task_is_started_again_where_it_says_so() {
    let launch = |restart: Option<&str>| {
        let mut launch = json!({
            "id": "0000000000000001",
            "name": "average",
            "module": "00".repeat(32),
            "resources": { "mem": 1 },
        });
        if let Some(restart) = restart {
            launch["restart"] = restart.into();
        }
        serde_json::from_value::<LaunchTask>(launch)
    };
    for (said, meant) in [
        (None, Restart::No),
        (Some("no"), Restart::No),
        (Some("reboot"), Restart::Reboot),
        (Some("onFailure"), Restart::OnFailure),
        (Some("rebootOrFailure"), Restart::RebootOrFailure),
    ] {
        let launch = launch(said).unwrap();
        assert_eq!(launch.restart, meant);
        let told = serde_json::to_value(&launch).unwrap();
        let told = told.get("restart").map(|told| told.as_str().unwrap());
        assert_eq!(told, said.filter(|_| meant != Restart::No));
    }
    assert!(launch(Some("always")).is_err());
}

#[test]
fn a_misspelt_or_negative_field_is_refused() {
    let launch = |resources| {
        json!({
            "id": "0000000000000001",
            "name": "average",
            "module": "00".repeat(32),
            "resources": resources,
        })
    };
    let read = |json| serde_json::from_value::<LaunchTask>(json);
    assert!(read(launch(json!({ "mem": 65_536 }))).is_ok());
    for resources in [
        json!({}),
        json!({ "mem": -1 }),
        json!({ "mem": 1, "memory": 2 }),
    ] {
        assert!(read(launch(resources.clone())).is_err(), "{resources}");
    }
}
