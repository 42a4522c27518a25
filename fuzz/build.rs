//! Links what the settings of the package leave out: the C++ library, which libFuzzer needs and `.cargo/config.toml`
//! keeps build scripts from adding, and where the shared libz3 lies, which a package tells its own binaries alone.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=Z3_LIB_DIR");
    let apple = std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple");
    println!("cargo::rustc-link-arg-bins=-l{}", if apple { "c++" } else { "stdc++" });
    let fetched = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.z3/lib");
    let folder = std::env::var_os("Z3_LIB_DIR").map_or_else(fetched, PathBuf::from);
    if let Ok(folder) = folder.canonicalize() {
        for argument in ["-Xlinker", "-rpath", "-Xlinker", &folder.to_string_lossy()] {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}
