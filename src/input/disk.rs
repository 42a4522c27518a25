//! The only file that touches the disk and standard input: reads files within limits, expands paths and globs, and
//! writes files so that a failure never leaves half of one. Says nothing about what the files mean.

#![expect(clippy::disallowed_methods, reason = "this file is the border to the disk")]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flate2::read::MultiGzDecoder;

use super::terraform;
use crate::text::Problem;

/// What a path on the command line stands for.
pub const STDIN: &str = "-";

/// Limits on what is read, against files that would fill the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one file, after decompression.
    pub file_bytes: u64,
    /// The most files of one run.
    pub files: usize,
    /// Whether sources of Terraform inside folders are looked at, too.
    pub sources: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 512 << 20, files: 200_000, sources: false }
    }
}

/// A file that was found, not yet read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Its path, or [`STDIN`].
    pub path: PathBuf,
    /// Whether the user named this very file, so that leaving it out must be an error. Files below a folder or
    /// behind a glob were not named.
    pub named: bool,
}

/// The files that the user's paths stand for, sorted, without doubles. A path is a file, a folder (all its policy
/// files, also deeper ones; hidden folders are left out), a glob, or `-`.
pub fn expand(paths: &[String], limits: Limits, problems: &mut Vec<Problem>) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        expand_one(path, limits, &mut found, problems);
    }
    found.sort();
    found.dedup_by(|later, first| {
        let same = later.path == first.path;
        first.named |= same && later.named;
        same
    });
    if found.len() > limits.files {
        problems.push(
            Problem::error(
                "too-many-files",
                format!("{} files were found, at most {} are read", found.len(), limits.files),
            )
            .help("name fewer folders"),
        );
        found.truncate(limits.files);
    }
    found
}

fn expand_one(path: &str, limits: Limits, found: &mut Vec<Found>, problems: &mut Vec<Problem>) {
    if path == STDIN {
        found.push(Found { path: PathBuf::from(STDIN), named: true });
        return;
    }
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            let before = found.len();
            walk(Path::new(path), limits, 0, found, problems);
            for one in found.iter_mut().skip(before) {
                // Below the current folder names are plain ones, as other tools write and expect them.
                if let Ok(plain) = one.path.strip_prefix(".") {
                    one.path = plain.to_owned();
                }
            }
            if found.len() == before {
                problems.push(
                    Problem::error("empty-folder", format!("the folder `{path}` holds no policy file"))
                        .in_path(path)
                        .help(format!("expected files that end in one of: {}", ENDINGS.join(", "))),
                );
            }
        }
        Ok(_) => found.push(Found { path: PathBuf::from(path), named: true }),
        Err(_) if path.contains(['*', '?', '[']) => expand_glob(path, limits, found, problems),
        Err(error) => problems.push(unreadable(path, &error)),
    }
}

fn expand_glob(path: &str, limits: Limits, found: &mut Vec<Found>, problems: &mut Vec<Problem>) {
    let matches = match glob::glob(path) {
        Ok(matches) => matches,
        Err(error) => {
            problems.push(
                Problem::error(
                    "bad-glob",
                    format!("`{path}` is no file, and no pattern for files either: {error}"),
                )
                .in_path(path),
            );
            return;
        }
    };
    let before = found.len();
    for path in matches.flatten() {
        if path.is_dir() {
            walk(&path, limits, 0, found, problems);
        } else {
            found.push(Found { path, named: false });
        }
    }
    if found.len() == before {
        problems.push(
            Problem::error("no-such-file", format!("no file matches `{path}`"))
                .in_path(path)
                .help("quote the pattern, and name it relative to the current folder"),
        );
    }
}

/// The Terraform files that paths stand for, sorted: files, and those of one folder, which is what Terraform calls a module.
pub fn terraform(paths: &[String], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        if !is_folder(path.as_ref()) {
            found.push(PathBuf::from(path));
            continue;
        }
        match fs::read_dir(path) {
            Ok(entries) => {
                let names = entries.flatten().map(|entry| entry.file_name());
                let own = names.filter(|name| name.to_string_lossy().ends_with(".tf"));
                found.extend(own.map(|name| Path::new(path).join(name)));
            }
            Err(error) => problems.push(unreadable(path, &error)),
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Endings of files that are looked at inside folders.
const ENDINGS: &[&str] =
    &[".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".yaml", ".yml"];

fn is_read(name: &str, limits: Limits) -> bool {
    let sources = terraform::ENDINGS.iter().filter(|_| limits.sources);
    ENDINGS.iter().chain(sources).any(|ending| name.ends_with(ending))
}

/// Whether a file is looked at, by its path below the folder that the user named: nothing on the way is hidden, and it
/// ends like a policy file.
pub(super) fn is_looked_at(path: &str, limits: Limits) -> bool {
    is_read(path, limits) && !path.split(std::path::is_separator).any(|name| name.starts_with('.'))
}

/// Folders deeper than this are not entered; links can form circles.
const DEEPEST: usize = 64;

fn walk(folder: &Path, limits: Limits, depth: usize, found: &mut Vec<Found>, problems: &mut Vec<Problem>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return problems.push(unreadable(&folder.to_string_lossy(), &error)),
    };
    // The system tells what an entry is together with its name; only links have to be followed.
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let mut entries: Vec<(OsString, bool)> =
        entries.flatten().map(|entry| (entry.file_name(), is_folder(&entry))).collect();
    entries.sort();
    for (file_name, is_folder) in entries {
        let name = file_name.to_string_lossy();
        if name.starts_with('.') || found.len() > limits.files {
            continue;
        }
        if is_folder && depth < DEEPEST {
            walk(&folder.join(&file_name), limits, depth + 1, found, problems);
        } else if is_read(&name, limits) {
            found.push(Found { path: folder.join(&file_name), named: false });
        }
    }
}

/// The text of a file, decompressed if it is gzip (told by its first bytes, not by its name).
pub fn read(path: &Path, limits: Limits) -> Result<String, Box<Problem>> {
    let shown = path.to_string_lossy();
    let raw = read_raw(path, limits)?;
    decoded(raw, &shown, limits)
}

/// The text that bytes are, decompressed if they are gzip. `shown` is what they are the bytes of.
pub(super) fn decoded(raw: Vec<u8>, shown: &str, limits: Limits) -> Result<String, Box<Problem>> {
    let bytes = unpacked(raw, shown, limits)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let problem = Problem::error("not-utf8", format!("`{shown}` is not UTF-8 text (byte {at} is not)"));
        let help = "expected JSON as the clouds' command lines write it; convert the file to UTF-8";
        Box::new(problem.in_path(shown).help(help))
    })
}

/// The bytes as they lie there.
fn read_raw(path: &Path, limits: Limits) -> Result<Vec<u8>, Box<Problem>> {
    let shown = path.to_string_lossy();
    let most = limits.file_bytes.saturating_add(1);
    let raw = if path == Path::new(STDIN) {
        let mut bytes = Vec::new();
        io::stdin().lock().take(most).read_to_end(&mut bytes).map(|_| Some(bytes))
    } else {
        read_file(path, limits)
    };
    let raw = raw.map_err(|error| Box::new(unreadable(&shown, &error)))?;
    // What is too large as it lies there is not read at all; a compressed file only grows.
    raw.ok_or_else(|| Box::new(too_large(&shown, limits)))
}

fn unpacked(raw: Vec<u8>, shown: &str, limits: Limits) -> Result<Vec<u8>, Box<Problem>> {
    let bytes = if raw.starts_with(&GZIP) {
        let most = limits.file_bytes.saturating_add(1);
        let mut bytes = Vec::new();
        let unpacked = MultiGzDecoder::new(raw.as_slice()).take(most).read_to_end(&mut bytes);
        unpacked.map_err(|error| Box::new(unreadable(shown, &error)))?;
        bytes
    } else {
        raw
    };
    if exceeds(&bytes, limits) { Err(Box::new(too_large(shown, limits))) } else { Ok(bytes) }
}

/// How files that are compressed with gzip begin.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file, in one piece of the right size; `None` when it is too large.
fn read_file(path: &Path, limits: Limits) -> io::Result<Option<Vec<u8>>> {
    let mut file = fs::File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() && meta.len() > limits.file_bytes {
        return Ok(None);
    }
    let expected = if meta.is_file() { usize::try_from(meta.len()).unwrap_or(0) } else { 0 };
    let mut bytes = Vec::with_capacity(expected);
    // What is no file, such as a pipe, does not tell its size and is read up to the limit; so is a file that grows.
    Read::by_ref(&mut file).take(limits.file_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// A reader of a file's text by buffered pieces, decompressed if it is gzip. For logs, which may be larger than the
/// memory and are read line by line.
pub fn open_lines(path: &Path) -> Result<Box<dyn io::BufRead>, Box<Problem>> {
    open(path).map_err(|error| Box::new(unreadable(&path.to_string_lossy(), &error)))
}

fn open(path: &Path) -> io::Result<Box<dyn io::BufRead>> {
    let raw: Box<dyn Read> =
        if path == Path::new(STDIN) { Box::new(io::stdin()) } else { Box::new(fs::File::open(path)?) };
    let mut buffered = io::BufReader::with_capacity(1 << 16, raw);
    let magic = io::BufRead::fill_buf(&mut buffered)?;
    if magic.starts_with(&GZIP) {
        Ok(Box::new(io::BufReader::with_capacity(1 << 16, MultiGzDecoder::new(buffered))))
    } else {
        Ok(Box::new(buffered))
    }
}

fn exceeds(bytes: &[u8], limits: Limits) -> bool {
    u64::try_from(bytes.len()).is_ok_and(|length| length > limits.file_bytes)
}

pub(super) fn too_large(shown: &str, limits: Limits) -> Problem {
    Problem::error("file-too-large", format!("`{shown}` is larger than {} MiB", limits.file_bytes >> 20))
        .in_path(shown)
        .help("split the export, or raise the limit with `--max-file-size`")
}

fn unreadable(shown: &str, error: &io::Error) -> Problem {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    Problem::error("unreadable-file", format!("cannot read `{shown}`: {why}")).in_path(shown)
}

/// The file of that name in the current folder, or in the nearest one above it up to the root of the repository; and the
/// current folder, seen from there.
pub fn find_above(name: &str) -> Option<(PathBuf, PathBuf)> {
    let current = std::env::current_dir().ok()?;
    let is_root = |folder: &Path| folder.join(".git").exists();
    // Outside of a repository nothing above belongs to the folder.
    let levels = current.ancestors().position(is_root).unwrap_or_default();
    let (mut up, mut below) = (PathBuf::new(), PathBuf::new());
    for folder in current.ancestors().take(levels + 1) {
        if folder.join(name).is_file() {
            return Some((up.join(name), below));
        }
        up.push("..");
        below = folder.file_name().map(|own| Path::new(own).join(&below)).unwrap_or_default();
    }
    None
}

/// The path without what goes nowhere: `.`, and `..` behind a folder.
pub fn plain(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if parts.file_name().is_some() => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts
}

/// The files that a path or pattern stands for, sorted.
pub fn matching(pattern: &str) -> Vec<PathBuf> {
    if Path::new(pattern).is_file() {
        return vec![PathBuf::from(pattern)];
    }
    let found = glob::glob(pattern).into_iter().flatten().flatten();
    found.filter(|path| path.is_file()).collect()
}

/// Whether anything is at that path, a link that leads nowhere included.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether there is a file at that path.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether there is a folder at that path.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Whether a path is that of a folder: of one that is there, or of one to be made if it ends like a folder.
pub fn folder(path: &Path) -> Result<bool, Box<Problem>> {
    let shown = path.to_string_lossy();
    if path.is_dir() || !shown.ends_with(std::path::is_separator) {
        return Ok(path.is_dir());
    }
    let unmade = |error: io::Error| {
        let message = format!("cannot make the folder `{shown}`: {error}");
        Box::new(Problem::error("unwritable-file", message).in_path(&*shown))
    };
    fs::create_dir_all(path).map(|()| true).map_err(unmade)
}

/// Whether a file still holds just this text, as it lies there: not compressed, and not changed by somebody since.
pub fn holds(path: &Path, text: &str, limits: Limits) -> Result<bool, Box<Problem>> {
    Ok(path != Path::new(STDIN) && read_raw(path, limits)? == text.as_bytes())
}

/// Writes another text into a file that is there. It stays the file of the same permissions, also behind a link.
pub fn rewrite(path: &Path, text: &str) -> Result<(), Box<Problem>> {
    let fail = |error: io::Error| {
        let shown = path.to_string_lossy();
        Box::new(
            Problem::error("unwritable-file", format!("cannot write `{shown}`: {error}")).in_path(&*shown),
        )
    };
    let real = fs::canonicalize(path).map_err(fail)?;
    let permissions = fs::metadata(&real).map_err(fail)?.permissions();
    if permissions.readonly() {
        return Err(fail(io::ErrorKind::PermissionDenied.into()));
    }
    write_as(&real, text.as_bytes(), Some(permissions))
}

/// Writes a file under a temporary name beside its place and renames it, so that nobody ever sees half of it and a
/// failure leaves what was there before.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<Problem>> {
    write_as(path, bytes, None)
}

fn write_as(path: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> Result<(), Box<Problem>> {
    let fail = |error: &io::Error| {
        let shown = path.to_string_lossy();
        Problem::error("unwritable-file", format!("cannot write `{shown}`: {error}")).in_path(&*shown)
    };
    let mut name = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
    name.push(".leastwise-part");
    let part = path.with_file_name(name);
    parts().push(part.clone());
    let written = fs::File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| permissions.map_or(Ok(()), |as_before| fs::set_permissions(&part, as_before)))
        .and_then(|()| fs::rename(&part, path));
    let mut parts = parts();
    if written.is_err() {
        drop(fs::remove_file(&part));
    }
    parts.retain(|other| *other != part);
    written.map_err(|error| Box::new(fail(&error)))
}

/// The files that are being written, under their temporary names.
static PARTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn parts() -> MutexGuard<'static, Vec<PathBuf>> {
    PARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what is half written. As long as the answer is kept, no other file is begun.
pub fn abandon() -> impl Sized {
    let mut parts = parts();
    for part in parts.drain(..) {
        drop(fs::remove_file(part));
    }
    parts
}
