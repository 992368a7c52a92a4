//! Agents are enrolled, rotated and revoked, and join with tokens, over real sockets and on a
//! real disk.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use edgerm_coap::oscore::{Credential, JoinToken};
use edgerm_master::Store;
use edgerm_master::{Config, Limits, Running, Server};
use serde_json::{Value as Json, json};

use crate::http::call;

const NONCE: [u8; 16] = [7; 16];

fn config(store: &Path) -> Config {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    Config {
        http: loopback,
        coap: loopback,
        store: Some(store.to_owned()),
        ..Config::default()
    }
}

async fn post(master: &Running, path: &str, body: Json) -> (u16, Json) {
    let body = body.to_string();
    call(master.http_addr, "POST", path, body.as_bytes()).await
}

async fn items(master: &Running, list: &str) -> Vec<Json> {
    let (status, listed) = call(master.http_addr, "GET", list, b"").await;
    assert_eq!(status, 200, "{listed}");
    listed["items"].as_array().unwrap().clone()
}

async fn issue(master: &Running, uses: u32) -> JoinToken {
    let wanted = json!({"label": "hall 3", "expiresIn": 600, "uses": uses});
    let (status, issued) = post(master, "/v1/join-tokens", wanted).await;
    assert_eq!(status, 201, "{issued}");
    let token: JoinToken = text(&issued, "token").parse().unwrap();
    assert_eq!(text(&issued, "id"), hex::encode(token.id()));
    token
}

/// A call to join by who has `token`.
fn join(token: &JoinToken, name: &str) -> Json {
    json!({
        "tokenId": hex::encode(token.id()),
        "name": name,
        "nonce": hex::encode(NONCE),
        "proof": hex::encode(token.proof(&NONCE, name)),
    })
}

/// The credential that an agent makes of what it is told.
fn taken(token: &JoinToken, name: &str, joined: &Json) -> Option<Credential> {
    let key_id = bytes(joined, "keyId").try_into().unwrap();
    let salt = bytes(joined, "salt").try_into().unwrap();
    token.accept(&NONCE, name, key_id, salt, &bytes(joined, "masterProof"))
}

fn bytes(json: &Json, field: &str) -> Vec<u8> {
    hex::decode(text(json, field)).unwrap()
}

fn text<'a>(json: &'a Json, field: &str) -> &'a str {
    json[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {json}"))
}

/// The credentials that are on the disk, when no master has the file open.
fn kept(store: &Path) -> Vec<(String, Credential)> {
    let kept = Store::open(store).unwrap().enrolled().unwrap();
    let pair = |agent: edgerm_master::access::Enrolled| (agent.name.to_string(), agent.credential);
    kept.into_iter().map(pair).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_enrolled_rotated_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("master.redb");
    let master = Server::start(config(&store)).await.unwrap();
    let enroll = |name| post(&master, "/v1/enrollments", json!({ "name": name }));
    let (status, pump) = enroll("pump").await;
    assert_eq!(status, 201, "{pump}");
    let first: Credential = text(&pump, "credential").parse().unwrap();
    assert_eq!(text(&pump, "keyId"), hex::encode(first.key_id()));
    let (status, refused) = enroll("pump").await;
    assert_eq!((status, text(&refused, "code")), (409, "alreadyEnrolled"));
    assert!(text(&refused, "message").contains("rotate"), "{refused}");
    let (status, refused) = enroll("a/b").await;
    assert_eq!((status, text(&refused, "code")), (422, "badName"));
    assert_eq!(enroll("fan").await.0, 201);

    let (status, rotated) = post(&master, "/v1/enrollments/pump/rotate", json!({})).await;
    assert_eq!(status, 200, "{rotated}");
    let second: Credential = text(&rotated, "credential").parse().unwrap();
    assert_ne!(first.key_id(), second.key_id());
    let unknown = post(&master, "/v1/enrollments/lamp/rotate", json!({})).await;
    assert_eq!(unknown.0, 404, "{unknown:?}");
    let gone = call(master.http_addr, "DELETE", "/v1/enrollments/fan", b"").await;
    assert_eq!(gone.0, 204, "{gone:?}");
    let unknown = call(master.http_addr, "DELETE", "/v1/enrollments/fan", b"").await;
    assert_eq!(unknown.0, 404, "{unknown:?}");

    let listed = items(&master, "/v1/enrollments").await;
    assert_eq!(listed.len(), 1);
    assert_eq!(text(&listed[0], "keyId"), text(&rotated, "keyId"));
    assert!(listed[0]["rotatedAtMs"].as_u64() >= listed[0]["enrolledAtMs"].as_u64());
    let shown = listed[0].to_string();
    let secret = &text(&rotated, "credential")[10..42];
    assert!(!shown.contains(secret), "{shown}");
    master.shutdown().await;

    assert_eq!(kept(&store), [("pump".to_owned(), second)]);
    let mode = std::fs::metadata(&store).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let master = Server::start(config(&store)).await.unwrap();
    assert_eq!(items(&master, "/v1/enrollments").await, listed);
    master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolled_agents_are_listed_by_the_page_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder.path().join("master.redb"));
    config.limits = Limits {
        enrolled: 3,
        ..Limits::default()
    };
    let master = Server::start(config).await.unwrap();
    for (name, status) in [("c", 201), ("a", 201), ("b", 201), ("d", 503)] {
        let told = post(&master, "/v1/enrollments", json!({ "name": name })).await;
        assert_eq!(told.0, status, "{told:?}");
    }
    let path = "/v1/enrollments?limit=2";
    let (_, page) = call(master.http_addr, "GET", path, b"").await;
    assert_eq!(page["next"], "b", "{page}");
    let rest = items(&master, "/v1/enrollments?limit=2&after=b").await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["name"], "c");
    master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_joins_with_a_token_that_is_never_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("master.redb");
    let master = Server::start(config(&store)).await.unwrap();
    // Whoever joins needs no token of a caller.
    let operator = json!({"name": "ops", "role": "operator"});
    let token = issue(&master, 2).await;
    assert_eq!(post(&master, "/v1/tokens", operator).await.0, 201);
    let (status, joined) = post(&master, "/v1/join", join(&token, "pump")).await;
    assert_eq!(status, 201, "{joined}");
    let pump = taken(&token, "pump", &joined).expect("the master has the token");
    let sent = format!("{}{joined}", join(&token, "pump"));
    assert!(!sent.contains(&hex::encode(token.secret())), "{sent}");

    // The same call again enrols nobody, and does not use the token up.
    let (status, again) = post(&master, "/v1/join", join(&token, "pump")).await;
    assert_eq!((status, text(&again, "code")), (409, "alreadyEnrolled"));
    master.shutdown().await;

    let master = Server::start(config(&store)).await.unwrap();
    let (status, joined) = post(&master, "/v1/join", join(&token, "fan")).await;
    assert_eq!(status, 201, "{joined}");
    let fan = taken(&token, "fan", &joined).unwrap();
    let (status, refused) = post(&master, "/v1/join", join(&token, "lamp")).await;
    assert_eq!((status, text(&refused, "code")), (401, "joinDenied"));
    master.shutdown().await;
    // Used up, its secret is in no table any more; what agents made is what the master keeps.
    let expected = [("fan".to_owned(), fan), ("pump".to_owned(), pump)];
    assert_eq!(kept(&store), expected);
    let master = Server::start(config(&store)).await.unwrap();
    let (status, _) = post(&master, "/v1/join", join(&token, "lamp")).await;
    assert_eq!(status, 401);
    master.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_token_learns_nothing_and_joins_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let master = Server::start(config(&folder.path().join("master.redb"))).await;
    let master = master.unwrap();
    let token = issue(&master, 5).await;
    let revoked = issue(&master, 1).await;
    let path = format!("/v1/join-tokens/{}", hex::encode(revoked.id()));
    assert_eq!(call(master.http_addr, "DELETE", &path, b"").await.0, 204);
    assert_eq!(call(master.http_addr, "DELETE", &path, b"").await.0, 404);
    assert_eq!(post(&master, "/v1/join", join(&token, "pump")).await.0, 201);

    let guess = JoinToken::new(token.id(), [0; 16]);
    let mut other_name = join(&token, "fan");
    other_name["name"] = "lamp".into();
    // That the name is in use is told to nobody without the token.
    let tries = [
        join(&JoinToken::new([9; 8], *token.secret()), "fan"),
        join(&revoked, "fan"),
        join(&guess, "fan"),
        join(&guess, "pump"),
        other_name,
    ];
    let mut told = Vec::new();
    for body in tries {
        told.push(post(&master, "/v1/join", body).await);
    }
    assert!(told.iter().all(|answer| answer == &told[0]), "{told:?}");
    assert_eq!(told[0].0, 401, "{told:?}");

    let mut cut = join(&token, "fan");
    cut["nonce"] = "07".into();
    let (status, refused) = post(&master, "/v1/join", cut).await;
    assert_eq!((status, text(&refused, "field")), (422, "nonce"));
    let (status, refused) = post(&master, "/v1/join", json!({"x": "y".repeat(2000)})).await;
    assert_eq!((status, text(&refused, "code")), (413, "bodyTooLarge"));

    // Three of those were wrong proofs for the token; the tenth kills it.
    for _ in 3..10 {
        assert_eq!(post(&master, "/v1/join", join(&guess, "fan")).await.0, 401);
    }
    assert_eq!(
        post(&master, "/v1/join", join(&token, "fan")).await,
        told[0]
    );
    let tokens = items(&master, "/v1/join-tokens").await;
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    assert_eq!(tokens[0]["dead"], true);
    assert_eq!(tokens[0]["usesLeft"], 4);
    assert_eq!(tokens[0]["label"], "hall 3");
    assert_eq!(items(&master, "/v1/enrollments").await.len(), 1);
    master.shutdown().await;
}
