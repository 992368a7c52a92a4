//! Agents are enrolled as people do it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use edgerm_coap::oscore::Credential;
use edgerm_linux_agent::Agent;
use edgerm_linux_agent::config::Config;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::cluster::{Cluster, GREETER, Module, Said, edgerm};

/// The command against a cluster, in a folder of the test's own.
struct Here<'a> {
    cluster: &'a Cluster,
    folder: &'a Path,
}

impl Here<'_> {
    fn say(&self, args: &[&str]) -> Said {
        self.say_with("", args)
    }

    fn say_with(&self, input: &str, args: &[&str]) -> Said {
        let mut child = edgerm(args)
            .env("EDGERM_MASTER", &self.cluster.url)
            .current_dir(self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that reads none of it may have ended before.
        let _written = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.folder.join(file)).unwrap()
    }

    fn text(&self, file: &str) -> String {
        String::from_utf8(self.read(file)).unwrap()
    }

    fn enrolled(&self) -> Vec<Value> {
        let listed = self.say(&["enrolled", "-o", "json"]).json();
        crate::cluster::items(&listed)
    }
}

/// The credential of a file for the agent on Linux.
fn credential(toml: &str) -> Credential {
    let line = toml
        .lines()
        .find_map(|line| line.strip_prefix("credential = \""));
    line.unwrap().trim_end_matches('"').parse().unwrap()
}

#[test]
fn a_credential_goes_where_it_is_needed_and_nowhere_else() {
    let cluster = Cluster::up();
    let folder = tempfile::tempdir().unwrap();
    let here = Here {
        cluster: &cluster,
        folder: folder.path(),
    };

    let said = here.say(&["enroll", "pump"]);
    assert!(
        said.stderr.contains("edgerm-agent --credential pump.toml"),
        "{said:?}"
    );
    let pump = credential(&here.text("pump.toml"));
    let secret = &pump.to_text()[10..42];
    assert!(!format!("{said:?}").contains(secret), "{said:?}");
    assert_eq!(said.ok(), "pump.toml\n");
    assert!(here.text("pump.toml").starts_with("name = \"pump\"\n"));
    let mode = std::fs::metadata(folder.path().join("pump.toml")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    // Nothing is overwritten, and nobody enrolled whose credential has no place.
    let refused = here.say(&["enroll", "fan", "--out", "pump.toml"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let refused = here.say(&["enroll", "fan", "--out", "no/such/folder"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let refused = here.say(&["enroll", "pump", "--force"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.stderr.contains("rotate"), "{refused:?}");
    assert_eq!(credential(&here.text("pump.toml")), pump);
    assert_eq!(here.enrolled().len(), 1);

    here.say(&["enroll", "node-1", "--form", "kconfig"]).ok();
    let fragment = here.text("node-1.conf");
    assert!(
        fragment.contains("\nCONFIG_EDGERM_NAME=\"node-1\"\n"),
        "{fragment}"
    );
    let digits = fragment
        .split("CONFIG_EDGERM_CREDENTIAL=\"")
        .nth(1)
        .unwrap();
    let node: Credential = digits.trim_end().trim_end_matches('"').parse().unwrap();
    here.say(&["enroll", "node-2", "--form", "settings"]).ok();
    assert!(Credential::from_bytes(&here.read("node-2.bin")).is_ok());
    let hex = here.say(&["enroll", "node-3", "--form", "hex"]).ok();
    assert!(hex.trim_end().parse::<Credential>().is_ok(), "{hex}");

    let listed = here.say(&["enrolled", "-q"]).ok();
    assert_eq!(listed, "node-1\nnode-2\nnode-3\npump\n");
    assert_eq!(here.enrolled()[0]["keyId"], hex::encode(node.key_id()));
    let table = here.say(&["enrolled"]).ok();
    assert!(table.contains("pump") && !table.contains(secret), "{table}");

    here.say(&["rotate", "pump", "--force"]).ok();
    assert_ne!(credential(&here.text("pump.toml")).key_id(), pump.key_id());
    here.say(&["revoke", "pump"]).ok();
    let refused = here.say(&["revoke", "pump"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    let refused = here.say(&["revoke", "../tokens"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert_eq!(here.enrolled().len(), 3);
}

/// An agent with the credential in `file`, in the test's own process.
fn start(cluster: &Cluster, folder: &Path, file: &str) -> (Runtime, Agent) {
    let config = Config {
        credential: Some(folder.join(file)),
        data_dir: folder.join("data"),
        hwmon: false,
        iio: false,
        ..Config::new("pump", &cluster.coap)
    };
    let runtime = Runtime::new().unwrap();
    let agent = runtime.block_on(Agent::start(config.options().unwrap()));
    (runtime, agent.unwrap())
}

#[test]
fn an_enrolled_agent_runs_tasks_until_it_is_revoked() {
    let cluster = Cluster::up();
    let folder = tempfile::tempdir().unwrap();
    let here = Here {
        cluster: &cluster,
        folder: folder.path(),
    };
    let token = here.say(&["join-token", "issue"]).ok();
    here.say_with(&token, &["join", "pump"]).ok();
    let _agent = start(&cluster, folder.path(), "pump.toml");
    let module = Module::new("enrolled", GREETER);
    let on = ["--on", "agent=pump", "--env", "GREETING=hello", "--follow"];
    let said = here.say(&[&["run", module.path()], &on[..]].concat());
    assert!(said.ok().contains("hello"));

    here.say(&["revoke", "pump"]).ok();
    let agents = cluster.agents();
    let pump = agents.iter().find(|agent| agent["name"] == "pump");
    assert_eq!(pump.unwrap()["state"], "GONE");
}

#[test]
fn agents_join_with_a_token_until_it_is_used_up() {
    let cluster = Cluster::up();
    let folder = tempfile::tempdir().unwrap();
    let here = Here {
        cluster: &cluster,
        folder: folder.path(),
    };
    let issue = ["join-token", "issue", "--label", "hall", "--uses", "2"];
    let token = here.say(&issue).ok();
    let said = here.say_with(&token, &["join", "pump"]);
    assert_eq!(said.ok(), "pump.toml\n");
    let key_id = hex::encode(credential(&here.text("pump.toml")).key_id());
    assert_eq!(here.enrolled()[0]["keyId"], key_id);

    let listed = here.say(&["join-token", "list", "-o", "json"]).json();
    let id = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(listed["items"][0]["usesLeft"], 1);
    assert!(token.contains(id) && !listed.to_string().contains(&token[30..]));
    std::fs::write(folder.path().join("token"), &token).unwrap();
    here.say(&["join", "fan", "--with", "token"]).ok();
    let refused = here.say(&["join", "lamp", "--with", "token"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(!folder.path().join("lamp.toml").exists());
    let garbled = here.say_with("edgermjoin_", &["join", "lamp"]);
    assert_eq!(garbled.code, Some(2), "{garbled:?}");

    let token = here.say(&issue).ok();
    let id = &token["edgermjoin_".len()..][..16];
    here.say(&["join-token", "revoke", id]).ok();
    let refused = here.say_with(&token, &["join", "lamp"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert_eq!(here.say(&["join-token", "list", "-q"]).ok(), "");
}
