//! Random timelines against a model of the escape that knows nothing of how it is found.

use super::*;

const GUARD: u64 = 1000;
const TIMELINES: u64 = 100_000;

/// One look at the port: when, and what was there.
type Look = (u64, Vec<u8>);

/// What the equipment sends, a byte and when it comes, and when nobody looks.
struct Timeline {
    wire: Vec<(u64, u8)>,
    stalls: Vec<(u64, u64)>,
    end: u64,
}

fn timeline(random: &mut Random, stalls: bool) -> Timeline {
    let mut at = 0;
    let gaps = [0, 0, 0, 1, 40, 400, 999, 1000, 1001, 1002, 1500, 3000];
    let wire = (0..random.below(14))
        .map(|_| {
            at += random.pick(&gaps);
            (at, random.pick(b"++++++x"))
        })
        .collect();
    let end = at + 5000;
    let count = if stalls { random.below(4) } else { 0 };
    let mut stalls: Vec<_> = (0..count)
        .map(|_| {
            let from = random.below(end);
            let to = from + random.pick(&[1, 5, 600, 999, 1000, 1001, 1100, 2500]);
            (from, to)
        })
        .collect();
    stalls.sort_unstable();
    Timeline { wire, stalls, end }
}

/// Runs the discipline as a helper would: it looks when something comes and when it wants to be asked,
/// unless it is kept from it; a read brings all that is there.
fn run(timeline: &Timeline) -> (Rig, Vec<Look>) {
    let mut rig = Rig::data(Ends {
        escape: Some(Escape {
            character: b'+',
            guard: Duration::from_millis(GUARD),
        }),
        ..Ends::default()
    });
    let start = rig.now;
    let mut looks = Vec::new();
    let mut rest = timeline.wire.iter().peekable();
    loop {
        let arrival = rest.peek().map(|(at, _)| start + at);
        let wanted = rig.deadline().map(|at| at.max(rig.now));
        let Some(mut at) = arrival.into_iter().chain(wanted).min() else {
            break;
        };
        for (from, to) in &timeline.stalls {
            if (start + from..start + to).contains(&at) {
                at = start + to;
            }
        }
        if at > start + timeline.end {
            break;
        }
        rig.now = at.max(rig.now);
        let mut found = Vec::new();
        while let Some((_, byte)) = rest.next_if(|(arrival, _)| start + arrival <= rig.now) {
            found.push(*byte);
        }
        if found.is_empty() {
            rig.look();
        } else {
            rig.read(&found);
        }
        looks.push((rig.now - start, found));
        if rig.discipline.is_stopped() {
            break;
        }
    }
    (rig, looks)
}

/// Cuts what was found at each proved silence: `+++` alone between two cuts is the escape.
fn model(looks: &[Look]) -> (Vec<u8>, bool) {
    let mut last = 0;
    let mut runs = vec![vec![]];
    for (at, found) in looks {
        if !found.is_empty() {
            runs.last_mut().unwrap().extend(found);
            last = *at;
        } else if at - last >= GUARD {
            if runs.len() > 1 && runs.last().unwrap() == b"+++" {
                runs.pop();
                return (runs.concat(), true);
            }
            runs.push(vec![]);
        }
    }
    (runs.concat(), false)
}

fn delivered(rig: &mut Rig) -> (Vec<u8>, bool) {
    let held = !rig.discipline.is_stopped();
    if held {
        // What is still held is payload that has not been decided on.
        rig.mode(Mode::Raw(Raw::default()));
    }
    let mut bytes = Vec::new();
    let mut ended = false;
    for found in rig.found() {
        match found {
            Found::Data(data) => bytes.extend(data),
            Found::End(Cause::Escape, count) => {
                assert_eq!(count, bytes.len() as u64);
                ended = true;
            }
            other => panic!("{other:?}"),
        }
    }
    (bytes, ended)
}

#[test]
fn the_escape_is_what_the_model_says() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut escapes = 0;
    for case in 0..TIMELINES {
        let timeline = timeline(&mut random, true);
        let (mut rig, looks) = run(&timeline);
        let result = delivered(&mut rig);
        assert_eq!(result, model(&looks), "case {case}: {looks:?}");
        if result.1 {
            escapes += 1;
            silent_on_the_wire(&timeline, result.0.len(), rig.now - 10_000);
        }
    }
    // The cases are worth something only if both outcomes are common.
    assert!(
        (TIMELINES / 20..TIMELINES * 19 / 20).contains(&escapes),
        "{escapes}"
    );
}

/// An escape that was declared had its silences where it counts: on the wire.
fn silent_on_the_wire(timeline: &Timeline, before: usize, declared: u64) {
    let at = |index: usize| timeline.wire[index].0;
    let previous = before.checked_sub(1).map_or(0, at);
    assert!(at(before) - previous >= GUARD);
    assert!(declared - at(before + 2) >= GUARD);
    let next = timeline.wire.get(before + 3);
    assert!(next.is_none_or(|(arrival, _)| *arrival > declared));
}

/// Where nobody is kept from looking, the wire alone decides.
#[test]
fn without_stalls_the_escape_is_what_was_sent() {
    let mut random = Random(0x0DDB_1A5E_5BAD_5EED);
    for case in 0..TIMELINES / 10 {
        let timeline = timeline(&mut random, false);
        let (mut rig, _) = run(&timeline);
        let mut cut = 0;
        let mut expected = None;
        let gap = |index: usize| {
            let after = timeline.wire.get(index).map_or(timeline.end, |(at, _)| *at);
            after
                - index
                    .checked_sub(1)
                    .map_or(0, |before| timeline.wire[before].0)
        };
        for index in 0..=timeline.wire.len() {
            // A byte that comes in the very moment that the guard is over comes too soon.
            if gap(index) < GUARD + u64::from(index < timeline.wire.len()) {
                continue;
            }
            let run = &timeline.wire[cut..index];
            let silent_before = gap(cut) > GUARD;
            if silent_before && run.iter().map(|(_, byte)| *byte).eq(*b"+++") {
                expected = Some(cut);
                break;
            }
            cut = index;
        }
        let (bytes, ended) = delivered(&mut rig);
        assert_eq!(
            ended.then_some(bytes.len()),
            expected,
            "case {case}: {:?}",
            timeline.wire
        );
    }
}
