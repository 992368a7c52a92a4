//! What a unit of `Type=notify` hears of its agent.

use tokio::net::UnixDatagram;

use crate::world::{Process, World, soon};

#[tokio::test]
async fn once_it_has_started_and_when_it_stops() {
    let mut world = World::new().await;
    let path = world.folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    let mut command = world.agent(world.master.coap_addr);
    command.env("NOTIFY_SOCKET", &path);
    let mut process = Process::start(command);
    assert_eq!(hear(&systemd).await, "READY=1\n");
    world.registered().await;

    process.signal("-TERM");
    assert_eq!(hear(&systemd).await, "STOPPING=1\n");
    world.gone().await;
    assert!(process.wait().success());
    world.master.shutdown().await;
}

async fn hear(systemd: &UnixDatagram) -> String {
    let mut said = [0; 64];
    let length = soon("what systemd hears", systemd.recv(&mut said)).await;
    String::from_utf8_lossy(&said[..length.unwrap()]).into_owned()
}
