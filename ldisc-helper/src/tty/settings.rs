//! Line settings as termios: speed, framing, flow control.

use super::ioctl;
use crate::record::{Flow, LineSettings, Parity};
use libc::{c_uint, termios2};
use nix::errno::Errno;
use std::os::fd::AsFd;

/// Both directions at once; what the C library calls CIBAUD is not in `c_cflag`'s words of every target.
const INPUT_SPEED_SHIFT: u32 = 16;

/// Makes it raw, with these settings, and looks whether the driver took them: TCSETS succeeds if it did
/// anything at all (tcsetattr(3)). A speed may be off by 3 %, as a UART may. Where it did not, all is as
/// it was.
pub(crate) fn apply(fd: &impl AsFd, line: LineSettings, pty: bool) -> nix::Result<()> {
    let before = ioctl::termios(fd)?;
    let mut wanted = before;
    make_raw(&mut wanted);
    set(&mut wanted, line);
    ioctl::set_termios(fd, &wanted)?;
    // A pseudo-terminal has no framing and says so by keeping 8N1.
    let taken = ioctl::termios(fd)?;
    if pty || is_taken(&wanted, &taken) {
        Ok(())
    } else {
        ioctl::set_termios(fd, &before)?;
        Err(Errno::EINVAL)
    }
}

/// Raw in and out, CLOCAL, CREAD, no HUPCL; a read returns what there is. A break is ignored: as a
/// byte, it could not be told from data.
pub(crate) fn make_raw(value: &mut termios2) {
    value.c_iflag = libc::IGNBRK;
    value.c_oflag = 0;
    value.c_lflag = 0;
    value.c_cflag &= !(libc::CSIZE | libc::PARENB | libc::HUPCL);
    value.c_cflag |= libc::CS8 | libc::CREAD | libc::CLOCAL;
    value.c_cc[libc::VMIN] = 1;
    value.c_cc[libc::VTIME] = 0;
}

fn set(value: &mut termios2, line: LineSettings) {
    let (size, parity, stop, hardware) = control(line);
    value.c_cflag &= !control_mask();
    value.c_cflag |= size | parity | stop | hardware;
    value.c_iflag &= !(libc::IXON | libc::IXOFF | libc::IXANY);
    if line.flow == Flow::XonXoff {
        value.c_iflag |= libc::IXON | libc::IXOFF;
        value.c_cc[libc::VSTART] = 0x11;
        value.c_cc[libc::VSTOP] = 0x13;
    }
    value.c_cflag &= !(libc::CBAUD | libc::CBAUD << INPUT_SPEED_SHIFT);
    value.c_cflag |= libc::BOTHER | libc::BOTHER << INPUT_SPEED_SHIFT;
    value.c_ispeed = line.speed as c_uint;
    value.c_ospeed = line.speed as c_uint;
}

/// The bits of `c_cflag` for size, parity, stop bits and flow control.
fn control(line: LineSettings) -> (c_uint, c_uint, c_uint, c_uint) {
    (
        if line.data_bits == 7 {
            libc::CS7
        } else {
            libc::CS8
        },
        match line.parity {
            Parity::None => 0,
            Parity::Even => libc::PARENB,
            Parity::Odd => libc::PARENB | libc::PARODD,
        },
        if line.stop_bits == 2 { libc::CSTOPB } else { 0 },
        if line.flow == Flow::RtsCts {
            libc::CRTSCTS
        } else {
            0
        },
    )
}

fn control_mask() -> c_uint {
    libc::CSIZE | libc::PARENB | libc::PARODD | libc::CSTOPB | libc::CRTSCTS
}

fn is_taken(wanted: &termios2, taken: &termios2) -> bool {
    let off = wanted.c_ospeed.abs_diff(taken.c_ospeed);
    (wanted.c_cflag ^ taken.c_cflag) & control_mask() == 0
        && u64::from(off) * 100 <= u64::from(wanted.c_ospeed) * 3
}

/// What no driver can be asked for.
pub(crate) fn is_sensible(line: LineSettings) -> bool {
    line.speed > 0 && matches!(line.data_bits, 7 | 8) && matches!(line.stop_bits, 1 | 2)
}

/// For a person: `9600 7E1 rtscts`.
pub(crate) fn describe(line: LineSettings) -> String {
    let parity = match line.parity {
        Parity::None => 'N',
        Parity::Odd => 'O',
        Parity::Even => 'E',
    };
    let flow = match line.flow {
        Flow::None => "",
        Flow::RtsCts => " rtscts",
        Flow::XonXoff => " xonxoff",
    };
    let (speed, size, stop) = (line.speed, line.data_bits, line.stop_bits);
    format!("{speed} {size}{parity}{stop}{flow}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::pty::openpty;

    #[test]
    fn any_speed_and_every_setting() {
        let pair = openpty(None, None).unwrap();
        let line = LineSettings {
            speed: 123_457,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 2,
            flow: Flow::RtsCts,
        };
        apply(&pair.slave, line, true).unwrap();
        let taken = ioctl::termios(&pair.slave).unwrap();
        assert_eq!((taken.c_ispeed, taken.c_ospeed), (123_457, 123_457));
        assert_ne!(taken.c_cflag & libc::CSTOPB, 0);
        assert_ne!(taken.c_cflag & libc::CRTSCTS, 0);
        assert_ne!(taken.c_cflag & libc::CLOCAL, 0);
        assert_eq!(taken.c_cflag & libc::HUPCL, 0);
        assert_eq!(taken.c_lflag, 0);
        assert_eq!((taken.c_cc[libc::VMIN], taken.c_cc[libc::VTIME]), (1, 0));

        let line = LineSettings {
            flow: Flow::XonXoff,
            stop_bits: 1,
            ..line
        };
        apply(&pair.slave, line, true).unwrap();
        let taken = ioctl::termios(&pair.slave).unwrap();
        assert_eq!(taken.c_cflag & (libc::CSTOPB | libc::CRTSCTS), 0);
        assert_eq!(
            taken.c_iflag & (libc::IXON | libc::IXOFF),
            libc::IXON | libc::IXOFF
        );
    }

    #[test]
    fn what_the_driver_does_not_take_is_seen() {
        // A pty keeps 8 bits without parity whatever it is asked for, as a poor driver does.
        let pair = openpty(None, None).unwrap();
        let line = LineSettings {
            data_bits: 7,
            parity: Parity::Even,
            ..LineSettings::default()
        };
        let before = ioctl::termios(&pair.slave).unwrap();
        let faster = LineSettings {
            speed: 1_000_000,
            ..line
        };
        assert_eq!(apply(&pair.slave, faster, false), Err(Errno::EINVAL));
        // As it was: who is at the other end has not changed either.
        let after = ioctl::termios(&pair.slave).unwrap();
        assert_eq!(after.c_ospeed, before.c_ospeed);
        assert_eq!(after.c_lflag, before.c_lflag);
        assert_eq!(apply(&pair.slave, line, true), Ok(()));
        assert_eq!(apply(&pair.slave, LineSettings::default(), false), Ok(()));
    }

    #[test]
    fn a_speed_may_be_off_a_little() {
        let pair = openpty(None, None).unwrap();
        let mut wanted = ioctl::termios(&pair.slave).unwrap();
        let mut taken = wanted;
        wanted.c_ospeed = 115_200;
        taken.c_ospeed = 117_647;
        assert!(is_taken(&wanted, &taken));
        taken.c_ospeed = 9_600;
        assert!(!is_taken(&wanted, &taken));
    }

    #[test]
    fn in_words_and_in_sense() {
        let line = LineSettings::default();
        let parity = Parity::Odd;
        assert_eq!(describe(LineSettings { parity, ..line }), "115200 8O1");
        assert!(!is_sensible(LineSettings { speed: 0, ..line }));
        let data_bits = 5;
        assert!(!is_sensible(LineSettings { data_bits, ..line }));
    }
}
