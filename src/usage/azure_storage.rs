//! Logs of blobs: what a diagnostic setting writes one a line, and rows of `StorageBlobLogs` as Log Analytics exports
//! them. Queues, tables and files are not read.
//!
//! <https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage-reference#resource-logs-preview>. A call that was
//! made as somebody lists the actions that were authorized. One that was made with a key of the account lists none, and
//! does not tell who: it counts for the key, whoever had it. What such a call would have taken is data:
//! `policies/azure/storage-log.json`.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::azure_activity::{instant, object, text, unmapped};
use super::{Log, Records, csv};
use crate::clouds::azure::{Azure, names};
use crate::clouds::{Cloud, azure};
use crate::model::{Usage, Use};
use crate::text::Problem;

/// Logs of blobs.
#[derive(Clone, Copy, Debug)]
pub struct AzureStorage;

impl Log for AzureStorage {
    fn id(&self) -> &'static str {
        "azure-storage-log"
    }

    fn summary(&self) -> &'static str {
        "Azure storage logs: StorageRead, StorageWrite and StorageDelete of blobs in a container, or StorageBlobLogs as CSV"
    }

    fn detects(&self, beginning: &str) -> bool {
        let text = beginning.trim_start_matches('\u{feff}').trim_start();
        let streamed = text.contains("\"operationName\"")
            && ["StorageRead", "StorageWrite", "StorageDelete"].iter().any(|word| text.contains(word));
        let queried = text.contains("\"AuthenticationType\"") && text.contains("\"OperationName\"");
        (text.starts_with(['{', '[']) && (streamed || queried))
            || csv::has_columns(text, &["OperationName", "AuthenticationType"])
    }

    fn read(
        &self,
        source: &mut dyn BufRead,
        usage: &mut Usage,
        problems: &mut Vec<Problem>,
    ) -> io::Result<()> {
        let beginning = String::from_utf8_lossy(source.fill_buf()?).into_owned();
        if csv::has_columns(&beginning, &["OperationName", "AuthenticationType"]) {
            return csv::each(source, "azure-storage-record", problems, |row| event(row, usage));
        }
        let records = Records::within(source, &["records"]);
        records.each("azure-storage-record", problems, |record| event(record, usage))
    }
}

/// Counts one call.
fn event(event: &Value, usage: &mut Usage) {
    let Some(operation) = text(event, &["operationName", "OperationName"]).filter(|name| !name.is_empty())
    else {
        return unmapped(usage, "a call without an operation".to_owned());
    };
    if matches!(number(event, &["statusCode", "StatusCode"]), Some(401 | 403)) {
        usage.denied += 1;
        return;
    }
    let identity = event.get("identity").cloned().unwrap_or_default();
    let kind = text(&identity, &["type"]).or_else(|| text(event, &["AuthenticationType"]));
    let kind: String = kind.unwrap_or_default().to_ascii_lowercase().split_whitespace().collect();
    let Some(account) = account(event) else {
        return unmapped(usage, format!("{operation} (of no storage account that is named)"));
    };
    let requester = identity.get("requester").and_then(|one| text(one, &["objectId"]));
    let requester = requester.or_else(|| text(event, &["RequesterObjectId"])).filter(|id| !id.is_empty());
    let principal = match (kind.as_str(), requester) {
        ("accountkey", _) => azure::key_of(&account),
        ("saskey" | "sas" | "anonymous" | "", _) | (_, None) => {
            let how = if kind.is_empty() { "nobody named" } else { kind.as_str() };
            return unmapped(usage, format!("{operation} ({how}: the log does not tell who)"));
        }
        (_, Some(id)) => id.to_ascii_lowercase(),
    };
    let actions = actions(event, &identity, operation);
    if actions.is_empty() {
        return unmapped(usage, operation.to_owned());
    }
    let time = text(event, &["time", "TimeGenerated"]).and_then(instant);
    for action in actions {
        let resource = resource(event, &account, &action);
        let one =
            Use { cloud: names::CLOUD, principal: principal.clone(), action, resource, via: String::new() };
        usage.record(one, time);
    }
}

/// The actions that were authorized, as far as they are known; else what the operation takes.
fn actions(event: &Value, identity: &Value, operation: &str) -> Vec<String> {
    let details = object(identity, &["authorization"]).or_else(|| object(event, &["AuthorizationDetails"]));
    let listed = details.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let granted = |one: &&Value| text(one, &["result"]).is_none_or(|result| result == "Granted");
    let named = listed.iter().filter(granted).filter_map(|one| text(one, &["action"]));
    let mut found: Vec<String> = named.filter_map(|name| Azure.action(name).ok()).collect();
    if found.is_empty() {
        found.extend(TABLE.get(operation).cloned());
    }
    found.sort();
    found.dedup();
    found
}

/// The operation by name, with its action.
static TABLE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let text = include_str!("../../policies/azure/storage-log.json");
    let table: Table = serde_json::from_str(text).unwrap_or_default();
    let each = |(action, operations): (String, Vec<String>)| {
        let action = format!("{}{action}", table.prefix);
        operations.into_iter().map(move |operation| (operation, action.clone())).collect::<Vec<_>>()
    };
    table.operations.into_iter().flat_map(each).collect()
});

#[derive(Default, Deserialize)]
struct Table {
    prefix: String,
    operations: BTreeMap<String, Vec<String>>,
}

fn number(event: &Value, names: &[&str]) -> Option<u64> {
    let found = names.iter().find_map(|name| event.get(name))?;
    found.as_u64().or_else(|| found.as_str()?.parse().ok())
}

/// The full name of the account.
fn account(event: &Value) -> Option<String> {
    let written = text(event, &["resourceId", "_ResourceId", "ResourceId"])?;
    let name = names::full_name(written);
    let (before, rest) = name.split_once("/storageAccounts/")?;
    let own = rest.split('/').next()?;
    Some(format!("{before}/storageAccounts/{own}"))
}

/// What the action was asked on: the blob, its container, or all that the account holds.
fn resource(event: &Value, account: &str, action: &str) -> String {
    let service = format!("{account}/blobServices/default");
    let path = path(event).unwrap_or_default();
    let (container, blob) = path.split_once('/').unwrap_or((&path, ""));
    let name = if !action.contains("/containers/") || container.is_empty() {
        service
    } else if blob.is_empty() || !action.contains("/containers/blobs/") {
        format!("{service}/containers/{container}")
    } else {
        format!("{service}/containers/{container}/blobs/{blob}")
    };
    names::full_name(&name)
}

/// `container/blob`: what stands after the account in the key of the object (`"/account/container/blob"`, in quotes), or
/// after the host in the address.
fn path(event: &Value) -> Option<String> {
    let properties = event.get("properties").unwrap_or(event);
    let key = text(properties, &["objectKey", "ObjectKey"]).map(|key| key.trim_matches('"'));
    if let Some((_, rest)) = key.and_then(|key| key.trim_start_matches('/').split_once('/')) {
        return Some(rest.to_owned());
    }
    let address = text(event, &["uri", "Uri"])?;
    let (_, after) = address.split_once("://")?;
    let (_, path) = after.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    Some(decoded(path))
}

/// A path without percent signs before hexadecimal digits.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str =
        "/subscriptions/s1/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/acc";

    fn read(log: &str) -> Usage {
        let (mut usage, mut problems) = (Usage::default(), Vec::new());
        assert!(AzureStorage.detects(log), "{log}");
        AzureStorage.read(&mut log.as_bytes(), &mut usage, &mut problems).unwrap();
        assert_eq!(problems, []);
        usage
    }

    fn line(operation: &str, identity: &str, status: u16) -> String {
        format!(
            r#"{{"time":"2026-08-01T00:00:00Z","resourceId":"{ACCOUNT}/blobServices/default","category":"StorageWrite","operationName":"{operation}","statusCode":{status},"uri":"https://acc.blob.core.windows.net:443/in/a%20b/C.csv?x=1","identity":{identity}}}"#
        ) + "\n"
    }

    #[test]
    fn every_action_of_the_table_exists() {
        assert!(TABLE.len() > 40);
        for action in TABLE.values() {
            assert_eq!(Azure.action(action).as_ref(), Ok(action));
        }
    }

    #[test]
    fn a_call_as_somebody_says_what_was_authorized() {
        let identity = r#"{"type":"OAuth","requester":{"objectId":"AB-1"},"authorization":[
            {"action":"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action","result":"Granted"},
            {"action":"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write","result":"Denied"}]}"#;
        let usage = read(&line("PutBlob", &identity.replace('\n', ""), 201));
        let (one, _) = usage.counts.iter().next().unwrap();
        assert_eq!((usage.counts.len(), one.principal.as_str()), (1, "ab-1"));
        assert_eq!(one.action, "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action");
        assert_eq!(one.resource, format!("{ACCOUNT}/blobServices/default/containers/in/blobs/a b/C.csv"));
    }

    #[test]
    fn a_call_with_a_key_counts_for_the_key() {
        let key = r#"{"type":"AccountKey","tokenHash":"key1(00)"}"#;
        let usage = read(&(line("PutBlob", key, 201) + &line("ListBlobs", key, 200)));
        let all: Vec<(&str, &str)> = usage
            .counts
            .keys()
            .map(|one| (one.principal.as_str(), one.action.rsplit('/').next().unwrap()))
            .collect();
        let holder = format!("key of {ACCOUNT}");
        assert_eq!(all, [(holder.as_str(), "read"), (holder.as_str(), "write")]);
    }

    #[test]
    fn what_tells_nobody_is_listed_and_what_was_refused_is_no_use() {
        let sas = r#"{"type":"SAS","tokenHash":"key1(0),SasSignature(1)"}"#;
        let usage = read(
            &(line("PutBlob", sas, 201)
                + &line("Odd", r#"{"type":"AccountKey"}"#, 200)
                + &line("PutBlob", r#"{"type":"OAuth","requester":{"objectId":"a"}}"#, 403)),
        );
        let listed: Vec<&str> = usage.unmapped.keys().map(String::as_str).collect();
        assert_eq!(listed, ["Odd", "PutBlob (sas: the log does not tell who)"]);
        assert_eq!((usage.counts.len(), usage.denied), (0, 1));
    }

    #[test]
    fn rows_of_log_analytics_say_the_same() {
        let log = format!(
            "TimeGenerated,OperationName,AuthenticationType,RequesterObjectId,StatusCode,ObjectKey,AuthorizationDetails,_ResourceId\n\
             2026-08-01T00:00:00Z,PutBlob,AccountKey,,201,\"\"\"/acc/in/x\"\"\",,{ACCOUNT}\n\
             2026-08-01T00:00:00Z,GetBlob,OAuth,AB-1,200,/acc/in/x,\"[{{\"\"action\"\":\"\"Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read\"\",\"\"result\"\":\"\"Granted\"\"}}]\",{ACCOUNT}\n"
        );
        let usage = read(&log);
        let blob = format!("{ACCOUNT}/blobServices/default/containers/in/blobs/x");
        assert_eq!(usage.counts.len(), 2);
        assert!(usage.counts.keys().all(|one| one.resource == blob), "{:?}", usage.counts);
        assert!(usage.counts.keys().any(|one| one.principal == "ab-1"));
    }
}
