//! Listings as servers print them.

use super::*;
use crate::service::EntryKind::{File, Folder, Link, Other};
use proptest::prelude::*;
use std::time::Duration;

/// 2026-11-21 18:52:33
const NOW: u64 = 1_795_287_153;

fn now() -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
}

fn read(form: Form, text: &[u8]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut each = |entry| {
        entries.push(entry);
        Ok(())
    };
    let mut listing = Listing::new(form, now());
    listing.read(text, &mut each)?;
    listing.end(&mut each)?;
    Ok(entries)
}

/// `YYYYMMDDhhmm`, or nothing.
fn stamp(text: &str) -> Option<SystemTime> {
    let time = super::super::date::read_stamp(&format!("{text}00"));
    assert_eq!(time.is_none(), text.is_empty(), "{text}");
    time
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    EntryKind,
    Option<u64>,
    &'static str,
);

/// Who prints it, the line, and what it says.
#[rustfmt::skip]
const UNIX: &[Row] = &[
    ("vsftpd", "-rw-r--r--    1 1000     1000         4711 Nov 21 10:18 report.csv", "report.csv", File, Some(4711), "202611211018"),
    ("vsftpd, hidden ids", "drwxr-xr-x    2 ftp      ftp          4096 Jan 16  2024 in box", "in box", Folder, None, "202401160000"),
    ("vsftpd, clock ahead", "-rw-------    1 0        0               0 Dec 01 00:00 empty", "empty", File, Some(0), "202512010000"),
    ("ProFTPD", "-rw-r--r--   1 pump     pump      5000000000 Feb 29 12:00 big.bin", "big.bin", File, Some(5_000_000_000), "202402291200"),
    ("ProFTPD, group with a blank", "-rw-r--r--   1 pump     Domain Users      312 Aug  1 09:24 a.txt", "a.txt", File, Some(312), "202608010924"),
    ("Pure-FTPd", "drwxr-xr-x    5 33         www-data         4096 Mar  3  2025 html", "html", Folder, None, "202503030000"),
    ("Pure-FTPd, link", "lrwxrwxrwx    1 0          0                  11 Jun  9 08:00 latest -> 2026/a -> b", "latest", Link, None, "202606090800"),
    ("wu-ftpd, no group", "dr-xr-xr-x   2 root                  512 Apr  8  1994 etc", "etc", Folder, None, "199404080000"),
    ("IIS, Unix style", "----------   1 owner    group         1803128 Jul 10 10:18 ls-lR.Z", "ls-lR.Z", File, Some(1_803_128), "202607101018"),
    ("IIS, Unix style, folder", "d---------   1 owner    group               0 May  9 19:45 Softlib", "Softlib", Folder, None, "202605091945"),
    ("WFTPD", "-rwxrwxrwx   1 noone    nogroup      322 Aug 19  1996 message.ftp", "message.ftp", File, Some(322), "199608190000"),
    ("FreeBSD", "-rw-r--r--  1 1006  1006  8192 Oct 31 23:59 core.1", "core.1", File, Some(8192), "202610312359"),
    ("FreeBSD, ls -T", "-rw-r--r--  1 root  wheel  17 Nov 21 18:52:33 2025 x", "x", File, Some(17), "202511211852"),
    ("OpenBSD, device", "crw-rw-rw-  1 root  wheel    2,   2 Nov 21 00:00 null", "null", Other, None, "202611210000"),
    ("macOS, attributes", "-rw-r--r--@ 1 pump  staff  1024 Sep  5 07:01 Photo 1.jpg", "Photo 1.jpg", File, Some(1024), "202609050701"),
    ("Solaris, access list", "-rw-r--r--+  1 root     sys          531 Jan 29 03:26 README", "README", File, Some(531), "202601290326"),
    ("SELinux", "-rw-r--r--. 1 root root 33 Jan  1  2026 id", "id", File, Some(33), "202601010000"),
    ("AIX, sticky", "drwxrwxrwt  12 bin      bin            3584 Nov 20 11:11 tmp", "tmp", Folder, None, "202611201111"),
    ("drop box", "drwx-wx-wt  2 root  wheel  512 Jul  1 02:15 incoming", "incoming", Folder, None, "202607010215"),
    ("busybox ftpd", "-rw-r--r--    1 root     root         1,5 Nov 21 10:18 x", "", File, None, ""),
    ("busybox ftpd, real", "-rw-r--r--    1 root     root           15 Nov 21 10:18 -x", "-x", File, Some(15), "202611211018"),
    ("set-id bits", "-rwsr-Sr-T 1 root root 15 Nov 21 10:18 su", "su", File, Some(15), "202611211018"),
    ("socket", "srwxr-xr-x   1 root root 0 Nov 21 10:18 log", "log", Other, None, "202611211018"),
    ("pipe", "prw-r--r--   1 root root 0 Nov 21 10:18 fifo", "fifo", Other, None, "202611211018"),
    ("GNU, long-iso", "-rw-r--r-- 1 pump pump 15 2026-02-03 04:05 iso name", "iso name", File, Some(15), "202602030405"),
    ("GNU, full-iso", "-rw-r--r-- 1 pump pump 15 2026-02-03 04:05:00.000000000 +0100 full", "full", File, Some(15), "202602030305"),
    ("German", "-rw-r--r-- 1 pump pump 15 21. Nov 10:18 Bericht", "Bericht", File, Some(15), "202611211018"),
    ("German, M\u{e4}rz", "-rw-r--r-- 1 pump pump 15 Mär  3  2025 x", "x", File, Some(15), "202503030000"),
    ("French", "-rw-r--r-- 1 pump pump 15 févr. 21 10:18 été.txt", "été.txt", File, Some(15), "202602211018"),
    ("Spanish", "-rw-r--r-- 1 pump pump 15 ene 21  2025 x", "x", File, Some(15), "202501210000"),
    ("Polish", "-rw-r--r-- 1 pump pump 15 paź  2  2025 x", "x", File, Some(15), "202510020000"),
    ("Japanese", "-rw-r--r-- 1 pump pump 15 11月 21日 10:18 漢字", "漢字", File, Some(15), "202611211018"),
    ("a language that is not known", "-rw-r--r-- 1 pump pump 15 мар  3  2025 файл", "файл", File, Some(15), ""),
    ("Hellsoft for NetWare", "d [RWCEAFMS] jrd                    512 Jul 11 03:01 allupdates", "allupdates", Folder, None, "202607110301"),
    ("NetWare", "- [R----F--] rhesus             214059       Oct 20 15:27    cx.exe", "cx.exe", File, Some(214_059), "202610201527"),
    ("old Hellsoft", "-[RWCEMFA] rhesus             214059       Oct 20 15:27    cx.exe", "cx.exe", File, Some(214_059), "202610201527"),
    ("NetPresenz", "-------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit", "MegaPhone.sit", File, Some(1_392_298), "199511220000"),
    ("NetPresenz, folder", "drwxrwxr-x               folder        2 May 10  1996 network", "network", Folder, None, "199605100000"),
    ("names that look like dates", "-rw-r--r-- 1 u g 7 Nov 21 10:18 9 Jan 1 2020 x", "9 Jan 1 2020 x", File, Some(7), "202611211018"),
    ("numbers for owners", "-rw-r--r-- 1 1000 5 12 Nov 21 10:18 n", "n", File, Some(12), "202611211018"),
    ("a blank before the name", "-rw-r--r-- 1 u g 7 Nov 21 10:18  n", " n", File, Some(7), "202611211018"),
    ("no such day", "-rw-r--r-- 1 u g 7 Feb 30  2025 n", "n", File, Some(7), ""),
    ("EPLF", "+i8388621.48594,m825718503,r,s280,\tdjb.html", "djb.html", File, Some(280), "199603012215"),
    ("EPLF, folder", "+i8388621.50690,m824255907,/,\t514", "514", Folder, None, "199602132358"),
];

#[rustfmt::skip]
const DOS: &[Row] = &[
    ("IIS", "04-14-00  03:47PM                  589 readme.htm", "readme.htm", File, Some(589), "200004141547"),
    ("IIS, folder", "04-27-00  09:09PM       <DIR>          licensed", "licensed", Folder, None, "200004272109"),
    ("IIS, four digits", "11-21-2026  12:18AM               4711 mid night.txt", "mid night.txt", File, Some(4711), "202611210018"),
    ("IIS, noon", "11-21-26  12:18PM               4711 x", "x", File, Some(4711), "202611211218"),
    ("IIS of the nineties", "01-29-97  11:32PM       <DIR>          prog", "prog", Folder, None, "199701292332"),
    ("Windows CE", "11/21/26   9:05a      1024 flash.bin", "flash.bin", File, Some(1024), "202611210905"),
    ("Serv-U, commas", "03/08/2000  12:24p           51,346,952 Projects.zip", "Projects.zip", File, Some(51_346_952), "200003081224"),
    ("day first", "21-11-26  18:52                 15 x", "x", File, Some(15), "202611211852"),
    ("German", "03.02.2026  18:52                 1.015 x", "x", File, Some(1015), "202602031852"),
    ("year first", "2026-11-21  18:52       <DIR>          x", "x", Folder, None, "202611211852"),
    ("junction", "11-21-26  06:52PM       <JUNCTION>     Users [C:\\Users]", "Users", Link, None, "202611211852"),
    ("dir of Windows 10", "11/21/2026  06:52 PM             4,711 notes.txt", "notes.txt", File, Some(4711), "202611211852"),
    ("with seconds", "11-21-26  06:52:33PM                15 x", "x", File, Some(15), "202611211852"),
];

#[test]
fn every_dialect() {
    let mut dialects = 0;
    for (who, line, name, kind, size, time) in UNIX.iter().chain(DOS).copied() {
        if name.is_empty() {
            assert!(read(Form::List, line.as_bytes()).is_err(), "{who}");
            continue;
        }
        for end in ["\r\n", "\n", ""] {
            let entries = read(Form::List, format!("{line}{end}").as_bytes()).expect(who);
            assert_eq!(entries.len(), 1, "{who}: {line}");
            let found = &entries[0];
            assert_eq!(
                (found.name.as_str(), found.kind, found.size),
                (name, kind, size),
                "{who}"
            );
            let minute = found.modified.map(|time| {
                let seconds = time
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap()
                    .as_secs();
                SystemTime::UNIX_EPOCH + Duration::from_secs(seconds / 60 * 60)
            });
            assert_eq!(minute, stamp(time), "{who}");
        }
        dialects += 1;
    }
    assert!(dialects >= 50);
}

#[test]
fn whole_listings() {
    let unix = b"total 12\r\n\
        drwxr-xr-x 2 u g 4096 Nov 21 10:18 .\r\n\
        drwxr-xr-x 9 u g 4096 Nov 21 10:18 ..\r\n\
        -rw-r--r-- 1 u g 7 Nov 21 10:18 one\r\n\
        ls: two: Permission denied\r\n\
        -rw-r--r-- 1 u g 7 Nov 21 10:18 three\r\n\
        \r\n";
    let names: Vec<_> = read(Form::List, unix)
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["one", "three"]);
    for empty in [
        "",
        "total 0\r\n",
        "\r\n",
        "total 8\r\ndrwxr-xr-x 2 u g 4096 Nov 21 10:18 .\r\n",
    ] {
        assert!(
            read(Form::List, empty.as_bytes()).unwrap().is_empty(),
            "{empty:?}"
        );
    }
}

#[test]
fn a_listing_that_is_not_understood_is_no_empty_folder() {
    for text in [
        "Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname\r\n",
        "CII-MANUAL.TEX;1  213/216  29-JAN-1996 03:33:12  [ANONYMOU,ANONYMOUS]   (RWED,RWED,,)\r\n",
        "<html><body>Not here</body></html>",
    ] {
        let error = read(Form::List, text.as_bytes()).unwrap_err();
        assert_eq!(
            (error.kind, error.fault),
            (ErrorKind::Protocol, Fault::Server)
        );
    }
    let mut endless = Listing::new(Form::List, None);
    let piece = vec![b'x'; MAX_LINE];
    let mut none = |_| Ok(());
    assert!(endless.read(&piece, &mut none).is_ok());
    assert!(endless.read(b"x", &mut none).is_err());
    let mut whole = Listing::new(Form::List, None);
    let line = [&piece[..], b"x\n"].concat();
    assert!(whole.read(&line, &mut none).is_err());
}

#[test]
fn names_are_never_paths() {
    for name in [
        "../../etc/passwd",
        "a/b",
        "..\\..\\x",
        "a\u{1b}[2J",
        "a\0b",
        "/etc",
    ] {
        for (form, line) in [
            (
                Form::List,
                format!("-rw-r--r-- 1 u g 7 Nov 21 10:18 {name}\r\n"),
            ),
            (Form::List, format!("04-14-00  03:47PM  589 {name}\r\n")),
            (Form::List, format!("+r,s1,\t{name}\r\n")),
            (Form::Mlsd, format!("type=file;size=7; {name}\r\n")),
        ] {
            let entries = read(form, line.as_bytes()).unwrap();
            let shown = &entries[0].name;
            assert!(shown.contains(char::REPLACEMENT_CHARACTER), "{shown}");
            assert!(!shown.contains(['/', '\\', '\0', '\u{1b}']), "{shown}");
        }
    }
    // A link's target is no part of its name.
    let link = b"lrwxrwxrwx 1 u g 7 Nov 21 10:18 passwd -> /etc/passwd\r\n";
    assert_eq!(read(Form::List, link).unwrap()[0].name, "passwd");
}

#[test]
fn facts() {
    let text = b"Type=cdir;Modify=20261121185233;UNIX.mode=0755; /here\r\n\
        type=pdir;modify=20261121185233; ..\r\n\
        modify=20261121185233.500;perm=adfr;size=12;type=file;unique=1U2;UNIX.mode=0644; a; b\r\n\
        TYPE=DIR;SIZE=4096; sub\r\n\
        type=OS.unix=slink:/etc; link\r\n\
        type=OS.unix=chr-1/3;unix.mode=0666; null\r\n\
        type=file;size=-1;modify=yesterday; odd\r\n\
         bare\r\n";
    let entries = read(Form::Mlsd, text).unwrap();
    let found: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind, entry.size))
        .collect();
    assert_eq!(
        found,
        [
            ("a; b", File, Some(12)),
            ("sub", Folder, None),
            ("link", Link, None),
            ("null", Other, None),
            ("odd", File, None),
        ]
    );
    let half = Duration::from_millis(NOW * 1000 + 500);
    assert_eq!(entries[0].modified, Some(SystemTime::UNIX_EPOCH + half));
    assert_eq!(read(Form::Mlsd, b"").unwrap(), []);
    assert!(read(Form::Mlsd, b"-rw-r--r-- 1 u g 7 Nov 21 10:18 x\r\n").is_err());
}

#[test]
fn without_a_clock_there_is_no_year() {
    let mut entries = Vec::new();
    let mut each = |entry| {
        entries.push(entry);
        Ok(())
    };
    let mut listing = Listing::new(Form::List, None);
    listing
        .read(
            b"-rw-r--r-- 1 u g 7 Nov 21 10:18 a\n-rw-r--r-- 1 u g 7 Nov 21 2025 b\n",
            &mut each,
        )
        .unwrap();
    assert_eq!(entries[0].modified, None);
    assert!(entries[1].modified.is_some());
}

#[test]
fn whoever_takes_the_entries_may_stop_it() {
    let mut listing = Listing::new(Form::Mlsd, None);
    let mut full = |_| Err(Error::new(ErrorKind::TooLarge, "enough"));
    let error = listing
        .read(b"type=file; a\r\ntype=file; b\r\n", &mut full)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz_listing(&bytes);
    }

    #[test]
    fn likely_bytes(text in "[01]([-dl][rwx-]{9} 1 u g [0-9]{1,3} (Nov|Mai|x|11月) [0-9]{1,2}[ .] ?([0-9]{4}|10:18) [a./>\\\\ -]{0,6}(\r)?\n|type=file;size=[0-9]; [a./]{0,4}\r\n|[0-9]{2}-[0-9]{2}-[0-9]{2}  0[0-9]:[0-9]{2}[AP]M (<DIR>|[0-9]+) [a./]{1,4}\n){0,4}") {
        fuzz_listing(text.as_bytes());
    }
}
