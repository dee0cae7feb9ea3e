//! TLS on a listener, for those without a proxy: one certificate, replaced while connections go on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};
use tokio_rustls::TlsAcceptor;

use super::purpose::Purpose;
use crate::telemetry::names;

/// A certificate that can be replaced. New connections get the newest; those that are open keep theirs.
#[derive(Debug)]
pub struct Certificate {
    current: RwLock<Arc<CertifiedKey>>,
    /// Set once a listener uses it.
    used_for: OnceLock<Purpose>,
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
        Ok(Self { current: RwLock::new(Arc::new(read(certificate, key)?)), used_for: OnceLock::new() })
    }

    /// Reads both files again. What was there before stays where they cannot be used.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), Unusable> {
        let next = Arc::new(read(certificate, key)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        self.announce();
        Ok(())
    }

    /// The first and the last moment at which a platform accepts it, as far as its dates go.
    pub fn holds(&self) -> Option<(Timestamp, Timestamp)> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let own = current.cert.first()?;
        // Long before the first certificate, and as late as a date in one can be (RFC 5280 §4.1.2.5).
        Some((date(own, 0)?, date(own, LAST_SECOND)?))
    }

    /// Sets the gauge by which an alert can tell ahead.
    fn announce(&self) {
        let name = match self.used_for.get() {
            Some(Purpose::Hooks) => names::CERTIFICATE_EXPIRY,
            Some(Purpose::Admin) => names::ADMIN_CERTIFICATE_EXPIRY,
            None => return,
        };
        if let Some((_, until)) = self.holds() {
            metrics::gauge!(name).set(until.as_second() as f64);
        }
    }

    /// What makes TLS of a connection: 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub(super) fn acceptor(self: Arc<Self>, purpose: Purpose) -> TlsAcceptor {
        // The process has one provider; whoever comes second finds it there.
        let _ = ring::default_provider().install_default();
        let _ = self.used_for.set(purpose);
        self.announce();
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

/// The end of the year 9999 in seconds since the Unix epoch.
const LAST_SECOND: u64 = 253_402_300_799;

/// The date that keeps a certificate from being accepted at this time. Verification looks at the dates before it looks for who signed, so
/// that asking nobody's opinion tells them.
fn date(certificate: &CertificateDer<'_>, at: u64) -> Option<Timestamp> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let nobody = RootCertStore::empty();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
    let date = match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], at, &[]) {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            not_after
        }
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
            not_before, ..
        })) => not_before,
        _ => return None,
    };
    Timestamp::from_second(i64::try_from(date.as_secs()).ok()?).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_from_when_until_when_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let [chain, private] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 2);
        params.not_after = rcgen::date_time_ymd(2026, 3, 4);
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::write(&chain, params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(&private, key.serialize_pem()).unwrap();
        let certificate = Certificate::load(&chain, &private).unwrap();
        let said = |at: &str| at.parse::<Timestamp>().unwrap();
        assert_eq!(certificate.holds(), Some((said("2026-01-02T00:00:00Z"), said("2026-03-04T00:00:00Z"))));
    }
}
