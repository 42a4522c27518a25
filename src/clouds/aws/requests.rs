//! Between the attributes of the kernel and requests as users write them.

use super::caller::{self, Caller, Class};
use super::{facts, keys, layers, organization, presence, service_keys};
use crate::logic::{Assignment, Attribute, Decimal, Kind, Value};
use crate::model::{CloudId, Estate, Question, Request, Subject};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody outside, where a witness leaves open who.
const ANYBODY_OUTSIDE: &str = "arn:aws:iam::000000000000:user/anybody";

/// The request that a witness stands for. Keys that follow from the caller and the resource are left out:
/// [`assignment`] puts them back.
pub(super) fn request(cloud: CloudId, estate: &Estate, question: &Question, witness: &Assignment) -> Request {
    let caller = Caller::of(estate, question.subject);
    let resource = witness.text(&Attribute::resource()).unwrap_or("*");
    // Most requests carry nothing else than who, what and on which resource.
    let follows = LazyCell::new(|| derived(estate, &caller, resource));
    let apart = [Attribute::principal(), Attribute::action(), Attribute::resource()];
    let mut context = BTreeMap::new();
    for (attribute, value) in witness.iter().filter(|(attribute, _)| !apart.contains(attribute)) {
        let Some(value) = value else { continue };
        if !follows.contains(attribute.name()) {
            // Of two types of one key the later is the narrower one: every value is a text too.
            context.insert(keys::spelling(attribute.name()), written(value));
        }
    }
    let action = witness.text(&Attribute::action()).or(question.action.as_deref()).unwrap_or("*");
    Request {
        cloud,
        principal: principal(&caller, question.subject, witness),
        action: facts::spelled(action),
        resource: resource.to_owned(),
        context,
    }
}

fn principal(caller: &Caller<'_>, subject: Subject, witness: &Assignment) -> String {
    let name = match (subject, caller.principal) {
        (_, Some((_, principal))) => principal.name.clone(),
        (Subject::Outside, None) => {
            witness.text(&Attribute::principal()).unwrap_or(ANYBODY_OUTSIDE).to_owned()
        }
        _ => "*".to_owned(),
    };
    let session = witness.text(&Attribute::text(keys::SESSION));
    session.and_then(|session| caller::session_arn(&name, session)).unwrap_or(name)
}

/// The attributes that a request does not carry as context.
fn derived(estate: &Estate, caller: &Caller<'_>, resource: &str) -> BTreeSet<String> {
    let fixed = [Attribute::principal(), Attribute::action(), Attribute::resource()];
    let mut names: BTreeSet<String> = fixed.iter().map(|attribute| attribute.name().to_owned()).collect();
    names.extend([keys::SESSION, keys::UNIQUE_ID].map(str::to_owned));
    names.extend(caller.facts().iter().map(|(attribute, _)| attribute.name().to_owned()));
    names.extend(organization::derived(estate, caller, owner(estate, caller, resource).as_deref()));
    if caller.class != Class::Holder {
        names.insert(keys::RESOURCE_ACCOUNT.to_owned());
    }
    if caller.class == Class::Assumed {
        names.extend([keys::PRINCIPAL_ARN, keys::PRINCIPAL_ACCOUNT, keys::PRINCIPAL_TYPE].map(str::to_owned));
    }
    names
}

/// The account that a resource is taken to belong to.
fn owner(estate: &Estate, caller: &Caller<'_>, resource: &str) -> Option<String> {
    layers::owner(estate, resource).or(caller.account.map(str::to_owned))
}

pub(super) fn written(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Instant(micros) => vec![match jiff::Timestamp::from_microsecond(*micros) {
            Ok(instant) => instant.to_string(),
            Err(_) => (micros / 1_000_000).to_string(),
        }],
        Value::Address(address) => vec![address.to_string()],
        Value::Boolean(value) => vec![value.to_string()],
        Value::Set(members) => members.iter().cloned().collect(),
    }
}

/// The attributes of a concrete request.
pub(super) fn assignment(estate: &Estate, request: &Request) -> Assignment {
    let mut all = Assignment::new();
    let (found, session) = caller::find(estate, &request.principal);
    let subject = match found {
        Some(id) => Subject::Principal(id),
        None if request.principal == "*" => Subject::Anonymous,
        None => Subject::Outside,
    };
    let caller = Caller::of(estate, subject);
    let follows = derived(estate, &caller, &request.resource);
    let own_tags = caller.has_known_tags_only();
    for (key, values) in &request.context {
        let key = keys::folded(key);
        // What follows from the caller cannot be contradicted, and a user has no tags but its own, a service has none.
        let fixed = follows.contains(&key) || (own_tags && key.starts_with(keys::PRINCIPAL_TAG));
        if !fixed {
            add(&mut all, &key, values);
        }
    }
    if found.is_none() && subject == Subject::Outside {
        let role = caller::session_of(&request.principal).map(|(role, _)| role);
        for (attribute, value) in caller::of_arn(role.as_deref().unwrap_or(&request.principal)) {
            all.set(attribute, value);
        }
    }
    all.extend(&caller.facts());
    all.extend(&organization::of_caller(estate, &caller));
    if let Some(beginning) = caller.beginning_of_ids() {
        let key = Attribute::text(keys::USER_ID);
        match &session {
            Some(session) => all.set(key, Value::Text(format!("{beginning}{session}"))),
            None if all.text(&key).is_none_or(|said| !said.starts_with(&beginning)) => all.set_absent(key),
            None => {}
        }
    }
    if let Some(session) = session {
        all.set(Attribute::text(keys::SESSION), Value::Text(session));
    }
    let owner = owner(estate, &caller, &request.resource);
    service_keys::settle(&caller, &request.action, owner.as_deref(), &request.resource, &mut all);
    if presence::names_no_owner(&request.action) {
        for key in presence::of_owners() {
            all.set_absent(key);
        }
    } else if let Some(owner) = owner {
        all.extend(&organization::of_owner(estate, &owner));
        all.set(Attribute::text(keys::RESOURCE_ACCOUNT), Value::Text(owner));
    }
    all.with_text(Attribute::action(), request.action.to_ascii_lowercase())
        .with_text(Attribute::resource(), request.resource.clone())
}

/// A key's value in each type that a policy may ask for it in.
fn add(all: &mut Assignment, key: &str, values: &[String]) {
    let set = values.iter().cloned().collect();
    all.set(Attribute::new(key, Kind::TextSet), Value::Set(set));
    let [value] = values else { return };
    let mut typed = vec![Value::Text(value.clone())];
    typed.extend(Decimal::parse(value).map(Value::Number));
    typed.extend(super::conditions::instant(value).map(Value::Instant));
    typed.extend(value.parse().ok().map(Value::Address));
    typed.extend(value.to_ascii_lowercase().parse().ok().map(Value::Boolean));
    for value in typed {
        all.set(Attribute::new(key, value.kind()), value);
    }
}
