//! Links the C++ library, which libFuzzer needs. The settings in `.cargo/config.toml` keep build scripts from adding it,
//! because the package itself links without.

fn main() {
    let apple = std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple");
    println!("cargo::rustc-link-arg-bins=-l{}", if apple { "c++" } else { "stdc++" });
    println!("cargo::rerun-if-changed=build.rs");
}
