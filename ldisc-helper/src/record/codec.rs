//! What both directions share. All numbers are little-endian, durations and times nanoseconds,
//! an absent value is one zero byte.
//!
//! A packet is `kind: u8, flags: u8, sequence: u32`, then the fields in the order of their declaration;
//! bytes and text come last and end with the packet.

use super::{DtrInput, Flow, Malformed, Owed, Parity, Refusal, Role};
use crate::discipline::{Cause, Echo, InBand};
use core::time::Duration;

/// Length of the header that every packet begins with.
pub(super) const HEADER: usize = 6;

/// Bits of the header's `flags`.
pub(super) mod flag {
    pub(in super::super) const ACK: u8 = 1;
    pub(in super::super) const URC: u8 = 2;
    pub(in super::super) const RESULT: u8 = 4;
    pub(in super::super) const PROMPT: u8 = 8;
}

/// Kinds of record; those from the helper have the top bit, so that no packet is good in both directions.
pub(super) mod kind {
    pub(in super::super) const CLAIM: u8 = 0x01;
    pub(in super::super) const MODE: u8 = 0x02;
    pub(in super::super) const WRITE: u8 = 0x03;
    pub(in super::super) const FLUSH: u8 = 0x04;
    pub(in super::super) const CONFIGURE: u8 = 0x05;
    pub(in super::super) const SET_CIRCUITS: u8 = 0x06;
    pub(in super::super) const DRAIN: u8 = 0x07;
    pub(in super::super) const BREAK: u8 = 0x08;
    pub(in super::super) const SEND_ESCAPE: u8 = 0x09;
    pub(in super::super) const RELEASE: u8 = 0x0A;
    pub(in super::super) const HOLD: u8 = 0x0B;

    pub(in super::super) const CLAIMED: u8 = 0x81;
    pub(in super::super) const REFUSED: u8 = 0x82;
    pub(in super::super) const COMMAND_LINE: u8 = 0x83;
    pub(in super::super) const KEY: u8 = 0x84;
    pub(in super::super) const DATA: u8 = 0x85;
    pub(in super::super) const END: u8 = 0x86;
    pub(in super::super) const CIRCUITS: u8 = 0x87;
    pub(in super::super) const OVERRUN: u8 = 0x88;
    pub(in super::super) const HANGUP: u8 = 0x89;
    pub(in super::super) const DONE: u8 = 0x8A;
    pub(in super::super) const OUTPUT_STOPPED: u8 = 0x8B;
}

/// A choice of few values, sent as its place in [`Tag::ALL`].
pub(super) trait Tag: Copy + PartialEq + 'static {
    const ALL: &'static [Self];
}

impl Tag for Cause {
    const ALL: &'static [Self] = &[
        Self::Length,
        Self::Deadline,
        Self::Idle,
        Self::Escape,
        Self::CtrlZ,
        Self::Cancelled,
        Self::Dtr,
        Self::Hangup,
    ];
}

impl Tag for DtrInput {
    const ALL: &'static [Self] = &[Self::None, Self::Dsr, Self::Dcd];
}

impl Tag for Echo {
    const ALL: &'static [Self] = &[Self::None, Self::All, Self::End];
}

impl Tag for Flow {
    const ALL: &'static [Self] = &[Self::None, Self::RtsCts, Self::XonXoff];
}

impl Tag for InBand {
    const ALL: &'static [Self] = &[
        Self::CtrlZ { cancel: false },
        Self::CtrlZ { cancel: true },
        Self::CtrlZStuffed,
    ];
}

impl Tag for Owed {
    const ALL: &'static [Self] = &[Self::Nothing, Self::Line, Self::Data];
}

impl Tag for Parity {
    const ALL: &'static [Self] = &[Self::None, Self::Odd, Self::Even];
}

impl Tag for Refusal {
    const ALL: &'static [Self] = &[
        Self::NotAllowed,
        Self::Busy,
        Self::Absent,
        Self::Settings,
        Self::Protocol,
        Self::Taken,
    ];
}

impl Tag for Role {
    const ALL: &'static [Self] = &[Self::Dce, Self::Dte];
}

/// Writes the fields of one record.
pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.u8(u8::from(value));
    }

    pub(super) fn tag<T: Tag>(&mut self, value: T) {
        let place = T::ALL.iter().position(|known| *known == value);
        // Every value is in its table (the round trip of each is tested); 0xFF is refused by any reader.
        self.u8(place.and_then(|n| u8::try_from(n).ok()).unwrap_or(0xFF));
    }

    pub(super) fn duration(&mut self, value: Duration) {
        self.u64(u64::try_from(value.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.bool(value.is_some());
        if let Some(value) = value {
            put(self, value);
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Reads the fields of one record, and remembers nothing but the rest of the packet.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, Malformed> {
        self.array(field).map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, Malformed> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, Malformed> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, Malformed> {
        self.array(field).map(u64::from_le_bytes)
    }

    pub(super) fn bool(&mut self, field: &'static str) -> Result<bool, Malformed> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(wrong(field, other)),
        }
    }

    pub(super) fn tag<T: Tag>(&mut self, field: &'static str) -> Result<T, Malformed> {
        let place = self.u8(field)?;
        let known = T::ALL.get(usize::from(place));
        known.copied().ok_or_else(|| wrong(field, place))
    }

    pub(super) fn duration(&mut self, field: &'static str) -> Result<Duration, Malformed> {
        self.u64(field).map(Duration::from_nanos)
    }

    pub(super) fn option<T>(
        &mut self,
        field: &'static str,
        take: impl FnOnce(&mut Self, &'static str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.bool(field)? {
            true => take(self, field).map(Some),
            false => Ok(None),
        }
    }

    /// All that is left, at most `longest` bytes of it.
    pub(super) fn rest(
        &mut self,
        field: &'static str,
        longest: usize,
    ) -> Result<&'a [u8], Malformed> {
        if self.0.len() > longest {
            return Err(wrong(field, self.0.len() as u64));
        }
        Ok(core::mem::take(&mut self.0))
    }

    pub(super) fn text(
        &mut self,
        field: &'static str,
        longest: usize,
    ) -> Result<&'a str, Malformed> {
        core::str::from_utf8(self.rest(field, longest)?).map_err(|_| Malformed::Text(field))
    }

    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed::Short(field))?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn end(&self) -> Result<(), Malformed> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(Malformed::Trailing(more)),
        }
    }
}

pub(super) fn wrong(field: &'static str, value: impl Into<u64>) -> Malformed {
    Malformed::Value {
        field,
        value: value.into(),
    }
}
