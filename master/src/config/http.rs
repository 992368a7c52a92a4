//! What one may set of the HTTP side: its certificate, and bounds on what callers ask of it.

use std::path::PathBuf;
use std::time::Duration;

use crate::rate::Rate;

/// The files of a server's certificate, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// How often the files are looked at, and read again where they changed: 30 s.
    pub period: Duration,
}

impl TlsFiles {
    /// These files, looked at every 30 s.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            period: Duration::from_secs(30),
        }
    }
}

/// Bounds on what callers of the HTTP API ask of the master. A source is an IPv4 address, or the
/// first 64 bits of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections: 4,096.
    pub connections: usize,
    /// Connections of one source: 512.
    pub source_connections: usize,
    /// Sources whose rates are remembered: 16,384. Beyond them the ones not heard for longest
    /// are forgotten.
    pub sources: usize,
    /// Calls of one source: 5,000 a second, 10,000 at once.
    pub source_rate: Rate,
    /// Calls with one token: 5,000 a second, 10,000 at once.
    pub token_rate: Rate,
    /// Calls of one source without a token that counts: 1 a second, 100 at once.
    pub failures: Rate,
    /// How long a TLS handshake may take: 10 s.
    pub handshake: Duration,
    /// How long the head of a request may take, from the opening of its connection or the answer
    /// before it: 30 s. So long a connection may idle.
    pub head: Duration,
    /// How long a body may be on its way: 30 s. A module of 1 MiB comes over 300 kbit/s in that
    /// time.
    pub body: Duration,
    /// How long a caller may read nothing of its answer: 30 s.
    pub stall: Duration,
    /// Header fields of a request: 64.
    pub headers: usize,
    /// Bytes of the head of a request: 16 KiB.
    pub head_bytes: usize,
    /// Bytes of a body in JSON: 256 KiB. An acceptance of 16 tasks with all that a launch can
    /// carry fits many times.
    pub json: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        let rate = |per_second, burst| Rate { per_second, burst };
        Self {
            connections: 4096,
            source_connections: 512,
            sources: 16_384,
            source_rate: rate(5000, 10_000),
            token_rate: rate(5000, 10_000),
            failures: rate(1, 100),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            headers: 64,
            head_bytes: 16 << 10,
            json: 256 << 10,
        }
    }
}
