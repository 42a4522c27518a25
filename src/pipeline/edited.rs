//! Suggestions with the changes of files that make them come true, where such are wanted.

use super::{Editing, Found, Reason, Settings, Task};
use crate::evaluator::Evaluator;
use crate::input::Loaded;
use crate::input::disk::{self, Limits};
use crate::recommender;
use crate::text::FileId;

/// The same with changes of files, if the task wants some.
pub(super) fn edited(
    task: &Task,
    found: Found,
    loaded: &mut Loaded,
    settings: &Settings,
) -> Result<Found, Reason> {
    let (edit, suggestions, mut more) = match (task, found) {
        (Task::Recommend { edit, .. }, Found::Suggestions(suggestions, more)) => (edit, suggestions, more),
        (_, found) => return Ok(found),
    };
    more.1 = match edit {
        Editing::None => more.1,
        Editing::Estate => {
            let evaluator = Evaluator::new(&loaded.estate, &settings.portfolio);
            recommender::edits(&evaluator, &suggestions, loaded)?
        }
        Editing::Terraform(paths) => {
            let own = read(paths, settings.limits, loaded);
            let Loaded { estate, files, problems, .. } = loaded;
            recommender::terraform(estate, &suggestions, files, &own, problems)
        }
    };
    Ok(Found::Suggestions(suggestions, more))
}

/// The Terraform files that paths stand for. What cannot be read becomes a problem.
fn read(paths: &[String], limits: Limits, loaded: &mut Loaded) -> Vec<FileId> {
    let mut own = Vec::new();
    for path in disk::terraform(paths, &mut loaded.problems) {
        match disk::read(&path, limits) {
            Ok(text) => own.push(loaded.files.add(path.to_string_lossy(), text)),
            Err(problem) => loaded.problems.push(*problem),
        }
    }
    own
}
