//! A network that misbehaves, between nodes and master.
//!
//! It stands where nodes look for their master, and hands every datagram on, unless the rule
//! of the case changes or drops it. Each node has a socket of its own towards the master, so
//! that the master tells them apart.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::task::{AbortHandle, JoinSet};

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a node.
    ToMaster,
    /// To a node.
    ToNode,
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, as the rule left it.
    Pass,
    /// It goes on so often, without a pause.
    Repeat(usize),
    /// It is lost.
    Drop,
}

impl Verdict {
    fn times(self) -> usize {
        match self {
            Self::Pass => 1,
            Self::Repeat(times) => times,
            Self::Drop => 0,
        }
    }
}

/// What is done to datagrams.
pub trait Rule: Send + Sync + 'static {
    /// Judges `datagram`, and may change it.
    fn judge(&self, direction: Direction, datagram: &mut Vec<u8>) -> Verdict;
}

/// A proxy at work, until dropped.
#[derive(Debug)]
pub struct Proxy {
    listener: AbortHandle,
}

impl Proxy {
    /// Hands on what comes to `listen` to the master at `master`, under `rule`.
    ///
    /// # Errors
    ///
    /// Where `listen` cannot be had.
    pub async fn start(
        listen: SocketAddr,
        master: SocketAddr,
        rule: Arc<impl Rule>,
    ) -> std::io::Result<Self> {
        let nodes = Arc::new(UdpSocket::bind(listen).await?);
        let listener = tokio::spawn(async move {
            // A proxy whose socket fails is one whose test fails, for want of what it waits for.
            let _failed = hand_on(nodes, master, rule).await;
        });
        Ok(Self {
            listener: listener.abort_handle(),
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// The longest datagram of EdgeRM is 1,024 bytes.
const BUFFER: usize = 2048;

async fn hand_on(
    nodes: Arc<UdpSocket>,
    master: SocketAddr,
    rule: Arc<impl Rule>,
) -> std::io::Result<()> {
    let mut ways: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut back = JoinSet::new();
    let mut buffer = [0; BUFFER];
    loop {
        let (length, node) = nodes.recv_from(&mut buffer).await?;
        let way = match ways.get(&node) {
            Some(way) => way.clone(),
            None => {
                let way = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
                way.connect(master).await?;
                back.spawn(hand_back(way.clone(), nodes.clone(), node, rule.clone()));
                ways.insert(node, way.clone());
                way
            }
        };
        let mut datagram = buffer[..length].to_vec();
        for _ in 0..rule.judge(Direction::ToMaster, &mut datagram).times() {
            // Refused while the master restarts: lost, as on any network.
            let _lost = way.send(&datagram).await;
        }
    }
}

async fn hand_back(
    way: Arc<UdpSocket>,
    nodes: Arc<UdpSocket>,
    node: SocketAddr,
    rule: Arc<impl Rule>,
) {
    let mut buffer = [0; BUFFER];
    loop {
        let Ok(length) = way.recv(&mut buffer).await else {
            // Told that the master does not listen now; it will.
            tokio::task::yield_now().await;
            continue;
        };
        let mut datagram = buffer[..length].to_vec();
        for _ in 0..rule.judge(Direction::ToNode, &mut datagram).times() {
            let _lost = nodes.send_to(&datagram, node).await;
        }
    }
}
