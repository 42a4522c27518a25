//! How bad findings are to a team: levels of its own per rule, and per rule and place.

use std::collections::BTreeMap;
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use crate::findings::{Finding, Level};
use crate::model::Origin;

/// What a team wants of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The level of what it finds; none where it is not to be reported.
    pub level: Option<Level>,
    /// Where this is written.
    pub origin: Origin,
}

/// Settings by the ids of rules; `*` is all of them.
pub type Settings = BTreeMap<Arc<str>, Setting>;

/// The levels of a team.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// Everywhere.
    pub everywhere: Settings,
    /// In files whose path matches, which goes before; of several the last one.
    pub in_paths: Vec<(Pattern, Settings)>,
}

/// A star stays within a folder, and two reach across.
const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Levels {
    /// What is wanted of a finding whose file has that path, seen from the folder of the configuration.
    pub(super) fn of(&self, finding: &Finding, path: Option<&str>) -> Option<&Setting> {
        let here = self
            .in_paths
            .iter()
            .rev()
            .filter(|(pattern, _)| path.is_some_and(|path| pattern.matches_with(path, MATCHING)));
        let settings = here.map(|(_, settings)| settings).chain([&self.everywhere]);
        settings.into_iter().find_map(|settings| settings.get(finding.rule).or_else(|| settings.get("*")))
    }
}
