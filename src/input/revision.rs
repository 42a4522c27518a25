//! The files of a commit: asks the program `git`, which is there wherever a change is checked, and changes nothing.
//!
//! What the files mean is the business of `load.rs`. Patterns and folders stand for the same files as on the disk.

#![expect(clippy::disallowed_methods, reason = "this file is the border to git")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::disk::{self, Found, Limits};
use crate::text::Problem;

/// A file of a commit with its text.
pub struct Committed {
    /// Where it lies below the current folder.
    pub found: Found,
    /// What it says, or why that cannot be read.
    pub text: Result<String, Box<Problem>>,
}

/// The files that the user's paths stood for in `revision`: any name of a commit that git understands. A path that did
/// not exist then stands for nothing. An error says why git gave no answer.
pub fn read(
    revision: &str,
    paths: &[String],
    limits: Limits,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Committed>, String> {
    let commit = commit(revision)?;
    let mut wanted = wanted(paths)?;
    let mut entries: Vec<(PathBuf, String)> = listed(&commit)?
        .into_iter()
        .filter(|(path, _)| wanted.iter_mut().any(|one| one.has(path, limits)))
        .collect();
    entries.sort();
    if entries.len() > limits.files {
        let message = format!("`{revision}` has {} files, at most {} are read", entries.len(), limits.files);
        problems.push(Problem::error("too-many-files", message).help("name fewer folders"));
        entries.truncate(limits.files);
    }
    let mut contents = Contents::start().map_err(|error| unusable(&error))?;
    let mut found = Vec::new();
    for (path, object) in entries {
        let shown = format!("{revision}:{}", path.to_string_lossy());
        let bytes = contents.read(&object, limits).map_err(|error| unusable(&error))?;
        let text = match bytes {
            Some(bytes) => disk::decoded(bytes, &shown, limits),
            None => Err(Box::new(disk::too_large(&shown, limits))),
        };
        let named = wanted.iter().any(|one| one.names(&path));
        found.push(Committed { found: Found { path, named }, text });
    }
    Ok(found)
}

/// What a path of the user's stands for.
enum Wanted {
    /// A folder, or a file.
    At(PathBuf),
    Pattern(glob::Pattern),
}

impl Wanted {
    fn has(&self, path: &Path, limits: Limits) -> bool {
        match self {
            Self::At(place) if place == path => true,
            Self::At(place) => {
                path.strip_prefix(place).is_ok_and(|rest| disk::is_looked_at(&rest.to_string_lossy(), limits))
            }
            Self::Pattern(pattern) => pattern.matches_path_with(path, PATTERNS),
        }
    }

    /// Whether this very file is meant.
    fn names(&self, path: &Path) -> bool {
        matches!(self, Self::At(place) if place == path)
    }
}

/// As the disk reads patterns.
const PATTERNS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

fn wanted(paths: &[String]) -> Result<Vec<Wanted>, String> {
    paths
        .iter()
        .map(|path| {
            let plain = plain(Path::new(path)).ok_or_else(|| {
                format!("`{path}` does not lie below the current folder, so no commit can be asked for it")
            })?;
            match glob::Pattern::new(path).ok().filter(|_| path.contains(['*', '?', '['])) {
                Some(pattern) => Ok(Wanted::Pattern(pattern)),
                None => Ok(Wanted::At(plain)),
            }
        })
        .collect()
}

/// The path without steps that go nowhere; `None` when it leads out of the current folder.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => plain.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// The name of the commit that cannot be taken for an option.
fn commit(revision: &str) -> Result<String, String> {
    let asked = format!("{revision}^{{commit}}");
    let out = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &asked])?;
    let commit = String::from_utf8_lossy(&out).trim().to_owned();
    if commit.is_empty() {
        return Err(format!("git knows no commit `{revision}`"));
    }
    Ok(commit)
}

/// The files below the current folder with the names of their contents.
fn listed(commit: &str) -> Result<Vec<(PathBuf, String)>, String> {
    let out = git(&["ls-tree", "-r", "-z", commit])?;
    let text = String::from_utf8_lossy(&out);
    let entry = |line: &str| {
        let (about, path) = line.split_once('\t')?;
        let mut about = about.split(' ');
        let (mode, kind, object) = (about.next()?, about.next()?, about.next()?);
        // A link's content is a path, and what it leads to may lie anywhere.
        (kind == "blob" && mode != "120000").then(|| (PathBuf::from(path), object.to_owned()))
    };
    Ok(text.split('\0').filter_map(entry).collect())
}

fn git(arguments: &[&str]) -> Result<Vec<u8>, String> {
    let out = Command::new("git").args(arguments).stdin(Stdio::null()).output();
    let out = out.map_err(|error| unusable(&error))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        let said = said.trim();
        return match (said.is_empty(), arguments) {
            (true, ["rev-parse", .., asked]) => {
                let revision = asked.trim_end_matches("^{commit}");
                Err(format!("git knows no commit `{revision}`"))
            }
            (true, _) => Err("git failed without a word".to_owned()),
            (false, _) => Err(format!("git says: {said}")),
        };
    }
    Ok(out.stdout)
}

fn unusable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "the program `git` is not there".to_owned(),
        _ => format!("git cannot be asked: {error}"),
    }
}

/// A git that is asked for one content after the other.
struct Contents {
    git: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Contents {
    fn start() -> io::Result<Self> {
        let mut git = Command::new("git")
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = git.stdout.take().ok_or_else(|| io::Error::other("no answer can be read"))?;
        Ok(Self { git, out: BufReader::new(out) })
    }

    /// The bytes of a content; `None` when there are too many.
    fn read(&mut self, object: &str, limits: Limits) -> io::Result<Option<Vec<u8>>> {
        let into = self.git.stdin.as_mut().ok_or_else(|| io::Error::other("nothing can be asked"))?;
        into.write_all(format!("{object}\n").as_bytes())?;
        into.flush()?;
        let mut header = String::new();
        self.out.read_line(&mut header)?;
        let size: u64 = header
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| io::Error::other(format!("it answers `{}`", header.trim_end())))?;
        let mut bytes = Vec::new();
        if size > limits.file_bytes {
            io::copy(&mut self.out.by_ref().take(size.saturating_add(1)), &mut io::sink())?;
            return Ok(None);
        }
        self.out.by_ref().take(size).read_to_end(&mut bytes)?;
        // A line break follows each content.
        self.out.read_exact(&mut [0])?;
        Ok(Some(bytes))
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        drop(self.git.stdin.take());
        drop(self.git.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_for_the_same_files_as_on_the_disk() {
        let has = |wanted: &str, path: &str| {
            let all = super::wanted(&[wanted.to_owned()]).unwrap();
            all.iter().any(|one| one.has(Path::new(path), Limits::default()))
        };
        for (wanted, path) in [
            (".", "a.json"),
            (".", "deep/er/b.yaml"),
            ("./policies/", "policies/a.json"),
            ("policies", "policies/deep/a.json.gz"),
            ("policies/a.txt", "policies/a.txt"),
            ("policies/*.json", "policies/a.json"),
            ("**/*.json", "policies/deep/a.json"),
        ] {
            assert!(has(wanted, path), "{wanted} {path}");
        }
        for (wanted, path) in [
            (".", "a.txt"),
            (".", ".github/a.json"),
            ("policies", "policies/.hidden/a.json"),
            ("policies", "policies2/a.json"),
            ("policies/*.json", "policies/deep/a.json"),
        ] {
            assert!(!has(wanted, path), "{wanted} {path}");
        }
        assert!(super::wanted(&["../x".to_owned()]).is_err());
        assert!(super::wanted(&["/x".to_owned()]).is_err());
    }

    #[test]
    fn what_is_no_commit_is_said() {
        let paths = [".".to_owned()];
        let read = |revision: &str| read(revision, &paths, Limits::default(), &mut Vec::new()).err();
        for revision in ["no-such-branch", "--help", "HEAD:src"] {
            assert!(read(revision).is_some_and(|why| why.contains("git")), "{revision}");
        }
    }
}
