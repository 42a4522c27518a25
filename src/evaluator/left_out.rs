//! Requests that leave a key out: which a deny statement misses, and which an allow statement lets through.
//!
//! Each request that is shown has been judged by the cloud's concrete rule.

use super::alike::Matter;
use super::ask::has_unread;
use super::statements::{Held, OneDocument};
use super::{Bug, Certainty, Witness};
use crate::clouds::documents::{Omission, Statement};
use crate::logic::{Assignment, Attribute, Formula};
use crate::model::{Effect, Gap, GapKind, Origin, Request, Verdict};

/// A deny statement that misses a request without a key.
#[derive(Clone, Debug)]
pub struct Dodge {
    /// The statement, by its place among [`OneDocument::statements`].
    pub statement: usize,
    /// The key.
    pub key: String,
    /// Why leaving it out amounts to giving it, in words that can follow "because".
    pub because: &'static str,
    /// The request without the key, which nothing denies, and the one with it, which the statement denies. `None` when
    /// it was not decided whether there are such.
    pub shown: Option<Box<Shown>>,
    /// How sure it is.
    pub certainty: Certainty,
}

/// Two requests that differ in one key.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The one without the key.
    pub without: Witness,
    /// The one with it.
    pub with: Witness,
    /// The values of the key in it.
    pub values: Vec<String>,
}

/// An allow statement that allows a request because it has no value that a condition could look at.
#[derive(Clone, Debug)]
pub struct Vacuous {
    /// The statement, by its place among [`OneDocument::statements`].
    pub statement: usize,
    /// The condition, by its place in the statement.
    pub condition: usize,
    /// The request. `None` when it was not decided whether there is one.
    pub witness: Option<Witness>,
    /// How sure it is.
    pub certainty: Certainty,
}

impl OneDocument<'_> {
    /// The deny statements that miss requests which leave a key out, though that amounts to giving it. What the statement
    /// says about the absence of the key in so many words is meant as it is written.
    pub fn dodged(&self) -> Result<Vec<Dodge>, Bug> {
        self.unless_alike(Matter::Dodged, || self.find_dodged())
    }

    fn find_dodged(&self) -> Result<Vec<Dodge>, Bug> {
        let conditional = |statement: &Statement| !statement.conditions.is_empty();
        let denies = self.numbered(Effect::Deny).filter(|(_, deny)| conditional(deny));
        let omissions = self.documents.omissions(self.kind);
        let mut found = Vec::new();
        for (index, deny) in denies {
            let asked = deny.formula().attributes();
            for omission in omissions.iter().filter(|omission| asked.contains(&omission.key)) {
                let there = Formula::present(omission.key.clone());
                if !deny.conditions.iter().any(|condition| condition.formula == there) {
                    found.extend(self.dodge(index, deny, omission)?);
                }
            }
        }
        Ok(found)
    }

    fn dodge(&self, index: usize, deny: &Statement, omission: &Omission) -> Result<Option<Dodge>, Bug> {
        let given = Attribute::new(format!("{} if it is given", omission.key.name()), omission.key.kind());
        let denied = Formula::all([
            deny.formula().renamed(&omission.key, &given),
            omission.amounts_to.renamed(&omission.key, &given),
            Formula::present(given.clone()),
        ]);
        let missed = Formula::all([
            denied,
            omission.requests.clone(),
            self.lacks(&omission.key),
            self.any_of(Effect::Deny).not(),
            self.read().sensible.clone(),
        ]);
        let mut gaps: Vec<Gap> = omission.gap.iter().chain(&self.read().gaps).cloned().collect();
        let mut held = self.held(missed.clone().and(self.any_of(Effect::Allow)), &self.known)?;
        if matches!(held, Held::Never)
            && let Some(gap) = &self.read().others
            && self.takes_from_others(deny)?
        {
            gaps.push(gap.clone());
            held = self.held(missed, &self.known)?;
        }
        let (shown, certainty) = match held {
            Held::Never => return Ok(None),
            Held::Undecided(reason) => (None, Certainty::Undecided(reason)),
            Held::Sometimes(found, engine) => match self.show(&found, omission, &given, deny, engine)? {
                Some(shown) => (Some(Box::new(shown)), self.resting_on(gaps)),
                None => (None, Certainty::Undecided(UNREAD.to_owned())),
            },
        };
        let key = self.documents.key_name(&omission.key);
        Ok(Some(Dodge { statement: index, key, because: omission.because, shown, certainty }))
    }

    /// Whether what the deny statement takes is given by other documents: this one gives nothing of it.
    fn takes_from_others(&self, deny: &Statement) -> Result<bool, Bug> {
        let own = self.any_of(Effect::Allow).and(deny.formula());
        Ok(matches!(self.held(own, &self.known)?, Held::Never))
    }

    /// Both requests, judged: the one without the key must not be denied, the one with it must be, by the statement.
    /// `None` when a condition that cannot be read leaves that open.
    fn show(
        &self,
        found: &Assignment,
        omission: &Omission,
        given: &Attribute,
        deny: &Statement,
        engine: &str,
    ) -> Result<Option<Shown>, Bug> {
        let without = found.without(given);
        let mut with = without.clone();
        if let Some(value) = found.value(given) {
            with.set(omission.key.clone(), value.clone());
        }
        let (without, with) = (self.judged(&without), self.judged(&with));
        let name = self.documents.key_name(&omission.key);
        let values = with.request.context.get(&name).cloned().unwrap_or_default();
        let denies = with.decision.verdict == Verdict::ExplicitlyDenied && rests_on(&with, &deny.origin);
        if denies && without.decision.verdict != Verdict::ExplicitlyDenied {
            return Ok(Some(Shown { without, with, values }));
        }
        self.unread(engine, &[&without, &with])
    }

    /// The allow statements with a condition that looks at all values of a key, and so lets through what has none.
    pub fn vacuous(&self) -> Result<Vec<Vacuous>, Bug> {
        self.unless_alike(Matter::Vacuous, || self.find_vacuous())
    }

    fn find_vacuous(&self) -> Result<Vec<Vacuous>, Bug> {
        let mut found = Vec::new();
        for (index, allow) in self.numbered(Effect::Allow) {
            for (place, condition) in allow.conditions.iter().enumerate() {
                let Some(universal) =
                    condition.universal.as_ref().filter(|_| condition.formula != Formula::True)
                else {
                    continue;
                };
                let others = self.numbered(Effect::Allow).filter(|(other, _)| *other != index);
                let through = Formula::all([
                    allow.formula(),
                    self.lacks(&universal.key),
                    self.any_of(Effect::Deny).not(),
                    Formula::any(others.map(|(_, other)| other.formula())).not(),
                    self.read().sensible.clone(),
                ]);
                let gaps = universal.gap.iter().chain(&self.read().gaps).cloned();
                let (witness, certainty) = match self.held(through, &self.known)? {
                    Held::Never => continue,
                    Held::Undecided(reason) => (None, Certainty::Undecided(reason)),
                    Held::Sometimes(request, engine) => match self.let_through(&request, allow, engine)? {
                        Some(witness) => (Some(witness), self.resting_on(gaps.collect())),
                        None => (None, Certainty::Undecided(UNREAD.to_owned())),
                    },
                };
                found.push(Vacuous { statement: index, condition: place, witness, certainty });
            }
        }
        Ok(found)
    }

    fn let_through(
        &self,
        found: &Assignment,
        allow: &Statement,
        engine: &str,
    ) -> Result<Option<Witness>, Bug> {
        let witness = self.judged(found);
        if witness.decision.is_allowed() && rests_on(&witness, &allow.origin) {
            return Ok(Some(witness));
        }
        self.unread(engine, &[&witness])
    }

    /// Holds for requests without the key, of whatever kind its values are taken to be.
    fn lacks(&self, key: &Attribute) -> Formula {
        let statements = self.read().statements.iter();
        let mut named: Vec<Attribute> = statements
            .flat_map(|statement| statement.formula().attributes())
            .filter(|attribute| attribute.name() == key.name())
            .chain([key.clone()])
            .collect();
        named.sort();
        named.dedup();
        Formula::all(named.into_iter().map(|attribute| Formula::present(attribute).not()))
    }

    fn any_of(&self, effect: Effect) -> Formula {
        Formula::any(self.numbered(effect).map(|(_, statement)| statement.formula()))
    }

    fn judged(&self, found: &Assignment) -> Witness {
        let request: Request = self.documents.request(self.kind, found);
        let decision = self.documents.decide(self.kind, self.policy, &request);
        Witness { request, decision }
    }

    /// A statement that cannot be read may say otherwise; the gaps tell.
    fn resting_on(&self, mut gaps: Vec<Gap>) -> Certainty {
        gaps.extend(self.read().statements.iter().flat_map(|statement| statement.gaps.iter().cloned()));
        Certainty::from_gaps(gaps)
    }

    /// What is left of a request that was not judged as the formula says: nothing where some condition cannot be read,
    /// and otherwise a bug.
    fn unread<T>(&self, engine: &str, judged: &[&Witness]) -> Result<Option<T>, Bug> {
        let statements = self.read().statements.iter().flat_map(|statement| &statement.gaps);
        let unread = statements.into_iter().any(|gap| gap.kind == GapKind::OpaqueCondition)
            || judged.iter().any(|witness| has_unread(&witness.decision.gaps));
        if unread {
            return Ok(None);
        }
        Err(Bug {
            message: format!(
                "a request without a key, found by engine `{engine}`, does not survive its replay by `{}`: {judged:?}",
                self.policy.name
            ),
        })
    }
}

/// Why a question stays open where a condition cannot be read.
const UNREAD: &str = "it rests on a condition that could not be read";

fn rests_on(witness: &Witness, origin: &Origin) -> bool {
    witness.decision.because.iter().any(|reason| reason.origin == *origin)
}
