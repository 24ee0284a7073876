//! What firmware does one way or the other (`quirks` of the configuration).

use super::super::{FORCE_PASSIVE, LOWERCASE_HTTP_HEADERS, NON_ASCII, STUFF_RESPONSES};
use super::Module;
use crate::emulator::{Done, Op, Remote};
use hayes_ldisc::discipline::Cause;

/// What the server is asked for by `AT+CFTPGET`.
fn asked(module: &mut Module, path: &str) -> Remote {
    for line in ["AT+CFTPSERV=\"h\"", "AT+CFTPUN=\"u\""] {
        module.ok(line);
    }
    module.line(&format!("AT+CFTPGET={path}"));
    match module.asked.first() {
        Some((_, Op::FilesGet(remote))) => (**remote).clone(),
        other => panic!("{other:?}"),
    }
}

/// 16-A35.
#[test]
fn passive_may_be_forced() {
    let mut module = Module::new();
    assert!(asked(&mut module, "\"a\"").on.active);
    let mut module = Module::with(&[(&FORCE_PASSIVE, 1)]);
    assert!(!asked(&mut module, "\"a\"").on.active);
    assert_eq!(module.answer(Done::Fine), "OK");
}

/// 16-A19.
#[test]
fn the_charset_of_paths_may_be_another() {
    let gbk = "{non-ascii}\"B2E2CAD42E747874\"";
    assert_eq!(asked(&mut Module::new(), gbk).path, "测试.txt");
    let utf8 = "{non-ascii} \"E6B58BE8AF952E747874\"";
    let mut module = Module::with(&[(&NON_ASCII, 1)]);
    assert_eq!(asked(&mut module, utf8).path, "测试.txt");
}

/// What comes of a response to `AT+CHTTPACT`.
fn response(module: &mut Module, bytes: &[u8]) -> Vec<u8> {
    module.line("AT+CHTTPACT=\"h\",80");
    assert_eq!(module.answer(Done::Fine), "+CHTTPACT: REQUEST");
    module.feed(b"", Cause::CtrlZ);
    module.asked.retain(|(_, op)| !matches!(op, Op::Push(..)));
    assert_eq!(module.answer(Done::Fine), "OK");
    let (id, _) = module.asked.remove(0);
    module.done(id, Done::Bytes(bytes.to_vec()));
    std::mem::take(&mut module.said)
}

#[test]
fn headers_may_be_in_lower_case() {
    let bytes = b"HTTP/1.1 200 OK\r\nA: B\r\n\r\nBody";
    let said = response(&mut Module::new(), bytes);
    assert!(said.ends_with(bytes));
    let said = response(&mut Module::with(&[(&LOWERCASE_HTTP_HEADERS, 1)]), bytes);
    assert!(said.ends_with(b"http/1.1 200 ok\r\na: b\r\n\r\nBody"));
}

/// Section 10: nothing stands inside a block of data. What is said at once fits into one record, so that a daemon
/// that dies leaves whole blocks behind.
#[test]
fn blocks_are_said_as_a_whole() {
    use hayes_ldisc::record::MAX_PAYLOAD;
    for stuff in [0, 1] {
        let mut module = Module::with(&[(&STUFF_RESPONSES, stuff)]);
        asked(&mut module, "\"a\"");
        assert_eq!(module.answer(Done::Fine), "OK");
        let most = match module.asked.first() {
            Some((_, Op::Pull(_, most))) => *most as usize,
            other => panic!("{other:?}"),
        };
        assert_eq!(most % 1024, 0);
        let (id, _) = module.asked.remove(0);
        module.done(id, Done::Bytes(vec![0x1A; most]));
        assert!((MAX_PAYLOAD / 2..=MAX_PAYLOAD).contains(&module.said.len()));
    }
}

/// 16-A11.
#[test]
fn responses_may_be_stuffed() {
    let bytes = b"a\x1a\x03b";
    let plain = response(&mut Module::new(), bytes);
    assert_eq!(plain, b"\r\n+CHTTPACT: DATA,4\r\na\x1a\x03b");
    let stuffed = response(&mut Module::with(&[(&STUFF_RESPONSES, 1)]), bytes);
    assert_eq!(stuffed, b"\r\n+CHTTPACT: DATA,4\r\na\x03\x1a\x03\x03b");
}
