//! Says which Z3 library the crate is linked to, and fetches it where it is missing.
//!
//! The version decides what Z3 can answer: before 5.1 it gives up on ordinary questions about
//! patterns, and what a distribution ships is often much older. So by default the prebuilt library
//! of a pinned release is taken from the Python package index into `.z3/lib`, and the search path
//! and the run path point there. `Z3_LIB_DIR` names another folder instead. With the feature
//! `z3-vendored` the library is built from source by `z3-sys`, and without the feature `z3` nothing
//! is done here.
//!
//! Nothing in here panics: whoever lacks something reads one line that says what to do.
#![expect(clippy::disallowed_methods, reason = "a build script reads its environment and writes files")]

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output};

/// Pinned release and hashes, in the syntax of pip.
const REQUIREMENTS: &str = "build/z3-requirements.txt";
/// The oldest release with the regular-expression solver that answers questions about patterns.
const OLDEST: (u32, u32) = (5, 1);
/// What helps in every case where the library cannot be fetched.
const OTHERWISE: &str = "or set `Z3_LIB_DIR` to a folder with libz3 5.1 or newer, \
    or build without Z3: `--no-default-features`";

fn main() {
    for file in ["build.rs", REQUIREMENTS] {
        println!("cargo::rerun-if-changed={file}");
    }
    for variable in ["Z3_LIB_DIR", "Z3_NO_PKG_CONFIG", "DOCS_RS"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if let Err(problem) = link_z3() {
        // A message of several lines would be cut by cargo after the first.
        println!("cargo::error={}", problem.replace(['\n', '\r'], " "));
    }
}

fn link_z3() -> Result<(), String> {
    if !is_set("CARGO_FEATURE_Z3") || is_set("DOCS_RS") {
        return Ok(());
    }
    let platform = Platform::of_target()?;
    if is_set("CARGO_FEATURE_Z3_VENDORED") {
        println!("cargo::rustc-link-arg=-l{}", platform.cxx_library);
        return Ok(());
    }
    // Without this setting z3-sys puts the system's library folder before ours.
    if !is_set("Z3_NO_PKG_CONFIG") {
        return Err("`.cargo/config.toml` of leastwise is not in effect, so an old system libz3 might be \
            linked: run cargo inside the checkout, or set `Z3_NO_PKG_CONFIG=1` and `CXXSTDLIB=`, \
            or use `--features z3-vendored` or `--no-default-features`"
            .to_owned());
    }
    let root =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo did not name the package folder")?);
    let library = match env::var_os("Z3_LIB_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => given(&root.join(dir), &platform)?,
        None => Fetch::below(root, &platform).library()?,
    };
    print_link_arguments(&library, &platform)
}

/// Cargo sets the variables of features; an empty value counts as absent for the user's own.
fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// What differs between operating systems when a shared library is linked.
struct Platform {
    /// The name the linker looks for.
    library: &'static str,
    /// What comes before the version in the name the program is loaded with.
    versioned: &'static str,
    /// What comes after it.
    extension: &'static str,
    /// How a run path names the folder of the program itself.
    origin: &'static str,
    /// The C++ standard library a static Z3 needs.
    cxx_library: &'static str,
}

impl Platform {
    fn of_target() -> Result<Self, String> {
        match env::var("CARGO_CFG_TARGET_OS").as_deref() {
            Ok("macos") => Ok(Self {
                library: "libz3.dylib",
                versioned: "libz3.",
                extension: ".dylib",
                origin: "@executable_path",
                cxx_library: "c++",
            }),
            Ok("windows") => Err("on Windows the Z3 engine is not supported yet: build with \
                `--no-default-features`"
                .to_owned()),
            _ => Ok(Self {
                library: "libz3.so",
                versioned: "libz3.so.",
                extension: "",
                origin: "$ORIGIN",
                cxx_library: "stdc++",
            }),
        }
    }

    /// The versioned file name that `content` asks to be loaded by, for example `libz3.so.5.4`,
    /// and its major and, if it has one, its minor version. None where the library carries no version in its name.
    fn soname(&self, content: &[u8]) -> Option<(String, u32, Option<u32>)> {
        let start = self.versioned.as_bytes();
        for (at, _) in content.iter().enumerate().filter(|(_, byte)| Some(*byte) == start.first()) {
            let Some(rest) = content.get(at..).and_then(|here| here.strip_prefix(start)) else { continue };
            let name = rest.iter().take(40).take_while(|byte| **byte != 0).copied().collect::<Vec<u8>>();
            let Ok(name) = String::from_utf8(name) else { continue };
            let Some(version) = name.strip_suffix(self.extension) else { continue };
            let mut numbers = version.split('.').map(str::parse::<u32>);
            if let Some(Ok(major)) = numbers.next() {
                let minor = numbers.next().and_then(Result::ok);
                return Some((format!("{}{name}", self.versioned), major, minor));
            }
        }
        None
    }
}

/// Checks the folder the user named: a wrong one would be noticed only by the linker or, worse, by
/// questions that are never answered.
fn given(dir: &Path, platform: &Platform) -> Result<PathBuf, String> {
    let library = dir.join(platform.library);
    let content = fs::read(&library).map_err(|error| {
        format!(
            "`Z3_LIB_DIR` is `{}`, but `{}` in it cannot be read ({error}): \
             name the folder that holds the library of Z3 5.1 or newer",
            dir.display(),
            platform.library
        )
    })?;
    let Some((soname, major, minor)) = platform.soname(&content) else { return Ok(library) };
    // A name without a minor version leaves the rest to the check when the program starts.
    if (major, minor.unwrap_or(u32::MAX)) < OLDEST {
        return Err(format!(
            "`Z3_LIB_DIR` is `{}`, but its library is `{soname}`, older than Z3 5.1: \
             name the folder of a newer one, or unset `Z3_LIB_DIR` to fetch one",
            dir.display()
        ));
    }
    if !dir.join(&soname).exists() {
        return Err(format!(
            "`Z3_LIB_DIR` is `{0}`, but `{soname}` is missing there, the name that programs load the library by: \
             `ln -s {1} '{0}/{soname}'`",
            dir.display(),
            platform.library
        ));
    }
    Ok(library)
}

/// The pinned library below `.z3`.
struct Fetch<'p> {
    platform: &'p Platform,
    requirements: PathBuf,
    /// Holds `lib` and, while one is running, the work folder of each fetch.
    home: PathBuf,
    lib: PathBuf,
}

impl<'p> Fetch<'p> {
    fn below(root: PathBuf, platform: &'p Platform) -> Self {
        let home = root.join(".z3");
        Self { platform, requirements: root.join(REQUIREMENTS), lib: home.join("lib"), home }
    }

    /// The library, fetched if the pinned one is not there yet.
    fn library(&self) -> Result<PathBuf, String> {
        let pinned = fs::read(&self.requirements).map_err(problem_with(&self.requirements))?;
        if !self.holds(&pinned) {
            if env::var_os("TARGET") != env::var_os("HOST") {
                return Err(format!(
                    "the prebuilt Z3 library is fetched for the building machine only, not for another \
                     target: set `Z3_LIB_DIR` to the target's library, {OTHERWISE}"
                ));
            }
            // Builds with different target folders run at the same time: each works in its own
            // folder, and the first to finish puts its result in place.
            let work = self.home.join(format!("fetch-{}", process::id()));
            let fetched = self.fetch(&work, &pinned);
            // A folder left behind costs space, not correctness.
            let _ = fs::remove_dir_all(&work);
            fetched?;
        }
        Ok(self.lib.join(self.platform.library))
    }

    /// True if `lib` holds exactly the pinned release: the copy of the requirements is its mark.
    fn holds(&self, pinned: &[u8]) -> bool {
        self.lib.join(self.platform.library).exists()
            && fs::read(self.lib.join("requirements.txt")).is_ok_and(|mark| mark == pinned)
    }

    fn fetch(&self, work: &Path, pinned: &[u8]) -> Result<(), String> {
        let (wheel, unpacked, ready) = (work.join("wheel"), work.join("unpacked"), work.join("ready"));
        for dir in [&wheel, &unpacked, &ready] {
            fs::create_dir_all(dir).map_err(problem_with(dir))?;
        }
        self.download(&wheel)?;
        let archive = only_entry(&wheel)?;
        let unzip = python(
            ["-m", "zipfile", "-e"].map(OsStr::new).into_iter().chain([archive.as_ref(), unpacked.as_ref()]),
        )?;
        if !unzip.status.success() {
            return Err(format!(
                "`{}` could not be unpacked ({}), {OTHERWISE}",
                archive.display(),
                said(&unzip)
            ));
        }
        self.arrange(&unpacked.join("z3/lib"), &ready)?;
        fs::write(ready.join("requirements.txt"), pinned).map_err(problem_with(&ready))?;
        self.publish(work, &ready, pinned)
    }

    fn download(&self, wheel: &Path) -> Result<(), String> {
        let pip = python(["-m", "pip", "--version"].map(OsStr::new))?;
        if !pip.status.success() {
            return Err(format!(
                "python3 has no pip, which fetches the Z3 library: install it (Debian, Ubuntu: \
                 `apt-get install python3-pip`), {OTHERWISE}"
            ));
        }
        let options = ["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"];
        let pins = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r"];
        let arguments = options.iter().chain(&pins).map(OsStr::new);
        let last = [self.requirements.as_os_str(), OsStr::new("-d"), wheel.as_os_str()];
        let download = python(arguments.chain(last))?;
        if download.status.success() {
            return Ok(());
        }
        Err(format!(
            "pip could not fetch the Z3 library pinned in `{REQUIREMENTS}` ({}): check the network and pip's index, {OTHERWISE}",
            said(&download)
        ))
    }

    /// One file under the name programs load, and a link under the name the linker looks for.
    fn arrange(&self, from: &Path, ready: &Path) -> Result<(), String> {
        let library = from.join(self.platform.library);
        let content = fs::read(&library).map_err(problem_with(&library))?;
        let name = match self.platform.soname(&content) {
            Some((name, _, _)) => name,
            None => self.platform.library.to_owned(),
        };
        let target = ready.join(&name);
        fs::rename(&library, &target).map_err(problem_with(&target))?;
        if name != self.platform.library {
            link(&name, &ready.join(self.platform.library))?;
        }
        Ok(())
    }

    /// Puts `ready` in place of `lib`. Whoever loses against another build takes the other's result.
    fn publish(&self, work: &Path, ready: &Path, pinned: &[u8]) -> Result<(), String> {
        if self.lib.exists() && !self.holds(pinned) {
            // Another release, from before the pin was changed. A failure shows below.
            let _ = fs::rename(&self.lib, work.join("outdated"));
        }
        match fs::rename(ready, &self.lib) {
            Err(error) if !self.holds(pinned) => Err(problem_with(&self.lib)(error)),
            _ => Ok(()),
        }
    }
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> Result<(), String> {
    std::os::unix::fs::symlink(target, path).map_err(problem_with(path))
}

#[cfg(not(unix))]
fn link(target: &str, path: &Path) -> Result<(), String> {
    fs::copy(path.with_file_name(target), path).map(drop).map_err(problem_with(path))
}

fn only_entry(dir: &Path) -> Result<PathBuf, String> {
    let first = fs::read_dir(dir).map_err(problem_with(dir))?.next();
    let entry = first.ok_or_else(|| format!("pip left no file in `{}`", dir.display()))?;
    Ok(entry.map_err(problem_with(dir))?.path())
}

fn python<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Output, String> {
    Command::new("python3").args(arguments).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            format!("python3 with pip is needed to fetch the Z3 library: install it, {OTHERWISE}")
        }
        _ => {
            format!("python3, which fetches the Z3 library, did not start ({error}): repair it, {OTHERWISE}")
        }
    })
}

/// The line of a failed command's output that says most: its first error, or else its last line.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines.clone().find_map(|line| line.strip_prefix("ERROR: "));
    error.or_else(|| lines.next_back()).unwrap_or("it gave no reason").to_owned()
}

fn problem_with(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    move |error| format!("`{}`: {error}; free or repair it, {OTHERWISE}", path.display())
}

/// The run paths: where the library is on the building machine, and beside or near the program for
/// whoever ships both together.
fn print_link_arguments(library: &Path, platform: &Platform) -> Result<(), String> {
    let dir = library.parent().and_then(Path::to_str).ok_or_else(|| {
        format!(
            "the path `{}` is not UTF-8, which cargo cannot pass on: move the checkout",
            library.display()
        )
    })?;
    println!("cargo::rerun-if-changed={}", library.display());
    println!("cargo::rustc-link-search=native={dir}");
    for path in [dir, platform.origin, &format!("{}/../lib", platform.origin)] {
        // `-Wl,-rpath,…` would split a path at its commas.
        for argument in ["-Xlinker", "-rpath", "-Xlinker", path] {
            println!("cargo::rustc-link-arg={argument}");
        }
    }
    Ok(())
}
