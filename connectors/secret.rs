//! A secret: text that no `Debug`, log line or error ever shows.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A credential or signing key. It prints as `[secret]` and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of the text; surrounding white space (a trailing newline in a secret file) is cut.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(SecretString::from(text.as_ref().trim()))
    }

    /// The text itself, for signing or for an `Authorization` header and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the secret is empty, which never verifies anything.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// Compares in time that depends on neither content nor length: both sides are hashed first.
    pub fn equals(&self, candidate: &[u8]) -> bool {
        use sha2::{Digest, Sha256};
        let ours = Sha256::digest(self.expose().as_bytes());
        let theirs = Sha256::digest(candidate);
        !self.is_empty() && bool::from(ours.as_slice().ct_eq(theirs.as_slice()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// A secret that can be replaced while it is in use. Copies are of the same one.
#[derive(Clone, Debug)]
pub struct Changing(Arc<RwLock<Secret>>);

impl Changing {
    /// Begins with this one.
    pub fn new(secret: Secret) -> Self {
        Self(Arc::new(RwLock::new(secret)))
    }

    /// The newest.
    pub fn newest(&self) -> Secret {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on it is this one.
    pub fn replace(&self, next: Secret) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }
}
