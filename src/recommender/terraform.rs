//! Suggestions as changes of Terraform. Terraform is no estate that could be loaded, so what is checked is that the
//! changed files give, by their resources, just what the suggestion says, and no longer what it replaces.
//!
//! What cannot be found is said, never guessed. Nothing is written here.

use std::collections::BTreeMap;

use super::edits::{Edits, Left, Patch, roles_of};
use super::{Applicability, Suggestion};
use crate::clouds;
use crate::model::Estate;
use crate::text::hcl::{self, Resource};
use crate::text::{FileId, Files, Problem, Splice, splice, unified};

/// The changes that all suggestions come to, suggestion by suggestion, as far as Terraform can say them. Files that cannot
/// be read are problems, and the others go on.
pub fn terraform(
    estate: &Estate,
    suggestions: &[Suggestion],
    files: &Files,
    own: &[FileId],
    problems: &mut Vec<Problem>,
) -> Edits {
    let mut edits = Edits::default();
    let read = |file: &FileId| hcl::resources(*file, files.text(*file), problems);
    let resources: Vec<Resource> = own.iter().filter_map(read).flatten().collect();
    let mut splices: BTreeMap<FileId, Vec<Splice>> = BTreeMap::new();
    for suggestion in suggestions.iter().filter(|one| one.changes_something()) {
        let done = changes(estate, suggestion, &resources, files, own).and_then(|new| {
            let mut all = splices.clone();
            for one in new {
                all.entry(one.span.file).or_default().push(one);
            }
            is_as_said(estate, suggestion, files, own, &all)
                .then_some(all)
                .ok_or_else(|| "the changed files would not give what was proven".to_owned())
        });
        match done {
            Ok(all) => splices = all,
            Err(reason) => edits.left.push(Left { principal: suggestion.name.clone(), reason }),
        }
    }
    let patch = |(file, splices): (&FileId, &Vec<Splice>)| {
        let (path, before) = (files.path(*file), files.text(*file));
        let (after, diff) = (splice(before, splices)?, unified(path, before, splices)?);
        Some(Patch { path: path.to_owned(), before: before.to_owned(), after, diff })
    };
    edits.patches = splices.iter().filter_map(patch).collect();
    edits
}

fn changes(
    estate: &Estate,
    suggestion: &Suggestion,
    resources: &[Resource],
    files: &Files,
    own: &[FileId],
) -> Result<Vec<Splice>, String> {
    if suggestion.applicability == Applicability::Unproven {
        return Err("it is not proven".to_owned());
    }
    let roles = clouds::cloud(suggestion.cloud).and_then(|cloud| cloud.roles());
    let roles = roles.ok_or("Terraform of this cloud is not changed: use the commands")?;
    let (remove, add) = roles_of(estate, roles, suggestion);
    let changes = roles.terraform(&suggestion.name, &remove, &add, resources)?;
    for address in changes.iter().filter_map(|one| one.gone.as_ref()) {
        if own.iter().any(|file| files.text(*file).contains(address.as_str())) {
            return Err(format!("`{address}` is referred to elsewhere"));
        }
    }
    Ok(changes.into_iter().map(|one| one.change).collect())
}

/// Whether each new grant is given by one resource of the changed files, and no old one by any.
fn is_as_said(
    estate: &Estate,
    suggestion: &Suggestion,
    files: &Files,
    own: &[FileId],
    splices: &BTreeMap<FileId, Vec<Splice>>,
) -> bool {
    let Some(roles) = clouds::cloud(suggestion.cloud).and_then(|cloud| cloud.roles()) else { return false };
    let mut after = Vec::new();
    for file in own {
        let text = splices
            .get(file)
            .map_or_else(|| Some(files.text(*file).to_owned()), |splices| splice(files.text(*file), splices));
        let Some(text) = text else { return false };
        // What could not be read before was left out before.
        let before = hcl::resources(*file, files.text(*file), &mut Vec::new());
        match hcl::resources(*file, &text, &mut Vec::new()) {
            Some(found) => after.extend(found),
            None if before.is_none() => {}
            None => return false,
        }
    }
    let (remove, add) = roles_of(estate, roles, suggestion);
    let count = |at| roles.terraform_gives(&suggestion.name, at, &after);
    remove.iter().all(|held| count(&held.at) == 0) && add.iter().all(|at| count(at) == 1)
}
