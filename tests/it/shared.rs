//! Material for tests that is not part of the repository: large captures of real accounts, other
//! tools' verdicts, the providers' raw exports. It sits beside the checkout, in `../shared`, or where
//! `LEASTWISE_SHARED` says. A test that needs it is skipped, and says so, where it is absent.

use std::env;
use std::path::{Path, PathBuf};

/// The file or folder `relative` of the material, or None, said aloud, where it is absent.
pub(crate) fn shared(relative: &str) -> Option<PathBuf> {
    below(&folder(env::var_os("LEASTWISE_SHARED").map(PathBuf::from)), relative)
}

fn folder(named: Option<PathBuf>) -> PathBuf {
    // A relative path is relative to the package, wherever the tests are started from.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.join(named.unwrap_or_else(|| PathBuf::from("../shared")))
}

fn below(folder: &Path, relative: &str) -> Option<PathBuf> {
    let path = folder.join(relative);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: `{}` is absent", path.display());
    None
}

#[test]
fn present_material_is_found_and_absent_material_is_none() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(below(package, "Cargo.toml"), Some(package.join("Cargo.toml")));
    assert_eq!(below(package, "no such file"), None);
    assert_eq!(shared("no such file"), None);
}

#[test]
fn the_folder_is_named_by_the_environment_or_lies_beside_the_checkout() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(folder(None), package.join("../shared"));
    assert_eq!(folder(Some(PathBuf::from("/elsewhere"))), Path::new("/elsewhere"));
    assert_eq!(folder(Some(PathBuf::from("near"))), package.join("near"));
}
