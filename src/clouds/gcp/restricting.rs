//! Reads deny policies, principal access boundary policies and their bindings from value trees.
//!
//! The shapes: <https://cloud.google.com/iam/docs/reference/rest/v2/policies>,
//! <https://cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.principalAccessBoundaryPolicies>,
//! <https://cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.policyBindings>.

use std::sync::Arc;

use super::ast::{Body, Boundary, BoundaryBinding, Condition, DenyRule, Key, Member, Permissions, Test};
use super::parse::read_condition;
use super::{catalog, names, shapes, versions};
use crate::model::{Gap, GapKind, Origin};
use crate::text::{Located, Problem, Route, Span, Tree};

/// A deny policy as it was read.
pub(super) struct DenyPolicy {
    /// Its short name.
    pub(super) name: String,
    /// What it is attached to: `projects/p`.
    pub(super) scope: String,
    /// Its rules.
    pub(super) rules: Vec<PlacedRule>,
}

/// A rule with the place it stands at.
pub(super) struct PlacedRule {
    pub(super) rule: DenyRule,
    pub(super) span: Span,
    pub(super) route: Route,
}

impl DenyPolicy {
    /// How it is called in sentences.
    pub(super) fn label(&self) -> String {
        format!("deny policy `{}` on `{}`", self.name, self.scope)
    }
}

/// The last part of a name.
pub(super) fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}

fn wrong(tree: &Tree, what: &str, expected: &str) -> Problem {
    let message = format!("{what} is {}, expected {expected}", tree.kind_name());
    let problem = Problem::error("gcp-policy-shape", message).at(tree.span);
    problem
        .help("compare the file with what `gcloud iam policies get --kind=denypolicies --format=json` prints")
}

/// A deny policy; `None` after a problem when it is none, or when it is listed without its rules.
pub(super) fn deny_policy(tree: &Tree, route: &Route, problems: &mut Vec<Problem>) -> Option<DenyPolicy> {
    let Some(full) = tree.get("name").and_then(Tree::as_str) else {
        problems.push(wrong(
            tree,
            "a deny policy",
            "an object with a `name` such as `policies/…/denypolicies/p`",
        ));
        return None;
    };
    shapes::check(tree, &shapes::DENY_POLICY, problems);
    let Some(scope) = attachment_point(full) else {
        let place = tree.get("name").unwrap_or(tree);
        let message = format!("the name `{full}` tells no project, folder or organization");
        let help = "deny policies are named `policies/cloudresourcemanager.googleapis.com%2Fprojects%2FP/denypolicies/D`";
        problems.push(Problem::error("gcp-deny-policy-name", message).at(place.span).help(help));
        return None;
    };
    let name = short(full).to_owned();
    let Some(rules) = tree.get("rules") else {
        let message = format!("the deny policy `{name}` is listed without its rules");
        let problem = Problem::error("gcp-deny-policy-rules", message).at(tree.span);
        problems.push(
            problem.help(
                "export it with `gcloud iam policies get NAME --kind=denypolicies`; lists lack the rules",
            ),
        );
        return None;
    };
    let Some(items) = rules.as_list() else {
        problems.push(wrong(rules, "`rules`", "an array of objects with `denyRule`"));
        return None;
    };
    let route = route.key("rules");
    let places = (0..).map(|index| route.index(index));
    let read = items.iter().zip(places).filter_map(|(item, route)| {
        let rule = deny_rule(item, full, &route, problems)?;
        Some(PlacedRule { rule, span: item.span, route })
    });
    Some(DenyPolicy { rules: read.collect(), name, scope })
}

/// `policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d` is attached to `projects/p`.
fn attachment_point(name: &str) -> Option<String> {
    let point = name.strip_prefix("policies/")?.split('/').next()?;
    let decoded = point.replace("%2F", "/").replace("%2f", "/");
    let scope = decoded.strip_prefix("cloudresourcemanager.googleapis.com/")?;
    names::scope_kind(scope).map(|_| scope.to_owned())
}

/// `None` leaves the rule out, after a problem: with an exception or a condition lost it would deny too much.
fn deny_rule(tree: &Tree, policy: &str, route: &Route, problems: &mut Vec<Problem>) -> Option<DenyRule> {
    let Some(rule) = tree.get("denyRule").filter(|rule| rule.as_map().is_some()) else {
        problems.push(wrong(tree, "a rule", "an object with `denyRule`"));
        return None;
    };
    let mut gaps = Vec::new();
    let condition = match rule.get("denialCondition").filter(|condition| !condition.is_null()) {
        Some(condition) => Some(narrow(read_condition(condition, problems)?, Knows::Tags, problems)),
        None => None,
    };
    let mut permissions = |key: &str, problems: &mut Vec<Problem>| {
        let listed = texts(rule, key, problems)?;
        let read = listed.into_iter().map(|(text, span)| match permissions(text) {
            Some(permissions) => {
                gaps.extend(unknown_service(&permissions, text, span, route));
                Some(Located::new(permissions, span))
            }
            None => {
                let message = format!("`{text}` is no permission");
                let problem = Problem::error("gcp-deny-permission", message).at(span);
                problems.push(problem.help("write it as `SERVICE.googleapis.com/RESOURCE.VERB`"));
                None
            }
        });
        let read: Vec<Option<Located<Permissions>>> = read.collect();
        read.into_iter().collect::<Option<Vec<_>>>()
    };
    let (denied, except) =
        (permissions("deniedPermissions", problems)?, permissions("exceptionPermissions", problems)?);
    Some(DenyRule {
        policy: policy.into(),
        principals: principals(rule, "deniedPrincipals", problems)?,
        except_principals: principals(rule, "exceptionPrincipals", problems)?,
        permissions: denied,
        except_permissions: except,
        condition,
        gaps,
    })
}

/// The strings of a list with their places; none where there is no list. `None` after a problem.
fn texts<'t>(tree: &'t Tree, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<(&'t str, Span)>> {
    let Some(list) = tree.get(key).filter(|list| !list.is_null()) else { return Some(Vec::new()) };
    let read = list.as_list().and_then(|items| {
        items.iter().map(|item| Some((item.as_str()?, item.span))).collect::<Option<Vec<_>>>()
    });
    if read.is_none() {
        problems.push(wrong(list, &format!("`{key}`"), "an array of strings"));
    }
    read
}

fn principals(tree: &Tree, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<Located<Member>>> {
    let listed = texts(tree, key, problems)?;
    Some(listed.into_iter().map(|(text, span)| Located::new(Member::read(text), span)).collect())
}

/// Services whose name in allow policies is not the first word of their address:
/// <https://cloud.google.com/iam/docs/deny-permissions-support>.
const RENAMED: [(&str, &str); 2] = [("cloudresourcemanager", "resourcemanager"), ("sqladmin", "cloudsql")];

/// `iam.googleapis.com/roles.delete`, `iam.googleapis.com/roles.*`, `iam.googleapis.com/*.delete`,
/// `iam.googleapis.com/*.*`.
fn permissions(text: &str) -> Option<Permissions> {
    let (service, rest) = text.split_once('/')?;
    let service = service.strip_suffix(".googleapis.com").unwrap_or(service);
    let (resource, verb) = rest.rsplit_once('.')?;
    let renamed = RENAMED.into_iter().find(|(address, _)| *address == service);
    let part = |text: &str| match text {
        "*" => Some(None),
        text if text.is_empty() || text.contains(['*', '/']) => None,
        text => Some(Some(text.to_owned())),
    };
    let service = renamed.map_or(service, |(_, name)| name);
    (!service.is_empty() && !service.contains('*')).then_some(())?;
    Some(Permissions { service: service.to_owned(), resource: part(resource)?, verb: part(verb)? })
}

fn unknown_service(permissions: &Permissions, text: &str, span: Span, route: &Route) -> Option<Gap> {
    let start = format!("{}.", permissions.service.to_ascii_lowercase());
    catalog::current().with_prefix(&start).is_empty().then(|| Gap {
        kind: GapKind::UnknownAction,
        message: format!(
            "no role holds a permission of the service of `{text}`; it was taken to deny nothing else"
        ),
        origin: Some(Origin { span: Some(span), route: route.clone(), what: format!("permission `{text}`") }),
    })
}

/// A boundary policy or a binding of one, with its full name; `None` after a problem, or for bindings of other kinds
/// of policies.
pub(super) fn boundary(tree: &Tree, problems: &mut Vec<Problem>) -> Option<(String, Body)> {
    let Some(name) = tree.get("name").and_then(Tree::as_str) else {
        problems.push(wrong(tree, "a boundary policy", "an object with a `name`"));
        return None;
    };
    shapes::check(tree, &shapes::BOUNDARY, problems);
    let body = if name.contains("/policyBindings/") {
        let kind = tree.get("policyKind").and_then(Tree::as_str).unwrap_or("PRINCIPAL_ACCESS_BOUNDARY");
        if kind == "ACCESS" {
            let Some(policy) = tree.get("policy").and_then(Tree::as_str) else {
                problems.push(wrong(tree, "a binding of an access policy", "an object with `policy`"));
                return None;
            };
            return Some((name.to_owned(), Body::AccessBinding(policy.into())));
        }
        if kind != "PRINCIPAL_ACCESS_BOUNDARY" {
            let message =
                format!("the binding `{}` is of a policy of kind `{kind}`, which is not read", short(name));
            problems.push(Problem::warning("gcp-policy-kind", message).at(tree.span));
            return None;
        }
        Body::BoundaryBinding(boundary_binding(tree, problems)?)
    } else {
        Body::Boundary(boundary_policy(tree, name, problems)?)
    };
    Some((name.to_owned(), body))
}

fn boundary_policy(tree: &Tree, name: &str, problems: &mut Vec<Problem>) -> Option<Boundary> {
    let Some(details) = tree.get("details").filter(|details| details.as_map().is_some()) else {
        problems.push(wrong(tree, "a boundary policy", "an object with `details`"));
        return None;
    };
    let rules = details.get("rules").and_then(Tree::as_list).unwrap_or_default();
    let mut scopes = Vec::new();
    for rule in rules {
        if let Some(effect) = rule.get("effect").filter(|effect| effect.as_str() != Some("ALLOW")) {
            let message =
                format!("the boundary policy `{}` has a rule of an effect that is not known", short(name));
            let help = "the only effect is `ALLOW`; without the policy, it is taken to block nothing";
            problems.push(Problem::error("gcp-boundary-effect", message).at(effect.span).help(help));
            return None;
        }
        for (text, span) in texts(rule, "resources", problems)? {
            let full = names::full_name(text);
            match names::scope_of(&full) {
                Some(scope) => scopes.push(Located::new(Arc::from(scope), span)),
                None => problems.push(
                    Problem::error(
                        "gcp-boundary-resource",
                        format!("`{text}` is no project, folder or organization"),
                    )
                    .at(span)
                    .help("write it as `//cloudresourcemanager.googleapis.com/projects/P`"),
                ),
            }
        }
    }
    Some(Boundary { name: name.into(), scopes, version: version(details, problems) })
}

/// A version that is not known here blocks at least what the known ones do.
fn version(details: &Tree, problems: &mut Vec<Problem>) -> u32 {
    let Some(stated) = details.get("enforcementVersion").filter(|stated| !stated.is_null()) else {
        return versions::LATEST;
    };
    let number = stated.as_u64().or_else(|| stated.as_str()?.parse().ok());
    match number.and_then(|number| u32::try_from(number).ok()) {
        Some(number) if number > versions::LATEST => {
            let message = format!("enforcement version {number} is newer than this program");
            problems.push(Problem::warning("gcp-boundary-version", message).at(stated.span));
            number
        }
        Some(number) => number,
        None if stated.as_str() == Some("latest") => versions::LATEST,
        None => {
            problems.push(wrong(stated, "`enforcementVersion`", "a number or `latest`"));
            versions::LATEST
        }
    }
}

fn boundary_binding(tree: &Tree, problems: &mut Vec<Problem>) -> Option<BoundaryBinding> {
    let set = tree.get("target").and_then(|target| target.get("principalSet"));
    let text = |tree: Option<&Tree>| Some((tree?.as_str()?.to_owned(), tree?.span));
    let (Some((principals, place)), Some((policy, span))) = (text(set), text(tree.get("policy"))) else {
        problems.push(wrong(tree, "a policy binding", "an object with `target.principalSet` and `policy`"));
        return None;
    };
    let condition = match tree.get("condition").filter(|condition| !condition.is_null()) {
        Some(condition) => Some(narrow(read_condition(condition, problems)?, Knows::Principal, problems)),
        None => None,
    };
    Some(BoundaryBinding {
        principals: Located::new(principals.into(), place),
        policy: Located::new(policy.into(), span),
        condition,
    })
}

/// What conditions know that are not those of role bindings.
#[derive(Clone, Copy)]
enum Knows {
    /// Those of deny rules "only recognize resource tag functions":
    /// <https://cloud.google.com/iam/docs/deny-overview#denial-conditions>.
    Tags,
    /// `principal.type` and `principal.subject`, "no other attributes are supported":
    /// <https://cloud.google.com/iam/docs/principal-access-boundary-policies#conditions>.
    Principal,
}

/// The condition as it can be evaluated. Where it cannot, both deny rules and boundaries take effect.
fn narrow(condition: Condition, knows: Knows, problems: &mut Vec<Problem>) -> Condition {
    let known = |test: &Test| match knows {
        Knows::Tags => matches!(test, Test::Tag(..)),
        Knows::Principal => matches!(test, Test::Text(Key::PrincipalType | Key::PrincipalSubject, ..)),
    };
    let expression = condition.expression.knowing(&known);
    if expression != condition.expression {
        let (what, has, effect) = match knows {
            Knows::Tags => ("a denial condition", "the tags of a resource", "the rule denies"),
            Knows::Principal => {
                ("the condition of a boundary", "type and subject of a principal", "the boundary is enforced")
            }
        };
        let source = &condition.source.value;
        let message = format!("{what} knows {has} only, so a part of `{source}` has no value");
        let problem = Problem::warning("gcp-condition-attribute", message).at(condition.source.span);
        problems.push(problem.help(format!("where the condition has no value, {effect}")));
    }
    Condition { expression, ..condition }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_read_in_the_words_of_roles() {
        let of = |service: &str, resource: Option<&str>, verb: Option<&str>| Permissions {
            service: service.to_owned(),
            resource: resource.map(str::to_owned),
            verb: verb.map(str::to_owned),
        };
        let read = |text: &str| permissions(text);
        assert_eq!(read("iam.googleapis.com/roles.delete"), Some(of("iam", Some("roles"), Some("delete"))));
        assert_eq!(
            read("cloudresourcemanager.googleapis.com/projects.*"),
            Some(of("resourcemanager", Some("projects"), None))
        );
        assert_eq!(read("iam.googleapis.com/*.delete"), Some(of("iam", None, Some("delete"))));
        assert_eq!(read("iam.googleapis.com/*.*"), Some(of("iam", None, None)));
        for text in ["iam.roles.delete", "iam.googleapis.com/roles", "*/x.y", "iam.googleapis.com/ro*.x"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_name_tells_the_attachment_point() {
        let name =
            |scope: &str| format!("policies/cloudresourcemanager.googleapis.com%2F{scope}/denypolicies/d");
        assert_eq!(attachment_point(&name("projects%2Fp")).as_deref(), Some("projects/p"));
        assert_eq!(attachment_point(&name("organizations%2F12")).as_deref(), Some("organizations/12"));
        assert_eq!(attachment_point(&name("bogus%2Fp")), None);
        assert_eq!(attachment_point("denypolicies/d"), None);
    }
}
