//! How a module frames its answers (V.250 sections 5.7 and 6.2).

/// A result code (V.250 section 5.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ResultCode {
    Ok,
    Connect,
    Ring,
    NoCarrier,
    Error,
    NoDialtone,
    Busy,
    NoAnswer,
}

impl ResultCode {
    /// What `ATV1` shows.
    pub fn text(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Connect => "CONNECT",
            Self::Ring => "RING",
            Self::NoCarrier => "NO CARRIER",
            Self::Error => "ERROR",
            Self::NoDialtone => "NO DIALTONE",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NO ANSWER",
        }
    }

    /// What `ATV0` shows.
    pub fn digit(self) -> u8 {
        match self {
            Self::Ok => b'0',
            Self::Connect => b'1',
            Self::Ring => b'2',
            Self::NoCarrier => b'3',
            Self::Error => b'4',
            Self::NoDialtone => b'6',
            Self::Busy => b'7',
            Self::NoAnswer => b'8',
        }
    }
}

/// How answers are framed at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// `V1`: words; `V0`: digits.
    pub verbose: bool,
    /// `Q1`: no result codes.
    pub quiet: bool,
    /// The character that ends a line (S3).
    pub s3: u8,
    /// The character that follows it (S4).
    pub s4: u8,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            verbose: true,
            quiet: false,
            s3: b'\r',
            s4: b'\n',
        }
    }
}

impl Format {
    /// Adds information text. `V1`: `<CR><LF>text<CR><LF>`; `V0`: `text<CR><LF>`. Lines inside are
    /// separated by LF and come out with S3 and S4.
    pub fn information(self, text: &[u8], out: &mut Vec<u8>) {
        if self.verbose {
            out.extend([self.s3, self.s4]);
        }
        for line in text.split(|&byte| byte == b'\n') {
            out.extend(line);
            out.extend([self.s3, self.s4]);
        }
    }

    /// Adds a result code. `V1`: `<CR><LF>OK<CR><LF>`; `V0`: `0<CR>`; nothing under `Q1`.
    pub fn result(self, code: ResultCode, out: &mut Vec<u8>) {
        if self.quiet {
            return;
        }
        if self.verbose {
            self.information(code.text().as_bytes(), out);
        } else {
            out.extend([code.digit(), self.s3]);
        }
    }

    /// Adds a result code that has no digit (`+CME ERROR: …`): framed as information, nothing under
    /// `Q1`.
    pub fn long_result(self, text: &[u8], out: &mut Vec<u8>) {
        if !self.quiet {
            self.information(text, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(format: Format) -> String {
        let mut out = Vec::new();
        format.information(b"a\nb", &mut out);
        format.result(ResultCode::NoCarrier, &mut out);
        format.long_result(b"+CME ERROR: 3", &mut out);
        out.escape_ascii().to_string()
    }

    #[test]
    fn words_stand_between_line_ends() {
        let framed = both(Format::default());
        assert_eq!(
            framed,
            "\\r\\na\\r\\nb\\r\\n\\r\\nNO CARRIER\\r\\n\\r\\n+CME ERROR: 3\\r\\n"
        );
    }

    #[test]
    fn digits_end_in_s3_alone() {
        let verbose = false;
        let framed = both(Format {
            verbose,
            ..Format::default()
        });
        assert_eq!(framed, "a\\r\\nb\\r\\n3\\r+CME ERROR: 3\\r\\n");
    }

    #[test]
    fn quiet_keeps_information_only() {
        let quiet = true;
        let framed = both(Format {
            quiet,
            s3: b'!',
            s4: b'?',
            ..Format::default()
        });
        assert_eq!(framed, "!?a!?b!?");
    }
}
