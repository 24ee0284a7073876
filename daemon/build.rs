//! How the daemon is linked.
#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A fifth of a megabyte of relocations becomes a few kilobytes. glibc 2.36 reads them; a linker that does
    // not know how says so and goes on.
    let target = ["CARGO_CFG_TARGET_ARCH", "CARGO_CFG_TARGET_ENV"].map(var);
    if let [Ok(arch), Ok(env)] = target
        && arch == "x86_64"
        && env == "gnu"
    {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
