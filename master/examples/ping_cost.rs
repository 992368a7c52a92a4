//! What a ping costs the master: CPU a ping, and memory an agent, with 1,000 agents registered.
//!
//! `cargo run --release -p edgerm-master --example ping_cost`

use std::net::SocketAddr;
use std::time::Instant as Clock;

use edgerm_coap::{Endpoint, Event, Plain, Request};
use edgerm_master::master::Output;
use edgerm_master::{Config, Master};
use edgerm_protocol::codec::{List, Text};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{Ping, Register, Registered, path};
use edgerm_protocol::owned::{Description, Value};
use edgerm_protocol::{BootId, Instant, SessionId, WIRE_VERSION, decode, encode};

const AGENTS: u16 = 1000;
const ROUNDS: u64 = 300;

fn main() -> anyhow::Result<()> {
    let before = resident_kib()?;
    let mut master = Master::new(Config::default(), [1; 32]);
    let mut agents: Vec<(Endpoint, SessionId)> = Vec::new();
    for index in 0..AGENTS {
        let config = edgerm_coap::Config::default();
        let mut endpoint = Endpoint::new(config, Plain, index.into());
        let body = registration(index)?;
        let reply = exchange(&mut master, &mut endpoint, index, 0, path::REGISTER, &body)?;
        let registered: Registered = decode(&reply)?;
        agents.push((endpoint, registered.session));
    }
    let registered = resident_kib()?;

    // Datagrams are made beforehand, so that the master alone is measured.
    let mut busy = std::time::Duration::ZERO;
    for round in 1..=ROUNDS {
        let now = Instant::from_millis(round * 1000);
        let mut datagrams = Vec::new();
        for (index, (endpoint, session)) in (0..AGENTS).zip(&mut agents) {
            let ping = Ping {
                session: *session,
                updates: List::default(),
            };
            let mut buffer = [0; MAX_BODY];
            let body = encode(&ping, &mut buffer)?;
            endpoint.request(now, &Request::post_cbor(&[path::PING], body))?;
            datagrams.push((address(index), endpoint.poll_transmit().unwrap_or_default()));
            endpoint.cancel();
        }
        let start = Clock::now();
        for (from, datagram) in &datagrams {
            master.handle_datagram(now, *from, datagram);
            while let Some(output) = master.poll_output() {
                drop(std::hint::black_box(output));
            }
        }
        busy += start.elapsed();
    }
    let pings = ROUNDS * u64::from(AGENTS);
    println!("{pings} pings of {AGENTS} agents");
    println!(
        "CPU a ping: {:.2} us",
        busy.as_secs_f64() * 1e6 / f64::from(u32::try_from(pings)?)
    );
    println!("resident: {before} KiB empty, {registered} KiB with both ends of {AGENTS} agents");
    println!("          {} KiB after the pings", resident_kib()?);
    Ok(())
}

fn address(index: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 10_000 + index))
}

fn registration(index: u16) -> anyhow::Result<Vec<u8>> {
    let mut description = Description::default();
    for (name, amount) in [("cpus", 1000), ("mem", 65_536), ("tasks", 4)] {
        description
            .resources
            .insert(name.to_owned(), Value::Scalar(amount));
    }
    let description = description.to_bytes()?;
    let name = format!("agent-{index}");
    let register = Register {
        version: WIRE_VERSION,
        name: Text::new(&name)?,
        boot: BootId(1),
        ping_period: 1000,
        description_length: u32::try_from(description.len())?,
        description: Some(&description),
        tasks: List::default(),
    };
    let mut buffer = [0; MAX_BODY];
    Ok(encode(&register, &mut buffer)?.to_vec())
}

fn exchange(
    master: &mut Master,
    endpoint: &mut Endpoint,
    index: u16,
    millis: u64,
    path: &str,
    body: &[u8],
) -> anyhow::Result<Vec<u8>> {
    let now = Instant::from_millis(millis);
    endpoint.request(now, &Request::post_cbor(&[path], body))?;
    while let Some(datagram) = endpoint.poll_transmit() {
        master.handle_datagram(now, address(index), &datagram);
    }
    let mut reply = None;
    while let Some(output) = master.poll_output() {
        if let Output::Transmit { datagram, .. } = output
            && let Ok(Event::Response(_, response)) = endpoint.handle_datagram(now, &datagram)
        {
            reply = Some(response.payload);
        }
    }
    reply.ok_or_else(|| anyhow::anyhow!("the master did not answer agent {index}"))
}

/// Resident memory of this process in KiB, as Linux counts it.
fn resident_kib() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(digits.unwrap_or("0").parse()?)
}
