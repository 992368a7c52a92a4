//! The calls that the other tests do not make, and what is refused.

use std::time::Duration;

use edgerm_framework::api::{LogWanted, OutputData, SendMessage};
use edgerm_framework::{AgentId, Error, ModuleId, Scheduler, TaskId};

use crate::cluster::{Cluster, ECHO};

#[tokio::test]
async fn a_message_goes_to_a_task_and_its_echo_comes_back() {
    let cluster = Cluster::start().await;
    let scheduler = Scheduler::register(cluster.client.clone(), "calls")
        .await
        .unwrap();
    let task = cluster.launch(&scheduler, ECHO).await;
    for text in ["one", "two"] {
        let data = OutputData::Text(text.into());
        let message = SendMessage {
            framework: scheduler.id(),
            data,
        };
        cluster
            .client
            .send_message(task.id, &message)
            .await
            .unwrap();
    }
    let mut outputs = cluster.client.follow_output(task.id);
    for (index, text) in [(1, "one"), (2, "two")] {
        let output = outputs.next().await.unwrap().unwrap();
        assert_eq!(
            (output.index, output.data),
            (index, OutputData::Text(text.into()))
        );
    }
    scheduler.kill(task.id).await.unwrap();
    assert_eq!(
        outputs.next().await.unwrap(),
        None,
        "the outputs end with the task"
    );
    cluster.shutdown().await;
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let cluster = Cluster::start().await;
    let mut registered = Vec::new();
    for number in 0..5 {
        let scheduler = Scheduler::register(cluster.client.clone(), format!("f{number}")).await;
        registered.push(scheduler.unwrap().id());
    }
    registered.sort_unstable();
    let mut pages = cluster.client.frameworks().limit(2);
    let mut lengths = Vec::new();
    let mut listed = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        lengths.push(page.len());
        listed.extend(page.into_iter().map(|framework| framework.id));
    }
    assert_eq!(lengths, [2, 2, 1]);
    assert_eq!(listed, registered);
    let rest = cluster
        .client
        .frameworks()
        .after(registered[2])
        .all()
        .await
        .unwrap();
    assert_eq!(
        rest.iter().map(|f| f.id).collect::<Vec<_>>(),
        registered[3..]
    );
    cluster.shutdown().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let cluster = Cluster::start().await;
    let client = &cluster.client;
    let refusals = [
        client.agent(AgentId(0xdead)).await.err(),
        client.task(TaskId(1)).await.err(),
        client.module(ModuleId([0; 32])).await.err(),
        client.kill(TaskId(1), None).await.err(),
        client
            .outputs(TaskId(1), 0, Duration::ZERO, LogWanted::None)
            .await
            .err(),
        client.usage(TaskId(1), Duration::ZERO).await.err(),
    ];
    for error in refusals {
        let error = error.unwrap();
        assert!(error.is_not_found(), "{error:?}");
        assert!(
            error.refusal_code().is_some_and(|code| !code.is_empty()),
            "{error:?}"
        );
        assert!(!error.is_ambiguous());
    }
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_module_comes_back_as_it_was_admitted() {
    let cluster = Cluster::start().await;
    let wasm = wat::parse_str(ECHO).unwrap();
    let length = wasm.len() as u64;
    let (told, progress) = std::sync::mpsc::channel();
    let on_progress = move |sent| told.send(sent).unwrap();
    let client = &cluster.client;
    let module = client
        .upload_module_with_progress(wasm.clone(), on_progress)
        .await
        .unwrap();
    assert_eq!(progress.iter().last(), Some(length));
    let admitted = client.module(module.id).await.unwrap();
    assert_eq!(admitted.len() as u64, module.size);
    assert_eq!(client.upload_module(admitted).await.unwrap(), module);
    assert_eq!(client.modules().all().await.unwrap(), [module]);
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_refused_module_is_named_by_its_rule() {
    let cluster = Cluster::start().await;
    let error = cluster.client.upload_module("no module").await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Refused {
                status: 400..500,
                ..
            }
        ),
        "{error:?}"
    );
    let health = cluster.client.health().await.unwrap();
    assert_eq!(health.status, "ok");
    cluster.shutdown().await;
}
