//! The file here that a download goes into.

use super::content::STDIN;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::out::Out;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

/// Where the bytes of a download go.
pub(super) enum Local {
    /// A file; renamed when it is complete, if it has another name until then.
    File {
        file: File,
        part: PathBuf,
        whole: PathBuf,
        /// Its part stays whatever happens.
        kept: bool,
    },
    /// Standard output, through a pipe: hayesd takes no terminal.
    Stdout {
        to: io::PipeWriter,
        reader: JoinHandle<Result<()>>,
    },
}

impl Local {
    /// Opens it. `resume`: goes on with the part that is there. `alone`: nobody will be there to rename it.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn open(path: &Path, resume: bool, alone: bool, out: Out) -> Result<Self> {
        if path == Path::new(STDIN) {
            if resume || alone || out.json {
                let text = "standard output goes with neither --resume nor --no-wait nor --json";
                return Err(Failure::usage(text));
            }
            return Self::stdout(out);
        }
        if path.is_dir() {
            let text = format!("{}: is a folder", path.display());
            return Err(Failure::new(Exit::CantCreate, text));
        }
        let part = if alone {
            path.to_owned()
        } else {
            let mut name = path.as_os_str().to_owned();
            name.push(".part");
            name.into()
        };
        let mut options = File::options();
        options.write(true).create(true).truncate(!resume);
        let file = options
            .open(&part)
            .map_err(|error| Failure::file(&part, &error, Exit::CantCreate))?;
        Ok(Self::File {
            file,
            part,
            whole: path.to_owned(),
            kept: resume || alone,
        })
    }

    fn stdout(out: Out) -> Result<Self> {
        let failed = |error| Failure::new(Exit::Io, format!("a pipe: {error}"));
        let (mut from, to) = io::pipe().map_err(failed)?;
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match from.read(&mut buffer).map_err(failed)? {
                    0 => return Ok(()),
                    n => out.bytes(&buffer[..n])?,
                }
            }
        });
        Ok(Self::Stdout { to, reader })
    }

    /// The descriptor for hayesd, at its beginning.
    pub(super) fn again(&self) -> io::Result<BorrowedFd<'_>> {
        match self {
            Self::File { file, kept, .. } => {
                if !kept {
                    let mut file = file;
                    file.seek(SeekFrom::Start(0))?;
                }
                Ok(file.as_fd())
            }
            Self::Stdout { to, .. } => Ok(to.as_fd()),
        }
    }

    /// Everything has come.
    ///
    /// # Errors
    /// It cannot be renamed, or standard output takes no more.
    pub(super) fn complete(self) -> Result<()> {
        match self {
            Self::File { part, whole, .. } => {
                if part == whole {
                    return Ok(());
                }
                fs::rename(&part, &whole)
                    .map_err(|error| Failure::file(&whole, &error, Exit::CantCreate))
            }
            Self::Stdout { to, reader } => {
                // hayesd has closed its end; with ours, the reader comes to the end.
                drop(to);
                reader
                    .join()
                    .unwrap_or_else(|_| Err(Failure::new(Exit::Software, "the output broke off")))
            }
        }
    }

    /// It did not come; what there is of it goes, unless it can be gone on with.
    pub(super) fn failed(self) {
        if let Self::File {
            part, kept: false, ..
        } = self
        {
            let _ = fs::remove_file(part);
        }
    }
}
