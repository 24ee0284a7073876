//! Where a secret is kept, and reading it from there.

use super::Machine;
use super::value::parsed_from_string;
use crate::service::Secret;
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use zeroize::Zeroizing;

/// Where a secret is kept. It never stands in the configuration itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A credential that systemd passes (`LoadCredential=`).
    Credential(CredentialName),
    /// A file; see [`SecretSource::read`] for whose it may be.
    File(PathBuf),
}

const NOT_HERE: &str = "a secret does not stand in the configuration: write { file = \"/PATH\" } or { credential = \"NAME\" }";

/// The longest secret, in bytes.
const LONGEST: u64 = 64 * 1024;

impl SecretSource {
    /// Reads the secret; one line end after it is not part of it.
    ///
    /// # Errors
    ///
    /// A text for a person, with the path: it is missing, larger than 64 KiB, empty, not UTF-8, holds
    /// a NUL or a line end, or (for a file) can be read or written by others than its owner: a file
    /// must belong to root or to this user, nobody else may write it, and only root's or this
    /// process's own groups may read it.
    pub fn read(&self, machine: &Machine) -> Result<Secret, String> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Credential(name) => match &machine.credentials {
                Some(folder) => folder.join(&name.0),
                None => {
                    return Err(format!(
                        "credential `{}`: none were passed ($CREDENTIALS_DIRECTORY is not set); \
                         the unit needs LoadCredential={}:…",
                        name.0, name.0
                    ));
                }
            },
        };
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        // O_NONBLOCK: a FIFO must not stop us before we see that it is one.
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(&path)
            .map_err(|error| told(&error))?;
        if matches!(self, Self::File(_)) {
            check_owner(&file, machine).map_err(|what| told(&what))?;
        }
        read_text(file).map_err(|what| told(&what))
    }
}

fn check_owner(file: &File, machine: &Machine) -> Result<(), String> {
    let meta = file.metadata().map_err(|error| error.to_string())?;
    let mode = meta.mode() & 0o777;
    if !meta.is_file() {
        return Err("not a regular file".into());
    }
    if meta.uid() != 0 && !machine.is_own_user(meta.uid()) {
        return Err(format!(
            "belongs to user {}; a secret belongs to root or to the daemon's user",
            meta.uid()
        ));
    }
    if mode & 0o022 != 0 {
        return Err(format!("mode {mode:04o} lets others write it; chmod 0600"));
    }
    if mode & 0o004 != 0 {
        return Err(format!(
            "mode {mode:04o} lets everybody read it; chmod 0600"
        ));
    }
    if mode & 0o040 != 0 && meta.gid() != 0 && !machine.is_own_group(meta.gid()) {
        return Err(format!(
            "mode {mode:04o} lets group {} read it; chmod 0600",
            meta.gid()
        ));
    }
    Ok(())
}

fn read_text(file: File) -> Result<Secret, String> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err("longer than 64 KiB".into());
    }
    secret_text(&bytes)
}

/// Takes a secret as it was handed over: one line end after it is not part of it.
///
/// # Errors
///
/// A text for a person, without a word of it: it is empty, not UTF-8, or holds a NUL or a line end.
pub fn secret_text(bytes: &[u8]) -> Result<Secret, String> {
    let mut text = bytes;
    text = text.strip_suffix(b"\n").unwrap_or(text);
    text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() {
        return Err("empty".into());
    }
    if text.iter().any(|b| matches!(b, 0 | b'\r' | b'\n')) {
        return Err("holds a NUL or more than one line".into());
    }
    let text = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned())?;
    Ok(Secret::new(text.to_owned()))
}

/// The name of a systemd credential: a file name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CredentialName(String);

impl CredentialName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CredentialName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_file_name = !matches!(text, "" | "." | "..") && text.len() <= 255;
        if is_file_name && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/') {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{}` is not the name of a credential",
            text.escape_default()
        ))
    }
}

parsed_from_string!(CredentialName);

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            credential: Option<CredentialName>,
            file: Option<PathBuf>,
        }

        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = SecretSource;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("{ credential = \"NAME\" } or { file = \"/PATH\" }")
            }

            // Not serde's own messages: they would repeat the secret.
            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }

            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }

            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<SecretSource, E> {
                Err(E::custom(NOT_HERE))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<SecretSource, A::Error> {
                use serde::de::Error;
                let table = Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                match (table.credential, table.file) {
                    (Some(name), None) => Ok(SecretSource::Credential(name)),
                    (None, Some(path)) if is_plain(&path) => Ok(SecretSource::File(path)),
                    (None, Some(_)) => Err(A::Error::custom("`file` is not an absolute path")),
                    _ => Err(A::Error::custom(
                        "exactly one of `credential` and `file` is needed",
                    )),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

pub(super) fn is_plain(path: &Path) -> bool {
    path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0)
}
