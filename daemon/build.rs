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
        // Release builds end at a panic: what tells how to unwind would be an eighth of the file.
        if var("PROFILE").is_ok_and(|profile| profile == "release") {
            println!("cargo:rerun-if-changed=no-unwind.ld");
            let folder = var("CARGO_MANIFEST_DIR").unwrap_or_default();
            println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/no-unwind.ld");
        }
    }
}
