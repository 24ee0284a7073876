//! A connection to a server of HTTP: the equipment's request goes, the response comes, both untouched.

use super::Desk;
use super::files::settled;
use super::http::Response;
use super::patience::Watch;
use crate::emulator::client::Host;
use crate::emulator::op::{Done, Op, OpId};
use crate::emulator::world::World;
use crate::service::{Error, ErrorKind, Fault, Result, Socket};
use std::sync::Arc;

/// Bytes that go at a time.
const PIECE: usize = 64 << 10;

/// So much of a request says what it is.
const METHOD: usize = 8;

/// Connects, sends what is pushed, and gives what comes back.
pub(super) async fn run(world: World, host: Box<Host>, id: OpId, mut desk: Desk) {
    let watch = Watch::new(host.patience);
    let opened = watch.over(world.open_socket(&host.server, &watch)).await;
    let mut socket = match opened {
        Ok(socket) => socket,
        Err(error) => return desk.answer(id, Done::Refused(error)),
    };
    desk.answer(id, Done::Fine);
    let pipe = Arc::clone(&desk.pipe);
    let mut request = Vec::new();
    let sent = {
        let sending = async {
            loop {
                let piece = watch.ours(pipe.take(PIECE)).await?;
                if piece.is_empty() {
                    return Ok(());
                }
                let room = METHOD.saturating_sub(request.len()).min(piece.len());
                request.extend_from_slice(&piece[..room]);
                socket.send(&piece).await?;
                watch.sign();
            }
        };
        settled(watch.over(sending), &mut desk, &pipe).await
    };
    let Some((id, sent)) = sent else {
        return;
    };
    match sent {
        Ok(()) => desk.answer(id, Done::Fine),
        Err(error) => return desk.answer(id, Done::Lost(error)),
    }
    let mut response = Response::to(&request);
    while let Some((id, op)) = desk.asked.recv().await {
        let Op::Pull(_, most) = op else {
            continue;
        };
        let received = receive(&mut *socket, &mut response, most as usize);
        match watch.over(received).await {
            Ok(bytes) => {
                let ended = bytes.is_empty();
                desk.answer(id, Done::Bytes(bytes));
                if ended {
                    return;
                }
            }
            Err(error) => return desk.answer(id, Done::Lost(error)),
        }
    }
}

/// The next bytes of the response; none at its end.
async fn receive(socket: &mut dyn Socket, response: &mut Response, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if response.is_over() {
        return Ok(bytes);
    }
    socket.receive(&mut bytes, most).await?;
    if bytes.is_empty() && !response.is_complete() {
        let text = "the server closed the connection in the middle of its response";
        return Err(Error::new(ErrorKind::NoNetwork, text)
            .by(Fault::Server)
            .after_content());
    }
    let own = response.take(&bytes);
    bytes.truncate(own);
    Ok(bytes)
}
