//! The four promises: a new cloud, format, rule or reporter is new files plus one line in a registry.
//! A file that nobody registered would compile and never run, so each has to be in its slice.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{Item, Type};

use super::source::{Source, Tree, is_for_tests};

/// A slice of trait objects in `module/mod.rs`.
struct Registry {
    module: &'static str,
    slice: &'static str,
    implements: &'static str,
    /// Modules beside the registered ones that serve all of them.
    infrastructure: &'static [&'static str],
}

const REGISTRIES: &[Registry] = &[
    Registry {
        module: "clouds",
        slice: "CLOUDS",
        implements: "Cloud",
        infrastructure: &[
            "catalog",
            "clock",
            "documents",
            "edits",
            "escalation",
            "federation",
            "own_policies",
            "roles",
            "service_accounts",
            "subjects",
        ],
    },
    Registry {
        module: "input",
        slice: "FORMATS",
        implements: "Format",
        // Pairs of documents, escalation steps and scenarios are no part of an estate, so they are not loaded like one.
        infrastructure: &[
            "aws_layout",
            "aws_managed",
            "aws_members",
            "aws_shapes",
            "azure_names",
            "digest",
            "disk",
            "document_pairs",
            "escalation_steps",
            "gcp_rows",
            "load",
            "revision",
            "scenarios",
        ],
    },
    Registry {
        module: "findings",
        slice: "RULES",
        implements: "Rule",
        infrastructure: &["documents", "exposure", "finding", "in_effect", "outsiders", "rule"],
    },
    Registry {
        module: "report",
        slice: "REPORTERS",
        implements: "Reporter",
        infrastructure: &["certificate", "notes", "picture"],
    },
];

pub(super) fn unregistered(tree: &Tree) -> Vec<String> {
    REGISTRIES.iter().flat_map(|registry| missing(tree, registry)).collect()
}

/// Modules and implementations that are missing from the slice. Nothing while there is no slice.
fn missing(tree: &Tree, registry: &Registry) -> Vec<String> {
    let inside = |source: &&Source| source.top() == registry.module;
    let Some(named) =
        tree.sources.iter().filter(inside).find_map(|source| names_in_slice(source, registry.slice))
    else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    for source in tree.sources.iter().filter(inside).filter(|source| source.module.len() > 1) {
        let child = source.module[1].as_str();
        if source.module.len() == 2 && !registry.infrastructure.contains(&child) && !named.contains(child) {
            broken.push(format!("src/{}: `{child}` is not in `{}`", source.path, registry.slice));
        }
        for name in implementors(source, registry.implements) {
            if !named.contains(&name) {
                broken.push(format!("src/{}: `{name}` is not in `{}`", source.path, registry.slice));
            }
        }
    }
    broken
}

/// Every name in the value of the constant, with the names of the modules it was imported from.
fn names_in_slice(source: &Source, slice: &str) -> Option<BTreeSet<String>> {
    let expression = source.file.items.iter().find_map(|item| match item {
        Item::Const(item) if item.ident == slice => Some(&item.expr),
        Item::Static(item) if item.ident == slice => Some(&item.expr),
        _ => None,
    })?;
    let mut names = Names::default();
    names.visit_expr(expression);
    for import in source.paths() {
        if import.name.is_some_and(|name| names.0.contains(&name)) {
            names.0.extend(import.segments);
        }
    }
    Some(names.0)
}

#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.extend(path.segments.iter().map(|segment| segment.ident.to_string()));
    }
}

/// The types for which a file implements the trait.
fn implementors(source: &Source, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in &source.file.items {
        if let Item::Impl(item) = item
            && !is_for_tests(&item.attrs)
            && let Some((_, path, _)) = &item.trait_
            && path.segments.last().is_some_and(|segment| segment.ident == wanted)
            && let Type::Path(of) = item.self_ty.as_ref()
        {
            found.extend(of.path.segments.last().map(|segment| segment.ident.to_string()));
        }
    }
    found
}

#[test]
fn missing_registrations_are_found() {
    let registry = &REGISTRIES[2];
    let rule = "impl Rule for PublicResource {}";
    let with = |slice: &str| {
        let tree = Tree::of(&[
            ("findings/mod.rs", slice),
            ("findings/public_resource.rs", rule),
            ("findings/finding.rs", "struct Finding;"),
        ]);
        missing(&tree, registry)
    };
    assert_eq!(with("mod public_resource;"), [""; 0]);
    assert_eq!(with("const RULES: &[&dyn Rule] = &[];").len(), 2);
    assert_eq!(with("const RULES: &[&dyn Rule] = &[&public_resource::Other];").len(), 1);
    assert_eq!(with("const RULES: &[&dyn Rule] = &[&public_resource::PublicResource];"), [""; 0]);
    let imported =
        "use public_resource::PublicResource; pub static RULES: &[&dyn Rule] = &[&PublicResource];";
    assert_eq!(with(imported), [""; 0]);
}
