use edgerm_agent_core::StorageError;
use edgerm_framework::TaskState;
use edgerm_task_abi::{TaskEnd, Trap};
use sha2::{Digest, Sha256};

use crate::platform::Happened;
use crate::rig::{MAX_MODULE, World, app};
use crate::storage::MemoryStorage;

/// The detail with which the node refuses `wasm`; it then still runs another task.
async fn refused(storage: MemoryStorage, wasm: Vec<u8>) -> (World, String) {
    let world = World::new(storage).await;
    let module = world.upload(wasm).await;
    let task = world.ended(world.launch(&module, &[]).await).await;
    assert_eq!(task.state, TaskState::Rejected);
    (world, task.detail.expect("a reason"))
}

async fn still_runs(world: World) {
    let module = world.upload(app("trap")).await;
    let task = world.ended(world.launch(&module, &[]).await).await;
    assert_eq!(task.state, TaskState::Errored);
    assert_eq!(task.detail.as_deref(), Some(Trap::Unreachable.message()));
    assert_eq!(world.node.next(), Happened::Started(task.id));
    let ended = Happened::Ended(task.id, TaskEnd::Trapped(Trap::Unreachable));
    assert_eq!(world.node.next(), ended);
    world.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage() {
    let storage = MemoryStorage {
        capacity: 1024,
        ..MemoryStorage::default()
    };
    let (world, detail) = refused(storage, app("moving-average")).await;
    assert_eq!(detail, "the node's storage has no room for the module");
    let full = Happened::StorageFailed(StorageError::Full);
    assert_eq!(world.node.next(), full);
    // What was stored of it makes room, as flash that is used longest ago would.
    still_runs(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_even_when_fetched_anew() {
    let storage = MemoryStorage {
        flips: usize::MAX,
        ..MemoryStorage::default()
    };
    let (world, detail) = refused(storage, app("moving-average")).await;
    assert_eq!(
        detail,
        "the module's digest is wrong, even when fetched anew"
    );
    world.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_stored_wrong_once_is_fetched_again() {
    let storage = MemoryStorage {
        flips: 1,
        ..MemoryStorage::default()
    };
    still_runs(World::new(storage).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_cannot_be_read() {
    let storage = MemoryStorage {
        unreadable: 1,
        ..MemoryStorage::default()
    };
    let (world, detail) = refused(storage, app("hello")).await;
    assert_eq!(detail, "the module cannot be read from the node's storage");
    assert_eq!(world.node.next(), Happened::StorageFailed(StorageError::Io));
    assert!(matches!(world.node.next(), Happened::NotStarted(..)));
    still_runs(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_larger_than_the_node_tells() {
    let ballast = "x".repeat(MAX_MODULE as usize);
    let large = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{ballast}")
            (func (export "_start")))"#
    );
    let large = wat::parse_str(large).unwrap();
    let world = World::new(MemoryStorage::default()).await;
    let module = world.upload(large).await;
    let refused = world.try_launch(&module, &[]).await.unwrap_err();
    assert_eq!(refused.refusal_code(), Some("moduleTooLarge"));
    world.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_of_which_a_part_was_stored_before_a_reboot() {
    let wasm = app("trap");
    let module = edgerm_protocol::ModuleId(Sha256::digest(&wasm).into());
    for length in [1, wasm.len() - 1] {
        let mut storage = MemoryStorage::default();
        storage.modules.insert(module, wasm[..length].to_vec());
        still_runs(World::new(storage).await).await;
    }
}
