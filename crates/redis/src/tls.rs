//! TLS by the system's certificates, or by those of a private CA.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bongsu_connect::Target;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::error::Error;
use crate::stream::Stream;
use crate::url::Ca;

/// The connector, made at the first connection: the CA's file may come after the process.
#[derive(Clone, Default)]
pub(crate) struct Tls(Arc<Mutex<Option<TlsConnector>>>);

impl Tls {
    pub(crate) async fn wrap(
        &self,
        ca: &Ca,
        target: &Target,
        socket: TcpStream,
    ) -> Result<Stream, Error> {
        let failed = |error: std::io::Error| Error::Tls {
            target: target.to_string(),
            error,
        };
        let name = ServerName::try_from(target.host.clone())
            .map_err(|error| failed(std::io::Error::other(error)))?;
        let connector = self.connector(ca)?;
        let stream = connector.connect(name, socket).await.map_err(failed)?;
        Ok(Box::new(stream))
    }

    fn connector(&self, ca: &Ca) -> Result<TlsConnector, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connector) = &*kept {
            return Ok(connector.clone());
        }
        let config = match ca {
            Ca::System => ClientConfig::with_platform_verifier().map_err(|error| Error::Ca {
                reason: error.to_string(),
            })?,
            Ca::File(file) => private(file)?,
        };
        let connector = TlsConnector::from(Arc::new(config));
        *kept = Some(connector.clone());
        Ok(connector)
    }
}

fn private(file: &Path) -> Result<ClientConfig, Error> {
    let wrong = |why: String| Error::Ca {
        reason: format!("{}: {why}", file.display()),
    };
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(wrong("no certificate in it".to_owned()));
    }
    Ok(ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}
