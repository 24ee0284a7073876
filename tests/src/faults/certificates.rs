//! Certificates with and without faults, for `localhost`.

use crate::folder::Folder;
use anyhow::{Context as _, Result};
use hayesd::clock::{Clock, SystemClock};
use hayesd::net::{Roots, Tls};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// An authority, what it has signed, and what clients make of it.
pub struct Certificates {
    servers: HashMap<&'static str, Arc<ServerConfig>>,
    folder: Folder,
}

impl Certificates {
    /// Makes them all.
    ///
    /// # Errors
    /// The root's file can't be written.
    pub fn new() -> Result<Self> {
        let folder = Folder::new("certificates")?;
        let root_key = KeyPair::generate()?;
        let root_params = authority("hayesd test authority")?;
        let root = root_params.self_signed(&root_key)?;
        folder.write("root.pem", root.pem())?;
        let root = Issuer::new(root_params, root_key);

        let middle_key = KeyPair::generate()?;
        let middle_params = authority("hayesd test intermediate")?;
        let middle_certificate = middle_params.signed_by(&middle_key, &root)?;
        let middle = Issuer::new(middle_params, middle_key);

        let mut servers = HashMap::new();
        for (name, host, from, until) in [
            ("good", "localhost", 2000, 2900),
            ("expired", "localhost", 2000, 2001),
            ("future", "localhost", 2800, 2900),
            ("other-host", "other.example.org", 2000, 2900),
        ] {
            let (key, certificate) = leaf(host, from, until, &root)?;
            servers.insert(name, config(vec![certificate.der().clone()], &key)?);
        }
        let (key, own) = leaf("localhost", 2000, 2900, &middle)?;
        let chain = vec![own.der().clone(), middle_certificate.der().clone()];
        servers.insert("intermediate", config(chain, &key)?);
        servers.insert("no-intermediate", config(vec![own.der().clone()], &key)?);
        let mut long = vec![own.der().clone(), middle_certificate.der().clone()];
        while long.iter().map(|part| part.len()).sum::<usize>() < 64 * 1024 {
            long.push(middle_certificate.der().clone());
        }
        servers.insert("64-kib-chain", config(long, &key)?);
        let key = KeyPair::generate()?;
        let own = CertificateParams::new(vec!["localhost".into()])?.self_signed(&key)?;
        servers.insert("self-signed", config(vec![own.der().clone()], &key)?);
        Ok(Self { servers, folder })
    }

    /// A server's side.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn server(&self, name: &str) -> Result<Arc<ServerConfig>> {
        let found = self.servers.get(name).cloned();
        found.with_context(|| format!("no certificate is called {name}"))
    }

    /// A client's side, which believes the authority; on a machine whose clock was set, or never was.
    ///
    /// # Errors
    /// The root's file can't be read.
    pub fn client(&self, clock_is_set: bool) -> Result<Tls> {
        let clock: Arc<dyn Clock> = if clock_is_set {
            Arc::new(SystemClock)
        } else {
            Arc::new(Unset)
        };
        Ok(Tls::load(
            &Roots::File(self.folder.join("root.pem")),
            clock,
        )?)
    }
}

fn authority(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// Valid from and until the beginning of these years.
fn leaf(
    host: &str,
    from: i32,
    until: i32,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(KeyPair, Certificate)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.signed_by(&key, issuer)?;
    Ok((key, certificate))
}

fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// A clock that nobody ever set.
#[derive(Debug)]
struct Unset;

impl Clock for Unset {
    fn uptime(&self) -> Duration {
        SystemClock.uptime()
    }

    fn boot(&self) -> String {
        String::new()
    }

    fn date(&self) -> Option<SystemTime> {
        None
    }
}
