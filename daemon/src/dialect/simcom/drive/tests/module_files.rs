//! The files of the module in memory.

use super::module::{Memory, Mode, error, ok};
use core::time::Duration;
use tokio::time::Instant;

impl Memory {
    /// Answers a command about files.
    pub(super) fn file(&mut self, name: &str, values: &[&str]) -> Vec<u8> {
        match name {
            "+CFTRANRX" => {
                let lost = std::mem::take(&mut self.loses);
                let count = values[1].parse::<usize>().unwrap() + lost;
                self.mode = Mode::Count(values[0].to_owned(), count, Vec::new());
                b"\r\n>".to_vec()
            }
            "+CFTRANTX" => match self.files.get(values[0]) {
                Some(bytes) => {
                    let mut answer = self.blocks("+CFTRANTX", bytes);
                    answer.extend(ok("+CFTRANTX: 0"));
                    answer
                }
                None => error(""),
            },
            "+FSCD?" => ok(&format!("+FSCD: {}", self.folder)),
            "+FSMEM" => ok(&format!("+FSMEM: C:({}, 1000)", self.room + 1000)),
            "+FSATTRI" => match self.files.get(&format!("{}{}", self.folder, values[0])) {
                Some(bytes) => ok(&format!(
                    "+FSATTRI: {}, 2010/02/05 12:00:00 Fri",
                    bytes.len()
                )),
                None => error(""),
            },
            "+FSCD" => {
                let path = values[0].trim_end_matches('/');
                if self.stays && self.folder == format!("{path}/") {
                    return error("");
                }
                self.folder = format!("{path}/");
                ok(&format!("+FSCD: {path}/"))
            }
            "+FSDEL" => {
                let folder = &self.folder;
                let gone = |path: &String| match values[0] {
                    "*.*" => path.starts_with(folder),
                    name => *path == format!("{folder}{name}"),
                };
                self.files.retain(|path, _| !gone(path));
                ok("")
            }
            "+FSLS?" if self.counts_no_files => error(""),
            "+FSLS?" => ok(&format!(
                "+FSLS: SUBDIRECTORIES:{},FILES:{}",
                self.names("1").len(),
                self.names("2").len()
            )),
            "+FSLS" => {
                let names = self.names(values[0]).into_iter();
                let names: String = names.map(|name| format!("\r\n{name}")).collect();
                match (&names[..], values[0]) {
                    ("", _) => ok(""),
                    (_, "1") => ok(&format!("+FSLS: SUBDIRECTORIES:{names}")),
                    _ => ok(&format!("+FSLS: FILES:{names}")),
                }
            }
            _ => ok(""),
        }
    }

    /// What is in the current folder: its folders (`1`), or its files.
    fn names(&self, kind: &str) -> Vec<String> {
        let paths = self.files.keys();
        let below = paths.filter_map(|path| path.strip_prefix(&self.folder));
        let mut names: Vec<String> = below
            .filter_map(|path| match (path.split_once('/'), kind) {
                (Some((folder, _)), "1") => Some(folder.to_owned()),
                (None, "2") => Some(path.to_owned()),
                _ => None,
            })
            .collect();
        names.dedup();
        names
    }

    pub(super) fn module_file(
        &mut self,
        name: &str,
        path: &str,
        due: &mut Vec<(Instant, Vec<u8>)>,
    ) -> Vec<u8> {
        let file = path.rsplit('/').next().unwrap_or_default();
        let local = format!("{}{file}", self.folder);
        let number = match name {
            "+CFTPPUTFILE" => match self.files.get(&local) {
                Some(bytes) => {
                    self.server.insert(path.to_owned(), bytes.clone());
                    0
                }
                None => 205,
            },
            _ => match self.server.get(path) {
                Some(bytes) if bytes.len() as u64 > self.room => 206,
                Some(bytes) => {
                    self.files.insert(local, bytes.clone());
                    0
                }
                None => 211,
            },
        };
        let said = format!("\r\n{name}: {number}\r\n");
        due.push((Instant::now() + Duration::from_secs(3), said.into()));
        ok("")
    }
}
