//! Configurations with one mistake each, and how what is said about it begins.

pub(super) const WRONG: &[(&str, &str)] = &[
    ("[daemon", "0.toml:1:8: "),
    ("x = 1", "0.toml:1:1: x: unknown key `x`"),
    (
        "[daemon]\nbuss = 'system'",
        "0.toml:2:1: daemon.buss: unknown field `buss`, expected",
    ),
    (
        "[daemon]\nbus = 'sistem'",
        "0.toml:2:7: daemon.bus: `sistem` is neither",
    ),
    (
        "[daemon]\nbus = 5",
        "0.toml:2:7: daemon.bus: invalid type: integer `5`",
    ),
    (
        "[daemon]\nlimits = { spool = '64 MB' }",
        "0.toml:2:20: daemon.limits.spool: `64 MB` is not a size",
    ),
    (
        "[daemon]\nqueue = { first = 60 }",
        "0.toml:2:19: daemon.queue.first: invalid type: integer",
    ),
    (
        "[daemon]\nqueue = { first = '99999999999999999999 s' }",
        "0.toml:2:19: daemon.queue.first: `9",
    ),
    (
        "[daemon]\nqueue = { first = '2 h' }",
        "0.toml:2:1: daemon.queue: needs 0 < first",
    ),
    (
        "[daemon]\nvia = []",
        "0.toml:2:1: daemon.via: needs at least one",
    ),
    (
        "[daemon]\nvia = ['ip', 'ip']",
        "0.toml:2:1: daemon.via: names `ip` twice",
    ),
    (
        "[daemon]\nvia = ['modem:x']",
        "0.toml:2:1: daemon.via: names modem `x`, but there is no [modem.x]",
    ),
    (
        "[daemon]\nvia = ['tunnel']",
        "0.toml:2:7: daemon.via: \"tunnel\" is neither",
    ),
    (
        "[daemon]\nstate_dir = 'x'",
        "0.toml:2:1: daemon.state_dir: is not an absolute path",
    ),
    (
        "[modem.'a b']\ndevice = '/dev/ttyS0'",
        "0.toml:1:8: modem.a b: `a b` is not a name",
    ),
    ("[modem.a]\n", "0.toml:1:1: modem.a: missing field `device`"),
    (
        "[modem.a]\ndevice = 'ttyS0'",
        "0.toml:2:10: modem.a.device: `ttyS0` is not an absolute path",
    ),
    (
        "[modem.a]\ndevice = '/dev/../etc/passwd'",
        "0.toml:2:10: modem.a.device: ",
    ),
    (
        "[modem.a]\ndevice = 'pty:/x/y'",
        "0.toml:2:1: modem.a.device: `pty:/x/y`: a pty at a path of its own needs",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS0'\nframing = '9N1'",
        "0.toml:3:11: modem.a.framing: `9N1` is not",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS0'\nflow = 'hard'",
        "0.toml:3:8: modem.a.flow: unknown variant `hard`",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS0'\ndialect = 'klingon'",
        "0.toml:3:11: modem.a.dialect: `klingon` is not a dialect",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS0'\napn = \"a\\rb\"",
        "0.toml:3:7: modem.a.apn: ",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS0'\n[modem.b]\ndevice = '/dev/ttyS0'",
        "0.toml:4:1: modem.b.device: `/dev/ttyS0` is modem.a's device already",
    ),
    (
        "[emulator.a]\ndevice = 'pty:a'",
        "0.toml:1:1: emulator.a: missing field `dialect`",
    ),
    (
        "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nquirks = { x = 1 }",
        "0.toml:4:12: emulator.a.quirks.x: `x` is not a quirk",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS1'\nquirks = { ftp_by_file = true }",
        "0.toml:3:12: modem.a.quirks.ftp_by_file: needs `dialect` to be a name",
    ),
    (
        "[modem.a]\ndevice = '/dev/ttyS1'\ndialect = 'simcom'\nquirks = { non_ascii = 'latin' }",
        "0.toml:4:12: modem.a.quirks.non_ascii: must be \"gbk\" or \"utf-8\"",
    ),
    (
        "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nallow = ['10.0.0.1/8']",
        "0.toml:4:9: emulator.a.allow: `10.0.0.1/8` is not a destination",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'",
        "0.toml:1:10: account.a: has no server",
    ),
    (
        "[account.a]\nfrom = \"a@example.org\\r\\nBcc: b@example.org\"",
        "0.toml:2:8: account.a.from: ",
    ),
    (
        "[account.a]\nfrom = 'a@example.org, b@example.org'",
        "0.toml:2:8: account.a.from: ",
    ),
    (
        "[account.a]\nsmtp = { host = 'h' }",
        "0.toml:1:10: account.a: has smtp but no `from`",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h h' }",
        "0.toml:3:17: account.a.smtp.host: ",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', port = 0 }",
        "0.toml:3:29: account.a.smtp.port: ",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', port = 70000 }",
        "0.toml:3:29: account.a.smtp.port: ",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', user = 'u' }",
        "0.toml:3:1: account.a.smtp: needs both",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', tls = 'none', user = 'u', password = { file = '/x' } }",
        "0.toml:3:1: account.a.smtp: would send the password in clear",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', user = 'u', password = { file = '/x' }, token = { file = '/x' } }",
        "0.toml:3:1: account.a.smtp: has both `password` and `token`",
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', token = { file = '/x' } }",
        "0.toml:3:1: account.a.smtp: has a `token`, but no `user`",
    ),
    (
        "[account.a]\npop3 = { host = 'h', tls = 'none', user = 'u', token = { file = '/x' } }",
        "0.toml:2:1: account.a.pop3: would send the token in clear",
    ),
    (
        "[account.a]\nftp = { host = 'h', user = 'u', token = { command = ['/x'] } }",
        "0.toml:2:1: account.a.ftp: has a `token`, but FTP",
    ),
    (
        "[account.a]\npop3 = { host = 'h', user = 'u', token = 'Planted' }",
        "0.toml:2:42: account.a.pop3.token: a token does not stand in the configuration",
    ),
    (
        "[account.a]\nftp = { host = 'h' }\n[[map]]\nservice = 'pop3'\nhost = '*'\naccount = 'a'",
        "0.toml:6:1: map.account: names account `a`, which has no pop3",
    ),
    (
        "[[map]]\nservice = 'http'\nhost = '*'\nserver = 'https://a.example'\naccount = 'a'",
        "0.toml:5:1: map.account: serves no `http`: say `server`",
    ),
    (
        "[[map]]\nservice = 'gopher'\nhost = '*'\naccount = 'a'",
        "0.toml:2:11: map.service: `gopher` is not a service",
    ),
    (
        "[[map]]\nservice = 'smtp'\nhost = 'a'\naccount = 'a'\n[[map]]\nservice = 'smtp'\nhost = '*'\nemulator = 'x'\naccount = 'a'",
        "0.toml:8:1: map.emulator: names emulator `x`",
    ),
    (
        "[account.a]\nftp = { host = 'h' }\n[[map]]\nservice = 'smtp'\nhost = '*'\naccount = 'a'",
        "0.toml:6:1: map.account: names account `a`, which has no smtp",
    ),
    (
        "[tls]\nroots = 'mine'",
        "0.toml:2:9: tls.roots: `mine` is neither",
    ),
];
