//! Watches for a device that is not there, or that is someone else's, without polling.

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// Links that are followed from a name to its node, as by the kernel (path_resolution(7) has 40).
const MOST_LINKS: usize = 8;

/// A watch over everything that a name's node hangs on.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    inotify: Inotify,
    /// What is watched, and in a folder which name.
    places: Vec<(WatchDescriptor, Option<OsString>)>,
}

/// One thing to watch: a folder for what happens to a name in it, or a node for what happens to itself.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    name: Option<OsString>,
}

impl Watch {
    /// Begins to watch. Try to open the device only now, or a change in between is missed.
    pub(crate) fn new(path: impl Into<PathBuf>) -> nix::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let mut watch = Self {
            path: path.into(),
            inotify,
            places: Vec::new(),
        };
        watch.renew();
        Ok(watch)
    }

    /// Takes what has happened. If any of it may matter, watches anew and says so: then try again.
    pub(crate) fn take(&mut self) -> bool {
        self.take_but(AddWatchFlags::empty())
    }

    /// The same after the node was closed by us, which is no reason to try again: else each attempt that
    /// fails would be followed by another at once.
    pub(crate) fn take_but_close(&mut self) -> bool {
        self.take_but(AddWatchFlags::IN_CLOSE)
    }

    fn take_but(&mut self, but: AddWatchFlags) -> bool {
        let mut matters = false;
        while let Ok(events) = self.inotify.read_events() {
            matters |= events.iter().any(|event| {
                if event.mask.intersects(but) {
                    return false;
                }
                // The same folder may be watched for two names: a link's and its target's.
                let mut known = self.places.iter().filter(|(place, _)| *place == event.wd);
                match &event.name {
                    Some(changed) => known.any(|(_, name)| name.as_ref() == Some(changed)),
                    // About the place itself, or the queue overflowed: look at everything anew. The end
                    // of a watch is told twice, first by its reason.
                    None => !event.mask.contains(AddWatchFlags::IN_IGNORED),
                }
            });
        }
        if matters {
            self.renew();
        }
        matters
    }

    /// Whether anything is watched at all: folders that can't be read can't be watched.
    pub(crate) fn sees(&self) -> bool {
        !self.places.is_empty()
    }

    fn renew(&mut self) {
        // A folder may come up between looking and watching; then the next look differs.
        let mut before = Vec::new();
        for _ in 0..MOST_LINKS {
            let places = places(&self.path);
            if places == before {
                break;
            }
            self.watch(&places);
            before = places;
        }
        // Told by the watches that went, or about what was there to see a moment ago.
        while self.inotify.read_events().is_ok() {}
    }

    fn watch(&mut self, places: &[Place]) {
        for (place, _) in self.places.drain(..) {
            let _ = self.inotify.rm_watch(place);
        }
        for place in places {
            let what = match place.name {
                Some(_) => {
                    AddWatchFlags::IN_CREATE
                        | AddWatchFlags::IN_MOVE
                        | AddWatchFlags::IN_ATTRIB
                        | AddWatchFlags::IN_DELETE
                        | AddWatchFlags::IN_DELETE_SELF
                        | AddWatchFlags::IN_MOVE_SELF
                }
                None => AddWatchFlags::IN_ATTRIB | AddWatchFlags::IN_CLOSE,
            };
            if let Ok(descriptor) = self.inotify.add_watch(&place.path, what) {
                self.places.push((descriptor, place.name.clone()));
            }
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// What to watch for the node of `path`: the folder of each link on the way to it and of the node
/// itself, the node if it is there, else the nearest folder that is.
fn places(path: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let about = fs::symlink_metadata(&path);
        let Some(place) = nearest(&path) else {
            break;
        };
        places.push(place);
        match about {
            Ok(about) if about.is_symlink() => {
                let Ok(target) = fs::read_link(&path) else {
                    break;
                };
                // An absolute target replaces the folder.
                path = path.parent().unwrap_or(Path::new("/")).join(target);
            }
            Ok(_) => {
                places.push(Place { path, name: None });
                break;
            }
            Err(_) => break,
        }
    }
    places
}

/// The nearest folder above `path` that exists, and the name in it that leads to `path`.
fn nearest(path: &Path) -> Option<Place> {
    let mut below = path;
    for folder in path.ancestors().skip(1) {
        if folder.is_dir() {
            let name = below.strip_prefix(folder).ok()?.as_os_str();
            return Some(Place {
                path: folder.to_owned(),
                name: Some(name.to_owned()),
            });
        }
        below = folder;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Place, Watch, places};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("hayes-ldisc-watch-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn folder(path: impl AsRef<Path>, name: &str) -> Place {
        Place {
            path: path.as_ref().to_owned(),
            name: Some(name.into()),
        }
    }

    #[test]
    fn the_nearest_folder_then_the_path() {
        let folder_ = Folder::new("nearest");
        let dir = &folder_.0;
        let path = dir.join("by-id/usb-x");
        let mut watch = Watch::new(&path).unwrap();
        assert!(watch.sees());
        assert_eq!(places(&path), [folder(dir, "by-id")]);
        assert!(!watch.take());

        fs::write(dir.join("other"), "").unwrap();
        assert!(!watch.take(), "another name in the folder");

        fs::create_dir(dir.join("by-id")).unwrap();
        assert!(watch.take());
        assert!(!watch.take());
        fs::write(&path, "").unwrap();
        assert!(watch.take(), "the path itself");
        fs::set_permissions(
            &path,
            <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o660),
        )
        .unwrap();
        assert!(watch.take(), "its mode");
        drop(fs::File::open(&path).unwrap());
        assert!(watch.take(), "a close may be a release");

        fs::remove_dir_all(dir.join("by-id")).unwrap();
        assert!(watch.take());
        assert_eq!(places(&path), [folder(dir, "by-id")]);
        fs::create_dir(dir.join("by-id")).unwrap();
        assert!(watch.take());
    }

    #[test]
    fn a_link_and_its_target() {
        let folder_ = Folder::new("link");
        let dir = &folder_.0;
        fs::create_dir(dir.join("by-id")).unwrap();
        let path = dir.join("by-id/usb-x");
        let mut watch = Watch::new(&path).unwrap();
        symlink("../node", &path).unwrap();
        assert!(watch.take());
        assert_eq!(
            places(&path),
            [
                folder(dir.join("by-id"), "usb-x"),
                folder(dir.join("by-id/.."), "node")
            ]
        );
        fs::write(dir.join("node"), "").unwrap();
        assert!(watch.take(), "the target came");
        fs::remove_file(dir.join("node")).unwrap();
        assert!(watch.take(), "the target went");
        fs::rename(&path, dir.join("elsewhere")).unwrap();
        assert!(watch.take(), "the link went");
    }

    #[test]
    fn what_a_full_queue_did_not_tell_is_looked_for() {
        let folder = Folder::new("overflow");
        let path = folder.0.join("port");
        let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
        let limit: usize = limit.trim().parse().unwrap();
        let others = ["one", "two"].map(|name| folder.0.join(name));
        let touch = |other: &PathBuf| {
            let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
            fs::set_permissions(other, mode).unwrap();
        };
        others
            .iter()
            .for_each(|other| fs::write(other, "").unwrap());
        for but_close in [false, true] {
            let mut watch = Watch::new(&path).unwrap();
            // Of other names; no two in a row are alike, or they would count as one.
            for _ in 0..=limit / 2 {
                others.iter().for_each(touch);
            }
            fs::write(&path, "").unwrap();
            let told = if but_close {
                watch.take_but_close()
            } else {
                watch.take()
            };
            assert!(told);
            // It is watched from now on.
            fs::remove_file(&path).unwrap();
            assert!(watch.take());
            assert!(!watch.take());
        }
    }

    #[test]
    fn a_loop_of_links_ends() {
        let folder = Folder::new("loop");
        let path = folder.0.join("a");
        symlink("a", &path).unwrap();
        let mut watch = Watch::new(&path).unwrap();
        assert!(watch.sees());
        assert!(!watch.take());
    }
}
