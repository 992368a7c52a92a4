//! A master that is started again goes on where the one before it ended.

use std::path::Path;

use super::*;

/// A master on this store. Its ports are none that one before it had: those may be somebody else's.
pub(crate) async fn start_on(store: &Path) -> Running {
    let config = Config {
        http: http::loopback(),
        coap: http::loopback(),
        store: Some(store.to_owned()),
        ..Config::default()
    };
    Server::start(config).await.unwrap()
}

pub(crate) async fn ping(agent: &mut Agent, updates: &[StatusUpdate<'_>]) -> Code {
    let ping = Ping {
        session: agent.session,
        updates: List::from_first(updates.iter().copied()),
    };
    let mut buffer = [0; MAX_BODY];
    let body = encode(&ping, &mut buffer).unwrap().to_vec();
    agent.ask(path::PING, &body).await.0
}

pub(crate) fn is(task: TaskId, state: TaskState) -> StatusUpdate<'static> {
    StatusUpdate {
        task,
        state,
        exit_code: None,
        detail: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("master.redb");
    let first = start_on(&store).await;
    let http = first.http_addr;
    let mut agent = Agent::register(first.coap_addr).await;
    let (_, framework) = post(http, "/v1/frameworks", json!({"name": "test"})).await;
    let framework = framework["id"].as_str().unwrap().to_owned();
    let wasm = wat::parse_str(MODULE).unwrap();
    let (status, module) = call(http, "POST", "/v1/modules", &wasm).await;
    assert_eq!(status, 201, "{module}");

    let offer = || json!({"framework": framework, "waitMs": 0});
    let (_, offers) = post(http, "/v1/offers", offer()).await;
    let accept = offers["offers"][0]["id"].as_str().unwrap();
    let accept = format!("/v1/offers/{accept}/accept");
    let launch = |id: &str| {
        json!({"id": id, "name": "t", "module": module["id"],
            "resources": {"mem": 65536, "cpus": 10}})
    };
    let (task, id) = ("00000000000000aa", TaskId(0xaa));
    let tasks = json!({"framework": framework, "tasks": [launch(task)]});
    let (status, accepted) = post(http, &accept, tasks).await;
    assert_eq!(status, 201, "{accepted}");
    // It is told to launch it, and says that it runs.
    while agent.news.is_empty() {
        agent.step().await;
    }
    assert_eq!(
        ping(&mut agent, &[is(id, TaskState::Running)]).await,
        Code::CHANGED
    );
    let (_, offers) = post(http, "/v1/offers", offer()).await;
    let open = offers["offers"][0]["id"].as_str().unwrap().to_owned();
    let before: Vec<_> = states(http).await;
    first.shutdown().await;

    let second = start_on(&store).await;
    let http = second.http_addr;
    agent.master = second.coap_addr;
    assert_eq!(states(http).await, before);
    let (_, shown) = get(http, &format!("/v1/tasks/{task}")).await;
    assert_eq!(shown["state"], "RUNNING", "{shown}");
    let history = shown["history"].as_array().unwrap();
    let history: Vec<_> = history.iter().map(|it| &it["state"]).collect();
    assert_eq!(history.first(), Some(&&json!("UNISSUED")), "{history:?}");
    assert_eq!(history.last(), Some(&&json!("RUNNING")), "{history:?}");
    let (status, _) = get(
        http,
        &format!("/v1/modules/{}", module["id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(status, 200);

    // The agent's session goes on, and the offer that was open is taken.
    assert_eq!(ping(&mut agent, &[]).await, Code::CHANGED);
    let accept = format!("/v1/offers/{open}/accept");
    let tasks = json!({"framework": framework, "tasks": [launch("00000000000000ab")]});
    let (status, accepted) = post(http, &accept, tasks).await;
    assert_eq!(status, 201, "{accepted}");
    agent.news.clear();
    while agent.news.is_empty() {
        agent.step().await;
    }
    assert_eq!(agent.news[0].0, TaskId(0xab));
    let done = [
        is(id, TaskState::Completed),
        is(TaskId(0xab), TaskState::Completed),
    ];
    assert_eq!(ping(&mut agent, &done).await, Code::CHANGED);
    second.shutdown().await;

    let third = start_on(&store).await;
    let (_, tasks) = get(third.http_addr, "/v1/tasks").await;
    let ends: Vec<_> = tasks["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["state"].as_str().unwrap())
        .collect();
    assert_eq!(ends, ["COMPLETED", "COMPLETED"]);
    third.shutdown().await;
}

/// What there is, without what says how long ago it was.
pub(crate) async fn states(http: SocketAddr) -> Vec<Json> {
    let mut states = Vec::new();
    for path in ["agents", "frameworks", "offers", "tasks", "modules"] {
        let (status, mut page) = get(http, &format!("/v1/{path}")).await;
        assert_eq!(status, 200, "{path}: {page}");
        for item in page["items"].as_array_mut().unwrap() {
            let item = item.as_object_mut().unwrap();
            for passing in ["silentMs", "ageMs", "expiresInMs", "address"] {
                item.remove(passing);
            }
            states.push(Json::Object(item.clone()));
        }
    }
    states
}
