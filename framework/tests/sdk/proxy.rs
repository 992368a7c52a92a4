//! A TCP proxy that loses what it is told to lose.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is lost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// The request never gets to the master.
    Request,
    /// The request gets there, and its answer does not come back.
    Answer,
}

type Plan = Arc<Mutex<Option<(Loss, &'static str)>>>;

/// A way to a master that breaks on demand.
pub(crate) struct Proxy {
    address: SocketAddr,
    plan: Plan,
    generation: watch::Sender<u64>,
}

impl Proxy {
    pub(crate) async fn to(master: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Mutex::new(None));
        let (generation, connections) = watch::channel(0);
        let shared = Arc::clone(&plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (plan, mut cut) = (Arc::clone(&shared), connections.clone());
                tokio::spawn(async move {
                    let Ok(master) = TcpStream::connect(master).await else {
                        return;
                    };
                    cut.mark_unchanged();
                    tokio::select! {
                        () = carry(client, master, plan) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self {
            address,
            plan,
            generation,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks the connection once, at the next request that contains `text`.
    pub(crate) fn lose(&self, loss: Loss, text: &'static str) {
        *self.plan.lock().unwrap() = Some((loss, text));
    }

    /// Whether what was to be lost is.
    pub(crate) fn has_lost(&self) -> bool {
        self.plan.lock().unwrap().is_none()
    }

    /// Breaks every connection there is.
    pub(crate) fn break_all(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

/// Carries requests and answers of one connection, until an end closes it or the plan breaks it.
async fn carry(client: TcpStream, master: TcpStream, plan: Plan) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_master, mut to_master) = master.into_split();
    let mut loses_answer = false;
    loop {
        tokio::select! {
            request = read(&mut from_client) => {
                let Some(request) = request else { return };
                match plan.lock().unwrap().take_if(|(_, text)| contains(&request, text)) {
                    Some((Loss::Request, _)) => return,
                    Some((Loss::Answer, _)) => loses_answer = true,
                    None => {}
                }
                write(&mut to_master, &request).await;
            }
            answer = read(&mut from_master) => match answer {
                Some(answer) if !loses_answer => write(&mut to_client, &answer).await,
                Some(_) | None => return,
            },
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

async fn read(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 64 * 1024];
    let length = from
        .read(&mut bytes)
        .await
        .ok()
        .filter(|length| *length > 0)?;
    bytes.truncate(length);
    Some(bytes)
}

async fn write(to: &mut OwnedWriteHalf, bytes: &[u8]) {
    // An end that is gone is seen by reading.
    drop(to.write_all(bytes).await);
}
