//! Limits that an agent sets of itself when it starts.

use std::process::Command;

use crate::world::{Process, World};

/// An agent that a shell starts with this limit.
fn limited(world: &World, ulimit: &str) -> Command {
    let agent = world.agent(world.master.coap_addr);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!(r#"ulimit {ulimit}; exec "$@""#), "sh"])
        .arg(agent.get_program())
        .args(agent.get_args());
    limited
}

#[tokio::test]
async fn it_leaves_no_core_file() {
    let world = World::new().await;
    let mut process = Process::start(limited(&world, "-c 1024"));
    process.says("starting").await;
    // A byte is less than a core file has, and keeps back programs of `core_pattern` too.
    let none = || "1".to_owned();
    assert_eq!(process.limit("Max core file size"), (none(), none()));
    world.master.shutdown().await;
}

#[tokio::test]
async fn it_may_open_as_many_files_as_it_is_allowed_to() {
    let world = World::new().await;
    for (ulimit, files) in [("-S -n 200", None), ("-n 200", Some("200"))] {
        let mut process = Process::start(limited(&world, ulimit));
        process.says("starting").await;
        let (now, most) = process.limit("Max open files");
        match files {
            Some(files) => assert_eq!((now.as_str(), most.as_str()), (files, files)),
            // A machine where a process may have fewer runs no tests.
            None => assert_eq!(now, "4096", "of {most}"),
        }
    }
    world.master.shutdown().await;
}

#[tokio::test]
async fn too_few_files_are_told_by_a_check() {
    let world = World::new().await;
    for (files, code, said) in [(64, 1, "needs 128"), (200, 0, "nothing is wrong")] {
        let mut check = limited(&world, &format!("-n {files}"));
        let told = check.arg("--check").output().unwrap();
        let text = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told.status.code(), Some(code), "{text}");
        assert!(text.contains(said), "{text}");
    }
    world.master.shutdown().await;
}
