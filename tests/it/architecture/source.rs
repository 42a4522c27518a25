//! The source files as the tests see them: which module each belongs to, and every path it writes.
//!
//! Names are not resolved as the compiler does: a path counts by what is written, after `crate`,
//! `super` and `self` are made absolute.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, Meta, UseTree};

/// All files of the crate outside tests, with what the whole crate knows.
pub(super) struct Tree {
    pub(super) sources: Vec<Source>,
    /// The modules declared in `lib.rs`.
    pub(super) top_level: Vec<String>,
    /// Exported macros, which are named at the root of the crate, with the module each comes from.
    pub(super) macros: BTreeMap<String, String>,
    on_disk: BTreeSet<String>,
    tests_only: BTreeSet<String>,
}

/// One file.
pub(super) struct Source {
    /// Below `src/`, with `/`.
    pub(super) path: String,
    /// The module it is, for example `["clouds", "aws"]`; the root is empty.
    pub(super) module: Vec<String>,
    pub(super) file: File,
    text: String,
}

/// A path as written, made absolute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Written {
    pub(super) line: usize,
    /// True if it begins at the root of this crate, otherwise it begins as written.
    pub(super) in_crate: bool,
    /// Without `crate`. A glob ends in `*`. Empty: the root itself gets another name.
    pub(super) segments: Vec<String>,
    /// The name an import gives it.
    pub(super) name: Option<String>,
    /// An import that others may use.
    pub(super) exported: bool,
}

impl Tree {
    /// Follows the module declarations from `lib.rs`, and takes `main.rs`.
    pub(super) fn read(src: &Path) -> Self {
        let mut tree = Self::empty();
        list(src, src, &mut tree.on_disk);
        let root = Source::parse("lib.rs", Vec::new(), fs::read_to_string(src.join("lib.rs")).unwrap());
        tree.top_level = modules_in(&root.file).into_iter().filter(|m| !m.1).map(|m| m.0).collect();
        let mut open = vec![root];
        open.push(Source::parse(
            "main.rs",
            vec!["main".to_owned()],
            fs::read_to_string(src.join("main.rs")).unwrap(),
        ));
        while let Some(source) = open.pop() {
            for (name, test_only) in modules_in(&source.file) {
                let module: Vec<String> = source.module.iter().cloned().chain([name]).collect();
                let stem = module.join("/");
                let path = [format!("{stem}.rs"), format!("{stem}/mod.rs")]
                    .into_iter()
                    .find(|path| tree.on_disk.contains(path))
                    .unwrap_or_else(|| panic!("src/{}: no file for `mod {stem}`", source.path));
                if test_only {
                    tree.tests_only.insert(stem);
                } else {
                    let text = fs::read_to_string(src.join(&path)).unwrap();
                    open.push(Source::parse(&path, module, text));
                }
            }
            tree.add(source);
        }
        tree.sources.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    }

    /// A crate of the given files, for tests of the tests.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::empty();
        for (path, text) in files {
            let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
            let module = stem.split('/').map(str::to_owned).collect();
            tree.add(Source::parse(path, module, (*text).to_owned()));
        }
        tree
    }

    fn empty() -> Self {
        Self {
            sources: Vec::new(),
            top_level: Vec::new(),
            macros: BTreeMap::new(),
            on_disk: BTreeSet::new(),
            tests_only: BTreeSet::new(),
        }
    }

    fn add(&mut self, source: Source) {
        for item in &source.file.items {
            if let Item::Macro(item) = item
                && item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
                && let Some(name) = &item.ident
            {
                self.macros.insert(name.to_string(), source.top().to_owned());
            }
        }
        self.sources.push(source);
    }

    /// Files that no module declaration leads to; the compiler ignores them silently.
    pub(super) fn unreachable(&self) -> Vec<String> {
        let reached: BTreeSet<&str> = self.sources.iter().map(|source| source.path.as_str()).collect();
        let of_tests = |path: &str| {
            let stem = path.trim_end_matches(".rs");
            self.tests_only.iter().any(|test| stem == test || stem.starts_with(&format!("{test}/")))
        };
        let lost = self.on_disk.iter().filter(|path| !reached.contains(path.as_str()) && !of_tests(path));
        lost.map(|path| format!("src/{path}")).collect()
    }
}

/// The names that modules export from others: (module, name) to the module it came from. Only names
/// exported at the top level of a module can be reached by `crate::module::Name`, so deeper ones are
/// taken in as well: too many homes are better than too few.
pub(super) fn reexports(tree: &Tree) -> BTreeMap<(String, String), String> {
    let mut homes = BTreeMap::new();
    for source in &tree.sources {
        for used in source.crate_paths() {
            if let (true, Some(name), Some(home)) = (used.exported, &used.name, used.segments.first())
                && home != source.top()
            {
                homes.insert((source.top().to_owned(), name.clone()), home.clone());
            }
        }
    }
    homes
}

impl Source {
    fn parse(path: &str, module: Vec<String>, text: String) -> Self {
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{path}: {error}"));
        Self { path: path.to_owned(), module, file, text }
    }

    /// The top-level module it belongs to; `lib` and `main` for the roots.
    pub(super) fn top(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    pub(super) fn has_module_doc(&self) -> bool {
        self.file.attrs.iter().any(|attribute| attribute.path().is_ident("doc"))
    }

    /// Every path outside tests, in the order of the file.
    pub(super) fn paths(&self) -> Vec<Written> {
        let mut finder = Finder { source: self, inline: Vec::new(), found: Vec::new() };
        finder.visit_file(&self.file);
        finder.found
    }

    pub(super) fn crate_paths(&self) -> Vec<Written> {
        self.paths().into_iter().filter(|path| path.in_crate).collect()
    }

    pub(super) fn lines_outside_tests(&self) -> usize {
        let tests = self.file.items.iter().filter(|item| is_for_tests(attributes(item)));
        let in_tests: usize = tests
            .map(|item| {
                let (first, last) = (item.span().start().line, item.span().end().line);
                last + 1 - first
            })
            .sum();
        self.text.lines().count() - in_tests
    }
}

fn list(root: &Path, dir: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below: Vec<_> =
                path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
            found.insert(below.join("/"));
        }
    }
}

/// The modules a file declares without a body, and whether each is for tests only.
fn modules_in(file: &File) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for item in &file.items {
        if let Item::Mod(item) = item
            && item.content.is_none()
        {
            let renamed = item.attrs.iter().any(|attribute| attribute.path().is_ident("path"));
            assert!(!renamed, "`mod {}`: a `path` attribute hides where the module is", item.ident);
            found.push((item.ident.to_string(), is_for_tests(&item.attrs)));
        }
    }
    found
}

/// `#[test]`, `#[cfg(test)]`, or `#[cfg(all(test, …))]`.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && match &attribute.meta {
                    Meta::List(list) => {
                        let text = list.tokens.to_string().replace(' ', "");
                        text == "test" || text.starts_with("all(test,")
                    }
                    _ => false,
                }
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Collects paths; knows in which inline module it is.
struct Finder<'s> {
    source: &'s Source,
    inline: Vec<String>,
    found: Vec<Written>,
}

impl Finder<'_> {
    /// Makes `segments` absolute and keeps it.
    fn add(&mut self, span: Span, segments: &[String], name: Option<String>, exported: bool) {
        let mut place: Vec<&str> =
            self.source.module.iter().chain(&self.inline).map(String::as_str).collect();
        let mut rest = segments;
        let mut in_crate = false;
        if self.source.top() == "main" && rest.first().is_some_and(|first| first == "leastwise") {
            (in_crate, rest) = (true, &rest[1..]);
            place.clear();
        }
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => place.clear(),
                "super" => drop(place.pop()),
                "self" => {}
                _ => break,
            }
            (in_crate, rest) = (true, &rest[1..]);
        }
        let mut segments: Vec<String> = rest.to_vec();
        if in_crate {
            segments = place.into_iter().map(str::to_owned).chain(segments).collect();
        }
        if segments.first().is_some_and(|first| first == "*") {
            segments.clear();
        }
        self.found.push(Written { line: span.start().line, in_crate, segments, name, exported });
    }

    fn add_use(&mut self, tree: &UseTree, before: &mut Vec<String>, exported: bool) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_use(&path.tree, before, exported);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before, exported);
                }
            }
            UseTree::Name(name) => {
                self.add_import(name.ident.span(), before, &name.ident.to_string(), None, exported)
            }
            UseTree::Rename(rename) => {
                let (ident, name) = (rename.ident.to_string(), rename.rename.to_string());
                self.add_import(rename.ident.span(), before, &ident, Some(name), exported);
            }
            UseTree::Glob(glob) => self.add_import(glob.star_token.span(), before, "*", None, exported),
        }
    }

    fn add_import(
        &mut self,
        span: Span,
        before: &[String],
        ident: &str,
        name: Option<String>,
        exported: bool,
    ) {
        let mut segments = before.to_vec();
        // `{self}` names the module before it; at the start of a path it means this module.
        if ident != "self" || before.is_empty() {
            segments.push(ident.to_owned());
        }
        let name = name.or_else(|| segments.last().cloned());
        self.add(span, &segments, name, exported);
    }

    /// Paths inside macros and attributes, which syn leaves as tokens.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let (mut start, mut colons) = (Span::call_site(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end_path(start, &mut path);
                        start = ident.span();
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Punct(_) => (self.end_path(start, &mut path), colons = 0).1,
                TokenTree::Group(group) => {
                    // `crate::{a, b}` inside a macro: each name of the group goes on.
                    let before = if colons == 2 { std::mem::take(&mut path) } else { Vec::new() };
                    self.end_path(start, &mut path);
                    colons = 0;
                    if before.is_empty() {
                        self.add_tokens(group.stream());
                    } else {
                        for token in group.stream() {
                            if let TokenTree::Ident(ident) = token {
                                let mut whole = before.clone();
                                whole.push(ident.to_string());
                                self.end_path(ident.span(), &mut whole);
                            }
                        }
                    }
                }
                TokenTree::Literal(literal) => {
                    self.end_path(start, &mut path);
                    colons = 0;
                    // serde names functions in strings.
                    let text = literal.to_string();
                    let text = text.trim_matches('"');
                    if text.starts_with("crate::") || text.starts_with("super::") {
                        let segments: Vec<String> = text.split("::").map(str::to_owned).collect();
                        self.add(literal.span(), &segments, None, false);
                    }
                }
            }
        }
        self.end_path(start, &mut path);
    }

    fn end_path(&mut self, span: Span, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.add(span, &path, None, false);
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.inline.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.inline.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.add_use(&item.tree, &mut Vec::new(), exported);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let path = [item.ident.to_string()];
        self.add(item.ident.span(), &path, None, false);
        if path[0] == "self" {
            // The root of the crate under another name.
            self.add(item.ident.span(), &["crate".to_owned()], None, false);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.add(path.span(), &segments, None, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.add_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::List(list) => self.add_tokens(list.tokens.clone()),
            // What a doc comment links to is no use.
            Meta::NameValue(_) | Meta::Path(_) => {}
        }
    }
}

impl Source {
    /// True if the file declares a module of that name, which then hides a crate.
    pub(super) fn declares(&self, module: &str) -> bool {
        self.file.items.iter().any(|item| matches!(item, Item::Mod(item) if item.ident == module))
    }

    /// The lints that `allow` or `expect` lift outside tests, without `clippy::`, with their lines.
    pub(super) fn lints_lifted(&self) -> Vec<(usize, String)> {
        let mut finder = Lifted { found: Vec::new() };
        finder.visit_file(&self.file);
        finder.found
    }
}

struct Lifted {
    found: Vec<(usize, String)>,
}

impl<'ast> Visit<'ast> for Lifted {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta
            && (list.path.is_ident("allow") || list.path.is_ident("expect"))
        {
            let idents = list.tokens.clone().into_iter().filter_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident.to_string()),
                _ => None,
            });
            let line = attribute.span().start().line;
            self.found
                .extend(idents.filter(|name| name != "clippy" && name != "reason").map(|lint| (line, lint)));
        }
    }
}
