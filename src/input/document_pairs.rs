//! Two policy documents that are to be compared: from two files, or as a line of a list of pairs.
//!
//! Which cloud they are of is judged by their content. What they mean is not said here.

use super::aws_policy::title;
use super::disk::{self, Limits};
use super::load::is_yaml;
use crate::clouds::documents::{DocumentKind, Documents, Opened};
use crate::clouds::{CLOUDS, Cloud};
use crate::model::Policy;
use crate::text::{Files, Problem, Severity, Tree, json, yaml};

/// Two documents of one kind, with the texts they stand in.
pub struct DocumentPair {
    /// The name of the pair.
    pub name: String,
    /// The texts, for places.
    pub files: Files,
    /// What was wrong with the texts.
    pub problems: Vec<Problem>,
    /// What was read; none after an error.
    pub documents: Option<ReadDocuments>,
}

/// What was read of a pair.
pub struct ReadDocuments {
    /// The cloud whose documents they are.
    pub cloud: &'static dyn Cloud,
    /// As what both were read.
    pub kind: DocumentKind,
    /// The old one.
    pub old: Policy,
    /// The new one.
    pub new: Policy,
}

/// A document, as each kind that it can be.
pub type AsKinds = Vec<(DocumentKind, Policy)>;

/// Every kind of documents that can be compared, of all clouds.
pub fn kinds() -> impl Iterator<Item = DocumentKind> {
    CLOUDS.iter().filter_map(|cloud| cloud.documents()).flat_map(|documents| documents.kinds()).copied()
}

/// Reads two files as documents of the kind of that id, or of the kind that they look like.
pub fn from_files(
    old: &std::path::Path,
    new: &std::path::Path,
    kind: Option<&str>,
    limits: Limits,
) -> DocumentPair {
    let shown = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let (mut files, mut problems) = (Files::default(), Vec::new());
    let mut trees = Vec::new();
    for path in [old, new] {
        match text_of(path, limits) {
            Ok(text) => {
                let file = files.add(shown(path), text);
                let text = files.shared_text(file);
                trees.push(match is_yaml(path) {
                    true => yaml::parse(file, &text, &mut problems),
                    false => json::parse(file, &text, &mut problems),
                });
            }
            Err(problem) => {
                problems.push(*problem);
                trees.push(None);
            }
        }
    }
    let mut trees = trees.into_iter().flatten();
    let (titles, name) = (names(&shown(old), &shown(new)), format!("{} → {}", shown(old), shown(new)));
    let documents = match (trees.next(), trees.next()) {
        (Some(old), Some(new)) => read([&old, &new], &titles, kind, &mut problems),
        _ => None,
    };
    DocumentPair { name, files, problems, documents }
}

/// The text of a file, or of what a cloud knows under that name where there is no such file.
fn text_of(path: &std::path::Path, limits: Limits) -> Result<String, Box<Problem>> {
    disk::read(path, limits).or_else(|problem| {
        let name = path.to_string_lossy();
        let documents = || CLOUDS.iter().filter_map(|cloud| cloud.documents());
        documents().find_map(|documents| documents.named(&name)).ok_or_else(|| {
            let near: Vec<String> = documents().flat_map(|documents| documents.nearest(&name)).collect();
            let help = format!("if a role is meant, did you mean `{}`?", near.join("`, `"));
            if near.is_empty() { problem } else { Box::new(problem.help(help)) }
        })
    })
}

/// Reads a file, or what a cloud knows under that name, that others are to be held against: as each kind of documents
/// that it can be. `None` after a problem.
pub fn reference(
    path: &std::path::Path,
    limits: Limits,
    files: &mut Files,
    problems: &mut Vec<Problem>,
) -> Option<(&'static dyn Cloud, AsKinds)> {
    let shown = path.to_string_lossy().into_owned();
    let text = text_of(path, limits).map_err(|problem| problems.push(*problem)).ok()?;
    let file = files.add(shown.clone(), text);
    let text = files.shared_text(file);
    let tree = match is_yaml(path) {
        true => yaml::parse(file, &text, problems),
        false => json::parse(file, &text, problems),
    }?;
    for cloud in CLOUDS {
        let Some(documents) = cloud.documents() else { continue };
        let Some(opened) = documents.open(&tree, problems) else { continue };
        let name = title(&shown);
        let is_clean = |found: &[Problem]| found.iter().all(|one| one.severity != Severity::Error);
        let mut read_as = Vec::new();
        for kind in documents.kinds() {
            let mut found = Vec::new();
            let read = documents.read(&opened, &name, *kind, &mut found);
            read_as.extend(read.filter(|_| is_clean(&found)).map(|policy| (*kind, policy)));
        }
        if read_as.is_empty() {
            documents.read(&opened, &name, documents.guess(&opened.tree, &opened.tree), problems);
        }
        return Some((*cloud, read_as)).filter(|(_, read_as)| !read_as.is_empty());
    }
    problems.push(no_document(&tree));
    None
}

/// Reads a line `{"name": …, "old": …, "new": …}`, the line of that number of the file of that path. The documents
/// are objects, or strings that hold them.
pub fn from_line(path: &str, number: u32, line: &str, kind: Option<&str>) -> DocumentPair {
    let (mut files, mut problems) = (Files::default(), Vec::new());
    let file = files.add_part(path, line, number);
    let unnamed = || format!("line {number}");
    let Some(tree) = json::parse(file, line, &mut problems) else {
        return DocumentPair { name: unnamed(), files, problems, documents: None };
    };
    let name = tree.get("name").and_then(Tree::as_str).map_or_else(unnamed, str::to_owned);
    let documents = match (tree.get("old"), tree.get("new")) {
        (Some(old), Some(new)) => {
            let titles = [format!("{name} (old)"), format!("{name} (new)")];
            read([old, new], &titles, kind, &mut problems)
        }
        (old, _) => {
            problems.push(incomplete(&tree, if old.is_none() { "old" } else { "new" }));
            None
        }
    };
    DocumentPair { name, files, problems, documents }
}

fn incomplete(tree: &Tree, missing: &str) -> Problem {
    let message = match tree.as_map() {
        Some(_) => format!("the pair has no `{missing}`"),
        None => format!("expected a pair to be an object, found {}", tree.kind_name()),
    };
    Problem::error("document-pair", message).at(tree.span).help(
        "write one pair a line: {\"name\": \"…\", \"old\": {…}, \"new\": {…}} with a policy document each",
    )
}

/// Titles that tell the two apart.
fn names(old: &str, new: &str) -> [String; 2] {
    let (first, second) = (title(old), title(new));
    if first == second { [old.to_owned(), new.to_owned()] } else { [first, second] }
}

fn read(
    trees: [&Tree; 2],
    names: &[String; 2],
    kind: Option<&str>,
    problems: &mut Vec<Problem>,
) -> Option<ReadDocuments> {
    let before = problems.len();
    for cloud in CLOUDS {
        let Some(documents) = cloud.documents() else { continue };
        let [old, new] = trees.map(|tree| documents.open(tree, problems));
        let (Some(old), Some(new)) = (old, new) else { continue };
        let kind = match kind {
            Some(id) => documents.kinds().iter().copied().find(|kind| kind.id == id)?,
            None => documents.guess(&old.tree, &new.tree),
        };
        let mut one = |opened: &Opened<'_>, name: &str| documents.read(opened, name, kind, problems);
        let [old_name, new_name] = names;
        let (old, new) = (one(&old, old_name), one(&new, new_name));
        return Some(ReadDocuments { cloud: *cloud, kind, old: old?, new: new? });
    }
    let told = problems.iter().skip(before).any(|problem| problem.severity == Severity::Error);
    if !told {
        let count = problems.len();
        problems.extend(trees.into_iter().filter(|tree| !is_document(tree)).map(no_document));
        if problems.len() == count {
            problems.extend(of_two_clouds(trees));
        }
    }
    None
}

fn is_document(tree: &Tree) -> bool {
    let opens = |documents: &dyn Documents| documents.open(tree, &mut Vec::new()).is_some();
    CLOUDS.iter().filter_map(|cloud| cloud.documents()).any(opens)
}

/// What is wrong with two documents that no cloud knows together.
fn of_two_clouds(trees: [&Tree; 2]) -> Option<Problem> {
    let cloud_of = |tree: &Tree| {
        let opens = |cloud: &&&dyn Cloud| {
            cloud.documents().is_some_and(|documents| documents.open(tree, &mut Vec::new()).is_some())
        };
        CLOUDS.iter().find(opens).map(|cloud| cloud.name())
    };
    let [old, new] = trees;
    let message = format!("the one document is of {}, the other of {}", cloud_of(old)?, cloud_of(new)?);
    let problem = Problem::error("unknown-kind", message).at(new.span);
    Some(problem.help("two documents of the same cloud and kind can be compared"))
}

fn no_document(tree: &Tree) -> Problem {
    let message = format!("expected a policy document, found {} without one", tree.kind_name());
    let known: Vec<&str> = kinds().map(|kind| kind.name).collect();
    Problem::error("unknown-kind", message).at(tree.span).help(format!(
        "what can be compared: {}, alone or as the cloud's command line answers",
        known.join(", ")
    ))
}
