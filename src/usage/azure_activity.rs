//! Activity logs of Azure: events as `az monitor activity-log list` prints them, one a line as a diagnostic setting
//! writes them, or rows of `AzureActivity` as Log Analytics exports them.
//!
//! An event names the operation that was authorized, so nothing has to be guessed:
//! <https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema#administrative-category>. Reading is never
//! in it, and operations on data neither: see `azure_storage` for those of blobs.

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Log, Records, csv};
use crate::clouds::azure::names;
use crate::clouds::{Cloud, azure::Azure};
use crate::model::{Usage, Use};
use crate::text::Problem;

/// What the log never shows, for people.
const NOT_SHOWN: &str = "the activity log holds no operation that only reads: what was read of the control plane is not known here";

/// Activity logs.
#[derive(Clone, Copy, Debug)]
pub struct AzureActivity;

impl Log for AzureActivity {
    fn id(&self) -> &'static str {
        "azure-activity-log"
    }

    fn summary(&self) -> &'static str {
        "Azure activity log: az monitor activity-log list --offset 90d --max-events 100000, or AzureActivity as CSV"
    }

    fn detects(&self, beginning: &str) -> bool {
        let text = beginning.trim_start_matches('\u{feff}').trim_start();
        let listed = text.contains("\"operationName\"")
            && text.contains("\"eventTimestamp\"")
            && text.contains("\"caller\"");
        let streamed = text.contains("\"operationName\"")
            && text.contains("\"category\"")
            && text.contains("\"resultSignature\"");
        (text.starts_with(['{', '[']) && (listed || streamed))
            || csv::has_columns(text, &["OperationNameValue", "Caller"])
    }

    fn read(
        &self,
        source: &mut dyn BufRead,
        usage: &mut Usage,
        problems: &mut Vec<Problem>,
    ) -> io::Result<()> {
        usage.not_shown.insert(NOT_SHOWN);
        let beginning = String::from_utf8_lossy(source.fill_buf()?).into_owned();
        if csv::has_columns(&beginning, &["OperationNameValue", "Caller"]) {
            return csv::each(source, "azure-activity-record", problems, |row| event(row, usage));
        }
        let records = Records::within(source, &["records", "value"]);
        records.each("azure-activity-record", problems, |record| event(record, usage))
    }
}

/// Counts one event. Each operation has an event when it starts and another when it is over, which is the one that counts.
fn event(event: &Value, usage: &mut Usage) {
    let identity = event.get("identity").cloned().unwrap_or_default();
    let category = text(event, &["category", "CategoryValue", "Category"]).unwrap_or("Administrative");
    let status = text(event, &["status", "ActivityStatusValue", "resultType"]).unwrap_or_default();
    if !category.eq_ignore_ascii_case("Administrative") || is_on_the_way(status) {
        return;
    }
    let authorization = object(event, &["authorization", "Authorization_d", "Authorization"])
        .or_else(|| object(&identity, &["authorization"]));
    let named = authorization.as_ref().and_then(|one| text(one, &["action"]));
    let operation = named.or_else(|| text(event, &["operationName", "OperationNameValue"]));
    let Some(operation) = operation.filter(|name| !name.is_empty()) else {
        return unmapped(usage, "an event without an operation".to_owned());
    };
    let sub = text(event, &["subStatus", "ActivitySubstatusValue", "resultSignature"]).unwrap_or_default();
    if ["forbidden", "unauthorized", "403", "401"].iter().any(|word| sub.to_ascii_lowercase().contains(word))
    {
        usage.denied += 1;
        return;
    }
    let Some(principal) = principal(event, &identity) else {
        return unmapped(usage, format!("{operation} (nobody named)"));
    };
    let scope = authorization.as_ref().and_then(|one| text(one, &["scope"]));
    let resource = scope.or_else(|| text(event, &["resourceId", "_ResourceId", "ResourceId"]));
    let (Ok(action), Some(resource)) = (Azure.action(operation), resource) else {
        return unmapped(usage, operation.to_owned());
    };
    let one = Use {
        cloud: names::CLOUD,
        principal,
        action,
        resource: names::full_name(resource),
        via: String::new(),
    };
    let time = text(event, &["eventTimestamp", "time", "TimeGenerated"]);
    usage.record(one, time.and_then(instant));
}

fn is_on_the_way(status: &str) -> bool {
    ["Started", "Start", "Accepted", "Accept"].iter().any(|word| status.eq_ignore_ascii_case(word))
}

/// Who called, by object id, which is the same under every name; else by the name of a user.
fn principal(event: &Value, identity: &Value) -> Option<String> {
    let claims = object(event, &["claims", "Claims_d", "Claims"])
        .or_else(|| object(identity, &["claims"]))
        .unwrap_or_default();
    let id = text(&claims, &["http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"]);
    let caller = || text(event, &["caller", "Caller"]);
    let name = id.or_else(caller).filter(|name| !name.is_empty())?;
    Some(if name.contains('@') { format!("user:{name}") } else { name.to_ascii_lowercase() })
}

/// A text under one of these names. Some fields are objects with the text as their `value`.
pub(super) fn text<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    let found = names.iter().find_map(|name| value.get(name))?;
    found.as_str().or_else(|| found.get("value")?.as_str())
}

/// An object or array under one of these names, also one that is written as text.
pub(super) fn object(value: &Value, names: &[&str]) -> Option<Value> {
    names.iter().filter_map(|name| value.get(name)).find_map(|found| match found {
        Value::String(text) => serde_json::from_str(text).ok().filter(|one: &Value| !one.is_string()),
        Value::Object(_) | Value::Array(_) => Some(found.clone()),
        _ => None,
    })
}

/// Times as JSON has them, and as the portal writes them into CSV: `7/31/2026, 9:05:12.123 AM`.
pub(super) fn instant(written: &str) -> Option<i64> {
    if let Ok(time) = written.parse::<jiff::Timestamp>() {
        return Some(time.as_microsecond());
    }
    let parsed = ["%m/%d/%Y, %I:%M:%S%.f %p", "%m/%d/%Y, %I:%M:%S %p", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| jiff::civil::DateTime::strptime(format, written).ok())?;
    jiff::tz::TimeZone::UTC.to_timestamp(parsed).ok().map(jiff::Timestamp::as_microsecond)
}

pub(super) fn unmapped(usage: &mut Usage, what: String) {
    *usage.unmapped.entry(what).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str =
        "/subscriptions/s1/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/acc";

    fn read(log: &str) -> (Usage, Vec<Problem>) {
        let (mut usage, mut problems) = (Usage::default(), Vec::new());
        assert!(AzureActivity.detects(log), "{log}");
        AzureActivity.read(&mut log.as_bytes(), &mut usage, &mut problems).unwrap();
        (usage, problems)
    }

    fn listed(status: &str, sub: &str) -> String {
        format!(
            r#"{{"authorization": {{"action": "microsoft.storage/storageaccounts/listkeys/ACTION", "scope": "{ACCOUNT}"}},
            "caller": "app", "category": {{"value": "Administrative"}}, "eventTimestamp": "2026-08-01T00:00:00Z",
            "claims": {{"http://schemas.microsoft.com/identity/claims/objectidentifier": "AB-1"}},
            "operationName": {{"value": "x"}}, "status": {{"value": "{status}"}}, "subStatus": {{"value": "{sub}"}}}}"#
        )
    }

    #[test]
    fn an_operation_counts_once_and_by_its_own_name() {
        let log = format!("[{},\n{}]", listed("Started", ""), listed("Succeeded", "OK"));
        let (usage, problems) = read(&log);
        assert_eq!(problems, []);
        let (one, count) = usage.counts.iter().next().unwrap();
        assert_eq!((usage.counts.len(), *count), (1, 1));
        assert_eq!(one.action, "Microsoft.Storage/storageAccounts/listkeys/action");
        assert_eq!((one.principal.as_str(), one.resource.as_str()), ("ab-1", ACCOUNT));
        assert_eq!(usage.window, Some((1_785_542_400_000_000, 1_785_542_400_000_000)));
        assert_eq!(usage.not_shown.len(), 1);
    }

    #[test]
    fn refused_operations_are_no_use_and_failed_ones_are() {
        let (usage, _) = read(&format!("[{}]", listed("Failed", "Forbidden (HTTP Status Code: 403)")));
        assert_eq!((usage.counts.len(), usage.denied), (0, 1));
        let (usage, _) = read(&format!("[{}]", listed("Failed", "NotFound (HTTP Status Code: 404)")));
        assert_eq!((usage.counts.len(), usage.denied), (1, 0));
    }

    #[test]
    fn what_is_no_known_operation_is_listed() {
        let odd = listed("Succeeded", "").replace("microsoft.storage", "contoso.thing");
        let nobody = listed("Succeeded", "").replace("AB-1", "").replace("\"app\"", "\"\"");
        let health = listed("Active", "").replace("Administrative", "ServiceHealth");
        let (usage, _) = read(&format!("[{odd},{nobody},{health}]"));
        assert_eq!((usage.counts.len(), usage.unmapped.len()), (0, 2));
    }

    #[test]
    fn rows_of_log_analytics_say_the_same() {
        let log = format!(
            "\"TimeGenerated [UTC]\",OperationNameValue,CategoryValue,ActivityStatusValue,ActivitySubstatusValue,Caller,\"_ResourceId\",Claims\n\
             \"8/1/2026, 12:00:00.000 AM\",MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION,Administrative,Success,OK,ann@x.example,{ACCOUNT},\n\
             \"8/1/2026, 12:00:00.000 AM\",MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION,Administrative,Start,,ann@x.example,{ACCOUNT},\n"
        );
        let (usage, problems) = read(&log);
        assert_eq!(problems, []);
        let (one, count) = usage.counts.iter().next().unwrap();
        assert_eq!((one.principal.as_str(), *count, usage.counts.len()), ("user:ann@x.example", 1, 1));
        assert_eq!(usage.window, Some((1_785_542_400_000_000, 1_785_542_400_000_000)));
    }
}
