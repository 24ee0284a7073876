//! The spool over every failure: a step that fails, a process that dies, a machine that loses power.

use super::disk::{Broken, Model};
use super::world::Folder;
use crate::job::files::{Files, RealFiles};
use crate::job::record::tests::record;
use crate::job::record::{Record, Work};
use crate::job::spool::{Content, Found, Spool};
use crate::job::types::{JobId, State};
use crate::service::{ErrorKind, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn open(root: &Path) -> Result<(Spool, Found)> {
    Spool::open(root, Arc::new(Broken::never()))
}

fn message(id: u32) -> Vec<u8> {
    format!("Date: 0\r\nFrom: a@example.org\r\n\r\nmail {id}\r\n").into_bytes()
}

fn sized(id: u32) -> Record {
    let mut record = record(id);
    if let Work::Mail(letter) = &mut record.work {
        letter.shape.size = message(id).len() as u64;
    }
    record
}

/// What callers were told, and so what must be true whatever happens.
#[derive(Debug, Default)]
struct Promises {
    /// Accepted, with the state that was last saved.
    kept: BTreeMap<u32, State>,
    /// A step on this job failed half-way: its old and new states are both right.
    uncertain: Option<u32>,
    given: u32,
}

/// A life of the spool: three jobs come; one is done, one is dated, one is done and forgotten. Ends at the
/// first failure, as the process does that the machine takes with it.
fn live(files: Arc<dyn Files>, root: &Path, promises: &mut Promises) -> Result<()> {
    let (spool, found) = Spool::open(root, files)?;
    let first = found.next_id.max(1);
    for id in first..first + 3 {
        let id = JobId(id);
        promises.uncertain = Some(id.0);
        spool.reserve(id)?;
        let body = message(id.0);
        let (head, rest) = body.split_at(9);
        spool.accept(&sized(id.0), Content::Bytes(&[head, rest]))?;
        promises.kept.insert(id.0, State::Queued);
        promises.given = id.0;
        promises.uncertain = None;
    }
    spool.overwrite(JobId(first + 1), b"Date: 1")?;
    for id in [first, first + 2] {
        promises.uncertain = Some(id);
        let mut done = sized(id);
        done.committing = true;
        spool.save(&done)?;
        done.committing = false;
        done.state = State::Done;
        spool.save(&done)?;
        promises.kept.insert(id, State::Done);
        promises.uncertain = None;
        spool.drop_message(JobId(id));
    }
    promises.uncertain = Some(first + 2);
    spool.remove(JobId(first + 2))?;
    promises.kept.remove(&(first + 2));
    Ok(())
}

fn check(files: &dyn Files, root: &Path, found: &Found, promises: &Promises, what: &str) {
    assert!(found.corrupt.is_empty(), "{what}: {:?}", found.corrupt);
    let jobs: BTreeMap<u32, &Record> = found.jobs.iter().map(|job| (job.id.0, job)).collect();
    for (id, state) in &promises.kept {
        let uncertain = promises.uncertain == Some(*id);
        match jobs.get(id) {
            Some(job) if uncertain || job.state == *state => {}
            None if uncertain && *state == State::Done => {}
            other => panic!("{what}: job {id} should be {state:?}: {other:?}"),
        }
    }
    for (id, job) in jobs {
        if !job.state.is_final() {
            let path = root.join(format!("jobs/{id}/message.eml"));
            let bytes = files.read(&path, 1 << 20).unwrap();
            let rest = &bytes[7..];
            assert_eq!(rest, &message(id)[7..], "{what}: message of job {id}");
            assert!(bytes.starts_with(b"Date: 0") || bytes.starts_with(b"Date: 1"));
        }
    }
    assert!(
        found.next_id > promises.given,
        "{what}: a number is given twice"
    );
    let left = files.list(&root.join("tmp")).unwrap();
    assert!(left.is_empty(), "{what}: {left:?}");
}

#[test]
fn every_step_may_be_the_last() {
    let mut steps = 0;
    for half in [false, true] {
        for step in 0.. {
            let folder = Folder::new();
            let root = folder.path().join("spool");
            let files = Arc::new(Broken::dies_at(step, half));
            let mut promises = Promises::default();
            let _ = live(files.clone(), &root, &mut promises);
            if !files.has_broken() {
                break;
            }
            steps += 1;
            if !root.exists() {
                continue;
            }
            let what = format!("death at step {step}, half done: {half}");
            let (_, found) = open(&root).unwrap();
            check(&RealFiles, &root, &found, &promises, &what);
            // And the life after it is whole.
            live(Arc::new(RealFiles), &root, &mut promises).unwrap();
            promises.uncertain = None;
            let (_, found) = open(&root).unwrap();
            assert!(found.corrupt.is_empty() && found.next_id > promises.given);
        }
    }
    assert!(steps > 80, "only {steps} steps were tried");
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    for code in [
        libc::ENOSPC,
        libc::EDQUOT,
        libc::EROFS,
        libc::EMFILE,
        libc::EIO,
    ] {
        for step in 0.. {
            let folder = Folder::new();
            let root = folder.path().join("spool");
            let (spool, _) = open(&root).unwrap();
            spool
                .accept(&sized(1), Content::Bytes(&[&message(1)]))
                .unwrap();
            let files = Arc::new(Broken::fails_at(usize::MAX, code));
            let (spool, _) = Spool::open(&root, files.clone()).unwrap();
            files.fail_in(step);
            let result = spool.accept(&sized(2), Content::Bytes(&[&message(2)]));
            if !files.has_broken() {
                result.unwrap();
                break;
            }
            let kind = if code == libc::EIO {
                ErrorKind::Internal
            } else {
                ErrorKind::SpoolFull
            };
            assert_eq!(result.unwrap_err().kind, kind, "step {step}");
            assert_eq!(RealFiles.list(&root.join("jobs")).unwrap().len(), 1);
            // As soon as there is room, it works, under the same number too.
            spool
                .accept(&sized(2), Content::Bytes(&[&message(2)]))
                .unwrap();
            let (_, found) = open(&root).unwrap();
            assert_eq!(found.jobs.len(), 2);
        }
    }
}

#[test]
fn a_state_that_cannot_be_saved_leaves_the_old_one() {
    for step in 0.. {
        let folder = Folder::new();
        let root = folder.path().join("spool");
        let files = Arc::new(Broken::fails_at(usize::MAX, libc::ENOSPC));
        let (spool, _) = Spool::open(&root, files.clone()).unwrap();
        spool
            .accept(&sized(1), Content::Bytes(&[&message(1)]))
            .unwrap();
        let mut later = sized(1);
        later.attempts = 7;
        files.fail_in(step);
        let result = spool.save(&later);
        if !files.has_broken() {
            result.unwrap();
            break;
        }
        let (_, found) = open(&root).unwrap();
        assert!(found.corrupt.is_empty());
        assert!(
            result.is_err() || found.jobs[0].attempts == 7,
            "step {step}"
        );
        spool.save(&later).unwrap();
        let (_, found) = open(&root).unwrap();
        assert_eq!(found.jobs[0].attempts, 7);
    }
}

#[test]
fn power_may_be_lost_at_any_moment() {
    let root = Path::new("/spool");
    let mut cuts = 0;
    for step in 0.. {
        let model = Arc::new(Model::default());
        model.cut_at(step);
        let mut promises = Promises::default();
        let _ = live(model.clone(), root, &mut promises);
        if !model.is_cut() {
            break;
        }
        // What was not synced may be there or not, each by itself.
        for luck in 0..12 {
            cuts += 1;
            let after = Arc::new(model.after_power_loss(luck));
            let what = format!("power cut at step {step}, luck {luck}");
            let (_, found) = Spool::open(root, after.clone()).unwrap();
            check(&*after, root, &found, &promises, &what);
            live(after.clone(), root, &mut Promises::default()).unwrap();
        }
    }
    assert!(cuts > 500, "only {cuts} cuts were tried");
}

#[test]
fn a_link_or_a_pipe_in_the_spool_is_not_followed() {
    let folder = Folder::new();
    let root = folder.path().join("spool");
    let (spool, _) = open(&root).unwrap();
    for id in 1..=2 {
        spool
            .accept(&sized(id), Content::Bytes(&[&message(id)]))
            .unwrap();
    }
    let header = root.join("jobs/1/header.json");
    std::fs::rename(&header, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &header).unwrap();
    let header = root.join("jobs/2/header.json");
    std::fs::remove_file(&header).unwrap();
    nix::unistd::mkfifo(&header, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let (_, found) = open(&root).unwrap();
    assert!(found.jobs.is_empty());
    assert_eq!(found.corrupt.len(), 2);
}

#[test]
fn reserved_numbers_never_go_back() {
    let folder = Folder::new();
    let root = folder.path().join("spool");
    let (spool, found) = open(&root).unwrap();
    assert_eq!(found.next_id, 1);
    let next = spool.reserve(JobId(100)).unwrap();
    assert!(next > 100);
    // One that comes late, out of turn.
    assert_eq!(spool.reserve(JobId(5)).unwrap(), next);
    let (_, found) = open(&root).unwrap();
    assert_eq!(found.next_id, next);
}
