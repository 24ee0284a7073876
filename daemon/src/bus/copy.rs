//! Reading what a caller gave as a descriptor: never on the event loop, never for long.

use super::error::{Refused, Result};
use super::extent;
use crate::service::ErrorKind;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, SockType, getsockopt, recv, sockopt};
use nix::sys::stat::{SFlag, fstat};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// How long a descriptor may take to bring all it has.
const LIMIT: Duration = Duration::from_secs(20);

/// Copies of one user at a time.
const OF_ONE: usize = 4;

/// Copies of all users at a time.
const OF_ALL: usize = 32;

/// Bytes asked for at a time: what a pipe holds.
const PIECE: usize = 64 * 1024;

/// How much is being copied for whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    running: Arc<Mutex<HashMap<u32, usize>>>,
}

/// One copy, counted until it really ends: a file on a dead network file system can hold its thread.
#[derive(Debug)]
struct Counted {
    uid: u32,
    running: Arc<Mutex<HashMap<u32, usize>>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.uid);
            }
        }
    }
}

impl Copies {
    fn count(&self, uid: u32) -> Result<Counted> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = running.values().sum();
        let own = running.entry(uid).or_default();
        if *own >= OF_ONE || all >= OF_ALL {
            let text = "too many descriptors are being read already";
            return Err(Refused::new(ErrorKind::QuotaExceeded, text));
        }
        *own += 1;
        Ok(Counted {
            uid,
            running: self.running.clone(),
        })
    }

    /// Reads a descriptor to its end, at most `most` bytes, for a user.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where it is neither a file nor a pipe nor a stream socket, or can't be read;
    /// `TooLarge`; `Timeout` after 20 s; `QuotaExceeded` where too many are being read.
    pub(super) async fn read(&self, fd: OwnedFd, most: u64, uid: u32) -> Result<Vec<u8>> {
        self.run(uid, move || {
            let mut bytes = Vec::new();
            let keep = |piece: &[u8]| {
                bytes.extend_from_slice(piece);
                Ok(())
            };
            read(&fd, most, 0, Instant::now() + LIMIT, keep)?;
            Ok(bytes)
        })
        .await
    }

    /// The same for a secret, whose traces are wiped.
    pub(super) async fn read_secret(
        &self,
        fd: OwnedFd,
        most: usize,
        uid: u32,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.run(uid, move || {
            // Room for all of it at once: a buffer that grows leaves copies behind.
            let mut bytes = Zeroizing::new(Vec::with_capacity(most));
            let keep = |piece: &[u8]| {
                bytes.extend_from_slice(piece);
                Ok(())
            };
            read(&fd, most as u64, 0, Instant::now() + LIMIT, keep)?;
            Ok(bytes)
        })
        .await
    }

    /// The same into a new file, which is synced; gives its size, which `fits` has judged. Nothing is left
    /// of one that fails.
    pub(super) async fn save(
        &self,
        fd: OwnedFd,
        to: PathBuf,
        most: u64,
        uid: u32,
        fits: impl FnOnce(u64) -> Result<()> + Send + 'static,
    ) -> Result<u64> {
        let work = move || {
            let made = Made {
                path: to,
                kept: false,
            };
            let size = save(&fd, &made.path, most, Instant::now() + LIMIT)?;
            fits(size)?;
            Ok((made, size))
        };
        let (mut made, size) = self.run(uid, work).await?;
        made.kept = true;
        Ok(size)
    }

    /// Does with a descriptor what may block, for a user. `Busy`, `Timeout`, `QuotaExceeded` as above.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        uid: u32,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let counted = self.count(uid)?;
        let (done, result) = oneshot::channel();
        thread::Builder::new()
            .name("copy".into())
            .stack_size(128 * 1024)
            .spawn(move || {
                let _ = done.send(work());
                drop(counted);
            })
            .map_err(|error| {
                Refused::new(
                    ErrorKind::Busy,
                    format!("a thread for the descriptor: {error}"),
                )
            })?;
        match tokio::time::timeout(LIMIT + Duration::from_secs(1), result).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Refused::new(
                ErrorKind::Internal,
                "reading the descriptor broke off",
            )),
            Err(_) => Err(too_slow()),
        }
    }
}

/// A new file, which goes unless it is kept: when nobody waits for it any more, on the thread that made it.
struct Made {
    path: PathBuf,
    kept: bool,
}

impl Drop for Made {
    fn drop(&mut self) {
        if !self.kept {
            // It goes at the next start, if not now.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn too_slow() -> Refused {
    Refused::new(
        ErrorKind::Timeout,
        "the descriptor did not come to its end within 20 s",
    )
}

/// What a descriptor is, and so how it is read without ever blocking on it. Its flags stay as they are:
/// they are the caller's as well.
enum Kind {
    File,
    /// With a pipe of our own: splice can be told not to wait, read can't.
    Pipe(OwnedFd, OwnedFd),
    Socket,
}

fn kind(fd: &OwnedFd) -> Result<Kind> {
    let wrong = |what: &str| {
        Refused::argument(format!(
            "the descriptor is {what}; a file, a pipe or a socket is needed"
        ))
    };
    let failed = |errno: Errno| Refused::argument(format!("the descriptor: {errno}"));
    let flags = OFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GETFL).map_err(failed)?);
    if flags & OFlag::O_ACCMODE == OFlag::O_WRONLY || flags.contains(OFlag::O_PATH) {
        return Err(wrong("not open for reading"));
    }
    let stat = fstat(fd).map_err(failed)?;
    let format = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
    match format {
        SFlag::S_IFREG => Ok(Kind::File),
        SFlag::S_IFIFO => {
            let (ours, into) = nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
            Ok(Kind::Pipe(ours, into))
        }
        // One of datagrams has no end that could be waited for.
        SFlag::S_IFSOCK => match getsockopt(fd, sockopt::SockType).map_err(failed)? {
            SockType::Stream => Ok(Kind::Socket),
            _ => Err(wrong("a socket that is no stream")),
        },
        SFlag::S_IFDIR => Err(wrong("a folder")),
        _ => Err(wrong("a device")),
    }
}

/// Reads it to its end, piece by piece; gives how much it was, with what went already.
fn read(
    fd: &OwnedFd,
    most: u64,
    already: u64,
    end: Instant,
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<u64> {
    let kind = kind(fd)?;
    let too_large = || Refused::new(ErrorKind::TooLarge, format!("more than {most} bytes"));
    let mut size = already;
    if size > most {
        return Err(too_large());
    }
    // It may be a secret.
    let mut piece = Zeroizing::new(vec![0; PIECE]);
    loop {
        let left = end
            .checked_duration_since(Instant::now())
            .ok_or_else(too_slow)?;
        match step(&kind, fd, &mut piece) {
            Ok(0) => return Ok(size),
            Ok(n) => {
                size += n as u64;
                if size > most {
                    return Err(too_large());
                }
                each(&piece[..n])?;
            }
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => wait(fd, left)?,
            Err(errno) => return Err(Refused::argument(format!("the descriptor: {errno}"))),
        }
    }
}

fn save(fd: &OwnedFd, to: &Path, most: u64, end: Instant) -> Result<u64> {
    let failed = |error: std::io::Error| {
        let kind = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EROFS) => ErrorKind::SpoolFull,
            _ => ErrorKind::Internal,
        };
        Refused::new(kind, format!("the spool: {error}"))
    };
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(failed)?;
    // Of pipes and sockets nothing goes this way.
    let copied = extent::copy(fd, &file, most, end).map_err(failed)?;
    let keep = |piece: &[u8]| file.write_all(piece).map_err(failed);
    let size = read(fd, most, copied, end, keep)?;
    file.sync_all().map_err(failed)?;
    Ok(size)
}

fn step(kind: &Kind, fd: &OwnedFd, piece: &mut [u8]) -> nix::Result<usize> {
    match kind {
        Kind::File => nix::unistd::read(fd, piece),
        Kind::Socket => recv(fd.as_raw_fd(), piece, MsgFlags::MSG_DONTWAIT),
        Kind::Pipe(ours, into) => {
            let n = splice(
                fd,
                None,
                into,
                None,
                piece.len(),
                SpliceFFlags::SPLICE_F_NONBLOCK,
            )?;
            let mut filled = 0;
            while filled < n {
                filled += nix::unistd::read(ours, &mut piece[filled..n])?;
            }
            Ok(n)
        }
    }
}

fn wait(fd: &OwnedFd, left: Duration) -> Result<()> {
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(Refused::argument(format!("the descriptor: {errno}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Seek;
    use std::os::unix::net::UnixStream;
    use zbus::DBusError;

    fn name<T: std::fmt::Debug>(result: Result<T>) -> String {
        result
            .unwrap_err()
            .name()
            .as_str()
            .rsplit('.')
            .next()
            .unwrap()
            .to_owned()
    }

    async fn copy(fd: impl Into<OwnedFd>, most: u64) -> Result<Vec<u8>> {
        Copies::default().read(fd.into(), most, 1).await
    }

    fn file(bytes: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!(
            "hayesd-copy-{}-{:?}",
            std::process::id(),
            thread::current().id()
        ));
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[tokio::test]
    async fn files_pipes_and_sockets_are_read_to_their_end() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        assert_eq!(copy(file(&bytes), 300_000).await.unwrap(), bytes);

        let (read, write) = nix::unistd::pipe().unwrap();
        let sent = bytes.clone();
        let writer = thread::spawn(move || File::from(write).write_all(&sent));
        assert_eq!(copy(read, 300_000).await.unwrap(), bytes);
        writer.join().unwrap().unwrap();

        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let sent = bytes.clone();
        let writer = thread::spawn(move || theirs.write_all(&sent));
        assert_eq!(copy(ours, 300_000).await.unwrap(), bytes);
        writer.join().unwrap().unwrap();
    }

    #[tokio::test]
    async fn too_much_is_refused_and_what_is_no_stream_as_well() {
        assert_eq!(name(copy(file(b"12345"), 4).await), "TooLarge");
        assert_eq!(copy(file(b"1234"), 4).await.unwrap(), b"1234");
        assert_eq!(
            name(copy(File::open("/").unwrap(), 4).await),
            "InvalidArgument"
        );
        assert_eq!(
            name(copy(File::open("/dev/null").unwrap(), 4).await),
            "InvalidArgument"
        );
        let (_read, write) = nix::unistd::pipe().unwrap();
        assert_eq!(name(copy(write, 4).await), "InvalidArgument");
        let datagrams = std::os::unix::net::UnixDatagram::unbound().unwrap();
        assert_eq!(name(copy(datagrams, 4).await), "InvalidArgument");
        let path_only = File::options()
            .read(true)
            .custom_flags(libc::O_PATH)
            .open("/")
            .unwrap();
        assert_eq!(name(copy(path_only, 4).await), "InvalidArgument");
    }

    #[test]
    fn a_silent_descriptor_is_given_up_without_changing_its_flags() {
        let (read_end, _write) = nix::unistd::pipe().unwrap();
        let before = fcntl(&read_end, FcntlArg::F_GETFL).unwrap();
        let end = Instant::now() + Duration::from_millis(20);
        let result = read(&read_end, 4, 0, end, |_| Ok(()));
        assert_eq!(name(result), "Timeout");
        assert_eq!(fcntl(&read_end, FcntlArg::F_GETFL).unwrap(), before);
    }

    #[tokio::test]
    async fn a_descriptor_becomes_a_file_or_nothing() {
        let folder = std::env::temp_dir().join(format!("hayesd-save-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let to = folder.join("made");
        let copies = Copies::default();
        let bytes = vec![7; 200_000];
        let refused = copies.save(file(&bytes).into(), to.clone(), 199_999, 1, |_| Ok(()));
        assert_eq!(name(refused.await), "TooLarge");
        assert!(!to.exists());
        let wrong = |size| Err(Refused::argument(format!("{size} bytes")));
        let refused = copies.save(file(&bytes).into(), to.clone(), 200_000, 1, wrong);
        assert_eq!(name(refused.await), "InvalidArgument");
        assert!(!to.exists());
        let size = copies.save(file(&bytes).into(), to.clone(), 200_000, 1, |_| Ok(()));
        assert_eq!(size.await.unwrap(), 200_000);
        assert_eq!(std::fs::read(&to).unwrap(), bytes);

        // One that is not at its beginning, and one whose size nobody knows beforehand.
        let mut late = file(&bytes);
        late.seek(std::io::SeekFrom::Start(150_000)).unwrap();
        let version = File::open("/proc/version").unwrap();
        for (from, expected) in [
            (late, bytes[150_000..].to_vec()),
            (version, std::fs::read("/proc/version").unwrap()),
        ] {
            std::fs::remove_file(&to).unwrap();
            let size = copies.save(from.into(), to.clone(), 200_000, 1, |_| Ok(()));
            assert_eq!(size.await.unwrap(), expected.len() as u64);
            assert_eq!(std::fs::read(&to).unwrap(), expected);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_nobody_waits_for_any_more_goes() {
        let path = std::env::temp_dir().join(format!("hayesd-unwanted-{}", std::process::id()));
        std::fs::write(&path, b"x").unwrap();
        let (done, result) = oneshot::channel();
        drop(result);
        let kept = false;
        let made = path.clone();
        let unsent = done.send(Made { path: made, kept });
        drop(unsent);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn one_user_does_not_take_all_the_room() {
        let copies = Copies::default();
        let held: Vec<_> = (0..OF_ONE).map(|_| copies.count(7).unwrap()).collect();
        assert_eq!(
            name(copies.read(file(b"x").into(), 4, 7).await),
            "QuotaExceeded"
        );
        assert_eq!(copies.read(file(b"x").into(), 4, 8).await.unwrap(), b"x");
        drop(held);
        assert_eq!(copies.read(file(b"x").into(), 4, 7).await.unwrap(), b"x");
    }
}
