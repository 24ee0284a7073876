//! One claimed TTY, without its I/O.
