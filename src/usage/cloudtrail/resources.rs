//! What a call was asked on: the ARNs that the event lists or its parameters hold, or one that the parameters fill out.
//!
//! The catalog has the forms of the ARNs of each action. Where not all that the action is asked on can be told, the
//! answer has an empty name: the log does not say.

use super::{Event, table, texts};
use crate::clouds::aws::ast::Arn;
use crate::clouds::aws::catalog::Action;
use crate::clouds::aws::names;
use crate::clouds::catalog::glob;

/// The resource of a call that the log does not tell.
const UNKNOWN: &str = "";

/// The placeholders that say nothing about which resource it is.
const COMMON: [&str; 3] = ["Partition}", "Region}", "Account}"];

/// The resources that `action` was asked on.
pub(super) fn of(action: Action<'_>, event: &Event<'_>) -> Vec<String> {
    if !action.has_resource_types() {
        return vec!["*".to_owned()];
    }
    if table::has_verbs(action.service()) {
        return vec![UNKNOWN.to_owned()];
    }
    let named = named(event);
    let mut found: Vec<String> = Vec::new();
    let (mut required, mut missing) = (0, 0);
    for (kind, is_required) in action.resource_types() {
        let mut of_kind = of_kind(action.service(), kind.arns(), event, &named);
        // An ARN without a name of its own, such as that of an account's catalog, only counts where it has to be there.
        of_kind.retain(|_| is_required || kind.arns().any(has_own_name));
        required += usize::from(is_required);
        missing += usize::from(is_required && of_kind.is_empty());
        found.extend(of_kind);
    }
    // A call about several things at once is allowed on all of them or not at all.
    if found.is_empty() || (required > 1 && missing > 0) {
        return vec![UNKNOWN.to_owned()];
    }
    found
}

/// The ARNs that a service's request names: those that the event lists, and those that stand in its parameters.
fn named<'v>(event: &Event<'v>) -> Vec<&'v str> {
    let mut all = Vec::new();
    texts(event.parameters, "", &mut all);
    let written = all.into_iter().map(|(_, text)| text).filter(|text| text.starts_with("arn:"));
    event.listed.iter().copied().chain(written).collect()
}

/// The resources of a type with these forms.
fn of_kind<'t>(
    service: &str,
    templates: impl Iterator<Item = &'t str>,
    event: &Event<'_>,
    named: &[&str],
) -> Vec<String> {
    let mut filled = None;
    let mut found: Vec<String> = Vec::new();
    for template in templates {
        found.extend(named.iter().filter(|arn| fits(template, arn)).map(|arn| (*arn).to_owned()));
        filled = filled.or_else(|| fill(service, template, event));
    }
    if found.is_empty() { filled.into_iter().collect() } else { found }
}

fn has_own_name(template: &str) -> bool {
    template
        .split("${")
        .skip(1)
        .any(|placeholder| !COMMON.iter().any(|common| placeholder.starts_with(common)))
}

/// Whether an ARN is of this form. Names of buckets hold no slash, so an object is no bucket.
fn fits(template: &str, arn: &str) -> bool {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, behind)) = after.split_once('}') else { break };
        pattern.push_str(before);
        pattern.push('*');
        rest = behind;
    }
    pattern.push_str(rest);
    let is_bucket = template.ends_with(":::${BucketName}");
    glob(&pattern, arn) && !(is_bucket && arn.contains('/'))
}

/// The ARN with the values of the parameters in place of the placeholders; `None` when one is missing.
fn fill(service: &str, template: &str, event: &Event<'_>) -> Option<String> {
    let mut arn = String::new();
    let mut account = event.account;
    let mut rest = template;
    let mut at_account = None;
    while let Some((before, after)) = rest.split_once("${") {
        let (placeholder, behind) = after.split_once('}')?;
        arn.push_str(before);
        match placeholder {
            "Partition" => arn.push_str(partition(event)),
            "Region" => arn.push_str(event.region),
            "Account" => at_account = Some(arn.len()),
            _ => {
                let (value, owner) = value(service, placeholder, event)?;
                arn.push_str(value);
                account = owner.unwrap_or(account);
            }
        }
        rest = behind;
    }
    arn.push_str(rest);
    if let Some(at) = at_account {
        arn.insert_str(at, account);
    }
    Some(arn)
}

/// The value of the parameter for a placeholder, and whose it is if it tells.
fn value<'v>(service: &str, placeholder: &str, event: &Event<'v>) -> Option<(&'v str, Option<&'v str>)> {
    let others = table::parameters(service, placeholder).iter().map(String::as_str);
    let value = std::iter::once(placeholder).chain(others).find_map(|name| event.parameter(name))?;
    // An ARN of another form, an alias, or a name that lacks a part tell nothing certain.
    if value.starts_with("arn:") || value.starts_with("alias/") || table::is_vague(service, placeholder) {
        return None;
    }
    // The address of a queue ends with its account and its name.
    if value.starts_with("https://") {
        let mut parts = value.rsplit('/');
        let name = parts.next().filter(|name| !name.is_empty())?;
        return Some((name, parts.next()));
    }
    // Functions are named with their account, too: `111122223333:function:f`.
    match value.split_once(":function:") {
        Some((owner, name)) => Some((name, owner.rsplit(':').next())),
        None => Some((value, None)),
    }
}

fn partition(event: &Event<'_>) -> &'static str {
    names::partition(Some(event.region).filter(|region| !region.is_empty()))
}

/// What a parameter names, put into a form with `{partition}`, `{region}`, `{account}` and `{value}`.
pub(super) fn written(form: &str, value: &str, event: &Event<'_>) -> String {
    if value.starts_with("arn:") {
        return value.to_owned();
    }
    if value.starts_with("alias/") {
        return UNKNOWN.to_owned();
    }
    let value = value.trim_start_matches('/');
    let value = value.split_once("?versionId=").map_or(value, |(key, _)| key);
    form.replace("{partition}", partition(event))
        .replace("{region}", event.region)
        .replace("{account}", event.account)
        .replace("{value}", value)
}

/// The roles that the call hands to a service. Of an instance profile its name is given: only the estate knows its role.
pub(super) fn roles_passed(event: &Event<'_>) -> Vec<String> {
    let mut all = Vec::new();
    texts(event.parameters, "", &mut all);
    let is_passed = |text: &str| {
        Arn::parse(text).is_some_and(|arn| {
            arn.service == "iam"
                && ["role/", "instance-profile/"].iter().any(|kind| arn.resource.starts_with(kind))
        })
    };
    let mut passed: Vec<String> =
        all.iter().filter(|(_, text)| is_passed(text)).map(|(_, text)| (*text).to_owned()).collect();
    let by_name = event.parameters.get("iamInstanceProfile").and_then(|profile| super::text(profile, "name"));
    passed.extend(
        by_name
            .map(|name| format!("arn:{}:iam::{}:instance-profile/{name}", partition(event), event.account)),
    );
    // Some services take the bare name of a role, which may lack a path.
    let bare = event.parameter("role").is_some_and(|role| !role.starts_with("arn:"));
    passed.extend(bare.then(|| UNKNOWN.to_owned()));
    passed
}
