//! A plan as a list of resources with their values, and the resources that values are taken from.

use std::collections::BTreeMap;

use crate::model::Origin;
use crate::text::{Problem, Route, Span, Tree};

/// Which side of a plan is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Side {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// A plan.
pub(super) struct Plan<'t> {
    /// The resources that exist on the side that is read, in the order of the plan.
    pub(super) resources: Vec<Planned<'t>>,
    /// The expressions of the configuration, by address without indexes.
    expressions: BTreeMap<String, &'t Tree>,
    /// Values that data sources told when the plan was made, by address.
    pub(super) data: Vec<(&'t str, &'t Tree)>,
    /// The account that a source is about.
    pub(super) account: Option<String>,
    /// Why a value is not there, in words that follow one about it.
    pub(super) later: &'static str,
}

/// A resource of a source, with what is known of its values.
pub(in crate::input) struct Written {
    pub(in crate::input) address: String,
    pub(in crate::input) kind: String,
    pub(in crate::input) values: Tree,
    /// The values that are not known, each with `true`.
    pub(in crate::input) unknown: Tree,
    pub(in crate::input) route: Route,
    pub(in crate::input) span: Span,
    /// What tells its text from another one, in words.
    pub(in crate::input) mark: String,
}

/// A resource with its values.
pub(super) struct Planned<'t> {
    pub(super) address: &'t str,
    /// Its type: `aws_iam_role`.
    pub(super) kind: &'t str,
    pub(super) values: &'t Tree,
    unknown: Option<&'t Tree>,
    /// Whether it changes, or what tells it from another one, in words that follow its type.
    pub(super) mark: String,
    /// The way to its values.
    pub(super) route: Route,
    span: Span,
}

/// A value of a resource.
pub(super) enum Given<'t> {
    Known(&'t Tree),
    /// It is known after the apply.
    Later,
    Absent,
}

impl<'t> Planned<'t> {
    pub(super) fn value(&self, key: &str) -> Given<'t> {
        let later = self.unknown.and_then(|unknown| unknown.get(key)).and_then(Tree::as_bool) == Some(true);
        match self.values.get(key) {
            Some(value) if !matches!(value.kind, crate::text::Kind::Null) => Given::Known(value),
            _ if later => Given::Later,
            _ => Given::Absent,
        }
    }

    /// A text that is known and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&'t str> {
        self.values.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty())
    }

    /// Texts of a list that are known.
    pub(super) fn texts(&self, key: &str) -> Vec<&'t str> {
        let list = self.values.get(key).and_then(Tree::as_list).unwrap_or_default();
        list.iter().filter_map(Tree::as_str).collect()
    }

    pub(super) fn origin(&self) -> Origin {
        Origin { span: Some(self.span), route: self.route.clone(), what: format!("`{}`", self.address) }
    }

    /// The address without the indexes of `count` and `for_each`.
    fn plain(&self) -> String {
        without_indexes(self.address)
    }
}

impl<'t> Plan<'t> {
    /// What a source plans.
    pub(super) fn of_source(written: &'t [Written], account: String, later: &'static str) -> Self {
        let planned = |one: &'t Written| Planned {
            address: &one.address,
            kind: &one.kind,
            values: &one.values,
            unknown: Some(&one.unknown),
            mark: one.mark.clone(),
            route: one.route.clone(),
            span: one.span,
        };
        Self {
            resources: written.iter().map(planned).collect(),
            expressions: BTreeMap::new(),
            data: Vec::new(),
            account: Some(account),
            later,
        }
    }

    pub(super) fn read(tree: &'t Tree, side: Side, problems: &mut Vec<Problem>) -> Self {
        let mut plan = Self {
            resources: Vec::new(),
            expressions: BTreeMap::new(),
            data: Vec::new(),
            account: None,
            later: "is known only after the plan is applied",
        };
        let changes = tree.get("resource_changes");
        if let Some(wrong) = changes.filter(|changes| changes.as_list().is_none()) {
            let message = format!("expected `resource_changes` to be an array, found {}", wrong.kind_name());
            problems.push(shape(message, wrong.span));
        }
        if changes.is_none() {
            let message = "the plan has no `resource_changes`, so it tells of no resource".to_owned();
            problems.push(shape(message, tree.span));
        }
        let items = changes.and_then(Tree::as_list).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let route = Route::root().key("resource_changes").index(index);
            match planned(item, side, &route) {
                Ok(found) => plan.resources.extend(found),
                Err(message) => problems.push(shape(message, item.span)),
            }
        }
        if let Some(root) = tree.get("configuration").and_then(|one| one.get("root_module")) {
            plan.configured(root, "", 0);
        }
        if let Some(root) = tree.get("prior_state").and_then(|one| one.get("values")?.get("root_module")) {
            plan.known_data(root, 0);
        }
        plan
    }

    /// The expressions of a module and of those in it.
    fn configured(&mut self, module: &'t Tree, prefix: &str, depth: usize) {
        for resource in module.get("resources").and_then(Tree::as_list).unwrap_or_default() {
            let address = resource.get("address").and_then(Tree::as_str);
            if let Some((address, expressions)) = address.zip(resource.get("expressions")) {
                self.expressions.insert(format!("{prefix}{address}"), expressions);
            }
        }
        for call in module.get("module_calls").into_iter().flat_map(Tree::entries).filter(|_| depth < DEEPEST)
        {
            if let Some(inner) = call.value.get("module") {
                self.configured(inner, &format!("{prefix}module.{}.", call.key.value), depth + 1);
            }
        }
    }

    fn known_data(&mut self, module: &'t Tree, depth: usize) {
        for resource in module.get("resources").and_then(Tree::as_list).unwrap_or_default() {
            let is_data = resource.get("mode").and_then(Tree::as_str) == Some("data");
            let kind = resource.get("type").and_then(Tree::as_str).filter(|_| is_data);
            self.data.extend(kind.zip(resource.get("values")));
        }
        let inner = module.get("child_modules").and_then(Tree::as_list).unwrap_or_default();
        inner.iter().filter(|_| depth < DEEPEST).for_each(|module| self.known_data(module, depth + 1));
    }

    /// The resource that a value of another one is taken from, if it is taken from one alone.
    pub(super) fn source(&self, of: &Planned<'t>, key: &str) -> Option<&Planned<'t>> {
        let expression = self.expressions.get(&of.plain())?.get(key)?;
        let references = expression.get("references")?.as_list()?;
        let prefix = module_of(of.address);
        let mut found: Option<&Planned<'t>> = None;
        for reference in references.iter().filter_map(Tree::as_str) {
            for one in self.resources.iter().filter(|one| module_of(one.address) == prefix) {
                let own = one.address.strip_prefix(prefix).unwrap_or(one.address);
                let named = without_indexes(own);
                let is_meant = reference == own
                    || (without_indexes(reference) == reference
                        && (reference == named
                            || reference.strip_prefix(&named).is_some_and(|rest| rest.starts_with('.')))
                        && (own == named || index_of(own) == index_of(of.address)))
                    || reference.strip_prefix(own).is_some_and(|rest| rest.starts_with('.'));
                if !is_meant {
                    continue;
                }
                if found.is_some_and(|known| known.address != one.address) {
                    return None;
                }
                found = Some(one);
            }
        }
        found
    }
}

/// Modules deeper than this are not entered.
const DEEPEST: usize = 64;

fn shape(message: String, span: Span) -> Problem {
    let problem = Problem::error("terraform-plan-shape", message).at(span);
    problem.help("make it anew with `terraform show -json PLAN > plan.json`")
}

fn planned<'t>(item: &'t Tree, side: Side, route: &Route) -> Result<Option<Planned<'t>>, String> {
    let text = |key: &str| {
        let found = item.get(key).and_then(Tree::as_str);
        found.ok_or_else(|| format!("a changed resource has no `{key}` and was left out"))
    };
    let (address, kind) = (text("address")?, text("type")?);
    if item.get("mode").and_then(Tree::as_str) == Some("data") {
        return Ok(None);
    }
    let change = item.get("change").ok_or_else(|| format!("`{address}` has no `change` and was left out"))?;
    let actions = change.get("actions").and_then(Tree::as_list).unwrap_or_default();
    let changes = !actions.iter().all(|action| matches!(action.as_str(), Some("no-op" | "read")));
    let mark = if changes { format!(", and the plan changes it ({})", side.word()) } else { String::new() };
    let Some(values) = change.get(side.word()).filter(|values| values.as_map().is_some()) else {
        // It is not there on this side.
        return Ok(None);
    };
    let unknown = change.get("after_unknown").filter(|_| side == Side::After);
    let route = route.key("change").key(side.word());
    let span = item.get("address").map_or(item.span, |address| address.span);
    Ok(Some(Planned { address, kind, values, unknown, mark, route, span }))
}

/// `module.a["x"].` of `module.a["x"].aws_iam_role.r`.
fn module_of(address: &str) -> &str {
    let mut end = 0;
    let mut rest = address;
    while let Some(behind) = rest.strip_prefix("module.") {
        let Some(next) = outside_brackets(behind) else { break };
        let length = "module.".len() + next + 1;
        end += length;
        rest = rest.get(length..).unwrap_or_default();
    }
    address.get(..end).unwrap_or_default()
}

/// The place of the first period that does not stand in brackets.
fn outside_brackets(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })
}

fn without_indexes(address: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::new();
    for c in address.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// The index at the end of an address.
fn index_of(address: &str) -> Option<&str> {
    address.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')).map(|(_, index)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(module_of("aws_iam_role.r"), "");
        assert_eq!(module_of("module.a[\"x.y\"].module.b.aws_iam_role.r[0]"), "module.a[\"x.y\"].module.b.");
        assert_eq!(without_indexes("module.a[\"x\"].aws_iam_role.r[0]"), "module.a.aws_iam_role.r");
        assert_eq!(index_of("aws_iam_role.r[\"k\"]"), Some("\"k\""));
        assert_eq!(index_of("aws_iam_role.r"), None);
    }
}
