//! The line that `--version` prints.

#[cfg(feature = "z3")]
use std::sync::LazyLock;

/// The version of the tool and of the Z3 library that it uses.
#[cfg(feature = "z3")]
pub(super) fn line() -> &'static str {
    static LINE: LazyLock<String> =
        LazyLock::new(|| format!("{} (Z3 {})", env!("CARGO_PKG_VERSION"), crate::solver::z3::version()));
    &LINE
}

/// The version of the tool.
#[cfg(not(feature = "z3"))]
pub(super) fn line() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION"), " (without Z3)")
}
