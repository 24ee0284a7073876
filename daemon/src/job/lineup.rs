//! Who waits until when, and who may run: bounded in all, and bounded for each way out, so that a server or
//! a module that answers nobody holds up its own mails only. No clock, no I/O.

use super::types::JobId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// What jobs have in common that run into the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lane {
    /// One modem does one thing at a time.
    Modem(String),
    /// A mailbox is open for one at a time (RFC 1939 section 4).
    Mailbox(String),
    /// A server reached over the network.
    Server(String, u16),
}

/// Where a job stands in the line-up.
#[derive(Clone, Debug)]
enum Place {
    Waiting(Duration),
    Ready(Lane),
    Running(Lane),
}

/// Jobs that wait, are ready, or run.
pub(super) struct Lineup {
    most: usize,
    places: HashMap<JobId, Place>,
    /// By the uptime at which they are due.
    waiting: BTreeSet<(Duration, JobId)>,
    lanes: BTreeMap<Lane, Queue>,
    running: usize,
    /// Where the last job came from: the next lane has its turn first.
    turn: Option<Lane>,
}

#[derive(Default)]
struct Queue {
    ready: BTreeSet<JobId>,
    running: usize,
}

impl Lineup {
    /// A line-up of which so many run at once.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            places: HashMap::new(),
            waiting: BTreeSet::new(),
            lanes: BTreeMap::new(),
            running: 0,
            turn: None,
        }
    }

    /// From now on so many run at once; those that do run go on.
    pub(super) fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// The job, wherever it stood, waits until this uptime.
    pub(super) fn wait(&mut self, id: JobId, due: Duration) {
        self.remove(id);
        self.waiting.insert((due, id));
        self.places.insert(id, Place::Waiting(due));
    }

    /// The job, wherever it stood, may run as soon as its lane has room.
    pub(super) fn ready(&mut self, id: JobId, lane: Lane) {
        self.remove(id);
        self.lanes.entry(lane.clone()).or_default().ready.insert(id);
        self.places.insert(id, Place::Ready(lane));
    }

    /// The job leaves the line-up.
    pub(super) fn remove(&mut self, id: JobId) {
        match self.places.remove(&id) {
            None => {}
            Some(Place::Waiting(due)) => {
                self.waiting.remove(&(due, id));
            }
            Some(Place::Ready(lane)) => self.leave(&lane, |queue| {
                queue.ready.remove(&id);
            }),
            Some(Place::Running(lane)) => {
                self.running = self.running.saturating_sub(1);
                self.leave(&lane, |queue| {
                    queue.running = queue.running.saturating_sub(1);
                });
            }
        }
    }

    fn leave(&mut self, lane: &Lane, change: impl FnOnce(&mut Queue)) {
        if let Some(queue) = self.lanes.get_mut(lane) {
            change(queue);
            if queue.ready.is_empty() && queue.running == 0 {
                self.lanes.remove(lane);
            }
        }
    }

    /// Whether it waits for a time.
    pub(super) fn is_waiting(&self, id: JobId) -> bool {
        matches!(self.places.get(&id), Some(Place::Waiting(_)))
    }

    /// The job is not to be started from here. One that was started stays counted.
    pub(super) fn hold_back(&mut self, id: JobId) {
        if !matches!(self.places.get(&id), Some(Place::Running(_))) {
            self.remove(id);
        }
    }

    /// Jobs whose time has come. They stay until they are made ready.
    pub(super) fn due(&self, now: Duration) -> Vec<JobId> {
        self.waiting
            .iter()
            .take_while(|(due, _)| *due <= now)
            .map(|(_, id)| *id)
            .collect()
    }

    /// When the next job is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// The next job that may run now; it counts as running until it is moved elsewhere. Lanes take turns,
    /// within a lane the oldest goes first.
    pub(super) fn start(&mut self) -> Option<JobId> {
        if self.running >= self.most {
            return None;
        }
        let a_lane = self.most.div_ceil(2);
        let may = |(lane, queue): &(&Lane, &Queue)| {
            let most = match lane {
                Lane::Modem(_) | Lane::Mailbox(_) => 1,
                Lane::Server(..) => a_lane,
            };
            !queue.ready.is_empty() && queue.running < most
        };
        let (before, after) = match &self.turn {
            Some(turn) => {
                use std::ops::Bound::{Excluded, Included, Unbounded};
                (
                    self.lanes.range::<Lane, _>((Unbounded, Included(turn))),
                    self.lanes.range::<Lane, _>((Excluded(turn), Unbounded)),
                )
            }
            None => (self.lanes.range(..), self.lanes.range(..)),
        };
        let lane = after
            .chain(before)
            .find(may)
            .map(|(lane, _)| lane.clone())?;
        let queue = self.lanes.get_mut(&lane)?;
        let id = queue.ready.pop_first()?;
        queue.running += 1;
        self.running += 1;
        self.turn = Some(lane.clone());
        self.places.insert(id, Place::Running(lane));
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str) -> Lane {
        Lane::Server(name.into(), 25)
    }

    fn started(lineup: &mut Lineup) -> Vec<u32> {
        std::iter::from_fn(|| lineup.start())
            .map(|id| id.0)
            .collect()
    }

    #[test]
    fn waits_until_due_and_not_longer() {
        let mut lineup = Lineup::new(4);
        let second = Duration::from_secs(1);
        lineup.wait(JobId(1), 2 * second);
        lineup.wait(JobId(2), second);
        assert_eq!(lineup.next_due(), Some(second));
        assert_eq!(lineup.due(Duration::from_millis(999)), []);
        assert_eq!(lineup.due(second), [JobId(2)]);
        lineup.wait(JobId(2), 3 * second);
        assert_eq!(lineup.due(2 * second), [JobId(1)]);
        lineup.remove(JobId(1));
        assert_eq!(lineup.next_due(), Some(3 * second));
        assert!(lineup.is_waiting(JobId(2)) && !lineup.is_waiting(JobId(1)));
    }

    #[test]
    fn one_dead_server_leaves_room_for_others() {
        let mut lineup = Lineup::new(4);
        for id in 1..=100 {
            lineup.ready(JobId(id), server("dead.example.org"));
        }
        assert_eq!(started(&mut lineup), [1, 2]);
        lineup.ready(JobId(200), server("smtp.example.org"));
        assert_eq!(started(&mut lineup), [200]);
        lineup.remove(JobId(200));
        lineup.ready(JobId(201), Lane::Modem("lte".into()));
        lineup.ready(JobId(202), Lane::Modem("lte".into()));
        assert_eq!(
            started(&mut lineup),
            [201],
            "a modem does one thing at a time"
        );
        lineup.wait(JobId(201), Duration::ZERO);
        assert_eq!(started(&mut lineup), [202]);
        lineup.remove(JobId(1));
        assert_eq!(started(&mut lineup), [3]);
    }

    #[test]
    fn lanes_take_turns_and_the_oldest_goes_first() {
        let mut lineup = Lineup::new(1);
        for id in [3, 1, 2] {
            lineup.ready(JobId(id), server("a"));
            lineup.ready(JobId(10 + id), server("b"));
        }
        let mut order = Vec::new();
        while let Some(id) = lineup.start() {
            order.push(id.0);
            lineup.remove(id);
        }
        assert_eq!(order, [1, 11, 2, 12, 3, 13]);
        assert!(lineup.lanes.is_empty() && lineup.places.is_empty());
        assert_eq!(lineup.running, 0);
    }

    #[test]
    fn half_of_one_is_one_and_of_none_none() {
        let mut lineup = Lineup::new(1);
        lineup.ready(JobId(1), server("a"));
        assert_eq!(started(&mut lineup), [1]);
        let mut lineup = Lineup::new(0);
        lineup.ready(JobId(1), server("a"));
        assert_eq!(started(&mut lineup), [0; 0]);
    }
}
