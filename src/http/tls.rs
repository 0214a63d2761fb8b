//! TLS: a certificate and its key from files, read again while connections go on.
//!
//! INVARIANT: what is in use was read whole and its key fits it; a file that can't be used changes nothing.
//! A connection keeps what it began with.
//!
//! Rejected: asking clients for certificates (access keys say who asks), and ACME (a service of somebody
//! else in the way of a start; its programs write the two files this reads).

use crate::config::TlsConfig;
use crate::engine::{Fault, PartOutcome, PartReport, Stamps, Watch};
use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use zeroize::Zeroizing;

/// What the part is called in reports, metrics and logs.
const PART: &str = "tls";
/// Longest file read, in bytes: a chain of some certificates has a few thousand.
const MAX_BYTES: u64 = 1 << 20;

/// Why a certificate is not used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A file is longer than any certificate.
    #[error("`{}` is over {MAX_BYTES} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// A file is not PEM, or holds nothing of what is looked for.
    #[error("`{}` holds no {what} in PEM form", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: pem::Error,
    },
    /// The certificate can't be read, or the key is another's or of a kind that can't sign.
    #[error("`{}` and `{}` can't be used together", certificate.display(), key.display())]
    Unfit {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
}

/// The certificate in use and where it comes from.
pub struct Tls {
    files: TlsConfig,
    current: ArcSwap<Current>,
    watch: Mutex<Watch>,
    /// Whether the newest files can't be used.
    is_refused: AtomicBool,
}

struct Current {
    acceptor: TlsAcceptor,
    /// Of both files.
    digest: [u8; 32],
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// They can't be read or don't belong together.
    pub fn read(files: &TlsConfig) -> Result<Self, TlsError> {
        let stamps = stamps(files);
        let current = ArcSwap::from_pointee(Current::read(files)?);
        let watch = Mutex::new(Watch::new(stamps));
        Ok(Self { files: files.clone(), current, watch, is_refused: AtomicBool::new(false) })
    }

    /// What a new connection is taken in with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.load().acceptor.clone()
    }

    /// True while what was read last can't be used and older files go on.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Reads both files again and takes what is good into use.
    pub(super) fn reload(&self) -> PartReport {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&mut watch)
    }

    /// The same if a file has changed since the last reading and stood still since the last poll.
    pub(super) fn poll(&self) -> Option<PartReport> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.settled(stamps(&self.files)).then(|| self.run(&mut watch))
    }

    fn run(&self, watch: &mut Watch) -> PartReport {
        // Taken before reading: what changes meanwhile differs at the next poll.
        *watch = Watch::new(stamps(&self.files));
        let report = |outcome, faults| PartReport { part: PART.to_owned(), outcome, faults };
        let read = Current::read(&self.files);
        self.is_refused.store(read.is_err(), Ordering::Relaxed);
        match read {
            Ok(new) if new.digest == self.current.load().digest => {
                report(PartOutcome::Unchanged, Vec::new())
            }
            Ok(new) => {
                self.current.store(Arc::new(new));
                report(PartOutcome::Replaced, Vec::new())
            }
            Err(error) => report(PartOutcome::Refused, vec![Fault::new(&error)]),
        }
    }
}

fn stamps(files: &TlsConfig) -> Stamps {
    Stamps::of([&files.certificate, &files.key])
}

impl Current {
    fn read(files: &TlsConfig) -> Result<Self, TlsError> {
        let TlsConfig { certificate, key } = files;
        let (chain, secret) = (bytes(certificate)?, bytes(key)?);
        let digest = Sha256::new().chain_update(&*chain).chain_update(&*secret).finalize().into();
        let pem = |path: &Path, what, source| TlsError::Pem { path: path.to_owned(), what, source };
        let chain = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|all| if all.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(all) })
            .map_err(|source| pem(certificate, "certificate", source))?;
        let secret = PrivateKeyDer::from_pem_slice(&secret)
            .map_err(|source| pem(key, "private key", source))?;
        let unfit =
            |source| TlsError::Unfit { certificate: certificate.clone(), key: key.clone(), source };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(unfit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), digest })
    }
}

fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let read = |source| TlsError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(read)?.len() > MAX_BYTES {
        return Err(TlsError::TooLong { path: path.to_owned() });
    }
    std::fs::read(path).map(Zeroizing::new).map_err(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Certificate and key, in PEM.
    fn made(name: &str) -> (String, String) {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    fn put(dir: &Path, (certificate, key): (&str, &str)) -> TlsConfig {
        let files = TlsConfig { certificate: dir.join("tls.crt"), key: dir.join("tls.key") };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        files
    }

    #[test]
    fn what_is_good_takes_the_place_and_what_is_bad_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (made("localhost"), made("vouch.test"));
        let files = put(dir.path(), (&first.0, &first.1));
        let tls = Tls::read(&files).unwrap();
        assert_eq!(tls.reload().outcome, PartOutcome::Unchanged);
        let digest = || tls.current.load().digest;
        let before = digest();
        let broken = second.0.replacen("MII", "MIJ", 1);
        for (certificate, key, told) in [
            ("", &*first.1, "holds no certificate"),
            (&*first.0, "", "holds no private key"),
            ("-----BEGIN CERTIFICATE-----\nMII", &first.1, "holds no certificate"),
            (&second.0, &first.1, "can't be used together"),
            (&broken, &second.1, "can't be used together"),
        ] {
            put(dir.path(), (certificate, key));
            let report = tls.reload();
            assert_eq!(report.outcome, PartOutcome::Refused, "{told}");
            assert!(report.faults[0].message.contains(told), "{:?}", report.faults);
            assert!(!report.faults[0].message.contains("PRIVATE KEY-----"));
            assert_eq!(digest(), before);
        }
        fs::remove_file(&files.key).unwrap();
        assert!(tls.reload().faults[0].message.contains("can't read"));
        put(dir.path(), (&second.0, &second.1));
        assert_eq!(tls.reload().outcome, PartOutcome::Replaced);
        assert_ne!(digest(), before);
    }

    #[test]
    fn a_poll_waits_until_a_change_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (made("localhost"), made("localhost"));
        let tls = Tls::read(&put(dir.path(), (&first.0, &first.1))).unwrap();
        assert!(tls.poll().is_none());
        put(dir.path(), (&format!("{}\n", second.0), &second.1));
        assert!(tls.poll().is_none(), "perhaps still being written");
        assert_eq!(tls.poll().unwrap().outcome, PartOutcome::Replaced);
        assert!(tls.poll().is_none());
    }
}
