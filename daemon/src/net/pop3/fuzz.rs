//! For the fuzzer: what a server sends, cut anywhere, means the same.

use super::super::exchange::cut_anywhere;
use super::lists::{self, Sizes};
use super::login;
use super::offers::Offers;
use super::status::{self, Status, Statuses};
use super::uid;
use super::unstuff::Unstuff;

/// Any bytes as answers, as listings and as content: in pieces of any size they give the same answers, lines
/// and content, or the same error, and nothing of theirs is passed on that a terminal or a log would act on.
pub fn fuzz_pop3(bytes: &[u8]) {
    let steps = [1, 3, 7];
    let answers = cut_anywhere::<Statuses>(bytes);
    let (rows, whole) = (lines(bytes, bytes.len()), content(bytes, bytes.len()));
    for step in steps {
        assert_eq!(rows, lines(bytes, step));
        assert_eq!(whole, content(bytes, step));
    }
    for status in &answers {
        let (Status::Done(words) | Status::Refused(words) | Status::Challenge(words)) = status;
        assert!(words.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        login::timestamp(words);
    }
    listing(&rows.0);
    let (content, over) = whole;
    assert!(!over || content.is_empty() || content.ends_with(b"\r\n"));
    assert!(content.len() <= bytes.len());
}

fn lines(bytes: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let mut cutter = status::lines();
    let mut all = Vec::new();
    for mut piece in bytes.chunks(step.max(1)) {
        while !piece.is_empty() {
            let Ok((taken, line)) = cutter.take(piece) else {
                return (all, true);
            };
            all.extend(line.map(<[u8]>::to_vec));
            piece = piece.get(taken..).unwrap_or_default();
        }
    }
    (all, false)
}

fn content(bytes: &[u8], step: usize) -> (Vec<u8>, bool) {
    let mut unstuff = Unstuff::new();
    let (mut shown, mut content) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(step.max(1)) {
        shown.extend_from_slice(piece);
        let cut = unstuff.take(&mut shown);
        content.extend_from_slice(shown.get(..cut.kept).unwrap_or_default());
        shown.drain(..cut.taken);
        if cut.over {
            return (content, true);
        }
        assert!(shown.len() <= 2);
    }
    (content, false)
}

fn listing(rows: &[Vec<u8>]) {
    let mut sizes = Sizes::default();
    let mut offers = Offers::default();
    for row in rows {
        offers.line(row);
        if let Ok((number, size)) = lists::scan(row) {
            let _ = sizes.push(number, size);
        }
        if let Ok((_, id)) = lists::unique(row) {
            let (uid, _) = uid::given(id);
            assert!(
                (1..=70).contains(&uid.len()) && uid.bytes().all(|byte| byte.is_ascii_graphic())
            );
        }
    }
    if sizes.end().is_ok() {
        let all: Vec<(u32, u64)> = sizes.iter().collect();
        assert_eq!(all.len(), sizes.len());
        assert!(all.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            all.iter()
                .all(|&(number, size)| sizes.size(number) == Some(size))
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_pop3(&bytes);
        }

        #[test]
        fn likely_bytes(text in "((\\+OK|-ERR|\\+|[1-9]{0,2}|\\.{0,2}) ?[a-z<>@0-9]{0,6}\r?\n){0,8}") {
            fuzz_pop3(text.as_bytes());
        }
    }
}
