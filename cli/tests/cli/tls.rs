//! A master behind TLS, with a certificate that signed itself.

use edgerm_master::{Config, Server, TlsFiles};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::runtime::Runtime;

use crate::cluster::say;

#[test]
fn a_certificate_of_ones_own_is_named_with_ca() {
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles::new(
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    let names = vec!["127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    std::fs::write(&files.certificate, cert.pem()).unwrap();
    std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
    let authority = files.certificate.to_str().unwrap().to_owned();

    let runtime = Runtime::new().unwrap();
    let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        http: loopback,
        coap: loopback,
        tls: Some(files),
        ..Config::default()
    };
    let master = runtime.block_on(Server::start(config)).unwrap();
    let url = format!("https://{}", master.http_addr);

    let refused = say(&["agents", "--master", &url]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("--ca FILE"), "{refused:?}");
    say(&["agents", "--master", &url, "--ca", &authority]).ok();
    runtime.block_on(master.shutdown());
}
