//! A server, and how all programs get in.

use crate::figures::Used;
use crate::tool;
use anyhow::Result;
use hayes_tests::folder::Folder;
use hayes_tests::site::Site;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// A server on 127.0.0.1.
pub(crate) struct Access {
    pub(crate) port: u16,
    /// What hayesd calls its kind of TLS.
    pub(crate) tls: &'static str,
    /// A PEM file: who has signed its certificate.
    pub(crate) root: String,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
}

impl Access {
    /// As an account's server in hayesd's configuration.
    pub(crate) fn endpoint(&self, site: &Site) -> Result<String> {
        let secret = site.secret("password", self.password)?;
        Ok(format!(
            "{{ host = \"127.0.0.1\", port = {}, tls = \"{}\", user = \"{}\", \
             password = {{ file = \"{}\" }}, plain_auth = true }}",
            self.port,
            self.tls,
            self.user,
            secret.display()
        ))
    }

    /// hayesd's configuration of whom to believe.
    pub(crate) fn roots(&self) -> String {
        format!("[tls]\nroots = \"{}\"\n", self.root)
    }

    /// Runs curl with these arguments, its password in a file of this folder.
    pub(crate) fn curl(&self, folder: &Folder, arguments: &[&str]) -> Result<Option<Used>> {
        let login = format!("user = \"{}:{}\"\n", self.user, self.password);
        let config = folder.write("curl", login)?.display().to_string();
        let mut all = vec!["-q", "-sS", "--fail-early", "--config", &config];
        all.extend(["--cacert", &self.root]);
        all.extend(arguments);
        tool::measure("curl", &all, None)
    }

    /// Writes msmtp's or mpop's configuration, which ends with these lines.
    pub(crate) fn account(&self, folder: &Folder, program: &str, lines: &str) -> Result<()> {
        let tls = if self.tls == "none" { "off" } else { "on" };
        let config = folder.write(
            program,
            format!(
                "account default\nhost 127.0.0.1\nport {}\ntls {tls}\ntls_starttls off\n\
                 tls_trust_file {}\nauth plain\nuser {}\npassword {}\n{lines}",
                self.port, self.root, self.user, self.password
            ),
        )?;
        // It insists on that.
        fs::set_permissions(config, fs::Permissions::from_mode(0o600))?;
        Ok(())
    }
}
