//! Data mode beside what it cannot beat, and beside what it must not be: `memcpy`, and a machine that
//! looks at each byte.

mod copy;

use copy::Copy;
use core::time::Duration;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use hayes_ldisc::discipline::{Data, Discipline, Ends, Escape, Mode};
use hayes_ldisc::time::Time;

/// What is read in all, in reads of the sizes below.
const TOTAL: usize = 1 << 20;

/// What a TTY gives at most, and less.
const READS: [usize; 4] = [16, 256, 1024, 4096];

fn main() {
    divan::main();
}

/// Payload with an escape character now and then.
fn payload() -> Vec<u8> {
    let bytes = (0..TOTAL).map(|n| if n % 61 == 0 { b'+' } else { (n % 251) as u8 });
    bytes.collect()
}

/// Data mode with every end that comes by time, and a length.
#[divan::bench(args = READS)]
fn discipline(bencher: Bencher<'_, '_>, read: usize) {
    let payload = payload();
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut sink = Copy::new();
        let mut discipline = Discipline::default();
        let mut now = Time::from_millis(1);
        let ends = Ends {
            length: Some(u64::MAX),
            deadline: Some(Duration::from_secs(90)),
            idle: Some(Duration::from_secs(5)),
            escape: Some(Escape {
                character: b'+',
                guard: Duration::from_secs(1),
            }),
            in_band: None,
            dtr: true,
        };
        let mode = Mode::Data(Data {
            ends,
            ..Data::default()
        });
        discipline.set_mode(mode, now, &mut sink);
        discipline.drained(now);
        for bytes in payload.chunks(read) {
            now = now + Duration::from_micros(10);
            discipline.input(bytes, now, &mut sink);
            black_box(discipline.next_deadline());
        }
        sink.total
    });
}

/// The copy alone.
#[divan::bench(args = READS)]
fn memcpy(bencher: Bencher<'_, '_>, read: usize) {
    let payload = payload();
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut sink = Copy::new();
        for bytes in payload.chunks(read) {
            sink.take(bytes);
        }
        sink.total
    });
}

/// The usual machine: it counts escape characters byte by byte and resets at any other.
#[divan::bench(args = READS)]
fn byte_by_byte(bencher: Bencher<'_, '_>, read: usize) {
    let payload = payload();
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut sink = Copy::new();
        let mut seen = 0_u32;
        for bytes in payload.chunks(read) {
            let mut from = 0;
            for (index, byte) in bytes.iter().enumerate() {
                seen = match (*byte == b'+', seen) {
                    (true, 0..=2) => seen + 1,
                    (false, 0) => 0,
                    _ => {
                        sink.take(&bytes[from..index]);
                        from = index;
                        0
                    }
                };
            }
            sink.take(&bytes[from..]);
        }
        sink.total
    });
}
