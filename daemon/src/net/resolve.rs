//! Names to addresses, off the event loop.

use crate::service::{Error, ErrorKind, Result};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Look-ups that may run at a time. The system's resolver can't be interrupted, so a dead name server keeps
/// a thread for as long as it likes, but never more than these.
const AT_ONCE: usize = 4;

/// Looks names up.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    turns: Arc<Semaphore>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Resolver {
    /// The addresses of a host (a name or an address, IPv6 perhaps in brackets), in the system's order; at
    /// least one. NameNotFound, NoNetwork where no name server answers, Timeout.
    pub(super) async fn resolve(
        &self,
        host: &str,
        port: u16,
        within: Duration,
    ) -> Result<Vec<SocketAddr>> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let name = host.to_owned();
        let look_up = move || {
            (name.as_str(), port)
                .to_socket_addrs()
                .map(Iterator::collect)
        };
        timeout(within, self.run(host, look_up))
            .await
            .unwrap_or_else(|_| {
                Err(Error::new(
                    ErrorKind::Timeout,
                    format!("looking up {host} took too long"),
                ))
            })
    }

    async fn run(
        &self,
        host: &str,
        look_up: impl FnOnce() -> std::io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> Result<Vec<SocketAddr>> {
        let internal = |why: &str| Error::new(ErrorKind::Internal, format!("no look-up: {why}"));
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| internal("closed"))?;
        let (answer, result) = oneshot::channel();
        std::thread::Builder::new()
            .name("resolve".into())
            .spawn(move || {
                let _ = answer.send(look_up());
                // Kept until the thread is free again, even if nobody waits any more.
                drop(turn);
            })
            .map_err(|error| internal(&error.to_string()))?;
        match result.await.map_err(|_| internal("its thread ended"))? {
            Ok(addresses) if addresses.is_empty() => Err(not_found(host, "it has no address")),
            Ok(addresses) => Ok(addresses),
            Err(error) => Err(failed(host, &error)),
        }
    }
}

fn not_found(host: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::NameNotFound,
        format!("no address for {host}: {why}"),
    )
}

fn failed(host: &str, error: &std::io::Error) -> Error {
    let words = error.to_string();
    // EAI_AGAIN has no kind of its own in std; these are glibc's and musl's words for it, in the C locale,
    // which is the one that a process has unless it asks for another.
    if words.contains("Temporary failure in name resolution") || words.contains("Try again") {
        return Error::new(
            ErrorKind::NoNetwork,
            format!("no name server answers for {host}"),
        );
    }
    not_found(host, &words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn addresses_need_no_name_server() {
        let resolver = Resolver::default();
        for (host, address) in [
            ("127.0.0.1", "127.0.0.1:25"),
            ("[::1]", "[::1]:25"),
            ("::1", "[::1]:25"),
        ] {
            let found = resolver
                .resolve(host, 25, Duration::from_secs(60))
                .await
                .unwrap();
            assert_eq!(found, [address.parse().unwrap()]);
        }
    }

    #[tokio::test]
    async fn what_a_look_up_says() {
        let resolver = Resolver::default();
        let kind = |result: Result<Vec<SocketAddr>>| result.unwrap_err().kind;
        let other = |words: &'static str| move || Err(std::io::Error::other(words));
        assert_eq!(
            kind(resolver.run("x", other("Name or service not known")).await),
            ErrorKind::NameNotFound
        );
        assert_eq!(
            kind(
                resolver
                    .run(
                        "x",
                        other("failed to lookup: Temporary failure in name resolution")
                    )
                    .await
            ),
            ErrorKind::NoNetwork
        );
        assert_eq!(
            kind(resolver.run("x", || Ok(Vec::new())).await),
            ErrorKind::NameNotFound
        );
    }

    #[tokio::test]
    async fn four_at_a_time() {
        let resolver = Resolver::default();
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (resolver, running, most) = (resolver.clone(), running.clone(), most.clone());
            all.spawn(async move {
                let look_up = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(vec![([127, 0, 0, 1], 1).into()])
                };
                resolver.run("x", look_up).await
            });
        }
        while let Some(done) = all.join_next().await {
            done.unwrap().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn stuck_look_ups_hold_up_nobody_for_ever() {
        let resolver = Resolver::default();
        let held: Vec<_> = (0..AT_ONCE)
            .map(|_| Arc::clone(&resolver.turns).try_acquire_owned().unwrap())
            .collect();
        let error = resolver
            .resolve("mail.example.org", 25, Duration::from_secs(20))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout);
        drop(held);
    }
}
