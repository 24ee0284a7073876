//! An inbox in a temporary folder, over restarts.

use super::*;
use crate::service::{Messages, Sink};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hayesd-inbox-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    async fn open(&self) -> Inbox {
        Inbox::open(self.0.join("inbox"), Disk::inline())
            .await
            .unwrap()
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let read = fs::read_dir(self.0.join("inbox/main").join(folder)).unwrap();
        read.map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A fetch from a server that has these messages; gives the ids that were new.
async fn fetch(inbox: &Inbox, server: &[(&str, &[u8])]) -> Vec<String> {
    let mut receiving = inbox.receive("main").await.unwrap();
    let mut wanted = Vec::new();
    for (place, (uid, bytes)) in server.iter().enumerate() {
        receiving.listed(place as u32 + 1, uid, bytes.len() as u64);
    }
    for one in receiving.listing_is_complete().await.unwrap() {
        if one.arrival == Arrival::New {
            receiving.expect(one.number, &one.uid, one.size).unwrap();
            wanted.push((one.number, server[one.number as usize - 1].1));
        }
    }
    for (number, bytes) in &wanted {
        let sink = receiving.begin(*number).await.unwrap();
        for piece in bytes.chunks(100_000) {
            put(sink, piece).await;
        }
        receiving.end(*number, Ok(())).await.unwrap();
    }
    assert!(receiving.settle().await.unwrap().refused.is_empty());
    let uid = |(number, _): &(u32, &[u8])| server[*number as usize - 1].0.to_owned();
    wanted.iter().map(uid).collect()
}

async fn put(sink: &mut dyn Sink, bytes: &[u8]) {
    let mut buffer = bytes.to_vec();
    sink.put(&mut buffer).await.unwrap();
    assert!(buffer.is_empty());
}

fn content(inbox: &Inbox) -> Vec<(u32, String)> {
    let list = inbox.list("main").into_iter().rev();
    list.map(|info| (info.number, info.uid.to_string()))
        .collect()
}

#[tokio::test]
async fn each_message_comes_once_whatever_its_size_also_after_a_restart() {
    let place = Place::new();
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    let server: [(&str, &[u8]); 3] = [("a/%,x", b"one\r\n"), ("b", &large), ("c", b"")];
    let inbox = place.open().await;
    assert_eq!(fetch(&inbox, &server).await, ["a/%,x", "b", "c"]);
    assert_eq!(fetch(&inbox, &server).await, [""; 0]);
    let inbox = place.open().await;
    assert_eq!(fetch(&inbox, &server).await, [""; 0]);
    for (place, (uid, bytes)) in server.iter().enumerate() {
        let id = inbox.by_uid("main", uid).unwrap();
        assert_eq!(id.number as usize, place + 1);
        assert_eq!(inbox.read(&id, 0, 2_000_000).await.unwrap(), *bytes);
    }
    let id = inbox.by_uid("main", "b").unwrap();
    assert_eq!(
        inbox.read(&id, 999_998, 10).await.unwrap(),
        large[999_998..]
    );
    assert_eq!(inbox.read(&id, u64::MAX, 10).await.unwrap(), b"");
    assert!(place.names("tmp").is_empty());
}

#[tokio::test]
async fn what_was_removed_here_is_not_fetched_again_until_its_id_is_used_again() {
    let place = Place::new();
    let inbox = place.open().await;
    fetch(&inbox, &[("a", b"1"), ("b", b"2")]).await;
    inbox
        .remove(&inbox.by_uid("main", "b").unwrap())
        .await
        .unwrap();
    assert_eq!(content(&inbox), [(1, "a".into())]);
    let inbox = place.open().await;
    assert_eq!(content(&inbox), [(1, "a".into())]);
    assert_eq!(fetch(&inbox, &[("a", b"1"), ("b", b"2")]).await, [""; 0]);
    // The server lost both, and gives their ids to others.
    assert_eq!(fetch(&inbox, &[]).await, [""; 0]);
    let inbox = place.open().await;
    assert_eq!(fetch(&inbox, &[("b", b"3"), ("a", b"4")]).await, ["b", "a"]);
    let now = [(1, "a".into()), (3, "b".into()), (4, "a".into())];
    assert_eq!(content(&inbox), now);
    assert_eq!(content(&place.open().await), now);
}

#[tokio::test]
async fn half_a_message_leaves_nothing() {
    let place = Place::new();
    let inbox = place.open().await;
    let mut receiving = inbox.receive("main").await.unwrap();
    receiving.expect(1, "a", 5).unwrap();
    receiving.expect(2, "b", 5).unwrap();
    let sink = receiving.begin(1).await.unwrap();
    put(sink, b"whole").await;
    receiving.end(1, Ok(())).await.unwrap();
    let sink = receiving.begin(2).await.unwrap();
    put(sink, &[b'x'; 600_000]).await;
    assert_eq!(place.names("tmp").len(), 1);
    assert_eq!(content(&inbox), [], "nothing is shown before it is settled");
    receiving.settle().await.unwrap();
    drop(receiving);
    assert_eq!(content(&inbox), [(1, "a".into())]);
    assert!(place.names("tmp").is_empty());
    assert_eq!(fetch(&inbox, &[("a", b""), ("b", b"again")]).await, ["b"]);
}

#[tokio::test]
async fn what_came_whole_counts_though_the_fetch_was_given_up() {
    let place = Place::new();
    for disk in [Disk::inline(), Disk::tasks(), Disk::start().unwrap()] {
        let inbox = Inbox::open(place.0.join("inbox"), disk).await.unwrap();
        let uid = format!("u{}", inbox.next_number("main"));
        let mut receiving = inbox.receive("main").await.unwrap();
        receiving.expect(1, &uid, 5).unwrap();
        let sink = receiving.begin(1).await.unwrap();
        put(sink, b"whole").await;
        receiving.end(1, Ok(())).await.unwrap();
        drop(receiving);
        assert_eq!(fetch(&inbox, &[(&uid, b"whole")]).await, [""; 0]);
        assert!(inbox.by_uid("main", &uid).is_some());
    }
    assert_eq!(place.names("cur").len(), 3);
}

#[tokio::test]
async fn a_message_that_the_server_keeps_to_itself_is_told_and_the_rest_comes() {
    let place = Place::new();
    let inbox = place.open().await;
    let mut receiving = inbox.receive("main").await.unwrap();
    receiving.expect(1, "a", 5).unwrap();
    let error = Error::new(ErrorKind::Rejected, "no");
    receiving.end(1, Err(error.clone())).await.unwrap();
    let (number, uid) = (1, "a".into());
    let refused = Refused { number, uid, error };
    assert_eq!(receiving.settle().await.unwrap().refused, [refused]);
    assert!(receiving.begin(2).await.is_err(), "nobody asked for it");
    assert!(receiving.expect(3, "", 1).is_err());
    assert!(receiving.expect(3, "a b", 1).is_err());
}

#[tokio::test]
async fn a_line_of_the_log_that_was_cut_is_none() {
    let place = Place::new();
    let inbox = place.open().await;
    fetch(&inbox, &[("a", b"1"), ("b", b"2")]).await;
    for cut in ["removed 1", "removed 1 a", "removed 1 a ", "gone 2"] {
        fs::write(place.0.join("inbox/main/log"), cut).unwrap();
        let inbox = place.open().await;
        assert_eq!(fetch(&inbox, &[("a", b"1"), ("b", b"2")]).await, [""; 0]);
        inbox.0.accounts()["main"]
            .folder
            .note("gone 7 .\n")
            .unwrap();
        let inbox = place.open().await;
        assert_eq!(content(&inbox).len(), 2, "{cut}");
        assert_eq!(fetch(&inbox, &[("a", b"1"), ("b", b"2")]).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_log_that_grows_is_shortened_and_says_the_same() {
    let place = Place::new();
    let inbox = place.open().await;
    fetch(&inbox, &[("keep", b"1"), ("removed", b"2")]).await;
    inbox
        .remove(&inbox.by_uid("main", "removed").unwrap())
        .await
        .unwrap();
    for n in 0..700 {
        let uid = format!("u{n}");
        let server: [(&str, &[u8]); 3] = [("keep", b"1"), ("removed", b"2"), (&uid, b"x")];
        assert_eq!(fetch(&inbox, &server).await, [uid.as_str()]);
        inbox
            .remove(&inbox.by_uid("main", &uid).unwrap())
            .await
            .unwrap();
    }
    let log = fs::read_to_string(place.0.join("inbox/main/log")).unwrap();
    assert!(log.lines().count() < 1100, "{}", log.lines().count());
    let inbox = place.open().await;
    assert_eq!(inbox.next_number("main"), 703);
    let server: [(&str, &[u8]); 3] = [("keep", b"1"), ("removed", b"2"), ("u1", b"x")];
    assert_eq!(fetch(&inbox, &server).await, ["u1"]);
}
