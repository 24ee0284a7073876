//! Pages.

use super::content;
use anyhow::{Result, ensure};
use hayes_tests::simcom::{self, Panel};
use hayes_tests::wait;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};

/// A server of pages: this response to each request, which it gives back.
fn pages(response: Vec<u8>) -> Result<(u16, std::sync::mpsc::Receiver<Vec<u8>>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let (asked, asks) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|part| part == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(n) if n > 0 => request.extend(&buffer[..n]),
                    _ => break,
                }
            }
            // A client that goes away, or a test that is over.
            let _ = (stream.write_all(&response), asked.send(request));
        }
    });
    Ok((port, asks))
}

#[tokio::test]
async fn a_page_comes_as_it_is() -> Result<()> {
    let body = content(50_000);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let response = [head.as_bytes(), &body].concat();
    let (port, asks) = pages(response.clone())?;
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    for _ in 0..2 {
        equipment.send(format!("AT+CHTTPACT=\"localhost\",{port}\r"))?;
        equipment.expect("\r\n+CHTTPACT: REQUEST\r\n")?;
        let request = b"GET /a?b=\x03\x1A HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
        let mut wire = Vec::new();
        hayes_ldisc::discipline::stuffing::encode(request, &mut wire);
        wire.push(hayes_ldisc::discipline::stuffing::END);
        equipment.send(&wire)?;
        ensure!(equipment.result()? == ["OK"]);
        let came = simcom::blocks(&mut equipment, "+CHTTPACT")?;
        ensure!(came == response, "{} bytes", came.len());
        ensure!(asks.recv_timeout(wait::LONG)? == request);
    }
    Ok(())
}
