//! Information texts that follow from a row: what may be set, and what is set.

use super::value::{Value, show};
use crate::dialect::row::{Key, Kind, Parameter, Row, Shown, Write};

/// `(0-2)`, `(0,1)`, `(1,3-5)`, `(A,I)`, `<name>`.
pub(super) fn range(parameter: &Parameter) -> String {
    if let (Kind::Word(words), Shown::Plainly) = (parameter.kind, parameter.shown) {
        return format!("({})", words.join(","));
    }
    let (Kind::Number(ranges), Shown::Plainly) = (parameter.kind, parameter.shown) else {
        return format!("<{}>", parameter.name);
    };
    let ranges = ranges.iter().map(|&(low, high)| match high - low {
        0 => format!("{low}"),
        1 => format!("{low},{high}"),
        _ => format!("{low}-{high}"),
    });
    format!("({})", ranges.collect::<Vec<_>>().join(","))
}

/// What `=?` answers, a line a key where there are keys.
pub(super) fn test(row: &Row) -> String {
    let ranges = |parameters: &[Parameter]| {
        let ranges: Vec<_> = parameters.iter().map(range).collect();
        ranges.join(",")
    };
    let Write::Keys(keys) = row.write else {
        return format!("{}: {}", row.name, ranges(row.parameters));
    };
    let line = |key: &Key| {
        let index = key.index.map_or(String::new(), |it| range(it) + ",");
        let values = ranges(key.parameters);
        format!("{}: \"{}\",{index}{values}", row.name, key.name)
    };
    keys.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `+CMEE: 1`, `+QSMTPCFG: "ssltype",0`.
pub(super) fn values(
    row: &Row,
    key: Option<&Key>,
    index: Option<u32>,
    parameters: &[Parameter],
    values: &[Value],
) -> Vec<u8> {
    let mut text = format!("{}: ", row.name).into_bytes();
    if let Some(key) = key {
        text.extend(format!("\"{}\",", key.name).into_bytes());
    }
    if let Some(index) = index {
        text.extend(format!("{index},").into_bytes());
    }
    let shown = parameters.iter().zip(values);
    let shown = shown.filter(|(parameter, _)| parameter.shown != Shown::Never);
    for (at, (parameter, value)) in shown.enumerate() {
        if at > 0 {
            text.extend(row.separator.as_bytes());
        }
        show(parameter, value, &mut text);
    }
    text
}
