//! A master and one agent, in this process, on free ports.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use edgerm_framework::api::{Constraints, Task};
use edgerm_framework::resource::Access;
use edgerm_framework::{Client, ConstraintsExt, Launch, Scheduler};
use edgerm_linux_agent::Agent;
use edgerm_linux_agent::config::{Config as AgentConfig, Reads, SensorConfig, Simulation};
use edgerm_master::{Config, Running, Server};

/// A master, an agent called `bench` with a thermometer that always reads 21.5, and a client.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    master: Running,
    agent: Agent,
    _data: tempfile::TempDir,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config {
            http: any,
            coap: any,
            ..Config::default()
        };
        let master = Server::start(config).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let thermometer = SensorConfig {
            label: "thermometer".into(),
            kind: "temperature".into(),
            access: Access::Shared,
            reads: Reads::Simulated(Simulation::Constant(21_500_000)),
        };
        let config = AgentConfig {
            data_dir: data.path().into(),
            hwmon: false,
            iio: false,
            sensors: vec![thermometer],
            ..AgentConfig::new("bench", &master.coap_addr.to_string())
        };
        let agent = Agent::start(config.options().unwrap()).await.unwrap();
        let client = Client::new(&format!("http://{}", master.http_addr)).unwrap();
        Self {
            client,
            master,
            agent,
            _data: data,
        }
    }

    pub(crate) fn http_addr(&self) -> SocketAddr {
        self.master.http_addr
    }

    /// A task of this module, in WAT, with every device.
    pub(crate) async fn launch(&self, scheduler: &Scheduler, wat: &str) -> Task {
        let wasm = wat::parse_str(wat).unwrap();
        let module = self.client.upload_module(wasm).await.unwrap();
        let on = Constraints::default().sensor("thermometer");
        let offers = scheduler
            .offers(&on, 1, Duration::from_secs(30))
            .await
            .unwrap();
        let devices = on.assign(&offers[0]).unwrap();
        let launch = Launch::new("task", &module).devices(devices);
        scheduler.launch(&offers[0], launch).await.unwrap()
    }

    pub(crate) async fn shutdown(self) {
        self.agent.leave().await;
        self.master.shutdown().await;
    }
}

/// Sleeps until it is killed.
pub(crate) const SLEEPER: &str = r#"(module
    (import "edgerm" "sleep_ms" (func $sleep_ms (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (loop $again
            (drop (call $sleep_ms (i32.const 1000000)))
            (br $again))))"#;

/// Emits each message that it receives.
pub(crate) const ECHO: &str = r#"(module
    (import "edgerm" "message_receive" (func $receive (param i32 i32 i32) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (loop $again
            (drop (call $emit
                (i32.const 0)
                (call $receive (i32.const 0) (i32.const 800) (i32.const -1))
                (i32.const -1)))
            (br $again))))"#;

/// Emits one reading of the sensor `temperature` in decimal digits, in millionths.
pub(crate) const THERMOMETER: &str = r#"(module
    (import "edgerm" "sensor_open" (func $open (param i32 i32) (result i32)))
    (import "edgerm" "sensor_read" (func $read (param i32 i32) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "temperature")
    (func (export "_start")
        (local $rest i64)
        (local $at i32)
        (drop (call $read (call $open (i32.const 0) (i32.const 11)) (i32.const 16)))
        (local.set $rest (i64.load (i32.const 16)))
        (local.set $at (i32.const 64))
        (loop $digit
            (local.set $at (i32.sub (local.get $at) (i32.const 1)))
            (i64.store8
                (local.get $at)
                (i64.add (i64.const 48) (i64.rem_u (local.get $rest) (i64.const 10))))
            (local.set $rest (i64.div_u (local.get $rest) (i64.const 10)))
            (br_if $digit (i64.ne (local.get $rest) (i64.const 0))))
        (drop (call $emit
            (local.get $at)
            (i32.sub (i32.const 64) (local.get $at))
            (i32.const -1)))))"#;
