//! Where a module keeps files, and what they are called there.

/// A file system of a module.
#[derive(Clone, Copy, Debug)]
pub struct Volume {
    /// Its folder's name: lower-case letters.
    pub name: &'static str,
    /// What stands before a file's name, compared without regard to case.
    pub prefix: &'static str,
    /// Whether it survives a power cycle.
    pub lasts: bool,
    /// Its size in bytes.
    pub size: u64,
}

/// A file of a module: nothing that it may hold leads out of its volume.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName {
    volume: &'static str,
    name: Vec<u8>,
}

impl FileName {
    /// The file that `text` names on one of `volumes`: behind its prefix, or on the first of them
    /// without. `None` where the name is empty or longer than `longest` bytes.
    pub fn parse(volumes: &'static [Volume], text: &[u8], longest: usize) -> Option<Self> {
        let (volume, name) = split(volumes, text)?;
        let fits = (1..=longest).contains(&name.len());
        fits.then(|| Self::new(volume.name, name))
    }

    /// The file of this name on a volume.
    pub fn new(volume: &'static str, name: &[u8]) -> Self {
        let name = name.to_vec();
        Self { volume, name }
    }

    /// The volume's name.
    pub fn volume(&self) -> &'static str {
        self.volume
    }

    /// The name without prefix, as the equipment wrote it.
    pub fn name(&self) -> &[u8] {
        &self.name
    }
}

/// The volume that a text names by its prefix, or the first one; and the rest of the text.
pub fn split<'a>(
    volumes: &'static [Volume],
    text: &'a [u8],
) -> Option<(&'static Volume, &'a [u8])> {
    let prefixed = volumes.iter().find_map(|volume| {
        let (start, name) = text.split_at_checked(volume.prefix.len())?;
        start
            .eq_ignore_ascii_case(volume.prefix.as_bytes())
            .then_some((volume, name))
    });
    prefixed.or(Some((volumes.first()?, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLUMES: &[Volume] = &[
        Volume {
            name: "ufs",
            prefix: "UFS:",
            lasts: true,
            size: 1,
        },
        Volume {
            name: "ram",
            prefix: "RAM:",
            lasts: false,
            size: 1,
        },
    ];

    #[test]
    fn a_prefix_chooses_the_volume() {
        for (text, volume, name) in [
            ("RAM:a", "ram", "a"),
            ("ram:a", "ram", "a"),
            ("UFS:a", "ufs", "a"),
            ("a", "ufs", "a"),
            ("C:a", "ufs", "C:a"),
        ] {
            let file = FileName::parse(VOLUMES, text.as_bytes(), 80).unwrap();
            assert_eq!(
                (file.volume(), file.name()),
                (volume, name.as_bytes()),
                "{text}"
            );
        }
        for bad in ["", "RAM:", "abcd"] {
            assert_eq!(FileName::parse(VOLUMES, bad.as_bytes(), 3), None, "{bad}");
        }
    }
}
