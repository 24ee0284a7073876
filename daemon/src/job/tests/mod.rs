//! Jobs against backs that do as they are told, on an injected clock.

mod disk;
mod life;
mod races;
mod restart;
mod spool;
mod torture;
mod world;
