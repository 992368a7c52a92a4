//! TLS with real certificates: served, reloaded, refused.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgerm_master::access::Secret;
use edgerm_master::{Config, HttpLimits, Limits, Running, Server, StartError, TlsFiles};
use edgerm_protocol::api::{NewToken, Role};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::http::loopback;

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: master.example\r\n\r\n";

fn files(folder: &TempDir) -> TlsFiles {
    TlsFiles::new(
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    )
}

/// Writes a new certificate over the old one.
fn write(folder: &TempDir) -> CertificateDer<'static> {
    let names = vec!["master.example".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    put(&files(folder).certificate, &cert.pem());
    put(&files(folder).key, &signing_key.serialize_pem());
    cert.der().clone()
}

/// Replaces a file, as those who renew certificates do.
fn put(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}

async fn start(folder: &TempDir, http: HttpLimits) -> Running {
    let config = Config {
        http: loopback(),
        coap: loopback(),
        tls: Some(files(folder)),
        limits: Limits {
            http,
            ..Limits::default()
        },
        ..Config::default()
    };
    Server::start(config).await.unwrap()
}

/// A connection to a master that is shown `trusted`.
async fn connect(
    master: &Running,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(master.http_addr).await.unwrap();
    let name = ServerName::try_from("master.example").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

/// Asks on a connection that stays open.
async fn ask(stream: &mut TlsStream<TcpStream>) {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let read = stream.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_certificate_is_reloaded_while_connections_are_open() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(&folder);
    let master = start(&folder, HttpLimits::default()).await;
    let mut open = connect(&master, &first).await.unwrap();
    ask(&mut open).await;

    let second = write(&folder);
    master.reload_certificate().unwrap();
    ask(&mut open).await;
    ask(&mut connect(&master, &second).await.unwrap()).await;
    assert!(connect(&master, &first).await.is_err());

    // What is no use changes nothing, and says where and why.
    let stranger = KeyPair::generate().unwrap();
    let cases = [
        (
            files(&folder).key,
            stranger.serialize_pem(),
            "is not the key of",
        ),
        (files(&folder).key, "nothing".to_owned(), "private key"),
        (
            files(&folder).certificate,
            "nothing".to_owned(),
            "no certificate",
        ),
    ];
    for (path, text, said) in cases {
        put(&path, &text);
        let refused = master.reload_certificate().unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
        assert!(refused.contains(path.to_str().unwrap()), "{refused}");
        ask(&mut connect(&master, &second).await.unwrap()).await;
    }
    assert_eq!(master.counters()["certificateRefused"], 3);
    master.shutdown().await;
}

#[tokio::test]
async fn a_certificate_that_changes_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder);
    let config = Config {
        http: loopback(),
        coap: loopback(),
        tls: Some(TlsFiles {
            period: Duration::from_millis(100),
            ..files(&folder)
        }),
        ..Config::default()
    };
    let master = Server::start(config).await.unwrap();
    let second = write(&folder);
    while connect(&master, &second).await.is_err() {}
    master.shutdown().await;
}

#[tokio::test]
async fn who_speaks_no_tls_or_none_in_time_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = write(&folder);
    let http = HttpLimits {
        handshake: Duration::from_millis(500),
        ..HttpLimits::default()
    };
    let master = start(&folder, http).await;
    let mut silent = TcpStream::connect(master.http_addr).await.unwrap();
    let mut plain = TcpStream::connect(master.http_addr).await.unwrap();
    plain.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("httpsOnly"), "{answer}");
    ask(&mut connect(&master, &trusted).await.unwrap()).await;
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0, "it was closed");
    let counters = master.counters();
    assert_eq!(counters["handshakeTooSlow"], 1, "{counters:?}");
    assert_eq!(counters["handshakeFailed"], 1, "{counters:?}");
    master.shutdown().await;
}

#[tokio::test]
async fn the_api_beyond_loopback_needs_tls_and_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = write(&folder);
    let everywhere = Config {
        http: ([0, 0, 0, 0], 0).into(),
        coap: loopback(),
        ..Config::default()
    };
    let secret = Secret::from_entropy([1; 32]);
    let (name, role) = ("ops".to_owned(), Role::Operator);
    let tokens = vec![(NewToken::new(name, role), secret.clone())];
    let with_tokens = Config {
        tokens,
        ..everywhere.clone()
    };
    let with_tls = Config {
        tls: Some(files(&folder)),
        ..everywhere.clone()
    };
    for (config, said) in [
        (everywhere, "--tls-cert"),
        (with_tokens.clone(), "--tls-cert"),
        (with_tls.clone(), "edgerm tokens issue"),
    ] {
        let refused = Server::start(config).await.unwrap_err();
        assert!(matches!(refused, StartError::Exposed { .. }));
        assert!(refused.to_string().contains(said), "{refused}");
        assert!(refused.to_string().contains("--insecure"), "{refused}");
    }
    let config = Config {
        tls: with_tls.tls,
        ..with_tokens
    };
    let master = Server::start(config).await.unwrap();
    let mut stream = connect(&master, &trusted).await.unwrap();
    let revoke = format!(
        "DELETE /v1/tokens/ops HTTP/1.1\r\nhost: master.example\r\nconnection: close\r\n\
         authorization: Bearer {}\r\n\r\n",
        secret.as_str()
    );
    stream.write_all(revoke.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("lastOperator"), "{answer}");
    master.shutdown().await;
}
