use super::{Reader, Writer, over};
use crate::service::ErrorKind;
use hayes_ldisc::record::{Flags, FromHelper, Header, MAX_PAYLOAD, Owed, ToHelper, WINDOW};
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::future::poll_fn;
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::pin;
use std::task::Poll;

/// The helper's end, driven by hand.
struct Helper(OwnedFd);

impl Helper {
    fn pair() -> (Self, Reader, Writer) {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags).unwrap();
        let (reader, writer) = over(ours).unwrap();
        (Self(theirs), reader, writer)
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut packet = vec![0; 65536];
        match recv(self.0.as_raw_fd(), &mut packet, MsgFlags::empty()) {
            Ok(length) => {
                packet.truncate(length);
                Some(packet)
            }
            Err(error) => {
                assert_eq!(error, Errno::EAGAIN);
                None
            }
        }
    }

    fn tell(&self, record: &FromHelper<'_>) {
        let mut packet = Vec::new();
        record.encode(Header::default(), &mut packet);
        send(self.0.as_raw_fd(), &packet, MsgFlags::empty()).unwrap();
    }
}

fn done(of: u32) -> FromHelper<'static> {
    FromHelper::Done {
        of,
        dropped: 0,
        failed: None,
    }
}

#[tokio::test]
async fn records_come_whole_and_sequences_count() {
    let (helper, mut reader, mut writer) = Helper::pair();
    let flags = Flags::default();
    assert_eq!(writer.send(flags, &ToHelper::Flush).await, Ok(1));
    let ack = Flags { ack: true, ..flags };
    assert_eq!(writer.send(ack, &ToHelper::Drain).await, Ok(2));
    for sequence in [1, 2] {
        let packet = helper.next().unwrap();
        let (header, record) = ToHelper::decode(&packet).unwrap();
        assert_eq!(header.sequence, sequence);
        assert_eq!(header.flags.ack, record == ToHelper::Drain);
    }
    helper.tell(&FromHelper::Key(7));
    helper.tell(&done(2));
    assert_eq!(reader.next().await.unwrap().1, FromHelper::Key(7));
    // The caller asked for it, so he sees it.
    assert_eq!(reader.next().await.unwrap().1, done(2));
}

#[tokio::test]
async fn a_reader_that_was_dropped_while_it_waited_lost_nothing() {
    let (helper, mut reader, _writer) = Helper::pair();
    {
        let mut next = pin!(reader.next());
        poll_fn(|cx| {
            assert!(next.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    helper.tell(&FromHelper::Overrun);
    assert_eq!(reader.next().await.unwrap().1, FromHelper::Overrun);
}

#[tokio::test]
async fn long_writes_ask_for_answers_and_wait_for_them() {
    let (helper, mut reader, mut writer) = Helper::pair();
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| n as u8).collect();
    let (mut got, mut unanswered, mut since, mut most) = (Vec::new(), 0, 0, 0);
    {
        let flags = Flags {
            result: true,
            ..Flags::default()
        };
        let mut write = pin!(writer.write(&bytes, flags));
        let mut next = pin!(reader.next());
        let mut asked = Vec::new();
        loop {
            let wrote = poll_fn(|cx| {
                assert!(next.as_mut().poll(cx).is_pending(), "nothing to show");
                Poll::Ready(write.as_mut().poll(cx))
            })
            .await;
            let before = got.len();
            while let Some(packet) = helper.next() {
                let (header, record) = ToHelper::decode(&packet).unwrap();
                let ToHelper::Write(piece) = record else {
                    panic!("{record:?}");
                };
                assert!(piece.len() <= MAX_PAYLOAD);
                got.extend_from_slice(piece);
                assert_eq!(header.flags.result, got.len() == bytes.len());
                unanswered += piece.len();
                since += piece.len();
                if header.flags.ack {
                    asked.push((header.sequence, std::mem::take(&mut since)));
                }
                assert!(since < 64 * 1024);
            }
            most = most.max(unanswered);
            if wrote.is_ready() {
                assert_eq!(wrote, Poll::Ready(Ok(())));
                break;
            }
            if got.len() == before && !asked.is_empty() {
                // It may wait for an answer, or for the runtime to see that the socket has room.
                let (sequence, bytes) = asked.remove(0);
                unanswered -= bytes;
                helper.tell(&done(sequence));
            }
            // Lets the runtime see what became ready.
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(got, bytes);
    assert!(most <= WINDOW, "{most}");
}

#[tokio::test]
async fn only_the_last_piece_is_the_prompt_and_it_holds_all_of_it() {
    let (helper, _reader, mut writer) = Helper::pair();
    let bytes = [&[b'x'; MAX_PAYLOAD - 4][..], b"CONNECT\r\n"].concat();
    let flags = Flags {
        prompt: true,
        ..Flags::default()
    };
    writer.write(&bytes, flags).await.unwrap();
    let mut pieces = Vec::new();
    while let Some(packet) = helper.next() {
        let (header, record) = ToHelper::decode(&packet).unwrap();
        let ToHelper::Write(piece) = record else {
            panic!("{record:?}");
        };
        pieces.push((header.flags.prompt, piece.to_vec()));
    }
    let (early, late) = bytes.split_at(5);
    assert_eq!(pieces, [(false, early.to_vec()), (true, late.to_vec())]);
}

#[tokio::test]
async fn the_last_records_of_a_helper_that_closed_are_read() {
    let (helper, mut reader, mut writer) = Helper::pair();
    writer
        .send(Flags::default(), &ToHelper::Drain)
        .await
        .unwrap();
    helper.tell(&FromHelper::Claimed(hayes_ldisc::record::Claimed {
        owed: Owed::Line,
        ..Default::default()
    }));
    // It leaves a record of ours unread.
    drop(helper);
    assert!(matches!(
        reader.next().await.unwrap().1,
        FromHelper::Claimed(claimed) if claimed.owed == Owed::Line
    ));
    assert_eq!(reader.next().await.unwrap_err().kind, ErrorKind::NoModem);
    let error = writer
        .send(Flags::default(), &ToHelper::Drain)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoModem);
}

#[tokio::test]
async fn what_is_no_record_is_an_error() {
    let (helper, mut reader, _writer) = Helper::pair();
    send(helper.0.as_raw_fd(), b"nonsense", MsgFlags::empty()).unwrap();
    assert_eq!(reader.next().await.unwrap_err().kind, ErrorKind::Protocol);
    let long = vec![0x85; 65_536];
    send(helper.0.as_raw_fd(), &long, MsgFlags::empty()).unwrap();
    assert_eq!(reader.next().await.unwrap_err().kind, ErrorKind::Protocol);
}

#[tokio::test]
async fn a_writer_does_not_wait_for_answers_that_nobody_reads() {
    let (_helper, reader, mut writer) = Helper::pair();
    drop(reader);
    let error = writer.write(&[0; 100], Flags::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoModem);
}

#[tokio::test]
async fn a_writer_does_not_wait_for_answers_that_cannot_come() {
    for nonsense in [false, true] {
        let (helper, mut reader, mut writer) = Helper::pair();
        let bytes = vec![7; 2 * WINDOW];
        let mut write = pin!(writer.write(&bytes, Flags::default()));
        let fill = poll_fn(|cx| {
            // Takes what it sends until it waits for an answer, then goes.
            while write.as_mut().poll(cx).is_pending() && helper.next().is_some() {}
            Poll::Ready(())
        });
        fill.await;
        if nonsense {
            send(helper.0.as_raw_fd(), b"?", MsgFlags::empty()).unwrap();
        } else {
            drop(helper);
        }
        assert!(reader.next().await.is_err());
        assert_eq!(write.await.unwrap_err().kind, ErrorKind::NoModem);
    }
}

#[tokio::test]
async fn no_helper_is_an_error_that_names_the_socket() {
    let claim = hayes_ldisc::record::Claim {
        version: hayes_ldisc::record::VERSION,
        device: "pty:panel",
        line: Default::default(),
        role: hayes_ldisc::record::Role::Dce,
        wiring: Default::default(),
    };
    let error = super::claim("/nonexistent/ldisc.sock".as_ref(), &claim)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoModem);
    assert!(error.text.contains("/nonexistent/ldisc.sock"), "{error}");
}
