//! Payload that may hold the byte that ends it: ETX stands before each Ctrl-Z and ETX of the payload, a
//! Ctrl-Z by itself ends it (SIMCom, WCDMA Internet Service, `AT+CFTPPUT` and `AT+CHTTPACT`).
//!
//! | payload | on the wire |
//! |---|---|
//! | 0x1A | 0x03 0x1A |
//! | 0x03 | 0x03 0x03 |
//! | any other byte | itself |
//! | the end | 0x1A |

use memchr::memchr2;

/// Ends the payload (Ctrl-Z, SUB).
pub const END: u8 = 0x1A;

/// Says that the byte after it is payload (ETX).
pub const LEAD: u8 = 0x03;

/// How many bytes are looked at one by one where a lead has been found: more of them are likely near it.
const NEAR: usize = 32;

/// Appends the payload as it goes on the wire, without the end: that is [`END`].
pub fn encode(payload: &[u8], into: &mut Vec<u8>) {
    let mut rest = payload;
    while let Some(place) = memchr2(LEAD, END, rest) {
        into.extend_from_slice(&rest[..place]);
        let (near, far) = rest[place..].split_at(NEAR.min(rest.len() - place));
        let mut coded = [0; 2 * NEAR];
        let mut len = 0;
        for byte in near {
            coded[len] = LEAD;
            len += usize::from(is_special(*byte));
            coded[len] = *byte;
            len += 1;
        }
        into.extend_from_slice(&coded[..len]);
        rest = far;
    }
    into.extend_from_slice(rest);
}

/// Reads payload off the wire, however it is cut into reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoder {
    /// The last byte was a lead: the next one tells what it was.
    led: bool,
}

impl Decoder {
    /// Appends the payload in `bytes`. Returns how many of them it took, and whether the last one taken was
    /// the end. `mask` is 0xFF, or 0x7F where the eighth bit of a byte is not the character's.
    ///
    /// At most one byte more than it took is appended: a lead held back from before. A lead before any other
    /// byte is payload, as is that byte; the vendor does not say what it means.
    pub fn decode(&mut self, bytes: &[u8], mask: u8, into: &mut Vec<u8>) -> (usize, bool) {
        let mut taken = 0;
        while taken < bytes.len() {
            if !self.led && mask == 0xFF {
                let rest = &bytes[taken..];
                let place = memchr2(LEAD, END, rest).unwrap_or(rest.len());
                into.extend_from_slice(&rest[..place]);
                taken += place;
            }
            let near = bytes.len().min(taken + NEAR);
            let (n, ended) = self.near(&bytes[taken..near], mask, into);
            taken += n;
            if ended {
                return (taken, true);
            }
        }
        (taken, false)
    }

    /// Each byte by itself, and no branch that depends on what a peer that codes well sends: a run of leads
    /// costs what any other bytes cost.
    fn near(&mut self, bytes: &[u8], mask: u8, into: &mut Vec<u8>) -> (usize, bool) {
        let bytes = &bytes[..bytes.len().min(NEAR)];
        // A power of two, so that an index is known to be within it.
        let mut plain = [0; 2 * NEAR];
        let within = |at: usize| at % (2 * NEAR);
        let (mut len, mut led) = (0_usize, u8::from(self.led));
        let (mut taken, mut ended) = (bytes.len(), false);
        for (at, byte) in bytes.iter().enumerate() {
            let character = byte & mask;
            // Numbers, since conditions become branches.
            let (lead, end) = (u8::from(character == LEAD), u8::from(character == END));
            let rare = (led & !(lead | end)) | (end & !led);
            if rare & 1 != 0 {
                if led == 0 {
                    (taken, ended) = (at.wrapping_add(1), true);
                    break;
                }
                // Held back, and no lead after all.
                plain[within(len)] = LEAD;
                len = len.wrapping_add(1);
            }
            plain[within(len)] = *byte;
            led = lead & !led;
            len = len.wrapping_add(usize::from(led ^ 1));
        }
        self.led = led != 0;
        into.extend_from_slice(&plain[..len]);
        (taken, ended)
    }

    /// How many bytes come before the next lead or end: they are payload as they stand.
    #[must_use]
    pub fn plain(&self, bytes: &[u8], mask: u8) -> usize {
        if self.led {
            return 0;
        }
        let place = match mask {
            0xFF => memchr2(LEAD, END, bytes),
            mask => bytes.iter().position(|byte| is_special(byte & mask)),
        };
        place.unwrap_or(bytes.len())
    }

    /// A lead is held back.
    #[must_use]
    pub fn is_led(&self) -> bool {
        self.led
    }

    /// The payload ends here without its end. True: a lead was held back, and is payload.
    pub fn release(&mut self) -> bool {
        core::mem::take(&mut self.led)
    }
}

fn is_special(byte: u8) -> bool {
    (byte == LEAD) | (byte == END)
}
