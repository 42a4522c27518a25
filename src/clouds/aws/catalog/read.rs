//! Readers: what AWS and this project's fact tables say, turned into sources for the encoder.
//!
//! Understood: the files of the service authorization reference in JSON
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>),
//! `get-account-authorization-details`, `list-policies` with `get-policy-version`, and the project's
//! own fact tables. Whatever cannot be used becomes a problem text; the rest is read.

use super::{
    AccessLevel, ActionSource, AwsSource, ManagedPolicySource, ManagedSource, ResourceSource, ServiceSource,
};
use crate::clouds::catalog::{entries, list, newest_date, parse, source_names, text, texts};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Reads files of the service reference, one service each. Dates are not in them: set `date` and
/// `sources` afterwards. Facts they lack can be taken over with [`AwsSource::complete_from`].
pub fn read_service_reference(files: &[(String, String)], problems: &mut Vec<String>) -> AwsSource {
    let mut source = AwsSource::default();
    for (path, content) in files {
        let Some(value) = parse(path, content, problems) else { continue };
        let name = text(&value, "Name");
        if name.is_empty() || value.get("Actions").is_none() {
            problems.push(format!("`{path}` has no `Name` and `Actions`; expected one service's reference"));
            continue;
        }
        source.services.insert(name.to_owned(), reference_service(&value));
    }
    source
}

/// One service of the service reference.
fn reference_service(value: &Value) -> ServiceSource {
    let mut service = ServiceSource::default();
    for action in list(value, "Actions") {
        let resources = list(action, "Resources").iter().map(|kind| (text(kind, "Name").to_owned(), false));
        let plain = ActionSource {
            level: reference_level(action),
            resources: resources.collect(),
            keys: texts(action, "ActionConditionKeys").into_iter().collect(),
            ..ActionSource::default()
        };
        service.actions.insert(text(action, "Name").to_owned(), plain);
    }
    for kind in list(value, "Resources") {
        let keys = texts(kind, "ConditionKeys").into_iter().collect();
        let plain = ResourceSource { arns: texts(kind, "ARNFormats"), keys };
        service.resources.insert(text(kind, "Name").to_owned(), plain);
    }
    for key in list(value, "ConditionKeys") {
        service.keys.insert(text(key, "Name").to_owned(), texts(key, "Types").join(","));
    }
    service
}

/// The level the reference's annotations amount to. Permissions management and tagging are kinds of
/// writing and are stated beside `IsWrite`, so they are asked first; an action that is none of the
/// four reads. Without annotations the level is unknown.
fn reference_level(action: &Value) -> Option<AccessLevel> {
    let properties = action.pointer("/Annotations/Properties")?;
    let is = |name: &str| properties.get(name).and_then(Value::as_bool).unwrap_or_default();
    Some(if is("IsPermissionManagement") {
        AccessLevel::PermissionsManagement
    } else if is("IsTaggingOnly") {
        AccessLevel::Tagging
    } else if is("IsWrite") {
        AccessLevel::Write
    } else if is("IsList") {
        AccessLevel::List
    } else {
        AccessLevel::Read
    })
}

/// Reads the project's own fact table of actions.
pub fn read_facts(path: &str, content: &str, problems: &mut Vec<String>) -> AwsSource {
    let Some(value) = parse(path, content, problems) else { return AwsSource::default() };
    let sources = source_names(&value);
    let mut source = AwsSource {
        date: newest_date(&sources),
        sources,
        rcp_services: texts(&value, "rcpServices").into_iter().collect(),
        services: BTreeMap::new(),
    };
    for (prefix, facts) in entries(&value, "services") {
        let mut service = ServiceSource::default();
        for (name, action) in entries(facts, "actions") {
            let plain = ActionSource {
                level: fact_level(text(action, "l")),
                second_level: fact_level(text(action, "l2")),
                resources: texts(action, "r").iter().map(|name| split_required(name)).collect(),
                keys: texts(action, "k").into_iter().collect(),
                depends_on: texts(action, "d").into_iter().collect(),
            };
            service.actions.insert(name.clone(), plain);
        }
        for (name, kind) in entries(facts, "resources") {
            let keys = texts(kind, "k").into_iter().collect();
            service.resources.insert(name.clone(), ResourceSource { arns: texts(kind, "arn"), keys });
        }
        for (name, kind) in entries(facts, "keys") {
            service.keys.insert(name.clone(), kind.as_str().unwrap_or_default().to_owned());
        }
        source.services.insert(prefix.clone(), service);
    }
    source.drop_unknown_dependents(problems);
    source
}

/// The level behind the fact table's letter.
fn fact_level(letter: &str) -> Option<AccessLevel> {
    Some(match letter {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "P" => AccessLevel::PermissionsManagement,
        "T" => AccessLevel::Tagging,
        _ => return None,
    })
}

/// A resource type of the fact table: `!` at the end means required.
fn split_required(name: &str) -> (String, bool) {
    match name.strip_suffix('!') {
        Some(name) => (name.to_owned(), true),
        None => (name.to_owned(), false),
    }
}

/// Reads the project's own fact table of managed policies.
pub fn read_managed_facts(path: &str, content: &str, problems: &mut Vec<String>) -> ManagedSource {
    let Some(value) = parse(path, content, problems) else { return ManagedSource::default() };
    let sources = source_names(&value);
    let mut source = ManagedSource { date: newest_date(&sources), sources, policies: BTreeMap::new() };
    for (name, facts) in entries(&value, "policies") {
        let path = text(facts, "path");
        let plain = ManagedPolicySource {
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            version: text(facts, "v").to_owned(),
            updated: text(facts, "updated").to_owned(),
            deprecated: facts.get("deprecated").is_some_and(|flag| flag.as_u64() == Some(1)),
            document: facts.get("doc").map(ordered).unwrap_or_default().to_string(),
        };
        source.policies.insert(name.clone(), plain);
    }
    source
}

/// Reads AWS managed policies out of exports: `get-account-authorization-details` (those that are
/// attached), or `list-policies --scope AWS` beside `get-policy-version` results, each in a file
/// named after its policy (`ReadOnlyAccess.json`). Customer policies are passed over.
pub fn read_managed_exports(files: &[(String, String)], problems: &mut Vec<String>) -> ManagedSource {
    let mut source = ManagedSource::default();
    let mut versions = BTreeMap::new();
    for (path, content) in files {
        let Some(value) = parse(path, content, problems) else { continue };
        if let Some(version) = value.get("PolicyVersion") {
            let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
            let name = file.strip_suffix(".json").unwrap_or(file);
            versions.insert(name.to_owned(), version.clone());
        }
        for policy in list(&value, "Policies") {
            let (name, arn) = (text(policy, "PolicyName"), text(policy, "Arn"));
            if arn.contains(":iam::aws:policy/") {
                source.policies.insert(name.to_owned(), exported_policy(policy, problems));
            }
        }
    }
    for (name, version) in versions {
        let plain =
            source.policies.entry(name).or_insert_with(|| exported_policy(&Value::Null, &mut Vec::new()));
        plain.document = exported_document(&version, problems);
        plain.version = text(&version, "VersionId").to_owned();
        plain.updated = text(&version, "CreateDate").get(..10).unwrap_or_default().to_owned();
    }
    source.policies.retain(|name, policy| {
        let complete = !policy.document.is_empty();
        if !complete {
            problems.push(format!(
                "`{name}` has no document; add the output of `aws iam get-policy-version` as `{name}.json`"
            ));
        }
        complete
    });
    source
}

/// A managed policy as `list-policies` or `get-account-authorization-details` describe it.
fn exported_policy(policy: &Value, problems: &mut Vec<String>) -> ManagedPolicySource {
    let path = text(policy, "Path");
    let default = list(policy, "PolicyVersionList").iter().find(|version| {
        version.get("IsDefaultVersion").and_then(Value::as_bool) == Some(true)
            || text(version, "VersionId") == text(policy, "DefaultVersionId")
    });
    ManagedPolicySource {
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        version: text(policy, "DefaultVersionId").to_owned(),
        updated: text(policy, "UpdateDate").get(..10).unwrap_or_default().to_owned(),
        deprecated: false,
        document: default.map(|version| exported_document(version, problems)).unwrap_or_default(),
    }
}

/// The document of a policy version: an object, or text that may be percent-encoded (RFC 3986), as
/// the API sends it.
fn exported_document(version: &Value, problems: &mut Vec<String>) -> String {
    match version.get("Document") {
        Some(Value::String(encoded)) => {
            let plain = percent_decoded(encoded);
            parse("Document", &plain, problems).map(|value| ordered(&value).to_string()).unwrap_or_default()
        }
        Some(document @ Value::Object(_)) => ordered(document).to_string(),
        _ => String::new(),
    }
}

/// Text with `%XX` replaced by the bytes they stand for; text that is not so encoded is unchanged.
fn percent_decoded(encoded: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), encoded);
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| encoded.to_owned())
}

/// A policy document with its elements in the order AWS documents them, so that the same policy
/// always gives the same text.
fn ordered(document: &Value) -> Value {
    const ELEMENTS: [&str; 12] = [
        "Version",
        "Id",
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Statement",
    ];
    match document {
        Value::Object(object) => {
            let place = |key: &str| ELEMENTS.iter().position(|name| *name == key).unwrap_or(ELEMENTS.len());
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_by(|left, right| (place(left), left).cmp(&(place(right), right)));
            let members = keys.into_iter().filter_map(|key| {
                let value = object.get(key)?;
                Some((key.clone(), if key == "Statement" { ordered(value) } else { value.clone() }))
            });
            Value::Object(members.collect::<Map<String, Value>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        other => other.clone(),
    }
}
