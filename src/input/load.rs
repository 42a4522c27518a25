//! From paths to an estate: finds the files, parses them, and hands each to the format that knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::disk::{self, Found, Limits};
use super::{Beside, Confidence, Document, FORMATS, Format, revision, terraform};
use crate::clouds::federation;
use crate::model::Estate;
use crate::progress::{self, Stage};
use crate::text::{Comment, FileId, Files, Kind, Problem, Span, Text, Tree, hcl, json, yaml};

/// Everything that was read.
#[derive(Default)]
pub struct Loaded {
    /// The texts, for snippets.
    pub files: Files,
    /// What they say.
    pub estate: Estate,
    /// What was wrong with them.
    pub problems: Vec<Problem>,
    /// Which format each document was read as, in order of loading.
    pub documents: Vec<LoadedDocument>,
    /// Files below a folder that hold something else, such as activity logs or reports. A file that the user named
    /// is a problem instead.
    pub passed_over: Vec<String>,
}

/// One document that was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedDocument {
    /// The file.
    pub file: FileId,
    /// The id of its format.
    pub format: &'static str,
}

/// Loads all files that `paths` stand for.
pub fn load(paths: &[String], limits: Limits) -> Loaded {
    load_beside(Files::default(), paths, limits)
}

/// The same beside texts that were read already.
pub fn load_beside(files: Files, paths: &[String], limits: Limits) -> Loaded {
    let mut loaded = Loaded { files, ..Loaded::default() };
    let mut reading = Reading::default();
    let all = disk::expand(paths, limits, &mut loaded.problems);
    progress::begin(Stage::Reading, all.len());
    for found in all {
        match disk::read(&found.path, limits) {
            Ok(text) => loaded.add(&found, None, text, &mut reading),
            Err(problem) => loaded.problems.push(*problem),
        }
        progress::step();
    }
    loaded.finish(&reading);
    loaded
}

/// What a change is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A folder that holds what the current one held before; or what the only folder of `paths` held, if that is not in it.
    Folder(PathBuf),
    /// A commit, by any name that git understands.
    Revision(String),
}

/// Loads, beside texts that were read already, the files that `paths` stood for in `base`, those that `beside` stands for as they are, and what `plans` tell as it
/// was. Files count as if they lay in the current folder; what is shown of them says where they come from. A path that
/// did not exist stands for nothing. An error says why there is no such base.
pub fn load_base(
    files: Files,
    base: Option<&Base>,
    paths: &[String],
    beside: &[String],
    plans: &[String],
    limits: Limits,
) -> Result<Loaded, String> {
    let mut loaded = Loaded { files, ..Loaded::default() };
    let mut reading = Reading::default();
    let mut texts = match base.unwrap_or(&Base::Folder(PathBuf::new())) {
        Base::Revision(revision) => {
            let read = revision::read(revision, paths, limits, &mut loaded.problems)?;
            read.into_iter()
                .map(|one| {
                    let shown = format!("{revision}:{}", one.found.path.to_string_lossy());
                    (one.found, Some(shown), one.text)
                })
                .collect()
        }
        Base::Folder(folder) => in_folder(folder, paths, limits, &mut loaded.problems)?,
    };
    for found in disk::expand(beside, limits, &mut loaded.problems) {
        let text = disk::read(&found.path, limits);
        texts.push((found, None, text));
    }
    for (found, shown, text) in texts {
        match text {
            Ok(text) => loaded.add(&found, shown, text, &mut reading),
            Err(problem) => loaded.problems.push(*problem),
        }
    }
    reading.before = true;
    for found in disk::expand(plans, limits, &mut loaded.problems) {
        match disk::read(&found.path, limits) {
            Ok(text) => loaded.add(&found, None, text, &mut reading),
            Err(problem) => loaded.problems.push(*problem),
        }
    }
    loaded.finish(&reading);
    Ok(loaded)
}

/// A file, how it is shown if not by its path, and its text.
type Given = (Found, Option<String>, Result<String, Box<Problem>>);

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn in_folder(
    folder: &Path,
    paths: &[String],
    limits: Limits,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Given>, String> {
    let mut texts = Vec::new();
    // A folder is compared with a folder, whatever the two are called.
    let whole = match paths {
        [only] => {
            let inside = Path::new(only).is_relative() && disk::is_folder(&folder.join(only));
            disk::is_folder(only.as_ref()) && !inside
        }
        _ => false,
    };
    for path in paths {
        let below = Path::new(path);
        if whole {
            for Found { path: place, named } in disk::expand(&[shown(folder)], limits, problems) {
                let text = disk::read(&place, limits);
                let path = below.join(place.strip_prefix(folder).unwrap_or(&place));
                texts.push((Found { path, named }, Some(shown(&place)), text));
            }
            continue;
        }
        if below.is_absolute() {
            return Err(format!("`{path}` does not lie below the current folder, so it is not in the base"));
        }
        let place = shown(&folder.join(below));
        // What is new since is no mistake of anybody's.
        let found = disk::expand(&[place], limits, &mut Vec::new());
        for Found { path: place, named } in found {
            let text = disk::read(&place, limits);
            let shown = shown(&place);
            let own = place.strip_prefix(folder).unwrap_or(&place);
            let path = own.strip_prefix(".").unwrap_or(own).to_owned();
            texts.push((Found { path, named }, Some(shown), text));
        }
    }
    if texts.len() > limits.files {
        let message = format!("{} files were found, at most {} are read", texts.len(), limits.files);
        problems.push(Problem::error("too-many-files", message).help("name fewer folders"));
        texts.truncate(limits.files);
    }
    Ok(texts)
}

/// Loads one text under a name, as if it were a file of that path. For callers that have the text already.
pub fn load_text(path: &str, text: String) -> Loaded {
    let mut loaded = Loaded::default();
    let mut reading = Reading::default();
    loaded.add(&Found { path: path.into(), named: true }, None, text, &mut reading);
    loaded.finish(&reading);
    loaded
}

/// Loads the same documents again, some of them with another text. Places in the answer are about the new texts.
pub fn load_again(loaded: &Loaded, changed: &BTreeMap<FileId, String>) -> Loaded {
    let mut again = Loaded::default();
    let mut reading = Reading::default();
    let files: BTreeSet<FileId> = loaded.documents.iter().map(|document| document.file).collect();
    for file in files {
        let text = changed.get(&file).map_or_else(|| loaded.files.text(file), String::as_str);
        let found = Found { path: loaded.files.path(file).into(), named: true };
        again.add(&found, None, text.to_owned(), &mut reading);
    }
    again.finish(&reading);
    again
}

/// The content of a file that was loaded, with the places of all values.
pub fn content(files: &Files, file: FileId) -> Option<Tree> {
    let path = Path::new(files.path(file));
    parse(path, file, files.text(file), &mut json::Reader::default(), &mut Vec::new())
}

/// The comments of a file that was loaded, where its syntax has comments and some of them may hold a sign: most files
/// need not be looked at again.
pub fn comments(files: &Files, file: FileId, sign: &str) -> Vec<Comment> {
    let (path, text) = (Path::new(files.path(file)), files.text(file));
    if !text.contains(sign) {
        return Vec::new();
    }
    if path.extension().is_some_and(|ending| ending == "tf" || ending == "tofu") {
        return hcl::comments(file, text);
    }
    if !is_yaml(path) {
        return Vec::new();
    }
    let tree = content(files, file);
    tree.map(|tree| yaml::comments(file, text, &tree)).unwrap_or_default()
}

/// What goes from file to file.
#[derive(Default)]
struct Reading {
    reader: json::Reader,
    joined: Vec<Joined>,
    /// All files, with the paths that they count as.
    paths: Vec<(FileId, String)>,
    /// Whether what plans tell is read as it was.
    before: bool,
}

/// A document that waits for others of its kind.
struct Joined {
    format: &'static dyn Format,
    file: FileId,
    path: String,
    tree: Tree,
    before: bool,
}

impl Loaded {
    /// `shown` is how people find the file, where that is not by its path.
    fn add(&mut self, found: &Found, shown: Option<String>, text: String, reading: &mut Reading) {
        let path = found.path.to_string_lossy().into_owned();
        let file = self.files.add(shown.unwrap_or_else(|| path.clone()), text);
        reading.paths.push((file, path.clone()));
        let text = self.files.shared_text(file);
        let Some(tree) = parse(&found.path, file, &text, &mut reading.reader, &mut self.problems) else {
            // A template beside the exports is another kind of file, not a broken one.
            if !found.named && self.problems.last().is_some_and(|problem| problem.code == yaml::TAGGED) {
                self.problems.pop();
                self.passed_over.push(path);
            }
            return;
        };
        match format_of(&path, &tree) {
            Some(format) if format.is_joined() => {
                self.documents.push(LoadedDocument { file, format: format.id() });
                reading.joined.push(Joined { format, file, path, tree, before: reading.before });
            }
            Some(format) => {
                let document = Document { file, path: &path, tree: &tree };
                format.load(&document, &mut self.estate, &mut self.problems);
                self.documents.push(LoadedDocument { file, format: format.id() });
            }
            None if FORMATS.iter().any(|format| format.claims(&path)) => {
                self.problems.push(unexpected(&path, &tree));
            }
            None if found.named => self.problems.push(unknown_kind(&path, &tree)),
            None => self.passed_over.push(path),
        }
    }

    /// Loads the documents that waited, kind by kind.
    fn finish(&mut self, reading: &Reading) {
        for format in FORMATS.iter().filter(|format| format.is_joined()) {
            let own = reading.joined.iter().filter(|waiting| waiting.format.id() == format.id());
            let (then, own): (Vec<_>, Vec<_>) = own.partition(|waiting| waiting.before);
            for Joined { file, path, tree, .. } in then {
                let document = Document { file: *file, path, tree };
                format.load_before(&document, &mut self.estate, &mut self.problems);
            }
            let documents: Vec<Document<'_>> = own
                .into_iter()
                .map(|Joined { file, path, tree, .. }| Document { file: *file, path, tree })
                .collect();
            if !documents.is_empty() {
                let beside = Beside { files: &self.files, paths: &reading.paths };
                format.load_beside(&documents, &beside, &mut self.estate, &mut self.problems);
            }
        }
        for format in FORMATS {
            format.finish(&mut self.estate);
        }
        federation::add_subjects(&mut self.estate);
    }
}

/// Lines of JSON become one array, and YAML becomes the same tree, so that formats need not know how their items were
/// written down.
fn parse(
    path: &Path,
    file: FileId,
    text: &str,
    reader: &mut json::Reader,
    problems: &mut Vec<Problem>,
) -> Option<Tree> {
    if is_yaml(path) {
        return yaml::parse(file, text, problems);
    }
    if is_source(path) {
        return Some(whole(file, text));
    }
    if !has_lines(path) {
        return reader.parse(file, text, problems);
    }
    let items = json::parse_lines(file, text, problems);
    let (first, last) = (items.first()?.span, items.last()?.span);
    Some(Tree { span: first.to(last), kind: Kind::List(items) })
}

/// Whether a file holds JSON Lines, by its name.
pub(super) fn has_lines(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".jsonl") || name.ends_with(".ndjson")
}

/// The name of a file without folders and ending, whatever it is written in; `None` for other endings than those that are
/// read.
pub(super) fn stem(path: &str) -> Option<&str> {
    let name = path.rsplit(['/', '\\']).next()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    [".json", ".jsonl", ".ndjson", ".yaml", ".yml"].into_iter().find_map(|ending| name.strip_suffix(ending))
}

/// Whether a file is read as the text that it is, by its name.
fn is_source(path: &Path) -> bool {
    let name = path.to_string_lossy();
    terraform::ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// All of a file as one text.
fn whole(file: FileId, text: &str) -> Tree {
    let span = Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
    let text = Text::from_source(text, 0);
    Tree { span, kind: Kind::Text(text) }
}

/// Whether a file holds YAML, by its name.
pub(super) fn is_yaml(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// The first format with the highest confidence.
pub fn format_of(path: &str, tree: &Tree) -> Option<&'static dyn Format> {
    let mut best: Option<(Confidence, &'static dyn Format)> = None;
    for format in FORMATS {
        let confidence = format.detects_at(path, tree);
        if confidence == Confidence::Certain {
            return Some(*format);
        }
        if confidence > best.map_or(Confidence::No, |(confidence, _)| confidence) {
            best = Some((confidence, *format));
        }
    }
    best.map(|(_, format)| format)
}

/// A file whose place says what it is holds something else. Passing it over would hide that something is missing.
fn unexpected(path: &str, tree: &Tree) -> Problem {
    let kinds = FORMATS.iter().filter(|format| format.claims(path)).map(|format| format.summary());
    let kinds: Vec<&str> = kinds.collect();
    let message = format!("`{path}` does not hold what its place says: it is {}", seen(tree));
    let help = format!("expected: {}; export it again, or give it another name", kinds.join(", or "));
    Problem::error("unexpected-content", message).at(beginning(tree)).help(help)
}

fn beginning(tree: &Tree) -> Span {
    Span::new(tree.span.file, tree.span.start, tree.span.start.saturating_add(1))
}

fn seen(tree: &Tree) -> String {
    let keys: Vec<&str> = tree.entries().map(|entry| &*entry.key.value).take(5).collect();
    if keys.is_empty() {
        tree.kind_name().to_owned()
    } else {
        format!("an object with the keys `{}`", keys.join("`, `"))
    }
}

fn unknown_kind(path: &str, tree: &Tree) -> Problem {
    let kinds: Vec<&str> = FORMATS.iter().map(|format| format.summary()).collect();
    let message = format!("`{path}` is of no kind that is read here: it is {}", seen(tree));
    Problem::error("unknown-kind", message)
        .at(beginning(tree))
        .help(format!("expected one of:\n  {}", kinds.join("\n  ")))
}
