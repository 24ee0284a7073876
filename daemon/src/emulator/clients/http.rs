//! Where a response of HTTP/1 ends (RFC 9112 section 6.3). Its bytes are looked at and never changed; what
//! can't be understood goes on until the server closes the connection.

/// A longer header is none.
const LONGEST_HEADER: usize = 64 << 10;

/// Fields of a header; one with more is not understood.
const FIELDS: usize = 128;

/// A response that is being read.
#[derive(Debug)]
pub(super) struct Response {
    /// It answers HEAD: it has no body, whatever it says.
    to_head: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    Header(Vec<u8>),
    /// So many bytes are left.
    Length(u64),
    Chunks(Chunks),
    UntilClose,
    Over,
}

/// Where it stands in the chunks (RFC 9112 section 7.1).
#[derive(Debug)]
enum Chunks {
    /// In the digits of a size.
    Size(Option<u64>),
    /// Behind them.
    Extension(u64),
    /// In a chunk's bytes.
    Bytes(u64),
    /// Behind them, before the end of their line.
    Gap,
    /// In the fields behind the last chunk; whether the line is empty so far.
    Trailer(bool),
}

impl Response {
    /// The response to a request that begins with these bytes.
    pub(super) fn to(request: &[u8]) -> Self {
        Self {
            to_head: request.starts_with(b"HEAD "),
            state: State::Header(Vec::new()),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The server has closed the connection: whether the response is complete.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Over | State::UntilClose)
    }

    /// Takes what came; how much of it belongs to the response.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_over() {
            let taken = match &mut self.state {
                State::Header(_) => self.header(rest),
                State::Length(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    if *left == 0 {
                        self.state = State::Over;
                    }
                    taken
                }
                State::Chunks(chunks) => {
                    let (taken, next) = chunks.take(rest);
                    if let Some(next) = next {
                        self.state = next;
                    }
                    taken
                }
                State::UntilClose => rest.len(),
                State::Over => 0,
            };
            rest = &rest[taken..];
        }
        bytes.len() - rest.len()
    }

    /// Takes bytes of the header, up to its end.
    fn header(&mut self, bytes: &[u8]) -> usize {
        let State::Header(kept) = &mut self.state else {
            return 0;
        };
        let before = kept.len();
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let line = end.map_or(bytes, |at| &bytes[..=at]);
        kept.extend_from_slice(line);
        // It is complete with an empty line.
        if end.is_some() && (kept.ends_with(b"\n\n") || kept.ends_with(b"\n\r\n")) {
            let header = std::mem::take(kept);
            self.state = read(&header, self.to_head);
        } else if before + line.len() > LONGEST_HEADER {
            self.state = State::UntilClose;
        }
        line.len()
    }
}

/// What comes behind a header.
fn read(header: &[u8], to_head: bool) -> State {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    // Modules are lenient: so are servers' authors.
    let parsed = httparse::ParserConfig::default()
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .parse_response(&mut response, header);
    if !matches!(parsed, Ok(httparse::Status::Complete(_))) {
        return State::UntilClose;
    }
    match response.code {
        Some(101) | None => return State::UntilClose,
        Some(100..200) => return State::Header(Vec::new()),
        Some(204 | 304) => return State::Over,
        Some(_) if to_head => return State::Over,
        Some(_) => {}
    }
    let named = |name: &'static str| {
        let fields = response.headers.iter();
        fields.filter(move |field| field.name.eq_ignore_ascii_case(name))
    };
    if let Some(coding) = named("transfer-encoding").next_back() {
        let last = coding.value.trim_ascii().to_ascii_lowercase();
        return match last.ends_with(b"chunked") {
            true => State::Chunks(Chunks::Size(None)),
            false => State::UntilClose,
        };
    }
    let mut lengths = named("content-length").map(|field| length(field.value));
    match lengths.next() {
        None => State::UntilClose,
        Some(first) if lengths.any(|other| other != first) => State::UntilClose,
        Some(None) => State::UntilClose,
        Some(Some(0)) => State::Over,
        Some(Some(length)) => State::Length(length),
    }
}

fn length(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value.trim_ascii()).ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

impl Chunks {
    /// Takes bytes; how many, and what comes next where that is no chunk any more.
    fn take(&mut self, bytes: &[u8]) -> (usize, Option<State>) {
        if let Self::Bytes(left) = self {
            let taken = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            *left -= taken as u64;
            if *left == 0 {
                *self = Self::Gap;
            }
            return (taken, None);
        }
        let Some(&byte) = bytes.first() else {
            return (0, None);
        };
        let next = match self {
            Self::Size(size) => match (char::from(byte).to_digit(16), *size) {
                (Some(digit), size) => {
                    let grown = size.unwrap_or(0).checked_mul(16);
                    match grown.map(|it| it + u64::from(digit)) {
                        Some(size) => Ok(Self::Size(Some(size))),
                        None => Err(State::UntilClose),
                    }
                }
                (None, Some(size)) => Self::behind(size, byte),
                (None, None) => Err(State::UntilClose),
            },
            Self::Extension(size) => Self::behind(*size, byte),
            Self::Gap => match byte {
                b'\r' => Ok(Self::Gap),
                b'\n' => Ok(Self::Size(None)),
                _ => Err(State::UntilClose),
            },
            Self::Trailer(empty) => match byte {
                b'\n' if *empty => Err(State::Over),
                b'\n' => Ok(Self::Trailer(true)),
                b'\r' => Ok(Self::Trailer(*empty)),
                _ => Ok(Self::Trailer(false)),
            },
            Self::Bytes(left) => Ok(Self::Bytes(*left)),
        };
        match next {
            Ok(next) => {
                *self = next;
                (1, None)
            }
            Err(state) => (1, Some(state)),
        }
    }

    /// In the line of a size, behind its digits.
    fn behind(size: u64, byte: u8) -> Result<Self, State> {
        Ok(match (byte, size) {
            (b'\n', 0) => Self::Trailer(true),
            (b'\n', size) => Self::Bytes(size),
            (_, size) => Self::Extension(size),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A response, the request's beginning, and how much of it belongs to it; `None`: until the close.
    const CASES: &[(&[u8], &[u8], Option<usize>)] = &[
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcXX", b"GET ", Some(41)),
        (b"http/1.1 200 ok\r\ncontent-length: 3\r\n\r\nabcXX", b"GET ", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nXX", b"HEAD ", Some(38)),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nXX", b"GET ", Some(46)),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", b"GET ", None),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\nXX", b"GET ", Some(35)),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naXX",
            b"POST ",
            Some(64),
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nab\r\n3\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\nXX",
            b"GET ",
            Some(47 + 7 + 5 + 2 + 3 + 10 + 2 + 3 + 6 + 2),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc",
            b"GET ",
            None,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", b"GET ", None),
        (b"HTTP/1.1 101 Switching\r\n\r\nabc", b"GET ", None),
        (b"nonsense\r\n\r\nabc", b"GET ", None),
    ];

    #[test]
    fn responses_end_where_they_say_at_any_split() {
        for (bytes, request, expected) in CASES {
            for at in 0..=bytes.len() {
                let mut response = Response::to(request);
                let first = response.take(&bytes[..at]);
                let second = match first == at {
                    true => response.take(&bytes[at..]),
                    false => 0,
                };
                let shown = bytes.escape_ascii();
                assert_eq!(
                    first + second,
                    expected.unwrap_or(bytes.len()),
                    "{shown} at {at}"
                );
                assert_eq!(response.is_over(), expected.is_some(), "{shown} at {at}");
                assert!(response.is_complete(), "{shown}");
            }
        }
    }

    #[test]
    fn one_that_breaks_off_is_not_complete() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\nContent-Le"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            b"",
        ] {
            let mut response = Response::to(b"GET / HTTP/1.1\r\n");
            assert_eq!(response.take(bytes), bytes.len());
            assert!(!response.is_complete() && !response.is_over());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_in_any_pieces(bytes: Vec<u8>, chunked: bool, piece in 1_usize..40) {
            let head: &[u8] = match chunked {
                true => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                false => b"",
            };
            let bytes = [head, &bytes].concat();
            let mut whole = Response::to(b"");
            let taken = whole.take(&bytes);
            let (mut pieces, mut sum) = (Response::to(b""), 0);
            for piece in bytes.chunks(piece) {
                sum += pieces.take(piece);
            }
            prop_assert_eq!((taken, whole.is_over()), (sum, pieces.is_over()));
        }
    }
}
