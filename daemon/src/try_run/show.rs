//! What `hayesd try` prints.

use super::mail_server::Received;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::thread;

/// Prints a line. Nobody may be reading any more: then it is not printed.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a port's dialogue as it comes, until the daemon ends it.
pub(super) fn dialogue(trace: File) -> io::Result<()> {
    thread::Builder::new().name("trace".into()).spawn(move || {
        for line in BufReader::new(trace).lines() {
            let Ok(line) = line else { return };
            say(&format!("  {line}"));
        }
    })?;
    Ok(())
}

/// Prints a mail that the server got.
pub(super) fn mail(mail: &Received) {
    let recipients = mail.recipients.join(", ");
    say(&format!(
        "\nThe server got a mail from {} to {recipients}:\n",
        mail.sender
    ));
    for line in String::from_utf8_lossy(&mail.message).lines() {
        say(&format!("  | {}", harmless(line)));
    }
}

/// The line without what a terminal would obey.
fn harmless(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => text.push(c),
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text
}

/// Prints what can be tried by hand.
pub(super) fn by_hand(address: &str, tty: &str) {
    say(&format!(
        r#"
It all goes on until Ctrl-C. To try by hand, in another terminal:

  busctl --address={address} tree org.hayesd1
  busctl --address={address} call org.hayesd1 /org/hayesd1 \
      org.hayesd1.Mail SendSimple 'ssssa{{sv}}' try you@example.org Subject Text 0
  busctl --address={address} call org.hayesd1 /org/hayesd1/modem/module \
      org.hayesd1.Modem Command 'sta{{sv}}' AT+CSQ 5000000 0

A second module is free for a terminal program, for example

  socat -,rawer,escape=0x1d {tty}

(Ctrl-] leaves it). Type ATI, or AT+QSMTPCFG=?
"#
    ));
}
