use std::process::Command;

use edgerm_framework::TaskState;
use edgerm_framework::api::Restart;

use crate::world::{Process, World};

/// An agent whose files may have no bytes starts nothing that it could not start again, and says
/// why.
#[tokio::test]
async fn a_task_that_could_not_be_started_again_is_rejected() {
    let mut world = World::new().await;
    let agent = world.agent(world.master.coap_addr);
    let mut limited = Command::new("sh");
    // Without the trap it would be killed by the signal of the limit.
    limited
        .args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$@""#, "sh"])
        .arg(agent.get_program())
        .args(agent.get_args());
    let _process = Process::start(limited);
    world.registered().await;
    let sleep = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
    let (_scheduler, task) = world.launch(sleep, Restart::Reboot).await;
    let end = world.end(&task).await;
    assert_eq!(end.state, TaskState::Rejected);
    let detail = "the node's storage has no room to restart it from";
    assert_eq!(end.detail.as_deref(), Some(detail));
    world.master.shutdown().await;
}
