//! Policies from what is needed: each access as the held statements allow it, with their conditions, put together into as
//! few statements as possible and cut to the provider's limits.
//!
//! That nothing is gained or lost by it is not taken for granted here: the recommender has it proven.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::print;
use crate::clouds::aws::action_names::Actions;
use crate::clouds::aws::ast::{Arn, Document, Element, Statement, Version};
use crate::clouds::aws::estate::{document_of, written_as};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::IDENTITY;
use crate::clouds::aws::{body, facts};
use crate::clouds::own_policies::{Access, HeldPolicy, NewPolicies, NewPolicy, Whereto};
use crate::logic::{Case, Pattern};
use crate::model::{Effect, Estate, PrincipalId, Target};

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>: all
/// inline policies of a role together, of a user together, and each managed policy. Blanks do not count.
const ROLE_INLINE: usize = 10_240;
const USER_INLINE: usize = 2_048;
const MANAGED: usize = 6_144;

/// How many managed policies are attached at most, unless the account asked for more.
const MOST_MANAGED: usize = 10;

/// What the proposed policy is called.
const NAME: &str = "leastwise";

/// A statement to be written, but for its actions: negated or not, the resources, the condition as text.
type Frame = (bool, BTreeSet<String>, String);

/// The statements to be written, each with its actions.
type Frames = BTreeMap<Frame, BTreeSet<String>>;

pub(super) fn write(
    estate: &Estate,
    principal: PrincipalId,
    held: &[HeldPolicy],
    accesses: &[Access],
) -> Result<NewPolicies, String> {
    let documents: Vec<&Document> = held
        .iter()
        .filter_map(|one| estate.policy(one.policy).and_then(body))
        .map(|body| &body.document)
        .collect();
    let (allowed, not_allowed) = allowed(&documents, accesses)?;
    if allowed.is_empty() {
        return Ok(NewPolicies { policies: Vec::new(), not_allowed, is_held_already: false });
    }
    let mut statements: Vec<Value> = allowed.iter().map(|(frame, actions)| allow(frame, actions)).collect();
    statements.extend(denials(&documents)?);
    let is_held_already = says_the_same(&documents, &statements);
    let policies = pack(estate, principal, held, statements)?;
    Ok(NewPolicies { policies, not_allowed, is_held_already })
}

/// Whether documents hold just these statements, whatever those are called.
fn says_the_same(documents: &[&Document], statements: &[Value]) -> bool {
    let held = documents.iter().flat_map(|document| &document.statements);
    let held: BTreeSet<String> = held.map(|one| print::nameless(one).to_string()).collect();
    held == statements.iter().map(Value::to_string).collect()
}

/// The frames of all statements with their actions, and the actions that no statement allows.
fn allowed(documents: &[&Document], accesses: &[Access]) -> Result<(Frames, Vec<String>), String> {
    // First the resources of each action under each condition, then the actions that have these in common.
    let mut by_action: BTreeMap<(String, bool, String), BTreeSet<String>> = BTreeMap::new();
    let mut whole = Frames::new();
    let mut not_allowed = Vec::new();
    for access in accesses {
        let parts = parts(documents, access)?;
        if parts.is_empty() {
            not_allowed.push(access.action.clone());
        }
        for (negated, resources, condition) in parts {
            if negated {
                whole.entry((negated, resources, condition)).or_default().insert(access.action.clone());
            } else {
                by_action.entry((access.action.clone(), negated, condition)).or_default().extend(resources);
            }
        }
    }
    for ((action, negated, condition), resources) in by_action {
        whole.entry((negated, resources, condition)).or_default().insert(action);
    }
    not_allowed.dedup();
    Ok((whole, not_allowed))
}

/// How the held statements allow an access. One without a condition that allows all of it is enough.
fn parts(documents: &[&Document], access: &Access) -> Result<Vec<Frame>, String> {
    let mut parts = Vec::new();
    for document in documents {
        for statement in document.statements.iter().filter(|one| one.effect == Effect::Allow) {
            if !Actions::of(&statement.action).have(&access.action.to_ascii_lowercase()) {
                continue;
            }
            let Some((part, is_all)) = part(document, statement, access)? else { continue };
            if is_all && part.2.is_empty() {
                return Ok(vec![part]);
            }
            parts.push(part);
        }
    }
    Ok(parts)
}

/// What a statement allows of an access, and whether that is all of it.
fn part(
    document: &Document,
    statement: &Statement,
    access: &Access,
) -> Result<Option<(Frame, bool)>, String> {
    let Some(element) = &statement.resource else { return Ok(None) };
    let condition = print::condition(&statement.condition).map(|one| one.to_string()).unwrap_or_default();
    let verbatim = || {
        let all = element.values.iter().map(|value| value.value.to_string()).collect();
        (element.negated, all, condition.clone())
    };
    readable(document, &condition)?;
    if access.on.is_empty() || element.values.iter().any(|value| is_variable(document, &value.value)) {
        element.values.iter().try_for_each(|value| readable(document, &value.value))?;
        return Ok(Some((verbatim(), access.on.is_empty() && is_everything(element))));
    }
    let mut resources = BTreeSet::new();
    let mut is_all = true;
    for one in &access.on {
        let names = match one {
            Whereto::Exactly(name) => std::slice::from_ref(name),
            Whereto::Pattern(pattern, _) if covers_all(element, pattern) => {
                resources.insert(pattern.clone());
                continue;
            }
            Whereto::Pattern(_, used) => used,
        };
        let covered = names.iter().filter(|name| covers(element, name));
        let before = resources.len();
        resources.extend(covered.map(|name| escaped(name)));
        is_all &= resources.len() - before == names.len();
    }
    Ok((!resources.is_empty()).then_some(((false, resources, condition), is_all)))
}

/// Text that means the same in the version that is written. Before 2012 variables were plain text.
fn readable(document: &Document, text: &str) -> Result<(), String> {
    if document.version == Version::V2008 && text.contains("${") {
        return Err(format!(
            "policy `{}` is of version 2008-10-17 and holds `${{`, which means something else in newer policies",
            document.name
        ));
    }
    Ok(())
}

fn is_variable(document: &Document, text: &str) -> bool {
    document.version == Version::V2012 && text.contains("${")
}

fn is_everything(element: &Element) -> bool {
    !element.negated && element.values.iter().any(|value| &*value.value == "*")
}

fn covers(element: &Element, resource: &str) -> bool {
    let matches = |text: &str| Pattern::glob(text, Case::Sensitive).matches(resource);
    element.values.iter().any(|value| matches(&value.value)) != element.negated
}

/// Whether the element holds for all that match a pattern.
fn covers_all(element: &Element, pattern: &str) -> bool {
    let pattern = Pattern::glob(pattern, Case::Sensitive);
    let mut held = element.values.iter().map(|value| Pattern::glob(&value.value, Case::Sensitive));
    if element.negated {
        !held.any(|one| one.may_meet(&pattern))
    } else {
        held.any(|one| one.covers(&pattern))
    }
}

/// A name with no letter of it read as a wildcard:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars>. The
/// name `*` is that of no resource in particular.
fn escaped(name: &str) -> String {
    if name == "*" {
        return name.to_owned();
    }
    let mut text = String::new();
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' | '?' => text.extend(["${", &letter.to_string(), "}"]),
            '$' if letters.peek() == Some(&'{') => text.push_str("${$}"),
            _ => text.push(letter),
        }
    }
    text
}

fn allow((negated, resources, condition): &Frame, actions: &BTreeSet<String>) -> Value {
    let mut fields = Map::new();
    fields.insert("Effect".to_owned(), print::effect(Effect::Allow));
    fields.insert("Action".to_owned(), print::listed(actions.iter().map(String::as_str)));
    let name = if *negated { "NotResource" } else { "Resource" };
    fields.insert(name.to_owned(), print::listed(resources.iter().map(String::as_str)));
    if let Ok(condition) = serde_json::from_str::<Value>(condition) {
        fields.insert("Condition".to_owned(), condition);
    }
    Value::Object(fields)
}

/// What held policies deny stays denied.
fn denials(documents: &[&Document]) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for document in documents {
        for statement in document.statements.iter().filter(|one| one.effect == Effect::Deny) {
            // Names of statements must not occur twice.
            let printed = print::nameless(statement);
            readable(document, &printed.to_string())?;
            all.push(printed);
        }
    }
    Ok(all)
}

/// One inline policy if all fits in, else managed ones.
fn pack(
    estate: &Estate,
    principal: PrincipalId,
    held: &[HeldPolicy],
    statements: Vec<Value>,
) -> Result<Vec<NewPolicy>, String> {
    let who = estate.principal(principal).and_then(|one| Arn::parse(&one.name));
    let is_role = who.is_some_and(|arn| arn.resource.starts_with("role/"));
    let limit = if is_role { ROLE_INLINE } else { USER_INLINE };
    let kept = kept(estate, principal, held);
    let text = print::document(statements.clone());
    if text.len() + kept.iter().map(|document| print::size(document)).sum::<usize>() <= limit {
        return Ok(vec![policy(free_name(held, &kept), false, text)?]);
    }
    let name = who.and_then(|arn| arn.resource.rsplit('/').next()).unwrap_or_default();
    let texts = split(statements)?;
    if texts.len() > MOST_MANAGED {
        return Err(format!(
            "what is needed takes {} managed policies of {MANAGED} characters, and at most {MOST_MANAGED} can be attached",
            texts.len()
        ));
    }
    (1..).zip(texts).map(|(number, text)| policy(format!("{NAME}-{name}-{number}"), true, text)).collect()
}

/// The inline policies that stay.
fn kept<'e>(estate: &'e Estate, principal: PrincipalId, held: &[HeldPolicy]) -> Vec<&'e Document> {
    let own = estate.attached_to(Target::Principal(principal)).filter(|one| one.layer == IDENTITY);
    let stays = own.filter(|one| !held.iter().any(|held| held.policy == one.policy));
    let bodies = stays.filter_map(|one| estate.policy(one.policy).and_then(body));
    bodies.map(|body| &body.document).filter(|document| !document.provided).collect()
}

/// A name that nothing has that the principal holds: what is replaced is taken only after this was given.
fn free_name(held: &[HeldPolicy], kept: &[&Document]) -> String {
    let taken = |name: &str| {
        held.iter().any(|one| one.name == name)
            || kept.iter().any(|one| one.name.rsplit('/').next() == Some(name))
    };
    let mut numbered = (2..).map(|number| format!("{NAME}-{number}"));
    std::iter::once(NAME.to_owned()).chain(&mut numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// The statements in texts that managed policies may have. A statement that is too long by itself is halved.
fn split(statements: Vec<Value>) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    let mut open: Vec<Value> = Vec::new();
    let mut waiting: Vec<Value> = statements.into_iter().rev().collect();
    while let Some(statement) = waiting.pop() {
        let mut larger = open.clone();
        larger.push(statement.clone());
        if print::document(larger.clone()).len() <= MANAGED {
            open = larger;
        } else if !open.is_empty() {
            texts.push(print::document(std::mem::take(&mut open)));
            waiting.push(statement);
        } else {
            waiting.extend(halves(&statement).ok_or("one statement alone is longer than a policy may be")?);
        }
    }
    if !open.is_empty() {
        texts.push(print::document(open));
    }
    Ok(texts)
}

/// The statement twice, each with half of its resources or else of its actions.
fn halves(statement: &Value) -> Option<[Value; 2]> {
    let is_list =
        |name: &&&str| statement.get(**name).and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    let name = ["Resource", "Action"].iter().find(is_list)?;
    let all = statement.get(name)?.as_array()?;
    let (first, second) = all.split_at_checked(all.len() / 2)?;
    Some([first, second].map(|half| {
        let mut one = statement.clone();
        if let Some(fields) = one.as_object_mut() {
            fields.insert((*name).to_owned(), json!(half));
        }
        one
    }))
}

/// A policy that was written, read again.
pub(super) fn policy(name: String, is_shared: bool, text: String) -> Result<NewPolicy, String> {
    let mut problems = Vec::new();
    let read = written_as(Capacity::Identity, &name, &text, &mut problems).filter(|_| problems.is_empty());
    let document = read.ok_or("the text of the policy cannot be read")?;
    let allowing = document.statements.iter().filter(|one| one.effect == Effect::Allow);
    let actions: BTreeSet<&str> =
        allowing.flat_map(|one| one.action.values.iter().map(|value| &*value.value)).collect();
    let permissions = actions.iter().filter(|action| facts::action(action).is_ok()).count();
    Ok(NewPolicy { name, is_shared, text, permissions, policy: document_of(document) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_patterns() {
        assert_eq!(escaped("arn:aws:s3:::b/a*b?c$d${e}"), "arn:aws:s3:::b/a${*}b${?}c$d${$}{e}");
        assert_eq!(escaped("*"), "*");
    }

    #[test]
    fn what_is_too_long_is_split_and_nothing_lost() {
        let resources: Vec<String> =
            (0..1000).map(|n| format!("arn:aws:dynamodb:eu-west-1:1:table/t{n}")).collect();
        let long = json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": resources});
        let short = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        let texts = split(vec![short.clone(), long]).unwrap();
        assert!(texts.len() > 6 && texts.iter().all(|text| text.len() <= MANAGED));
        let mut found = 0;
        for text in &texts {
            let policy: Value = serde_json::from_str(text).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                found += statement["Resource"].as_array().map_or(1, Vec::len);
            }
        }
        assert_eq!(found, 1001);
    }
}
