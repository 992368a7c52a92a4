//! `edgerm-master`: the master as a program of its own.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use edgerm_master::{Config, Limits, Server, TlsFiles};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The EdgeRM master: hears agents over CoAP, serves frameworks over HTTP.
#[derive(Debug, Parser)]
#[command(name = "edgerm-master", version)]
struct Args {
    /// Where the HTTP API listens.
    #[arg(long, env = "EDGERM_HTTP", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// The certificate of the HTTP API, its chain in PEM. Read again where it changes, and on
    /// SIGHUP.
    #[arg(
        long,
        env = "EDGERM_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, in PEM, readable by its owner alone.
    #[arg(
        long,
        env = "EDGERM_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
    /// A bound on what is held or asked, as docs/limits.md names them. May be said several times;
    /// in EDGERM_LIMITS with commas.
    #[arg(
        long,
        env = "EDGERM_LIMITS",
        value_name = "NAME=VALUE",
        value_delimiter = ','
    )]
    limit: Vec<String>,
    /// Where agents are heard, over UDP.
    #[arg(long, env = "EDGERM_COAP", default_value = "127.0.0.1:5683")]
    coap: SocketAddr,
    /// Take agents and frameworks from beyond loopback that prove nothing.
    #[arg(long, env = "EDGERM_INSECURE", value_parser = clap::builder::FalseyValueParser::new())]
    insecure: bool,
    /// The file with what lasts, which is all that the master knows: made where there is none, with
    /// a folder of modules beside it. Without it everything is gone when the master stops.
    #[arg(long, env = "EDGERM_STORE", value_name = "FILE")]
    store: Option<PathBuf>,
    /// What is logged, as in `info,edgerm_master=debug`. Slow callers are not, unless told.
    #[arg(long, env = "EDGERM_LOG", default_value = "info,hyper=error")]
    log: String,
    /// How the log is written: `json` is a line of JSON for each event.
    #[arg(long, env = "EDGERM_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&args.log)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    let mut limits = Limits::default();
    for limit in &args.limit {
        limits.set(limit)?;
    }
    let tls = args.tls_cert.zip(args.tls_key);
    let mut stop = Stop::listen()?;
    let mut hangup = signal(SignalKind::hangup())?;
    let running = Server::start(Config {
        http: args.http,
        tls: tls.map(|(certificate, key)| TlsFiles::new(certificate, key)),
        limits,
        coap: args.coap,
        insecure: args.insecure,
        store: args.store,
        ..Config::default()
    })
    .await?;
    tell_systemd(NotifyState::Ready);
    loop {
        tokio::select! {
            () = stop.asked() => break,
            _ = hangup.recv() => match running.reload_certificate() {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => tracing::error!("the certificate stays as it was: {error}"),
            },
        }
    }
    tell_systemd(NotifyState::Stopping);
    tracing::info!("stopping");
    running.shutdown().await;
    Ok(())
}

/// Tells systemd, where a unit of `Type=notify` runs this: sd_notify(3).
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd is not told");
    }
}

/// What asks the process to stop: Ctrl-C and SIGTERM.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From here on none of them ends the process by itself.
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Returns once it is asked, for each time anew.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
