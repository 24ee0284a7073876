//! What the bytes of a host are to the module, and so what comes back of them.

/// Prompts of data modes whose data is echoed, and the bytes that end it, which are not.
const ECHOED: [(&[u8], &[u8]); 3] = [
    (b"\r\n>> ", b"\x1A\x1B"),
    (b"+CFTPPUT: BEGIN", b"\x1A"),
    (b"+CHTTPACT: REQUEST", b"\x1A"),
];

/// Prompts of data modes whose data is not echoed.
const SILENT: [&[u8]; 2] = [b"CONNECT", b"\r\n>"];

/// What the module takes the host's bytes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Command lines.
    Command,
    /// Data that nothing comes back of.
    Silent,
    /// Data that comes back, but for these bytes at its end.
    Echoed(&'static [u8]),
}

impl Typed {
    /// The module answers this.
    pub(super) fn answered(&mut self, text: &[u8], raw: bool) {
        if let Some((_, ends)) = ECHOED.iter().find(|(prompt, _)| text == *prompt) {
            *self = Self::Echoed(ends);
        } else if SILENT.iter().any(|prompt| text.starts_with(prompt)) {
            *self = Self::Silent;
        } else if !raw {
            *self = Self::Command;
        }
    }

    /// What comes back of this where echo is on.
    pub(super) fn echo(self, bytes: &[u8], raw: bool) -> Vec<u8> {
        match self {
            Self::Silent => Vec::new(),
            Self::Echoed(ends) => match bytes.split_last() {
                Some((last, data)) if ends.contains(last) => data.to_vec(),
                _ => bytes.to_vec(),
            },
            // A LF behind a command line is swallowed, and a stray Ctrl-Z.
            Self::Command => {
                let swallowed = |byte: u8| (byte == b'\n' && !raw) || byte == 0x1A;
                let echoed = bytes.iter().copied().filter(|byte| !swallowed(*byte));
                echoed.collect()
            }
        }
    }
}
