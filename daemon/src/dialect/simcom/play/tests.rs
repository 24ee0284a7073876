//! The tables, command by command.
