//! A master that runs is backed up and restored, over its API.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::restart::{is, ping, start_on, states};
use super::*;
use http::{bytes, call_as, loopback};

/// A framework registered, whose id this is.
async fn framework(http: SocketAddr, name: &str) -> String {
    let (status, framework) = post(http, "/v1/frameworks", json!({"name": name})).await;
    assert_eq!(status, 201, "{framework}");
    framework["id"].as_str().unwrap().to_owned()
}

async fn module(http: SocketAddr) -> String {
    let wasm = wat::parse_str(MODULE).unwrap();
    let (_, module) = call(http, "POST", "/v1/modules", &wasm).await;
    module["id"].as_str().unwrap().to_owned()
}

/// Launches a task on whatever is offered.
async fn launch(http: SocketAddr, framework: &str, module: &str, task: TaskId) {
    let wanted = json!({"framework": framework, "waitMs": 30_000});
    let (_, offers) = post(http, "/v1/offers", wanted).await;
    let offer = offers["offers"][0]["id"].as_str().unwrap();
    let launch = json!({"id": task.to_string(), "name": "t", "module": module,
        "resources": {"mem": 65536, "cpus": 10}});
    let accept = json!({"framework": framework, "tasks": [launch]});
    let (status, accepted) = post(http, &format!("/v1/offers/{offer}/accept"), accept).await;
    assert_eq!(status, 201, "{accepted}");
}

async fn state(http: SocketAddr, task: TaskId) -> (u16, String) {
    let (status, shown) = get(http, &format!("/v1/tasks/{task}")).await;
    (
        status,
        shown["state"].as_str().unwrap_or_default().to_owned(),
    )
}

async fn back_up(http: SocketAddr) -> Vec<u8> {
    let (status, backup) = bytes(http, None, "/v1/backup").await;
    assert_eq!(status, 200);
    backup
}

async fn restore(http: SocketAddr, backup: &[u8]) -> (u16, Json) {
    call(http, "POST", "/v1/restore", backup).await
}

/// Names of the frameworks that there are.
async fn names(http: SocketAddr) -> Vec<String> {
    let mut names = Vec::new();
    let mut path = "/v1/frameworks?limit=1000".to_owned();
    loop {
        let (_, page) = get(http, &path).await;
        let items = page["items"].as_array().unwrap().iter();
        names.extend(items.map(|it| it["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/frameworks?limit=1000&after={next}"),
            None => break,
        }
    }
    names.sort();
    names
}

/// The agent, told that its session is not known, registers anew with the tasks that it runs; what
/// it is told to end.
async fn register_anew(agent: &mut Agent, runs: &[TaskId]) -> Vec<TaskId> {
    assert_ne!(ping(agent, &[]).await, Code::CHANGED);
    let mut buffer = [0; MAX_BODY];
    let register = Register {
        version: edgerm_protocol::WIRE_VERSION,
        name: Text::new("one").unwrap(),
        boot: BootId(1),
        ping_period: 1000,
        description_length: u32::try_from(agent.description.len()).unwrap(),
        description: Some(&agent.description.clone()),
        tasks: List::from_first(runs.iter().map(|task| is(*task, TaskState::Running))),
    };
    let body = encode(&register, &mut buffer).unwrap().to_vec();
    let (code, body) = agent.ask(path::REGISTER, &body).await;
    assert_eq!(code, Code::CREATED);
    let registered = decode::<Registered>(&body).unwrap();
    agent.session = registered.session;
    registered.unwanted.iter().copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_settle_by_the_backup_in_the_same_master() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("master.redb");
    let master = start_on(&store).await;
    let http = master.http_addr;
    let mut agent = Agent::register(master.coap_addr).await;
    let (owner, wasm) = (framework(http, "test").await, module(http).await);
    let (stays, ends) = (TaskId(0xaa), TaskId(0xab));
    launch(http, &owner, &wasm, stays).await;
    while agent.news.is_empty() {
        agent.step().await;
    }
    let runs = [is(stays, TaskState::Running)];
    assert_eq!(ping(&mut agent, &runs).await, Code::CHANGED);
    let backup = back_up(http).await;

    // What comes after it: a framework, a task that runs, a long poll that waits.
    framework(http, "late").await;
    launch(http, &owner, &wasm, ends).await;
    agent.news.clear();
    while agent.news.is_empty() {
        agent.step().await;
    }
    assert_eq!(
        ping(&mut agent, &[is(ends, TaskState::Running)]).await,
        Code::CHANGED
    );
    let nothing = json!({"framework": owner, "waitMs": 60_000,
        "constraints": {"agents": ["nobody"]}});
    let waiting = tokio::spawn(async move { post(http, "/v1/offers", nothing).await });
    let output = format!("/v1/tasks/{stays}/output?waitMs=60000");
    let reading = tokio::spawn(async move { get(http, &output).await });
    let mut events = TcpStream::connect(http).await.unwrap();
    let head = format!("GET /v1/events HTTP/1.1\r\nhost: {http}\r\n\r\n");
    events.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    events.read_exact(&mut begun).await.unwrap();

    // Nothing tells that a call has come to wait: one that comes later ends with the next restore.
    let restored = loop {
        let (status, restored) = restore(http, &backup).await;
        assert_eq!(status, 200, "{restored}");
        if waiting.is_finished() && reading.is_finished() {
            break restored;
        }
    };
    let counts = ["agents", "frameworks", "tasks", "modules", "tokens"].map(|of| &restored[of]);
    assert_eq!(
        counts,
        [&json!(1), &json!(1), &json!(1), &json!(1), &json!(0)]
    );
    for ended in [waiting.await.unwrap(), reading.await.unwrap()] {
        let (status, answer) = ended;
        assert_eq!(
            (status, &answer["code"]),
            (503, &json!("restored")),
            "{answer}"
        );
    }
    let mut rest = Vec::new();
    events.read_to_end(&mut rest).await.unwrap();

    assert_eq!(names(http).await, ["test"]);
    assert_eq!(state(http, stays).await, (200, "RUNNING".to_owned()));
    assert_eq!(state(http, ends).await.0, 404);
    // The agent runs both: the one that the master does not know any more is to end.
    let unwanted = register_anew(&mut agent, &[stays, ends]).await;
    assert_eq!(unwanted, [ends]);
    assert_eq!(state(http, stays).await, (200, "RUNNING".to_owned()));

    // And it goes on as any other does, on the disk too.
    let again = TaskId(0xac);
    launch(http, &owner, &wasm, again).await;
    let before = states(http).await;
    master.shutdown().await;
    let master = start_on(&store).await;
    assert_eq!(states(master.http_addr).await, before);
    master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_is_of_one_moment_and_makes_a_master_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config {
        http: loopback(),
        coap: loopback(),
        store: Some(folder.path().join("master.redb")),
        ..Config::default()
    };
    config.limits.frameworks = 1_000_000;
    let master = Server::start(config).await.unwrap();
    let http = master.http_addr;
    let wasm = module(http).await;
    let (told, mut acknowledged) = tokio::sync::watch::channel(0);
    let told = std::sync::Arc::new(told);
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            let told = std::sync::Arc::clone(&told);
            tokio::spawn(async move {
                for number in 0.. {
                    let name = format!("f-{caller}-{number:04}");
                    let (status, _) = post(http, "/v1/frameworks", json!({"name": name})).await;
                    if status != 201 {
                        return;
                    }
                    told.send_modify(|count| *count += 1);
                }
            })
        })
        .collect();
    acknowledged.wait_for(|count| *count > 40).await.unwrap();
    let before = names(http).await;
    let backup = back_up(http).await;
    let at_end = *acknowledged.borrow();
    acknowledged
        .wait_for(|count| *count > at_end)
        .await
        .unwrap();
    callers.iter().for_each(tokio::task::JoinHandle::abort);

    let other = start_on(&folder.path().join("other.redb")).await;
    let (status, restored) = restore(other.http_addr, &backup).await;
    assert_eq!(status, 200, "{restored}");
    let there = names(other.http_addr).await;
    assert!(before.iter().all(|name| there.contains(name)), "{there:?}");
    // Of each caller those up to one: none is there without the one before it.
    for caller in 0..4 {
        let own = format!("f-{caller}-");
        let own: Vec<_> = there.iter().filter(|name| name.starts_with(&own)).collect();
        let expected: Vec<_> = (0..own.len())
            .map(|number| format!("f-{caller}-{number:04}"))
            .collect();
        assert_eq!(own, expected.iter().collect::<Vec<_>>());
    }
    let (status, module) = bytes(other.http_addr, None, &format!("/v1/modules/{wasm}")).await;
    assert_eq!(status, 200);
    assert_eq!(hex::encode(Sha256::digest(&module)), wasm);
    master.shutdown().await;
    other.shutdown().await;
}

/// A backup whose first line is right for what `change` made of its database.
fn changed(backup: &[u8], folder: &Path, change: impl FnOnce(&redb::WriteTransaction)) -> Vec<u8> {
    let end = backup.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let path = folder.join("changed.redb");
    std::fs::write(&path, &backup[end..]).unwrap();
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
    drop(database);
    let bytes = std::fs::read(&path).unwrap();
    let digest = hex::encode(Sha256::digest(&bytes));
    let mut changed = format!("edgerm backup 1 {digest} {}\n", bytes.len()).into_bytes();
    changed.extend(bytes);
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_backup_is_refused_and_changes_nothing() {
    type Rows = redb::TableDefinition<'static, &'static [u8], &'static [u8]>;
    const MODULES: Rows = Rows::new("module_bytes");
    const FRAMEWORKS: Rows = Rows::new("frameworks");
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        http: loopback(),
        coap: loopback(),
        store: Some(folder.path().join("master.redb")),
        ..Config::default()
    };
    let master = Server::start(config).await.unwrap();
    let http = master.http_addr;
    module(http).await;
    framework(http, "one").await;
    let good = back_up(http).await;
    framework(http, "two").await;

    let cut = good[..good.len() - 100].to_vec();
    let mut longer = good.clone();
    longer.push(0);
    let mut flipped = good.clone();
    let at = good.len() / 2;
    flipped[at] ^= 1;
    let newer_form = [b"edgerm backup 2 ".as_slice(), &good[16..]].concat();
    let text = |text: &str| text.as_bytes().to_vec();
    let place = folder.path();
    let newer = changed(&good, place, |transaction| {
        let schema: redb::TableDefinition<'_, &str, u32> = redb::TableDefinition::new("schema");
        let mut schema = transaction.open_table(schema).unwrap();
        schema.insert("version", 99).unwrap();
    });
    let row = changed(&good, place, |transaction| {
        let mut rows = transaction.open_table(FRAMEWORKS).unwrap();
        let row = br#"{"name":"x","role":7}"#;
        rows.insert(7_u64.to_be_bytes().as_slice(), row.as_slice())
            .unwrap();
    });
    let key = changed(&good, place, |transaction| {
        let mut rows = transaction.open_table(FRAMEWORKS).unwrap();
        rows.insert([7].as_slice(), b"{}".as_slice()).unwrap();
    });
    let spoilt = changed(&good, place, |transaction| {
        let mut modules = transaction.open_table(MODULES).unwrap();
        let id = Sha256::digest(wat::parse_str(MODULE).unwrap());
        modules.insert(&id[..], b"\0asm".as_slice()).unwrap();
    });
    let lost = changed(&good, place, |transaction| {
        transaction.delete_table(MODULES).unwrap();
    });
    let cases = [
        (cut, "backupIncomplete"),
        (longer, "backupDamaged"),
        (flipped, "backupDamaged"),
        (newer_form, "backupNewer"),
        (newer, "backupNewer"),
        (row, "backupDamaged"),
        (key, "backupDamaged"),
        (spoilt, "backupDamaged"),
        (lost, "backupDamaged"),
        (text("edgerm backup 1 00 12\nabc"), "notABackup"),
        (text(&"x".repeat(100_000)), "notABackup"),
        (Vec::new(), "notABackup"),
    ];
    for (number, (backup, code)) in cases.iter().enumerate() {
        let (status, refusal) = restore(http, backup).await;
        let told = (status, refusal["code"].as_str());
        assert_eq!(told, (422, Some(*code)), "case {number}: {refusal}");
        assert_eq!(names(http).await, ["one", "two"], "case {number}");
    }
    let (status, restored) = restore(http, &good).await;
    assert_eq!(status, 200, "{restored}");
    assert_eq!(names(http).await, ["one"]);
    master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_locked_out_by_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let master = start_on(&folder.path().join("master.redb")).await;
    let http = master.http_addr;
    let issue = |token: Option<String>, name: &'static str| async move {
        let new = json!({"name": name, "role": "operator"}).to_string();
        let token = token.as_deref();
        let (status, issued) = call_as(http, token, "POST", "/v1/tokens", new.as_bytes()).await;
        assert_eq!(status, 201, "{issued}");
        issued["secret"].as_str().unwrap().to_owned()
    };
    let old = issue(None, "ops").await;
    let (_, backup) = bytes(http, Some(&old), "/v1/backup").await;
    // The same name, another secret.
    let other = issue(Some(old.clone()), "other").await;
    let delete = ["/v1/tokens/ops"];
    let (status, _) = call_as(http, Some(&other), "DELETE", delete[0], b"").await;
    assert_eq!(status, 204);
    let new = issue(Some(other.clone()), "ops").await;

    let reader = json!({"name": "eyes", "role": "readOnly"}).to_string();
    let (_, reader) = call_as(http, Some(&new), "POST", "/v1/tokens", reader.as_bytes()).await;
    let reader = reader["secret"].as_str().unwrap().to_owned();
    let (status, _) = call_as(http, Some(&reader), "POST", "/v1/restore", &backup).await;
    assert_eq!(status, 403);
    let (status, _) = call_as(http, Some(&reader), "GET", "/v1/backup", b"").await;
    assert_eq!(status, 403);

    let (status, restored) = call_as(http, Some(&new), "POST", "/v1/restore", &backup).await;
    assert_eq!(status, 200, "{restored}");
    assert_eq!(restored["keptToken"], "ops-2");
    assert_eq!(restored["tokens"], 2);
    for (token, taken) in [(&old, 200), (&new, 200), (&other, 401), (&reader, 401)] {
        let (status, _) = call_as(http, Some(token), "GET", "/v1/tokens", b"").await;
        assert_eq!(status, taken);
    }
    master.shutdown().await;
    let master = start_on(&folder.path().join("master.redb")).await;
    let (status, _) = call_as(master.http_addr, Some(&new), "GET", "/v1/tokens", b"").await;
    assert_eq!(status, 200, "it lasts");
    master.shutdown().await;

    let fresh = start_on(&folder.path().join("fresh.redb")).await;
    let (status, restored) = restore(fresh.http_addr, &backup).await;
    assert_eq!((status, &restored["tokenNeeded"]), (200, &json!(true)));
    let (status, _) = call_as(fresh.http_addr, Some(&old), "GET", "/v1/tokens", b"").await;
    assert_eq!(status, 200);
    fresh.shutdown().await;

    let forgetful = start().await;
    for (method, path) in [("GET", "/v1/backup"), ("POST", "/v1/restore")] {
        let (status, refusal) = call(forgetful.http_addr, method, path, b"").await;
        assert_eq!(
            (status, &refusal["code"]),
            (409, &json!("noStore")),
            "{path}"
        );
    }
    forgetful.shutdown().await;
}
