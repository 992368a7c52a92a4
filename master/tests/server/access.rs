//! Who may make which call, over real sockets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use edgerm_master::access::Secret;
use edgerm_master::{Config, Running, Server};
use edgerm_protocol::api::{NewToken, Role};
use serde_json::{Value as Json, json};

use crate::http::{call, call_as};
use crate::{Agent, MODULE};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Stranger,
    Reader,
    Owner,
    Other,
    Operator,
}

const EVERYBODY: [Who; 6] = [
    Who::Nobody,
    Who::Stranger,
    Who::Reader,
    Who::Owner,
    Who::Other,
    Who::Operator,
];

impl Who {
    fn secret(self) -> Option<Secret> {
        let byte = match self {
            Self::Nobody => return None,
            Self::Stranger => 9,
            Self::Reader => 1,
            Self::Owner => 2,
            Self::Other => 3,
            Self::Operator => 4,
        };
        Some(Secret::from_entropy([byte; 32]))
    }
}

async fn start() -> Running {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let roles = [
        (Who::Operator, Role::Operator),
        (Who::Reader, Role::ReadOnly),
        (Who::Owner, Role::Framework),
        (Who::Other, Role::Framework),
    ];
    let tokens = roles.map(|(who, role)| {
        let name = format!("{who:?}");
        (NewToken::new(name, role), who.secret().unwrap())
    });
    let config = Config {
        http: loopback,
        coap: loopback,
        tokens: tokens.to_vec(),
        ..Config::default()
    };
    Server::start(config).await.unwrap()
}

async fn ask(to: SocketAddr, who: Who, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let secret = who.secret();
    let token = secret.as_ref().map(Secret::as_str);
    let body = match body.is_null() {
        true => Vec::new(),
        false => body.to_string().into_bytes(),
    };
    call_as(to, token, method, path, &body).await
}

/// A framework of the owner's, with a task that runs and an offer that is open.
struct Owned {
    framework: String,
    task: String,
    offer: String,
}

async fn own(master: &Running) -> Owned {
    let http = master.http_addr;
    let new = json!({"name": "own"});
    let (status, framework) = ask(http, Who::Owner, "POST", "/v1/frameworks", &new).await;
    assert_eq!(status, 201, "{framework}");
    let framework = framework["id"].as_str().unwrap().to_owned();
    let wasm = wat::parse_str(MODULE).unwrap();
    let secret = Who::Owner.secret().unwrap();
    let (status, module) = call_as(http, Some(secret.as_str()), "POST", "/v1/modules", &wasm).await;
    assert_eq!(status, 201, "{module}");
    let offer = offer(http, &framework).await;
    let task = "00000000000000aa".to_owned();
    let tasks = json!([{"id": task, "name": "t", "module": module["id"],
        "resources": {"mem": 65536, "cpus": 10}}]);
    let accept = json!({"framework": framework, "tasks": tasks});
    let path = format!("/v1/offers/{offer}/accept");
    let (status, accepted) = ask(http, Who::Owner, "POST", &path, &accept).await;
    assert_eq!(status, 201, "{accepted}");
    let output = format!("/v1/tasks/{task}/output?waitMs=30000");
    let (_, outputs) = ask(http, Who::Owner, "GET", &output, &Json::Null).await;
    assert_eq!(outputs["outputs"][0]["text"], "21.5");
    let offer = self::offer(http, &framework).await;
    Owned {
        framework,
        task,
        offer,
    }
}

async fn offer(http: SocketAddr, framework: &str) -> String {
    let wanted = json!({"framework": framework, "waitMs": 30_000,
        "constraints": {"resources": {"mem": 1000}}});
    let (status, offers) = ask(http, Who::Owner, "POST", "/v1/offers", &wanted).await;
    assert_eq!(status, 200, "{offers}");
    offers["offers"][0]["id"].as_str().unwrap().to_owned()
}

/// All that the master holds, as an operator sees it.
async fn state(http: SocketAddr) -> Vec<Json> {
    let mut all = Vec::new();
    for list in [
        "frameworks",
        "offers",
        "tasks",
        "modules",
        "tokens",
        "enrollments",
        "join-tokens",
    ] {
        let path = format!("/v1/{list}");
        let (status, mut listed) = ask(http, Who::Operator, "GET", &path, &Json::Null).await;
        assert_eq!(status, 200, "{listed}");
        // What passes by itself.
        for item in listed["items"].as_array_mut().unwrap() {
            item.as_object_mut().unwrap().remove("expiresInMs");
            item.as_object_mut().unwrap().remove("ageMs");
        }
        all.push(listed);
    }
    all
}

/// Every call that is about something that is the owner's, and those for operators.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_for_who_may_make_it() {
    let master = start().await;
    let http = master.http_addr;
    let agent = tokio::spawn(Agent::register(master.coap_addr).await.run());
    let owned = own(&master).await;
    let Owned {
        framework,
        task,
        offer,
    } = &owned;
    let pump = json!({"name": "pump"});
    let (status, told) = ask(http, Who::Operator, "POST", "/v1/enrollments", &pump).await;
    assert_eq!(status, 201, "{told}");
    let wanted = json!({"expiresIn": 600});
    let (status, token) = ask(http, Who::Operator, "POST", "/v1/join-tokens", &wanted).await;
    assert_eq!(status, 201, "{token}");
    let of = json!({ "framework": framework });
    let named = json!({"name": "new", "role": "operator"});
    let calls = [
        ("GET", "/v1/agents".to_owned(), Json::Null),
        (
            "POST",
            "/v1/agents/00000000/drain".to_owned(),
            json!({"deadlineS": 0}),
        ),
        ("POST", "/v1/agents/00000000/undrain".to_owned(), Json::Null),
        ("GET", "/v1/frameworks".to_owned(), Json::Null),
        ("GET", format!("/v1/frameworks/{framework}"), Json::Null),
        ("GET", "/v1/offers".to_owned(), Json::Null),
        ("GET", "/v1/tasks".to_owned(), Json::Null),
        ("GET", format!("/v1/tasks/{task}"), Json::Null),
        ("GET", format!("/v1/tasks/{task}/output"), Json::Null),
        ("GET", "/v1/modules".to_owned(), Json::Null),
        ("GET", "/v1/tokens".to_owned(), Json::Null),
        ("GET", "/v1/counters".to_owned(), Json::Null),
        ("GET", "/metrics".to_owned(), Json::Null),
        ("POST", "/v1/frameworks".to_owned(), json!({"name": "x"})),
        (
            "POST",
            format!("/v1/frameworks/{framework}/suppress"),
            Json::Null,
        ),
        (
            "POST",
            format!("/v1/frameworks/{framework}/revive"),
            Json::Null,
        ),
        ("DELETE", format!("/v1/frameworks/{framework}"), Json::Null),
        ("POST", "/v1/offers".to_owned(), of.clone()),
        (
            "POST",
            format!("/v1/offers/{offer}/accept"),
            json!({"framework": framework, "tasks": []}),
        ),
        ("POST", format!("/v1/offers/{offer}/decline"), of.clone()),
        (
            "POST",
            format!("/v1/tasks/{task}/message"),
            json!({"framework": framework, "text": "x"}),
        ),
        ("POST", format!("/v1/tasks/{task}/kill"), of.clone()),
        // Whose task it is counts, not who one says to be.
        ("POST", format!("/v1/tasks/{task}/kill"), json!({})),
        ("POST", "/v1/modules".to_owned(), Json::Null),
        ("POST", "/v1/tokens".to_owned(), named),
        ("DELETE", "/v1/tokens/Reader".to_owned(), Json::Null),
        ("GET", "/v1/enrollments".to_owned(), Json::Null),
        ("POST", "/v1/enrollments".to_owned(), json!({"name": "fan"})),
        ("POST", "/v1/enrollments/pump/rotate".to_owned(), Json::Null),
        ("DELETE", "/v1/enrollments/pump".to_owned(), Json::Null),
        ("GET", "/v1/join-tokens".to_owned(), Json::Null),
        ("POST", "/v1/join-tokens".to_owned(), wanted),
        (
            "DELETE",
            format!("/v1/join-tokens/{}", token["id"].as_str().unwrap()),
            Json::Null,
        ),
    ];
    let before = state(http).await;
    let mut refused = 0;
    for (method, path, body) in &calls {
        for who in EVERYBODY {
            let Some(expected) = refusal(who, method, path) else {
                continue;
            };
            let (status, told) = ask(http, who, method, path, body).await;
            let code = told["code"].as_str().unwrap_or_default();
            assert_eq!((status, code), expected, "{who:?} {method} {path} {told}");
            refused += 1;
        }
    }
    assert!(refused > 95, "{refused}");
    assert_eq!(state(http).await, before, "nothing has changed");

    // Those who may, may.
    for who in [Who::Reader, Who::Owner, Who::Operator] {
        for (_, path, _) in calls.iter().filter(|(method, ..)| *method == "GET") {
            if refusal(who, "GET", path).is_none() {
                let (status, told) = ask(http, who, "GET", path, &Json::Null).await;
                assert_eq!(status, 200, "{who:?} {path} {told}");
            }
        }
    }
    let kill = format!("/v1/tasks/{task}/kill");
    let (status, told) = ask(http, Who::Owner, "POST", &kill, &of).await;
    assert_eq!(status, 202, "{told}");
    agent.abort();
    master.shutdown().await;
}

/// What `who` is refused with.
fn refusal(who: Who, method: &str, path: &str) -> Option<(u16, &'static str)> {
    let is_one = path.matches('/').count() > 2 || (method, path) == ("POST", "/v1/offers");
    match who {
        Who::Nobody => Some((401, "noToken")),
        Who::Stranger => Some((401, "unknownToken")),
        Who::Reader if method != "GET" => Some((403, "readOnly")),
        Who::Reader | Who::Owner | Who::Other if is_for_operators(path) => {
            Some((403, "notOperator"))
        }
        Who::Owner | Who::Other if ["/v1/counters", "/metrics"].contains(&path) => {
            Some((403, "notOperator"))
        }
        Who::Other if is_one => Some((403, "notYours")),
        Who::Reader | Who::Owner | Who::Other | Who::Operator => None,
    }
}

fn is_for_operators(path: &str) -> bool {
    let lists = ["/v1/tokens", "/v1/enrollments", "/v1/join-tokens"];
    lists.iter().any(|list| path.starts_with(list)) || path.ends_with("drain")
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_events_show_ones_own() {
    let master = start().await;
    let http = master.http_addr;
    let agent = tokio::spawn(Agent::register(master.coap_addr).await.run());
    let owned = own(&master).await;
    for (who, count) in [
        (Who::Owner, 1),
        (Who::Other, 0),
        (Who::Reader, 1),
        (Who::Operator, 1),
    ] {
        for list in ["frameworks", "offers", "tasks"] {
            let path = format!("/v1/{list}");
            let (_, listed) = ask(http, who, "GET", &path, &Json::Null).await;
            assert_eq!(
                listed["items"].as_array().unwrap().len(),
                count,
                "{who:?} {listed}"
            );
        }
        let (_, agents) = ask(http, who, "GET", "/v1/agents", &Json::Null).await;
        assert_eq!(agents["items"].as_array().unwrap().len(), 1, "{agents}");
    }

    // The end of the other's own framework closes what it sees.
    let new = json!({"name": "other"});
    let (_, other) = ask(http, Who::Other, "POST", "/v1/frameworks", &new).await;
    let path = format!("/v1/frameworks/{}", other["id"].as_str().unwrap());
    ask(http, Who::Other, "DELETE", &path, &Json::Null).await;
    let own = events_until_gone(http, Who::Other).await;
    let expected = [
        "agentRegistered",
        "frameworkGone",
        "frameworkRegistered",
        "moduleAdmitted",
    ];
    assert_eq!(own.into_iter().collect::<Vec<_>>(), expected);
    let all = events_until_gone(http, Who::Reader).await;
    assert!(
        all.contains("taskUpdated") && all.contains("taskOutput"),
        "{all:?}"
    );
    assert!(!owned.task.is_empty());
    agent.abort();
    master.shutdown().await;
}

/// The types of events from the first until a framework is gone.
async fn events_until_gone(http: SocketAddr, who: Who) -> BTreeSet<String> {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let mut stream = tokio::net::TcpStream::connect(http).await.unwrap();
    let secret = who.secret().unwrap();
    let head = format!(
        "GET /v1/events HTTP/1.1\r\nhost: {http}\r\nauthorization: Bearer {}\r\nlast-event-id: 0\r\n\r\n",
        secret.as_str()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut types = BTreeSet::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(data) = line.strip_prefix("data:") {
            let event: Json = serde_json::from_str(data).unwrap();
            let kind = event["type"].as_str().unwrap().to_owned();
            let is_last = kind == "frameworkGone";
            types.insert(kind);
            if is_last {
                return types;
            }
        }
    }
    panic!("the stream ended: {types:?}");
}

#[tokio::test]
async fn the_first_token_ends_that_anybody_is_an_operator() {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        http: loopback,
        coap: loopback,
        store: Some(folder.path().join("master.redb")),
        ..Config::default()
    };
    let master = Server::start(config.clone()).await.unwrap();
    let http = master.http_addr;
    let new = br#"{"name": "ops", "role": "operator"}"#;
    let (status, issued) = call(http, "POST", "/v1/tokens", new).await;
    assert_eq!(status, 201, "{issued}");
    let secret = issued["secret"].as_str().unwrap();
    assert_eq!(call(http, "GET", "/v1/agents", b"").await.0, 401);
    assert_eq!(call(http, "GET", "/healthz", b"").await.0, 200);
    let reader = br#"{"name": "eyes", "role": "readOnly"}"#;
    let (_, eyes) = call_as(http, Some(secret), "POST", "/v1/tokens", reader).await;
    let eyes = eyes["secret"].as_str().unwrap();
    assert_eq!(
        call_as(http, Some(eyes), "GET", "/v1/agents", b"").await.0,
        200
    );
    master.shutdown().await;

    // They are there again, and a revoked one is refused at once.
    let master = Server::start(config).await.unwrap();
    let http = master.http_addr;
    assert_eq!(
        call_as(http, Some(eyes), "GET", "/v1/agents", b"").await.0,
        200
    );
    let (status, _) = call_as(http, Some(secret), "DELETE", "/v1/tokens/eyes", b"").await;
    assert_eq!(status, 204);
    assert_eq!(
        call_as(http, Some(eyes), "GET", "/v1/agents", b"").await.0,
        401
    );
    let (_, listed) = call_as(http, Some(secret), "GET", "/v1/tokens", b"").await;
    assert_eq!(
        listed["items"],
        json!([{"name": "ops", "role": "operator"}])
    );
    master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_issued_with_a_token_shown_and_held_to_after_a_restart() {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        http: loopback,
        coap: loopback,
        store: Some(folder.path().join("master.redb")),
        tokens: vec![(
            NewToken::new("ops", Role::Operator),
            Who::Operator.secret().unwrap(),
        )],
        ..Config::default()
    };
    let master = Server::start(config.clone()).await.unwrap();
    let http = master.http_addr;
    let policy = json!({"permissions": ["emit"], "sensors": [], "bytesPerDay": 1000});
    let new = json!({"name": "farm", "role": "framework", "policy": policy});
    let (status, issued) = ask(http, Who::Operator, "POST", "/v1/tokens", &new).await;
    assert_eq!(status, 201, "{issued}");
    let secret = issued["secret"].as_str().unwrap();
    let bad = [
        (json!({"permissions": ["emits"]}), "policy.permissions"),
        (json!({"bytesPerDay": 0}), "policy.bytesPerDay"),
    ];
    for (policy, field) in bad {
        let new = json!({"name": "bad", "role": "framework", "policy": policy});
        let (status, told) = ask(http, Who::Operator, "POST", "/v1/tokens", &new).await;
        let code = told["code"].as_str();
        assert_eq!((status, code), (422, Some("badPolicy")), "{told}");
        assert_eq!(told["field"], field);
    }
    is_held_to(&master, secret, &policy, "00000000000000aa").await;
    master.shutdown().await;

    let master = Server::start(config).await.unwrap();
    is_held_to(&master, secret, &policy, "00000000000000ab").await;
    master.shutdown().await;
}

/// A launch with a permission that `policy` does not have is refused, and one without is not.
async fn is_held_to(master: &Running, secret: &str, policy: &Json, task: &str) {
    let http = master.http_addr;
    let (_, listed) = ask(http, Who::Operator, "GET", "/v1/tokens", &Json::Null).await;
    assert_eq!(listed["items"][0]["policy"], *policy);
    let ask = async |path: &str, body: &[u8]| call_as(http, Some(secret), "POST", path, body).await;
    let agent = tokio::spawn(Agent::register(master.coap_addr).await.run());
    let (_, framework) = ask("/v1/frameworks", br#"{"name": "own"}"#).await;
    let (_, module) = ask("/v1/modules", &wat::parse_str(MODULE).unwrap()).await;
    let framework = &framework["id"];
    let wanted = json!({"framework": framework, "waitMs": 30_000});
    let (_, offers) = ask("/v1/offers", wanted.to_string().as_bytes()).await;
    let path = format!(
        "/v1/offers/{}/accept",
        offers["offers"][0]["id"].as_str().unwrap()
    );
    let accept = |permission| {
        let tasks = json!([{"id": task, "name": "t", "module": module["id"],
            "resources": {"mem": 65536, "cpus": 10}, "permissions": [permission]}]);
        json!({"framework": framework, "tasks": tasks}).to_string()
    };
    let (status, told) = ask(&path, accept("kv").as_bytes()).await;
    assert_eq!((status, told["code"].as_str()), (403, Some("policy")));
    assert_eq!(told["field"], "tasks[0].permissions[0]");
    assert_eq!(master.counters().get("policy"), Some(&1));
    let (status, told) = ask(&path, accept("emit").as_bytes()).await;
    assert_eq!(status, 201, "{told}");
    agent.abort();
}
