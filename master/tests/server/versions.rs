//! Files as masters of before have left them: each is opened, nothing of it is lost, and it is of
//! this version afterwards.
//!
//! They lie in `tests/data`. Version 0 was written by the store of its time, the others by the
//! masters of theirs, called over their API. The one of this version was left by a master that was killed, with a ledger of
//! tasks in several states: who changes what a row looks like finds out here whether files that
//! there are can still be read.

use std::io::Read;
use std::path::Path;

use edgerm_coap::oscore::Credential;
use edgerm_master::Store;
use edgerm_master::access::Tokens;
use edgerm_master::ledger::Ledger;
use edgerm_protocol::api::{AgentState, Policy, Restart, Role};
use edgerm_protocol::{FrameworkId, OfferId, TaskId, TaskState};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::Value;
use tempfile::TempDir;

/// The version that this master writes.
const VERSION: u32 = 3;

const SCHEMA: TableDefinition<'_, &str, u32> = TableDefinition::new("schema");

/// Id and secret, label, when it expires, uses left, whether it is dead.
type JoinRow = ([u8; 8], [u8; 16], &'static str, u64, u32, bool);
const JOIN: TableDefinition<'_, &str, JoinRow> = TableDefinition::new("join_tokens");

/// Digits of what callers show.
const OPERATORS: [&str; 4] = [
    "edgerm_0000000000000000000000000000000000000000000000000000000000000001",
    "edgerm_8d1a63b1c63c19b9ff2e87ce5f6a48c224cce02446f61eec427a20c779441b0c",
    "edgerm_399a9eb3a90a8407e14740dde1affa83bccd67494390197166e909487eef351f",
    "edgerm_72d6eddfb6713390a7db94dabdb7d46ec9b6dcbaae3a4204f80833cc6a532314",
];
const FARMS: [&str; 4] = [
    "edgerm_0000000000000000000000000000000000000000000000000000000000000002",
    "edgerm_6dadbe930dfb621d4052095c31297db1a94e8643186aa79e214dddd022597f7a",
    "edgerm_dbce42d18562b4d41f2ea80346259f507a5b5de159deac8b4a734919db94145d",
    "edgerm_6c174fe6e87d7ea019be3ca2d0cf26265e92987b531cc234a58bc47d85ef8af1",
];

fn file(version: usize) -> &'static [u8] {
    match version {
        0 => include_bytes!("../../tests/data/master-v0.redb.gz"),
        1 => include_bytes!("../../tests/data/master-v1.redb.gz"),
        2 => include_bytes!("../../tests/data/master-v2.redb.gz"),
        _ => include_bytes!("../../tests/data/master-v3.redb.gz"),
    }
}

/// A copy of the file of a version, and where it is.
fn unpack(version: usize) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.redb");
    let mut bytes = Vec::new();
    let mut unpacked = flate2::read::GzDecoder::new(file(version));
    unpacked.read_to_end(&mut bytes).unwrap();
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The version in a file; `None`: of before there were any.
fn version_of(path: &Path) -> Option<u32> {
    let database = redb::Database::open(path).unwrap();
    let transaction = database.begin_read().unwrap();
    let table = transaction.open_table(SCHEMA).ok()?;
    table.get("version").unwrap().map(|version| version.value())
}

/// The file of a version, opened by this one.
fn open(version: u32) -> (TempDir, Store) {
    let (folder, path) = unpack(usize::try_from(version).unwrap());
    assert_eq!(version_of(&path), (version > 0).then_some(version));
    drop(Store::open(&path).unwrap());
    assert_eq!(version_of(&path), Some(VERSION));
    let store = Store::open(&path).unwrap();
    (folder, store)
}

/// Both tokens are taken still, and only the framework's may have a policy.
fn check_tokens(version: usize, store: &Store, policy: Option<Policy>) {
    let tokens = Tokens::open(store.clone(), 10).unwrap();
    let kept: Vec<_> = tokens
        .list(None)
        .map(|token| (token.name, token.role, token.policy))
        .collect();
    let expected = [
        ("farm".to_owned(), Role::Framework, policy),
        ("ops".to_owned(), Role::Operator, None),
    ];
    assert_eq!(kept, expected, "of version {version}");
    for (secret, operates) in [(OPERATORS[version], true), (FARMS[version], false)] {
        let caller = tokens.identify(Some(secret)).unwrap();
        assert_eq!(caller.may_operate().is_ok(), operates);
    }
}

/// The agents, in the order of their names, with the credentials that they were given.
fn check_enrolled(store: &Store, fan: &str, pump: &str) {
    let enrolled = store.enrolled().unwrap();
    let shown: Vec<_> = enrolled
        .iter()
        .map(|agent| (&*agent.name, &agent.credential, agent.rotated.is_some()))
        .collect();
    let [fan, pump]: [Credential; 2] = [fan, pump].map(|digits| digits.parse().unwrap());
    assert_eq!(shown, [("fan", &fan, true), ("pump", &pump, false)]);
    assert!(enrolled[0].rotated.unwrap() >= enrolled[0].enrolled);
}

/// There is one join token: its text, and when it expires.
fn check_join_token(folder: &TempDir, text: &str, expires: u64) {
    let database = redb::Database::open(folder.path().join("master.redb")).unwrap();
    let transaction = database.begin_read().unwrap();
    let table = transaction.open_table(JOIN).unwrap();
    let row = table.first().unwrap().unwrap();
    let (id, secret, label, until, uses, dead) = row.1.value();
    let shown = format!("edgermjoin_{}{}", hex::encode(id), hex::encode(secret));
    assert_eq!((&*shown, row.0.value()), (text, &text[11..27]));
    assert_eq!((label, until, uses, dead), ("hall", expires, 3, false));
    assert_eq!(table.iter().unwrap().count(), 1);
}

#[test]
fn version_0_has_tokens() {
    let (_folder, store) = open(0);
    check_tokens(0, &store, None);
    assert!(store.enrolled().unwrap().is_empty());
    assert!(store.ledger().unwrap().is_empty());
}

#[test]
fn version_1_has_agents_and_join_tokens_too() {
    let (folder, store) = open(1);
    check_tokens(1, &store, None);
    check_enrolled(
        &store,
        "01c0623a198dc627c9e21cef5fa895d8d11d88537eddbc52564ccfcf1d",
        "0183b56545f4bedad55888100f1dc46b51a7d245534405b90135741a80",
    );
    assert!(store.ledger().unwrap().is_empty());
    drop(store);
    check_join_token(
        &folder,
        "edgermjoin_b828b5c81e7be3afda811f45510f13f33b9fe0fd9adec598",
        1_798_302_891_631,
    );
}

#[test]
fn version_2_has_policies_too() {
    let (folder, store) = open(2);
    let policy = Policy {
        permissions: Some(["emit".to_owned(), "log".to_owned()].into()),
        sensors: Some(["temperature".to_owned()].into()),
        actuators: None,
        containers: None,
        bytes_per_day: Some(1_000_000),
    };
    check_tokens(2, &store, Some(policy));
    check_enrolled(
        &store,
        "01ab195183dfc41a42c7a8c7e5350031cef88b46c76cc63a8d5dde374e",
        "01114f0bfabaf03218437dc363750bc0664c1e40ff1868b39b216cc576",
    );
    assert!(store.ledger().unwrap().is_empty());
    drop(store);
    check_join_token(
        &folder,
        "edgermjoin_bd9781dfa4b3ebad6e6c389a7888a56dfa97d47fc5e3524f",
        1_798_301_000_502,
    );
}

#[test]
fn version_3_has_the_ledger_too() {
    let (folder, store) = open(3);
    let policy = Policy {
        sensors: Some(["temperature".to_owned()].into()),
        bytes_per_day: Some(1_000_000),
        ..Policy::default()
    };
    check_tokens(3, &store, Some(policy));
    check_enrolled(
        &store,
        "019b235280e2ab8c45c68f94177f31b6c01828de6c465e5c2cb604e66d",
        "013295352d65672f6db429c06e7f98ea423cad857dd2a20603f7f4a86f",
    );
    let rows = store.ledger().unwrap();
    drop(store);
    check_join_token(
        &folder,
        "edgermjoin_d4b83a1a10f6166474b76df17b60137281511c5fbf4051f4",
        1_798_304_762_706,
    );

    let ledger = Ledger::restore(rows.clone()).unwrap();
    // Whatever stood in a row is in the row that this version writes.
    for (key, row) in rows {
        let old: Value = serde_json::from_slice(&row).unwrap();
        let new: Value = serde_json::from_slice(&ledger.row(key).unwrap()).unwrap();
        for (field, value) in old.as_object().unwrap() {
            assert_eq!(new.get(field), Some(value), "{field} of {key:?}");
        }
    }

    let agents: Vec<_> = ledger.agents(None).collect();
    assert_eq!(agents.len(), 1);
    let agent = agents[0];
    assert_eq!(
        (&*agent.name, agent.state),
        ("pump", AgentState::Registered)
    );
    assert_eq!(agent.key, Some([0x32, 0x95, 0x35, 0x2d]));
    assert_eq!(agent.ping_period_ms, 5000);
    assert!(agent.described && agent.total.contains_key("thermometer"));
    assert_eq!(agent.tasks.len(), 3);

    let frameworks = ledger.frameworks(None).map(|it| {
        let role = &*it.role;
        (&*it.name, role, it.suppressed, it.owner.is_some())
    });
    let mut frameworks: Vec<_> = frameworks.collect();
    frameworks.sort_unstable();
    let expected = [
        ("farm", "default", false, true),
        ("idle", "default", true, false),
        ("late", "default", false, false),
        ("watch", "lab", false, false),
    ];
    assert_eq!(frameworks, expected);
    let late = FrameworkId(0x0704_0f6d_1a6f_45b3);
    let offer = ledger.offer(OfferId(0xd279_b821_87f5_5b13)).unwrap();
    assert_eq!((offer.framework, offer.agent), (late, agent.id));
    assert_eq!(ledger.offers(None).count(), 1);

    let modules: Vec<_> = ledger.modules(None).map(|module| module.size).collect();
    assert_eq!(modules, [104, 100, 1111, 2663]);

    let task = |id| ledger.task(TaskId(id)).unwrap();
    let states = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6].map(|id| (&*task(id).name, task(id).state));
    let expected = [
        ("trap", TaskState::Errored),
        ("spin", TaskState::Running),
        ("spin-watched", TaskState::Running),
        ("average", TaskState::Running),
        ("killed", TaskState::Killed),
        ("hello", TaskState::Completed),
    ];
    assert_eq!(states, expected);
    let spin = task(0xa2);
    assert_eq!(spin.env["GREETING"], "hello");
    assert_eq!(spin.stop_after_disconnected, Some(60));
    assert_eq!(spin.give_up_after, Some(900));
    assert_eq!(spin.restart, Restart::Reboot);
    let watched = task(0xa3);
    assert_eq!(watched.restart, Restart::OnFailure);
    assert_eq!(
        (watched.max_restarts, watched.deadline),
        (Some(3), Some(86_400))
    );
    assert_eq!(watched.health_check.map(|it| it.silence_s), Some(86_400));
    assert_eq!(task(0xa4).asked.devices, ["thermometer"]);
    assert!(task(0xa5).kill_requested);
    assert!(task(0xa1).detail.is_some());
    for id in [0xa1, 0xa6] {
        let history = task(id).history.iter().map(|(state, _)| *state);
        let history: Vec<_> = history.collect();
        assert_eq!(history.first(), Some(&TaskState::Unissued));
        assert_eq!(history.last(), Some(&task(id).state));
    }
}
