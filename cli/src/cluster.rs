//! A master and its agents in this process, over UDP and TCP on loopback, as they are in many.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use edgerm_framework::Client;
use edgerm_framework::api::{AgentState, EventKind, NewToken, Role};
use edgerm_framework::owned::AttributeValue;
use edgerm_framework::resource::Access;
use edgerm_linux_agent::Agent;
use edgerm_linux_agent::config::{self, ActuatorConfig, Reads, SensorConfig, Simulation};
use edgerm_master::access::Secret;
use edgerm_master::{Config, Running, Server};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::exit::{BoxError, Failure};
use crate::own_token::OwnToken;

/// Averages what it reads of a temperature sensor.
pub(crate) const MOVING_AVERAGE: &[u8] =
    include_bytes!("../../wasm-apps/prebuilt/moving-average.wasm");

/// Never returns.
pub(crate) const SPIN: &[u8] = include_bytes!("../../wasm-apps/prebuilt/spin.wasm");

/// What the air of the greenhouse may be, in millionths of a degree Celsius.
pub(crate) const GREENHOUSE: RangeInclusive<i64> = 17_000_000..=25_000_000;

/// How long the nodes may take to register.
const PATIENCE: Duration = Duration::from_secs(10);

/// A master and its agents.
pub(crate) struct Cluster {
    master: Running,
    /// What its operator shows, until it ends.
    secret: Secret,
    agents: Vec<Agent>,
    /// Where the nodes keep modules, removed with the cluster.
    _data: TempDir,
}

impl Cluster {
    /// A cluster on whatever ports are free.
    pub(crate) async fn start_anywhere() -> Result<Self, Failure> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::start(any, any).await
    }

    /// A master that serves HTTP and CoAP at these addresses, an agent for this machine and
    /// three simulated ones.
    pub(crate) async fn start(http: SocketAddr, coap: SocketAddr) -> Result<Self, Failure> {
        let data = tempfile::tempdir()
            .map_err(|error| Failure::local("cannot make a folder for modules", error))?;
        let (master, secret) = start_master(http, coap).await?;
        let mut agents = Vec::new();
        for mut config in nodes(&master.coap_addr.to_string()) {
            config.data_dir = data.path().join(&config.name);
            // The folder goes with the cluster, so nothing would be started from it again.
            config.restart = false;
            let started = async { Ok::<_, BoxError>(Agent::start(config.options()?).await?) };
            let what = format!("cannot start the node {}", config.name);
            agents.push(started.await.map_err(|error| Failure::local(what, error))?);
        }
        Ok(Self {
            master,
            secret,
            agents,
            _data: data,
        })
    }

    /// Where the master serves HTTP.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.master.http_addr)
    }

    /// Where the master serves CoAP.
    pub(crate) fn coap_addr(&self) -> SocketAddr {
        self.master.coap_addr
    }

    /// How many agents there are.
    pub(crate) fn size(&self) -> usize {
        self.agents.len()
    }

    /// A client of the master.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(&self.url())?.with_token(self.secret.as_str())?)
    }

    /// Lets other commands of this user find the master's token, until that is dropped.
    pub(crate) fn show_token(&self) -> Result<OwnToken, Failure> {
        OwnToken::write(self.master.http_addr, self.secret.as_str())
            .map_err(|error| Failure::local("cannot keep a token for other commands", error))
    }

    /// Waits until every agent has registered and told what it has.
    pub(crate) async fn until_registered(&self, client: &Client) -> Result<(), Failure> {
        let registered = async {
            let mut events = client.events().await?;
            loop {
                let agents = client.agents().all().await?;
                let told = agents.iter().filter(|agent| {
                    agent.state == AgentState::Registered && !agent.resources.is_empty()
                });
                if told.count() == self.size() {
                    return Ok(());
                }
                while !matches!(events.next().await?.kind, EventKind::AgentRegistered { .. }) {}
            }
        };
        match timeout(PATIENCE, registered).await {
            Ok(registered) => registered,
            Err(_) => Err(Failure::Unexpected(format!(
                "not all {} nodes have registered within {} s",
                self.size(),
                PATIENCE.as_secs()
            ))),
        }
    }

    /// Ends the tasks, the agents and the master.
    pub(crate) async fn shutdown(self) {
        for agent in self.agents {
            agent.leave().await;
        }
        self.master.shutdown().await;
    }
}

/// A master that serves HTTP and CoAP at these addresses, and what its operator shows.
pub(crate) async fn start_master(
    http: SocketAddr,
    coap: SocketAddr,
) -> Result<(Running, Secret), Failure> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)
        .map_err(|error| Failure::local("no entropy to draw a token from", error))?;
    let secret = Secret::from_entropy(entropy);
    let operator = NewToken::new("up", Role::Operator);
    let config = Config {
        http,
        coap,
        tokens: vec![(operator, secret.clone())],
        ..Config::default()
    };
    let master = Server::start(config).await.map_err(Failure::MasterStart)?;
    Ok((master, secret))
}

/// This machine, and three nodes that are not there.
fn nodes(master: &str) -> [config::Config; 4] {
    let simulated = |name, sensors, actuators| config::Config {
        cpus: 1000,
        mem: 4 << 20,
        slots: 4,
        max_task_mem: 1 << 20,
        attributes: [("board".to_owned(), AttributeValue::Text("simulated".into()))].into(),
        hwmon: false,
        iio: false,
        sensors,
        actuators,
        ..config::Config::new(name, master)
    };
    let (low, high) = GREENHOUSE.into_inner();
    let (mean, swing) = ((low + high) / 2, (high - low) / 2);
    [
        config::Config::new("linux", master),
        simulated(
            "greenhouse",
            vec![
                sine("air", "temperature", mean, swing),
                sine("air_humidity", "humidity", 60_000_000, 10_000_000),
            ],
            vec![],
        ),
        simulated(
            "kitchen",
            vec![sine("thermometer", "temperature", 22_000_000, 1_500_000)],
            vec![],
        ),
        simulated(
            "pump-house",
            vec![sine("well", "distance", 1_200_000, 300_000)],
            vec![ActuatorConfig {
                label: "pump".into(),
                kind: "relay".into(),
                access: Access::Exclusive,
                path: None,
            }],
        ),
    ]
}

/// A sensor that swings, in millionths of its unit, once a minute.
fn sine(label: &str, kind: &str, mean: i64, amplitude: i64) -> SensorConfig {
    let period = Duration::from_secs(60);
    SensorConfig {
        label: label.into(),
        kind: kind.into(),
        access: Access::Shared,
        reads: Reads::Simulated(Simulation::Sine {
            mean,
            amplitude,
            period,
        }),
    }
}
