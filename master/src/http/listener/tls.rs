//! The server's certificate: read from files, and read again where they changed.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::config::TlsFiles;

/// Why a certificate is no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file is no PEM, or has not what it is for.
    #[error("{path} has no {what} in PEM: {error}")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
        /// Why it was not found.
        error: pem::Error,
    },
    /// A file has no certificate.
    #[error("{0} has no certificate in PEM: give the chain, the server's own first")]
    Empty(PathBuf),
    /// The key is of another certificate, or of a kind that is not known.
    #[error("{key} is not the key of {certificate}: {error}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why not.
        error: rustls::Error,
    },
    /// The library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// A certificate that connections to come are shown.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    stamps: [Option<Stamp>; 2],
}

/// What changes of a file when it is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let stamp = |it: Metadata| Self {
            device: it.dev(),
            inode: it.ino(),
            size: it.size(),
            modified: (it.mtime(), it.mtime_nsec()),
        };
        std::fs::metadata(path).ok().map(stamp)
    }
}

impl Certificate {
    /// Reads the files.
    pub(crate) fn open(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let stamps = stamps(&files);
        let key = Arc::new(read(&files, &provider)?);
        Ok(Arc::new(Self {
            files,
            provider,
            current: Mutex::new(Current { key, stamps }),
        }))
    }

    /// TLS 1.2 and 1.3 with this certificate, for HTTP/1.1.
    pub(crate) fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    pub(crate) fn period(&self) -> std::time::Duration {
        self.files.period
    }

    /// Reads the files again where they changed; whether they had. What is no use is told once,
    /// and the certificate stays as it was.
    pub(crate) fn check(&self) -> Result<bool, TlsError> {
        let known = self.lock().stamps;
        if stamps(&self.files) == known {
            return Ok(false);
        }
        self.reload().map(|()| true)
    }

    /// Reads the files again. Where they are no use the certificate stays as it was.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        // Before the files are read: what is written meanwhile is seen the next time.
        let stamps = stamps(&self.files);
        let key = read(&self.files, &self.provider);
        let mut current = self.lock();
        current.stamps = stamps;
        current.key = Arc::new(key?);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.lock().key))
    }
}

fn stamps(files: &TlsFiles) -> [Option<Stamp>; 2] {
    [&files.certificate, &files.key].map(|path| Stamp::of(path))
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let (certificate, key) = (&files.certificate, &files.key);
    let text = slurp(certificate)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| no_pem(certificate, "certificate", error))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(certificate.clone()));
    }
    let private = PrivateKeyDer::from_pem_slice(&slurp(key)?);
    let private = private.map_err(|error| no_pem(key, "private key", error))?;
    warn_of_readers(key);
    CertifiedKey::from_der(chain, private, provider).map_err(|error| TlsError::Pair {
        certificate: certificate.clone(),
        key: key.clone(),
        error,
    })
}

fn slurp(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::Read {
        path: path.to_owned(),
        error,
    })
}

fn no_pem(path: &Path, what: &'static str, error: pem::Error) -> TlsError {
    let path = path.to_owned();
    TlsError::Pem { path, what, error }
}

/// Whoever reads the key can be this master.
fn warn_of_readers(key: &Path) {
    let mode = std::fs::metadata(key).map_or(0, |it| it.mode());
    if mode & 0o077 != 0 {
        let (key, mode) = (key.display(), mode & 0o777);
        tracing::warn!("others than its owner may use {key}, of mode {mode:o}: chmod 600 {key}");
    }
}
