//! Unsolicited lines that fall due while something else has the line (reference section 10): they wait for it.

use super::all;
use anyhow::Result;

/// A mail is on its way; the equipment has been told that the server greeted.
const SENDING: &str = ">> AT+SMTPSRV=\"smtp.example.org\"\n<< OK\n>> AT+SMTPFROM=\"a@example.org\"\n<< OK\n\
    >> AT+SMTPRCPT=0,0,\"b@example.org\"\n<< OK\n>> AT+CFTPSERV=\"ftp.example.org\"\n<< OK\n\
    >> AT+CFTPUN=\"u\"\n<< OK\n>> AT+SMTPSEND\n<< +SMTP: OK\n<< OK\n";

/// What has the line when the mail comes to its end.
const CASES: &[(&str, &str)] = &[
    (
        "half a line is typed",
        ">>raw AT+CM\n@ mail ok\n>>raw EE?\\r\n<< +CMEE: 0\n<< OK\n<< +SMTP: SUCCESS",
    ),
    (
        "a data mode",
        ">> AT+CFTPPUT=\"a\"\n<< +CFTPPUT: BEGIN\n>>raw x\n@ mail ok\n>>raw y<CTRL-Z>\n<< OK\n\
            << +SMTP: SUCCESS\n@ ftp has a xy",
    ),
    (
        "a stream",
        "@ ftp file /a abc\n@ hold\n>> AT+CFTPGET=\"/a\"\n@ step\n<< OK\n@ mail ok\n@ go\n\
            << +CFTPGET: DATA,3\n<<raw abc\n<< +CFTPGET: 0\n<< +SMTP: SUCCESS",
    ),
    (
        "a command that waits for a server",
        "@ hold\n>> AT+POP3SRV=\"h\",\"u\",\"p\"\n<< OK\n>> AT+POP3IN\n@ mail ok\n@ go\n\
            << +POP3: SUCCESS\n<< OK\n<< +SMTP: SUCCESS",
    ),
];

#[test]
fn they_wait_until_the_line_is_free() -> Result<()> {
    let cases: Vec<_> = CASES
        .iter()
        .map(|(about, text)| (*about, format!("{SENDING}{text}")))
        .collect();
    let cases: Vec<_> = cases
        .iter()
        .map(|(about, text)| (*about, text.as_str()))
        .collect();
    all(&cases)
}
