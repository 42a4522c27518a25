//! Witnesses that read like requests of the estate. Where the policies leave open in which partition and account
//! something lies, an engine may put any text there; AWS has a few partitions, and accounts have twelve digits.
//!
//! Nothing is decided here: whoever asked tries the proposals on the formula, and takes the first that it holds for.

use super::ast::{Arn, is_account};
use super::caller::Caller;
use crate::logic::{Assignment, Attribute, Value};
use crate::model::{Estate, Object, Question, Subject};

/// An account that nobody has, for those of outsiders.
const NOBODYS: &str = "000000000000";

/// Proposals, the most familiar first.
pub(super) fn familiar(estate: &Estate, question: &Question, witness: &Assignment) -> Vec<Assignment> {
    let caller = Caller::of(estate, question.subject);
    let object = match &question.object {
        Object::Named(name) => Some(name.as_str()),
        Object::Within(id) => estate.resource(*id).map(|found| found.name.as_str()),
        Object::Any => None,
    };
    let asker = caller.principal.map(|(_, principal)| principal.name.as_str());
    let own = [object, asker].into_iter().flatten().find_map(Arn::parse).map_or("aws", |arn| arn.partition);
    let outsider = question.subject == Subject::Outside;
    let account = |attribute: &Attribute| {
        let of_caller = *attribute == Attribute::principal() && outsider;
        caller.account.filter(|_| !of_caller).unwrap_or(NOBODYS).to_owned()
    };
    let proposals = [(true, true), (true, false), (false, true)];
    let proposals = proposals.map(|(places, accounts)| {
        rewritten(witness, |attribute, arn| {
            let partition = if places { own } else { arn.partition };
            let is_odd = accounts && !arn.account.is_empty() && !is_account(arn.account);
            let account = if is_odd { account(attribute) } else { arn.account.to_owned() };
            (partition.to_owned(), account)
        })
    });
    let mut changed: Vec<Assignment> = proposals.into_iter().flatten().collect();
    changed.dedup();
    changed
}

/// The witness with other partitions and accounts in its ARNs; none when that changes nothing. A key that is the account
/// of an ARN changes with it.
fn rewritten(
    witness: &Assignment,
    other: impl Fn(&Attribute, Arn<'_>) -> (String, String),
) -> Option<Assignment> {
    let mut next = witness.clone();
    let mut moved: Vec<(String, String)> = Vec::new();
    for (attribute, value) in witness.iter() {
        let Some(Value::Text(text)) = value else { continue };
        let Some(arn) = Arn::parse(text) else { continue };
        let (partition, account) = other(attribute, arn);
        if partition != arn.partition || account != arn.account {
            moved.push((arn.account.to_owned(), account.clone()));
            let text = format!("arn:{partition}:{}:{}:{account}:{}", arn.service, arn.region, arn.resource);
            next.set(attribute.clone(), Value::Text(text));
        }
    }
    for (attribute, value) in witness.iter() {
        let Some(Value::Text(text)) = value else { continue };
        if let Some((_, account)) = moved.iter().find(|(before, _)| !before.is_empty() && before == text) {
            next.set(attribute.clone(), Value::Text(account.clone()));
        }
    }
    (!moved.is_empty()).then_some(next)
}
