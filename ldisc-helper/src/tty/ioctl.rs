//! The ioctls of ioctl_tty(2) that we need, as safe functions.

use libc::{c_int, c_uint, termios2};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Raw calls: each takes a descriptor and, where it has one, a pointer to a valid object.
mod raw {
    use super::Counters;
    use libc::{c_int, c_uint, termios2};

    nix::ioctl_read_bad!(get_termios, libc::TCGETS2, termios2);
    nix::ioctl_write_ptr_bad!(set_termios, libc::TCSETS2, termios2);
    nix::ioctl_none_bad!(set_exclusive, libc::TIOCEXCL);
    nix::ioctl_none_bad!(clear_exclusive, libc::TIOCNXCL);
    nix::ioctl_read_bad!(get_exclusive, libc::TIOCGEXCL, c_int);
    nix::ioctl_read_bad!(output_queue, libc::TIOCOUTQ, c_int);
    nix::ioctl_read_bad!(line_status, libc::TIOCSERGETLSR, c_uint);
    nix::ioctl_write_int_bad!(flush, libc::TCFLSH);
    nix::ioctl_read_bad!(get_circuits, libc::TIOCMGET, c_int);
    nix::ioctl_write_ptr_bad!(raise_circuits, libc::TIOCMBIS, c_int);
    nix::ioctl_write_ptr_bad!(drop_circuits, libc::TIOCMBIC, c_int);
    nix::ioctl_none_bad!(break_on, libc::TIOCSBRK);
    nix::ioctl_none_bad!(break_off, libc::TIOCCBRK);
    nix::ioctl_read_bad!(counters, libc::TIOCGICOUNT, Counters);
    nix::ioctl_read_bad!(pty_number, libc::TIOCGPTN, c_uint);
    nix::ioctl_write_int_bad!(pty_peer, libc::TIOCGPTPEER);
}

/// `struct serial_icounter_struct` of linux/serial.h: what the driver has counted.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct Counters {
    circuits: [c_int; 4],
    received: c_int,
    sent: c_int,
    framing: c_int,
    /// Bytes that the UART lost.
    pub(crate) overrun: c_int,
    parity: c_int,
    breaks: c_int,
    /// Bytes that found the TTY's buffer full.
    pub(crate) buffer_overrun: c_int,
    reserved: [c_int; 9],
}

/// Which queue to empty.
#[derive(Clone, Copy)]
pub(crate) enum Queue {
    Input = libc::TCIFLUSH as isize,
    Output = libc::TCOFLUSH as isize,
    Both = libc::TCIOFLUSH as isize,
}

fn number(fd: &impl AsFd) -> RawFd {
    fd.as_fd().as_raw_fd()
}

pub(crate) fn termios(fd: &impl AsFd) -> nix::Result<termios2> {
    // SAFETY: termios2 is plain numbers, for which zero is a value.
    let mut value: termios2 = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the termios2 that the pointer leads to.
    unsafe { raw::get_termios(number(fd), &mut value) }?;
    Ok(value)
}

/// At once (as TCSANOW): never waits for output.
pub(crate) fn set_termios(fd: &impl AsFd, value: &termios2) -> nix::Result<()> {
    // SAFETY: the kernel reads the termios2 that the pointer leads to.
    unsafe { raw::set_termios(number(fd), value) }.map(drop)
}

pub(crate) fn set_exclusive(fd: &impl AsFd, on: bool) -> nix::Result<()> {
    // SAFETY: neither call takes an argument.
    unsafe {
        if on {
            raw::set_exclusive(number(fd))
        } else {
            raw::clear_exclusive(number(fd))
        }
    }
    .map(drop)
}

pub(crate) fn is_exclusive(fd: &impl AsFd) -> nix::Result<bool> {
    let mut value: c_int = 0;
    // SAFETY: the kernel writes one int to the pointer.
    unsafe { raw::get_exclusive(number(fd), &mut value) }?;
    Ok(value != 0)
}

/// Bytes written and not yet sent; without what the UART itself holds.
pub(crate) fn output_queue(fd: &impl AsFd) -> nix::Result<usize> {
    let mut value: c_int = 0;
    // SAFETY: the kernel writes one int to the pointer.
    unsafe { raw::output_queue(number(fd), &mut value) }?;
    Ok(usize::try_from(value).unwrap_or(0))
}

/// Whether the UART itself has nothing left to send; an error where the driver can't tell.
pub(crate) fn transmitter_is_empty(fd: &impl AsFd) -> nix::Result<bool> {
    /// `TIOCSER_TEMT` of linux/serial.h.
    const EMPTY: c_uint = 1;
    let mut value: c_uint = 0;
    // SAFETY: the kernel writes one int to the pointer.
    unsafe { raw::line_status(number(fd), &mut value) }?;
    Ok(value & EMPTY != 0)
}

pub(crate) fn flush(fd: &impl AsFd, queue: Queue) -> nix::Result<()> {
    // SAFETY: the argument is a number, not a pointer.
    unsafe { raw::flush(number(fd), queue as c_int) }.map(drop)
}

/// The bits `TIOCM_*`.
pub(crate) fn circuits(fd: &impl AsFd) -> nix::Result<c_int> {
    let mut value: c_int = 0;
    // SAFETY: the kernel writes one int to the pointer.
    unsafe { raw::get_circuits(number(fd), &mut value) }?;
    Ok(value)
}

/// Raises or drops the circuits of `bits`, leaving the others alone.
pub(crate) fn set_circuits(fd: &impl AsFd, bits: c_int, on: bool) -> nix::Result<()> {
    // SAFETY: the kernel reads one int from the pointer.
    unsafe {
        if on {
            raw::raise_circuits(number(fd), &bits)
        } else {
            raw::drop_circuits(number(fd), &bits)
        }
    }
    .map(drop)
}

pub(crate) fn set_break(fd: &impl AsFd, on: bool) -> nix::Result<()> {
    // SAFETY: neither call takes an argument.
    unsafe {
        if on {
            raw::break_on(number(fd))
        } else {
            raw::break_off(number(fd))
        }
    }
    .map(drop)
}

pub(crate) fn counters(fd: &impl AsFd) -> nix::Result<Counters> {
    let mut value = Counters::default();
    // SAFETY: the kernel fills a serial_icounter_struct, whose layout Counters has.
    unsafe { raw::counters(number(fd), &mut value) }?;
    Ok(value)
}

/// The N of a pseudo-terminal's /dev/pts/N.
pub(crate) fn pty_number(master: &impl AsFd) -> nix::Result<u32> {
    let mut value: c_uint = 0;
    // SAFETY: the kernel writes one unsigned int to the pointer.
    unsafe { raw::pty_number(number(master), &mut value) }?;
    Ok(value)
}

/// Opens the slave of this master, whatever name it has by now.
pub(crate) fn pty_peer(master: &impl AsFd) -> nix::Result<OwnedFd> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: the argument is a number, not a pointer.
    let slave = unsafe { raw::pty_peer(number(master), flags) }?;
    // SAFETY: the kernel has just opened this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(slave) })
}
