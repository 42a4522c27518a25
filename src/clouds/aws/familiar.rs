//! Witnesses that read like requests of the estate. Where the policies leave open in which partition and account
//! something lies, an engine may put any text there; AWS has a few partitions, and accounts have twelve digits. Nor does it
//! know how calls of an API are written.
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
    let Some(call) = as_call(witness) else { return placed(estate, question, witness) };
    let placed_too = placed(estate, question, &call);
    placed_too.into_iter().chain([call]).chain(placed(estate, question, witness)).collect()
}

/// The methods of HTTP that APIs have.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// The witness as a call of an API: `API/STAGE/METHOD/PATH`,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>.
/// What could stand in such a place stays.
fn as_call(witness: &Assignment) -> Option<Assignment> {
    let text = witness.text(&Attribute::resource())?;
    let arn = Arn::parse(text).filter(|arn| arn.service == "execute-api")?;
    let api = arn.resource.split(['/', ':']).next().filter(|api| !api.is_empty())?;
    let mut rest = arn.resource.get(api.len()..)?.splitn(4, '/').skip(1);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$');
    let mut named = |otherwise: &'static str, fits: &dyn Fn(&str) -> bool| {
        rest.next().filter(|part| fits(part)).unwrap_or(otherwise).to_owned()
    };
    let stage = named("prod", &|part| !part.is_empty() && part != "example" && part.chars().all(is_word));
    let method = named("GET", &|part| METHODS.contains(&part));
    let path = named("example", &|part| {
        part.chars().any(is_word) && part.chars().all(|c| is_word(c) || matches!(c, '/' | '.' | '~' | '%'))
    });
    let head = text.strip_suffix(arn.resource)?;
    let resource = format!("{head}{api}/{stage}/{method}/{path}");
    (resource != text).then(|| witness.clone().with_text(Attribute::resource(), resource))
}

/// Proposals with places and accounts that there are.
fn placed(estate: &Estate, question: &Question, witness: &Assignment) -> Vec<Assignment> {
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
