//! Jobs against backs that do as they are told, on an injected clock.

mod clock;
mod configure;
mod disk;
mod life;
mod races;
mod recover;
mod requests;
mod restart;
mod servers;
mod session;
mod spool;
mod stored;
mod torture;
mod world;
