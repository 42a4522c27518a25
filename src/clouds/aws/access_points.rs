//! Access points of S3 and the buckets behind them: "both the access point and the underlying bucket must permit the
//! request", and a bucket may leave that to its access points by the keys that say which one a request comes through:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>.
//!
//! A request names the access point, or an object by it (`…:accesspoint/NAME/object/KEY`); to the bucket it is one on the
//! bucket or on `BUCKET/KEY`. Both are decided like any other request, and both must be allowed. That takes a bucket that
//! the files know; of others it is assumed that they allow (`unknown.rs`).

use super::ast::{Arn, Test, service_of};
use super::estate::{add_policy, attach, silent};
use super::rule::{self, BEHIND, RESOURCE};
use super::service_keys::{POINT, POINT_ACCOUNT};
use super::{AWS, body, unknown};
use crate::logic::{Atom, Attribute, Case, Formula, Literal, Pattern, Patterns, Token};
use crate::model::{
    Effect, Estate, Gap, GapKind, LayerGroup, Layers, Object, Origin, Request, ResourceId, Target,
};

/// What stands between the name of an access point and that of an object.
const OBJECT: &str = "/object/";

/// Says which bucket is behind an access point.
pub fn put_before(estate: &mut Estate, point: ResourceId, bucket: &str) {
    let policy = add_policy(estate, silent(bucket, Vec::new()));
    attach(estate, policy, Target::Resource(point), BEHIND, Origin::default());
}

/// The access point that a request names, by the ARN of what it is on.
pub(super) fn of_request(resource: &str) -> Option<&str> {
    if service_of(resource) != Some("s3") {
        return None;
    }
    let inside = Arn::parse(resource)?.resource.strip_prefix("accesspoint/")?;
    let end = inside.find('/').map_or(resource.len(), |slash| resource.len() - inside.len() + slash);
    resource.get(..end)
}

/// The account of an access point.
pub(super) fn account(point: &str) -> &str {
    Arn::parse(point).map_or("", |arn| arn.account)
}

/// The access points that a question is about.
pub(super) fn asked(estate: &Estate, object: &Object) -> Vec<String> {
    let is_point = |kind: &str| kind == "s3:accesspoint";
    match object {
        Object::Named(name) => of_request(name).map(str::to_owned).into_iter().collect(),
        Object::Within(id) => {
            let found = estate.resource(*id).filter(|found| is_point(&found.kind));
            found.and_then(|found| of_request(&found.name)).map(str::to_owned).into_iter().collect()
        }
        Object::Any => {
            let all = estate.resources().filter(|(_, found)| found.cloud == AWS && is_point(&found.kind));
            all.map(|(_, found)| found.name.clone()).collect()
        }
    }
}

/// All names of requests on an access point.
pub(super) fn requests(point: &str) -> Patterns {
    Patterns::of([
        Pattern::literal(point, Case::Sensitive),
        Pattern::prefix(&format!("{point}/"), Case::Sensitive),
    ])
}

/// The bucket behind an access point, if its policy is in the files or known to be none.
pub(super) fn bucket(estate: &Estate, point: &str) -> Option<ResourceId> {
    let point = estate.find_resource(AWS, point)?;
    let mut marks = estate.attached_to(Target::Resource(point)).filter(|one| one.layer == BEHIND);
    let name = &estate.policy(marks.next()?.policy)?.name;
    estate.find_resource(AWS, name).filter(|bucket| unknown::has(estate, &[*bucket], RESOURCE))
}

/// Whether a call is about the access point itself, and goes no further.
pub(super) fn stays(action: &str) -> bool {
    action.to_ascii_lowercase().contains(ABOUT)
}

const ABOUT: &str = "accesspoint";

/// What a request through an access point is to the bucket behind it.
pub(super) fn behind(estate: &Estate, request: &Request) -> Option<Request> {
    let point = of_request(&request.resource)?;
    let bucket = bucket(estate, point).filter(|_| !stays(&request.action))?;
    let bucket = &estate.resource(bucket)?.name;
    let resource = match request.resource.strip_prefix(point)? {
        "" => bucket.clone(),
        rest => format!("{bucket}/{}", rest.strip_prefix(OBJECT)?),
    };
    let mut context = request.context.clone();
    context.retain(|key, _| ![POINT, POINT_ACCOUNT].iter().any(|one| key.trim().eq_ignore_ascii_case(one)));
    context.insert("s3:DataAccessPointArn".to_owned(), vec![point.to_owned()]);
    context.insert("s3:DataAccessPointAccount".to_owned(), vec![account(point).to_owned()]);
    Some(Request { resource, context, ..request.clone() })
}

/// That a bucket leaves to its access points who comes through them. Who asks by the name of the bucket does not.
pub(super) fn handed_over(estate: &Estate, holders: &[ResourceId]) -> Option<Gap> {
    let of_point = |test: &Test| {
        let key = test.key.value.trim();
        [POINT, POINT_ACCOUNT].iter().any(|one| key.eq_ignore_ascii_case(one))
    };
    let hands_over = |bucket: &ResourceId| {
        let attached = estate.attached_to(Target::Resource(*bucket)).filter(|one| one.layer == RESOURCE);
        let bodies = attached.filter_map(|one| body(estate.policy(one.policy)?));
        let mut statements = bodies.flat_map(|body| &body.document.statements);
        statements.any(|one| one.effect == Effect::Allow && one.condition.iter().any(of_point))
    };
    let mut buckets =
        holders.iter().filter(|id| estate.resource(**id).is_some_and(|one| one.kind == "s3:bucket"));
    let bucket = estate.resource(*buckets.find(|bucket| hands_over(bucket))?)?;
    let message = format!(
        "`{}` leaves to its access points who comes through them; each is asked about by its own ARN",
        bucket.name
    );
    Some(Gap { kind: GapKind::AssumedDefault, message, origin: None })
}

/// Adds to what decides about requests through an access point what decides about them on the bucket behind it. Both
/// speak of the name of the access point.
pub(super) fn join(layers: &mut Layers, point: &str, bucket: &str, met: &Layers) {
    let on_point = |formula: &Formula| formula.rewritten(&|atom| of_atom(atom, point, bucket));
    let allowed = on_point(&rule::combine(met).restrict(&met.known));
    let facts = on_point(&met.facts.restrict(&met.known));
    let objects = Pattern::prefix(&format!("{point}{OBJECT}"), Case::Sensitive);
    let names = Patterns::of([Pattern::literal(point, Case::Sensitive), objects]);
    let about_point = Patterns::globs([&*format!("*{ABOUT}*")]);
    let through = Formula::matches(Attribute::resource(), names)
        .and(Formula::matches(Attribute::action(), about_point).not());
    layers.groups.push(LayerGroup::new(BEHIND, through.clone().implies(allowed), Vec::new()));
    layers.facts = layers.facts.clone().and(through.implies(facts));
    layers.gaps.extend(met.gaps.iter().cloned());
}

/// What is said of names on the bucket, said of those on the access point.
fn of_atom(atom: &Atom, point: &str, bucket: &str) -> Formula {
    match atom {
        Atom::Matches(attribute, patterns) if *attribute == Attribute::resource() => {
            Formula::matches(Attribute::resource(), on_point(patterns, point, bucket))
        }
        Atom::Same(..) if atom.attributes().contains(&&Attribute::resource()) => {
            Formula::opaque("a relation to the name of an object behind an access point")
        }
        atom => Formula::literal(Literal { atom: atom.clone(), positive: true }),
    }
}

fn on_point(patterns: &Patterns, point: &str, bucket: &str) -> Patterns {
    let itself = patterns.matches(bucket).then(|| Pattern::literal(point, Case::Sensitive));
    let head = format!("{point}{OBJECT}");
    let objects = patterns.iter().flat_map(|pattern| behind_text(pattern, &format!("{bucket}/")));
    let objects = objects.map(|(rest, case)| Pattern::new(head.chars().map(Token::Char).chain(rest), case));
    Patterns::of(itself.into_iter().chain(objects))
}

/// What can follow in a text that begins so and matches the pattern.
fn behind_text(pattern: &Pattern, text: &str) -> Vec<(Vec<Token>, Case)> {
    let tokens: Vec<Token> = pattern.tokens().collect();
    let is_run = |at: usize| matches!(tokens.get(at), Some(Token::Run | Token::RunInSegment));
    let widened = |places: Vec<usize>| {
        let mut all = Vec::new();
        for mut at in places {
            all.push(at);
            while is_run(at) {
                at += 1;
                all.push(at);
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    };
    let mut places = widened(vec![0]);
    for c in text.chars() {
        let steps = places.into_iter().filter_map(|at| {
            let token = *tokens.get(at)?;
            pattern.accepts(token, c).then_some(if is_run(at) { at } else { at + 1 })
        });
        places = widened(steps.collect());
    }
    // A place behind a run adds nothing to that of the run.
    let is_new =
        |at: &&usize| !at.checked_sub(1).is_some_and(|before| is_run(before) && places.contains(&before));
    let rest = |at: usize| tokens.get(at..).unwrap_or_default().to_vec();
    places.iter().filter(is_new).map(|at| (rest(*at), pattern.case())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_bucket_is_said_of_its_access_point() {
        let (point, bucket) = ("arn:aws:s3:eu-west-1:111122223333:accesspoint/p", "arn:aws:s3:::b");
        for (pattern, names) in [
            ("arn:aws:s3:::b", vec!["p"]),
            ("arn:aws:s3:::b/x/*", vec!["p/object/x/*"]),
            ("arn:aws:s3:::b*", vec!["p", "p/object/*"]),
            ("arn:aws:s3:::*/x", vec!["p/object/x", "p/object/*/x"]),
            ("arn:aws:s3:::?/*y", vec!["p/object/*y"]),
            ("*", vec!["p", "p/object/*"]),
            ("arn:aws:s3:::other/*", vec![]),
        ] {
            let found = on_point(&Patterns::globs([pattern]), point, bucket);
            let head = point.strip_suffix('p').unwrap();
            let expected = Patterns::of(
                names.iter().map(|name| Pattern::glob(&format!("{head}{name}"), Case::Sensitive)),
            );
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn requests_name_their_access_point() {
        let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/p";
        assert_eq!(of_request(point), Some(point));
        assert_eq!(of_request(&format!("{point}/object/a/b")), Some(point));
        assert_eq!(of_request("arn:aws:s3:::b/x:accesspoint/p"), None);
        assert_eq!(of_request("arn:aws:s3-object-lambda:eu-west-1:1:accesspoint/p"), None);
    }
}
