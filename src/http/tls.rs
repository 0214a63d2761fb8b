//! TLS: a certificate and its key from files, read again while connections go on.
//!
//! INVARIANT: what is in use was read whole, its key fits it, and it was good at that moment; a file that
//! can't be used changes nothing.
//! A connection keeps what it began with.
//!
//! Rejected: asking clients for certificates (access keys say who asks), and ACME (a service of somebody
//! else in the way of a start; its programs write the two files this reads).

mod validity;

use crate::config::TlsConfig;
use crate::domain::Timestamp;
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
    /// The period of a certificate can't be read.
    #[error("certificate {number} of `{}` does not say how long it is good", certificate.display())]
    NoPeriod {
        /// The certificate's file.
        certificate: PathBuf,
        /// Which of the file, from 1.
        number: usize,
    },
    /// A certificate's time is over: no client would take it.
    #[error("certificate {number} of `{}` expired at {end}", certificate.display())]
    Expired {
        /// The certificate's file.
        certificate: PathBuf,
        /// Which of the file, from 1.
        number: usize,
        /// Its last moment.
        end: Timestamp,
    },
    /// A certificate's time has not come: no client would take it yet.
    #[error(
        "certificate {number} of `{}` is good from {start} on, and it is {now} by this machine's clock",
        certificate.display()
    )]
    TooEarly {
        /// The certificate's file.
        certificate: PathBuf,
        /// Which of the file, from 1.
        number: usize,
        /// Its first moment.
        start: Timestamp,
        /// When it was read.
        now: Timestamp,
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
    /// When the first of its certificates is over.
    end: Timestamp,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads certificate and key, which must be good at `now`.
    ///
    /// # Errors
    /// They can't be read, don't belong together, or the certificate's time is over or has not come.
    pub fn read(files: &TlsConfig, now: Timestamp) -> Result<Self, TlsError> {
        let stamps = stamps(files);
        let current = ArcSwap::from_pointee(Current::read(files, now)?);
        let watch = Mutex::new(Watch::new(stamps));
        Ok(Self { files: files.clone(), current, watch, is_refused: AtomicBool::new(false) })
    }

    /// What a new connection is taken in with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.load().acceptor.clone()
    }

    /// When the first certificate of the chain in use is over.
    pub fn end(&self) -> Timestamp {
        self.current.load().end
    }

    /// True while what was read last can't be used and older files go on.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::Relaxed)
    }

    /// Reads both files again and takes what is good into use.
    pub(super) fn reload(&self, now: Timestamp) -> PartReport {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(&mut watch, now)
    }

    /// The same if a file has changed since the last reading and stood still since the last poll.
    pub(super) fn poll(&self, now: Timestamp) -> Option<PartReport> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.settled(stamps(&self.files)).then(|| self.run(&mut watch, now))
    }

    fn run(&self, watch: &mut Watch, now: Timestamp) -> PartReport {
        // Taken before reading: what changes meanwhile differs at the next poll.
        *watch = Watch::new(stamps(&self.files));
        let report = |outcome, faults| PartReport { part: PART.to_owned(), outcome, faults };
        let read = Current::read(&self.files, now);
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
    fn read(files: &TlsConfig, now: Timestamp) -> Result<Self, TlsError> {
        let TlsConfig { certificate, key } = files;
        let (chain, secret) = (bytes(certificate)?, bytes(key)?);
        let digest = Sha256::new().chain_update(&*chain).chain_update(&*secret).finalize().into();
        let pem = |path: &Path, what, source| TlsError::Pem { path: path.to_owned(), what, source };
        let chain = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<Vec<_>, _>>()
            .and_then(|all| if all.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(all) })
            .map_err(|source| pem(certificate, "certificate", source))?;
        let periods: Vec<_> = chain.iter().map(|one| validity::validity(one)).collect();
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
        let end = first_end(&periods, certificate, now)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), digest, end })
    }
}

/// When the first of a chain's certificates is over, all of which must be good at `now`.
fn first_end(
    periods: &[Option<(Timestamp, Timestamp)>],
    file: &Path,
    now: Timestamp,
) -> Result<Timestamp, TlsError> {
    let mut first_end = None;
    for (number, period) in (1..).zip(periods) {
        let certificate = file.to_owned();
        let Some((start, end)) = *period else {
            return Err(TlsError::NoPeriod { certificate, number });
        };
        if end < now {
            return Err(TlsError::Expired { certificate, number, end });
        }
        if start > now {
            return Err(TlsError::TooEarly { certificate, number, start, now });
        }
        first_end = first_end.map_or(Some(end), |first: Timestamp| Some(first.min(end)));
    }
    first_end.ok_or_else(|| TlsError::NoPeriod { certificate: file.to_owned(), number: 1 })
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

    fn today() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
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
        let tls = Tls::read(&files, today()).unwrap();
        assert_eq!(tls.reload(today()).outcome, PartOutcome::Unchanged);
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
            let report = tls.reload(today());
            assert_eq!(report.outcome, PartOutcome::Refused, "{told}");
            assert!(report.faults[0].message.contains(told), "{:?}", report.faults);
            assert!(!report.faults[0].message.contains("PRIVATE KEY-----"));
            assert_eq!(digest(), before);
        }
        fs::remove_file(&files.key).unwrap();
        assert!(tls.reload(today()).faults[0].message.contains("can't read"));
        put(dir.path(), (&second.0, &second.1));
        assert_eq!(tls.reload(today()).outcome, PartOutcome::Replaced);
        assert_ne!(digest(), before);
    }

    #[test]
    fn a_poll_waits_until_a_change_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (made("localhost"), made("localhost"));
        let tls = Tls::read(&put(dir.path(), (&first.0, &first.1)), today()).unwrap();
        assert!(tls.poll(today()).is_none());
        put(dir.path(), (&format!("{}\n", second.0), &second.1));
        assert!(tls.poll(today()).is_none(), "perhaps still being written");
        assert_eq!(tls.poll(today()).unwrap().outcome, PartOutcome::Replaced);
        assert!(tls.poll(today()).is_none());
    }

    #[test]
    fn a_certificate_out_of_its_time_is_refused_and_the_old_one_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let of = |first: i32, last: i32| {
            let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(first, 6, 1);
            params.not_after = rcgen::date_time_ymd(last, 6, 1);
            params.self_signed(&key).unwrap().pem()
        };
        let (good, over, early) = (of(2026, 2027), of(2025, 2026), of(2027, 2028));
        let secret = key.serialize_pem();
        let tls = Tls::read(&put(dir.path(), (&good, &secret)), today()).unwrap();
        assert_eq!(tls.end().to_string(), "2027-06-01T00:00:00Z");
        let chain = format!("{good}{over}");
        for (certificate, told) in [
            (&over, "certificate 1 of"),
            (&over, "expired at 2026-06-01T00:00:00Z"),
            (&early, "is good from 2027-06-01T00:00:00Z on, and it is 2026-11-22T12:00:00Z"),
            (&chain, "certificate 2 of"),
        ] {
            let files = put(dir.path(), (certificate, &secret));
            let report = tls.reload(today());
            assert_eq!(report.outcome, PartOutcome::Refused, "{told}");
            assert!(report.faults[0].message.contains(told), "{:?}", report.faults);
            assert!(tls.is_refused() && tls.end().to_string().starts_with("2027"));
            assert!(Tls::read(&files, today()).is_err(), "a start says it too");
        }
        put(dir.path(), (&early, &secret));
        let then = "2027-06-02T00:00:00Z".parse().unwrap();
        assert_eq!(tls.reload(then).outcome, PartOutcome::Replaced, "its time has come");
    }
}
