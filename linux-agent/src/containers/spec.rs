//! What the engine is told of a task, within what the operator of the agent allows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, DeviceMapping, HostConfig, HostConfigLogConfig, Mount as EngineMount,
    MountType, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use edgerm_protocol::TaskId;
use edgerm_protocol::api::{
    Container, ContainerTask, DEFAULT_PIDS, MIN_CONTAINER_MEM, Mount, Network,
};

use super::engine::Engine;

/// Capabilities that a container may keep unless the operator says more: what Docker itself gives
/// to all, without those that reach beyond the container (`AUDIT_WRITE`, `MKNOD`, `NET_RAW`).
const CAPABILITIES: [&str; 11] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Bytes of what a container wrote that the engine keeps, in two files that take turns.
const LOG_FILE: &str = "1m";

/// Which containers an agent runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainersConfig {
    /// Where the engine listens.
    pub socket: PathBuf,
    /// Folders of the machine that containers may be given, with all in them.
    pub mounts: Vec<PathBuf>,
    /// Capabilities that they may keep, beside the harmless ones.
    pub capabilities: Vec<String>,
    /// Whether they may have the machine's network.
    pub host_network: bool,
}

impl Default for ContainersConfig {
    /// Docker's own socket, and nothing of the machine.
    fn default() -> Self {
        Self {
            socket: "/var/run/docker.sock".into(),
            mounts: Vec::new(),
            capabilities: Vec::new(),
            host_network: false,
        }
    }
}

/// Why there may be no container: what the task asks for is not the operator's to give, or not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// All the memory that there is.
    #[error("a container has {MIN_CONTAINER_MEM} bytes of memory or more: say resources.mem")]
    Memory,
    /// A device that was there when the task was launched.
    #[error("its device {0} is not there: connect it, and start the agent again")]
    Device(String),
    /// The machine's network.
    #[error("this agent gives no container its own network")]
    HostNetwork,
    /// A folder of the machine.
    #[error("this agent gives no container {}", .0.display())]
    Mount(PathBuf),
    /// A capability.
    #[error("this agent lets no container keep {0}")]
    Capability(String),
}

/// A task that is a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Which task.
    pub id: TaskId,
    /// What the master tells of it.
    pub task: ContainerTask,
    /// Files of the machine's devices that it is given.
    pub devices: Vec<PathBuf>,
    /// The label of a device that it is to be given and that is not there any more.
    pub missing: Option<String>,
}

impl Spec {
    /// What the engine is told.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`], by the first thing that is not.
    pub(super) fn body(
        &self,
        engine: &Engine,
        config: &ContainersConfig,
    ) -> Result<ContainerCreateBody, NotAllowed> {
        let container = &self.task.container;
        // To an engine, 0 is no limit.
        if self.task.mem < MIN_CONTAINER_MEM {
            return Err(NotAllowed::Memory);
        }
        if let Some(missing) = &self.missing {
            return Err(NotAllowed::Device(missing.clone()));
        }
        if container.network == Network::Host && !config.host_network {
            return Err(NotAllowed::HostNetwork);
        }
        let env = self.task.env.iter();
        let exposed = container.ports.iter().map(port_name).collect();
        Ok(ContainerCreateBody {
            image: Some(container.image.clone()),
            entrypoint: container.entrypoint.clone(),
            cmd: container.command.clone(),
            working_dir: container.working_dir.clone(),
            user: container.user.clone(),
            env: Some(env.map(|(key, value)| format!("{key}={value}")).collect()),
            labels: Some(engine.labels(self.id, &self.task.name)),
            exposed_ports: Some(exposed),
            host_config: Some(self.host_config(config)?),
            ..ContainerCreateBody::default()
        })
    }

    fn host_config(&self, config: &ContainersConfig) -> Result<HostConfig, NotAllowed> {
        let container = &self.task.container;
        let memory = i64::try_from(self.task.mem).unwrap_or(i64::MAX);
        let nano_cpus = self.task.cpus.saturating_mul(1_000_000);
        let nano_cpus = i64::try_from(nano_cpus).unwrap_or(i64::MAX);
        let mounts = container.mounts.iter();
        let mounts = mounts.map(|mount| engine_mount(mount, &config.mounts));
        let network = match container.network {
            Network::Bridge => "bridge",
            Network::Host => "host",
            Network::None => "none",
        };
        let log = [("max-size", LOG_FILE), ("max-file", "2")];
        let log = log.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let devices = self.devices.iter().map(|path| {
            let path = path.to_string_lossy().into_owned();
            DeviceMapping {
                path_on_host: Some(path.clone()),
                path_in_container: Some(path),
                cgroup_permissions: Some("rw".to_owned()),
            }
        });
        Ok(HostConfig {
            memory: Some(memory),
            // As much together as of memory alone: there is no swap.
            memory_swap: Some(memory),
            nano_cpus: (nano_cpus > 0).then_some(nano_cpus),
            pids_limit: Some(container.pids.unwrap_or(DEFAULT_PIDS).into()),
            network_mode: Some(network.to_owned()),
            port_bindings: Some(bindings(container)),
            mounts: Some(mounts.collect::<Result<_, _>>()?),
            devices: Some(devices.collect()),
            readonly_rootfs: Some(container.read_only_root),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(kept(&container.capabilities, config)?),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            // The agent itself does, by the task's own rule.
            restart_policy: Some(RestartPolicy {
                name: Some(RestartPolicyNameEnum::NO),
                maximum_retry_count: None,
            }),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(log.into()),
            }),
            ..HostConfig::default()
        })
    }
}

fn port_name(mapping: &edgerm_protocol::api::PortMapping) -> String {
    format!("{}/{}", mapping.container, mapping.protocol.name())
}

fn bindings(container: &Container) -> std::collections::HashMap<String, Option<Vec<PortBinding>>> {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for mapping in &container.ports {
        let binding = PortBinding {
            host_ip: None,
            host_port: Some(mapping.host.to_string()),
        };
        bindings
            .entry(port_name(mapping))
            .or_default()
            .push(binding);
    }
    let bindings = bindings.into_iter();
    bindings.map(|(port, to)| (port, Some(to))).collect()
}

fn kept(asked: &[String], config: &ContainersConfig) -> Result<Vec<String>, NotAllowed> {
    let allowed = |name: &&String| {
        CAPABILITIES.contains(&name.as_str()) || config.capabilities.contains(name)
    };
    match asked.iter().find(|name| !allowed(name)) {
        Some(name) => Err(NotAllowed::Capability(name.clone())),
        None => Ok(asked.to_vec()),
    }
}

/// A folder of the machine where one of `allowed` has it in it, links followed; or one in memory.
fn engine_mount(mount: &Mount, allowed: &[PathBuf]) -> Result<EngineMount, NotAllowed> {
    let (typ, source) = match &mount.source {
        Some(source) => {
            let asked = Path::new(source);
            let refused = || NotAllowed::Mount(asked.to_owned());
            let real = asked.canonicalize().map_err(|_| refused())?;
            let is_in = |folder: &PathBuf| {
                folder
                    .canonicalize()
                    .is_ok_and(|folder| real.starts_with(folder))
            };
            if !allowed.iter().any(is_in) {
                return Err(refused());
            }
            (MountType::BIND, Some(real.to_string_lossy().into_owned()))
        }
        None => (MountType::TMPFS, None),
    };
    Ok(EngineMount {
        typ: Some(typ),
        source,
        target: Some(mount.target.clone()),
        read_only: Some(mount.read_only),
        ..EngineMount::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgerm_protocol::api::{PortMapping, Transport};

    fn spec(container: Container) -> Spec {
        Spec {
            id: TaskId(1),
            task: ContainerTask {
                name: "it".to_owned(),
                container,
                cpus: 250,
                mem: 8 << 20,
                env: [("KEY".to_owned(), "a=b".to_owned())].into(),
                restart: false,
            },
            devices: vec!["/dev/ttyUSB0".into()],
            missing: None,
        }
    }

    fn body(container: Container, config: &ContainersConfig) -> Result<HostConfig, NotAllowed> {
        let engine = Engine::new(Path::new("/run/docker.sock"), "agent", "owner");
        let body = spec(container).body(&engine, config)?;
        assert_eq!(body.env.unwrap(), ["KEY=a=b"]);
        assert_eq!(body.labels.unwrap()["edgerm.owner"], "owner");
        Ok(body.host_config.unwrap())
    }

    #[test]
    fn a_container_has_what_the_task_holds_and_no_more() {
        let mut container = Container::new("busybox");
        let mapping = |host, protocol| PortMapping {
            host,
            container: 80,
            protocol,
        };
        container.ports = vec![mapping(8080, Transport::Tcp), mapping(8081, Transport::Udp)];
        container.capabilities = vec!["CHOWN".to_owned()];
        let told = body(container, &ContainersConfig::default()).unwrap();
        assert_eq!(
            (told.memory, told.memory_swap),
            (Some(8 << 20), Some(8 << 20))
        );
        assert_eq!(told.nano_cpus, Some(250_000_000));
        assert_eq!(told.pids_limit, Some(512));
        assert_eq!(told.cap_drop.unwrap(), ["ALL"]);
        assert_eq!(told.cap_add.unwrap(), ["CHOWN"]);
        assert_eq!(told.security_opt.unwrap(), ["no-new-privileges"]);
        assert_eq!(told.privileged, None);
        let ports = told.port_bindings.unwrap();
        let port = |name: &str| ports[name].as_ref().unwrap()[0].host_port.clone();
        assert_eq!(port("80/tcp").as_deref(), Some("8080"));
        assert_eq!(port("80/udp").as_deref(), Some("8081"));
        let device = &told.devices.unwrap()[0];
        assert_eq!(device.path_on_host.as_deref(), Some("/dev/ttyUSB0"));
    }

    #[test]
    fn no_container_is_made_without_a_device_of_it() {
        let engine = Engine::new(Path::new("/run/docker.sock"), "agent", "owner");
        let mut spec = spec(Container::new("it"));
        spec.missing = Some("radio".to_owned());
        let refused = spec.body(&engine, &ContainersConfig::default());
        assert_eq!(
            refused.unwrap_err().to_string(),
            "its device radio is not there: connect it, and start the agent again"
        );
    }

    #[test]
    fn no_container_is_without_a_limit_of_memory() {
        let engine = Engine::new(Path::new("/run/docker.sock"), "agent", "owner");
        let body = |mem| {
            let mut spec = spec(Container::new("it"));
            spec.task.mem = mem;
            let body = spec.body(&engine, &ContainersConfig::default());
            body.map(|body| body.host_config.unwrap().memory.unwrap())
        };
        for mem in [0, MIN_CONTAINER_MEM - 1] {
            assert_eq!(body(mem), Err(NotAllowed::Memory), "{mem}");
        }
        assert_eq!(body(MIN_CONTAINER_MEM), Ok(6 << 20));
    }

    #[test]
    fn what_is_the_machines_is_the_operators_to_give() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("given");
        std::fs::create_dir_all(given.join("inner")).unwrap();
        std::os::unix::fs::symlink("/etc", given.join("link")).unwrap();
        let generous = ContainersConfig {
            mounts: vec![given.clone()],
            capabilities: vec!["NET_ADMIN".to_owned()],
            host_network: true,
            ..ContainersConfig::default()
        };
        let mut host = Container::new("it");
        host.network = Network::Host;
        let mut admin = Container::new("it");
        admin.capabilities = vec!["NET_ADMIN".to_owned()];
        let mounting = |source: &Path| {
            let mut container = Container::new("it");
            container.mounts = vec![Mount {
                source: Some(source.to_str().unwrap().to_owned()),
                target: "/data".to_owned(),
                read_only: true,
            }];
            container
        };
        for container in [
            host,
            admin,
            mounting(&given),
            mounting(&given.join("inner")),
        ] {
            assert!(body(container.clone(), &generous).is_ok());
            assert!(body(container, &ContainersConfig::default()).is_err());
        }
        // What leads out of it is not in it, and what is not there is nothing.
        for source in [given.join("link"), given.join("none"), folder.path().into()] {
            let refused = body(mounting(&source), &generous);
            assert_eq!(refused, Err(NotAllowed::Mount(source)));
        }
    }

    #[test]
    fn what_has_no_source_is_in_memory() {
        let mut container = Container::new("it");
        container.read_only_root = true;
        container.mounts = vec![Mount {
            source: None,
            target: "/tmp".to_owned(),
            read_only: false,
        }];
        let told = body(container, &ContainersConfig::default()).unwrap();
        assert_eq!(told.readonly_rootfs, Some(true));
        assert_eq!(told.mounts.unwrap()[0].typ, Some(MountType::TMPFS));
    }
}
