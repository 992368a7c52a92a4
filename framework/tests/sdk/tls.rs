//! A master with TLS, by a certificate that the client trusts or does not.

use std::net::{Ipv4Addr, SocketAddr};

use edgerm_framework::{Client, Error};
use edgerm_master::{Config, Server, TlsFiles};

#[tokio::test]
async fn a_master_is_trusted_by_the_authority_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let tls = TlsFiles::new(folder.path().join("cert"), folder.path().join("key"));
    std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config {
        http: any,
        coap: any,
        tls: Some(tls),
        ..Config::default()
    };
    let master = Server::start(config).await.unwrap();
    let url = format!("https://localhost:{}", master.http_addr.port());
    let client = || Client::new(&url).unwrap_or_else(|error| unreachable!("{error}"));

    let pem = made.cert.pem();
    let trusting = client().with_authorities(pem.as_bytes()).unwrap();
    assert_eq!(trusting.health().await.unwrap().status, "ok");
    let other = rcgen::generate_simple_self_signed(vec!["other".to_owned()]).unwrap();
    let other = other.cert.pem();
    let doubting = client().with_authorities(other.as_bytes()).unwrap();
    let refused = doubting.health().await.unwrap_err();
    assert!(matches!(refused, Error::Unreachable { .. }), "{refused}");
    assert!(refused.to_string().contains("certificate"), "{refused}");
    let garbage = client().with_authorities(b"no PEM").err();
    assert!(matches!(garbage, Some(Error::Authorities(_))));
    master.shutdown().await;
}
