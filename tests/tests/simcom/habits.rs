//! What hosts in the field do, right or not: they get their answers, and no other.

use super::all;
use anyhow::{Result, ensure};

#[test]
fn real_world_habits() -> Result<()> {
    let habits = [LINES, VALUES, DATA, AROUND].concat();
    ensure!(habits.len() >= 50, "only {}", habits.len());
    all(&habits)
}

/// How lines are typed.
const LINES: &[(&str, &str)] = &[
    ("CR alone", ">>raw AT\\r\n<< OK"),
    (
        "CR LF",
        "@ exact\n>>raw AT\\r\\n\n<<raw AT\\r\\r\\nOK\\r\\n",
    ),
    (
        "LF alone",
        "@ exact\n>>raw AT\\n\n<<raw AT\\n\\r\\nOK\\r\\n\n>>raw AT\\n\n<<raw AT\\n\\r\\nOK\\r\\n",
    ),
    (
        "all ends, one after the other",
        "@ exact\n>>raw AT\\nAT\\rAT\\r\\n\\nAT+CMEE?\\nAT\\r\\n\n<<raw AT\\n\\r\\nOK\\r\\nAT\\r\\r\\nOK\\r\\nAT\\r\\r\\nOK\\r\\n\\nAT+CMEE?\\n\\r\\n+CMEE: 0\\r\\n\\r\\nOK\\r\\nAT\\r\\r\\nOK\\r\\n",
    ),
    (
        "LF CR",
        "@ exact\n>>raw AT\\n\\rAT\\n\n<<raw AT\\n\\r\\nOK\\r\\n\\rAT\\n\\r\\nOK\\r\\n",
    ),
    (
        "LF where S3 is another character",
        "@ exact\n>>raw ATS3=33\\r\n<<raw ATS3=33\\r!\\nOK!\\n\n>>raw AT\\n+CMEE?!\n<<raw AT\\n+CMEE?!!\\n+CMEE: 0!\\n!\\nOK!\\n",
    ),
    (
        "LF behind AT+SMTPBODY",
        "@ exact\n>>raw ATE0\\n\n<<raw ATE0\\n\\r\\nOK\\r\\n\n>>raw AT+SMTPBODY\\n\n<<raw \\r\\n>>\\x20\n>>raw \\nx\\n<CTRL-Z>\\n\n<<raw \\r\\nOK\\r\\n\n>>raw AT+SMTPBODY?\\n\n<<raw \\r\\n+SMTPBODY: \"\\nx\\n\"\\r\\n\\r\\nOK\\r\\n",
    ),
    (
        "LF before a line",
        "@ exact\n>>raw \\nAT\\r\n<<raw \\nAT\\r\\r\\nOK\\r\\n",
    ),
    (
        "CR LF between all lines",
        "@ exact\n>>raw AT\\r\\nAT+CMEE?\\r\\n\n<<raw AT\\r\\r\\nOK\\r\\nAT+CMEE?\\r\\r\\n+CMEE: 0\\r\\n\\r\\nOK\\r\\n",
    ),
    ("empty lines", ">>raw \\r\\r\\rAT\\r\n<< OK"),
    ("lower case", ">> at+smtpsend?\n<< +SMTPSEND: 0\n<< OK"),
    ("both cases", ">> At+SmtpSend?\n<< +SMTPSEND: 0\n<< OK"),
    ("three quick AT", ">> AT\n<< OK\n>> AT\n<< OK\n>> AT\n<< OK"),
    (
        "a command repeated before its answer",
        ">> AT+SMTPSEND?\n<< +SMTPSEND: 0\n<< OK\n>> AT+SMTPSEND?\n<< +SMTPSEND: 0\n<< OK",
    ),
    (
        "three AT in one breath",
        "@ exact\n>>raw ATE0\\r\n<<raw ATE0\\r\\r\\nOK\\r\\n\n>>raw AT\\rAT\\rAT\\r\n<<raw \\r\\nOK\\r\\n\\r\\nOK\\r\\n\\r\\nOK\\r\\n",
    ),
    (
        "a login repeated before its answer",
        "@ exact\n>>raw ATE0\\r\n<<raw ATE0\\r\\r\\nOK\\r\\n\n>>raw AT+POP3SRV=\"pop3.example.org\",\"u\",\"p\"\\r\n<<raw \\r\\nOK\\r\\n\n@ hold\n>>raw AT+POP3IN\\r\n>>raw AT+POP3IN\\r\n@ go\n<<raw \\r\\n+POP3: SUCCESS\\r\\n\\r\\nOK\\r\\n\\r\\nERROR\\r\\n",
    ),
    (
        "a transfer repeated before its end",
        "@ ftp file a x\n@ hold\n>> AT+CFTPSERV=\"ftp.example.org\"\n<< OK\n>> AT+CFTPUN=\"u\"\n<< OK\n>> AT+CMEE=1\n<< OK\n>> AT+CFTPGETFILE=\"a\",0\n<< OK\n>> AT+CFTPGETFILE=\"a\",0\n<< +CME ERROR: 202\n@ go\n<< +CFTPGETFILE: 0",
    ),
    (
        "a sending repeated before its end",
        ">> AT+SMTPSRV=\"smtp.example.org\"\n<< OK\n>> AT+SMTPFROM=\"a@example.org\"\n<< OK\n>> AT+SMTPRCPT=0,0,\"b@example.org\"\n<< OK\n>> AT+SMTPSEND\n<< +SMTP: OK\n<< OK\n>> AT+SMTPSEND\n<< +SMTP: ONGOING\n<< ERROR\n@ mail ok\n<< +SMTP: SUCCESS",
    ),
    ("Ctrl-Z in command mode", ">>raw <CTRL-Z>AT\\r\n<< OK"),
    ("Ctrl-Z alone", ">>raw <CTRL-Z>\n>> AT\n<< OK"),
    (
        "Ctrl-Z and CR LF in command mode",
        "@ exact\n>>raw <CTRL-Z>\\r\\nAT\\r\n<<raw \\rAT\\r\\r\\nOK\\r\\n",
    ),
    (
        "Ctrl-Z within a line",
        ">>raw AT+CM<CTRL-Z>EE?\\r\n<< +CMEE: 0\n<< OK",
    ),
    ("ESC before a line", ">>raw <ESC>AT\\r\n<< OK"),
    ("+++ before a line", ">>raw +++AT\\r\n<< OK"),
    ("noise before a line", ">>raw \\x00\\xff~AT\\r\n<< OK"),
    (
        "a mistake is taken back",
        "@ exact\n>>raw AT+CMEE=2<BS>1\\r\n<<raw AT+CMEE=2<BS> <BS>1\\r\\r\\nOK\\r\\n",
    ),
    ("blanks in a line", ">> AT +CMEE=1\n<< OK"),
    ("a blank at the end", ">> AT+CMEE? \n<< +CMEE: 0\n<< OK"),
    ("a blank behind the equals sign", ">> AT+CMEE= 1\n<< OK"),
    (
        "several commands on a line",
        ">> AT+CMEE=1;+CMEE?\n<< +CMEE: 1\n<< OK",
    ),
    (
        "a line of 525 characters",
        ">> AT+SMTPSUB=\"s<x512>\"\n<< OK",
    ),
    (
        "a line of 600 characters",
        ">> AT+SMTPSUB=\"s<x590>\"\n<< ERROR\n>> AT\n<< OK",
    ),
    (
        "a line without end",
        ">> AT+SMTPSUB=\"s<x9000>\"\n<< ERROR\n>> AT\n<< OK",
    ),
];

/// How values are written.
const VALUES: &[(&str, &str)] = &[
    (
        "blanks behind commas",
        ">> AT+POP3SRV=\"pop3.example.org\", \"user\", \"pass\", 110\n<< OK\n>> AT+POP3SRV?\n<< +POP3SRV: \"pop3.example.org\", \"user\", \"pass\", 110\n<< OK",
    ),
    (
        "a letter in quotes",
        ">> AT+CFTPTYPE=\"A\"\n<< OK\n>> AT+CFTPTYPE?\n<< +CFTPTYPE: A\n<< OK",
    ),
    (
        "a letter in lower case",
        ">> AT+CFTPTYPE=a\n<< OK\n>> AT+CFTPTYPE?\n<< +CFTPTYPE: A\n<< OK",
    ),
    (
        "a path on a server without quotes",
        ">> AT+CFTPSERV=\"ftp.example.org\"\n<< OK\n>> AT+CFTPUN=\"u\"\n<< OK\n>> AT+CFTPPUT=/in/a.txt\n<< +CFTPPUT: BEGIN\n>>raw x<CTRL-Z>\n<< OK\n@ ftp has /in/a.txt x",
    ),
    ("a PIN in quotes", ">> AT+CPIN=\"1234\"\n<< OK"),
    ("a PIN without", ">> AT+CPIN=1234\n<< OK"),
    (
        "a path in quotes",
        ">> AT+FSCD=\"C:/Picture\"\n<< +FSCD: C:/Picture/\n<< OK",
    ),
    (
        "a path without",
        ">> AT+FSCD=C:/Picture\n<< +FSCD: C:/Picture/\n<< OK",
    ),
    (
        "a path in lower case",
        ">> AT+FSCD=c:/picture\n<< +FSCD: C:/Picture/\n<< OK",
    ),
    (
        "a path with a slash at its end",
        ">> AT+FSCD=C:/Picture/\n<< +FSCD: C:/Picture/\n<< OK",
    ),
    ("a drive alone", ">> AT+FSCD=C:\n<< +FSCD: C:/\n<< OK"),
    (
        "a number with zeros before it",
        ">> AT+CFTPPORT=0021\n<< OK\n>> AT+CFTPPORT?\n<< +CFTPPORT: 21\n<< OK",
    ),
    (
        "a port left out",
        ">> AT+SMTPSRV=\"smtp.example.org\"\n<< OK\n>> AT+SMTPSRV?\n<< +SMTPSRV: \"smtp.example.org\", 25\n<< OK",
    ),
    (
        "an address as a name",
        ">> AT+SMTPFROM=\"a@example.org\",\"a@example.org\"\n<< OK",
    ),
    (
        "a name with blanks and commas",
        ">> AT+SMTPFROM=\"a@example.org\",\"Meter 7, north\"\n<< OK\n>> AT+SMTPFROM?\n<< +SMTPFROM: \"a@example.org\", \"Meter 7, north\"\n<< OK",
    ),
    (
        "a place taken twice",
        ">> AT+SMTPRCPT=0,0,\"a@example.org\"\n<< OK\n>> AT+SMTPRCPT=0,0,\"b@example.org\"\n<< OK\n>> AT+SMTPRCPT?\n<< +SMTPRCPT: 0, 0, \"b@example.org\", \"\"\n<< OK",
    ),
    (
        "a password first",
        ">> AT+CSOCKAUTH=1,1,\"password\",\"user\"\n<< OK",
    ),
    (
        "a context with all its values",
        ">> AT+CGSOCKCONT=1,\"IP\",\"apn.example\",\"0.0.0.0\",0,0\n<< OK",
    ),
    (
        "a clock without zone hours",
        ">> AT+CCLK=\"10/02/05,12:00:00+00\"\n<< OK\n>> AT+CCLK?\n<< +CCLK: \"10/02/05,12:00:00+00\"\n<< OK",
    ),
    (
        "a clock behind UTC",
        ">> AT+CCLK=\"10/02/05,12:00:00-20\"\n<< OK\n>> AT+CCLK?\n<< +CCLK: \"10/02/05,12:00:00-20\"\n<< OK",
    ),
    (
        "more numbers behind a path",
        ">> AT+CFTPSERV=\"ftp.example.org\"\n<< OK\n>> AT+CFTPUN=\"u\"\n<< OK\n>> AT+CFTPPUT=\"a\",0\n<< +CFTPPUT: BEGIN\n>>raw x<CTRL-Z>\n<< OK",
    ),
    ("a second number of AT+CATR", ">> AT+CATR=1,0\n<< OK"),
];

/// How data is sent.
const DATA: &[(&str, &str)] = &[
    (
        "Ctrl-Z and CR LF behind a body",
        "@ exact\n>> AT+SMTPBODY\n<<raw AT+SMTPBODY\\r\\r\\n>>\\x20\n>>raw x<CTRL-Z>\\r\\n\n<<raw x\\r\\nOK\\r\\n\\r",
    ),
    (
        "ESC and CR LF behind a body",
        "@ exact\n>> AT+SMTPBODY\n<<raw AT+SMTPBODY\\r\\r\\n>>\\x20\n>>raw x<ESC>\\r\\n\n<<raw x\\r\\nOK\\r\\n\\r",
    ),
    (
        "CR LF behind AT+SMTPBODY",
        "@ exact\n>>raw ATE0\\r\\n\n<<raw ATE0\\r\\r\\nOK\\r\\n\n>>raw AT+SMTPBODY\\r\\n\n<<raw \\r\\n>>\\x20\n>>raw x<CTRL-Z>\\r\\n\n<<raw \\r\\nOK\\r\\n\n>>raw AT+SMTPBODY?\\r\\n\n<<raw \\r\\n+SMTPBODY: \"x\"\\r\\n\\r\\nOK\\r\\n",
    ),
    (
        "CR LF behind AT+CFTPPUT",
        "@ exact\n>>raw ATE0\\r\\n\n<<raw ATE0\\r\\r\\nOK\\r\\n\n>>raw AT+CFTPSERV=\"ftp.example.org\"\\r\\n\n<<raw \\r\\nOK\\r\\n\n>>raw AT+CFTPUN=\"u\"\\r\\n\n<<raw \\r\\nOK\\r\\n\n>>raw AT+CFTPPUT=\"a\"\\r\\n\n<<raw \\r\\n+CFTPPUT: BEGIN\\r\\n\n>>raw x<CTRL-Z>\\r\\n\n<<raw \\r\\nOK\\r\\n\n@ ftp has a x",
    ),
    (
        "lines of a body that look like answers and commands",
        ">> AT+SMTPBODY\n<<raw \\r\\n>>\\x20\n>>raw OK\\r\\nERROR\\r\\nAT+SMTPSEND\\r\\n+++<CTRL-Z>\n<< OK\n>> AT+SMTPBODY?\n<< +SMTPBODY: \"OK\\r\\nERROR\\r\\nAT+SMTPSEND\\r\\n+++\"\n<< OK",
    ),
    (
        "a body without a wait for its prompt",
        "@ exact\n>>raw ATE0\\rAT+SMTPBODY\\rx<CTRL-Z>AT+SMTPBODY?\\r\n<<raw ATE0\\r\\r\\nOK\\r\\n\\r\\n>>\\x20\\r\\nOK\\r\\n\\r\\n+SMTPBODY: \"x\"\\r\\n\\r\\nOK\\r\\n",
    ),
    (
        "Ctrl-Z before AT+CFTPPUT and behind it",
        "@ hold\n>> AT+CFTPSERV=\"ftp.example.org\"\n<< OK\n>> AT+CFTPUN=\"u\"\n<< OK\n>>raw <CTRL-Z>\n>> AT+CFTPPUT=\"a\"\n>>raw <CTRL-Z>\n@ go\n<< +CFTPPUT: BEGIN\n~ 10ms\n>>raw x<CTRL-Z>\n<< OK\n@ ftp has a x",
    ),
    (
        "Ctrl-Z behind AT+CHTTPACT",
        "@ http says HTTP/1.0 204 None\\r\\n\\r\\n\n@ hold\n>> AT+CHTTPACT=\"www.example.org\",80\n>>raw <CTRL-Z>\n@ go\n<< +CHTTPACT: REQUEST\n~ 10ms\n>>raw GET / HTTP/1.0\\r\\n\\r\\n<CTRL-Z>\n<< OK\n<< +CHTTPACT: DATA,21\n<<raw HTTP/1.0 204 None\\r\\n\\r\\n\n<< +CHTTPACT: 0",
    ),
    (
        "a file in one piece with its command",
        "@ exact\n>>raw ATE0\\r\n<<raw ATE0\\r\\r\\nOK\\r\\n\n>>raw AT+CFTRANRX=\"C:/a\",3\\rabcAT\\r\n<<raw \\r\\n>\\r\\nOK\\r\\n\\r\\nOK\\r\\n",
    ),
    (
        "nothing is escaped where nothing needs it",
        ">> AT+CFTPSERV=\"ftp.example.org\"\n<< OK\n>> AT+CFTPUN=\"u\"\n<< OK\n>> AT+CFTPPUT=\"a\"\n<< +CFTPPUT: BEGIN\n>>raw plain text\\r\\n<CTRL-Z>\n<< OK\n@ ftp has a plain text\\r\\n",
    ),
];

/// What is sent around the services.
const AROUND: &[(&str, &str)] = &[
    (
        "a copy without anybody to go to",
        ">> AT+SMTPSRV=\"smtp.example.org\"\n<< OK\n>> AT+SMTPFROM=\"a@example.org\"\n<< OK\n>> AT+SMTPRCPT=1,0,\"b@example.org\"\n<< OK\n>> AT+SMTPSEND\n<< +SMTP: OK\n<< OK\n@ mail ok\n<< +SMTP: SUCCESS",
    ),
    ("the speed of the line", ">> AT+IPR=115200\n<< OK"),
    ("flow control", ">> AT+IFC=2,2\n<< OK"),
    (
        "attach and detach",
        ">> AT+CGATT=0\n<< OK\n>> AT+CGATT=1\n<< OK\n>> AT+CGATT?\n<< +CGATT: 1\n<< OK",
    ),
    (
        "the context of services",
        ">> AT+CSOCKSETPN=1\n<< OK\n>> AT+CSOCKSETPN?\n<< +CSOCKSETPN: 1\n<< OK",
    ),
    ("factory settings", ">> AT&F\n<< OK"),
    ("hang up", ">> ATH\n<< OK"),
    (
        "verbs that do nothing here",
        ">> ATX4\n<< OK\n>> ATS0=0\n<< OK\n>> ATV1\n<< OK",
    ),
    ("errors in words", ">> AT+CMEE=2\n<< OK"),
    (
        "registration is watched",
        ">> AT+CREG=1\n<< OK\n>> AT+CGREG=1\n<< OK",
    ),
    (
        "into the folder where one is",
        ">> AT+FSCD=C:/Picture\n<< +FSCD: C:/Picture/\n<< OK\n>> AT+FSCD=Picture\n<< ERROR",
    ),
    (
        "the mail folder before there is mail",
        ">> AT+FSCD=C:/Email\n<< +FSCD: C:/Email/\n<< OK",
    ),
    (
        "a command of another family",
        ">> AT+HTTPINIT\n<< ERROR\n>> AT+SAPBR=1,1\n<< ERROR",
    ),
];
