//! Who may use whom, and the borders that keep the modules apart.
//!
//! The compiler lets every module use every other, so tangles grow unseen. These tests parse every
//! file below `src/` and fail on a use that the table does not allow. When the table changes,
//! `src/README.md` changes with it: they are compared here.
//!
//! Code under `#[cfg(test)]` is exempt. Uses are found by their paths (`crate::…`, `super::…`, also
//! inside macros), and a name that a module re-exports counts as a use of the module it came from.
//! What travels as a value or through a trait is not seen.

#[path = "architecture/borders.rs"]
mod borders;
#[path = "architecture/registries.rs"]
mod registries;
#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use source::Tree;

/// What a module may use besides itself.
#[derive(Clone, Copy)]
enum May {
    Use(&'static [&'static str]),
    /// Everything in the rows before its own.
    UseAllAbove,
}
use May::{Use, UseAllAbove};

/// The table of `src/README.md`, in reading order.
const MODULES: &[(&str, May)] = &[
    ("progress", Use(&[])),
    ("text", Use(&[])),
    ("logic", Use(&[])),
    ("model", Use(&["text", "logic"])),
    ("clouds", Use(&["text", "logic", "model"])),
    ("input", Use(&["progress", "text", "model", "clouds"])),
    ("usage", Use(&["text", "model", "clouds"])),
    ("solver", Use(&["progress", "logic"])),
    ("evaluator", Use(&["logic", "model", "clouds", "solver"])),
    ("graph", Use(&["text", "logic", "model", "clouds", "solver", "evaluator"])),
    ("findings", Use(&["text", "logic", "model", "clouds", "evaluator", "graph"])),
    ("guardrails", Use(&["logic", "model", "clouds", "evaluator", "graph", "findings"])),
    ("recommender", UseAllAbove),
    ("review", Use(&["text", "logic", "model", "clouds", "evaluator", "graph", "findings", "recommender"])),
    (
        "report",
        Use(&["text", "model", "evaluator", "graph", "findings", "guardrails", "recommender", "review"]),
    ),
    (
        "configuration",
        Use(&["text", "logic", "model", "clouds", "input", "findings", "guardrails", "review"]),
    ),
    ("collect", Use(&["model", "input"])),
    ("pipeline", UseAllAbove),
    ("cli", UseAllAbove),
];

/// The binary parses, calls `cli` and returns the exit code.
const BINARY_MAY_USE: &[&str] = &["cli"];

/// Lines of a file outside tests: a longer one holds more than one thing.
const LONGEST_FILE: usize = 600;

fn allowed(module: &str) -> BTreeSet<&'static str> {
    match MODULES.iter().position(|(name, _)| *name == module) {
        Some(at) => match MODULES[at].1 {
            Use(names) => names.iter().copied().collect(),
            UseAllAbove => MODULES[..at].iter().map(|(name, _)| *name).collect(),
        },
        None => BTreeSet::new(),
    }
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Something that holds for all files: finds where it does not, and says what to do then.
struct Check {
    broken: fn(&Tree) -> Vec<String>,
    remedy: &'static str,
}

const CHECKS: &[Check] = &[
    Check {
        broken: forbidden_crossings,
        remedy: "a module uses only what the table in `src/README.md` allows",
    },
    Check { broken: rows_without_module, remedy: "the table and `src/lib.rs` have the same modules" },
    Check { broken: cycles, remedy: "modules form no cycle" },
    Check {
        broken: undocumented,
        remedy: "a file opens with `//!`: what it is for and what is deliberately not in it",
    },
    Check { broken: Tree::unreachable, remedy: "declare the file as a module, or remove it" },
    Check {
        broken: long_files,
        remedy: "split a file of more than 600 lines outside tests by what it is for",
    },
    Check { broken: borders::crossings, remedy: "ask the module behind the border instead" },
    Check {
        broken: borders::serializations,
        remedy: "hand the value to `report`, or name the file and the reason in this test",
    },
    Check {
        broken: borders::lifted,
        remedy: "files, environment, clock and network are touched behind the borders of `.clippy.toml`",
    },
    Check {
        broken: borders::matches_on_clouds,
        remedy: "ask the trait `Cloud` instead of looking which cloud it is, so that another costs one line",
    },
    Check {
        broken: registries::unregistered,
        remedy: "add it to the slice, or name it as infrastructure in this test if it serves the others",
    },
];

/// Everything broken at once: one at a time would cost a build each. And one test, because parsing
/// takes most of the time.
#[test]
fn the_project_keeps_its_shape() {
    let tree = Tree::read(&package().join("src"));
    let mut told = String::new();
    for check in CHECKS {
        let broken = (check.broken)(&tree);
        if !broken.is_empty() {
            told += &format!("\n{}\n  -> {}\n", broken.join("\n"), check.remedy);
        }
    }
    assert!(told.is_empty(), "\n{told}");
}

/// One use of a top-level module by another: who, whom, and where.
fn crossings(tree: &Tree) -> Vec<(String, String, String)> {
    let homes = source::reexports(tree);
    let mut found = BTreeSet::new();
    for source in &tree.sources {
        for used in source.crate_paths() {
            let place = format!("src/{}:{}", source.path, used.line);
            let mut add = |module: &str| {
                if module != source.top() {
                    found.insert((place.clone(), source.top().to_owned(), module.to_owned()));
                }
            };
            match used.segments.first() {
                Some(first) => {
                    add(tree.macros.get(first).unwrap_or(first));
                    for name in used.segments[1..].iter().map(String::as_str).chain(["*"]) {
                        if let Some(home) = homes.get(&(first.clone(), name.to_owned())) {
                            add(home);
                        }
                    }
                }
                None => add("(everything)"),
            }
        }
    }
    found.into_iter().map(|(place, from, to)| (from, to, place)).collect()
}

fn forbidden_crossings(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for (from, to, place) in crossings(tree) {
        let fine = match from.as_str() {
            "main" => BINARY_MAY_USE.contains(&to.as_str()),
            _ => allowed(&from).contains(to.as_str()),
        };
        if !fine {
            broken.push(format!("{place}: `{from}` uses `{to}`"));
        }
    }
    broken
}

fn rows_without_module(tree: &Tree) -> Vec<String> {
    let declared: BTreeSet<&str> = tree.top_level.iter().map(String::as_str).collect();
    let listed: BTreeSet<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    declared.symmetric_difference(&listed).map(|name| format!("`{name}` is in one of them only")).collect()
}

#[test]
fn the_table_has_no_cycle_and_names_only_modules() {
    for (at, (module, _)) in MODULES.iter().enumerate() {
        for used in allowed(module) {
            let below = MODULES[..at].iter().any(|(name, _)| *name == used);
            assert!(below, "`{module}` may use `{used}`, which is not in a row before it");
        }
    }
}

fn cycles(tree: &Tree) -> Vec<String> {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to, _) in crossings(tree) {
        uses.entry(from).or_default().insert(to);
    }
    cycle_in(&uses).map(|chain| chain.join(" uses ")).into_iter().collect()
}

/// A chain of modules that comes back to its first, if there is one.
fn cycle_in(uses: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    for start in uses.keys() {
        let mut open = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        while let Some(chain) = open.pop() {
            for next in uses.get(&chain[chain.len() - 1]).into_iter().flatten() {
                let longer = chain.iter().chain([next]).cloned().collect();
                if next == start {
                    return Some(longer);
                }
                if seen.insert(next.clone()) {
                    open.push(longer);
                }
            }
        }
    }
    None
}

#[test]
fn the_map_shows_the_same_table() {
    let map = fs::read_to_string(package().join("src/README.md")).unwrap();
    let expected: Vec<(String, String)> = MODULES
        .iter()
        .map(|(module, may)| {
            let uses = match may {
                Use([]) => "nothing".to_owned(),
                Use(names) => names.join(", "),
                UseAllAbove => "all above".to_owned(),
            };
            ((*module).to_owned(), uses)
        })
        .collect();
    assert_eq!(table_rows(&map), expected, "left: src/README.md, right: the constant in this test");
}

/// Module and uses of each row of the table whose first heading is `module`; a third cell, the
/// invariant, has to be there and not empty.
fn table_rows(markdown: &str) -> Vec<(String, String)> {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let mut lines = markdown.lines().skip_while(|line| !line.starts_with("| module | may use |"));
    assert!(lines.next().is_some(), "src/README.md has no table `| module | may use | …`");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|line| match cells(line).as_slice() {
        [module, uses, invariant] if !invariant.is_empty() => (module.clone(), uses.clone()),
        other => panic!("a row needs module, uses and one invariant: {other:?}"),
    })
    .collect()
}

fn undocumented(tree: &Tree) -> Vec<String> {
    let silent = tree.sources.iter().filter(|source| !source.has_module_doc());
    silent.map(|source| format!("src/{}: no `//!`", source.path)).collect()
}

fn long_files(tree: &Tree) -> Vec<String> {
    let long = tree.sources.iter().map(|source| (source, source.lines_outside_tests()));
    long.filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(source, lines)| format!("src/{}: {lines} lines outside tests", source.path))
        .collect()
}

#[cfg(test)]
mod detector {
    //! The detector itself: a border test that finds nothing proves nothing.

    use super::*;

    /// The crossings found in a module made of `code`, as "from -> to".
    fn found(path: &str, code: &str) -> Vec<String> {
        let tree = Tree::of(&[(path, code)]);
        crossings(&tree).into_iter().map(|(from, to, _)| format!("{from} -> {to}")).collect()
    }

    #[test]
    fn finds_uses_in_every_position() {
        for code in [
            "use crate::report::Reporter;",
            "use crate::{logic::{self}, report::{Reporter as R, text}};",
            "use crate::{report};",
            "use crate::report as shown;",
            "fn f() { crate::report::run(); }",
            "fn f(x: &crate::report::Report) {}",
            "impl crate::report::Reporter for X {}",
            "fn f() { let crate::report::Pair { a } = g(); }",
            "type T = Vec<<X as crate::report::Reporter>::Out>;",
            "fn f() { println!(\"{}\", crate::report::NAME); }",
            "macro_rules! m { () => { $crate::report::run() } }",
            "#[derive(crate::report::Show)] struct X;",
            "#[serde(with = \"crate::report::dates\")] struct X;",
            "use super::report::Reporter;",
            "mod inner { use super::super::report::Reporter; }",
            "use super::{logic, report};",
            "mod inner { fn f() { super::super::report::run() } }",
            "use self::super::report::Reporter;",
            "pub use crate::report::Reporter;",
            "pub(in crate::report) struct X;",
        ] {
            let found = found("model/mod.rs", code);
            assert!(found.contains(&"model -> report".to_owned()), "{code}: {found:?}");
        }
    }

    #[test]
    fn resolves_super_by_the_depth_of_the_file() {
        let code = "use super::super::report::X; use super::sibling::Y;";
        assert_eq!(found("clouds/aws.rs", code), ["clouds -> report"]);
        assert_eq!(found("clouds/aws/mod.rs", code), ["clouds -> report"]);
        assert_eq!(found("clouds/aws/parse.rs", code), [""; 0]);
    }

    #[test]
    fn leaves_own_module_tests_and_other_crates_alone() {
        for code in [
            "use crate::model::Grant; use self::grant::G; use super::model::X;",
            "#[cfg(test)] mod tests { use crate::report::Report; }",
            "#[cfg(test)] use crate::report::Report;",
            "#[test] fn t() { crate::report::run(); }",
            "#[cfg(all(test, unix))] mod tests { use crate::report::Report; }",
            "use report::Reporter; // another crate of that name",
            "/// Like [`crate::report::Report`].\nstruct X;",
        ] {
            assert_eq!(found("model/mod.rs", code), [""; 0], "{code}");
        }
    }

    #[test]
    fn refuses_to_lose_sight_of_the_root() {
        for code in [
            "use crate::*;",
            "use super::*;",
            "use crate as root;",
            "use crate::{self as root};",
            "extern crate self as root;",
        ] {
            assert_eq!(found("model/mod.rs", code), ["model -> (everything)"], "{code}");
        }
        // Below the top level `super` is the module itself.
        assert_eq!(found("model/grant.rs", "use super::*;"), [""; 0]);
    }

    #[test]
    fn follows_reexports_and_exported_macros_home() {
        let tree = Tree::of(&[
            ("graph/mod.rs", "pub use crate::solver::Engine; pub use crate::solver::{Goal as Question};"),
            ("evaluator/mod.rs", "pub use crate::solver::*;"),
            ("solver/mod.rs", "#[macro_export] macro_rules! goal { () => {} }"),
            ("findings/engine.rs", "use crate::graph::Engine;"),
            ("findings/question.rs", "fn f() { crate::graph::Question::new() }"),
            ("findings/glob.rs", "use crate::evaluator::Anything;"),
            ("findings/goal.rs", "fn f() { crate::goal!() }"),
            ("findings/fine.rs", "use crate::graph::Edge;"),
        ]);
        let broken = forbidden_crossings(&tree);
        let expected = ["engine", "glob", "goal", "question"]
            .map(|file| format!("src/findings/{file}.rs:1: `findings` uses `solver`"));
        assert_eq!(broken, expected);
    }

    #[test]
    fn names_file_and_line() {
        let tree = Tree::of(&[("logic/mod.rs", "//! Doc.\n\nuse crate::model::Grant;\n")]);
        assert_eq!(forbidden_crossings(&tree), ["src/logic/mod.rs:3: `logic` uses `model`"]);
    }

    #[test]
    fn the_binary_uses_the_command_line_only() {
        let fine = Tree::of(&[("main.rs", "fn main() { leastwise::cli::main() }")]);
        assert_eq!(forbidden_crossings(&fine), [""; 0]);
        let broken = Tree::of(&[("main.rs", "use leastwise::solver::Engine;")]);
        assert_eq!(forbidden_crossings(&broken), ["src/main.rs:1: `main` uses `solver`"]);
    }

    #[test]
    fn finds_cycles() {
        let uses = |pairs: &[(&str, &str)]| {
            let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (from, to) in pairs {
                uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            }
            cycle_in(&uses)
        };
        assert_eq!(uses(&[("a", "b"), ("b", "c"), ("a", "c")]), None);
        assert_eq!(uses(&[("a", "b"), ("b", "c"), ("c", "a")]).map(|chain| chain.len()), Some(4));
    }

    #[test]
    fn finds_a_long_or_silent_file() {
        let long = "// Not a doc comment.\n".repeat(LONGEST_FILE + 1);
        let tree = Tree::of(&[("text/mod.rs", &long), ("logic/mod.rs", "//! Doc.\n")]);
        assert_eq!(long_files(&tree), ["src/text/mod.rs: 601 lines outside tests"]);
        assert_eq!(undocumented(&tree), ["src/text/mod.rs: no `//!`"]);
    }

    #[test]
    fn finds_modules_that_only_one_side_knows() {
        let mut tree = Tree::of(&[]);
        tree.top_level = MODULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(rows_without_module(&tree), [""; 0]);
        tree.top_level.push("helpers".to_owned());
        assert_eq!(rows_without_module(&tree), ["`helpers` is in one of them only"]);
    }

    #[test]
    fn counts_lines_outside_tests() {
        let code = "//! Doc.\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {}\n}\n";
        assert_eq!(Tree::of(&[("text/mod.rs", code)]).sources[0].lines_outside_tests(), 3);
    }
}
