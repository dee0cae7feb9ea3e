//! TLS on the public listener, for those without a proxy: one certificate, replaced while connections go on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// A certificate that can be replaced. New connections get the newest; those that are open keep theirs.
#[derive(Debug)]
pub struct Certificate {
    current: RwLock<Arc<CertifiedKey>>,
}

/// Why a certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file that cannot be read, or holds no PEM of the kind.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The two do not belong together, or no connection could be made with them.
    #[error("{certificate} and {key}: {why}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        why: String,
    },
}

impl Certificate {
    /// Reads a certificate with its chain, and its key, both PEM.
    ///
    /// # Errors
    /// [`Unusable`], which names the file and never quotes it.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, Unusable> {
        Ok(Self { current: RwLock::new(Arc::new(read(certificate, key)?)) })
    }

    /// Reads both files again. What was there before stays where they cannot be used.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), Unusable> {
        let next = Arc::new(read(certificate, key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// What makes TLS of a connection: 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub(super) fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        // The process has one provider; whoever comes second finds it there.
        let _ = ring::default_provider().install_default();
        let mut config = rustls::ServerConfig::builder().with_no_client_auth().with_cert_resolver(self);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, Unusable> {
    let file = |path: &Path, why: &dyn std::fmt::Display| Unusable::File {
        path: path.to_owned(),
        why: why.to_string(),
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| file(certificate, &error))?;
    if chain.is_empty() {
        return Err(file(
            certificate,
            &"there is no certificate in it; it begins with -----BEGIN CERTIFICATE-----",
        ));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, &error))?;
    let pair = |error: rustls::Error| Unusable::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why: match error {
            rustls::Error::InconsistentKeys(_) => "the key is not the certificate's".to_owned(),
            other => other.to_string(),
        },
    };
    CertifiedKey::from_der(chain, private, &ring::default_provider()).map_err(pair)
}
