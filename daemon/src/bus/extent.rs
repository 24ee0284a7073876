//! A file's bytes into another file without a way through this process.

use nix::errno::Errno;
use nix::fcntl::copy_file_range;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Instant;

/// Bytes that are copied before the time is looked at.
const PIECE: u64 = 8 << 20;

/// Copies from where a file stands to its end, but not much more than `most` bytes and not after `end`; gives
/// how many bytes went. Where the file system can, they are shared and not copied (btrfs, XFS). There may be
/// more to be read: not every kernel can do this between any two files, and some files (in /proc) don't tell
/// their size. What was copied is on its way to the disk already, so that syncing takes little longer.
///
/// # Errors
/// No room for the copy. Whatever else fails shows again when the rest is read.
pub(super) fn copy(from: impl AsFd, to: &File, most: u64, end: Instant) -> io::Result<u64> {
    let mut size = 0;
    while size <= most && Instant::now() < end {
        let wanted = usize::try_from(PIECE.min(most - size + 1)).unwrap_or(usize::MAX);
        match copy_file_range(from.as_fd(), None, to, None, wanted) {
            Ok(0) => break,
            Ok(count) => {
                begin_to_write(to, size, count as u64);
                size += count as u64;
            }
            Err(Errno::EINTR) => {}
            Err(errno @ (Errno::ENOSPC | Errno::EDQUOT | Errno::EROFS)) => return Err(errno.into()),
            Err(_) => break,
        }
    }
    Ok(size)
}

/// Only a hint: whoever wants it on the disk syncs.
fn begin_to_write(file: &File, at: u64, count: u64) {
    if let (Ok(at), Ok(count)) = (i64::try_from(at), i64::try_from(count)) {
        // SAFETY: it takes numbers only, and an open file.
        unsafe { libc::sync_file_range(file.as_raw_fd(), at, count, libc::SYNC_FILE_RANGE_WRITE) };
    }
}
