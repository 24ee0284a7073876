//! A second connection beside the dialogue, for FTP's data: `data …` and `D…` in scripts.

use super::certificates::Certificates;
use super::server::{Line, secured};
use crate::transcript::bytes_of;
use anyhow::{Context as _, Result, bail, ensure};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// One thing that the server does on it.
#[derive(Clone, Debug)]
pub enum DataStep {
    /// Takes the client's connection.
    Open,
    /// Connects to where the client's last PORT asked it to, from this address of its own.
    Connect(Ipv4Addr),
    /// Begins TLS with this certificate; `true`: as a session that is resumed.
    Tls(String, bool),
    /// Writes these bytes so many times.
    Say(Vec<u8>, usize),
    /// Reads to the client's end; it must have been these bytes, and properly ended.
    Hear(Vec<u8>),
    /// Ends it as is proper, TLS too.
    Close,
    /// Closes it with nothing said about it.
    Cut,
    /// Listens no more, and not yet.
    Dead,
}

impl DataStep {
    /// A script's line.
    ///
    /// # Errors
    /// It means nothing.
    pub(super) fn read(verb: &str, rest: &str) -> Result<Self> {
        let line = |text| bytes_of(text).map(|bytes| [&bytes[..], b"\r\n"].concat());
        Ok(match verb {
            "D-raw:" => Self::Say(bytes_of(rest)?, 1),
            "D-times:" => {
                let (times, text) = rest.split_once(' ').context("how often, and what")?;
                Self::Say(line(text)?, times.parse()?)
            }
            "D-end:" => Self::Hear(bytes_of(rest)?),
            "data" => match rest.split(' ').collect::<Vec<_>>()[..] {
                ["open"] => Self::Open,
                ["connect", from] => Self::Connect(from.parse()?),
                ["tls", certificate] => Self::Tls(certificate.into(), false),
                ["tls", certificate, "resumed"] => Self::Tls(certificate.into(), true),
                ["close"] => Self::Close,
                ["cut"] => Self::Cut,
                ["dead"] => Self::Dead,
                _ => bail!("data {rest} means nothing"),
            },
            _ => Self::Say(line(rest)?, 1),
        })
    }
}

/// Where data goes.
pub(super) struct Data {
    listener: Option<TcpListener>,
    port: u16,
    line: Line,
    /// Where the client wants to be connected to.
    theirs: Option<SocketAddr>,
}

impl Data {
    pub(super) async fn listen() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            listener: Some(listener),
            line: Line::Over,
            theirs: None,
        })
    }

    /// What stands for its port in what the server says: `{data}`, or `{pasv}`, the address of somebody else
    /// and two numbers.
    pub(super) fn named(&self, bytes: &[u8]) -> Vec<u8> {
        if !bytes.contains(&b'{') {
            return bytes.to_vec();
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return bytes.to_vec();
        };
        let foreign = format!("192,0,2,99,{},{}", self.port >> 8, self.port & 0xff);
        text.replace("{data}", &self.port.to_string())
            .replace("{pasv}", &foreign)
            .into_bytes()
    }

    /// A line that the client has said: PORT is remembered.
    pub(super) fn heard(&mut self, line: &str) {
        let Some(numbers) = line.strip_prefix("PORT ") else {
            return;
        };
        let numbers: Vec<u8> = numbers.split(',').filter_map(|n| n.parse().ok()).collect();
        if let [a, b, c, d, high, low] = numbers[..] {
            let port = u16::from(high) << 8 | u16::from(low);
            self.theirs = Some(SocketAddr::new(IpAddr::from([a, b, c, d]), port));
        }
    }

    pub(super) async fn perform(
        &mut self,
        step: &DataStep,
        certificates: &Certificates,
    ) -> Result<()> {
        match step {
            DataStep::Open => {
                let listener = self.listener.as_ref().context("it is dead")?;
                let (io, _) = listener.accept().await?;
                self.line = Line::Clear(io);
            }
            DataStep::Connect(from) => {
                let theirs = self.theirs.context("no PORT was heard")?;
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new((*from).into(), 0))?;
                self.line = Line::Clear(socket.connect(theirs).await?);
            }
            DataStep::Tls(certificate, resumed) => {
                self.tls(certificate, *resumed, certificates).await?;
            }
            DataStep::Say(bytes, times) => {
                for _ in 0..*times {
                    let io = self.line.io()?;
                    // A client that closed meanwhile says so by what comes of it.
                    if io.write_all(bytes).await.is_err() || io.flush().await.is_err() {
                        break;
                    }
                }
            }
            DataStep::Hear(expected) => {
                let mut bytes = Vec::new();
                self.line.io()?.read_to_end(&mut bytes).await?;
                ensure!(bytes == *expected, "data was \"{}\"", bytes.escape_ascii());
            }
            DataStep::Close => {
                // The client may have closed before.
                let _ = self.line.io()?.shutdown().await;
                self.line = Line::Over;
            }
            DataStep::Cut => self.line = Line::Over,
            DataStep::Dead => self.listener = None,
        }
        Ok(())
    }

    async fn tls(
        &mut self,
        certificate: &str,
        resumed: bool,
        certificates: &Certificates,
    ) -> Result<()> {
        let io: TcpStream = match std::mem::replace(&mut self.line, Line::Over) {
            Line::Clear(io) => io,
            _ => bail!("TLS begins on a connection in clear"),
        };
        let config = certificates.server(certificate)?;
        self.line = secured(io, config, resumed).await?;
        Ok(())
    }
}
