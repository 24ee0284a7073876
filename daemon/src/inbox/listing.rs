//! What the inbox makes of a listing: which messages of a server it has. No I/O.
//!
//! A unique id is all there is to go by, and a server may give it to several messages: to equal copies, as
//! RFC 1939 section 7 lets it, or by mistake. Then the sizes count as well, and where it is not certain that
//! each of them was fetched, all are fetched: once too often is better than never.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What is remembered of the messages with one id: their numbers and their sizes, as the server told them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// As it should be.
    One(u32, Option<u64>),
    /// The server gave the id to several.
    Several(BTreeMap<u32, Option<u64>>),
}

impl Fetched {
    /// One more.
    pub(super) fn add(&mut self, number: u32, listed: Option<u64>) {
        if let Self::One(first, size) = *self
            && first != number
        {
            *self = Self::Several(BTreeMap::from([(first, size)]));
        }
        match self {
            Self::One(_, size) => *size = listed,
            Self::Several(all) => drop(all.insert(number, listed)),
        }
    }

    /// Whether this number is among them.
    pub(super) fn has(&self, number: u32) -> bool {
        match self {
            Self::One(one, _) => *one == number,
            Self::Several(all) => all.contains_key(&number),
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Option<u64>)> {
        let (one, several) = match self {
            Self::One(number, size) => (Some((*number, *size)), None),
            Self::Several(all) => (
                None,
                Some(all.iter().map(|(number, size)| (*number, *size))),
            ),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }
}

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
    known: &HashMap<Arc<str>, Fetched>,
) -> Vec<(Arc<str>, u32)> {
    let mut places: HashMap<&Arc<str>, Vec<usize>> = HashMap::new();
    for (place, one) in seen.iter().enumerate() {
        if let Some((uid, _)) = known.get_key_value(&one.uid) {
            places.entry(uid).or_default().push(place);
        }
    }
    let mut gone = Vec::new();
    for (uid, had) in known {
        let left = match (places.remove(uid), had) {
            (None, _) => had.iter().map(|(number, _)| number).collect(),
            (Some(places), Fetched::One(number, _)) if places.len() == 1 => {
                seen[places[0]].arrival = Arrival::Known(*number);
                continue;
            }
            (Some(places), _) => tell_apart(seen, places, had),
        };
        gone.extend(left.into_iter().map(|number| (uid.clone(), number)));
    }
    gone
}

/// Pairs the messages at these places, which have one id, with those that were fetched; gives the numbers of
/// those that are left. A server may have very many of them.
fn tell_apart(seen: &mut [Seen], places: Vec<usize>, had: &Fetched) -> Vec<u32> {
    let mut by_size: HashMap<Option<u64>, (Vec<usize>, Vec<u32>)> = HashMap::new();
    for place in places {
        by_size
            .entry(Some(seen[place].size))
            .or_default()
            .0
            .push(place);
    }
    for (number, size) in had.iter() {
        by_size.entry(size).or_default().1.push(number);
    }
    let mut left = Vec::new();
    for (places, mut numbers) in by_size.into_values() {
        if places.len() <= numbers.len() {
            let rest = numbers.split_off(places.len());
            for (place, number) in places.into_iter().zip(numbers) {
                seen[place].arrival = Arrival::Known(number);
            }
            left.extend(rest);
        } else {
            left.extend(numbers);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of a listing of ids with sizes: the numbers of those that are known, 0 for new ones; and
    /// the numbers of those that are gone.
    fn sorted(listed: &[(&str, u64)], known: &[(&str, u32, Option<u64>)]) -> (Vec<u32>, Vec<u32>) {
        let mut map: HashMap<Arc<str>, Fetched> = HashMap::new();
        for &(uid, number, listed) in known {
            let all = map.entry(uid.into());
            all.and_modify(|all| all.add(number, listed))
                .or_insert(Fetched::One(number, listed));
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
    fn a_mailbox_full_of_one_id_takes_no_time() {
        let listed = vec![("a", 5); 200_000];
        let known: Vec<_> = (1..200_000).map(|number| ("a", number, Some(5))).collect();
        let (numbers, gone) = sorted(&listed, &known);
        assert!(numbers.iter().all(|number| *number == 0));
        assert_eq!(gone.len(), known.len());
        let (numbers, gone) = sorted(&listed[1..], &known);
        assert!(numbers.iter().all(|number| *number != 0));
        assert_eq!(gone, [0; 0]);
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
