//! Files that expressions read: `file`, `templatefile` and `fileset`, among those that were given to the program.

use std::collections::BTreeMap;

use hcl_edit::template::Template;

use super::modules::{Source, plain};
use crate::text::FileId;

/// The texts of all files by path, and those of them that are templates.
#[derive(Default)]
pub(super) struct Texts<'m> {
    pub(super) texts: BTreeMap<String, (FileId, &'m str)>,
    pub(super) templates: BTreeMap<String, (Source, Template)>,
}

impl<'m> Texts<'m> {
    /// The text of a file.
    pub(super) fn get(&self, path: &str) -> Option<(FileId, &'m str)> {
        self.texts.get(&plain(path)).copied()
    }

    /// A file as a template; `None` if there is none, or it is broken.
    pub(super) fn template(&self, path: &str) -> Option<&(Source, Template)> {
        self.templates.get(&plain(path))
    }

    /// The files below a folder that fit a pattern, by their paths from there.
    pub(super) fn matching(&self, folder: &str, pattern: &str) -> Vec<String> {
        let Ok(pattern) = glob::Pattern::new(pattern) else { return Vec::new() };
        let folder = plain(folder);
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
        let inside = self.texts.keys().filter_map(|path| match folder.as_str() {
            "" => Some(path.as_str()),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        });
        inside.filter(|path| pattern.matches_with(path, options)).map(str::to_owned).collect()
    }
}
