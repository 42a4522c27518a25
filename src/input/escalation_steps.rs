//! Files of escalation steps that the user names. They hold no part of an estate, so they are no format: they say what
//! to look for.

use std::path::Path;

use super::disk::{self, Limits};
use super::load::{Loaded, is_yaml};
use crate::clouds::escalation::{self, Step};
use crate::text::{json, yaml};

/// Reads the steps of these files. What is wrong with them becomes a problem of `loaded`, beside those of other files.
pub fn read_steps(paths: &[String], limits: Limits, loaded: &mut Loaded) -> Vec<Step> {
    let mut steps = Vec::new();
    for path in paths.iter().map(Path::new) {
        let text = match disk::read(path, limits) {
            Ok(text) => text,
            Err(problem) => {
                loaded.problems.push(*problem);
                continue;
            }
        };
        let file = loaded.files.add(path.to_string_lossy(), text);
        let text = loaded.files.shared_text(file);
        let problems = &mut loaded.problems;
        let tree = if is_yaml(path) {
            yaml::parse(file, &text, problems)
        } else {
            json::parse(file, &text, problems)
        };
        steps.extend(tree.map(|tree| escalation::read(&tree, problems)).unwrap_or_default());
    }
    steps
}
