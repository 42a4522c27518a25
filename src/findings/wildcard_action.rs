//! Rule `wildcard-action`. Whether a wildcard makes an administrator is another rule's work.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Rule};
use crate::clouds;
use crate::evaluator::{Asked, Bug, Certainty, Outcome, Witness};
use crate::logic::{Atom, Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Attachment, Effect, Grant, Object, PolicyId, Question, Subject, Target};

rule! {
    /// ## What it does
    ///
    /// Reports statements that allow every action (`*`), every action but some (`NotAction`), or every action of a
    /// service (`s3:*`), as far as the principal that holds them may really use something of it.
    ///
    /// ## Why it matters
    ///
    /// Such a statement also allows what nobody thought of when it was written: deleting, changing policies, and
    /// actions that the provider adds later.
    ///
    /// ## What is reported less
    ///
    /// A wildcard of which nothing is left after boundaries and denies is reported as information only: it does no
    /// harm today and is worth removing.
    ///
    /// ## Example
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::reports/*" }
    /// ```
    ///
    /// Write the actions that are used instead:
    ///
    /// ```json
    /// { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::reports/*" }
    /// ```
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    WildcardAction,
    "wildcard-action",
    Medium,
    "a statement allows all actions, or all actions of a service"
}

impl Rule for WildcardAction {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        let mut seen = BTreeSet::new();
        for attachment in context.estate.attachments() {
            if seen.insert((attachment.policy, attachment.layer)) {
                check_policy(context, attachment, sink)?;
            }
        }
        Ok(())
    }
}

fn check_policy(context: &Context<'_>, first: &Attachment, sink: &mut Vec<Finding>) -> Result<(), Bug> {
    // A ceiling allows nothing by itself: its wildcards leave things as they are.
    if first.layer.is_ceiling() || !matches!(first.target, Target::Principal(_)) {
        return Ok(());
    }
    let Some(policy) = context.estate.policy(first.policy) else { return Ok(()) };
    let Some(cloud) = clouds::cloud(policy.cloud) else { return Ok(()) };
    let mut asked = BTreeMap::new();
    for grant in cloud.grants(context.estate, first.policy, first.layer) {
        let Some(breadth) = breadth(&grant).filter(|_| grant.effect == Effect::Allow) else { continue };
        let (certainty, witness) = in_effect(context, first.policy, &grant, &mut asked)?;
        sink.push(finding(context, first.policy, &grant, &breadth, certainty, witness));
    }
    Ok(())
}

/// What the wildcard spans.
enum Breadth {
    /// Every action.
    Everything,
    /// Every action but those named.
    AllBut,
    /// Every action of these services.
    Services(Vec<String>),
}

fn breadth(grant: &Grant) -> Option<Breadth> {
    match &grant.actions {
        Formula::True => Some(Breadth::Everything),
        formula => {
            let literal = formula.as_literal()?;
            let Atom::Matches(attribute, patterns) = &literal.atom else { return None };
            if *attribute != Attribute::action() {
                return None;
            }
            if !literal.positive {
                return Some(Breadth::AllBut);
            }
            let services: Vec<String> = patterns.iter().filter_map(whole_service).collect();
            if services.is_empty() { None } else { Some(Breadth::Services(services)) }
        }
    }
}

/// `s3` for `s3:*`, and for anything wider such as `s3*`.
fn whole_service(pattern: &Pattern) -> Option<String> {
    let name = pattern.as_prefix()?;
    let ends_service = name.ends_with(':') || !name.contains(':');
    ends_service.then(|| format!("{name}*"))
}

/// How many requests are tried as the witness of a grant.
const MOST_WITNESSES: usize = 4;

/// The questions about the holders of one policy: what they may do at all.
type Questions<'a> = BTreeMap<Subject, Asked<'a>>;

/// A request that some holder of the policy may make by this grant. What the grant matches and no boundary or deny
/// stops is allowed by the grant itself, whoever else allows it too.
fn in_effect<'a>(
    context: &Context<'a>,
    policy: PolicyId,
    grant: &Grant,
    questions: &mut Questions<'a>,
) -> Result<(Certainty, Option<Witness>), Bug> {
    let mut certainty = Certainty::Proven;
    for attachment in context.estate.attachments_of(policy) {
        let Target::Principal(principal) = attachment.target else { continue };
        let Some(cloud) = context.estate.principal(principal).map(|who| who.cloud) else { continue };
        for subject in holders(context, principal) {
            let question = match questions.entry(subject) {
                Entry::Occupied(ready) => ready.into_mut(),
                Entry::Vacant(place) => place.insert(context.evaluator.ask(Question {
                    cloud,
                    subject,
                    action: None,
                    object: Object::Any,
                })?),
            };
            let mut given = grant.formula();
            // What everybody may always do shows nothing about this grant: then another request is asked for.
            for _ in 0..MOST_WITNESSES {
                let answer = question.can(&given)?;
                certainty = certainty.and(answer.certainty.clone());
                let Outcome::Sometimes(witness) = answer.outcome else { break };
                if witness.decision.because.iter().any(|reason| reason.origin == grant.origin) {
                    return Ok((answer.certainty, Some(*witness)));
                }
                let shown = Pattern::literal(&witness.request.action, Case::Insensitive);
                given = given.and(Formula::matches(Attribute::action(), Patterns::of([shown])).not());
            }
        }
    }
    Ok((certainty, None))
}

/// The principal itself, or the members of a group.
fn holders(context: &Context<'_>, principal: crate::model::PrincipalId) -> Vec<Subject> {
    let members: Vec<Subject> =
        context.estate.members_of(principal).map(|one| Subject::Principal(one.member)).collect();
    if members.is_empty() { vec![Subject::Principal(principal)] } else { members }
}

fn finding(
    context: &Context<'_>,
    policy: PolicyId,
    grant: &Grant,
    breadth: &Breadth,
    certainty: Certainty,
    witness: Option<Witness>,
) -> Finding {
    let (name, cloud) =
        context.estate.policy(policy).map_or((String::new(), crate::model::CloudId::new("")), |policy| {
            (policy.name.clone(), policy.cloud)
        });
    let (what, level) = match breadth {
        Breadth::Everything => ("every action".to_owned(), Level::High),
        Breadth::AllBut => ("every action but those it names".to_owned(), Level::High),
        Breadth::Services(services) => (format!("`{}`", services.join("`, `")), Level::Medium),
    };
    let (level, effect) = if witness.is_some() {
        (level, String::new())
    } else {
        (Level::Info, ", though nothing of it is left after boundaries and denies".to_owned())
    };
    Finding {
        rule: WildcardAction::META.id,
        cloud,
        level,
        certainty,
        message: format!("{} allows {what}{effect}", grant.origin.what),
        primary: grant.origin.clone(),
        related: Vec::new(),
        witness,
        hops: Vec::new(),
        advice: "name the actions that are used; `leastwise recommend` finds them in activity logs"
            .to_owned(),
        intent: Intent::by(policy),
        fingerprint: Finding::fingerprint_of(
            WildcardAction::META.id,
            cloud,
            &[&name, &what, &grant.resources.to_string(), &grant.condition.to_string()],
        ),
    }
}
