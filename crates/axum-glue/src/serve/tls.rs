//! TLS for a listener, with a certificate that is read anew when its files change.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(10);

/// The certificate and key that a [`Listener`](crate::Listener) speaks TLS with: HTTP/2 and HTTP/1.1, as the
/// client likes (ALPN). Both files are looked at every ten seconds while it is listened on; new ones hold for
/// the next connections. New ones that cannot be used are told in the log, and the old ones stay.
///
/// ```no_run
/// use bongsu_axum_glue::{Listener, Tls};
///
/// # async fn listen() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = Tls::from_files("tls.crt", "tls.key")?;
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8443").await?;
/// let listener = Listener::from(listener).tls(tls);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    files: Arc<Files>,
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or is not in PEM.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The key is of a kind that is not known, or not the certificate's.
    #[error("the key in {} does not go with the certificate in {}: {source}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What was found wrong.
        source: rustls::Error,
    },
}

/// Where certificate and key come from, and what they were last.
#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Tls {
    /// Reads a chain of certificates, the service's own first, and its key, both in PEM.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or used: which, and why.
    pub fn from_files(
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.into(), key.into());
        let current = RwLock::new(Arc::new(read(&certificate, &key)?));
        let files = Arc::new(Files {
            certificate,
            key,
            current,
        });
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| files.mismatch(source))?;
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(files.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            files,
        })
    }

    /// Reads the files again, at once; whoever connects from now on gets what is there.
    ///
    /// # Errors
    ///
    /// As [`Tls::from_files`]; the old certificate stays in force then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(read(&self.files.certificate, &self.files.key)?);
        *self
            .files
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Looks at the files now and then.
    pub(super) async fn follow(self) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = self.changed_at().await;
        loop {
            ticks.tick().await;
            let now = self.changed_at().await;
            if now == seen {
                continue;
            }
            seen = now;
            let tls = self.clone();
            let certificate = self.files.certificate.display();
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(())) => tracing::info!(%certificate, "certificate read anew"),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the new certificate cannot be used, the old one stays");
                }
                Err(_runtime_is_stopping) => return,
            }
        }
    }

    /// When the files were changed, off the runtime: they may lie anywhere.
    async fn changed_at(&self) -> [Option<SystemTime>; 2] {
        let files = Arc::clone(&self.files);
        let look = tokio::task::spawn_blocking(move || {
            let of = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
            [of(&files.certificate), of(&files.key)]
        });
        look.await.unwrap_or_default()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.files.certificate)
            .field("key", &self.files.key)
            .finish_non_exhaustive()
    }
}

impl Files {
    fn mismatch(&self, source: rustls::Error) -> TlsError {
        mismatch(&self.certificate, &self.key, source)
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

fn mismatch(certificate: &Path, key: &Path, source: rustls::Error) -> TlsError {
    TlsError::Mismatch {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let failed = |path: &Path, reason: String| TlsError::File {
        path: path.to_owned(),
        reason,
    };
    let text = |path: &Path| std::fs::read(path).map_err(|error| failed(path, error.to_string()));
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text(certificate)?).collect();
    let chain = chain.map_err(|error| failed(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(failed(certificate, "no certificate in it".to_owned()));
    }
    // An error of PEM names no content, which is a secret here.
    let private = PrivateKeyDer::from_pem_slice(&text(key)?)
        .map_err(|_| failed(key, "no private key in PEM in it".to_owned()))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, private, &provider)
        .map_err(|source| mismatch(certificate, key, source))
}
