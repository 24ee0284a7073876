//! Files by XMODEM and copies of files (reference sections 8.2 and 8.6).

use super::Module;
use crate::emulator::{Done, Op};
use hayes_ldisc::discipline::Cause;
use std::time::Duration;

const SOH: u8 = 0x01;
const EOT: u8 = 0x04;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const CAN: u8 = 0x18;

impl Module {
    /// A data mode that waits for so many bytes gets them; what is said then, as it is.
    fn packet(&mut self, bytes: &[u8]) -> Vec<u8> {
        let data = self.data.as_ref().unwrap();
        assert_eq!(data.ends.length, Some(bytes.len() as u64));
        let mut out = Vec::new();
        self.engine.data(bytes, &mut out);
        self.engine.end(2, Cause::Length, &mut out);
        self.perform(out);
        std::mem::take(&mut self.said)
    }

    /// It gets none for its time.
    fn silence(&mut self) -> Vec<u8> {
        assert!(self.data.as_ref().unwrap().ends.idle.is_some());
        let mut out = Vec::new();
        self.engine.end(2, Cause::Idle, &mut out);
        self.perform(out);
        std::mem::take(&mut self.said)
    }
}

/// 8.6: `OK`, then the host sends NAK; packets of 128 bytes with their sum, the last filled up with 0x1A; EOT.
#[test]
fn a_file_goes_by_xmodem() {
    let mut module = Module::new();
    module.put_file("C:/a", 130);
    assert_eq!(module.line("AT+CTXFILE=\"a\""), "OK");
    let first = module.packet(&[NAK]);
    assert_eq!(first.len(), 132);
    assert_eq!(first[..4], [SOH, 1, 0xFE, b'x']);
    let again = module.packet(&[NAK]);
    assert_eq!(again, first);
    assert_eq!(module.silence(), first);
    let second = module.packet(&[ACK]);
    assert_eq!(second[..6], [SOH, 2, 0xFD, b'x', b'x', 0x1A]);
    assert_eq!(module.packet(&[ACK]), [EOT]);
    assert_eq!(module.packet(&[ACK]), b"");
    assert!(module.data.is_none());
    module.ok("AT");
}

/// The same with `C`: then the check is CRC-16.
#[test]
fn the_equipment_may_ask_for_crc() {
    let mut module = Module::new();
    module.put_file("C:/a", 1);
    module.line("AT+CTXFILE=\"a\"");
    assert_eq!(module.packet(b"C").len(), 133);
    // Two CAN cancel.
    assert_eq!(module.packet(&[CAN]), b"");
    assert_eq!(module.packet(&[CAN]), b"");
    module.ok("AT");
}

/// 8.6: the module sends `C`; the host sends packets of 128 bytes with CRC-16.
#[test]
fn a_file_comes_by_xmodem() {
    let mut module = Module::new();
    assert_eq!(module.line("AT+CRXFILE=\"b\""), "OK|C");
    assert_eq!(
        module.data.as_ref().unwrap().ends.idle,
        Some(Duration::from_secs(3))
    );
    assert_eq!(module.silence(), b"C");
    for number in [1, 2] {
        assert_eq!(module.packet(&[SOH]), b"");
        let mut body = vec![number, !number];
        body.extend([0; 128]);
        // The CRC of zeros is zero.
        body.extend([0, 0]);
        assert_eq!(module.packet(&body), [ACK]);
    }
    assert_eq!(module.packet(&[EOT]), [ACK]);
    assert!(module.line("AT+FSATTRI=b").starts_with("+FSATTRI: 256, "));
    assert_eq!(module.line("AT+CRXFILE=\"b\""), "FILE IS EXISTING|ERROR");
    assert_eq!(module.line("AT+CTXFILE=\"c\""), "FILE NOT EXISTING|ERROR");
}

#[test]
fn half_of_a_file_is_none() {
    for how in [Cause::Hangup, Cause::Dtr] {
        let mut module = Module::new();
        module.line("AT+CRXFILE=\"b\"");
        module.packet(&[SOH]);
        let body = [&[1, 0xFE][..], &[0; 130]].concat();
        assert_eq!(module.packet(&body), [ACK]);
        let mut out = Vec::new();
        module.engine.end(2, how, &mut out);
        module.perform(out);
        assert_eq!(module.line("AT+FSATTRI=b"), "ERROR");
    }
    let mut module = Module::new();
    module.line("AT+CRXFILE=\"b\"");
    let said: Vec<u8> = (0..10).flat_map(|_| module.silence()).collect();
    assert_eq!(said, [b"CCC", &[NAK; 6][..], &[CAN; 3]].concat());
    assert!(module.data.is_none());
    assert_eq!(module.line("AT+FSATTRI=b"), "ERROR");
}

/// 8.2: `+FSCOPY: <percent>` lines, `OK`.
#[test]
fn a_file_is_copied() {
    let mut module = Module::new();
    module.put_file("C:/a", 150_000);
    assert_eq!(
        module.line("AT+FSCOPY=\"a\",\"D:/b\""),
        "+FSCOPY: 43|+FSCOPY: 87|+FSCOPY: 100|OK"
    );
    assert!(
        module
            .line("AT+FSATTRI=D:/b")
            .starts_with("+FSATTRI: 150000, ")
    );
    for (line, said) in [
        ("a,D:/b", "FILE IS EXISTING"),
        ("c,d", "FILE NOT EXISTING"),
        ("a,Picture", "DIRECTORY IS EXISTED"),
        ("a,none/a", "DIRECTORY NOT EXISTED"),
        ("a,b:c", "INVALID PATH NAME"),
    ] {
        assert_eq!(
            module.line(&format!("AT+FSCOPY={line}")),
            format!("{said}|ERROR")
        );
    }
    module.put_file("C:/fill", 11_000_000);
    assert_eq!(
        module.line("AT+FSCOPY=a,a2"),
        "+FSCOPY: 43|+FSCOPY: 87|+FSCOPY: 100|OK"
    );
    assert_eq!(
        module.line("AT+FSCOPY=fill,f2"),
        "EFS HAVE NO ENOUGH MEMORY|ERROR"
    );
    assert_eq!(module.line("AT+FSATTRI=f2"), "ERROR");
}

/// An omitted optional parameter keeps its value (reference section 2); the number alone forgets all.
#[test]
fn a_context_keeps_what_is_left_out() {
    for name in ["CGSOCKCONT", "CGDCONT"] {
        let mut module = Module::new();
        let row = |rest: &str| format!("+{name}: 2,{rest}|OK");
        module.ok(&format!("AT+{name}=2,\"IPV6\",\"a\",\"\",1,2"));
        let read = format!("AT+{name}?");
        assert_eq!(module.line(&read), row("\"IPV6\",\"a\",\"0.0.0.0\",1,2"));
        module.ok(&format!("AT+{name}=2,,\"b\""));
        assert_eq!(module.line(&read), row("\"IPV6\",\"b\",\"0.0.0.0\",1,2"));
        module.ok(&format!("AT+{name}=2"));
        module.ok(&format!("AT+{name}=2,,\"c\""));
        assert_eq!(module.line(&read), row("\"IP\",\"c\",\"0.0.0.0\",0,0"));
    }
    // 3.6.
    assert_eq!(Module::new().line("AT+CATR=?"), "+CATR: (0-7)|OK");
}

/// 8.1: no colon in a name, so none in what a remote path ends with.
#[test]
fn a_remote_name_is_no_drive() {
    let mut module = Module::new();
    for line in ["AT+CFTPSERV=\"h\"", "AT+CFTPUN=\"u\"", "AT+CMEE=1"] {
        module.ok(line);
    }
    for line in [
        "AT+CFTPGETFILE=\"/pub/D:log\",1",
        "AT+CFTPPUTFILE=\"D:log\",0",
    ] {
        assert_eq!(module.line(line), "+CME ERROR: 213", "{line}");
    }
    assert!(module.asked.is_empty());
}

/// What is longer than a module keeps is refused, however much of it was erased (4.6).
#[test]
fn a_body_is_too_long_whatever_was_erased() {
    let mut module = Module::new();
    module.line("AT+SMTPBODY");
    let typed = [&[b'x'; 40_000][..], &[0x08; 40_000], b"short"].concat();
    assert_eq!(module.feed(&typed, Cause::CtrlZ), "ERROR");
    assert_eq!(module.line("AT+SMTPBODY?"), "+SMTPBODY: \"\"|OK");
}

/// 4.7: together at most 10 MB, also where they have grown since.
#[test]
fn what_has_grown_is_oversize() {
    use crate::service::{Error, ErrorKind};
    let mut module = Module::new();
    for line in [
        "AT+SMTPSRV=\"h\"",
        "AT+SMTPFROM=\"a@b\"",
        "AT+SMTPRCPT=0,0,\"c@d\"",
    ] {
        module.ok(line);
    }
    module.put_file("C:/a", 1);
    module.put_file("C:/b", 6 << 20);
    module.ok("AT+SMTPFILE=1,\"a\"");
    module.ok("AT+SMTPFILE=2,\"b\"");
    module.put_file("C:/a", (4 << 20) + 1);
    module.line("AT+SMTPSEND");
    match &module.asked[0].1 {
        Op::Send(letter) => {
            let error = letter.compose(&module.files, None).err().unwrap();
            assert_eq!(error.kind, ErrorKind::TooLarge);
        }
        other => panic!("{other:?}"),
    }
    let grown = Done::Refused(Error::new(ErrorKind::TooLarge, "too large"));
    assert_eq!(module.answer(grown), "+SMTP: OVERSIZE|ERROR");
    assert_eq!(module.line("AT+SMTPSEND?"), "+SMTPSEND: 0|OK");
}
