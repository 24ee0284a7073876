//! However the input is cut into reads, the same comes out.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Reads `text` in pieces of these sizes (again and again), at one moment; after each stop comes the next
/// of the modes (again and again).
fn run(modes: &[Mode], text: &[u8], sizes: &[usize], silence: u64) -> Log {
    let mut rig = Rig::new(modes[0].clone());
    let mut stops = 0;
    let mut sizes = sizes.iter().copied().cycle();
    rig.wait(silence);
    let mut rest = text;
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(usize::MAX).min(rest.len());
        let mut piece = &rest[..size];
        rest = &rest[size..];
        while !piece.is_empty() {
            let taken = rig.read(piece);
            piece = &piece[taken..];
            if rig.discipline.is_stopped() {
                stops += 1;
                rig.mode(modes[stops % modes.len()].clone());
            }
        }
    }
    rig.wait(5000);
    rig.log
}

const IN_BAND: [Option<InBand>; 4] = [
    None,
    Some(InBand::CtrlZ { cancel: false }),
    Some(InBand::CtrlZ { cancel: true }),
    Some(InBand::CtrlZStuffed),
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let alphabet = b"AATTat//+++x1;\"\r\r\n\x08\x03\x03\x1A\x1B\0\xC1\xFF";
    vec(select(&alphabet[..]), 0..60)
}

proptest! {
    #[test]
    fn command_mode(text in text(), sizes in vec(1..9_usize, 1..8), echo: bool, line_feed: bool, s3 in select(&[13_u8, 59][..])) {
        let keys = Keys::Of([b'1'; 4]);
        let mode = Mode::Command(Command { echo, s3, line_feed, keys, max_line: 6, ..command() });
        let modes = [mode];
        prop_assert_eq!(run(&modes, &text, &sizes, 0), run(&modes, &text, &[], 0));
    }

    #[test]
    fn data_mode(
        text in text(), sizes in vec(1..9_usize, 1..8), length in proptest::option::of(1..50_u64),
        echo in select(&[Echo::None, Echo::All, Echo::End][..]), in_band in select(&IN_BAND[..]), silence in select(&[0, 999, 1000][..]),
    ) {
        let escape = Some(Escape { character: b'+', guard: Duration::from_secs(1) });
        let idle = Some(Duration::from_secs(2));
        let ends = Ends { length, escape, in_band, idle, ..Ends::default() };
        let mode = Mode::Data(Data { ends, echo, discard: false });
        let modes = [mode];
        prop_assert_eq!(run(&modes, &text, &sizes, silence), run(&modes, &text, &[], silence));
    }

    #[test]
    fn commands_and_their_bodies(text in text(), sizes in vec(1..9_usize, 1..8), length in 0..9_u64) {
        let ends = Ends { length: Some(length.max(1)), ..Ends::default() };
        let body = Mode::Data(Data { ends, ..Data::default() });
        let modes = [Mode::Command(command()), body];
        prop_assert_eq!(run(&modes, &text, &sizes, 0), run(&modes, &text, &[], 0));
    }
}
