//! What the fuzz targets run. The tests run the same for a moment, so that it does not rot.

mod checks;
mod script;
mod stuffing;
#[cfg(test)]
mod tests;

use crate::record::{FromHelper, ToHelper};

pub use script::fuzz_discipline;
pub use stuffing::fuzz_stuffing;

/// Any packet is a record or is refused, and what is a record encodes to the packet that it came from.
pub fn fuzz_records(packet: &[u8]) {
    let mut again = Vec::new();
    if let Ok((header, record)) = ToHelper::decode(packet) {
        record.encode(header, &mut again);
        assert_eq!(again, packet);
    }
    if let Ok((header, record)) = FromHelper::decode(packet) {
        record.encode(header, &mut again);
        assert_eq!(again, packet);
    }
}
