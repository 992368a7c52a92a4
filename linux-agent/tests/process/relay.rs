//! What stands between an agent and its master, and may lose all they say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

/// The longest datagram of EdgeRM is 1,024 bytes.
const BUFFER: usize = 2048;

/// Hands on what one agent and the master say to each other, until dropped.
pub(crate) struct Relay {
    /// Where the agent finds its master.
    pub(crate) address: SocketAddr,
    back: Arc<UdpSocket>,
    ways: Arc<Ways>,
    task: AbortHandle,
}

#[derive(Default)]
struct Ways {
    is_agent_unheard: AtomicBool,
    is_master_unheard: AtomicBool,
}

impl Relay {
    pub(crate) async fn start(master: SocketAddr) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let back = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        back.connect(master).await.unwrap();
        let back = Arc::new(back);
        let address = front.local_addr().unwrap();
        let ways = Arc::new(Ways::default());
        let task = tokio::spawn(hand_on(front, back.clone(), ways.clone())).abort_handle();
        Self {
            address,
            back,
            ways,
            task,
        }
    }

    /// The agent finds another master there.
    pub(crate) async fn lead_to(&self, master: SocketAddr) {
        self.back.connect(master).await.unwrap();
    }

    /// The master hears the agent no more, which hears the master.
    pub(crate) fn silence_agent(&self) {
        self.ways.is_agent_unheard.store(true, Ordering::Relaxed);
    }

    /// Neither hears the other.
    pub(crate) fn cut(&self) {
        self.silence_agent();
        self.ways.is_master_unheard.store(true, Ordering::Relaxed);
    }

    /// Both hear each other again.
    pub(crate) fn mend(&self) {
        self.ways.is_agent_unheard.store(false, Ordering::Relaxed);
        self.ways.is_master_unheard.store(false, Ordering::Relaxed);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hand_on(front: UdpSocket, back: Arc<UdpSocket>, ways: Arc<Ways>) {
    let (mut from_agent, mut from_master) = ([0; BUFFER], [0; BUFFER]);
    let mut agent = None;
    loop {
        // What fails is lost, as on any network.
        tokio::select! {
            Ok((length, address)) = front.recv_from(&mut from_agent) => {
                agent = Some(address);
                if !ways.is_agent_unheard.load(Ordering::Relaxed) {
                    let _lost = back.send(&from_agent[..length]).await;
                }
            }
            Ok(length) = back.recv(&mut from_master) => {
                let agent = agent.filter(|_| !ways.is_master_unheard.load(Ordering::Relaxed));
                if let Some(agent) = agent {
                    let _lost = front.send_to(&from_master[..length], agent).await;
                }
            }
            else => {}
        }
    }
}
