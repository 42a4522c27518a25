//! Operations that exist and are in no catalog: those of the directory, and `policies/azure/further-operations.txt`.

use std::sync::LazyLock;

use super::directory;

static FURTHER: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../../policies/azure/further-operations.txt").lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
});

/// All of them, as they are spelled.
pub(super) fn operations() -> impl Iterator<Item = &'static str> {
    FURTHER.iter().copied().chain(directory::actions())
}

/// The spelling of one of them.
pub(super) fn spelled(action: &str) -> Option<&'static str> {
    operations().find(|known| known.eq_ignore_ascii_case(action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::azure::catalog;

    #[test]
    fn what_the_catalog_has_is_not_written_again() {
        assert!(FURTHER.is_sorted(), "{FURTHER:?}");
        for name in operations() {
            assert!(catalog::operations().find(name).is_none(), "{name}");
        }
        assert_eq!(
            spelled("microsoft.web/SITES/publishXML/action"),
            Some("Microsoft.Web/sites/publishxml/action")
        );
    }
}
