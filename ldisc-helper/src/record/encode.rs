//! Records to packets.

use super::codec::{HEADER, Writer, flag, kind};
use super::{Circuits, Claim, Claimed, Failure, Flags, FromHelper, Header, LineSettings, ToHelper};
use crate::discipline::{Command, Data, Keys, Mode};
use crate::time::Time;

/// Length of what stands before the bytes of a [`FromHelper::Data`].
pub const DATA_HEAD: usize = HEADER + 8;

impl ToHelper<'_> {
    /// Writes this record as one packet; what `into` held before is gone, its memory is used again.
    ///
    /// The caller keeps a `Write` to [`MAX_PAYLOAD`](super::MAX_PAYLOAD) bytes; the other side refuses more.
    pub fn encode(&self, header: Header, into: &mut Vec<u8>) {
        let mut w = begin(header, self.kind(), into);
        match self {
            Self::Claim(claim) => put_claim(&mut w, claim),
            Self::Mode { answers, mode } => {
                w.u32(*answers);
                put_mode(&mut w, mode);
            }
            Self::Write(bytes) => w.bytes(bytes),
            Self::Hold(held) => w.bool(*held),
            Self::Flush | Self::Drain | Self::Release => {}
            Self::Configure(line) => put_line(&mut w, *line),
            Self::SetCircuits(circuits) => put_circuits(&mut w, *circuits),
            Self::Break(length) => w.duration(*length),
            Self::SendEscape { character, guard } => {
                w.u8(*character);
                w.duration(*guard);
            }
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Claim(_) => kind::CLAIM,
            Self::Mode { .. } => kind::MODE,
            Self::Write(_) => kind::WRITE,
            Self::Flush => kind::FLUSH,
            Self::Hold(_) => kind::HOLD,
            Self::Configure(_) => kind::CONFIGURE,
            Self::SetCircuits(_) => kind::SET_CIRCUITS,
            Self::Drain => kind::DRAIN,
            Self::Break(_) => kind::BREAK,
            Self::SendEscape { .. } => kind::SEND_ESCAPE,
            Self::Release => kind::RELEASE,
        }
    }
}

impl FromHelper<'_> {
    /// Writes this record as one packet; what `into` held before is gone, its memory is used again.
    pub fn encode(&self, header: Header, into: &mut Vec<u8>) {
        let mut w = begin(header, self.kind(), into);
        match self {
            Self::Claimed(claimed) => put_claimed(&mut w, claimed),
            Self::Refused { why, text } => {
                w.tag(*why);
                w.bytes(text.as_bytes());
            }
            Self::CommandLine { line, too_long } => {
                w.bool(*too_long);
                w.bytes(line);
            }
            Self::Key(key) => w.u8(*key),
            Self::Data { at, bytes } => {
                w.u64(at.0);
                w.bytes(bytes);
            }
            Self::End { cause, count } => {
                w.tag(*cause);
                w.u64(*count);
            }
            Self::Circuits(circuits) => put_circuits(&mut w, *circuits),
            Self::Overrun | Self::Hangup => {}
            Self::Done {
                of,
                dropped,
                failed,
            } => {
                w.u32(*of);
                w.u64(*dropped);
                w.option(*failed, put_failure);
            }
            Self::OutputStopped(stopped) => w.bool(*stopped),
        }
    }

    /// What stands before the bytes of a [`FromHelper::Data`]: sent ahead of them in one `sendmsg`, the
    /// bytes need not be copied.
    #[must_use]
    pub fn data_head(header: Header, at: Time) -> [u8; DATA_HEAD] {
        let mut head = [0; DATA_HEAD];
        head[0] = kind::DATA;
        head[1] = flags(header.flags);
        head[2..HEADER].copy_from_slice(&header.sequence.to_le_bytes());
        head[HEADER..].copy_from_slice(&at.0.to_le_bytes());
        head
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Claimed(_) => kind::CLAIMED,
            Self::Refused { .. } => kind::REFUSED,
            Self::CommandLine { .. } => kind::COMMAND_LINE,
            Self::Key(_) => kind::KEY,
            Self::Data { .. } => kind::DATA,
            Self::End { .. } => kind::END,
            Self::Circuits(_) => kind::CIRCUITS,
            Self::Overrun => kind::OVERRUN,
            Self::Hangup => kind::HANGUP,
            Self::Done { .. } => kind::DONE,
            Self::OutputStopped(_) => kind::OUTPUT_STOPPED,
        }
    }
}

fn begin(header: Header, kind: u8, into: &mut Vec<u8>) -> Writer<'_> {
    into.clear();
    let mut w = Writer(into);
    w.u8(kind);
    w.u8(flags(header.flags));
    w.u32(header.sequence);
    w
}

fn flags(flags: Flags) -> u8 {
    let mut bits = 0;
    for (set, bit) in [
        (flags.ack, flag::ACK),
        (flags.urc, flag::URC),
        (flags.result, flag::RESULT),
        (flags.prompt, flag::PROMPT),
    ] {
        if set {
            bits |= bit;
        }
    }
    bits
}

fn put_claim(w: &mut Writer<'_>, claim: &Claim<'_>) {
    w.u16(claim.version);
    put_line(w, claim.line);
    w.tag(claim.role);
    w.tag(claim.wiring.dtr);
    w.bool(claim.wiring.carrier);
    w.bytes(claim.device.as_bytes());
}

fn put_line(w: &mut Writer<'_>, line: LineSettings) {
    w.u32(line.speed);
    w.u8(line.data_bits);
    w.tag(line.parity);
    w.u8(line.stop_bits);
    w.tag(line.flow);
}

fn put_circuits(w: &mut Writer<'_>, circuits: Circuits) {
    w.bool(circuits.ready);
    w.bool(circuits.carrier);
    w.bool(circuits.ring);
}

fn put_claimed(w: &mut Writer<'_>, claimed: &Claimed) {
    w.bool(claimed.kept);
    w.bool(claimed.in_data);
    w.u64(claimed.count);
    w.tag(claimed.owed);
    w.u32(claimed.unanswered);
    put_circuits(w, claimed.circuits);
}

fn put_failure(w: &mut Writer<'_>, failure: Failure) {
    match failure {
        Failure::TimedOut => w.u8(0),
        Failure::Gone => w.u8(1),
        Failure::Device(errno) => {
            w.u8(2);
            w.bytes(&errno.to_le_bytes());
        }
    }
}

fn put_mode(w: &mut Writer<'_>, mode: &Mode) {
    match mode {
        Mode::Command(Command {
            echo,
            s3,
            line_feed,
            s5,
            max_line,
            keys,
        }) => {
            w.u8(0);
            w.bool(*echo);
            w.u8(*s3);
            w.bool(*line_feed);
            w.u8(*s5);
            w.u16(*max_line);
            put_keys(w, *keys);
        }
        Mode::Wait(wait) => {
            w.u8(1);
            put_keys(w, wait.keys);
        }
        Mode::Data(data) => {
            w.u8(2);
            put_data(w, data);
        }
        Mode::Raw(raw) => {
            w.u8(3);
            w.bool(raw.gather);
        }
    }
}

fn put_data(w: &mut Writer<'_>, data: &Data) {
    w.option(data.ends.length, Writer::u64);
    w.option(data.ends.deadline, Writer::duration);
    w.option(data.ends.idle, Writer::duration);
    w.option(data.ends.escape, |w, escape| {
        w.u8(escape.character);
        w.duration(escape.guard);
    });
    w.option(data.ends.in_band, Writer::tag);
    w.bool(data.ends.dtr);
    w.tag(data.echo);
    w.bool(data.discard);
}

fn put_keys(w: &mut Writer<'_>, keys: Keys) {
    match keys {
        Keys::None => w.u8(0),
        Keys::Any => w.u8(1),
        Keys::Of(these) => {
            w.u8(2);
            w.bytes(&these);
        }
    }
}
