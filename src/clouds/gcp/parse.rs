//! Reads allow policies and custom roles from value trees.
//!
//! What cannot be read is reported with its place and left out; the rest is read. The shapes:
//! <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>,
//! <https://cloud.google.com/iam/docs/reference/rest/v1/organizations.roles>.

use std::sync::Arc;

use super::ast::{Basic, Binding, Condition, Expression, Leaf, Member, RoleDefinition};
use super::{expressions, shapes};
use crate::model::{Gap, GapKind, Origin};
use crate::text::{Located, Problem, Route, Span, Tree};

/// A binding with the place it stands at.
pub(super) struct PlacedBinding {
    /// The binding.
    pub(super) binding: Binding,
    /// The way to it inside the document.
    pub(super) route: Route,
}

/// The bindings of an allow policy; `None` when it is none. `route` leads to `tree` inside its document.
pub(super) fn policy(tree: &Tree, route: &Route, problems: &mut Vec<Problem>) -> Option<Vec<PlacedBinding>> {
    if tree.as_map().is_none() {
        problems.push(wrong(tree, "an allow policy", "an object with `bindings`"));
        return None;
    }
    shapes::check(tree, &shapes::POLICY, problems);
    version(tree, problems);
    let Some(list) = tree.get("bindings").filter(|list| !list.is_null()) else { return Some(Vec::new()) };
    let Some(items) = list.as_list() else {
        problems.push(wrong(list, "`bindings`", "an array of objects with `role` and `members`"));
        return None;
    };
    let route = route.key("bindings");
    let places = (0..).map(|index| route.index(index));
    let read = items.iter().zip(places).filter_map(|(item, route)| {
        binding(item, &route, problems).map(|binding| PlacedBinding { binding, route })
    });
    Some(read.collect())
}

/// "Valid values are `0`, `1`, and `3`": <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>. What another one
/// means is not known, so it is read as the last of these and said.
fn version(tree: &Tree, problems: &mut Vec<Problem>) {
    let stated = tree.get("version").and_then(|stated| Some((stated.as_u64()?, stated.span)));
    if let Some((number, span)) = stated.filter(|(number, _)| ![0, 1, 3].contains(number)) {
        let message = format!("an allow policy of version {number} is of no version that is known");
        let problem = Problem::error("gcp-policy-version", message).at(span);
        problems.push(problem.help("expected 0, 1 or 3; it was read like one of version 3"));
    }
}

fn binding(tree: &Tree, route: &Route, problems: &mut Vec<Problem>) -> Option<Binding> {
    if tree.as_map().is_none() {
        problems.push(wrong(tree, "a binding", "an object with `role` and `members`"));
        return None;
    }
    let Some(written) = tree.get("role").and_then(Tree::as_str) else {
        let place = tree.get("role").unwrap_or(tree);
        problems.push(wrong(place, "the `role` of a binding", "a string such as `roles/viewer`"));
        return None;
    };
    let span = tree.get("role").map_or(tree.span, |role| role.span);
    let mut gaps = Vec::new();
    let (role, hidden) = hidden_condition(written, span, route, &mut gaps);
    let condition = match tree.get("condition").filter(|condition| !condition.is_null()) {
        Some(condition) => Some(read_condition(condition, problems)?),
        None => hidden,
    };
    let members = members(tree, problems);
    if let Some(condition) = condition.as_ref().filter(|_| gaps.is_empty())
        && let Some(problem) = refused(condition, role, &members)
    {
        problems.push(problem);
        return None;
    }
    Some(Binding { role: Located::new(role.into(), span), members, condition, gaps })
}

/// "You cannot use conditions when you grant" basic roles, or roles to `allUsers` or `allAuthenticatedUsers`:
/// <https://cloud.google.com/iam/docs/conditions-overview#conditions-allow-policies>. Such a binding can be in force
/// nowhere, so it gives nothing.
fn refused(condition: &Condition, role: &str, members: &[Located<Member>]) -> Option<Problem> {
    let basic = [Basic::Owner, Basic::Editor, Basic::Viewer].iter().any(|basic| basic.role() == role);
    let public = members.iter().find(|member| member.value.is_public());
    let what = match (basic, public) {
        (true, _) => role.to_owned(),
        (false, Some(member)) => member.value.name(),
        (false, None) => return None,
    };
    let message = format!("Google refuses a condition on `{what}`, so this binding is in force nowhere");
    let problem = Problem::error("gcp-condition-refused", message).at(condition.source.span);
    Some(
        problem
            .help("it was left out; take the condition away, or bind a predefined role to named principals"),
    )
}

/// A policy that was asked for in a version below 3 shows a conditional role as `ROLE_withcond_HASH`, without the
/// condition: <https://cloud.google.com/iam/docs/troubleshooting-withcond>.
fn hidden_condition<'t>(
    written: &'t str,
    span: Span,
    route: &Route,
    gaps: &mut Vec<Gap>,
) -> (&'t str, Option<Condition>) {
    let Some((role, _)) = written.split_once("_withcond_") else { return (written, None) };
    let what = format!("binding of `{written}`");
    gaps.push(Gap {
        kind: GapKind::OpaqueCondition,
        message: format!("the condition of `{written}` is hidden; ask for the policy in version 3"),
        origin: Some(Origin { span: Some(span), route: route.clone(), what }),
    });
    let source: Located<Arc<str>> = Located::new(written.into(), span);
    let expression = Expression::Opaque(source.clone());
    (role, Some(Condition { title: "".into(), source, expression }))
}

fn members(tree: &Tree, problems: &mut Vec<Problem>) -> Vec<Located<Member>> {
    let Some(list) = tree.get("members") else { return Vec::new() };
    let Some(items) = list.as_list() else {
        problems.push(wrong(list, "`members`", "an array of strings such as `user:ada@example.com`"));
        return Vec::new();
    };
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        match item.as_str() {
            Some(text) => read.push(Located::new(Member::read(text), item.span)),
            None => problems.push(wrong(item, "a member", "a string such as `user:ada@example.com`")),
        }
    }
    read
}

/// `None` leaves the whole binding out: without its condition it would grant too much.
pub(super) fn read_condition(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Condition> {
    let Some((expression, text)) =
        tree.get("expression").and_then(|expression| Some((expression, expression.as_text()?)))
    else {
        problems.push(wrong(tree, "the `condition` of a binding", "an object with an `expression` in CEL"));
        return None;
    };
    Some(Condition {
        title: tree.get("title").and_then(Tree::as_str).unwrap_or_default().into(),
        source: Located::new(text.shared(), expression.span),
        expression: expressions::read(text, expression.span),
    })
}

/// A condition that stands alone, as the text of its expression. `None` after a problem.
pub(super) fn circumstances(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Condition> {
    let Some(text) = tree.as_text() else {
        problems.push(wrong(tree, "a condition", "a string with an expression in CEL"));
        return None;
    };
    let expression = expressions::read(text, tree.span);
    let before = problems.len();
    expression.for_each(&mut |leaf| {
        if let Leaf::Opaque(part) = leaf {
            let message = format!("the condition `{}` is not understood", part.value);
            problems.push(Problem::error("condition", message).at(part.span));
        }
    });
    let source = Located::new(text.shared(), tree.span);
    (problems.len() == before).then(|| Condition { title: "".into(), source, expression })
}

/// A custom role; `None` when it is none.
pub(super) fn role(tree: &Tree, problems: &mut Vec<Problem>) -> Option<RoleDefinition> {
    let Some(name) = tree.get("name").and_then(Tree::as_str) else {
        problems.push(wrong(tree, "a role", "an object with a `name` such as `projects/p/roles/uploader`"));
        return None;
    };
    shapes::check(tree, &shapes::ROLE, problems);
    let grants_nothing = tree.get("deleted").and_then(Tree::as_bool) == Some(true)
        || tree.get("stage").and_then(Tree::as_str) == Some("DISABLED");
    let listed = tree.get("includedPermissions").and_then(Tree::as_list).unwrap_or_default();
    let mut permissions: Vec<Arc<str>> =
        listed.iter().filter_map(Tree::as_text).map(|text| text.shared()).collect();
    permissions.sort();
    permissions.dedup();
    if grants_nothing {
        permissions.clear();
    }
    Some(RoleDefinition { name: name.into(), permissions, span: tree.span })
}

/// The problem of a value that is not what it has to be.
pub(super) fn wrong(tree: &Tree, what: &str, expected: &str) -> Problem {
    Problem::error("gcp-policy-shape", format!("{what} is {}, expected {expected}", tree.kind_name()))
        .at(tree.span)
        .help("compare the file with what `gcloud … get-iam-policy --format=json` prints")
}
