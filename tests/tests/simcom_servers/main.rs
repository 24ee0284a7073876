//! Equipment written for a SIMCom module, over a pseudo-terminal, with real servers.

mod files;
mod mail;
mod mailbox;
mod pages;

use hayes_tests::content::noise;

/// Every byte value, runs of ETX and of Ctrl-Z, and noise.
fn content(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    for run in [1, 2, 3, 255, 1024, 5000] {
        bytes.extend(vec![0x03; run]);
        bytes.extend(vec![0x1A; run]);
        bytes.extend([0x03, 0x1A].repeat(run));
        bytes.extend([0x1A, 0x03].repeat(run));
    }
    bytes.extend(noise(length.saturating_sub(bytes.len()), 7));
    bytes.truncate(length);
    bytes
}
