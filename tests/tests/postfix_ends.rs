//! The mail server ends with its fixture. Alone in its program: beside others, the next one to start may be
//! given the same ports.

use anyhow::Result;
use hayes_tests::postfix::Postfix;
use hayes_tests::wait;
use std::net::{Ipv4Addr, TcpStream};

#[test]
fn postfix_is_gone_with_its_fixture() -> Result<()> {
    let postfix = Postfix::start()?;
    let port = postfix.ports().implicit;
    drop(postfix);
    // Its children have the socket as well, and end a moment after it.
    wait::until("Postfix to end", wait::LONG, || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).err()
    })?;
    Ok(())
}
