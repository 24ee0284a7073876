//! Where an OAuth 2.0 bearer token is fetched.

use super::secret::is_plain;
use super::{Machine, SecretSource};
use serde::Deserialize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where a token is fetched at each login: they live for an hour or so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// A file that somebody else keeps fresh; whose it may be stands at [`SecretSource::read`].
    File(PathBuf),
    /// A program and its arguments, run without a shell; it prints the token.
    Command(Vec<String>),
}

const NOT_HERE: &str = "a token does not stand in the configuration: write { file = \"/PATH\" } or { command = [\"/PROGRAM\"] }";

/// A command has no more words than this.
const MOST_WORDS: usize = 64;

impl TokenSource {
    /// Looks whether this machine has it, without running anything.
    ///
    /// # Errors
    ///
    /// A text for a person.
    pub(super) fn look(&self, machine: &Machine) -> Result<(), String> {
        match self {
            Self::File(path) => SecretSource::File(path.clone()).read(machine).map(drop),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                let about =
                    std::fs::metadata(program).map_err(|error| format!("{program}: {error}"))?;
                if about.is_file() && about.permissions().mode() & 0o111 != 0 {
                    return Ok(());
                }
                Err(format!("{program} is not a program"))
            }
        }
    }
}

fn command(words: Vec<String>) -> Result<TokenSource, &'static str> {
    match words.first() {
        None => return Err("`command` is empty"),
        Some(program) if !Path::new(program).is_absolute() => {
            return Err("`command` does not begin with the absolute path of a program");
        }
        Some(_) => {}
    }
    if words.len() > MOST_WORDS || words.iter().any(|word| word.contains('\0')) {
        return Err("`command` has more than 64 words, or a NUL");
    }
    Ok(TokenSource::Command(words))
}

impl<'de> Deserialize<'de> for TokenSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            file: Option<PathBuf>,
            command: Option<Vec<String>>,
        }

        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = TokenSource;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("{ file = \"/PATH\" } or { command = [\"/PROGRAM\"] }")
            }

            // Not serde's own message: it would repeat the token.
            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<TokenSource, E> {
                Err(E::custom(NOT_HERE))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<TokenSource, A::Error> {
                use serde::de::Error;
                let table = Table::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                match (table.file, table.command) {
                    (Some(path), None) if is_plain(&path) => Ok(TokenSource::File(path)),
                    (Some(_), None) => Err(A::Error::custom("`file` is not an absolute path")),
                    (None, Some(words)) => command(words).map_err(A::Error::custom),
                    _ => Err(A::Error::custom(
                        "exactly one of `file` and `command` is needed",
                    )),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TokenSource, String> {
        #[derive(Deserialize)]
        struct Outer {
            token: TokenSource,
        }
        toml::from_str::<Outer>(&format!("token = {text}"))
            .map(|outer| outer.token)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_file_or_a_command_and_never_the_token_itself() {
        assert_eq!(
            read("{ file = '/run/token' }"),
            Ok(TokenSource::File("/run/token".into()))
        );
        assert_eq!(
            read("{ command = ['/usr/bin/oauth', '--for', 'a b'] }"),
            Ok(TokenSource::Command(vec![
                "/usr/bin/oauth".into(),
                "--for".into(),
                "a b".into()
            ]))
        );
        for (wrong, why) in [
            ("'ya29.Planted'", "does not stand in the configuration"),
            ("{ }", "exactly one"),
            ("{ file = '/a', command = ['/b'] }", "exactly one"),
            ("{ file = 'a' }", "absolute"),
            ("{ command = [] }", "empty"),
            ("{ command = ['oauth'] }", "absolute"),
            ("{ command = ['/a', \"x\\u0000\"] }", "NUL"),
            ("{ command = '/a b' }", "sequence"),
            ("{ shell = '/a b' }", "unknown field `shell`"),
        ] {
            let text = read(wrong).unwrap_err();
            assert!(text.contains(why), "{wrong}: {text}");
            assert!(!text.contains("Planted"), "{text}");
        }
    }
}
