//! Packets to records: no allocation, and no panic whatever the packet holds.

use super::codec::{Reader, flag, kind, wrong};
use super::{
    Circuits, Claim, Claimed, Failure, Flags, FromHelper, Header, LineSettings, MAX_PAYLOAD,
    MAX_SILENCE, Malformed, ToHelper, VERSION, Wiring,
};
use crate::discipline::{Command, Data, Ends, Escape, Keys, Mode, Raw, Wait};
use crate::time::Time;
use core::time::Duration;

/// The longest path, as the kernel has it (`PATH_MAX`).
const MAX_DEVICE: usize = 4096;

/// The longest line that one record reports, after its `AT`.
const MAX_LINE: usize = MAX_PAYLOAD - 2;

impl<'a> ToHelper<'a> {
    /// Reads one packet that the daemon sent.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where the packet is not exactly one record with every field in its range.
    pub fn decode(packet: &'a [u8]) -> Result<(Header, Self), Malformed> {
        let mut r = Reader(packet);
        let (kind, header) = begin(&mut r)?;
        let record = match kind {
            kind::CLAIM => Self::Claim(claim(&mut r)?),
            kind::MODE => Self::Mode {
                answers: r.u32("answers")?,
                mode: mode(&mut r)?,
            },
            kind::WRITE => Self::Write(r.rest("write", MAX_PAYLOAD)?),
            kind::FLUSH => Self::Flush,
            kind::HOLD => Self::Hold(r.bool("hold")?),
            kind::CONFIGURE => Self::Configure(line(&mut r)?),
            kind::SET_CIRCUITS => Self::SetCircuits(circuits(&mut r)?),
            kind::DRAIN => Self::Drain,
            kind::BREAK => Self::Break(silence(&mut r, "break")?),
            kind::SEND_ESCAPE => Self::SendEscape {
                character: r.u8("escape character")?,
                guard: silence(&mut r, "guard")?,
            },
            kind::RELEASE => Self::Release,
            other => return Err(Malformed::Kind(other)),
        };
        r.end()?;
        Ok((header, record))
    }
}

impl<'a> FromHelper<'a> {
    /// Reads one packet that the helper sent.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where the packet is not exactly one record with every field in its range.
    pub fn decode(packet: &'a [u8]) -> Result<(Header, Self), Malformed> {
        let mut r = Reader(packet);
        let (kind, header) = begin(&mut r)?;
        let record = match kind {
            kind::CLAIMED => Self::Claimed(claimed(&mut r)?),
            kind::REFUSED => Self::Refused {
                why: r.tag("refusal")?,
                text: r.text("reason", MAX_PAYLOAD)?,
            },
            kind::COMMAND_LINE => Self::CommandLine {
                too_long: r.bool("too long")?,
                line: r.rest("line", MAX_PAYLOAD)?,
            },
            kind::KEY => Self::Key(r.u8("key")?),
            kind::DATA => Self::Data {
                at: Time(r.u64("time")?),
                bytes: r.rest("data", MAX_PAYLOAD)?,
            },
            kind::END => Self::End {
                cause: r.tag("cause")?,
                count: r.u64("count")?,
            },
            kind::CIRCUITS => Self::Circuits(circuits(&mut r)?),
            kind::OVERRUN => Self::Overrun,
            kind::HANGUP => Self::Hangup,
            kind::DONE => Self::Done {
                of: r.u32("sequence")?,
                dropped: r.u64("dropped")?,
                failed: r.option("failure", failure)?,
            },
            kind::OUTPUT_STOPPED => Self::OutputStopped(r.bool("stopped")?),
            other => return Err(Malformed::Kind(other)),
        };
        r.end()?;
        Ok((header, record))
    }
}

fn begin(r: &mut Reader<'_>) -> Result<(u8, Header), Malformed> {
    let kind = r.u8("kind")?;
    let bits = r.u8("flags")?;
    let prompt = bits & flag::PROMPT != 0;
    // What pays a debt, or comes unasked, is not what data answers.
    let promptless = kind != kind::WRITE || bits & (flag::URC | flag::RESULT) != 0;
    let known = flag::ACK | flag::URC | flag::RESULT | flag::PROMPT;
    if bits & !known != 0 || (prompt && promptless) {
        return Err(wrong("flags", bits));
    }
    let header = Header {
        flags: Flags {
            ack: bits & flag::ACK != 0,
            urc: bits & flag::URC != 0,
            result: bits & flag::RESULT != 0,
            prompt,
        },
        sequence: r.u32("sequence")?,
    };
    Ok((kind, header))
}

fn claim<'a>(r: &mut Reader<'a>) -> Result<Claim<'a>, Malformed> {
    let version = r.u16("version")?;
    if version != VERSION {
        // What follows may look different there.
        return Err(Malformed::Version(version));
    }
    let claim = Claim {
        version,
        line: line(r)?,
        role: r.tag("role")?,
        wiring: Wiring {
            dtr: r.tag("DTR input")?,
            carrier: r.bool("carrier wiring")?,
        },
        device: r.text("device", MAX_DEVICE)?,
    };
    if claim.device.is_empty() || claim.device.contains('\0') {
        return Err(Malformed::Text("device"));
    }
    Ok(claim)
}

fn line(r: &mut Reader<'_>) -> Result<LineSettings, Malformed> {
    Ok(LineSettings {
        speed: match r.u32("speed")? {
            0 => return Err(wrong("speed", 0_u8)),
            speed => speed,
        },
        data_bits: match r.u8("data bits")? {
            bits @ 7..=8 => bits,
            other => return Err(wrong("data bits", other)),
        },
        parity: r.tag("parity")?,
        stop_bits: match r.u8("stop bits")? {
            bits @ 1..=2 => bits,
            other => return Err(wrong("stop bits", other)),
        },
        flow: r.tag("flow control")?,
    })
}

fn circuits(r: &mut Reader<'_>) -> Result<Circuits, Malformed> {
    Ok(Circuits {
        ready: r.bool("ready")?,
        carrier: r.bool("carrier")?,
        ring: r.bool("ring")?,
    })
}

fn claimed(r: &mut Reader<'_>) -> Result<Claimed, Malformed> {
    Ok(Claimed {
        kept: r.bool("kept")?,
        in_data: r.bool("in data")?,
        count: r.u64("count")?,
        owed: r.tag("owed")?,
        unanswered: r.u32("unanswered")?,
        circuits: circuits(r)?,
    })
}

fn failure(r: &mut Reader<'_>, field: &'static str) -> Result<Failure, Malformed> {
    match r.u8(field)? {
        0 => Ok(Failure::TimedOut),
        1 => Ok(Failure::Gone),
        2 => r
            .array("errno")
            .map(i32::from_le_bytes)
            .map(Failure::Device),
        other => Err(wrong(field, other)),
    }
}

fn mode(r: &mut Reader<'_>) -> Result<Mode, Malformed> {
    match r.u8("mode")? {
        0 => Ok(Mode::Command(Command {
            echo: r.bool("echo")?,
            s3: ascii(r, "S3")?,
            line_feed: r.bool("LF")?,
            s5: ascii(r, "S5")?,
            max_line: match r.u16("longest line")? {
                length if usize::from(length) <= MAX_LINE => length,
                other => return Err(wrong("longest line", other)),
            },
            keys: keys(r)?,
        })),
        1 => Ok(Mode::Wait(Wait { keys: keys(r)? })),
        2 => Ok(Mode::Data(Data {
            ends: ends(r)?,
            echo: r.tag("data echo")?,
            discard: r.bool("discard")?,
        })),
        3 => Ok(Mode::Raw(Raw {
            gather: r.bool("gather")?,
        })),
        other => Err(wrong("mode", other)),
    }
}

fn ends(r: &mut Reader<'_>) -> Result<Ends, Malformed> {
    Ok(Ends {
        length: r.option("length", Reader::u64)?,
        deadline: r.option("deadline", Reader::duration)?,
        idle: r.option("idle time", Reader::duration)?,
        escape: r.option("escape", |r, _| {
            let escape = Escape {
                character: r.u8("S2")?,
                guard: silence(r, "guard")?,
            };
            if escape.guard.is_zero() {
                return Err(wrong("guard", 0_u8));
            }
            Ok(escape)
        })?,
        in_band: r.option("end in the data", Reader::tag)?,
        dtr: r.bool("DTR end")?,
    })
}

fn keys(r: &mut Reader<'_>) -> Result<Keys, Malformed> {
    match r.u8("keys")? {
        0 => Ok(Keys::None),
        1 => Ok(Keys::Any),
        2 => r.array("keys").map(Keys::Of),
        other => Err(wrong("keys", other)),
    }
}

fn ascii(r: &mut Reader<'_>, field: &'static str) -> Result<u8, Malformed> {
    match r.u8(field)? {
        byte @ 0..=127 => Ok(byte),
        other => Err(wrong(field, other)),
    }
}

fn silence(r: &mut Reader<'_>, field: &'static str) -> Result<Duration, Malformed> {
    let length = r.duration(field)?;
    if length > MAX_SILENCE {
        let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        return Err(wrong(field, nanos));
    }
    Ok(length)
}
