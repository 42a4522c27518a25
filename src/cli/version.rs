//! The line that `--version` prints.

/// The version of the tool and of its engines.
pub(super) fn line() -> &'static str {
    if cfg!(feature = "z3") {
        concat!(env!("CARGO_PKG_VERSION"), " (with Z3)")
    } else {
        concat!(env!("CARGO_PKG_VERSION"), " (without Z3)")
    }
}
