//! Certificates and the files they were made from: digests of what was read, and whether both belong together.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Found, Outcome, Reason, Seals, Stopped};
use crate::evaluator::Evaluator;
use crate::input::disk::{self, Limits};
use crate::input::{Loaded, digest};
use crate::model::Usage;
use crate::recommender::{self, Certificate, Kind, Sealed, Unreadable};
use crate::report::Input;
use crate::solver::Portfolio;
use crate::text::{FileId, Files, Problem, Span};

/// A certificate with its path.
pub(super) type Named = (String, Certificate);

/// The digests of all documents that were analysed.
pub(super) fn estate(loaded: &Loaded, paths: &[String]) -> Vec<Sealed> {
    let files: BTreeSet<FileId> = loaded.documents.iter().map(|document| document.file).collect();
    let seal = |file: FileId| Sealed {
        kind: Kind::Estate,
        path: below(paths, loaded.files.path(file)),
        sha256: digest::of_text(loaded.files.text(file)),
    };
    files.into_iter().map(seal).collect()
}

/// The path of a file below the folder that the user named, or its name: the folder may lie elsewhere next time.
pub(super) fn below(named: &[String], path: &str) -> String {
    let path = Path::new(path);
    let inside = named.iter().filter_map(|folder| path.strip_prefix(folder).ok());
    let inside = inside.filter(|rest| !rest.as_os_str().is_empty()).min_by_key(|rest| rest.as_os_str().len());
    let rest = inside.or(path.file_name().map(Path::new)).unwrap_or(path);
    rest.to_string_lossy().replace('\\', "/")
}

/// Reads certificates. What cannot be read becomes a problem.
pub(super) fn read(paths: &[String], limits: Limits, loaded: &mut Loaded) -> Vec<Named> {
    let mut read = Vec::new();
    for found in disk::expand(paths, limits, &mut loaded.problems) {
        match disk::read(&found.path, limits) {
            Ok(text) => {
                let path = found.path.to_string_lossy().into_owned();
                let file = loaded.files.add(path.clone(), text);
                match Certificate::read(loaded.files.text(file)) {
                    Ok(certificate) if certificate.replacements.is_empty() => {
                        let message = format!("`{path}` holds no replacement, so it claims nothing");
                        loaded.problems.push(Problem::error("bad-certificate", message).in_path(path));
                    }
                    Ok(certificate) => read.push((path, certificate)),
                    Err(reason) => loaded.problems.push(unreadable(&loaded.files, file, &reason)),
                }
            }
            Err(problem) => loaded.problems.push(*problem),
        }
    }
    read
}

fn unreadable(files: &Files, file: FileId, reason: &Unreadable) -> Problem {
    let lines = files.text(file).split_inclusive('\n');
    let before: usize = lines.take(reason.line.saturating_sub(1)).map(str::len).sum();
    let at = u32::try_from(before + reason.column.saturating_sub(1)).unwrap_or(u32::MAX);
    let problem = Problem::error("bad-certificate", reason.message.clone()).at(Span::new(file, at, at));
    problem.help("make it anew with `leastwise recommend … --certificate FILE`")
}

/// Checks all certificates against what was read.
pub(super) fn verify(
    certificates: Vec<Named>,
    loaded: Loaded,
    inputs: Vec<Input>,
    used: &Usage,
    seals: &Seals,
    portfolio: &Portfolio,
) -> Result<Outcome, Box<Stopped>> {
    if certificates.is_empty() {
        return Err(Box::new(Stopped { loaded, reason: Reason::NoCertificates }));
    }
    let mut all = Vec::new();
    let mut bug = None;
    let evaluator = Evaluator::new(&loaded.estate, portfolio);
    for (path, certificate) in &certificates {
        let others = otherwise(certificate, seals);
        for replacement in &certificate.replacements {
            match recommender::verify(&evaluator, used, path, replacement) {
                Ok(mut verified) => {
                    verified.failures.splice(0..0, others.iter().cloned());
                    all.push(verified);
                }
                Err(broken) => bug = Some(broken),
            }
        }
    }
    if let Some(bug) = bug {
        return Err(Box::new(Stopped { loaded, reason: Reason::Bug(bug) }));
    }
    Ok(Outcome {
        inputs,
        rules: Vec::new(),
        undecided: Vec::new(),
        found: Found::Verified(all),
        judged: super::Judgement::default(),
        sealed: Seals::default(),
        loaded,
    })
}

/// What was read otherwise than when the certificate was made.
fn otherwise(certificate: &Certificate, seals: &Seals) -> Vec<String> {
    let mut failures = Vec::new();
    let then: BTreeSet<&Sealed> = certificate.inputs.iter().collect();
    let now: BTreeSet<&Sealed> = seals.inputs.iter().collect();
    let has = |all: &BTreeSet<&Sealed>, one: &Sealed| {
        all.iter().any(|other| (other.kind, &other.path) == (one.kind, &one.path))
    };
    for gone in then.difference(&now) {
        let what = if has(&now, gone) { "has changed" } else { "was read then and was not now" };
        failures.push(format!("`{}` {what}", gone.path));
    }
    for new in now.difference(&then).filter(|new| !has(&then, new)) {
        failures.push(format!("`{}` was read now and was not then", new.path));
    }
    if certificate.inputs.len() != seals.inputs.len() && failures.is_empty() {
        failures.push("another number of files was read".to_owned());
    }
    if certificate.now != seals.now {
        failures.push("the certificate is about requests from another time on: see `--now`".to_owned());
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn folders_may_lie_elsewhere() {
        let named = ["estate/".to_owned(), "a.json".to_owned(), "logs/x".to_owned()];
        for (path, short) in [
            ("estate/b/c.json", "b/c.json"),
            ("a.json", "a.json"),
            ("logs/x/y.json", "y.json"),
            ("glob/d.json", "d.json"),
            ("-", "-"),
        ] {
            assert_eq!(below(&named, path), short);
        }
    }
}
