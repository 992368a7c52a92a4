use edgerm_coap::Code;
use edgerm_linux_agent::devices::Devices;
use edgerm_protocol::{TaskId, TaskState};
use tokio::net::UdpSocket;

use crate::rig::{AGENT, Master, Rig, Told, module};

#[tokio::test]
async fn datagrams_that_are_too_long_or_no_coap_are_passed_over() {
    let (_rig, mut master) = Rig::registered().await;
    for length in [0, 1, 3, 4, 1024, 1025, 1026, 9_000, 60_000] {
        for byte in [0, 0x40, 0x44, 0x7f, 0xff] {
            master.send(&vec![byte; length]).await;
        }
    }
    let module = master.add_module(module(r#"(func (export "_start"))"#));
    assert_eq!(master.launch(TaskId(1), module).await, Code::CHANGED);
    let completed = (TaskState::Completed, String::new());
    assert_eq!(master.end(TaskId(1)).await, completed);
}

#[tokio::test]
async fn a_master_that_is_not_there_yet_is_found_once_it_is() {
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let mut rig = Rig::start(address, Devices::default()).await;
    // The agent's first request meets a port that is closed, as it is the only other task here.
    tokio::task::yield_now().await;
    let mut master = Master::at(UdpSocket::bind(address).await.unwrap());
    assert_eq!(master.next().await, Told::Registered("attic".into()));
    assert_eq!(rig.agent.registered().await, Some(AGENT));
}
