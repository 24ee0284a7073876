//! What clap_complete's script for fish leaves out: the values of arguments that are no options.

use clap::{Arg, Command};
use std::fmt::Write as _;

/// Lines that offer them.
pub(super) fn values(command: &Command) -> String {
    let mut lines = String::new();
    for sub in command.get_subcommands() {
        let group = format!("__fish_hayesctl_using_subcommand {}", sub.get_name());
        offer(&mut lines, &group, sub);
        for leaf in sub.get_subcommands() {
            let name = leaf.get_name();
            let condition = format!("{group}; and __fish_seen_subcommand_from {name}");
            offer(&mut lines, &condition, leaf);
        }
    }
    lines
}

fn offer(lines: &mut String, condition: &str, command: &Command) {
    let values: Vec<String> = command.get_positionals().flat_map(names).collect();
    if !values.is_empty() {
        let values = values.join(" ");
        // Writing to a string can't fail.
        let _ = writeln!(
            lines,
            "complete -c hayesctl -n \"{condition}\" -f -a \"{values}\""
        );
    }
}

/// The values of an argument that takes only some.
pub(super) fn names(argument: &Arg) -> Vec<String> {
    let values = argument.get_possible_values();
    values.iter().map(|value| value.get_name().into()).collect()
}
