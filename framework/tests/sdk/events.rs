//! The stream of events goes on where it broke.

use edgerm_framework::api::{Event, EventKind, Framework, NewFramework};
use edgerm_framework::{Client, Error, Events};

use crate::cluster::Cluster;
use crate::proxy::Proxy;

async fn register(client: &Client, name: &str) -> Framework {
    let new = NewFramework {
        name: name.into(),
        role: "default".into(),
    };
    client.register_framework(&new).await.unwrap()
}

/// The next framework that the stream tells of, and the event's place.
async fn next_framework(events: &mut Events) -> (u64, String) {
    loop {
        let Event { sequence, kind } = events.next().await.unwrap();
        assert!(!matches!(kind, EventKind::Missed { .. }), "{kind:?}");
        if let EventKind::FrameworkRegistered { framework } = kind {
            return (sequence, framework.name);
        }
    }
}

#[tokio::test]
async fn a_stream_that_breaks_resumes_after_the_last_event() {
    let cluster = Cluster::start().await;
    let proxy = Proxy::to(cluster.http_addr()).await;
    let mut events = Client::new(&proxy.url()).unwrap().events().await.unwrap();
    register(&cluster.client, "before").await;
    let (first, name) = next_framework(&mut events).await;
    assert_eq!(name, "before");

    proxy.break_all();
    for name in ["between", "after"] {
        register(&cluster.client, name).await;
    }
    let (second, name) = next_framework(&mut events).await;
    assert_eq!(name, "between");
    assert!(second > first);
    assert_eq!(next_framework(&mut events).await.1, "after");

    // Nor does a stream begin before it is asked to.
    let mut late = cluster.client.events_after(second).await.unwrap();
    assert_eq!(next_framework(&mut late).await.1, "after");
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_stream_of_one_framework_leaves_out_the_others() {
    let cluster = Cluster::start().await;
    let own = register(&cluster.client, "own").await;
    let mut events = cluster.client.events_of(own.id).await.unwrap();
    register(&cluster.client, "other").await;
    cluster.client.remove_framework(own.id).await.unwrap();
    loop {
        let kind = events.next().await.unwrap().kind;
        if let EventKind::FrameworkRegistered { framework } = &kind {
            panic!("{framework:?}");
        }
        if let EventKind::FrameworkGone { framework } = kind {
            assert_eq!(framework, own.id);
            break;
        }
    }
    cluster.shutdown().await;
}

#[tokio::test]
async fn a_master_that_is_gone_is_told() {
    let cluster = Cluster::start().await;
    let client = cluster.client.clone();
    let url = client.url().to_owned();
    cluster.shutdown().await;
    let Err(error) = client.events().await else {
        panic!("a stream of nothing");
    };
    let Error::Unreachable { url: told, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*told, url);
}
