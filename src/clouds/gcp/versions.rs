//! Which permissions principal access boundary policies can block, by enforcement version.
//!
//! The facts are a table of their own, `policies/gcp-boundary-permissions.txt`, after Google's page
//! <https://docs.cloud.google.com/iam/docs/pab-blocked-permissions>: a permission that is on none of its lines is
//! blocked by no version up to [`LATEST`]. Here the table is read; `restrictions` makes a formula of it, and
//! `refusals` looks up one permission.

use std::sync::LazyLock;

/// What is used where a policy states no version, or `latest`, and the newest one that the table has.
pub(super) const LATEST: u32 = 4;

/// Permissions of one service.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The first version that blocks them; `None` where the page leaves open whether they are meant.
    pub(super) version: Option<u32>,
    /// The service: `iam`.
    pub(super) service: &'static str,
    /// The rest of their names: `roles.delete`, `roles.*`, `*.delete`, or `*` for all of the service.
    pub(super) permissions: Vec<&'static str>,
    /// What this line does not mean although it fits.
    pub(super) except: Vec<&'static str>,
}

/// The whole table, in the order of its lines.
pub(super) fn lines() -> &'static [Line] {
    static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| read(TABLE));
    &LINES
}

const TABLE: &str = include_str!("../../../policies/gcp-boundary-permissions.txt");

fn read(table: &'static str) -> Vec<Line> {
    let (mut version, mut lines) = (None, Vec::new());
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some((service, rest)) = line.split_once(": ") {
            let (permissions, except) = rest.split_once(" except ").unwrap_or((rest, ""));
            let words = |text: &'static str| text.split_whitespace().collect();
            lines.push(Line { version, service, permissions: words(permissions), except: words(except) });
        } else {
            version = line.strip_prefix("version ").and_then(|number| number.parse().ok());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let heads: Vec<&str> =
            TABLE.lines().filter(|line| !line.starts_with('#') && !line.contains(':')).collect();
        assert_eq!(heads, ["", "version 1", "", "version 2", "", "version 3", "", "version 4", "", "unsure"]);
        let versions: BTreeSet<Option<u32>> = lines().iter().map(|line| line.version).collect();
        assert_eq!(versions, BTreeSet::from([None, Some(1), Some(2), Some(3), Some(LATEST)]));
        for line in lines() {
            assert!(!line.permissions.is_empty(), "{line:?}");
            for rest in line.permissions.iter().chain(&line.except) {
                let stars = rest.matches('*').count();
                let at_an_end = *rest == "*" || rest.ends_with(".*") || rest.starts_with("*.");
                assert!(stars == 0 && rest.contains('.') || stars == 1 && at_an_end, "{line:?}");
            }
        }
    }
}
