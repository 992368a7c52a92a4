//! `edgerm run --image`: a container in the place of a module.

use clap::{Args, ValueEnum};
use edgerm_framework::api::{self, Container, Mount, Offer, PortMapping, Transport};
use edgerm_framework::owned::Value;
use edgerm_framework::resource::names;

use crate::exit::Failure;

/// What is said of a container.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Containers")]
pub(crate) struct Contained {
    /// Run a container of this image on Linux nodes that run some, with 64MiB unless --mem says
    /// more; what follows `--` is what it runs
    #[arg(long, value_name = "IMAGE")]
    pub(crate) image: Option<String>,

    /// When to pull the image [default: if-missing]
    #[arg(long, value_enum, value_name = "WHEN", requires = "image")]
    pull: Option<Pull>,

    /// A port of the node that leads to one of the container, which may end in /udp; without HOST
    /// one that the node offers. May be said several times
    #[arg(short, long = "port", value_name = "[HOST:]CONTAINER", value_parser = parse_port)]
    #[arg(requires = "image")]
    ports: Vec<Port>,

    /// A folder of the node that the container sees, where the node's operator allows it. May be
    /// said several times
    #[arg(long = "mount", value_name = "SOURCE:TARGET[:ro]", value_parser = parse_mount)]
    #[arg(requires = "image")]
    mounts: Vec<Mount>,

    /// A folder in memory, empty at first. May be said several times
    #[arg(long = "tmpfs", value_name = "TARGET", requires = "image")]
    tmpfs: Vec<String>,

    /// Which network it has [default: bridge]
    #[arg(long, value_enum, value_name = "NETWORK", requires = "image")]
    network: Option<Network>,

    /// As whom it runs [default: as the image says]
    #[arg(long, value_name = "USER", requires = "image")]
    user: Option<String>,

    /// A capability that it keeps, such as NET_BIND_SERVICE. May be said several times
    #[arg(long = "capability", value_name = "NAME", requires = "image")]
    capabilities: Vec<String>,

    /// Whether it may write to its mounts alone
    #[arg(long, requires = "image")]
    read_only: bool,

    /// Seconds that it has to stop before it is killed [default: 10]
    #[arg(long, value_name = "SECONDS", requires = "image")]
    stop_grace: Option<u32>,

    /// What it runs [default: as the image says]
    #[arg(last = true, value_name = "COMMAND", requires = "image")]
    command: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Pull {
    Always,
    IfMissing,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Network {
    Bridge,
    Host,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    host: Option<u16>,
    container: u16,
    protocol: Transport,
}

impl Contained {
    /// The container as it is launched on `offer`, and the ports that its task holds; `None` where
    /// a module is to run.
    pub(crate) fn on(&self, offer: &Offer) -> Result<Option<(Container, Vec<u16>)>, Failure> {
        let Some(image) = &self.image else {
            return Ok(None);
        };
        let ports = self.mapped(offer)?;
        let in_memory = self.tmpfs.iter().map(|target| Mount {
            source: None,
            target: target.clone(),
            read_only: false,
        });
        let container = Container {
            pull: match self.pull {
                None | Some(Pull::IfMissing) => api::Pull::IfMissing,
                Some(Pull::Always) => api::Pull::Always,
                Some(Pull::Never) => api::Pull::Never,
            },
            network: match self.network {
                None | Some(Network::Bridge) => api::Network::Bridge,
                Some(Network::Host) => api::Network::Host,
                Some(Network::None) => api::Network::None,
            },
            command: (!self.command.is_empty()).then(|| self.command.clone()),
            user: self.user.clone(),
            mounts: self.mounts.iter().cloned().chain(in_memory).collect(),
            capabilities: self.capabilities.clone(),
            read_only_root: self.read_only,
            stop_grace_s: self.stop_grace,
            ports: ports.clone(),
            ..Container::new(image)
        };
        let mut held: Vec<u16> = ports.into_iter().map(|mapping| mapping.host).collect();
        held.sort_unstable();
        held.dedup();
        Ok(Some((container, held)))
    }

    /// The ports, each of the node's chosen out of the offer where none was said.
    fn mapped(&self, offer: &Offer) -> Result<Vec<PortMapping>, Failure> {
        let offered = match offer.resources.get(names::PORTS) {
            Some(Value::Ranges(ranges)) => ranges.as_slice(),
            Some(Value::Scalar(_) | Value::Set(_) | Value::Device(_)) | None => &[],
        };
        let said: Vec<u16> = self.ports.iter().filter_map(|port| port.host).collect();
        let free = offered.iter().flat_map(|range| range.start..=range.end);
        let mut free = free.filter(|port| !said.contains(port));
        let mapped = self.ports.iter().map(|port| {
            let host = port.host.or_else(|| free.next()).ok_or_else(|| {
                Failure::Usage(format!(
                    "{} offers too few ports: its operator says which with --ports",
                    offer.agent_name
                ))
            })?;
            Ok(PortMapping {
                host,
                container: port.container,
                protocol: port.protocol,
            })
        });
        mapped.collect()
    }
}

/// What tasks of this image are called unless told: at most 32 bytes.
pub(crate) fn task_name(image: &str) -> String {
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    crate::module_source::task_name(last.split(':').next().unwrap_or_default())
}

fn parse_port(text: &str) -> Result<Port, String> {
    let wanted = || "write a port such as 80, 8080:80 or 5353:53/udp".to_owned();
    let (ports, protocol) = match text.split_once('/') {
        None | Some((_, "tcp")) => (text.trim_end_matches("/tcp"), Transport::Tcp),
        Some((ports, "udp")) => (ports, Transport::Udp),
        Some(_) => return Err(wanted()),
    };
    let number = |text: &str| text.parse().map_err(|_| wanted());
    Ok(match ports.split_once(':') {
        Some((host, container)) => Port {
            host: Some(number(host)?),
            container: number(container)?,
            protocol,
        },
        None => Port {
            host: None,
            container: number(ports)?,
            protocol,
        },
    })
}

fn parse_mount(text: &str) -> Result<Mount, String> {
    let mut parts = text.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(source), Some(target), end @ (None | Some("ro")), None) => Ok(Mount {
            source: Some(source.to_owned()),
            target: target.to_owned(),
            read_only: end.is_some(),
        }),
        _ => Err("write a mount such as /srv/data:/data or /srv/data:/data:ro".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_mounts_are_written_as_for_docker() {
        let port = |host, container, protocol| Port {
            host,
            container,
            protocol,
        };
        let cases = [
            ("80", Some(port(None, 80, Transport::Tcp))),
            ("8080:80", Some(port(Some(8080), 80, Transport::Tcp))),
            ("8080:80/tcp", Some(port(Some(8080), 80, Transport::Tcp))),
            ("5353:53/udp", Some(port(Some(5353), 53, Transport::Udp))),
            ("53/sctp", None),
            ("http", None),
            ("1:2:3", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_port(text).ok(), expected, "{text}");
        }
        let mount = parse_mount("/a:/b:ro").unwrap();
        assert_eq!(mount.source.as_deref(), Some("/a"));
        assert_eq!((mount.target.as_str(), mount.read_only), ("/b", true));
        assert!(!parse_mount("/a:/b").unwrap().read_only);
        for text in ["/a", "/a:/b:rw", "/a:/b:ro:z"] {
            assert!(parse_mount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_task_is_called_as_its_image_is() {
        for (image, name) in [
            ("busybox", "busybox"),
            ("registry.example:5000/group/web:1.2", "web"),
            ("web@sha256:00", "web"),
        ] {
            assert_eq!(task_name(image), name);
        }
    }
}
