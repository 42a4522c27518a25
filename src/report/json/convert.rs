//! From the internal types to the shape of the report.

use std::collections::BTreeMap;

use super::{SCHEMA, shape};
use crate::evaluator::{
    AccessRow, Answer, Certainty, Change, Difference, DifferenceRows, Entrant, Outcome, RowActions, Standing,
    Witness,
};
use crate::findings::{Finding, Level};
use crate::graph::{Administrators, Cut, Evidence, Hop, Path, Radius, Reached, Seat, Way, What};
use crate::model::{
    Effect, Gap, GapKind, Object, Origin, PrincipalId, Question, Reason, Request, ScopeId, Subject,
    Verdict as Decided,
};
use crate::recommender::{Needed, Proof, ProofCheck, Suggestion, Summary, Verified};
use crate::report::picture::picture;
use crate::report::{Compared, Content, ContentKind, Report, Verdict};
use crate::review::{self, Review, Why};
use crate::text::{Problem, Severity, Span};

/// What the command found; `None` for decisions, which are lines.
pub(super) fn content<'a>(report: &'a Report<'a>) -> Option<shape::Content<'a>> {
    let from = Converter { report };
    Some(match report.content {
        Content::Findings(findings) => {
            shape::Content::Findings(findings.iter().map(|finding| from.finding(finding)).collect())
        }
        Content::Paths(found) => shape::Content::Paths {
            paths: found.paths.iter().map(|path| from.path(path)).collect(),
            own: found.own.iter().map(|seat| from.administrator(seat)).collect(),
            cut: found.cut.as_ref().map(|cut| from.cut(cut)),
        },
        Content::Ways(found) => shape::Content::Ways {
            ways: found.ways.iter().map(|way| from.way(way)).collect(),
            more: found.more,
            own: found.own.iter().map(|id| from.principal(*id)).collect(),
            cut: found.cut.as_ref().map(|cut| from.cut(cut)),
        },
        Content::Radius(radius) => shape::Content::Radius(from.radius(radius)),
        Content::Admins(admins) => shape::Content::Admins(from.administrators(admins)),
        Content::Graph(edges) => shape::Content::Graph(picture(report, edges)),
        Content::Answer(verdict) => shape::Content::Answer(Box::new(from.verdict(verdict))),
        Content::Access(question, access) => shape::Content::Access(shape::Access {
            question: from.question(question),
            rows: access.rows.iter().map(access_row).collect(),
            certainty: from.certainty(&access.certainty),
        }),
        Content::WhoCan(_, entrants, ways) => shape::Content::WhoCan {
            who_can: entrants.iter().map(|entrant| from.entrant(entrant)).collect(),
            ways: ways.map(|ways| ways.iter().map(|way| from.way(way)).collect()),
        },
        Content::Suggestions(suggestions, summary) => {
            let suggestions = suggestions.iter().map(|one| from.suggestion(one)).collect();
            shape::Content::Suggestions { suggestions, totals: from.totals(summary) }
        }
        Content::Verified(verified) => {
            shape::Content::Verified(verified.iter().map(|one| from.verified(one)).collect())
        }
        Content::Review(review) => shape::Content::Review(Box::new(from.review(review))),
        Content::Comparison(compared) => shape::Content::Comparison(Box::new(from.comparison(compared))),
        Content::Decisions(_) => return None,
    })
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Always(..) => "always",
        Standing::Conditionally(..) => "conditionally",
        Standing::Never(_) => "never",
        Standing::Undecided(_) => "undecided",
    }
}

fn access_row(row: &AccessRow) -> shape::AccessRow<'_> {
    let (actions, matching) = match &row.actions {
        RowActions::Named(names) => (names.as_slice(), None),
        RowActions::Matching { patterns, except } => {
            (&[] as &[String], Some(shape::MatchingActions { patterns, except }))
        }
    };
    shape::AccessRow {
        actions,
        matching,
        resources: &row.resources,
        except: &row.except,
        condition: row.condition.as_deref(),
    }
}

/// The whole document; `None` for decisions, which are lines.
pub(super) fn document<'a>(report: &'a Report<'a>) -> Option<shape::Document<'a>> {
    let from = Converter { report };
    Some(shape::Document {
        schema: SCHEMA,
        tool: shape::Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        command: report.content.kind().as_str(),
        inputs: report
            .inputs
            .iter()
            .map(|input| shape::Input { path: &input.path, format: input.format })
            .collect(),
        summary: from.summary(),
        content: content(report)?,
        configured: from.has_findings().then(|| from.configured()),
        gaps: report.estate.gaps().iter().map(|gap| from.gap(gap)).collect(),
        undecided: report.undecided,
        problems: report.problems.iter().map(|problem| from.problem(problem)).collect(),
    })
}

struct Converter<'a> {
    report: &'a Report<'a>,
}

impl<'a> Converter<'a> {
    fn has_findings(&self) -> bool {
        matches!(self.report.content.kind(), ContentKind::Scan | ContentKind::Check)
    }

    fn suppressed(&self) -> BTreeMap<&'static str, usize> {
        let mut counts: BTreeMap<_, _> = Why::WORDS.iter().map(|word| (*word, 0)).collect();
        for one in self.report.suppressed {
            *counts.entry(one.why.as_str()).or_default() += 1;
        }
        counts
    }

    fn configured(&self) -> shape::Configured<'a> {
        let guardrails = self.report.guardrails.iter().map(|one| shape::Guardrail {
            id: &one.id,
            kind: one.kind,
            outcome: one.outcome.as_str(),
            certainty: self.certainty(&one.certainty),
        });
        let suppressed = self.report.suppressed.iter().map(|one| shape::Suppressed {
            by: one.why.as_str(),
            justification: one.why.justification(),
            finding: self.finding(&one.finding),
        });
        shape::Configured {
            guardrails: guardrails.collect(),
            suppressed: suppressed.collect(),
            stale_baseline: self.report.stale,
        }
    }

    fn summary(&self) -> shape::Summary {
        let counts = self.report.counts();
        let of =
            |severity| self.report.problems.iter().filter(|problem| problem.severity == severity).count();
        let levels = || Level::ALL.iter().map(|level| level.as_str()).zip(counts.levels).collect();
        shape::Summary {
            documents: self.report.inputs.len(),
            principals: self.report.estate.principals().count(),
            resources: self.report.estate.resources().count(),
            findings: self.has_findings().then(levels),
            suppressed: self.has_findings().then(|| self.suppressed()),
            undecided: counts.undecided,
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
        }
    }

    fn place(&self, span: Span) -> shape::Place<'a> {
        let (start, end) = (self.report.files.start(span), self.report.files.end(span));
        shape::Place {
            path: self.report.files.path(span.file),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }

    fn problem(&self, problem: &'a Problem) -> shape::Problem<'a> {
        let place = problem.span.map(|span| self.place(span));
        shape::Problem {
            severity: problem.severity.name(),
            code: problem.code,
            message: &problem.message,
            path: place.as_ref().map(|place| place.path).or(problem.path.as_deref()),
            place,
            help: problem.help.as_deref(),
        }
    }

    fn origin(&self, origin: &'a Origin) -> shape::Origin<'a> {
        shape::Origin {
            what: &origin.what,
            route: origin.route.to_string(),
            place: origin.span.map(|span| self.place(span)),
        }
    }

    fn certainty(&self, certainty: &'a Certainty) -> shape::Certainty<'a> {
        let reason = match certainty {
            Certainty::Undecided(reason) => Some(reason.as_str()),
            Certainty::Proven | Certainty::Assuming(_) => None,
        };
        let gaps = certainty.gaps().iter().map(|gap| self.gap(gap)).collect();
        shape::Certainty { kind: certainty.as_str(), gaps, reason }
    }

    fn gap(&self, gap: &'a Gap) -> shape::Gap<'a> {
        let kind = match gap.kind {
            GapKind::MissingPolicy => "missing-policy",
            GapKind::MissingScope => "missing-scope",
            GapKind::OpaqueCondition => "opaque-condition",
            GapKind::UnknownValue => "unknown-value",
            GapKind::UnknownAction => "unknown-action",
            GapKind::AssumedDefault => "assumed-default",
        };
        let origin = gap.origin.as_ref().map(|origin| self.origin(origin));
        shape::Gap { kind, message: &gap.message, origin }
    }

    fn witness(&self, witness: &'a Witness) -> shape::Witness<'a> {
        let Witness { request, decision } = witness;
        self.judged(request, decision.verdict, &decision.because, &decision.blocked_by)
    }

    fn judged(
        &self,
        request: &'a Request,
        decided: Decided,
        because: &'a [Reason],
        blocked_by: &'a [Reason],
    ) -> shape::Witness<'a> {
        let reasons = |list: &'a [Reason]| list.iter().map(|reason| self.reason(reason)).collect();
        shape::Witness {
            principal: &request.principal,
            action: &request.action,
            resource: &request.resource,
            context: &request.context,
            verdict: verdict(decided),
            because: reasons(because),
            blocked_by: reasons(blocked_by),
        }
    }

    fn comparison(&self, compared: Compared<'a>) -> shape::Comparison<'a> {
        let Compared { name, comparison, rows } = compared;
        let [gained, lost] = rows.map_or([None, None], |[gained, lost]| [Some(gained), Some(lost)]);
        shape::Comparison {
            name,
            kind: comparison.kind.id,
            relation: comparison.relation.as_str(),
            gained: self.difference(&comparison.gained, gained),
            lost: self.difference(&comparison.lost, lost),
            gained_beyond_catalog: self.difference(&comparison.beyond.gained, None),
            lost_beyond_catalog: self.difference(&comparison.beyond.lost, None),
            engine: comparison.engine,
            steps: comparison.steps,
            certainty: self.certainty(&comparison.certainty),
        }
    }

    fn difference(
        &self,
        difference: &'a Difference,
        rows: Option<&'a DifferenceRows>,
    ) -> Option<shape::Difference<'a>> {
        let rows = rows.map(|rows| match rows {
            DifferenceRows::Rows(rows) => Some(rows.iter().map(access_row).collect()),
            DifferenceRows::Undecided(_) => None,
        });
        match difference {
            Difference::Nothing => None,
            Difference::Undecided(undecided) => Some(shape::Difference::Undecided { undecided }),
            Difference::Some(change) => Some(shape::Difference::Found { witness: self.change(change), rows }),
        }
    }

    /// The request with what allows it in one document and what denies it in the other.
    fn change(&self, change: &'a Change) -> shape::Witness<'a> {
        let Change { request, allowed, refused, .. } = change;
        self.judged(request, allowed.verdict, &allowed.because, &refused.because)
    }

    fn reason(&self, reason: &'a Reason) -> shape::Reason<'a> {
        let effect = reason.effect.map(|effect| match effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        });
        shape::Reason { layer: reason.layer.as_str(), effect, origin: self.origin(&reason.origin) }
    }

    fn finding(&self, finding: &'a Finding) -> shape::Finding<'a> {
        let related = finding.related.iter().map(|related| shape::Related {
            message: &related.message,
            origin: self.origin(&related.origin),
        });
        let policy = finding.intent.policy.and_then(|id| self.report.estate.policy(id));
        shape::Finding {
            rule: finding.rule,
            cloud: finding.cloud.as_str(),
            level: finding.level.as_str(),
            message: &finding.message,
            advice: &finding.advice,
            certainty: self.certainty(&finding.certainty),
            primary: self.origin(&finding.primary),
            related: related.collect(),
            witness: finding.witness.as_ref().map(|witness| self.witness(witness)),
            steps: finding.hops.iter().map(|hop| self.step(hop)).collect(),
            principal: finding.intent.principal.map(|id| self.principal(id)),
            policy: policy.map(|policy| policy.name.as_str()),
            guardrail: finding.intent.guardrail.as_deref(),
            fingerprint: &finding.fingerprint,
        }
    }

    fn principal(&self, id: PrincipalId) -> &'a str {
        self.report.estate.principal(id).map_or("", |principal| &principal.name)
    }

    fn step(&self, hop: &'a Hop) -> shape::Step<'a> {
        shape::Step {
            from: self.principal(hop.from.principal),
            to: hop.to(self.report.estate),
            gain: hop.gained.gain().as_str(),
            kind: &hop.kind,
            sentence: hop.sentence(self.report.estate),
            remedy: hop.remedy(self.report.estate),
            witness: hop.witness().map(|witness| self.witness(witness)),
            requests: hop.proofs.iter().map(|proof| self.taken(proof)).collect(),
            certainty: self.certainty(&hop.certainty),
        }
    }

    fn taken(&self, proof: &'a Evidence) -> shape::Taken<'a> {
        shape::Taken {
            witness: self.witness(&proof.witness),
            always: (!proof.open).then_some(proof.refusal.is_none()),
            refused: proof.refusal.as_ref().map(|refusal| self.witness(refusal)),
        }
    }

    fn way(&self, way: &'a Way) -> shape::Way<'a> {
        shape::Way {
            from: self.principal(way.from),
            to: self.principal(way.to),
            steps: way.hops.iter().map(|hop| self.step(hop)).collect(),
            certainty: self.certainty(&way.certainty),
        }
    }

    fn radius(&self, radius: &'a Radius) -> shape::Radius<'a> {
        let reached = radius.reached.iter().map(|one| self.reached(one));
        shape::Radius { from: self.principal(radius.from), reached: reached.collect() }
    }

    fn reached(&self, one: &'a Reached) -> shape::Reached<'a> {
        let estate = self.report.estate;
        let change = match &one.what {
            What::Acts(node) => node.change_in_words(estate),
            What::Administers(_) | What::Decides(_) => None,
        };
        let (what, name) = (one.what.word(), one.what.name(estate));
        let steps = one.hops.iter().map(|hop| self.step(hop)).collect();
        shape::Reached { what, name, change, steps, certainty: self.certainty(&one.certainty) }
    }

    fn administrators(&self, admins: &'a Administrators) -> shape::Administrators<'a> {
        shape::Administrators {
            direct: admins.direct.iter().map(|seat| self.administrator(seat)).collect(),
            by_path: admins.by_path.iter().map(|path| self.path(path)).collect(),
        }
    }

    fn administrator(&self, seat: &'a Seat) -> shape::Administrator<'a> {
        shape::Administrator {
            principal: self.principal(seat.node.principal),
            scope: self.scope(seat.scope),
            standing: standing(&seat.standing),
            certainty: seat.standing.sure().map(|certainty| self.certainty(certainty)),
        }
    }

    fn cut(&self, cut: &'a Cut) -> shape::Cut<'a> {
        shape::Cut {
            grants: cut.grants.iter().map(|grant| self.origin(grant)).collect(),
            complete: cut.complete,
            smallest: cut.smallest,
        }
    }

    fn scope(&self, id: ScopeId) -> &'a str {
        self.report.estate.scope(id).map_or("", |scope| &scope.name)
    }

    fn path(&self, path: &'a Path) -> shape::Path<'a> {
        shape::Path {
            from: self.principal(path.from),
            steps: path.hops.iter().map(|hop| self.step(hop)).collect(),
            administrator: self.principal(path.seat.node.principal),
            scope: self.scope(path.seat.scope),
            standing: standing(&path.seat.standing),
            others: path.others,
            certainty: self.certainty(&path.certainty),
        }
    }

    fn question(&self, question: &'a Question) -> shape::Question<'a> {
        shape::Question {
            cloud: question.cloud.as_str(),
            principal: match question.subject {
                Subject::Principal(id) => self.principal(id),
                Subject::Outside => "outside",
                Subject::Anonymous => "anonymous",
            },
            action: question.action.as_deref(),
            resource: match &question.object {
                Object::Any => None,
                Object::Named(name) => Some(name),
                Object::Within(id) => self.report.estate.resource(*id).map(|resource| resource.name.as_str()),
            },
        }
    }

    fn verdict(&self, verdict: Verdict<'a>) -> shape::Verdict<'a> {
        shape::Verdict {
            question: self.question(verdict.question),
            allowed: match (&verdict.can.outcome, &verdict.lacks.outcome) {
                (Outcome::Never, _) => "never",
                (Outcome::Undecided, _) => "undecided",
                (Outcome::Sometimes(_), Outcome::Never) => "always",
                (Outcome::Sometimes(_), Outcome::Sometimes(_) | Outcome::Undecided) => "sometimes",
            },
            example: self.answer(verdict.can),
            counterexample: self.answer(verdict.lacks),
        }
    }

    fn entrant(&self, entrant: &'a Entrant) -> shape::Entrant<'a> {
        let Entrant { question, can, lacks, access } = entrant;
        let verdict = self.verdict(Verdict { question, can, lacks });
        shape::Entrant {
            verdict,
            rows: access.as_ref().map(|access| access.rows.iter().map(access_row).collect()),
        }
    }

    fn answer(&self, answer: &'a Answer) -> shape::Answer<'a> {
        shape::Answer {
            outcome: match answer.outcome {
                Outcome::Never => "none",
                Outcome::Sometimes(_) => "found",
                Outcome::Undecided => "undecided",
            },
            witness: answer.witness().map(|witness| self.witness(witness)),
            certainty: self.certainty(&answer.certainty),
            engine: answer.engine,
            steps: answer.steps,
        }
    }

    fn totals(&self, summary: &'a Summary) -> shape::Totals<'a> {
        let window = summary.window.as_ref();
        shape::Totals {
            first_event: window.map(|(first, _)| first.as_str()),
            last_event: window.map(|(_, last)| last.as_str()),
            days_asked_for: summary.days,
            permissions_before: summary.before,
            permissions_after: summary.after,
            dangerous_removed: summary.dangerous,
            never_seen: &summary.unseen,
        }
    }

    fn suggestion(&self, suggestion: &'a Suggestion) -> shape::Suggestion<'a> {
        let held = suggestion.held.iter().map(|held| shape::Held {
            what: &held.what,
            on: &held.place,
            permissions: held.permissions,
            used: &held.used,
            unused: held.permissions.saturating_sub(held.used.len()),
            origin: self.origin(&held.origin),
        });
        let used = suggestion.used.iter().map(|used| shape::Used {
            action: &used.action,
            on: &used.place,
            resources: used.resources,
            count: used.count,
        });
        let replacement = suggestion.replacement.iter().map(|binding| shape::Binding {
            role: &binding.role,
            on: &binding.place,
            permissions: binding.permissions,
            policy: binding.text.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        });
        let excess = suggestion.excess.iter().map(|excess| shape::Excess {
            action: &excess.action,
            on: &excess.place,
            weight: excess.weight,
        });
        shape::Suggestion {
            cloud: suggestion.cloud.as_str(),
            principal: &suggestion.name,
            applicability: suggestion.applicability.as_str(),
            held: held.collect(),
            used: used.collect(),
            needed: permissions(&suggestion.needed),
            replacement: replacement.collect(),
            removed: shape::Removed {
                permissions_before: suggestion.goes.before,
                permissions_after: suggestion.goes.after,
                dangerous: &suggestion.goes.dangerous,
            },
            excess: excess.collect(),
            proof: self.proof(&suggestion.proof),
            apply: &suggestion.apply,
            rollback: &suggestion.rollback,
            notes: &suggestion.notes,
            chosen_by: &suggestion.chosen_by,
        }
    }

    fn review(&self, review: &'a Review) -> shape::Review<'a> {
        let changes = |all: &'a [review::Change]| all.iter().map(|one| self.access_change(one)).collect();
        let findings = |all: &'a [Finding]| all.iter().map(|one| self.finding(one)).collect();
        shape::Review {
            gains_nothing: review.gains_nothing() && self.report.is_all_read(),
            gained: changes(&review.gained),
            lost: changes(&review.lost),
            new_findings: findings(&review.findings),
            resolved_findings: findings(&review.resolved),
            known_findings: review.known.len(),
            rests_on: self.certainty(&review.rests_on),
        }
    }

    fn access_change(&self, change: &'a review::Change) -> shape::AccessChange<'a> {
        let surplus = &change.surplus;
        shape::AccessChange {
            cloud: change.cloud.as_str(),
            principal: change.who.word(),
            alone: change.alone,
            witness: surplus.answer.witness().map(|witness| self.witness(witness)),
            rows: surplus.access.rows.iter().map(access_row).collect(),
            certainty: self.certainty(&surplus.access.certainty),
        }
    }

    fn verified(&self, verified: &'a Verified) -> shape::Verified<'a> {
        shape::Verified {
            certificate: &verified.path,
            cloud: &verified.cloud,
            principal: &verified.principal,
            outcome: verified.as_str(),
            failures: &verified.failures,
            applicability: verified.proof.as_ref().map(|proof| proof.applicability().as_str()),
            proof: verified.proof.as_ref().map(|proof| self.proof(proof)),
        }
    }

    fn proof(&self, proof: &'a Proof) -> shape::Proof<'a> {
        shape::Proof {
            keeps: self.check(&proof.keeps),
            narrows: self.check(&proof.narrows),
            gained: permissions(&proof.gained),
            reached: permissions(&proof.reached),
            replayed: proof.replayed,
        }
    }

    fn check(&self, check: &'a ProofCheck) -> shape::Check<'a> {
        shape::Check {
            holds: check.holds,
            certainty: self.certainty(&check.certainty),
            counterexample: check.counterexample.as_ref().map(|witness| self.witness(witness)),
            engine: &check.engine,
        }
    }
}

fn verdict(verdict: Decided) -> &'static str {
    match verdict {
        Decided::Allowed => "allowed",
        Decided::ExplicitlyDenied => "explicitly-denied",
        Decided::ImplicitlyDenied => "implicitly-denied",
    }
}

fn permissions(needed: &[Needed]) -> Vec<shape::Permission<'_>> {
    needed.iter().map(|one| shape::Permission { action: &one.action, on: &one.place }).collect()
}
