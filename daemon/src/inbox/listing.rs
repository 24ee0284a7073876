//! What the inbox makes of a listing: which messages of a server it has. No I/O.
//!
//! A unique id is all there is to go by, and a server may give it to several messages: to equal copies, as
//! RFC 1939 section 7 lets it, or by mistake. Then the sizes count as well, and where it is not certain that
//! each of them was fetched, all are fetched: once too often is better than never.

use super::folder::Remembered;
use std::collections::HashMap;
use std::sync::Arc;

/// What the inbox knows of a message on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It has not been fetched, or that is not certain.
    New,
    /// It was fetched and has this number, though it may have been removed here.
    Known(u32),
}

/// A message on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number in the session.
    pub number: u32,
    /// Its unique id.
    pub uid: Arc<str>,
    /// Its size in bytes, as the server counts it.
    pub size: u64,
    /// What the inbox knows of it.
    pub arrival: Arrival,
}

/// Says of each message what is known of it. Gives id and number of those that are not on the server any
/// more, or of which that is not certain.
pub(super) fn sort_out(
    seen: &mut [Seen],
    known: &HashMap<Arc<str>, Vec<Remembered>>,
) -> Vec<(Arc<str>, u32)> {
    let mut places: HashMap<&Arc<str>, Vec<usize>> = HashMap::new();
    for (place, one) in seen.iter().enumerate() {
        if let Some((uid, _)) = known.get_key_value(&one.uid) {
            places.entry(uid).or_default().push(place);
        }
    }
    let mut gone = Vec::new();
    for (uid, had) in known {
        let Some(places) = places.get(uid) else {
            gone.extend(had.iter().map(|one| (uid.clone(), one.number)));
            continue;
        };
        if let ([one], [place]) = (&had[..], &places[..]) {
            seen[*place].arrival = Arrival::Known(one.number);
            continue;
        }
        let mut left = had.clone();
        for &place in places {
            let size = seen[place].size;
            let alike = |of: &&usize| seen[**of].size == size;
            let listed = places.iter().filter(alike).count();
            let fetched = had.iter().filter(|one| one.listed == Some(size)).count();
            let next = left.iter().position(|one| one.listed == Some(size));
            if let (true, Some(next)) = (listed <= fetched, next) {
                seen[place].arrival = Arrival::Known(left.remove(next).number);
            }
        }
        gone.extend(left.iter().map(|one| (uid.clone(), one.number)));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of a listing of ids with sizes: the numbers of those that are known, 0 for new ones; and
    /// the numbers of those that are gone.
    fn sorted(listed: &[(&str, u64)], known: &[(&str, u32, Option<u64>)]) -> (Vec<u32>, Vec<u32>) {
        let mut map: HashMap<Arc<str>, Vec<Remembered>> = HashMap::new();
        for &(uid, number, listed) in known {
            let all = map.entry(uid.into()).or_default();
            all.push(Remembered { number, listed });
        }
        let mut seen: Vec<Seen> = (1..)
            .zip(listed)
            .map(|(number, &(uid, size))| Seen {
                number,
                uid: uid.into(),
                size,
                arrival: Arrival::New,
            })
            .collect();
        let mut gone: Vec<u32> = sort_out(&mut seen, &map)
            .into_iter()
            .map(|(_, n)| n)
            .collect();
        gone.sort_unstable();
        let numbers = seen.iter().map(|one| match one.arrival {
            Arrival::New => 0,
            Arrival::Known(number) => number,
        });
        (numbers.collect(), gone)
    }

    #[test]
    fn an_id_of_its_own_is_enough() {
        let known = [("a", 1, Some(5)), ("b", 2, None), ("c", 3, Some(7))];
        // Sizes are hints.
        assert_eq!(
            sorted(&[("b", 9), ("d", 1), ("a", 6)], &known),
            (vec![2, 0, 1], vec![3])
        );
        assert_eq!(sorted(&[], &known), (vec![], vec![1, 2, 3]));
    }

    #[test]
    fn of_equal_ids_all_count_as_fetched_or_none() {
        let two = [("a", 1, Some(5)), ("a", 2, Some(5))];
        assert_eq!(sorted(&[("a", 5), ("a", 5)], &two), (vec![1, 2], vec![]));
        assert_eq!(sorted(&[("a", 5)], &two), (vec![1], vec![2]));
        let three = [("a", 5), ("a", 5), ("a", 5)];
        assert_eq!(sorted(&three, &two), (vec![0, 0, 0], vec![1, 2]));
        // One of them came before the connection broke: nobody knows which.
        assert_eq!(sorted(&three[..2], &two[..1]), (vec![0, 0], vec![1]));
    }

    #[test]
    fn sizes_tell_equal_ids_apart() {
        let known = [("a", 1, Some(5)), ("b", 9, Some(1))];
        let listed = [("a", 5), ("b", 1), ("a", 6)];
        assert_eq!(sorted(&listed, &known), (vec![1, 9, 0], vec![]));
        let known = [("a", 1, Some(5)), ("a", 2, Some(6))];
        assert_eq!(sorted(&[("a", 6)], &known), (vec![2], vec![1]));
        assert_eq!(sorted(&[("a", 7)], &known), (vec![0], vec![1, 2]));
        let unnoted = [("a", 1, None), ("a", 2, None)];
        assert_eq!(
            sorted(&[("a", 5), ("a", 6)], &unnoted),
            (vec![0, 0], vec![1, 2])
        );
    }
}
