//! TLS: which roots are believed, the handshake, and what its failures mean.

use super::stream::Stream;
use crate::clock::Clock;
use crate::service::{Error, ErrorKind, Fault, Result};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Whose signatures are believed: `[tls] roots`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// The system's; where it has none, Mozilla's as they were when this was built.
    #[default]
    System,
    /// Those in this PEM file, and no others.
    File(PathBuf),
}

/// Makes streams secret. TLS 1.2 and 1.3 by rustls with ring; certificates are always verified.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    roots: Arc<RootCertStore>,
    clock: Arc<dyn Clock>,
}

/// Which versions of TLS are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    /// 1.2 and 1.3.
    All,
    /// 1.2 only: its sessions can be resumed any number of times.
    Tls12,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Loads the roots. It reads files: call it on the disk's thread or before the event loop runs.
    /// InvalidArgument where a file can't be read or holds no certificate.
    pub fn load(roots: &Roots, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::with_roots(read(roots)?, clock)
    }

    fn with_roots(roots: RootCertStore, clock: Arc<dyn Clock>) -> Result<Self> {
        let roots = Arc::new(roots);
        Ok(Self {
            config: Arc::new(configure(&roots, Versions::All)?),
            roots,
            clock,
        })
    }

    /// The same for one conversation: sessions that its connections resume are its own.
    pub(super) fn conversation(&self, versions: Versions) -> Result<Self> {
        Ok(Self {
            config: Arc::new(configure(&self.roots, versions)?),
            ..self.clone()
        })
    }

    /// The clock by which certificates are judged.
    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The handshake, with a time of its own. ClockNotSet, CertificateInvalid, TlsFailed, Timeout.
    pub(super) async fn secure(
        &self,
        stream: Stream,
        host: &str,
        within: Duration,
    ) -> Result<Stream> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{host} is no name that a certificate could be for"),
            )
        })?;
        let (peer, local) = (stream.peer(), stream.local());
        let connector = TlsConnector::from(Arc::clone(&self.config));
        // One time for all of it; afterwards the new stream's deadline holds, and no older one.
        match timeout(within, connector.connect(name, stream.into_io())).await {
            Ok(Ok(secured)) => Ok(Stream::new(secured, peer).from(local)),
            Ok(Err(error)) => Err(self.failed(host, &error)),
            Err(_) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the TLS handshake with {host} took too long"),
            )
            .by(Fault::Server)),
        }
    }

    fn failed(&self, host: &str, error: &io::Error) -> Error {
        let cause = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let kind = match cause {
            Some(rustls::Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            )) if self.clock.date().is_none() => {
                return Error::new(
                    ErrorKind::ClockNotSet,
                    "this machine's clock was never set, so no certificate can be judged",
                );
            }
            Some(rustls::Error::InvalidCertificate(_)) => ErrorKind::CertificateInvalid,
            _ => ErrorKind::TlsFailed,
        };
        let what = match kind {
            ErrorKind::CertificateInvalid => "the certificate of",
            _ => "no TLS with",
        };
        Error::new(kind, format!("{what} {host}: {error}"))
    }
}

fn configure(roots: &Arc<RootCertStore>, versions: Versions) -> Result<ClientConfig> {
    let versions = match versions {
        Versions::All => rustls::DEFAULT_VERSIONS,
        Versions::Tls12 => &[&rustls::version::TLS12],
    };
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .map_err(|error| {
                Error::new(ErrorKind::Internal, format!("TLS can't be set up: {error}"))
            })?
            .with_root_certificates(Arc::clone(roots))
            .with_no_client_auth();
    Ok(config)
}

fn read(roots: &Roots) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "some of the system's root certificates can't be read");
            }
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                tracing::info!("the system has no root certificates; the built-in ones are used");
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
        Roots::File(path) => {
            let bad = |why: &dyn std::fmt::Display| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    format!("the root certificates in {}: {why}", path.display()),
                )
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| bad(&error))? {
                store
                    .add(certificate.map_err(|error| bad(&error))?)
                    .map_err(|error| bad(&error))?;
            }
            if store.is_empty() {
                return Err(bad(&"there are none"));
            }
        }
    }
    Ok(store)
}
