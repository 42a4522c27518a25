//! Borders inside and around the crate: which other crates are named where, who serializes, who may
//! lift the lint that guards files, environment, clock and network, and that nobody matches on a cloud.

use syn::visit::{self, Visit};
use syn::{Fields, Item, Pat, Visibility};

use super::source::{Source, Tree, is_for_tests};

/// A path of another crate, the places below `src/` that may name it, and why only those.
struct Border {
    path: &'static str,
    only: &'static [&'static str],
    why: &'static str,
}

const CRATES: &[Border] = &[
    Border { path: "petgraph", only: &["graph/"], why: "petgraph's types do not leave `graph`" },
    Border { path: "z3", only: &["solver/z3/"], why: "no rule and no cloud knows that a solver exists" },
    Border { path: "z3_sys", only: &["solver/z3/"], why: "no rule and no cloud knows that a solver exists" },
    Border { path: "tabled", only: &["report/", "cli/"], why: "tables are presentation" },
    Border {
        path: "annotate_snippets",
        only: &["text/"],
        why: "snippets are rendered where spans are known",
    },
    Border { path: "clap", only: &["cli/"], why: "the library has no command line" },
    Border { path: "tokio", only: &["collect/"], why: "`collect` is the only asynchronous module" },
    Border { path: "aws_config", only: &["collect/"], why: "only `collect` opens connections" },
    Border { path: "aws_sdk_iam", only: &["collect/"], why: "only `collect` opens connections" },
    Border { path: "jsonc_parser", only: &["text/"], why: "every syntax becomes the same tree in `text`" },
    Border { path: "saphyr_parser", only: &["text/"], why: "every syntax becomes the same tree in `text`" },
    Border { path: "toml", only: &["text/"], why: "every syntax becomes the same tree in `text`" },
    Border {
        path: "hcl_edit",
        only: &["text/", "input/terraform/source/"],
        why: "only sources of Terraform have expressions, which no tree of values has",
    },
];

/// Where JSON is written. What users read is written by `report`; the others write their own files.
const SERIALIZERS: &[&str] = &[
    "report/",
    // Rebuilds the embedded catalogs from the providers' exports.
    "cli/catalog",
    // The history of reviews is its own store.
    "review/",
    // What was collected is written down as the provider gave it.
    "collect/",
    // A policy is text of the provider's: it is proven as the text that commands carry.
    "clouds/aws/own_policies/",
];

/// Where the lint on the world outside may be lifted, and what for.
const WORLD: &[(&str, &str)] = &[
    ("input/disk", "reads files and the standard input"),
    ("input/revision", "asks git for what a commit holds"),
    ("review/store", "keeps its own files"),
    ("collect/", "opens connections"),
    ("cli/", "reads the environment, prints, writes what the user asked to have written"),
    ("main.rs", "reads the arguments"),
];

fn is_below(source: &Source, places: &[&str]) -> bool {
    places.iter().any(|place| source.path.starts_with(place))
}

/// Uses of `border.path` outside its places. A module of the same name wins over the crate.
fn crossed(tree: &Tree, border: &Border) -> Vec<String> {
    let mut broken = Vec::new();
    for source in tree.sources.iter().filter(|source| !is_below(source, border.only)) {
        let own = source.declares(border.path);
        for used in source.paths() {
            if !used.in_crate && !own && used.segments.first().is_some_and(|first| first == border.path) {
                broken.push(format!(
                    "src/{}:{}: names `{}`: {}",
                    source.path, used.line, border.path, border.why
                ));
            }
        }
    }
    broken
}

pub(super) fn crossings(tree: &Tree) -> Vec<String> {
    CRATES.iter().flat_map(|border| crossed(tree, border)).collect()
}

pub(super) fn serializations(tree: &Tree) -> Vec<String> {
    let writes = |name: &str| name.starts_with("to_") || matches!(name, "json" | "Serializer" | "ser");
    let mut broken = Vec::new();
    for source in tree.sources.iter().filter(|source| !is_below(source, SERIALIZERS)) {
        for used in source.paths() {
            if let [first, rest @ ..] = used.segments.as_slice()
                && first == "serde_json"
                && rest.iter().any(|name| writes(name) || name == "*")
            {
                broken.push(format!("src/{}:{}: `{}`", source.path, used.line, used.segments.join("::")));
            }
        }
    }
    broken
}

pub(super) fn lifted(tree: &Tree) -> Vec<String> {
    let places: Vec<&str> = WORLD.iter().map(|(place, _)| *place).collect();
    let mut broken = Vec::new();
    for source in tree.sources.iter().filter(|source| !is_below(source, &places)) {
        for (line, lint) in source.lints_lifted() {
            if guards_the_world(&lint) {
                broken.push(format!("src/{}:{line}: lifts `{lint}`", source.path));
            }
        }
    }
    broken
}

fn guards_the_world(lint: &str) -> bool {
    ["disallowed_methods", "print_stdout", "print_stderr", "exit"].contains(&lint)
}

/// Patterns that name the identifier of a cloud, and declarations that would allow more of them.
pub(super) fn matches_on_clouds(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for source in &tree.sources {
        let mut finder = CloudPatterns { found: Vec::new() };
        finder.visit_file(&source.file);
        let inside = source.top() == "clouds";
        let found = finder.found.into_iter().filter(|(_, what)| !(inside && *what == PATTERN));
        broken.extend(found.map(|(line, what)| format!("src/{}:{line}: {what}", source.path)));
    }
    broken
}

const PATTERN: &str = "a pattern names `CloudId`";

struct CloudPatterns {
    found: Vec<(usize, &'static str)>,
}

impl<'ast> Visit<'ast> for CloudPatterns {
    fn visit_item(&mut self, item: &'ast Item) {
        use syn::spanned::Spanned as _;
        match item {
            Item::Mod(item) if is_for_tests(&item.attrs) => return,
            Item::Fn(item) if is_for_tests(&item.attrs) => return,
            Item::Enum(item) if item.ident == "CloudId" => {
                self.found
                    .push((item.span().start().line, "`CloudId` is an enum, so everybody can match on it"));
            }
            Item::Struct(item) if item.ident == "CloudId" => {
                let hidden = |field: &syn::Field| matches!(field.vis, Visibility::Inherited);
                if matches!(item.fields, Fields::Unit) || !item.fields.iter().all(hidden) {
                    self.found.push((item.span().start().line, "`CloudId` shows its content"));
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_pat(&mut self, pattern: &'ast Pat) {
        use syn::spanned::Spanned as _;
        let path = match pattern {
            Pat::Path(pattern) => Some(&pattern.path),
            Pat::TupleStruct(pattern) => Some(&pattern.path),
            Pat::Struct(pattern) => Some(&pattern.path),
            _ => None,
        };
        if path.is_some_and(|path| path.segments.iter().any(|segment| segment.ident == "CloudId")) {
            self.found.push((pattern.span().start().line, PATTERN));
        }
        visit::visit_pat(self, pattern);
    }
}

#[test]
fn crossed_borders_are_found() {
    let border = &CRATES[1];
    for code in [
        "use z3::Solver;",
        "fn f() { let s = z3::Solver::new(); }",
        "fn f() { vec![z3::Solver::new()]; }",
        "use ::z3::ast;",
        "use z3;",
        "use z3 as smt;",
        "extern crate z3;",
    ] {
        assert_eq!(crossed(&Tree::of(&[("evaluator/mod.rs", code)]), border).len(), 1, "{code}");
        assert_eq!(crossed(&Tree::of(&[("solver/z3/mod.rs", code)]), border).len(), 0, "{code}");
    }
    let own = "mod z3; use z3::Engine; fn f() { z3::run() }";
    assert_eq!(crossed(&Tree::of(&[("solver/mod.rs", own)]), border), [""; 0]);
    assert_eq!(crossed(&Tree::of(&[("solver/portfolio.rs", "use super::z3::Engine;")]), border), [""; 0]);
}

#[test]
fn serializations_are_found() {
    for code in [
        "fn f() { serde_json::to_string(&1); }",
        "use serde_json::{from_str, to_writer};",
        "fn f() { let v = serde_json::json!({}); }",
        "fn f() { println!(\"{:?}\", serde_json::to_vec(&1)); }",
    ] {
        assert_eq!(serializations(&Tree::of(&[("evaluator/mod.rs", code)])).len(), 1, "{code}");
        assert_eq!(serializations(&Tree::of(&[("report/json.rs", code)])).len(), 0, "{code}");
    }
    let reads = "use serde_json::{Value, from_str}; fn f() { serde_json::from_slice(b\"1\"); }";
    assert_eq!(serializations(&Tree::of(&[("usage/mod.rs", reads)])), [""; 0]);
}

#[test]
fn lifted_lints_are_found() {
    let code = "#![expect(clippy::print_stdout, reason = \"\")]\n\
        #[expect(clippy::disallowed_methods, clippy::too_many_lines, reason = \"\")]\nfn f() {}\n\
        #[cfg(test)]\n#[expect(clippy::disallowed_methods, reason = \"\")]\nmod tests {}";
    let expected =
        ["src/graph/mod.rs:1: lifts `print_stdout`", "src/graph/mod.rs:2: lifts `disallowed_methods`"];
    assert_eq!(lifted(&Tree::of(&[("graph/mod.rs", code)])), expected);
    assert_eq!(lifted(&Tree::of(&[("cli/mod.rs", code)])), [""; 0]);
}

#[test]
fn matches_on_clouds_are_found() {
    for code in [
        "fn f(id: CloudId) { match id { CloudId::AWS => {}, _ => {} } }",
        "fn f(id: CloudId) -> bool { matches(if let CloudId(name) = id { true } else { false }) }",
        "pub enum CloudId { Aws, Gcp }",
        "pub struct CloudId(pub &'static str);",
    ] {
        assert_eq!(matches_on_clouds(&Tree::of(&[("model/mod.rs", code)])).len(), 1, "{code}");
    }
    let opaque = "pub struct CloudId(&'static str); fn f(id: CloudId) -> bool { id == other }";
    assert_eq!(matches_on_clouds(&Tree::of(&[("model/mod.rs", opaque)])), [""; 0]);
}
