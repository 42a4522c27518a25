//! *No path from … to …*: to the administration of anything, to principals, or to resources.

use std::collections::BTreeSet;

use super::judge::{Judge, Ruling};
use super::people::{ANONYMOUS, Chosen, OUTSIDE};
use super::places::{Place, place};
use super::report::Breach;
use super::{End, Guardrail, Name, NoPath};
use crate::clouds::Cloud;
use crate::evaluator::{Bug, Certainty, Outcome, Standing, Witness};
use crate::findings::Level;
use crate::graph::{Graph, Hop};
use crate::model::{CloudId, Object, Origin, PrincipalId, Question, Subject};

pub(super) fn judge(
    judge: &Judge<'_>,
    guardrail: &Guardrail,
    no_path: &NoPath,
    ruling: &mut Ruling,
) -> Result<(), Bug> {
    let Some(cloud) = judge.cloud_of(guardrail.cloud) else { return Ok(()) };
    let (from, missing) = judge.people.choose(&no_path.from, guardrail.cloud);
    if judge.clouds(guardrail.cloud).is_empty() {
        ruling.idle(guardrail, cloud, missing, (Level::Medium, "who is in none of the files"));
        return Ok(());
    }
    let anybody = missing.len() < no_path.from.len();
    ruling.idle(guardrail, cloud, missing, (Level::Medium, "who is in none of the files"));
    let strangers = || no_path.from.iter().filter(|name| is_stranger(name));
    let has_principals = !from.principals.is_empty() || no_path.from.iter().any(|name| !is_stranger(name));
    // A rule that cannot fail is no rule.
    let stepless =
        (Level::Medium, "of whom no steps are known; `nobody_but` with the action of the step can say it");
    match &no_path.to {
        End::Administration => {
            ruling.asked = anybody && has_principals;
            ruling.idle(guardrail, cloud, strangers(), stepless);
            to_administration(judge, guardrail, &from, ruling)
        }
        End::Names(names) => {
            let found = reach(judge, names, guardrail.cloud)?;
            for (name, reached) in names.iter().zip(found) {
                let Some(reached) = reached else {
                    let why = "which is no principal or resource of the files";
                    ruling.idle(guardrail, cloud, [name], (Level::Medium, why));
                    continue;
                };
                if !reached.by_use {
                    ruling.idle(guardrail, cloud, strangers(), stepless);
                }
                ruling.asked |= anybody && (reached.by_use || has_principals);
                ruling.rest_on(&reached.certainty);
                for way in reached.ways.into_iter().filter(|way| from.holds(way.from)) {
                    let against = format!("against the guardrail `{}`", guardrail.id);
                    ruling.findings.push(way.breach(judge, name, &against).finding(guardrail));
                }
            }
            Ok(())
        }
    }
}

fn is_stranger(name: &Name) -> bool {
    [ANONYMOUS, OUTSIDE].contains(&&*name.text)
}

fn to_administration(
    judge: &Judge<'_>,
    guardrail: &Guardrail,
    from: &Chosen,
    ruling: &mut Ruling,
) -> Result<(), Bug> {
    let estate = judge.estate();
    let id = &guardrail.id;
    let is_meant = |cloud: CloudId| guardrail.cloud.is_none_or(|own| own == cloud);
    let mut sink = |principal: PrincipalId, scope, words: String, hops: Vec<Hop>, shown, certainty| {
        let (Some(who), Some(scope)) = (estate.principal(principal), estate.scope(scope)) else { return };
        if !from.principals.contains(&principal) || !is_meant(who.cloud) {
            return;
        }
        let message = format!("`{}` {words} `{}`, against the guardrail `{id}`", who.name, scope.name);
        ruling.findings.push(
            Breach {
                cloud: who.cloud,
                principal: Some(principal),
                policy: None,
                name: format!("{} {}", who.name, scope.name),
                message,
                certainty,
                origins: origins(&hops, shown, &who.origin),
                witness: shown.cloned(),
                hops,
                access: Vec::new(),
            }
            .finding(guardrail),
        );
    };
    for seat in judge.graph.own_seats(estate).filter(|seat| seat.node.change.is_none()) {
        let shown = match &seat.standing {
            Standing::Always(_, shown) | Standing::Conditionally(_, shown, _) => Some(&**shown),
            Standing::Never(_) | Standing::Undecided(_) => None,
        };
        let certainty = seat.standing.certainty();
        sink(seat.node.principal, seat.scope, "administers".to_owned(), Vec::new(), shown, certainty);
    }
    for path in judge.paths()? {
        let words = format!("can, in {}, come to administer", in_steps(path.hops.len()));
        let shown = path.hops.first().and_then(Hop::witness);
        sink(path.from, path.seat.scope, words, path.hops.clone(), shown, path.certainty.clone());
    }
    if let Some(question) = judge.graph.undecided().first() {
        ruling.rest_on(&Certainty::Undecided(format!("it stayed open {question}")));
    }
    Ok(())
}

/// Who comes to something, and how.
pub(super) struct Reached {
    pub(super) ways: Vec<Way>,
    /// Whether that is by using it, as strangers may, and not by acting as it.
    pub(super) by_use: bool,
    /// What all others rest on who do not.
    pub(super) certainty: Certainty,
}

/// Somebody comes to something: by itself, or by steps.
pub(super) struct Way {
    pub(super) cloud: CloudId,
    pub(super) from: Subject,
    pub(super) hops: Vec<Hop>,
    pub(super) certainty: Certainty,
    pub(super) witness: Option<Witness>,
}

/// Those whom a name stands for at the end of a path.
struct Ends {
    principals: BTreeSet<PrincipalId>,
    /// Who needs no step: whoever may use a resource.
    direct: Vec<Way>,
    by_use: bool,
    certainty: Certainty,
}

/// For each name, who comes to it; `None` where there is no such thing.
pub(super) fn reach(
    judge: &Judge<'_>,
    names: &[Name],
    cloud: Option<CloudId>,
) -> Result<Vec<Option<Reached>>, Bug> {
    let ends: Vec<Option<Ends>> =
        names.iter().map(|name| ends(judge, name, cloud)).collect::<Result<_, Bug>>()?;
    let all: BTreeSet<PrincipalId> = ends.iter().flatten().flat_map(|ends| ends.principals.clone()).collect();
    let all: Vec<PrincipalId> = all.into_iter().collect();
    let graph = Graph::towards(&judge.evaluator, judge.steps, &all)?;
    let open = graph.undecided().first().map(|question| format!("it stayed open {question}"));
    let mut found = Vec::new();
    for ends in ends {
        let Some(Ends { principals, direct, by_use, certainty }) = ends else {
            found.push(None);
            continue;
        };
        let mut ways = direct;
        for way in graph.ways_to(&judge.evaluator, &principals)? {
            let Some(cloud) = judge.estate().principal(way.from).map(|who| who.cloud) else { continue };
            let witness = way.hops.first().and_then(Hop::witness).cloned();
            let (from, hops) = (Subject::Principal(way.from), way.hops);
            ways.push(Way { cloud, from, hops, certainty: way.certainty, witness });
        }
        let certainty = certainty.and(open.clone().map_or(Certainty::Proven, Certainty::Undecided));
        found.push(Some(Reached { ways, by_use, certainty }));
    }
    Ok(found)
}

fn ends(judge: &Judge<'_>, name: &Name, cloud: Option<CloudId>) -> Result<Option<Ends>, Bug> {
    let (chosen, unknown) = judge.people.choose(std::slice::from_ref(name), cloud);
    if unknown.is_empty() && !chosen.principals.is_empty() {
        let (direct, certainty) = (Vec::new(), Certainty::Proven);
        return Ok(Some(Ends { principals: chosen.principals, direct, by_use: false, certainty }));
    }
    for cloud in judge.clouds(cloud).into_iter().filter(|cloud| cloud.claims(&name.text)) {
        let place = place(judge.estate(), cloud, name);
        let patterns = cloud.written(&name.text);
        let mut own = judge.estate().resources().filter(|(_, one)| one.cloud == cloud.id());
        if matches!(place.object, Object::Within(_)) || own.any(|(_, one)| patterns.matches(&one.name)) {
            return users(judge, cloud, &place).map(Some);
        }
    }
    Ok(None)
}

/// Everybody who may do something at a place.
fn users(judge: &Judge<'_>, cloud: &dyn Cloud, place: &Place) -> Result<Ends, Bug> {
    let mut ends =
        Ends { principals: BTreeSet::new(), direct: Vec::new(), by_use: true, certainty: Certainty::Proven };
    for subject in judge.people.askers(cloud.id()) {
        let question = Question { cloud: cloud.id(), subject, action: None, object: place.object.clone() };
        let answer = judge.evaluator.ask(question)?.can(&place.within)?;
        match answer.outcome {
            Outcome::Never => ends.certainty = ends.certainty.and(answer.certainty),
            outcome => {
                if let (Subject::Principal(id), Outcome::Sometimes(_)) = (subject, &outcome) {
                    ends.principals.insert(id);
                }
                let witness = match outcome {
                    Outcome::Sometimes(witness) => Some(*witness),
                    Outcome::Never | Outcome::Undecided => None,
                };
                let (cloud, hops) = (cloud.id(), Vec::new());
                ends.direct.push(Way { cloud, from: subject, hops, certainty: answer.certainty, witness });
            }
        }
    }
    Ok(ends)
}

impl Way {
    pub(super) fn breach(self, judge: &Judge<'_>, to: &Name, against: &str) -> Breach {
        let name = judge.people.name(self.from);
        let to = &to.text;
        let message = match (self.hops.len(), &self.witness) {
            (0, Some(shown)) => {
                let request = &shown.request;
                format!("{name} may `{}` on `{}`, {against}", request.action, request.resource)
            }
            (0, None) => format!("whether {name} gets at `{to}`, {against}, was not decided"),
            (steps, _) => format!("{name} can, in {}, come to `{to}`, {against}", in_steps(steps)),
        };
        let principal = match self.from {
            Subject::Principal(id) => Some(id),
            Subject::Outside | Subject::Anonymous => None,
        };
        let own = principal.and_then(|id| judge.estate().principal(id)).map(|who| who.origin.clone());
        Breach {
            cloud: self.cloud,
            principal,
            policy: None,
            name: format!("{name} {to}"),
            message,
            certainty: self.certainty,
            origins: origins(&self.hops, self.witness.as_ref(), &own.unwrap_or_default()),
            witness: self.witness,
            hops: self.hops,
            access: Vec::new(),
        }
    }
}

/// The places that matter: of a path its first step, since the steps carry their own places.
fn origins(hops: &[Hop], witness: Option<&Witness>, own: &Origin) -> Vec<Origin> {
    let first = hops.first().map(Hop::because).unwrap_or_default();
    if let Some(first) = first.iter().find(|origin| origin.span.is_some()) {
        return vec![(*first).clone()];
    }
    let because = witness.into_iter().flat_map(|shown| &shown.decision.because);
    let mut origins: Vec<Origin> = because.map(|reason| reason.origin.clone()).collect();
    if origins.is_empty() {
        origins.push(own.clone());
    }
    origins
}

fn in_steps(steps: usize) -> String {
    if steps == 1 { "one step".to_owned() } else { format!("{steps} steps") }
}
