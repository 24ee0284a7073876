//! What a server offers, and what is asked of it.

use super::fake::*;
use crate::service::{ErrorKind, MailOpen, Mechanism, Shape, Tls, Verdict};

async fn with(
    offers: &[&'static str],
    request: &MailOpen,
) -> (crate::service::Result<()>, Vec<String>) {
    let mut plan = Plan::new(Tls::None);
    plan.offers = offers.to_vec();
    let (result, seen) = send(plan, request, &Told::default()).await;
    (result.map(drop), seen.commands)
}

fn shaped(shape: Shape) -> MailOpen {
    MailOpen {
        reach: Default::default(),
        shape,
        credentials: None,
        ..request(Tls::None)
    }
}

#[tokio::test(start_paused = true)]
async fn plain_before_login_and_nothing_else() {
    let request = request(Tls::None);
    let (result, commands) = with(&["AUTH LOGIN PLAIN"], &request).await;
    result.unwrap();
    assert_eq!(commands[1], "AUTH PLAIN AHB1bXA3AFBsYW50ZWQtU2VjcmV0");
    let (result, commands) = with(&["auth login"], &request).await;
    result.unwrap();
    assert_eq!(
        commands[1..4],
        ["AUTH LOGIN", "cHVtcDc=", "UGxhbnRlZC1TZWNyZXQ="]
    );
    for offers in [&["AUTH CRAM-MD5 XOAUTH2"][..], &["SIZE"], &[]] {
        let (result, commands) = with(offers, &request).await;
        assert_eq!(result.unwrap_err().kind, ErrorKind::AuthFailed);
        assert!(
            !commands
                .iter()
                .any(|line| line.starts_with("AUTH") || line.starts_with("MAIL"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_goes_by_xoauth2_and_by_nothing_else() {
    let mut request = request(Tls::None);
    request.credentials.as_mut().unwrap().mechanism = Mechanism::XOAuth2;
    let (result, commands) = with(&["AUTH LOGIN PLAIN XOAUTH2"], &request).await;
    result.unwrap();
    assert_eq!(
        commands[1],
        "AUTH XOAUTH2 dXNlcj1wdW1wNwFhdXRoPUJlYXJlciBQbGFudGVkLVNlY3JldAEB"
    );
    let (result, commands) = with(&["AUTH LOGIN PLAIN"], &request).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::AuthFailed);
    assert!(!commands.iter().any(|line| line.starts_with("AUTH")));

    // Details first; the verdict after an empty line.
    let mut plan = Plan::new(Tls::None);
    plan.offers = vec!["AUTH XOAUTH2"];
    plan.fault = Some((
        At::Auth,
        Fault::Say(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n".to_vec()),
    ));
    let (result, seen) = send(plan, &request, &Told::default()).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AuthFailed);
    assert_eq!(error.to_string(), "the server refused the token: 500 what?");
    assert_eq!(seen.commands[2], "");
}

#[tokio::test(start_paused = true)]
async fn a_password_never_goes_in_clear_unasked() {
    let mut request = request(Tls::None);
    request.credentials.as_mut().unwrap().plain_auth = false;
    let (result, seen) = send(Plan::new(Tls::None), &request, &Told::default()).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::InvalidArgument);
    assert!(seen.commands.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_size_that_is_too_much_is_known_beforehand() {
    let shape = Shape {
        size: 1001,
        ..Shape::default()
    };
    let (result, commands) = with(&["SIZE 1000"], &shaped(shape)).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert!(!error.try_next(), "the server takes no more by another way");
    assert!(!commands.iter().any(|line| line.starts_with("MAIL")));
    let (result, commands) = with(&["SIZE 1001"], &shaped(shape)).await;
    result.unwrap();
    assert_eq!(commands[1], "MAIL FROM:<pump7@example.org> SIZE=1001");
    let (result, commands) = with(&["SIZE 0"], &shaped(shape)).await;
    result.unwrap();
    assert_eq!(commands[1], "MAIL FROM:<pump7@example.org>");
}

#[tokio::test(start_paused = true)]
async fn eight_bits_are_sent_where_they_are_taken() {
    let shape = Shape {
        eight_bit: true,
        ..Shape::default()
    };
    let (result, commands) = with(&["8bitmime"], &shaped(shape)).await;
    result.unwrap();
    assert_eq!(commands[1], "MAIL FROM:<pump7@example.org> BODY=8BITMIME");
    let (result, _) = with(&[], &shaped(shape)).await;
    let error = result.unwrap_err();
    assert!(error.kind == ErrorKind::NotSupported && !error.try_next());
}

#[tokio::test(start_paused = true)]
async fn utf8_addresses_are_sent_where_they_are_taken() {
    let mut request = shaped(Shape::default());
    request.recipients[1] = "p\u{fc}mp@b\u{fc}ro.example".into();
    let (result, commands) = with(&["SMTPUTF8", "8BITMIME"], &request).await;
    result.unwrap();
    assert_eq!(commands[1], "MAIL FROM:<pump7@example.org> SMTPUTF8");
    assert_eq!(commands[3], "RCPT TO:<p\u{fc}mp@xn--bro-hoa.example>");
    // Without, only that one goes without the mail.
    let (result, seen) = send(Plan::new(Tls::None), &request, &Told::default()).await;
    let recipients = result.unwrap().recipients;
    assert!(
        matches!(&recipients[1], Verdict::Refused(error) if error.kind == ErrorKind::NotSupported)
    );
    assert!(seen.content.is_some() && !seen.commands.iter().any(|line| !line.is_ascii()));
    request.sender = "p\u{fc}mp@example.org".into();
    let (result, _) = with(&[], &request).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::NotSupported);
}

#[tokio::test(start_paused = true)]
async fn a_bounce_has_no_sender() {
    let mut request = shaped(Shape::default());
    request.sender.clear();
    let (result, commands) = with(&[], &request).await;
    result.unwrap();
    assert_eq!(commands[1], "MAIL FROM:<>");
}

#[tokio::test(start_paused = true)]
async fn hostile_addresses_never_reach_the_wire() {
    for bad in [
        "a@b\r\nRCPT TO:<x@y>",
        "a@b> SIZE=1",
        "a b@c",
        "<a@b>",
        "a",
        "",
        "a\0@b",
        "a@b\u{2028}c",
    ] {
        let mut request = shaped(Shape::default());
        request.recipients.push(bad.into());
        let (result, seen) = send(Plan::new(Tls::None), &request, &Told::default()).await;
        assert_eq!(
            result.unwrap_err().kind,
            ErrorKind::InvalidArgument,
            "{bad:?}"
        );
        assert!(seen.commands.is_empty());
    }
    let mut request = shaped(Shape::default());
    request.recipients.clear();
    let (result, _) = send(Plan::new(Tls::None), &request, &Told::default()).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::InvalidArgument);
}
