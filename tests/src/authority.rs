//! A certificate authority for one test.

use crate::folder::Folder;
use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::PathBuf;

/// A test authority; its root certificate is what a configuration's `[tls] roots` names.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: PathBuf,
}

impl Authority {
    /// Makes one and writes its root certificate, `root.pem`, to `folder`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(folder: &Folder) -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "hayesd test authority");
        let certificate = params.self_signed(&key)?;
        let root = folder.write("root.pem", certificate.pem())?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            root,
        })
    }

    /// The root certificate's file.
    pub fn root(&self) -> &PathBuf {
        &self.root
    }

    /// A key and a chain for a server of these names (DNS names or addresses), in one PEM file, key
    /// first, as Postfix takes it.
    ///
    /// # Errors
    /// A name is no name.
    pub fn server(&self, names: &[&str]) -> Result<String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(names.clone())
            .with_context(|| format!("a certificate for {names:?}"))?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
    }
}
