//! Disks that fail: a real one with a step that breaks, and a model of one that forgets what was not synced.

use crate::job::files::{Files, Lock, RealFiles};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

/// The real disk, until one step fails.
#[derive(Debug)]
pub(super) struct Broken {
    left: AtomicUsize,
    /// The error of that step; 0: it and all after it fail, since the process is dead.
    code: AtomicI32,
    /// A write that breaks has written half.
    half: bool,
    broken: AtomicBool,
}

impl Broken {
    pub(super) fn fails_at(step: usize, code: i32) -> Self {
        Self {
            left: AtomicUsize::new(step),
            code: AtomicI32::new(code),
            half: true,
            broken: AtomicBool::new(false),
        }
    }

    /// One that never fails, and does not lock.
    pub(super) fn never() -> Self {
        Self::fails_at(usize::MAX, libc::EIO)
    }

    pub(super) fn dies_at(step: usize, half: bool) -> Self {
        Self {
            half,
            ..Self::fails_at(step, 0)
        }
    }

    pub(super) fn fail_in(&self, steps: usize) {
        self.left.store(steps, Ordering::SeqCst);
    }

    /// From this step on, the process is dead for the disk.
    pub(super) fn dies_in(&self, steps: usize) {
        self.code.store(0, Ordering::SeqCst);
        self.fail_in(steps);
    }

    pub(super) fn has_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    fn step(&self) -> io::Result<()> {
        let code = self.code.load(Ordering::SeqCst);
        if code == 0 && self.has_broken() {
            return Err(io::Error::other("dead"));
        }
        match self.left.load(Ordering::SeqCst) {
            usize::MAX => Ok(()),
            0 => {
                self.left.store(usize::MAX, Ordering::SeqCst);
                self.broken.store(true, Ordering::SeqCst);
                Err(io::Error::from_raw_os_error(code.max(1)))
            }
            more => {
                self.left.store(more - 1, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

impl Files for Broken {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealFiles.make_folder(path)
    }

    fn write(&self, path: &Path, bytes: &[&[u8]]) -> io::Result<()> {
        let dead = self.code.load(Ordering::SeqCst) == 0 && self.has_broken();
        self.step().inspect_err(|_| {
            if self.half && !dead {
                let whole = bytes.concat();
                let _ = RealFiles.write(path, &[&whole[..whole.len() / 2]]);
            }
        })?;
        RealFiles.write(path, bytes)
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        RealFiles.overwrite(path, bytes)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        RealFiles.append(path, bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealFiles.sync(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        RealFiles.rename(from, to)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealFiles.sync_folder(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        RealFiles.remove(path)
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        self.step()?;
        RealFiles.read(path, most)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.step()?;
        RealFiles.list(path)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.step()?;
        RealFiles.size(path)
    }

    fn room(&self, path: &Path) -> io::Result<(u64, u64)> {
        self.step()?;
        RealFiles.room(path)
    }

    fn lock(&self, _: &Path) -> io::Result<Lock> {
        self.step()?;
        // The dead hold no lock.
        Ok(Box::new(()))
    }
}

/// A file or a folder: as it is, and as the disk has it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    File { now: Vec<u8>, kept: Vec<u8> },
    Folder { now: Names, kept: Names },
}

type Names = BTreeMap<PathBuf, usize>;

/// A disk in memory. A sync of a file keeps its bytes, a sync of a folder keeps its names; nothing else is
/// sure to be there after a power cut, and all of it may be.
#[derive(Debug)]
pub(super) struct Model {
    nodes: Mutex<Vec<Node>>,
    left: AtomicUsize,
    cut: AtomicBool,
}

impl Default for Model {
    fn default() -> Self {
        Self::of(vec![folder()])
    }
}

fn folder() -> Node {
    Node::Folder {
        now: Names::new(),
        kept: Names::new(),
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Model {
    fn of(nodes: Vec<Node>) -> Self {
        Self {
            nodes: Mutex::new(nodes),
            left: AtomicUsize::new(usize::MAX),
            cut: AtomicBool::new(false),
        }
    }

    /// The power goes before the step of this number.
    pub(super) fn cut_at(&self, step: usize) {
        self.left.store(step, Ordering::SeqCst);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    fn step(&self) -> io::Result<std::sync::MutexGuard<'_, Vec<Node>>> {
        match self.left.load(Ordering::SeqCst) {
            usize::MAX => {}
            0 => {
                self.cut.store(true, Ordering::SeqCst);
                return Err(io::Error::other("no power"));
            }
            more => self.left.store(more - 1, Ordering::SeqCst),
        }
        Ok(self.nodes.lock().unwrap())
    }

    /// What the machine finds when it starts again; luck decides about everything that was not synced.
    pub(super) fn after_power_loss(&self, luck: u64) -> Self {
        let mut luck = luck.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut lucky = || {
            // xorshift64
            luck ^= luck << 13;
            luck ^= luck >> 7;
            luck ^= luck << 17;
            luck & 4 == 0
        };
        let before = self.nodes.lock().unwrap();
        let nodes = before.iter().map(|node| match node {
            Node::File { now, kept } => {
                let bytes = if lucky() { now.clone() } else { kept.clone() };
                Node::File {
                    now: bytes.clone(),
                    kept: bytes,
                }
            }
            Node::Folder { now, kept } => {
                let mut names = Names::new();
                let all: std::collections::BTreeSet<_> = now.keys().chain(kept.keys()).collect();
                for name in all {
                    let from = if lucky() { now } else { kept };
                    if let Some(node) = from.get(name) {
                        names.insert(name.clone(), *node);
                    }
                }
                Node::Folder {
                    now: names.clone(),
                    kept: names,
                }
            }
        });
        Self::of(nodes.collect())
    }
}

fn find(nodes: &[Node], path: &Path) -> io::Result<usize> {
    let mut at = 0;
    for part in path.components().skip(1) {
        match &nodes[at] {
            Node::Folder { now, .. } => {
                at = *now.get(Path::new(&part)).ok_or_else(missing)?;
            }
            Node::File { .. } => return Err(missing()),
        }
    }
    Ok(at)
}

fn names<'a>(nodes: &'a mut [Node], folder: &Path) -> io::Result<&'a mut Names> {
    let at = find(nodes, folder)?;
    match &mut nodes[at] {
        Node::Folder { now, .. } => Ok(now),
        Node::File { .. } => Err(missing()),
    }
}

fn split(path: &Path) -> (&Path, PathBuf) {
    (path.parent().unwrap(), path.file_name().unwrap().into())
}

impl Files for Model {
    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.step()?;
        if find(&nodes, path).is_ok() {
            return Ok(());
        }
        let new = nodes.len();
        nodes.push(folder());
        let (parent, name) = split(path);
        names(&mut nodes, parent)?.insert(name, new);
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[&[u8]]) -> io::Result<()> {
        let whole = bytes.concat();
        // Created, then written, then synced: each may be the last.
        for step in 0..3 {
            let mut nodes = self.step()?;
            let (parent, name) = split(path);
            if step == 0 {
                let new = nodes.len();
                nodes.push(Node::File {
                    now: Vec::new(),
                    kept: Vec::new(),
                });
                if names(&mut nodes, parent)?.insert(name, new).is_some() {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                continue;
            }
            let at = find(&nodes, path)?;
            if let Node::File { now, kept } = &mut nodes[at] {
                let target = if step == 1 { now } else { kept };
                target.clone_from(&whole);
            }
        }
        Ok(())
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        for step in 0..2 {
            let mut nodes = self.step()?;
            let at = find(&nodes, path)?;
            if let Node::File { now, kept } = &mut nodes[at] {
                let target = if step == 0 { now } else { kept };
                target[..bytes.len()].copy_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut nodes = self.step()?;
        let at = find(&nodes, path)?;
        if let Node::File { now, .. } = &mut nodes[at] {
            now.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.step()?;
        let at = find(&nodes, path)?;
        if let Node::File { now, kept } = &mut nodes[at] {
            kept.clone_from(now);
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut nodes = self.step()?;
        let (parent, name) = split(from);
        let node = names(&mut nodes, parent)?
            .remove(&name)
            .ok_or_else(missing)?;
        let (parent, name) = split(to);
        names(&mut nodes, parent)?.insert(name, node);
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.step()?;
        let at = find(&nodes, path)?;
        if let Node::Folder { now, kept } = &mut nodes[at] {
            kept.clone_from(now);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut nodes = self.step()?;
        let (parent, name) = split(path);
        names(&mut nodes, parent)?
            .remove(&name)
            .map(drop)
            .ok_or_else(missing)
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let nodes = self.step()?;
        match &nodes[find(&nodes, path)?] {
            Node::File { now, .. } if now.len() as u64 <= most => Ok(now.clone()),
            _ => Err(missing()),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let mut nodes = self.step()?;
        Ok(names(&mut nodes, path)?.keys().cloned().collect())
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.read(path, u64::MAX).map(|bytes| bytes.len() as u64)
    }

    fn room(&self, _: &Path) -> io::Result<(u64, u64)> {
        drop(self.step()?);
        Ok((1 << 30, 1 << 30))
    }

    fn lock(&self, _: &Path) -> io::Result<Lock> {
        drop(self.step()?);
        Ok(Box::new(()))
    }
}
