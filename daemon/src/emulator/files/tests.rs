//! Names, space, folders.

use super::*;
use std::path::PathBuf;

const VOLUMES: &[Volume] = &[
    Volume {
        name: "ufs",
        prefix: "UFS:",
        lasts: true,
        size: 100,
        folders: None,
    },
    Volume {
        name: "ram",
        prefix: "RAM:",
        lasts: false,
        size: 10,
        folders: None,
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

fn create(name: FileName, size: u64) -> Op {
    let replace = false;
    Op::Create {
        name,
        size,
        replace,
    }
}

fn put(files: &mut Files, name: &str, bytes: &[u8]) -> Done {
    let (name, size) = (file(name), bytes.len() as u64);
    match files.perform(&create(name, size)).unwrap() {
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
    files.perform(&create(name, 3));
    files.perform(&Op::Append(b"abc".to_vec()));
    assert_eq!(files.place("ufs").unwrap().all().unwrap(), []);
    drop(files);
    let mut files = folder.files();
    assert_eq!(
        files.perform(&Op::Finish),
        Some(Done::Failed(FileError::Disk))
    );
    assert_eq!(put(&mut files, "a", b"abc"), Done::Fine);
    assert_eq!(files.place("ufs").unwrap().all().unwrap(), [(file("a"), 3)]);
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
    files.perform(&create(name, 1));
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

const DRIVES: &[Volume] = &[
    Volume {
        name: "c",
        prefix: "C:",
        lasts: true,
        size: 1000,
        folders: Some(&["Picture", "Email"]),
    },
    Volume {
        name: "d",
        prefix: "D:",
        lasts: true,
        size: 1000,
        folders: Some(&[]),
    },
];

fn drives(folder: &Folder) -> Files {
    Files::open(DRIVES, &folder.0.join("lasting"), &folder.0.join("v")).unwrap()
}

fn path(text: &str) -> FileName {
    let at = FileName::new("c", b"");
    FileName::resolve(DRIVES, &at, text.as_bytes())
}

fn store(files: &mut Files, name: &str, bytes: &[u8]) -> Result<(), FileError> {
    let mut writing = files.begin(&path(name), bytes.len() as u64, false)?;
    writing.append(bytes)?;
    writing.finish()
}

/// Names of folders and files directly in a folder.
fn inside(files: &mut Files, name: &str) -> (Vec<String>, Vec<String>) {
    let Some(Done::Folder { folders, files }) = files.perform(&Op::Folder(path(name))) else {
        panic!("{name} is no folder");
    };
    let text = |name: Vec<u8>| String::from_utf8(name).unwrap();
    let files = files.into_iter().map(|(name, _)| text(name));
    (folders.into_iter().map(text).collect(), files.collect())
}

#[test]
fn folders_keep_the_case_and_do_not_tell_it_apart() {
    let folder = Folder::new("case");
    let mut files = drives(&folder);
    assert_eq!(store(&mut files, "c:/PICTURE/a Ü.Txt", b"abc"), Ok(()));
    assert_eq!(
        store(&mut files, "C:/Picture/A ü.TXT", b"x"),
        Err(FileError::Exists)
    );
    assert_eq!(inside(&mut files, "C:/picture").1, ["a Ü.Txt"]);
    let Some(Done::Found { name, size, .. }) = files.perform(&Op::Look(path("C:/picture/A Ü.tXT")))
    else {
        panic!("not found");
    };
    assert_eq!(name, path("C:/Picture/a Ü.Txt"));
    assert_eq!(size, 3);
    let rename = |from: &str, to: &str| Op::Rename {
        from: path(from),
        to: path(to),
    };
    let recase = rename("C:/Picture/a ü.txt", "C:/Picture/A Ü.TXT");
    assert_eq!(files.perform(&recase), Some(Done::Fine));
    assert_eq!(inside(&mut files, "C:/picture").1, ["A Ü.TXT"]);
    let away = rename("C:/Picture/a ü.txt", "D:/a");
    assert_eq!(
        files.perform(&away),
        Some(Done::Failed(FileError::NotFound))
    );
}

#[test]
fn folders_are_made_listed_and_removed() {
    let folder = Folder::new("folders");
    let mut files = drives(&folder);
    assert_eq!(inside(&mut files, "C:").0, ["Email", "Picture"]);
    let new = path("C:/Email/New");
    assert_eq!(
        files.perform(&Op::MakeFolder(new.clone())),
        Some(Done::Fine)
    );
    assert_eq!(
        files.perform(&Op::MakeFolder(path("c:/email/NEW"))),
        Some(Done::Failed(FileError::Exists))
    );
    assert_eq!(
        files.perform(&Op::MakeFolder(path("C:/none/a"))),
        Some(Done::Failed(FileError::NotFound))
    );
    assert_eq!(store(&mut files, "C:/Email/New/1", b"12"), Ok(()));
    assert_eq!(
        store(&mut files, "C:/Email/New", b"12"),
        Err(FileError::Exists)
    );
    assert_eq!(
        files.perform(&Op::RemoveFolder(new.clone())),
        Some(Done::Failed(FileError::NotEmpty))
    );
    let Some(Done::Files { files: all, space }) = files.perform(&Op::List {
        volume: "c",
        name: None,
    }) else {
        panic!("no list");
    };
    assert_eq!(all, [(path("C:/Email/New/1"), 2)]);
    assert_eq!((space.free, space.total), (998, 1000));
    assert_eq!(
        files.perform(&Op::ClearFolder(new.clone())),
        Some(Done::Fine)
    );
    assert_eq!(files.perform(&Op::RemoveFolder(new)), Some(Done::Fine));
    let root = path("C:");
    assert_eq!(
        files.perform(&Op::RemoveFolder(root)),
        Some(Done::Failed(FileError::NotEmpty))
    );
    files.perform(&Op::RemoveFolder(path("C:/Email")));
    assert_eq!(files.perform(&Op::Clear("c")), Some(Done::Fine));
    assert_eq!(inside(&mut files, "C:").0, ["Email", "Picture"]);
}

#[test]
fn no_path_leaves_its_volume() {
    let folder = Folder::new("paths");
    let mut files = drives(&folder);
    let hostile = FileName::new("d", b"../../../a");
    let writing = files.begin(&hostile, 1, false);
    assert!(writing.is_err(), "there is no folder called `..`");
    for name in [
        "D:/..a",
        "D:/.begun-1",
        "D:/%2E%2E",
        "D:/a\\..\\b",
        "D:/\u{7f}",
    ] {
        assert_eq!(store(&mut files, name, b"x"), Ok(()), "{name}");
    }
    let long = format!("D:/{}", "x".repeat(300));
    assert_eq!(store(&mut files, &long, b"x"), Err(FileError::Disk));
    drop(files);
    let mut files = drives(&folder);
    assert_eq!(inside(&mut files, "D:").1.len(), 5);
    let found: Vec<PathBuf> = fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(found, [folder.0.join("lasting")]);
}

#[test]
fn several_files_are_written_at_a_time_and_share_the_space() {
    let folder = Folder::new("several");
    let mut files = drives(&folder);
    let mut first = files.begin(&path("C:/a"), 400, false).unwrap();
    first.append(&[b'a'; 400]).unwrap();
    assert_eq!(
        files.begin(&path("C:/b"), 601, false).err(),
        Some(FileError::NoSpace)
    );
    let mut second = files.begin(&path("C:/b"), 600, false).unwrap();
    second.append(&[b'b'; 600]).unwrap();
    assert_eq!(second.append(b"b"), Err(FileError::NoSpace));
    assert_eq!(inside(&mut files, "C:").1, Vec::<String>::new());
    drop(second);
    assert_eq!(first.finish(), Ok(()));
    assert_eq!(inside(&mut files, "C:").1, ["a"]);
    let mut again = files.begin(&path("c:/A"), 1, true).unwrap();
    again.append(b"z").unwrap();
    assert_eq!(files.whole(&path("C:/a"), 400).unwrap().len(), 400);
    assert_eq!(again.finish(), Ok(()));
    assert_eq!(files.whole(&path("C:/a"), 400).unwrap(), b"z");
}
