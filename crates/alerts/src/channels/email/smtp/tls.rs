//! Whom to trust: the machine's authorities, and one's own beside them.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::channels::Problem;

/// The machine's roots and those in `ca_pem`.
pub(in super::super) fn trust(ca_pem: Option<&[u8]>) -> Result<Arc<ClientConfig>, Problem> {
    let own = match ca_pem {
        None => Vec::new(),
        Some(pem) => certificates(pem)?,
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = match Verifier::new_with_extra_roots(own.clone(), Arc::clone(&provider)) {
        Ok(verifier) => builder(provider)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        // A slim container has no certificates of its own: the given ones are then all there are.
        Err(_) if !own.is_empty() => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(own);
            builder(provider)?
                .with_root_certificates(roots)
                .with_no_client_auth()
        }
        Err(error) => return Err(Problem::Tls(error.to_string())),
    };
    Ok(Arc::new(config))
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Problem> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Problem::Tls(error.to_string()))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let list = parsed.map_err(|error| Problem::Tls(error.to_string()))?;
    if list.is_empty() {
        return Err(Problem::Tls("no certificate in the PEM".to_owned()));
    }
    Ok(list)
}
