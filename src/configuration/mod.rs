//! `leastwise.toml`: what a team wants of `scan` and `check`, read from the file.
//!
//! The shape is documented in `docs/configuration.md`; `docs/leastwise.schema.json` says it for editors. A mistake is a
//! problem with its place, and what is right beside it counts. What guardrails and entries mean is not said here.
//!
//! Invariant: an unknown key is never passed over in silence, since it may be a guardrail with a slip in it.

mod draft;
mod guardrail;
mod ignore;
mod inline;
mod levels;
mod packs;
mod source;
mod table;

use std::path::PathBuf;
use std::sync::Arc;

use crate::findings::Level;
use crate::guardrails::{Guardrail, Name};
use crate::input::disk::{self, Limits};
use crate::review::Accepting;
use crate::text::{self, FileId, Files, Problem, Span, Tree};

pub use draft::{Draft, FILE};
pub use inline::{INLINE_SIGN, inline_ignores};
pub use packs::PACKS;

use source::Source;
use table::{Table, located};

/// What a team wants.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The texts that it was read from, for places.
    pub files: Files,
    /// What was wrong with them.
    pub problems: Vec<Problem>,
    /// The folder of the file, seen from the current one; and the current one, seen from there.
    folders: Folders,
    /// What has to hold.
    pub guardrails: Vec<Guardrail>,
    /// Resources and principals of which each new path is told.
    pub crown_jewels: Vec<Name>,
    /// What is said of findings.
    pub accepting: Accepting,
    /// The level from which on findings make a run fail; none within where they never do.
    pub fail_on: Option<Option<Level>>,
    /// Where the baseline lies, if there is one.
    pub baseline: Option<PathBuf>,
}

/// Where a file and the current folder lie, seen from each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Folders {
    of_file: PathBuf,
    current: PathBuf,
}

/// Keys at the top of a file.
const KEYS: &[&str] =
    &["packs", "include", "fail_on", "baseline", "crown_jewels", "levels", "path", "ignore", "guardrail"];
/// Keys of the files beside it.
const KEYS_BESIDE: &[&str] = &["guardrail", "ignore", "crown_jewels"];

/// The ids of all rules, for names with a slip in them.
#[derive(Clone, Copy, Debug)]
pub struct RuleIds<'a>(pub &'a [&'static str]);

/// Reads the configuration of that path, or else the one that lies in the current folder or above it. `None` where
/// there is none, which is no mistake.
pub fn read(path: Option<&str>, rules: RuleIds<'_>, limits: Limits) -> Result<Configuration, Box<Problem>> {
    let (path, current) = match path {
        Some(path) => (PathBuf::from(path), PathBuf::new()),
        None => match disk::find_above(FILE) {
            Some(found) => found,
            None => return Ok(Configuration::default()),
        },
    };
    let of_file = path.parent().map(PathBuf::from).unwrap_or_default();
    let mut read = Configuration { folders: Folders { of_file, current }, ..Configuration::default() };
    let text = disk::read(&path, limits)?;
    if let Some((_, tree)) = read.parse(&path.to_string_lossy(), text) {
        read.whole(&tree, rules, limits);
    }
    Ok(read)
}

impl Configuration {
    /// The path of a file, seen from the folder of the configuration.
    pub fn path_of(&self, files: &Files, span: Span) -> String {
        let path = disk::plain(&self.folders.current.join(files.path(span.file)));
        path.to_string_lossy().replace('\\', "/")
    }

    fn parse(&mut self, path: &str, text: String) -> Option<(FileId, Tree)> {
        let file = self.files.add(path, text);
        let source = self.files.shared_text(file);
        Some((file, text::toml::parse(file, &source, &mut self.problems)?))
    }

    fn whole(&mut self, tree: &Tree, rules: RuleIds<'_>, limits: Limits) {
        let mut problems = std::mem::take(&mut self.problems);
        let mut table = Table::new(tree, "the configuration", &mut problems);
        table.only(KEYS);
        let packs = table.texts("packs");
        let include = table.texts("include");
        self.fail_on = table.choice("fail_on", &levels::THRESHOLDS);
        self.baseline = table.text("baseline").map(|path| self.folders.of_file.join(&*path.text));
        self.accepting.levels = levels::read(&mut table, rules);
        self.problems = problems;
        self.parts(tree, Source::Own, rules, limits);
        for name in packs {
            self.pack(&name, rules, limits);
        }
        for pattern in include {
            self.beside(&pattern, rules, limits);
        }
        self.refuse_doubles();
    }

    /// What may stand in the file, in a pack, and in files beside it.
    fn parts(&mut self, tree: &Tree, source: Source, rules: RuleIds<'_>, limits: Limits) {
        let mut problems = std::mem::take(&mut self.problems);
        let mut table = Table::new(tree, "the configuration", &mut problems);
        self.crown_jewels.extend(table.texts("crown_jewels"));
        for one in table.tables("ignore", "an entry of `ignore`") {
            self.accepting.ignores.extend(ignore::read(one, rules, table.problems));
        }
        let folder = self.folders.of_file.clone();
        for one in table.tables("guardrail", "a guardrail") {
            let mut reading = guardrail::Reading {
                source,
                folder: &folder,
                limits,
                files: &mut self.files,
                problems: table.problems,
            };
            self.guardrails.extend(reading.read(one));
        }
        self.problems = problems;
    }

    fn pack(&mut self, name: &Name, rules: RuleIds<'_>, limits: Limits) {
        let Some((own, text)) = PACKS.iter().find(|(own, _)| **own == *name.text) else {
            let names: Vec<&str> = PACKS.iter().map(|(name, _)| *name).collect();
            self.problems.push(table::no_such(name, "pack", &names));
            return;
        };
        let read = self.parse(&format!("policies/guardrails/{own}.toml"), (*text).to_owned());
        if let Some((_, tree)) = read {
            self.parts(&tree, Source::Pack(own), rules, limits);
        }
    }

    /// Further files, by a path or pattern seen from the folder of the configuration.
    fn beside(&mut self, pattern: &Name, rules: RuleIds<'_>, limits: Limits) {
        let path = self.folders.of_file.join(&*pattern.text).to_string_lossy().into_owned();
        let found = disk::matching(&path);
        if found.is_empty() {
            let message = format!("`{}` stands for no file", pattern.text);
            self.problems.push(located(Problem::error("no-such-file", message), pattern));
        }
        for path in found {
            match disk::read(&path, limits) {
                Ok(text) => {
                    let shown = path.to_string_lossy().into_owned();
                    if let Some((_, tree)) = self.parse(&shown, text) {
                        Table::new(&tree, "a file beside the configuration", &mut self.problems)
                            .only(KEYS_BESIDE);
                        self.parts(&tree, Source::Own, rules, limits);
                    }
                }
                Err(problem) => self.problems.push(located(*problem, pattern)),
            }
        }
    }

    /// Two guardrails of one name could not be told apart in reports.
    fn refuse_doubles(&mut self) {
        let mut seen: Vec<Arc<str>> = Vec::new();
        for guardrail in &self.guardrails {
            if seen.contains(&guardrail.id) {
                let message = format!("there are two guardrails with the id `{}`", guardrail.id);
                let problem = Problem::error("guardrail", message);
                self.problems.push(match guardrail.origin.span {
                    Some(span) => problem.at(span),
                    None => problem,
                });
            }
            seen.push(guardrail.id.clone());
        }
    }
}
