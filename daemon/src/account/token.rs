//! Fetching an OAuth 2.0 bearer token: from a file, or from a program that prints it.

use crate::config::{Machine, SecretSource, TokenSource, secret_text};
use crate::disk::Disk;
use crate::service::Secret;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// A program may take so long: it asks a server for the token.
const LIMIT: Duration = Duration::from_secs(20);
/// The longest token, in bytes; with what XOAUTH2 adds it fits into one SMTP command (RFC 4954 section 4).
const LONGEST: usize = 8 * 1024;
/// So much of what a program complains about is told.
const LONGEST_COMPLAINT: usize = 200;

/// The token as it is now.
///
/// # Errors
///
/// A text for a person: the file can't be read, the program fails (with the first line of its standard
/// error), takes longer than 20 s, or what comes is no token.
pub(super) async fn fetch(
    source: &TokenSource,
    machine: &Machine,
    disk: &Disk,
) -> Result<Secret, String> {
    match source {
        TokenSource::File(path) => {
            let (path, machine) = (path.clone(), machine.clone());
            let read = move || {
                let token = SecretSource::File(path.clone()).read(&machine)?;
                checked(token).map_err(|text| format!("{}: {text}", path.display()))
            };
            disk.run(read).await.map_err(|error| error.text)?
        }
        TokenSource::Command(words) => run(words, LIMIT).await,
    }
}

/// RFC 6750 section 2.1 has fewer characters still.
fn checked(token: Secret) -> Result<Secret, String> {
    if token.expose().len() > LONGEST {
        return Err("longer than 8 KiB".into());
    }
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a token has no blanks and no characters outside ASCII".into());
    }
    Ok(token)
}

/// The program and all that it started, ended if we turn away before it has ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Not waited for yet, so the number is still its own.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

async fn run(words: &[String], limit: Duration) -> Result<Secret, String> {
    let (program, arguments) = words.split_first().ok_or("no program is named")?;
    let told = |what: &str| format!("the token command {program}: {what}");
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir("/")
        // What is meant for us alone.
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_PID")
        .env_remove("WATCHDOG_USEC")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| told(&error.to_string()))?;
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let mut group = Group(id.map(Pid::from_raw));
    let result = tokio::time::timeout(limit, talk(&mut child)).await;
    match result {
        Ok(result) => {
            if child.id().is_none() {
                group.0 = None;
            }
            result.map_err(|what| told(&what))
        }
        Err(_) => Err(told(&format!("no token within {} s", limit.as_secs_f32()))),
    }
}

/// Hears it out. The process was waited for if this is an answer.
async fn talk(child: &mut Child) -> Result<Secret, String> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (printed, complaint) = tokio::join!(whole(stdout), first_line(stderr));
    let printed = printed?;
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if !status.success() {
        let text = match complaint {
            Some(complaint) => format!("{status}: {complaint}"),
            None => status.to_string(),
        };
        return Err(text);
    }
    secret_text(&printed).and_then(checked)
}

async fn whole(stream: Option<impl AsyncRead + Unpin>) -> Result<Zeroizing<Vec<u8>>, String> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
    let Some(mut stream) = stream else {
        return Ok(bytes);
    };
    let mut piece = Zeroizing::new([0; 1024]);
    loop {
        match stream.read(&mut *piece).await {
            Ok(0) => return Ok(bytes),
            // With its line end.
            Ok(count) if bytes.len() + count > LONGEST + 2 => {
                return Err("it prints more than 8 KiB".into());
            }
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// The first line, printable and not too long; the rest is read and dropped, so that the program goes on.
async fn first_line(stream: Option<impl AsyncRead + Unpin>) -> Option<String> {
    let mut stream = stream?;
    let (mut line, mut is_over) = (Vec::new(), false);
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        for &byte in piece[..count].iter().filter(|_| !is_over) {
            if byte == b'\n' && !line.is_empty() {
                is_over = true;
                break;
            }
            if byte != b'\n' && line.len() < LONGEST_COMPLAINT {
                line.push(byte);
            }
        }
    }
    let text: String = String::from_utf8_lossy(&line)
        .trim()
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    async fn shell(script: &str) -> Result<Secret, String> {
        let words = ["/bin/sh", "-c", script].map(str::to_owned);
        run(&words, Duration::from_secs(60)).await
    }

    #[tokio::test]
    async fn what_a_program_prints_is_the_token() {
        let token = shell("echo noise >&2; echo ya29.a0-_~+/=").await.unwrap();
        assert_eq!(token.expose(), "ya29.a0-_~+/=");
        assert_eq!(shell("printf x").await.unwrap().expose(), "x");
        let long = "a".repeat(LONGEST);
        let token = shell(&format!("echo {long}")).await.unwrap();
        assert_eq!(token.expose(), long);
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_without_what_was_printed() {
        for (script, why) in [
            (
                "echo Planted; echo >&2; echo no refresh token >&2; echo more >&2; exit 3",
                "exit status: 3: no refresh token",
            ),
            ("echo Planted; exit 1", "exit status: 1"),
            ("true", "empty"),
            ("echo Planted; echo Planted", "more than one line"),
            ("echo Planted token", "no blanks"),
            ("printf 'Planted\\377'", "not UTF-8"),
            ("head -c 9000 /dev/zero", "more than 8 KiB"),
            ("kill -9 $$", "signal: 9"),
        ] {
            let text = shell(script).await.unwrap_err();
            assert!(text.contains(why), "{script}: {text}");
            assert!(text.starts_with("the token command /bin/sh: "), "{text}");
            assert!(!text.contains("Planted"), "{text}");
        }
        let nothing = ["/nonexistent".to_owned()];
        let text = run(&nothing, LIMIT).await.unwrap_err();
        assert!(text.contains("No such file"), "{text}");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_all_that_it_started() {
        let (mut alive, for_it) = std::os::unix::net::UnixStream::pair().unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&for_it);
        nix::fcntl::fcntl(
            &for_it,
            nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()),
        )
        .unwrap();
        let words = ["/bin/sh", "-c", "sleep 1000 & sleep 1000"].map(str::to_owned);
        let text = run(&words, Duration::from_millis(50)).await.unwrap_err();
        assert!(text.contains("no token within"), "{text}");
        let _ = fd;
        drop(for_it);
        // Both sleepers held the other end.
        let ended = tokio::task::spawn_blocking(move || {
            std::io::Read::read(&mut alive, &mut [0; 1]).map(|count| count == 0)
        });
        assert!(ended.await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn a_file_is_read_if_nobody_else_can() {
        let path = std::env::temp_dir().join(format!("hayesd-token-{}", std::process::id()));
        std::fs::write(&path, "ya29.token\n").unwrap();
        let source = TokenSource::File(path.clone());
        let machine = Machine::here();
        let disk = Disk::inline();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let text = fetch(&source, &machine, &disk).await.unwrap_err();
        assert!(text.contains("chmod 0600"), "{text}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let token = fetch(&source, &machine, &disk).await.unwrap();
        assert_eq!(token.expose(), "ya29.token");
        std::fs::write(&path, "Planted token\n").unwrap();
        let text = fetch(&source, &machine, &disk).await.unwrap_err();
        assert!(
            text.contains("no blanks") && !text.contains("Planted"),
            "{text}"
        );
        std::fs::remove_file(path).unwrap();
    }
}
