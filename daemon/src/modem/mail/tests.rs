use super::*;
use crate::service::{Server, Tls};

fn open(recipients: &[&str], policy: RecipientPolicy) -> MailOpen {
    MailOpen {
        reach: Default::default(),
        server: Server {
            host: "mail.example.org".into(),
            port: 25,
            tls: Tls::None,
        },
        credentials: None,
        sender: "me@example.org".into(),
        recipients: recipients.iter().map(|&each| each.to_owned()).collect(),
        policy,
        shape: crate::service::Shape::default(),
        share: false,
        patience: None,
    }
}

fn mailbox(address: &str) -> Mailbox {
    Mailbox {
        name: None,
        address: address.into(),
    }
}

fn outgoing(policy: RecipientPolicy) -> Outgoing {
    Outgoing {
        open: open(&["a@x.example", "B@x.example", "c@x.example"], policy),
        plain: Plain {
            from: mailbox("Me@example.org"),
            to: vec![mailbox("a@x.example")],
            cc: vec![mailbox("b@x.example"), mailbox("gone@x.example")],
            ..Plain::default()
        },
        size: 1,
    }
}

fn reply(code: u16) -> Error {
    let kind = if code < 500 {
        ErrorKind::TemporaryFailure
    } else {
        ErrorKind::Rejected
    };
    Error::new(kind, "refused").with_reply(ServerReply {
        code,
        text: String::new(),
    })
}

/// Plays a round; `answer` says what the server thinks of each batch. Returns the batches as sent.
fn play(
    mail: &Outgoing,
    answer: impl Fn(&Batch) -> Result<()>,
) -> (Vec<Vec<usize>>, Result<Delivered>) {
    let mut round = Round::new(mail);
    let mut sent = Vec::new();
    while let Some(batch) = round.queue.pop_front() {
        sent.push(batch.all().collect());
        match answer(&batch) {
            Ok(()) => round.accepted(&batch, None),
            Err(error) => {
                let splits = round.splits(&batch, &error);
                round.refused(&batch, error, splits);
            }
        }
    }
    (sent, round.end())
}

fn accepted(delivered: &Delivered) -> Vec<bool> {
    delivered
        .recipients
        .iter()
        .map(|verdict| matches!(verdict, Verdict::Accepted(Certainty::Inferred)))
        .collect()
}

#[test]
fn whom_no_header_names_gets_a_mail_of_his_own() {
    let mail = outgoing(RecipientPolicy::AnyAccepted);
    let batches = batches(&mail.open, &mail.plain);
    assert_eq!(
        batches,
        [
            Batch {
                to: vec![0],
                cc: vec![1]
            },
            Batch {
                to: vec![2],
                cc: vec![]
            }
        ]
    );
    assert!(check(&mail).is_ok());
}

#[test]
fn a_refused_recipient_costs_only_himself_and_nobody_gets_it_twice() {
    let mail = outgoing(RecipientPolicy::AnyAccepted);
    let (sent, outcome) = play(&mail, |batch| {
        if batch.all().any(|place| place == 1) {
            return Err(reply(550));
        }
        Ok(())
    });
    assert_eq!(sent, [vec![0, 1], vec![0], vec![1], vec![2]]);
    assert_eq!(accepted(&outcome.unwrap()), [true, false, true]);
}

#[test]
fn what_the_server_may_have_taken_is_doubtful_where_no_reply_of_its_shows() {
    let told = Error::new(ErrorKind::TemporaryFailure, "SERVER ERROR").by(Fault::Server);
    assert!(!is_doubtful(&told) && !is_doubtful(&reply(451).after_content()));
    assert!(is_doubtful(&told.after_content()));
}

#[test]
fn all_or_none_ends_with_the_refusal() {
    let mail = outgoing(RecipientPolicy::AllOrNone);
    let (sent, outcome) = play(&mail, |_| Err(reply(550)));
    assert_eq!(sent, [vec![0, 1]]);
    assert_eq!(outcome.unwrap_err(), reply(550));
}

#[test]
fn what_is_nobodys_fault_ends_it() {
    let mail = outgoing(RecipientPolicy::AnyAccepted);
    let down = Error::new(ErrorKind::NoNetwork, "down").after_content();
    let (sent, outcome) = play(&mail, |_| Err(down.clone()));
    assert_eq!(sent, [vec![0, 1]]);
    assert_eq!(outcome.unwrap_err(), down);

    let (sent, outcome) = play(&mail, |batch| {
        if batch.len() == 1 {
            return Err(down.clone());
        }
        Ok(())
    });
    assert_eq!(sent, [vec![0, 1], vec![2]]);
    let delivered = outcome.unwrap();
    assert_eq!(accepted(&delivered), [true, true, false]);
    assert_eq!(delivered.recipients[2], Verdict::Refused(down));
}

#[test]
fn only_what_was_sent_can_be_in_doubt() {
    let mut mail = outgoing(RecipientPolicy::AnyAccepted);
    mail.plain.cc.clear();
    let unknown = Error::new(ErrorKind::Unknown, "lost").after_content();
    let (sent, outcome) = play(&mail, |batch| match batch.to[..] {
        [1] => Err(unknown.clone()),
        _ => Ok(()),
    });
    assert_eq!(sent, [vec![0], vec![1]]);
    let recipients = outcome.unwrap().recipients;
    assert_eq!(recipients[1], Verdict::Refused(unknown));
    let Verdict::Refused(error) = &recipients[2] else {
        panic!("it was sent to nobody else");
    };
    assert_eq!(error.kind, ErrorKind::TemporaryFailure);
    assert!(!error.content_sent);
}

#[test]
fn refusals_of_everybody_are_verdicts() {
    let mail = outgoing(RecipientPolicy::AnyAccepted);
    let (sent, outcome) = play(&mail, |_| Err(reply(450)));
    assert_eq!(sent, [vec![0, 1], vec![0], vec![1], vec![2]]);
    assert_eq!(accepted(&outcome.unwrap()), [false; 3]);
}

#[test]
fn another_envelope_sender_is_not_carried() {
    let mut mail = outgoing(RecipientPolicy::AnyAccepted);
    mail.open.sender = "other@example.org".into();
    assert_eq!(check(&mail).unwrap_err().kind, ErrorKind::NotSupported);
    mail.open.sender.clear();
    assert!(check(&mail).unwrap_err().try_next());
}

#[test]
fn what_came_after_a_restart_counts_for_those_it_is_for() {
    // Of five the first has it, the third and fourth were being sent theirs.
    let mail = |policy| Interrupted {
        recipients: 5,
        taken: vec![0],
        piece: vec![2, 3],
        policy,
        since: core::time::Duration::ZERO,
    };
    let any = mail(RecipientPolicy::AnyAccepted);
    let errors = |delivered: &Delivered| -> Vec<Option<Error>> {
        let each = delivered.recipients.iter();
        each.map(|verdict| match verdict {
            Verdict::Refused(error) => Some(error.clone()),
            Verdict::Accepted(_) => None,
        })
        .collect()
    };
    let is_later = |error: &Option<Error>| {
        let error = error.as_ref();
        error.is_some_and(|error| error.is_temporary() && !error.content_sent)
    };

    let delivered = resumed(&any, Ok(None)).unwrap();
    assert_eq!(accepted(&delivered), [true, false, true, true, false]);
    assert!(
        [1, 4]
            .iter()
            .all(|place| is_later(&errors(&delivered)[*place]))
    );

    // It may be the fault of one of them: nobody is refused for good.
    let delivered = resumed(&any, Err(reply(550))).unwrap();
    assert_eq!(accepted(&delivered), [true, false, false, false, false]);
    assert!(errors(&delivered)[1..].iter().all(is_later));

    let mut one = any.clone();
    one.piece = vec![3];
    let delivered = resumed(&one, Err(reply(550))).unwrap();
    let told = errors(&delivered);
    assert_eq!(told[3], Some(reply(550)));
    assert!([1, 2, 4].iter().all(|place| is_later(&told[*place])));

    // Nobody's fault: it ends there, and what was sent stays in doubt where it is.
    let lost = Error::new(ErrorKind::Unknown, "lost").after_content();
    let delivered = resumed(&any, Err(lost.clone())).unwrap();
    let told = errors(&delivered);
    assert_eq!(
        (&told[2], &told[3]),
        (&Some(lost.clone()), &Some(lost.clone()))
    );
    assert!([1, 4].iter().all(|place| is_later(&told[*place])));
    let first = Interrupted {
        taken: Vec::new(),
        ..any
    };
    assert_eq!(resumed(&first, Err(lost.clone())), Err(lost));

    let all = Interrupted {
        taken: Vec::new(),
        ..mail(RecipientPolicy::AllOrNone)
    };
    assert_eq!(resumed(&all, Err(reply(550))), Err(reply(550)));
}
