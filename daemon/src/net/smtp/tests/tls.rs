//! TLS and STARTTLS: what is believed, and what an attacker on the way can do.

use super::fake::*;
use crate::disk::Disk;
use crate::net::smtp::open::Envelope;
use crate::net::{Dialer, Roots, SmtpBack, Tls};
use crate::service::{Error, ErrorKind, Tls as Protection};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

async fn refused(plan: Plan, tls: Tls) -> Error {
    let protection = plan.protection;
    let request = request(protection);
    let back = SmtpBack::new(Dialer::default(), tls, Disk::inline());
    let (stream, rest) = start(plan).split();
    let told = Told::default();
    let envelope = Envelope::check(&request).unwrap();
    let result = back.open_over(stream, &request, envelope, &told).await;
    let error = result.map(drop).unwrap_err();
    let seen = rest.seen().await;
    let secret = |line: &String| line.starts_with("AUTH") || line.starts_with("MAIL");
    assert!(!seen.commands.iter().any(secret), "{seen:?}");
    error
}

async fn with_certificate(host: &str, years: (i32, i32), clock_is_set: bool) -> [ErrorKind; 2] {
    let mut kinds = [ErrorKind::Internal; 2];
    for (kind, protection) in kinds
        .iter_mut()
        .zip([Protection::Implicit, Protection::StartTls])
    {
        let mut plan = Plan::new(protection);
        plan.certificate = Authority::new().server(host, years);
        *kind = refused(plan, Authority::new().client(clock_is_set))
            .await
            .kind;
    }
    kinds
}

#[tokio::test(start_paused = true)]
async fn certificates_are_always_judged() {
    let invalid = [ErrorKind::CertificateInvalid; 2];
    assert_eq!(
        with_certificate("other.example.org", (2000, 2900), true).await,
        invalid
    );
    assert_eq!(with_certificate(HOST, (2000, 2001), true).await, invalid);
    assert_eq!(with_certificate(HOST, (2800, 2900), true).await, invalid);
    assert_eq!(with_certificate(HOST, (2000, 2001), false).await, invalid);
    assert_eq!(
        with_certificate(HOST, (2800, 2900), false).await,
        [ErrorKind::ClockNotSet; 2]
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_authority_is_not_believed() {
    let clock = Arc::new(crate::clock::SystemClock);
    let other = rcgen::generate_simple_self_signed(vec![HOST.into()]).unwrap();
    let file = Temporary::new(other.cert.pem().as_bytes());
    let tls = Tls::load(&Roots::File(file.0.clone()), clock).unwrap();
    for protection in [Protection::Implicit, Protection::StartTls] {
        let error = refused(Plan::new(protection), tls.clone()).await;
        assert_eq!(error.kind, ErrorKind::CertificateInvalid);
        assert!(error.text.contains(HOST));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_starttls_gets_no_password() {
    for reply in [
        "250-mail.example.org\r\n250 AUTH PLAIN\r\n",
        "250-mail.example.org\r\n250-XSTARTTLS\r\n250 STARTTLSX\r\n",
        "250 STARTTLS\r\n",
    ] {
        let plan = Plan::with(
            Protection::StartTls,
            At::FirstEhlo,
            Fault::Say(reply.into()),
        );
        let error = refused(plan, Authority::new().client(true)).await;
        assert_eq!(error.kind, ErrorKind::TlsFailed);
    }
}

#[tokio::test(start_paused = true)]
async fn words_in_clear_after_starttls_are_not_taken_for_the_servers() {
    for injected in [
        "220 go on\r\n250-mail.example.org\r\n250 AUTH PLAIN\r\n",
        "220 go on\r\n2",
        "220 go on\r\n\r\n",
    ] {
        let plan = Plan::with(
            Protection::StartTls,
            At::StartTls,
            Fault::Say(injected.into()),
        );
        let error = refused(plan, Authority::new().client(true)).await;
        assert_eq!(error.kind, ErrorKind::TlsFailed, "{injected:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn starttls_refused_or_answered_oddly() {
    for (reply, kind) in [
        ("454 4.7.0 not now\r\n", ErrorKind::TemporaryFailure),
        ("502 5.5.1 what?\r\n", ErrorKind::Rejected),
        ("250 ok\r\n", ErrorKind::Protocol),
        ("HTTP/1.1\r\n", ErrorKind::Protocol),
    ] {
        let plan = Plan::with(
            Protection::StartTls,
            At::StartTls,
            Fault::SayAndClose(reply.into()),
        );
        let error = refused(plan, Authority::new().client(true)).await;
        assert_eq!(error.kind, kind, "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_offered_in_clear_is_forgotten() {
    let mut plan = Plan::new(Protection::StartTls);
    // In clear it says AUTH PLAIN; over TLS it does not.
    plan.offers = vec![];
    let error = refused(plan, Authority::new().client(true)).await;
    assert_eq!(error.kind, ErrorKind::AuthFailed);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_its_time() {
    // The other end reads but never answers.
    let (ours, _theirs) = tokio::io::duplex(64 * 1024);
    let stream = crate::net::stream::Stream::new(ours, ([192, 0, 2, 1], 1).into());
    let began = Instant::now();
    let result = open(stream, &request(Protection::Implicit), &Told::default()).await;
    assert_eq!(result.map(drop).unwrap_err().kind, ErrorKind::Timeout);
    assert_eq!(began.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn no_tls_at_the_other_end() {
    // A server in clear on the port for TLS.
    let (stream, rest) = start(Plan::new(Protection::None)).split();
    let result = open(stream, &request(Protection::Implicit), &Told::default()).await;
    assert_eq!(result.map(drop).unwrap_err().kind, ErrorKind::TlsFailed);
    let seen = rest.seen().await;
    assert!(!format!("{seen:?}").contains("AUTH"));
}

#[test]
fn roots_that_are_none_are_told() {
    let clock = || Arc::new(crate::clock::SystemClock);
    for bytes in [
        &b""[..],
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
    ] {
        let file = Temporary::new(bytes);
        let error = Tls::load(&Roots::File(file.0.clone()), clock()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(error.text.contains(file.0.to_str().unwrap()));
    }
    let missing = Roots::File("/nonexistent/roots.pem".into());
    assert!(Tls::load(&missing, clock()).is_err());
}
