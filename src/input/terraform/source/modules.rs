//! The files of a folder as what Terraform calls a module: its blocks by what they are called.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block, Body};

use crate::text::{FileId, Problem, Span, hcl};

/// A file that was parsed.
pub(super) struct Source {
    pub(super) file: FileId,
    /// Its path, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) body: Body,
}

/// A block, and the file it is in.
pub(super) struct Placed<'m, T> {
    pub(super) source: &'m Source,
    pub(super) of: &'m T,
}

// Derived, they would ask the same of what is only referred to.
impl<T> Clone for Placed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Placed<'_, T> {}

impl<T> Placed<'_, T> {
    /// A place in the same file.
    pub(super) fn at(&self, range: Option<std::ops::Range<usize>>) -> Span {
        self.source.at(range)
    }
}

impl<'m> Placed<'m, Block> {
    /// An argument of the block.
    pub(super) fn argument(&self, name: &str) -> Option<&'m Expression> {
        self.of.body.get_attribute(name).map(|attribute| &attribute.value)
    }

    /// From the kind of the block to its last label: `resource "aws_iam_role" "r"`.
    pub(super) fn head(&self) -> Span {
        let start = self.of.ident.span();
        let label = self.of.labels.last().and_then(|label| label.span());
        let whole = start.clone().zip(label).map(|(start, end)| start.start..end.end);
        self.at(whole.or(start))
    }
}

impl Source {
    pub(super) fn at(&self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or_default();
        let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, at(range.start), at(range.end))
    }

    /// The folder it is in; empty for the current one.
    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// Whether it holds values for variables of the root module, and is read without being named.
    /// <https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files>
    fn has_values(&self) -> bool {
        self.name() == "terraform.tfvars" || self.name().ends_with(".auto.tfvars")
    }

    /// Whether what it holds replaces what other files hold.
    /// <https://developer.hashicorp.com/terraform/language/files/override>
    fn is_override(&self) -> bool {
        let stem = self.name().rsplit_once('.').map_or(self.name(), |(stem, _)| stem);
        stem == "override" || stem.ends_with("_override")
    }
}

/// A file as a source; `None` after a problem.
pub(super) fn parse(file: FileId, path: &str, text: &str, problems: &mut Vec<Problem>) -> Option<Source> {
    let body = hcl::body(file, text, problems)?;
    Some(Source { file, path: path.replace('\\', "/"), text: text.to_owned(), body })
}

/// A module.
#[derive(Default)]
pub(super) struct Module<'m> {
    pub(super) variables: BTreeMap<&'m str, Placed<'m, Block>>,
    pub(super) locals: BTreeMap<&'m str, Placed<'m, Attribute>>,
    pub(super) outputs: BTreeMap<&'m str, Placed<'m, Block>>,
    /// Resources by type and name.
    pub(super) resources: BTreeMap<(&'m str, &'m str), Placed<'m, Block>>,
    pub(super) data: BTreeMap<(&'m str, &'m str), Placed<'m, Block>>,
    pub(super) calls: BTreeMap<&'m str, Placed<'m, Block>>,
    pub(super) providers: Vec<Placed<'m, Block>>,
    /// Values of variables, if this is the root module.
    pub(super) values: BTreeMap<&'m str, Placed<'m, Attribute>>,
    /// Files whose content should have replaced that of others.
    pub(super) overrides: Vec<&'m Source>,
}

/// The modules of all files, by folder.
pub(super) fn modules(sources: &[Source]) -> BTreeMap<&str, Module<'_>> {
    let mut modules: BTreeMap<&str, Module<'_>> = BTreeMap::new();
    for source in sources {
        let module = modules.entry(source.folder()).or_default();
        if source.name().ends_with(".tfvars") {
            if source.has_values() {
                let values = source.body.attributes();
                module.values.extend(values.map(|one| (one.key.as_str(), Placed { source, of: one })));
            }
        } else if source.is_override() {
            module.overrides.push(source);
        } else {
            source.body.blocks().for_each(|block| module.add(Placed { source, of: block }));
        }
    }
    modules.retain(|_, module| !module.is_empty());
    modules
}

impl<'m> Module<'m> {
    fn is_empty(&self) -> bool {
        self.resources.is_empty()
            && self.data.is_empty()
            && self.calls.is_empty()
            && self.outputs.is_empty()
            && self.variables.is_empty()
            && self.locals.is_empty()
    }

    fn add(&mut self, block: Placed<'m, Block>) {
        let labels: Vec<&str> = block.of.labels.iter().map(|label| label.as_str()).collect();
        match (block.of.ident.as_str(), labels.as_slice()) {
            ("variable", [name]) => drop(self.variables.insert(name, block)),
            ("output", [name]) => drop(self.outputs.insert(name, block)),
            ("module", [name]) => drop(self.calls.insert(name, block)),
            ("resource", [kind, name]) => drop(self.resources.insert((kind, name), block)),
            ("data", [kind, name]) => drop(self.data.insert((kind, name), block)),
            ("provider", [_]) => self.providers.push(block),
            ("locals", []) => {
                let own = block.of.body.attributes();
                let placed = |one| Placed { source: block.source, of: one };
                self.locals.extend(own.map(|one: &Attribute| (one.key.as_str(), placed(one))));
            }
            _ => {}
        }
    }
}

/// The folder that `to` means, seen from `folder`; `None` when it is no path.
/// <https://developer.hashicorp.com/terraform/language/modules/sources#local-paths>
pub(super) fn joined(folder: &str, to: &str) -> Option<String> {
    if !(to.starts_with("./") || to.starts_with("../") || to == "." || to == "..") {
        return None;
    }
    Some(plain(&format!("{}/{to}", if folder.is_empty() { "." } else { folder })))
}

/// A path without what stays where it is.
pub(super) fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            (part, _) => parts.push(part),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_joined() {
        assert_eq!(joined("a/b", "./c").as_deref(), Some("a/b/c"));
        assert_eq!(joined("a/b", "../c/").as_deref(), Some("a/c"));
        assert_eq!(joined("", "./c").as_deref(), Some("c"));
        assert_eq!(joined("a", "../../c").as_deref(), Some("../c"));
        assert_eq!(joined("/r/a", "../c").as_deref(), Some("/r/c"));
        assert_eq!(joined("a", "hashicorp/consul/aws"), None);
    }
}
