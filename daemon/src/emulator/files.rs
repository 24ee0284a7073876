//! A module's file systems as folders. For the disk thread: everything here may block.
//!
//! A file's name is encoded so that it is one name of one folder, whatever it holds: bytes other than
//! letters, digits, `_`, `-` and `.` become `%XX`, a leading `.` too.

use super::op::{Done, FileError, Op, Space};
use crate::dialect::Volume;
use crate::dialect::volume::FileName;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file while it is written; no encoded name begins with a dot.
const BEGUN: &str = ".begun";

/// The file systems of one module.
#[derive(Debug)]
pub struct Files {
    folders: Vec<(&'static Volume, PathBuf)>,
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    name: FileName,
    file: File,
    room: u64,
}

impl Files {
    /// Opens the volumes: lasting ones as folders under `lasting`, the others under `volatile`. What was
    /// half written in an earlier life is dropped.
    pub fn open(volumes: &'static [Volume], lasting: &Path, volatile: &Path) -> io::Result<Self> {
        let mut folders = Vec::new();
        for volume in volumes {
            let parent = if volume.lasts { lasting } else { volatile };
            let folder = parent.join(volume.name);
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)?;
            match fs::remove_file(folder.join(BEGUN)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => folders.push((volume, folder)),
            }
        }
        Ok(Self {
            folders,
            begun: None,
        })
    }

    /// Does what an operation on files asks for; `None` for operations of another kind.
    pub fn perform(&mut self, op: &Op) -> Option<Done> {
        let done = match op {
            Op::List { volume, name } => self.list(volume, name.as_ref()),
            Op::Delete(name) => self.delete(name),
            Op::Clear(volume) => self.clear(volume),
            Op::Create { name, size } => self.create(name, *size),
            Op::Append(bytes) => self.append(bytes),
            Op::Finish => self.finish(),
            Op::Abandon => self.abandon(),
            Op::Read {
                name,
                offset,
                length,
            } => self.read(name, *offset, *length),
            Op::Store(_) | Op::Send(_) => return None,
        };
        Some(done.unwrap_or_else(Done::Failed))
    }

    /// All of a file, at most `most` bytes.
    pub fn whole(&self, name: &FileName, most: u64) -> Result<Vec<u8>, FileError> {
        let (_, path) = self.path(name)?;
        let file = File::open(path).map_err(of_io)?;
        if file.metadata().map_err(of_io)?.len() > most {
            return Err(FileError::NoSpace);
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(of_io)?;
        Ok(bytes)
    }

    fn folder(&self, volume: &str) -> Result<(&'static Volume, &Path), FileError> {
        let mut folders = self.folders.iter();
        let found = folders.find(|(it, _)| it.name == volume);
        let (volume, folder) = found.ok_or(FileError::NotFound)?;
        Ok((volume, folder))
    }

    fn path(&self, name: &FileName) -> Result<(&'static Volume, PathBuf), FileError> {
        let (volume, folder) = self.folder(name.volume())?;
        Ok((volume, folder.join(encode(name.name()))))
    }

    /// The files of a volume, ordered by name.
    fn all(&self, volume: &str) -> Result<Vec<(FileName, u64)>, FileError> {
        let (volume, folder) = self.folder(volume)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(of_io)? {
            let entry = entry.map_err(of_io)?;
            let shown = entry.file_name().to_str().and_then(decode);
            if let Some(name) = shown {
                let size = entry.metadata().map_err(of_io)?.len();
                files.push((FileName::new(volume.name, &name), size));
            }
        }
        files.sort();
        Ok(files)
    }

    fn list(&self, volume: &str, name: Option<&FileName>) -> Result<Done, FileError> {
        let total = self.folder(volume)?.0.size;
        let mut files = self.all(volume)?;
        let used: u64 = files.iter().map(|(_, size)| size).sum();
        let free = total.saturating_sub(used);
        if let Some(name) = name {
            files.retain(|(file, _)| file == name);
        }
        let space = Space { free, total };
        Ok(Done::Files { files, space })
    }

    fn delete(&self, name: &FileName) -> Result<Done, FileError> {
        let (volume, path) = self.path(name)?;
        fs::remove_file(&path).map_err(of_io)?;
        self.sync(volume)
    }

    fn clear(&self, volume: &str) -> Result<Done, FileError> {
        for (name, _) in self.all(volume)? {
            let (_, path) = self.path(&name)?;
            fs::remove_file(&path).map_err(of_io)?;
        }
        self.sync(self.folder(volume)?.0)
    }

    fn create(&mut self, name: &FileName, size: u64) -> Result<Done, FileError> {
        let (_, path) = self.path(name)?;
        if path.exists() {
            return Err(FileError::Exists);
        }
        let Done::Files { space, .. } = self.list(name.volume(), None)? else {
            return Err(FileError::Disk);
        };
        if size > space.free {
            return Err(FileError::NoSpace);
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let begun = self.folder(name.volume())?.1.join(BEGUN);
        self.begun = Some(Begun {
            name: name.clone(),
            file: options.open(begun).map_err(of_io)?,
            room: space.free,
        });
        Ok(Done::Fine)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<Done, FileError> {
        let begun = self.begun.as_mut().ok_or(FileError::Disk)?;
        let room = begun.room.checked_sub(bytes.len() as u64);
        begun.room = room.ok_or(FileError::NoSpace)?;
        begun.file.write_all(bytes).map_err(of_io)?;
        Ok(Done::Fine)
    }

    fn finish(&mut self) -> Result<Done, FileError> {
        let begun = self.begun.take().ok_or(FileError::Disk)?;
        let (volume, path) = self.path(&begun.name)?;
        if volume.lasts {
            begun.file.sync_all().map_err(of_io)?;
        }
        let from = path.with_file_name(BEGUN);
        fs::rename(from, path).map_err(of_io)?;
        self.sync(volume)
    }

    fn abandon(&mut self) -> Result<Done, FileError> {
        if let Some(begun) = self.begun.take() {
            let (_, path) = self.path(&begun.name)?;
            fs::remove_file(path.with_file_name(BEGUN)).map_err(of_io)?;
        }
        Ok(Done::Fine)
    }

    fn read(&self, name: &FileName, offset: u64, length: u32) -> Result<Done, FileError> {
        let (_, path) = self.path(name)?;
        let mut file = File::open(path).map_err(of_io)?;
        file.seek(SeekFrom::Start(offset)).map_err(of_io)?;
        let mut bytes = Vec::new();
        file.take(length.into())
            .read_to_end(&mut bytes)
            .map_err(of_io)?;
        Ok(Done::Bytes(bytes))
    }

    /// What has changed in a lasting folder is on disk.
    fn sync(&self, volume: &Volume) -> Result<Done, FileError> {
        if volume.lasts {
            let (_, folder) = self.folder(volume.name)?;
            let folder = File::open(folder).map_err(of_io)?;
            folder.sync_all().map_err(of_io)?;
        }
        Ok(Done::Fine)
    }
}

fn of_io(error: io::Error) -> FileError {
    match error.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileError::NoSpace,
        _ => FileError::Disk,
    }
}

fn encode(name: &[u8]) -> String {
    let mut encoded = String::with_capacity(name.len());
    for (at, &byte) in name.iter().enumerate() {
        let plain =
            byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || (byte == b'.' && at > 0);
        if plain {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The name whose encoding this is; `None` for files of other origin.
fn decode(encoded: &str) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            name.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            name.push(byte);
        }
    }
    (encode(&name) == encoded).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLUMES: &[Volume] = &[
        Volume {
            name: "ufs",
            prefix: "UFS:",
            lasts: true,
            size: 100,
        },
        Volume {
            name: "ram",
            prefix: "RAM:",
            lasts: false,
            size: 10,
        },
    ];

    /// A folder of its own for a test, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("hayesd-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn files(&self) -> Files {
            Files::open(VOLUMES, &self.0.join("lasting"), &self.0.join("volatile")).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn file(text: &str) -> FileName {
        FileName::parse(VOLUMES, text.as_bytes(), 80).unwrap()
    }

    fn put(files: &mut Files, name: &str, bytes: &[u8]) -> Done {
        let (name, size) = (file(name), bytes.len() as u64);
        match files.perform(&Op::Create { name, size }).unwrap() {
            Done::Fine => {}
            other => return other,
        }
        assert_eq!(files.perform(&Op::Append(bytes.to_vec())), Some(Done::Fine));
        files.perform(&Op::Finish).unwrap()
    }

    #[test]
    fn no_name_leaves_its_folder() {
        let folder = Folder::new("names");
        let mut files = folder.files();
        let names = [
            "../../a",
            "..",
            ".",
            "/etc/passwd",
            "a/b",
            "a\0b",
            "%41",
            "\u{e9}",
            ".begun",
        ];
        for name in names {
            assert_eq!(put(&mut files, name, b"x"), Done::Fine, "{name:?}");
            let found = fs::read_dir(folder.0.join("lasting/ufs")).unwrap().count();
            assert_eq!(found, 1, "{name:?}");
            assert_eq!(files.whole(&file(name), 1).unwrap(), b"x");
            assert_eq!(files.perform(&Op::Delete(file(name))), Some(Done::Fine));
        }
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }

    #[test]
    fn a_file_is_seen_only_when_it_is_whole() {
        let folder = Folder::new("whole");
        let mut files = folder.files();
        let name = file("a");
        files.perform(&Op::Create { name, size: 3 });
        files.perform(&Op::Append(b"abc".to_vec()));
        assert_eq!(files.all("ufs").unwrap(), []);
        drop(files);
        let mut files = folder.files();
        assert_eq!(
            files.perform(&Op::Finish),
            Some(Done::Failed(FileError::Disk))
        );
        assert_eq!(put(&mut files, "a", b"abc"), Done::Fine);
        assert_eq!(files.all("ufs").unwrap(), [(file("a"), 3)]);
    }

    #[test]
    fn a_volume_has_its_size() {
        let folder = Folder::new("size");
        let mut files = folder.files();
        assert_eq!(put(&mut files, "RAM:a", b"12345678"), Done::Fine);
        assert_eq!(
            put(&mut files, "RAM:a", b"1"),
            Done::Failed(FileError::Exists)
        );
        assert_eq!(
            put(&mut files, "RAM:b", b"123"),
            Done::Failed(FileError::NoSpace)
        );
        let name = file("RAM:b");
        files.perform(&Op::Create { name, size: 1 });
        let more = files.perform(&Op::Append(b"123".to_vec()));
        assert_eq!(more, Some(Done::Failed(FileError::NoSpace)));
        assert_eq!(files.perform(&Op::Abandon), Some(Done::Fine));
        assert_eq!(files.perform(&Op::Clear("ram")), Some(Done::Fine));
        assert_eq!(put(&mut files, "RAM:b", b"1234567890"), Done::Fine);
    }

    #[test]
    fn files_are_read_in_pieces() {
        let folder = Folder::new("pieces");
        let mut files = folder.files();
        put(&mut files, "a", b"abcde");
        let mut read = |offset| {
            let name = file("a");
            files
                .perform(&Op::Read {
                    name,
                    offset,
                    length: 2,
                })
                .unwrap()
        };
        assert_eq!(read(0), Done::Bytes(b"ab".to_vec()));
        assert_eq!(read(4), Done::Bytes(b"e".to_vec()));
        assert_eq!(read(5), Done::Bytes(vec![]));
        assert_eq!(files.whole(&file("a"), 4), Err(FileError::NoSpace));
        assert_eq!(files.whole(&file("b"), 4), Err(FileError::NotFound));
    }
}
