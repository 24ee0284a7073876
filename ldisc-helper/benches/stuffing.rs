//! A stuffed data mode (Ctrl-Z ends it, ETX leads) beside what it cannot beat, `memchr` and a copy, and beside
//! a machine that looks at each byte. In reads of 4 KiB, which is what a TTY gives at most.

mod copy;

use copy::Copy;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use hayes_ldisc::discipline::stuffing::{END, LEAD, encode};
use hayes_ldisc::discipline::{Data, Discipline, Ends, InBand, Mode};
use hayes_ldisc::time::Time;
use memchr::memchr2_iter;

/// What is read in all.
const TOTAL: usize = 1 << 20;
const READ: usize = 4096;

/// What the payload is like: how often a byte has to be led.
const PAYLOADS: [&str; 4] = ["text", "binary", "all led", "led by turns"];

fn main() {
    divan::main();
}

fn payload(kind: &str) -> Vec<u8> {
    // xorshift64*, so that a guess at the next byte is a guess.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 56) as u8
    };
    let byte = |_| match kind {
        "text" => b' ' + random() % 64,
        "binary" => random(),
        "all led" => LEAD,
        _ if random() % 2 == 0 => LEAD,
        _ => b'x',
    };
    (0..TOTAL).map(byte).collect()
}

fn wire(kind: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    encode(&payload(kind), &mut wire);
    wire.truncate(TOTAL);
    wire
}

#[divan::bench(args = PAYLOADS)]
fn discipline(bencher: Bencher<'_, '_>, kind: &str) {
    let wire = wire(kind);
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut sink = Copy::new();
        let mut discipline = Discipline::default();
        let now = Time::from_millis(1);
        let in_band = Some(InBand::CtrlZStuffed);
        let ends = Ends {
            in_band,
            ..Ends::default()
        };
        let mode = Mode::Data(Data {
            ends,
            ..Data::default()
        });
        discipline.set_mode(mode, now, &mut sink);
        for bytes in wire.chunks(READ) {
            discipline.input(bytes, now, &mut sink);
        }
        sink.total
    });
}

/// Where leads and ends are, and the copy: nothing is decoded.
#[divan::bench(args = PAYLOADS)]
fn memchr_and_copy(bencher: Bencher<'_, '_>, kind: &str) {
    let wire = wire(kind);
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut sink = Copy::new();
        let mut hits = 0;
        for bytes in wire.chunks(READ) {
            hits += memchr2_iter(LEAD, END, bytes).count();
            sink.take(bytes);
        }
        (sink.total, hits)
    });
}

/// The usual machine.
#[divan::bench(args = PAYLOADS)]
fn byte_by_byte(bencher: Bencher<'_, '_>, kind: &str) {
    let wire = wire(kind);
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut sink = Copy::new();
        let mut plain = Vec::with_capacity(READ);
        let mut led = false;
        for bytes in wire.chunks(READ) {
            for byte in bytes {
                match (led, *byte) {
                    (false, LEAD) => led = true,
                    (false, END) => return sink.total,
                    (_, byte) => {
                        plain.push(byte);
                        led = false;
                    }
                }
            }
            sink.take(&plain);
            plain.clear();
        }
        sink.total
    });
}

/// The other way: what a module is sent.
#[divan::bench(args = PAYLOADS)]
fn encoder(bencher: Bencher<'_, '_>, kind: &str) {
    let payload = payload(kind);
    bencher.counter(BytesCount::new(TOTAL)).bench_local(|| {
        let mut coded = Vec::with_capacity(2 * READ);
        let mut total = 0;
        for bytes in payload.chunks(READ) {
            coded.clear();
            encode(black_box(bytes), &mut coded);
            total += black_box(&coded).len();
        }
        total
    });
}
