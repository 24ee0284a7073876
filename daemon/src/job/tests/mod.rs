//! Jobs against backs that do as they are told, on an injected clock.

mod life;
mod races;
mod restart;
mod world;
