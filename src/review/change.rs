//! Two estates compared: each principal's access, and the findings.
//!
//! How a change is put into words is in `message.rs`; which files are the two estates is known to the pipeline.

use std::collections::{BTreeMap, BTreeSet};

use super::message;
use super::widened::widened;
use crate::clouds::{self, CLOUDS};
use crate::evaluator::{Bug, Certainty, Evaluator, Outcome, Side, Surplus};
use crate::findings::Finding;
use crate::logic::Formula;
use crate::model::{
    CloudId, Estate, Gap, GapKind, Object, Principal, PrincipalId, PrincipalKind, Question, Subject,
};

/// Whose access changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Somebody without credentials.
    Anonymous,
    /// Somebody of whom no file tells.
    Outside,
    /// A principal, by its full name.
    Principal(String),
}

impl Who {
    /// The name, or the word for strangers as users type it.
    pub fn word(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Outside => "outside",
            Self::Principal(name) => name,
        }
    }
}

/// Access that somebody gained or lost.
#[derive(Clone, Debug)]
pub struct Change {
    /// The cloud it is access in.
    pub cloud: CloudId,
    /// Whose it is.
    pub who: Who,
    /// Whether it was not there at all on the other side: a new principal, or one that is gone.
    pub alone: bool,
    /// Which access, with a request that shows it.
    pub surplus: Surplus,
}

/// What a change means.
#[derive(Debug)]
pub struct Review {
    /// What the later estate allows and the earlier does not, by cloud and name.
    pub gained: Vec<Change>,
    /// What the earlier estate allows and the later does not.
    pub lost: Vec<Change>,
    /// The gains as findings of the rule `gained-access`, and what other rules find now and did not before; the worst
    /// first.
    pub findings: Vec<Finding>,
    /// What rules found before and do not now.
    pub resolved: Vec<Finding>,
    /// What rules found before and find now, too.
    pub known: Vec<Finding>,
    /// What all of it rests on that the files told before and do not tell now: a policy that is only named, say.
    pub rests_on: Certainty,
}

impl Default for Review {
    fn default() -> Self {
        let (gained, lost, findings, resolved, known) = Default::default();
        Self { gained, lost, findings, resolved, known, rests_on: Certainty::Proven }
    }
}

impl Review {
    /// Whether nobody gains anything, for sure: no gain, none that stayed undecided, and nothing that is not told any
    /// more and might give some.
    pub fn gains_nothing(&self) -> bool {
        self.gained.is_empty() && self.rests_on == Certainty::Proven
    }
}

/// An estate with what all rules find in it.
pub struct Judged<'e, 'a> {
    /// Answers questions about it.
    pub evaluator: &'e Evaluator<'a>,
    /// What rules find.
    pub findings: Vec<Finding>,
}

/// Compares two estates.
///
/// A policy that was given alone is known by its name; under another name it is the same if it allows the same. What
/// anybody gains without credentials is not said of others again.
pub fn review(before: Judged<'_, '_>, after: Judged<'_, '_>) -> Result<Review, Bug> {
    let (then, now) = (Subjects::of(before.evaluator.estate()), Subjects::of(after.evaluator.estate()));
    let pairs = now.with(&then);
    let mut found = Review::default();
    let mut moved = Moved::new(before.evaluator, &pairs)?;
    let mut lost = Vec::new();
    let mut told = Told::default();
    told.before(before.evaluator.estate().gaps());
    told.after(after.evaluator.estate().gaps());
    let mut common = Common::default();
    for (number, pair) in pairs.iter().enumerate() {
        let old = pair.then.map(|subject| side(before.evaluator, pair.cloud, subject)).transpose()?;
        let new = pair.now.map(|subject| side(after.evaluator, pair.cloud, subject)).transpose()?;
        let alone = old.is_none() || new.is_none();
        told.before(old.as_ref().map_or(&[], Side::gaps));
        told.after(new.as_ref().map_or(&[], Side::gaps));
        if pair.is_holder && alone && new.as_ref().is_some_and(|new| moved.take(new)) {
            continue;
        }
        if pair.who == Who::Anonymous {
            common = Common::of(old.as_ref(), new.as_ref());
        }
        let own = if pair.who == Who::Anonymous { &Common::default() } else { &common };
        let change = |surplus| Change { cloud: pair.cloud, who: pair.who.clone(), alone, surplus };
        if let Some(surplus) =
            new.as_ref().map(|new| new.beyond(old.as_ref(), &own.gained)).transpose()?.flatten()
        {
            found.gained.push(change(surplus));
        }
        if let Some(surplus) =
            old.as_ref().map(|old| old.beyond(new.as_ref(), &own.lost)).transpose()?.flatten()
        {
            lost.push((number, change(surplus)));
        }
    }
    found.rests_on = told.any_more();
    lost.retain(|(number, _)| !moved.taken.contains(number));
    found.lost = lost.into_iter().map(|(_, change)| change).collect();
    for change in &found.gained {
        found.findings.push(message::finding(after.evaluator.estate(), change));
    }
    compare_findings(before.findings, after.findings, &mut found);
    for finding in &found.known {
        found.findings.extend(widened(before.evaluator, after.evaluator, finding)?);
    }
    found.findings.sort_by(|a, b| (b.level, a.rule, &a.message).cmp(&(a.level, b.rule, &b.message)));
    Ok(found)
}

/// What is missing on either side. What was missing before already is not the business of a change.
#[derive(Default)]
struct Told {
    then: BTreeSet<(GapKind, String)>,
    now: BTreeMap<(GapKind, String), Gap>,
}

impl Told {
    fn before(&mut self, gaps: &[Gap]) {
        self.then.extend(gaps.iter().map(|gap| (gap.kind, gap.message.clone())));
    }

    fn after(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            self.now.entry((gap.kind, gap.message.clone())).or_insert_with(|| gap.clone());
        }
    }

    fn any_more(self) -> Certainty {
        let Self { then, now } = self;
        Certainty::from_gaps(now.into_iter().filter(|(key, _)| !then.contains(key)).map(|(_, gap)| gap))
    }
}

/// What everybody gains and loses, so that it need not be said of each.
struct Common {
    gained: Formula,
    lost: Formula,
}

impl Default for Common {
    fn default() -> Self {
        Self { gained: Formula::False, lost: Formula::False }
    }
}

impl Common {
    fn of(old: Option<&Side<'_>>, new: Option<&Side<'_>>) -> Self {
        let more = |one: Option<&Side<'_>>, other| one.map_or(Formula::False, |one| one.more_than(other));
        Self { gained: more(new, old), lost: more(old, new) }
    }
}

/// Sorts what rules found into what is new, what is gone, and what stayed.
fn compare_findings(then: Vec<Finding>, now: Vec<Finding>, found: &mut Review) {
    // A fact is news where there was a question.
    let key = |finding: &Finding| (finding.rule, finding.fingerprint.clone(), finding.is_undecided());
    let (old, new): (BTreeSet<_>, BTreeSet<_>) =
        (then.iter().map(key).collect(), now.iter().map(key).collect());
    let (known, fresh): (Vec<_>, Vec<_>) = now.into_iter().partition(|finding| old.contains(&key(finding)));
    found.known = known;
    found.findings.extend(fresh);
    found.resolved = then.into_iter().filter(|finding| !new.contains(&key(finding))).collect();
}

fn side<'a>(evaluator: &Evaluator<'a>, cloud: CloudId, subject: Subject) -> Result<Side<'a>, Bug> {
    evaluator.side(Question { cloud, subject, action: None, object: Object::Any })
}

/// Everybody whose access is compared, by cloud and name; several of one name by their order.
struct Subjects(BTreeMap<(CloudId, Who, usize), (Subject, bool)>);

/// Somebody in both estates, or in one.
struct Pair {
    cloud: CloudId,
    who: Who,
    then: Option<Subject>,
    now: Option<Subject>,
    is_holder: bool,
}

impl Subjects {
    fn of(estate: &Estate) -> Self {
        let mut all = BTreeMap::new();
        for cloud in CLOUDS.iter().map(|cloud| cloud.id()).filter(|cloud| is_spoken_of(estate, *cloud)) {
            all.insert((cloud, Who::Anonymous, 0), (Subject::Anonymous, false));
            all.insert((cloud, Who::Outside, 0), (Subject::Outside, false));
        }
        for (id, principal) in estate.principals().filter(|(_, one)| asks(one)) {
            let who = || Who::Principal(principal.name.clone());
            let free = (0..).find(|number| !all.contains_key(&(principal.cloud, who(), *number)));
            let is_holder = principal.kind == PrincipalKind::Holder;
            let own: (Subject, bool) = (subject(id), is_holder);
            all.insert((principal.cloud, who(), free.unwrap_or_default()), own);
        }
        Self(all)
    }

    fn with(self, then: &Self) -> Vec<Pair> {
        let gone = then.0.iter().filter(|(key, _)| !self.0.contains_key(key));
        let gone = gone.map(|((cloud, who, _), (subject, is_holder))| Pair {
            cloud: *cloud,
            who: who.clone(),
            then: Some(*subject),
            now: None,
            is_holder: *is_holder,
        });
        let gone: Vec<Pair> = gone.collect();
        let here = self.0.iter().map(|(key, (now, is_holder))| Pair {
            cloud: key.0,
            who: key.1.clone(),
            then: then.0.get(key).map(|(then, _)| *then),
            now: Some(*now),
            is_holder: *is_holder,
        });
        let mut all: Vec<Pair> = here.chain(gone).collect();
        all.sort_by(|a, b| (a.cloud, &a.who).cmp(&(b.cloud, &b.who)));
        all
    }
}

fn subject(id: PrincipalId) -> Subject {
    Subject::Principal(id)
}

fn is_spoken_of(estate: &Estate, cloud: CloudId) -> bool {
    estate.principals().any(|(_, one)| one.cloud == cloud)
        || estate.resources().any(|(_, one)| one.cloud == cloud)
}

/// Whether somebody sends requests to a cloud that is known.
fn asks(principal: &Principal) -> bool {
    clouds::cloud(principal.cloud).is_some() && principal.kind.sends_requests()
}

/// Policies that were given alone and are gone under their names: each may be there under another.
struct Moved<'a> {
    /// By their place among the pairs.
    gone: Vec<(usize, Side<'a>)>,
    taken: BTreeSet<usize>,
}

impl<'a> Moved<'a> {
    fn new(before: &Evaluator<'a>, pairs: &[Pair]) -> Result<Self, Bug> {
        let mut gone = Vec::new();
        for (number, pair) in
            pairs.iter().enumerate().filter(|(_, pair)| pair.is_holder && pair.now.is_none())
        {
            if let Some(then) = pair.then {
                gone.push((number, side(before, pair.cloud, then)?));
            }
        }
        Ok(Self { gone, taken: BTreeSet::new() })
    }

    /// Takes one that allows the same.
    fn take(&mut self, new: &Side<'_>) -> bool {
        let Some(at) = self.gone.iter().position(|(_, old)| old.is_plainly_like(new)) else { return false };
        let (number, _) = self.gone.swap_remove(at);
        self.taken.insert(number)
    }
}

impl Change {
    /// Whether this was not decided.
    pub fn is_undecided(&self) -> bool {
        self.surplus.answer.outcome == Outcome::Undecided
    }
}
