//! `hayesctl` on a private bus with the real daemon.

mod machine;
mod mail;
mod mistakes;
mod page;
mod screen;
mod services;

use anyhow::Result;
use hayes_tests::client::Client;
use hayes_tests::hayesctl::run;
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::site::Site;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::Child;

/// A site whose account `main` sends to this server.
async fn site(port: u16) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    site.configure(&format!(
        "default_account = \"main\"\nqueue = {{ first = \"1 h\", longest = \"1 h\", expiry = \"2 d\" }}\n\
         [account.main]\nfrom = \"Pump 7 <pump7@example.org>\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {port}, tls = \"none\" }}\n"
    ))?;
    let client = site.start().await?;
    Ok((site, client))
}

/// A site that knows this server's certificate, with an account `made` by `hayesctl` that lacks its password.
async fn with_account(postfix: &Postfix) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    let roots = postfix.authority().root().display().to_string();
    site.configure(&format!("[tls]\nroots = \"{roots}\"\n"))?;
    let client = site.start().await?;
    let (port, user) = (postfix.ports().implicit, postfix::USER);
    let server = format!("localhost,port={port},user={user}");
    let from = ["--from", "pump7@example.org"];
    let add = [&["account", "add", "made"][..], &from, &["--smtp", &server]];
    run(site.bus(), &add.concat())?.good()?;
    Ok((site, client))
}

/// What Ctrl-C does.
fn interrupt(child: &Child) -> Result<()> {
    let process = Pid::from_raw(i32::try_from(child.id())?);
    Ok(kill(process, Signal::SIGINT)?)
}
