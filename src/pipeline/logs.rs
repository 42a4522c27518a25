//! Reads activity logs: finds the files, hands each to the kind of log that knows it, and lists what counts for nobody.

use std::collections::BTreeMap;

use super::seals;
use crate::clouds;
use crate::input::digest;
use crate::input::disk::{self, Limits};
use crate::model::{Estate, Usage};
use crate::progress::{self, Stage};
use crate::recommender::{Kind, Sealed};
use crate::report::Input;
use crate::text::Problem;
use crate::usage::LOGS;

/// Adds all events of the logs that `paths` stand for to `used`, file by file and without holding one in memory.
/// Answers the logs that were read.
pub(super) fn read(
    paths: &[String],
    limits: Limits,
    seals: Option<&mut Vec<Sealed>>,
    used: &mut Usage,
    problems: &mut Vec<Problem>,
) -> Vec<Input> {
    let mut logs = Vec::new();
    let mut seals = seals;
    let all = disk::expand(paths, limits, problems);
    progress::begin(Stage::Logs, all.len());
    for found in all {
        let path = found.path.to_string_lossy().into_owned();
        let before = problems.len();
        match read_log(&found.path, seals.is_some(), used, problems) {
            Ok(Some((format, sha256))) => {
                logs.push(Input { path: path.clone(), format });
                if let (Some(seals), Some(sha256)) = (&mut seals, sha256) {
                    seals.push(Sealed { kind: Kind::Usage, path: seals::below(paths, &path), sha256 });
                }
            }
            // A folder may hold policies beside the logs.
            Ok(None) if !found.named => {}
            Ok(None) => problems.push(unknown_log(&path)),
            Err(problem) => problems.push(*problem),
        }
        progress::step();
        for problem in problems.iter_mut().skip(before).filter(|problem| problem.span.is_none()) {
            problem.path.get_or_insert_with(|| path.clone());
        }
    }
    logs
}

/// What the logs hold that counts for nobody: events without a permission, and principals that no file has.
pub(super) fn unaccounted(used: &Usage, estate: &Estate) -> Vec<Problem> {
    let unmapped = used.unmapped.iter().map(|(event, count)| {
        let message =
            format!("`{event}` could not be mapped to a permission and counts for nobody, {}", times(*count));
        Problem::warning("unmapped-event", message)
    });
    let mut strangers: BTreeMap<&str, u64> = BTreeMap::new();
    for (one, count) in &used.counts {
        let is_known =
            clouds::cloud(one.cloud).and_then(|cloud| cloud.find_principal(estate, &one.principal)).is_some();
        if !is_known {
            *strangers.entry(&one.principal).or_default() += count;
        }
    }
    let strangers = strangers.into_iter().map(|(name, count)| {
        let message = format!("`{name}` of the log is in none of the files, {}", times(count));
        Problem::warning("unknown-principal", message)
    });
    unmapped.chain(strangers).collect()
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Reads one log; `None` when it is of no kind that is known. With the digest of all of its text, if that is asked for.
fn read_log(
    path: &std::path::Path,
    is_sealed: bool,
    used: &mut Usage,
    problems: &mut Vec<Problem>,
) -> Result<Option<(&'static str, Option<String>)>, Box<Problem>> {
    let unreadable = |error: &std::io::Error| {
        let message = format!("cannot read `{}`: {error}", path.display());
        Box::new(Problem::error("unreadable-file", message))
    };
    let mut source = disk::open_lines(path)?;
    let beginning = source.fill_buf().map_err(|error| unreadable(&error))?;
    let beginning = String::from_utf8_lossy(beginning).into_owned();
    let Some(log) = LOGS.iter().find(|log| log.detects(&beginning)) else { return Ok(None) };
    if !is_sealed {
        log.read(&mut *source, used, problems).map_err(|error| unreadable(&error))?;
        return Ok(Some((log.id(), None)));
    }
    let mut source = digest::Digesting::new(source);
    log.read(&mut source, used, problems).map_err(|error| unreadable(&error))?;
    let digest = source.finish().map_err(|error| unreadable(&error))?;
    Ok(Some((log.id(), Some(digest))))
}

fn unknown_log(path: &str) -> Problem {
    let kinds: Vec<&str> = LOGS.iter().map(|log| log.summary()).collect();
    Problem::error("unknown-kind", format!("`{path}` is no activity log that is read here"))
        .help(format!("expected one of:\n{}", kinds.join("\n")))
}
