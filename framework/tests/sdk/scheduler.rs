//! A launch whose answer is lost starts its task once.

use std::time::Duration;

use edgerm_framework::api::{Constraints, Task};
use edgerm_framework::{Client, ConstraintsExt, Error, Launch, Scheduler, TaskState};

use crate::cluster::{Cluster, SLEEPER};
use crate::proxy::{Loss, Proxy};

const WAIT: Duration = Duration::from_secs(30);

async fn launch_through(proxy: &Proxy, cluster: &Cluster) -> (Scheduler, Task) {
    let module = cluster
        .client
        .upload_module(wat::parse_str(SLEEPER).unwrap())
        .await
        .unwrap();
    let client = Client::new(&proxy.url()).unwrap();
    let scheduler = Scheduler::register(client, "sdk").await.unwrap();
    let on = Constraints::default().sensor("temperature");
    let offers = scheduler.offers(&on, 1, WAIT).await.unwrap();
    proxy.lose(Loss::Answer, "/accept");
    let devices = on.assign(&offers[0]).unwrap();
    let launch = Launch::new("once", &module).devices(devices);
    let task = scheduler.launch(&offers[0], launch).await.unwrap();
    assert!(proxy.has_lost());
    (scheduler, task)
}

#[tokio::test]
async fn a_launch_whose_answer_is_lost_starts_one_task() {
    let cluster = Cluster::start().await;
    let proxy = Proxy::to(cluster.http_addr()).await;
    let (scheduler, task) = launch_through(&proxy, &cluster).await;
    let running = cluster
        .client
        .wait_for_state(task.id, TaskState::Running)
        .await
        .unwrap();
    assert_eq!(running.state, TaskState::Running);
    let tasks = scheduler.tasks().await.unwrap();
    assert_eq!(
        tasks.iter().map(|task| task.id).collect::<Vec<_>>(),
        [task.id]
    );
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_launch_that_never_arrived_is_asked_for_again() {
    let cluster = Cluster::start().await;
    let proxy = Proxy::to(cluster.http_addr()).await;
    let module = cluster
        .client
        .upload_module(wat::parse_str(SLEEPER).unwrap())
        .await
        .unwrap();
    let scheduler = Scheduler::register(Client::new(&proxy.url()).unwrap(), "sdk")
        .await
        .unwrap();
    let offers = scheduler
        .offers(&Constraints::default(), 1, WAIT)
        .await
        .unwrap();
    proxy.lose(Loss::Request, "/accept");
    let task = scheduler
        .launch(&offers[0], Launch::new("late", &module))
        .await
        .unwrap();
    assert!(proxy.has_lost());
    assert_eq!(scheduler.tasks().await.unwrap().len(), 1);
    assert_eq!(task.name, "late");
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_refusal_is_no_reason_to_ask_again() {
    let cluster = Cluster::start().await;
    let module = cluster
        .client
        .upload_module(wat::parse_str(SLEEPER).unwrap())
        .await
        .unwrap();
    let scheduler = Scheduler::register(cluster.client.clone(), "sdk")
        .await
        .unwrap();
    let offers = scheduler
        .offers(&Constraints::default(), 1, WAIT)
        .await
        .unwrap();
    let greedy = Launch::new("greedy", &module).mem(u64::MAX);
    let error = scheduler.launch(&offers[0], greedy).await.unwrap_err();
    let Error::Refused {
        status, refusal, ..
    } = error
    else {
        panic!("{error}");
    };
    assert!((400..500).contains(&status), "{status}");
    assert_eq!(refusal.field.as_deref(), Some("tasks[0].resources.mem"));
    // Nothing was changed: the offer stands.
    scheduler
        .launch(&offers[0], Launch::new("modest", &module))
        .await
        .unwrap();
    // And is taken now.
    let again = scheduler
        .launch(&offers[0], Launch::new("late", &module))
        .await
        .unwrap_err();
    assert!(again.refusal_code().is_some(), "{again}");
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_framework_sees_its_tasks_and_ends_them_with_itself() {
    let cluster = Cluster::start().await;
    let module = cluster
        .client
        .upload_module(wat::parse_str(SLEEPER).unwrap())
        .await
        .unwrap();
    let scheduler = Scheduler::register(cluster.client.clone(), "sdk")
        .await
        .unwrap();
    let mut watch = scheduler.watch().await.unwrap();
    let offers = scheduler
        .offers(&Constraints::default(), 1, WAIT)
        .await
        .unwrap();
    let task = scheduler
        .launch(&offers[0], Launch::new("watched", &module))
        .await
        .unwrap();
    let mut states = Vec::new();
    while states.last() != Some(&TaskState::Running) {
        let news = watch.next().await.unwrap();
        assert_eq!(news.id, task.id);
        states.push(news.state);
    }
    assert!(states.is_sorted(), "{states:?}");

    scheduler.clone().tear_down().await.unwrap();
    let ended = cluster.client.wait_for_end(task.id).await.unwrap();
    assert_eq!(ended.state, TaskState::Killed);
    // Torn down twice is torn down.
    scheduler.tear_down().await.unwrap();
    cluster.shutdown().await;
}
