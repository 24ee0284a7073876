//! Every form of every command; every parameter at its ends, beyond them, missing, empty, of another kind.

use super::Module;
use crate::emulator::Done;

/// The table of the reference's section 0.3: name, and which of test, read, write, execute there are.
const FORMS: &[(&str, &str)] = &[
    ("SMTPSRV", "TRWX"),
    ("SMTPAUTH", "TRWX"),
    ("SMTPFROM", "TRWX"),
    ("SMTPRCPT", "TRWX"),
    ("SMTPSUB", "TRWX"),
    ("SMTPBODY", "TRWX"),
    ("SMTPFILE", "TRWX"),
    ("SMTPSEND", "TRX"),
    ("SMTPSTOP", "TX"),
    ("POP3SRV", "TRWX"),
    ("POP3IN", "TX"),
    ("POP3NUM", "TX"),
    ("POP3LIST", "TWX"),
    ("POP3HDR", "TW"),
    ("POP3GET", "TW"),
    ("POP3DEL", "TW"),
    ("POP3OUT", "TX"),
    ("POP3STOP", "TX"),
    ("POP3READ", "TWX"),
    ("CFTPPORT", "TRW"),
    ("CFTPMODE", "TRW"),
    ("CFTPTYPE", "TRW"),
    ("CFTPSERV", "TRW"),
    ("CFTPUN", "TRW"),
    ("CFTPPW", "TRW"),
    ("CFTPGETFILE", "TW"),
    ("CFTPPUTFILE", "TW"),
    ("CFTPGET", "TW"),
    ("CFTPPUT", "TW"),
    ("CHTTPACT", "TW"),
    ("FSCD", "TRW"),
    ("FSMKDIR", "TW"),
    ("FSRMDIR", "TW"),
    ("FSLS", "TRWX"),
    ("FSDEL", "TW"),
    ("FSRENAME", "TW"),
    ("FSATTRI", "TW"),
    ("FSMEM", "TX"),
    ("FSFMT", "TX"),
    ("FSLOCA", "TRW"),
];

#[test]
fn every_form_there_is_and_no_other() {
    use crate::dialect::row::{Read, Test, Write};
    let module = Module::new();
    for (name, forms) in FORMS {
        let row = super::PLAYED.rows.iter().flat_map(|rows| rows.iter());
        let mut row = row.filter(|row| row.is_named(format!("+{name}").as_bytes()));
        let row = row.next().unwrap();
        let there = [
            ('T', !matches!(row.test, Test::No)),
            ('R', !matches!(row.read, Read::No)),
            ('W', !matches!(row.write, Write::No)),
            ('X', !matches!(row.execute, Write::No)),
        ];
        for (form, there) in there {
            assert_eq!(there, forms.contains(form), "{name} {form}");
        }
    }
    drop(module);
    let mut module = Module::new();
    for (name, forms) in FORMS {
        module.ok(&format!("AT+{name}=?"));
        for (form, line) in [('R', format!("AT+{name}?")), ('X', format!("at+{name}"))] {
            if !forms.contains(form) {
                assert_eq!(module.line(&line), "ERROR", "{line}");
            }
        }
    }
    assert_eq!(module.line("AT+SMTPSEND=1"), "ERROR");
    assert_eq!(module.line("AT+POP3IN=1"), "ERROR");
}

/// `AT+NAME=` and: what is taken, and what is refused.
const VALUES: &[(&str, &[&str], &[&str])] = &[
    (
        "SMTPSRV",
        &["\"a\"", "\"a\",1", "\"a\",65535", " \"a\" , 25", "\"a\","],
        &[
            "",
            "\"\"",
            "a",
            "25",
            "\"a\",0",
            "\"a\",65536",
            "\"a\",-1",
            "\"a\",\"25\"",
            "\"a\",1,1",
        ],
    ),
    (
        "SMTPAUTH",
        &["0", "1,\"u\",\"p\"", "1,\"u\",\"\""],
        &[
            "",
            "2",
            "-1",
            "\"1\"",
            "1",
            "1,\"u\"",
            "1,\"\",\"p\"",
            "1,u,\"p\"",
            "0,\"u\",\"p\"",
            "0,\"u\"",
            "1,\"u\",\"p\",1",
        ],
    ),
    (
        "SMTPFROM",
        &["\"a\"", "\"a\",\"\"", "\"a\",\"Meter 7\""],
        &["", "\"\"", "a", "1", "\"a\",1", "\"a\",\"n\",\"x\""],
    ),
    (
        "SMTPRCPT",
        &[
            "0",
            "2",
            "0,0",
            "0,4",
            "2,4,\"a\"",
            "0,0,\"a\",\"\"",
            "0,0,\"a\",\"n\"",
        ],
        &[
            "",
            "3",
            "-1",
            "\"0\"",
            "0,5",
            "0,-1",
            "0,\"0\"",
            "0,5,\"a\"",
            "3,0,\"a\"",
            "0,0,\"\"",
            "0,0,a",
            "0,,\"a\"",
            "0,0,,\"n\"",
            "0,0,\"a\",n",
            "0,0,\"a\",\"n\",1",
        ],
    ),
    (
        "SMTPSUB",
        &["\"\"", "\"s\"", "\"a;b,c\""],
        &["", "s", "1", "\"a\"b\"", "\"a\",\"b\""],
    ),
    ("SMTPBODY", &["\"\"", "\"b\""], &["", "b", "1", "\"a\",1"]),
    (
        "SMTPFILE",
        &["1", "10", "1,\"f.txt\"", "1,f.txt"],
        &[
            "",
            "0",
            "11",
            "\"1\"",
            "-1",
            "2,\"\"",
            "2,\"none.txt\"",
            "2,\"f.txt\"",
            "2,\"F.TXT\"",
            "2,\"../f.txt\"",
            "11,\"f.txt\"",
            "2,\"Picture\"",
            "2,\"C:/\"",
            "2,\"f.txt\",1",
        ],
    ),
    (
        "POP3SRV",
        &[
            "\"h\",\"u\",\"p\"",
            "\"h\", \"u\", \"p\", 1",
            "\"h\",\"u\",\"p\",65535",
        ],
        &[
            "",
            "\"\"",
            "\"h\"",
            "\"h\",\"u\"",
            "\"\",\"u\",\"p\"",
            "\"h\",\"\",\"p\"",
            "\"h\",\"u\",\"\"",
            "h,u,p",
            "\"h\",\"u\",\"p\",0",
            "\"h\",\"u\",\"p\",65536",
            "\"h\",\"u\",\"p\",\"1\"",
            "\"h\",\"u\",\"p\",1,1",
        ],
    ),
    (
        "POP3LIST",
        &[],
        &["", "0", "-1", "\"1\"", "a", "4294967296", "1,1"],
    ),
    (
        "POP3HDR",
        &[],
        &["", "0", "-1", "\"1\"", "a", "4294967296", "1,1"],
    ),
    (
        "POP3GET",
        &[],
        &["", "0", "-1", "\"1\"", "a", "4294967296", "1,1,1", "1,a"],
    ),
    (
        "POP3DEL",
        &[],
        &["", "0", "-1", "\"1\"", "a", "4294967296", "1,1"],
    ),
    (
        "POP3READ",
        &[],
        &[
            "",
            "0",
            "2,\"a/b\"",
            "0,\"\"",
            "0,\"none/EMAIL000.TXT\"",
            "0,\"../f.txt\"",
            "\"0\",\"a\"",
            "0,\"a\",1",
            "0,\"/\"",
            "0,\"\\\\\"",
        ],
    ),
    (
        "CFTPPORT",
        &["1", "65535", " 21"],
        &["", "0", "65536", "-1", "\"21\"", "a", "21,1"],
    ),
    (
        "CFTPMODE",
        &["0", "1"],
        &["", "2", "-1", "\"1\"", "a", "1,1"],
    ),
    (
        "CFTPTYPE",
        &["I", "A", "i", "\"a\""],
        &["", "B", "\"\"", "1", "IA", "I,A"],
    ),
    (
        "CFTPSERV",
        &["\"h\"", "\"10.0.0.127\""],
        &["", "\"\"", "h", "1", "\"h\",1"],
    ),
    ("CFTPUN", &["\"u\""], &["", "\"\"", "u", "1", "\"u\",1"]),
    ("CFTPPW", &["\"p\"", "\"\""], &["", "p", "1", "\"p\",1"]),
    (
        "CFTPGETFILE",
        &[],
        &[
            "",
            "\"\"",
            "\"a\"",
            "\"a\",9",
            "\"a\",-1",
            "\"a\",\"1\"",
            "\"a\",a",
            ",1",
            "\"a/\",1",
            "\"a/..\",1",
            "\"a/-x\",1",
            "{non-ascii}\"B2E\",1",
            "\"a\",1,1,1",
        ],
    ),
    (
        "CFTPPUTFILE",
        &[],
        &[
            "",
            "\"\"",
            "\"a\"",
            "\"a\",9",
            "\"a\",-1",
            "\"a\",\"1\"",
            "\"a\",a",
            ",1",
            "\"a/\",1",
            "{non-ascii}\"XY\",1",
            "\"a\",1,1,1",
        ],
    ),
    (
        "CFTPGET",
        &[],
        &[
            "",
            "\"\"",
            "{non-ascii}\"B2E\"",
            "{non-ascii}B2E2",
            "\"a\",b",
            "\"a\",1,1,1",
        ],
    ),
    (
        "CFTPPUT",
        &[],
        &["", "\"\"", "{non-ascii}\"B2E\"", "\"a\",b", "\"a\",1,1"],
    ),
    (
        "CHTTPACT",
        &[],
        &[
            "",
            "\"\"",
            "\"h\"",
            "\"h\",0",
            "\"h\",65536",
            "\"h\",-1",
            "\"h\",\"80\"",
            "h,80",
            "\"\",80",
            ",80",
            "\"h\",80,1",
        ],
    ),
    (
        "FSCD",
        &[
            "C:",
            "C:/",
            "\"c:/picture\"",
            "..",
            "D:/Video/",
            "/",
            "../..",
        ],
        &[
            "",
            "\"\"",
            "none",
            "C:/f.txt",
            "E:/",
            "../../etc",
            "a\\b",
            "C:/a:b",
            "C://Picture",
        ],
    ),
    (
        "FSMKDIR",
        &["x", "\"C:/Picture/y\""],
        &[
            "",
            "x",
            "\"\"",
            "..",
            "a/b",
            "-x",
            "x.",
            "a*b",
            "a\\b",
            "C:/",
            "C:/Picture",
        ],
    ),
    (
        "FSRMDIR",
        &["x", "C:/Picture/y"],
        &["", "x", "..", "C:/", "C:", "f.txt"],
    ),
    (
        "FSLS",
        &["0", "1", "2", ""],
        &["3", "-1", "\"0\"", "a", "0,0"],
    ),
    (
        "FSDEL",
        &["g.txt"],
        &[
            "", "g.txt", "..", "C:/", "Picture", "*", "../f.txt", "\\f.txt",
        ],
    ),
    (
        "FSRENAME",
        &["h.txt,i.txt", "\"i.txt\",\"h.txt\""],
        &[
            "",
            "h.txt",
            "h.txt,",
            "none,a",
            "h.txt,f.txt",
            "h.txt,../a",
            "h.txt,a/b",
            "h.txt,D:/a",
            "a,b,c",
        ],
    ),
    (
        "FSATTRI",
        &["f.txt", "\"C:/F.TXT\""],
        &["", "none", "Picture", "..", "C:/", "f.txt,1"],
    ),
    ("FSLOCA", &["0", "1"], &["", "2", "-1", "\"0\"", "0,0"]),
    (
        "CFTRANRX",
        &[],
        &[
            "",
            "\"a\"",
            "\"a\",0",
            "\"a\",-1",
            "\"a\",4294967296",
            "\"a\",\"1\"",
            "\"\",1",
            "\"../a\",1",
            "\"C:/none/a\",1",
            "\"C:/Picture\",1",
            "\"a\",4294967295",
            "\"C:/\",1",
            "\"a\\b\",1",
        ],
    ),
    (
        "CFTRANTX",
        &["\"f.txt\"", "\"C:/f.txt\",0,1", "\"f.txt\",9,9"],
        &[
            "",
            "\"\"",
            "\"none\"",
            "\"C:/\"",
            "\"Picture\"",
            "\"../f.txt\"",
            "\"f.txt\",-1,1",
            "\"f.txt\",a",
        ],
    ),
    ("CSOCKSETPN", &["1", "16"], &["", "0", "17", "-1", "\"1\""]),
    (
        "CGSOCKCONT",
        &[
            "1",
            "16,\"IP\"",
            "1,IP,\"apn\"",
            "1,\"IPV6\",\"a\",\"0.0.0.0\",0,0",
        ],
        &[
            "",
            "0",
            "17",
            "1,\"X25\"",
            "1,\"IP\",apn",
            "1,\"IP\",\"a\",\"\",5",
            "1,\"IP\",\"a\",\"\",0,5",
            "1,\"IP\",\"\",\"\",0,0,0",
        ],
    ),
    (
        "CSOCKAUTH",
        &["1", "1,0", "1,2,\"p\",\"u\"", "16,1,\"p\""],
        &["", "0", "17", "1,3", "1,1,p", "1,1,\"p\",\"u\",1"],
    ),
    (
        "CCLK",
        &["\"10/02/05,12:00:00+32\""],
        &[
            "",
            "\"\"",
            "10",
            "\"10/13/05,12:00:00+32\"",
            "\"10/02/05,12:00:00+97\"",
        ],
    ),
    (
        "CATR",
        &["0", "7", "1,0", "1,1"],
        &["", "8", "-1", "1,2", "\"1\"", "1,1,1"],
    ),
    ("CMEE", &["0", "1", "2"], &["", "3", "-1", "\"1\""]),
];

/// Whether a line was refused: what it is refused with depends on `AT+CMEE`.
fn is_refused(said: &str) -> bool {
    said == "ERROR" || said.starts_with("+CME ERROR: ") || said == "+POP3: NETWORK ERROR|ERROR"
}

#[test]
fn every_parameter_at_its_ends_and_beyond() {
    let mut module = Module::new();
    for file in ["f.txt", "g.txt", "h.txt"] {
        module.put_file(&format!("C:/{file}"), 9);
    }
    for line in [
        "AT+CFTPSERV=\"h\"",
        "AT+CFTPUN=\"u\"",
        "AT+POP3SRV=\"h\",\"u\",\"p\"",
        "AT+POP3IN",
    ] {
        module.line(line);
    }
    // A session is open, so that nothing but a parameter can be wrong.
    assert_eq!(module.answer(Done::Fine), "+POP3: SUCCESS|OK");
    for (name, good, bad) in VALUES {
        if *name == "POP3SRV" {
            module.ok("AT+POP3STOP");
        }
        for value in *good {
            module.ok(&format!("AT+{name}={value}"));
        }
        module.ok("AT+FSCD=C:/");
        if *name == "POP3SRV" {
            module.line("AT+POP3IN");
            module.answer(Done::Fine);
        }
        if *name == "SMTPFILE" {
            module.ok("AT+SMTPFILE=1,\"f.txt\"");
        }
        for value in *bad {
            let line = format!("AT+{name}={value}");
            let said = module.line(&line);
            assert!(is_refused(&said), "{line}: {said}");
        }
        assert!(module.asked.is_empty(), "{name}: {:?}", module.asked);
    }
}

/// The longest texts, and one byte more.
#[test]
fn every_text_at_its_longest() {
    let mut module = Module::new();
    let x = |count: usize| "x".repeat(count);
    for (before, longest, after) in [
        ("SMTPSRV=\"", 128, "\""),
        ("SMTPAUTH=1,\"", 128, "\",\"p\""),
        ("SMTPAUTH=1,\"u\",\"", 128, "\""),
        ("SMTPFROM=\"", 128, "\""),
        ("SMTPFROM=\"a\",\"", 64, "\""),
        ("SMTPRCPT=0,0,\"", 128, "\""),
        ("SMTPRCPT=0,0,\"a\",\"", 64, "\""),
        ("SMTPSUB=\"", 512, "\""),
        ("SMTPBODY=\"", 512, "\""),
        ("POP3SRV=\"", 128, "\",\"u\",\"p\""),
        ("POP3SRV=\"h\",\"", 128, "\",\"p\""),
        ("POP3SRV=\"h\",\"u\",\"", 128, "\""),
        ("CFTPSERV=\"", 128, "\""),
        ("CFTPUN=\"", 128, "\""),
        ("CFTPPW=\"", 128, "\""),
        // 254 characters with the drive.
        ("FSMKDIR=C:/", 251, ""),
    ] {
        module.ok(&format!("AT+{before}{}{after}", x(longest)));
        let line = format!("AT+{before}{}{after}", x(longest + 1));
        assert_eq!(module.line(&line), "ERROR", "{before}");
    }
    module.ok("AT+CMEE=1");
    let get = format!("AT+CFTPGET=\"{}\"", x(257));
    assert_eq!(module.line(&get), "+CME ERROR: 213");
    let host = format!("AT+CHTTPACT=\"{}\",80", x(129));
    assert_eq!(module.line(&host), "+CME ERROR: 226");
}

#[test]
fn no_name_leads_out_of_the_drives() {
    let mut module = Module::new();
    let long = "y".repeat(300);
    for name in [
        "..",
        "/",
        "\\",
        "../a",
        "..\\a",
        "C:/../a",
        "C:/a/../../b",
        "a/../b",
        &long,
    ] {
        for line in [
            format!("AT+FSMKDIR=\"{name}\""),
            format!("AT+FSDEL=\"{name}\""),
            format!("AT+FSRENAME=\"{name}\",\"a\""),
            format!("AT+CFTRANRX=\"{name}\",1"),
            format!("AT+CFTRANTX=\"{name}\""),
            format!("AT+SMTPFILE=1,\"{name}\""),
            format!("AT+POP3READ=0,\"{name}\""),
        ] {
            assert_eq!(module.line(&line), "ERROR", "{line}");
        }
    }
    assert_eq!(module.line("AT+FSCD=\"../../..\""), "+FSCD: C:/|OK");
    let found = std::fs::read_dir(&module.folder).unwrap().count();
    assert_eq!(found, 1, "nothing but the files' folder");
}
