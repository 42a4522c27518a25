//! Sources of Terraform and OpenTofu: `.tf` files, with the modules in the tree, and values of variables beside them.
//!
//! Each folder that nothing calls is a root module. What it says is worked out as far as the files tell, and its resources
//! then mean what they mean in a plan. What is not known stands in names and policies as what it is called in the source,
//! in angle brackets; where that could be anything, it is a gap on what it bears on.
//!
//! Not here: `.tf.json`, override files and modules of registries (each is a gap), values that are given when Terraform
//! runs, and functions of hashes, times, addresses, regular expressions and providers, whose results are not known.

mod attributes;
mod evaluate;
mod files;
mod functions;
mod instances;
mod modules;
mod policy_document;
mod texts;
mod value;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use self::evaluate::Scope;
use self::files::Texts;
use self::instances::{Handle, InstanceId, Of, World};
use self::modules::{Module, Placed, Source, joined, modules, parse, plain};
use self::value::{Sort, Unknown};
use super::{Written, is_about_access, load_written, reads};
use crate::clouds::aws::ast::is_account;
use crate::input::aws_members::only_account;
use crate::input::digest;
use crate::input::{Beside, Confidence, Document, Format};
use crate::model::{Estate, Gap, GapKind, Origin};
use crate::text::{self, Entry, Files, Located, Map, Problem, Route, Span, Tree, hcl};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(in crate::input) struct TerraformSource;

/// Endings of files that are read as they are, not as JSON or YAML.
pub(in crate::input) const ENDINGS: [&str; 5] = [".tf", ".tofu", ".tfvars", ".tftpl", ".tpl"];

impl Format for TerraformSource {
    fn id(&self) -> &'static str {
        "terraform-source"
    }

    fn summary(&self) -> &'static str {
        "sources of Terraform and OpenTofu: folders with `.tf` files"
    }

    /// A module is all files of a folder, and what else tells of a principal is known before.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, _tree: &Tree) -> Confidence {
        Confidence::No
    }

    fn detects_at(&self, path: &str, _tree: &Tree) -> Confidence {
        let reads = ENDINGS.iter().any(|ending| path.ends_with(ending));
        if reads { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let beside = Beside { files: &Files::default(), paths: &[] };
        self.load_beside(&[*document], &beside, estate, problems);
    }

    fn load_beside(
        &self,
        documents: &[Document<'_>],
        beside: &Beside<'_>,
        estate: &mut Estate,
        problems: &mut Vec<Problem>,
    ) {
        let is_code = |path: &str| ENDINGS.iter().take(3).any(|ending| path.ends_with(ending));
        let sources: Vec<Source> = documents
            .iter()
            .filter(|document| is_code(document.path))
            .filter_map(|one| {
                parse(
                    one.file,
                    &plain(&one.path.replace('\\', "/")),
                    one.tree.as_str().unwrap_or_default(),
                    problems,
                )
            })
            .collect();
        let modules = modules(&sources);
        if modules.is_empty() {
            return;
        }
        let texts = texts(beside);
        let account = account(&modules, estate);
        let world = World::new(&modules, &texts, account.clone());
        let mut written = Vec::new();
        let roots = roots(&modules);
        if let Some((_, circle)) = modules.first_key_value().filter(|_| roots.is_empty()) {
            let call = circle.calls.values().next();
            let message = "the folders with sources call each other in a circle, so none of them is read";
            let problem = Problem::error("terraform-modules", message);
            problems.push(call.map(|call| call.head()).into_iter().fold(problem, Problem::at));
        }
        for folder in roots {
            overrides(modules.get(folder), estate);
            if let Some(root) = world.root(folder) {
                collect(&world, root, estate, &mut written);
            }
        }
        for (span, what) in world.assumed.borrow().iter() {
            let message = format!(
                "how often this block stands rests on `{what}`, which is not known; it was taken to stand once"
            );
            estate.add_gap(gap(message, *span));
        }
        load_written(&written, account, "is not known from the source", estate, problems);
        problems.append(&mut world.problems.borrow_mut());
    }
}

fn gap(message: String, span: Span) -> Gap {
    Gap { kind: GapKind::UnknownValue, message, origin: Some(origin(span)) }
}

/// Files that override others are not read, which is said with what tells their text from another one.
fn overrides(module: Option<&Module<'_>>, estate: &mut Estate) {
    for source in module.into_iter().flat_map(|module| &module.overrides) {
        let mark = digest::mark(&source.text);
        let message = format!("`{}` overrides other files, which is not read{mark}", source.path);
        estate.add_gap(gap(message, source.at(Some(0..0))));
    }
}

/// The texts that expressions may read, and templates among them.
fn texts<'f>(beside: &Beside<'f>) -> Texts<'f> {
    let mut texts = Texts::default();
    for (file, path) in beside.paths {
        let (file, path, text) = (*file, plain(&path.replace('\\', "/")), beside.files.text(*file));
        if text.contains("${") || text.contains("%{") {
            let source = |path: String| Source { file, path, text: text.to_owned(), body: Body::new() };
            let parsed = hcl::template(text).map(|template| (source(path.clone()), template));
            texts.templates.extend(parsed.map(|parsed| (path.clone(), parsed)));
        }
        texts.texts.insert(path, (file, text));
    }
    texts
}

/// The folders that nothing calls.
fn roots<'m>(modules: &BTreeMap<&'m str, Module<'m>>) -> Vec<&'m str> {
    let mut called: BTreeSet<String> = BTreeSet::new();
    for module in modules.values() {
        for call in module.calls.values() {
            let source = call.argument("source").and_then(Expression::as_str);
            called.extend(source.and_then(|source| joined(call.source.folder(), source)));
        }
    }
    modules.keys().copied().filter(|folder| !called.contains(*folder)).collect()
}

/// The account that AWS's resources are made in: the one that a provider is limited to, or else [`only_account`].
fn account(modules: &BTreeMap<&str, Module<'_>>, estate: &Estate) -> String {
    let providers = modules.values().flat_map(|module| &module.providers);
    let mut limited = providers.filter_map(|block| match block.argument("allowed_account_ids")? {
        Expression::Array(items) if items.len() == 1 => items.get(0)?.as_str().filter(|id| is_account(id)),
        _ => None,
    });
    limited.next().map_or_else(|| only_account(estate), str::to_owned)
}

fn origin(span: Span) -> Origin {
    Origin { span: Some(span), route: Route::root(), what: "a Terraform source".to_owned() }
}

/// The resources of a module and of those it calls, if they are about access.
fn collect(world: &World<'_>, id: InstanceId, estate: &mut Estate, written: &mut Vec<Written>) {
    let Some(own) = world.instance(id) else { return };
    for ((kind, name), block) in &own.module.resources {
        if !reads(kind) && !is_about_access(kind) {
            continue;
        }
        let of = Of::Resource((*kind).into(), (*name).into());
        for each in world.repetitions(id, &of, name, *block).iter() {
            let handle = Handle { instance: id, of: of.clone(), key: each.key.clone() };
            written.push(resource(world, &handle, kind, *block, estate));
        }
    }
    for (name, call) in &own.module.calls {
        let called = world.calls(id, name, *call);
        called.iter().for_each(|(_, child)| collect(world, *child, estate, written));
        if let Some(given) = call.of.body.get_attribute("providers") {
            estate.add_gap(elsewhere(&format!("{}module.{name}", own.address), call.at(given.span())));
        }
        let source = call.argument("source").and_then(Expression::as_str).unwrap_or("an expression");
        if called.is_empty() && (joined("", source).is_none() || !is_repeated(*call)) {
            let message = format!(
                "module `{}module.{name}` is made of `{source}`, which is not in the input; what it allows was not considered{}",
                own.address,
                mark(*call)
            );
            let origin = Some(origin(call.head()));
            estate.add_gap(Gap { kind: GapKind::MissingPolicy, message, origin });
        }
    }
}

/// Arguments of which those who read a resource say themselves that they are not known.
fn is_said_elsewhere(argument: &str) -> bool {
    const SAID: [&str; 8] = [
        "policy",
        "permissions_boundary",
        "member",
        "members",
        "provider",
        "count",
        "for_each",
        "depends_on",
    ];
    SAID.contains(&argument)
}

/// What another configuration of a provider makes may be in another account.
fn elsewhere(address: &str, span: Span) -> Gap {
    let message = format!(
        "`{address}` is made by a provider configuration of its own; it was taken to be in the same account and region as all else"
    );
    gap(message, span)
}

fn is_repeated(block: Placed<'_, Block>) -> bool {
    block.argument("count").is_some() || block.argument("for_each").is_some()
}

/// What tells a block from another one where its meaning is not known, so that a change is never taken for nothing.
fn mark(block: Placed<'_, Block>) -> String {
    let text = block.of.span().and_then(|range| block.source.text.get(range)).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    digest::mark(&words.join(" "))
}

/// A resource with its values as a plan would tell them.
fn resource<'m>(
    world: &World<'m>,
    handle: &Handle,
    kind: &'m str,
    block: Placed<'m, Block>,
    estate: &mut Estate,
) -> Written {
    let address = world.address(handle);
    let each = world.each_of(handle).map(|(_, each)| each);
    let scope = Scope { source: block.source, instance: handle.instance, each: each.as_ref(), bound: None };
    let content = world.content(&block.of.body, block.at(block.of.span()), scope);
    let (mut entries, mut later) = (Vec::new(), Vec::new());
    let mut unknowns = BTreeSet::new();
    let true_at = |span| Tree { span, kind: text::Kind::Bool(true) };
    for member in content.as_object().unwrap_or_default() {
        match member.value.as_unknown() {
            // A name that is not known is a name that nothing else has; all else is not known at all.
            Some(unknown) if !attributes::is_name(&member.key.value) && unknown.sort != Sort::Made => {
                later.push(Entry { key: member.key.clone(), value: true_at(member.value.span) });
            }
            _ => {
                let value =
                    attributes::identified(world, handle, kind, &member.key.value, member.value.clone());
                entries.push(Entry { key: member.key.clone(), value: value.to_tree(&mut unknowns) });
            }
        }
    }
    if attributes::has_arn(kind) && content.get("arn").is_none() {
        let arn = world.attribute_of(handle, "arn", block.head());
        let key = Located::new("arn".into(), block.head());
        entries.push(Entry { key, value: arn.to_tree(&mut BTreeSet::new()) });
    }
    for entry in later.iter().filter(|entry| !is_said_elsewhere(&entry.key.value)) {
        let message = format!(
            "`{address}`: its `{}` is not known from the source; it was not considered",
            entry.key.value
        );
        estate.add_gap(gap(message, entry.key.span));
    }
    if let Some(other) = block.of.body.get_attribute("provider") {
        estate.add_gap(elsewhere(&address, block.at(other.span())));
    }
    let open: Vec<&Unknown> = unknowns.iter().filter(|unknown| unknown.sort != Sort::Made).collect();
    for unknown in open {
        let message = format!(
            "`{address}`: `{}` is not known from the source; it was taken as a name that nothing else has",
            unknown.name
        );
        estate.add_gap(gap(message, block.head()));
    }
    let map = |entries| Tree { span: content.span, kind: text::Kind::Map(Map { entries }) };
    Written {
        address,
        kind: kind.to_owned(),
        values: map(entries),
        unknown: map(later),
        route: Route::root().key("resource").key(std::sync::Arc::<str>::from(world.address(handle))),
        span: block.head(),
        mark: mark(block),
    }
}

#[cfg(test)]
mod tests;
