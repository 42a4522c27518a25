//! CloudTrail: files as a trail delivers them, single events line by line, and answers of `lookup-events`.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>. An event
//! names the call, not the permission, so `permissions` maps one to the other, `resources` tells what it was asked on,
//! and `identity` who called. What of this is no rule is data: `policies/aws/cloudtrail.json`. Digest files, Insights
//! events and network activity are not read.

mod identity;
mod permissions;
mod resources;
mod table;

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Log, Records};
use crate::clouds::aws::AWS;
use crate::model::{Usage, Use};
use crate::text::Problem;

/// Logs of CloudTrail.
#[derive(Clone, Copy, Debug)]
pub struct CloudTrail;

impl Log for CloudTrail {
    fn id(&self) -> &'static str {
        "aws-cloudtrail"
    }

    fn summary(&self) -> &'static str {
        "CloudTrail: the folder of a trail, as aws s3 sync s3://BUCKET/AWSLogs copies it, or aws cloudtrail lookup-events"
    }

    fn detects(&self, beginning: &str) -> bool {
        let text = beginning.trim_start_matches('\u{feff}').trim_start();
        let dense: String = text.chars().take(64).filter(|c| !c.is_whitespace()).collect();
        let plain = text.contains("\"eventVersion\"") && text.contains("\"userIdentity\"");
        let looked_up = text.contains("\"CloudTrailEvent\"")
            || (dense.starts_with("{\"Events\":[") && text.contains("\"EventId\""));
        text.starts_with(['{', '[']) && (plain || looked_up || dense.starts_with("{\"Records\":[]}"))
    }

    fn read(
        &self,
        source: &mut dyn BufRead,
        usage: &mut Usage,
        problems: &mut Vec<Problem>,
    ) -> io::Result<()> {
        let records = Records::within(source, &["Records", "Events"]);
        records.each("cloudtrail-record", problems, |record| one_record(record, usage))
    }
}

/// Counts one record. `lookup-events` has the event as a text inside of its own record.
fn one_record(record: &Value, usage: &mut Usage) {
    match text(record, "CloudTrailEvent") {
        Some(inner) => match serde_json::from_str::<Value>(inner) {
            Ok(event) => one_event(&event, usage),
            Err(_) => unmapped(usage, "an event whose text is no JSON".to_owned()),
        },
        None => one_event(record, usage),
    }
}

fn one_event(record: &Value, usage: &mut Usage) {
    if !is_call(record) {
        return;
    }
    let Some(event) = Event::of(record) else {
        return unmapped(usage, "a record without an event source and name".to_owned());
    };
    if text(record, "errorCode").is_some_and(table::is_denied) {
        usage.denied += 1;
        return;
    }
    if event.prefix.is_some_and(|prefix| table::is_free(prefix, event.name)) {
        return;
    }
    let Some(caller) = identity::caller(record) else {
        return unmapped(usage, format!("{} (nobody named)", event.label()));
    };
    let permissions = permissions::of(&event);
    if permissions.is_empty() {
        return unmapped(usage, event.label());
    }
    let instant = text(record, "eventTime").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let instant = instant.map(jiff::Timestamp::as_microsecond);
    for (action, resource) in permissions {
        let (principal, via) = (caller.name.clone(), caller.via.clone());
        usage.record(Use { cloud: AWS, principal, action, resource, via }, instant);
    }
}

/// Whether somebody called: an event of a service that happened by itself is nobody's use, and to sign in takes no
/// permission.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>, `eventType`.
fn is_call(record: &Value) -> bool {
    text(record, "eventType").is_none_or(|kind| kind == "AwsApiCall" || kind == "AwsConsoleAction")
}

fn unmapped(usage: &mut Usage, what: String) {
    *usage.unmapped.entry(what).or_default() += 1;
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// What an event says about the call.
struct Event<'v> {
    /// The address of the service: `s3.amazonaws.com`.
    source: &'v str,
    /// What its actions begin with, if the catalog has the service.
    prefix: Option<&'v str>,
    /// The name of the call.
    name: &'v str,
    region: &'v str,
    /// The account the call was made in, which owns what it names without saying whose it is.
    account: &'v str,
    parameters: &'v Value,
    /// The ARNs that the event lists itself.
    listed: Vec<&'v str>,
}

impl<'v> Event<'v> {
    fn of(record: &'v Value) -> Option<Self> {
        let (source, name) = (text(record, "eventSource")?, text(record, "eventName")?);
        let identity = record.get("userIdentity").unwrap_or(&Value::Null);
        let listed = record.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let arn = |resource: &'v Value| text(resource, "ARN").or(text(resource, "arn"));
        Some(Self {
            source,
            prefix: table::prefix(source),
            name,
            region: text(record, "awsRegion").unwrap_or_default(),
            account: text(record, "recipientAccountId").or(text(identity, "accountId")).unwrap_or_default(),
            parameters: record.get("requestParameters").unwrap_or(&Value::Null),
            listed: listed.iter().filter_map(arn).collect(),
        })
    }

    /// For lists of what could not be mapped.
    fn label(&self) -> String {
        format!("{}: {}", self.source, self.name)
    }

    /// The value of a parameter of the request, whatever its case.
    fn parameter(&self, name: &str) -> Option<&'v str> {
        let all = self.parameters.as_object()?;
        let found = all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str()).filter(|text| !text.is_empty())
    }
}

/// All texts in a value, at any depth, with the key that each stands under.
fn texts<'v>(value: &'v Value, key: &'v str, found: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| texts(value, key, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
