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
    /// Where names are paths (`/` between folders, case kept but not told apart): the folders that it
    /// always has. `None`: it has no folders.
    pub folders: Option<&'static [&'static str]>,
}

/// A file or folder of a module: nothing that it may hold leads out of its volume. Where names are paths,
/// `/` separates them, none is at the ends, and the volume itself has the empty name.
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
        fits.then(|| match volume.folders {
            Some(_) => Self::resolve(volumes, &Self::root(volume), name),
            None => Self::new(volume.name, name),
        })
    }

    /// The file of this name on a volume.
    pub fn new(volume: &'static str, name: &[u8]) -> Self {
        let name = name.to_vec();
        Self { volume, name }
    }

    /// The volume itself.
    pub fn root(volume: &'static Volume) -> Self {
        Self::new(volume.name, b"")
    }

    /// What a path names: behind a volume's prefix from its root, else from the folder `at`. `..` goes up
    /// and stays at the root; empty names between two `/` and `.` are none.
    pub fn resolve(volumes: &'static [Volume], at: &Self, text: &[u8]) -> Self {
        let prefixed = prefixed(volumes, text);
        let (volume, start, path) = match prefixed {
            Some((volume, path)) => (volume.name, &b""[..], path),
            None if text.starts_with(b"/") => (at.volume, &b""[..], text),
            None => (at.volume, &at.name[..], text),
        };
        let mut parts: Vec<&[u8]> = parts(start).collect();
        for part in path.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Self::new(volume, &parts.join(&b'/'))
    }

    /// The file or folder of this name in the folder; `None` where that is no name of one.
    pub fn child(&self, name: &[u8]) -> Option<Self> {
        if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
            return None;
        }
        let parts: Vec<&[u8]> = self.parts().chain([name]).collect();
        Some(Self::new(self.volume, &parts.join(&b'/')))
    }

    /// The folder that it is in; the volume itself is in none.
    pub fn parent(&self) -> Option<Self> {
        let mut parts: Vec<&[u8]> = self.parts().collect();
        parts.pop()?;
        Some(Self::new(self.volume, &parts.join(&b'/')))
    }

    /// Its name without the folders before it; empty for the volume itself.
    pub fn last(&self) -> &[u8] {
        self.parts().last().unwrap_or_default()
    }

    /// The names of the folders that lead to it, and its own.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        parts(&self.name)
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

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let parts = path.split(|&byte| byte == b'/');
    parts.filter(|part| !part.is_empty())
}

/// The volume that a text names by its prefix, and the rest of the text.
fn prefixed<'a>(volumes: &'static [Volume], text: &'a [u8]) -> Option<(&'static Volume, &'a [u8])> {
    volumes.iter().find_map(|volume| {
        let (start, name) = text.split_at_checked(volume.prefix.len())?;
        start
            .eq_ignore_ascii_case(volume.prefix.as_bytes())
            .then_some((volume, name))
    })
}

/// The volume that a text names by its prefix, or the first one; and the rest of the text.
pub fn split<'a>(
    volumes: &'static [Volume],
    text: &'a [u8],
) -> Option<(&'static Volume, &'a [u8])> {
    prefixed(volumes, text).or(Some((volumes.first()?, text)))
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
            folders: None,
        },
        Volume {
            name: "ram",
            prefix: "RAM:",
            lasts: false,
            size: 1,
            folders: None,
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

    const DRIVES: &[Volume] = &[
        Volume {
            name: "c",
            prefix: "C:",
            lasts: true,
            size: 1,
            folders: Some(&["Picture"]),
        },
        Volume {
            name: "d",
            prefix: "D:",
            lasts: true,
            size: 1,
            folders: Some(&[]),
        },
    ];

    #[test]
    fn no_path_leads_above_its_volume() {
        let at = FileName::new("c", b"Picture/New");
        for (text, volume, name) in [
            ("a.txt", "c", "Picture/New/a.txt"),
            ("..", "c", "Picture"),
            ("../../../../etc/passwd", "c", "etc/passwd"),
            ("/a", "c", "a"),
            ("c:", "c", ""),
            ("C:/", "c", ""),
            ("d:/x//y/./z/", "d", "x/y/z"),
            ("D:a/../../b", "d", "b"),
            ("", "c", "Picture/New"),
            ("...", "c", "Picture/New/..."),
            ("\\..\\a", "c", "Picture/New/\\..\\a"),
        ] {
            let found = FileName::resolve(DRIVES, &at, text.as_bytes());
            assert_eq!(found, FileName::new(volume, name.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_name_of_one_file_is_no_path() {
        let folder = FileName::new("c", b"Email");
        assert_eq!(folder.child(b"a"), Some(FileName::new("c", b"Email/a")));
        assert_eq!(folder.parent(), Some(FileName::new("c", b"")));
        assert_eq!(FileName::new("c", b"").parent(), None);
        assert_eq!(FileName::new("c", b"x/y").last(), b"y");
        for bad in ["", ".", "..", "a/b", "/", "../x"] {
            assert_eq!(folder.child(bad.as_bytes()), None, "{bad}");
        }
    }
}
