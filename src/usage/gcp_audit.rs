//! Cloud Audit Logs: entries as `gcloud logging read --format=json` prints them, or as a sink writes them, one per line.
//!
//! An audit log names the permissions that were checked, so nothing has to be guessed from method names:
//! <https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog>. Data Access logs have
//! to be switched on for reads and writes of data to show up; what was not logged is not known here.

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Log, Records};
use crate::clouds::gcp::names;
use crate::model::{Usage, Use};
use crate::text::Problem;

/// Cloud Audit Logs.
#[derive(Clone, Copy, Debug)]
pub struct GcpAudit;

impl Log for GcpAudit {
    fn id(&self) -> &'static str {
        "gcp-audit-log"
    }

    fn summary(&self) -> &'static str {
        "Cloud Audit Logs: gcloud logging read 'logName:cloudaudit.googleapis.com' --format=json"
    }

    fn detects(&self, beginning: &str) -> bool {
        let text = beginning.trim_start_matches('\u{feff}').trim_start();
        let marks = ["google.cloud.audit.AuditLog", "cloudaudit.googleapis.com"];
        text.starts_with(['{', '['])
            && text.contains("\"protoPayload\"")
            && marks.iter().any(|mark| text.contains(mark))
    }

    fn read(
        &self,
        source: &mut dyn BufRead,
        usage: &mut Usage,
        problems: &mut Vec<Problem>,
    ) -> io::Result<()> {
        Records::new(source).each("gcp-audit-record", problems, |entry| event(entry, usage))
    }
}

/// Counts one log entry. Entries without an audit payload are no events of access.
fn event(entry: &Value, usage: &mut Usage) {
    let Some(payload) = entry.get("protoPayload").filter(|payload| payload.is_object()) else { return };
    let instant = text(entry, "timestamp").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let instant = instant.map(jiff::Timestamp::as_microsecond);
    let method = text(payload, "methodName").unwrap_or("a call without a method name");
    let Some(principal) = principal(payload) else {
        unmapped(usage, format!("{method} (nobody named)"));
        return;
    };
    let checked =
        payload.get("authorizationInfo").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if was_refused(payload) {
        usage.denied += 1;
        return;
    }
    let named = checked.iter().filter(|info| text(info, "permission").is_some());
    let granted: Vec<&Value> = named.clone().filter(|info| is_granted(info)).collect();
    if named.clone().count() == 0 {
        unmapped(usage, method.to_owned());
    } else if granted.is_empty() {
        usage.denied += 1;
    }
    for info in granted {
        let Some(action) = text(info, "permission") else { continue };
        let on =
            text(info, "resource").filter(|name| !name.is_empty()).or_else(|| text(payload, "resourceName"));
        let service = text(payload, "serviceName").unwrap_or_default();
        let resource = resource(on.unwrap_or_default(), action, service);
        let one = Use {
            cloud: names::CLOUD,
            principal: principal.clone(),
            action: short(action),
            resource,
            via: String::new(),
        };
        usage.record(one, instant);
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

/// `granted` is left out when it is false.
fn is_granted(info: &Value) -> bool {
    info.get("granted").and_then(Value::as_bool) == Some(true)
}

/// Whether the call was refused for lack of a permission: code 7 is `PERMISSION_DENIED`, 16 is `UNAUTHENTICATED`
/// (<https://cloud.google.com/apis/design/errors>). A call that failed otherwise did use its permissions.
fn was_refused(payload: &Value) -> bool {
    let code = payload.get("status").and_then(|status| status.get("code")).and_then(Value::as_i64);
    matches!(code, Some(7 | 16))
}

fn unmapped(usage: &mut Usage, what: String) {
    *usage.unmapped.entry(what).or_default() += 1;
}

/// Who called, as bindings write it. With delegation (`serviceAccountDelegationInfo`) this is the account whose access
/// was used; those who stand behind it used `iam.serviceAccounts.getAccessToken`, which has an entry of its own.
fn principal(payload: &Value) -> Option<String> {
    let who = payload.get("authenticationInfo")?;
    let mail = text(who, "principalEmail").filter(|mail| !mail.is_empty()).map(str::to_ascii_lowercase);
    match mail {
        Some(mail) if mail.ends_with(".gserviceaccount.com") => Some(format!("serviceAccount:{mail}")),
        Some(mail) if mail.contains('@') => Some(format!("user:{mail}")),
        _ => text(who, "principalSubject").filter(|subject| !subject.is_empty()).map(str::to_owned),
    }
}

/// Some services write a permission in its long form, `storage.googleapis.com/objects.get`; bindings use the short one.
fn short(permission: &str) -> String {
    match permission.split_once(".googleapis.com/") {
        Some((service, rest)) => format!("{service}.{rest}"),
        None => permission.to_owned(),
    }
}

/// The full name of a resource. Entries name it relative to the service that checked the permission: the permission's
/// own service, except for projects, folders and organizations themselves.
fn resource(written: &str, permission: &str, service: &str) -> String {
    if written.starts_with("//") {
        return names::full_name(written);
    }
    let short = short(permission);
    let word = short.split('.').next().unwrap_or_default();
    let host = if names::scope_kind(written).is_some() {
        "cloudresourcemanager.googleapis.com".to_owned()
    } else if word.is_empty() {
        service.to_owned()
    } else {
        format!("{}.googleapis.com", host_word(word))
    };
    names::full_name(&format!("//{host}/{}", written.trim_start_matches('/')))
}

/// The services whose permissions begin with another word than their address.
fn host_word(word: &str) -> &str {
    match word {
        "resourcemanager" => "cloudresourcemanager",
        "cloudsql" => "sqladmin",
        "bigtable" => "bigtableadmin",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &str) -> (Usage, Vec<Problem>) {
        let (mut usage, mut problems) = (Usage::default(), Vec::new());
        GcpAudit.read(&mut log.as_bytes(), &mut usage, &mut problems).unwrap();
        (usage, problems)
    }

    fn entry(permission: &str, resource: &str, rest: &str) -> String {
        format!(
            r#"{{"protoPayload":{{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"storage.googleapis.com","methodName":"m","authenticationInfo":{{"principalEmail":"Up@p.iam.gserviceaccount.com"}},"authorizationInfo":[{{"resource":"{resource}","permission":"{permission}"{rest}}}]}},"timestamp":"2026-08-01T00:00:00.5Z"}}"#
        )
    }

    const OBJECT: &str = "projects/_/buckets/b/objects/o";

    #[test]
    fn uses_are_counted_by_permission_and_resource() {
        let line = entry("storage.objects.create", OBJECT, ",\"granted\":true");
        let (usage, problems) = read(&format!("{line}\n{line}\n"));
        assert_eq!(problems, []);
        let (one, count) = usage.counts.iter().next().unwrap();
        assert_eq!((one.principal.as_str(), *count), ("serviceAccount:up@p.iam.gserviceaccount.com", 2));
        assert_eq!(one.resource, "//storage.googleapis.com/projects/_/buckets/b/objects/o");
        assert_eq!(usage.window, Some((1_785_542_400_500_000, 1_785_542_400_500_000)));
    }

    #[test]
    fn denied_calls_are_not_use() {
        let (usage, _) = read(&entry("storage.objects.get", OBJECT, ""));
        assert_eq!((usage.counts.len(), usage.denied), (0, 1));
        let refused = entry("storage.objects.get", OBJECT, ",\"granted\":true")
            .replace("\"methodName\"", "\"status\":{\"code\":7},\"methodName\"");
        assert_eq!((read(&refused).0.counts.len(), read(&refused).0.denied), (0, 1));
        let missing = entry("storage.objects.get", OBJECT, ",\"granted\":true")
            .replace("\"methodName\"", "\"status\":{\"code\":5},\"methodName\"");
        assert_eq!(
            read(&missing).0.counts.len(),
            1,
            "a call for what does not exist still used the permission"
        );
    }

    #[test]
    fn what_cannot_be_mapped_is_listed() {
        let (usage, _) = read(
            r#"{"protoPayload":{"methodName":"google.login","authenticationInfo":{"principalEmail":"a@x.org"}}}
{"protoPayload":{"methodName":"anon","authenticationInfo":{},"authorizationInfo":[]}}
{"textPayload":"hello"}"#,
        );
        let listed: Vec<&str> = usage.unmapped.keys().map(String::as_str).collect();
        assert_eq!(listed, ["anon (nobody named)", "google.login"]);
    }

    #[test]
    fn resources_get_full_names() {
        let name = |written: &str, permission: &str| resource(written, permission, "x.googleapis.com");
        assert_eq!(
            name("projects/p", "storage.buckets.list"),
            "//cloudresourcemanager.googleapis.com/projects/p"
        );
        assert_eq!(
            name(
                "projects/-/serviceAccounts/a@p.iam.gserviceaccount.com",
                "iam.serviceAccounts.getAccessToken"
            ),
            "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com"
        );
        assert_eq!(
            name("projects/p/instances/i", "cloudsql.instances.get"),
            "//sqladmin.googleapis.com/projects/p/instances/i"
        );
        assert_eq!(name("//storage.googleapis.com/b", "storage.buckets.get"), format!("{}b", names::BUCKETS));
    }

    #[test]
    fn logs_are_recognized() {
        let line = entry("storage.objects.get", OBJECT, "");
        assert!(GcpAudit.detects(line.get(..200).unwrap()));
        assert!(!GcpAudit.detects("[{\"Records\": []}]"));
        assert!(!GcpAudit.detects("x protoPayload"));
    }

    #[test]
    fn broken_records_are_reported_a_limited_number_of_times() {
        let good = entry("storage.objects.create", OBJECT, ",\"granted\":true");
        let log = format!("{good}\n{}{good}\n", "{\"protoPayload\":\n".repeat(500));
        let (usage, problems) = read(&log);
        assert_eq!(usage.counts.values().sum::<u64>(), 2);
        assert_eq!(problems.len(), 21);
    }
}
