//! Hand-made content for the tests of all formats: two files, three principals, one of everything that can be
//! reported, with letters that take more than one byte before the marked places.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Compared, Content, Input, Report, Style, Verdict, reporter};
use crate::clouds::documents::DocumentKind;
use crate::clouds::escalation::Gained;
use crate::evaluator::{
    Access, AccessRow, Answer, BeyondCatalog, Certainty, Change, Comparison, Difference, DifferenceRows,
    Entrant, Outcome, Relation, RowActions, Simulated, Standing, Surplus, Witness,
};
use crate::findings::{Finding, Intent, Level, Meta, Related};
use crate::graph::{
    Administrators, By, Cut, Edge, Evidence, Hop, Node, Path, Paths, Radius, Reached, Seat, Spot, Way, Ways,
    What,
};
use crate::guardrails;
use crate::model::{
    CloudId, Decision, Effect, Estate, Gap, GapKind, Layer, Object, Origin, Principal, PrincipalId,
    PrincipalKind, Question, Reason, Request, Scope, ScopeKind, Subject, Verdict as Decided,
};
use crate::recommender::{
    Applicability, Binding, Excess, Goes, Held, Needed, Proof, ProofCheck, Suggestion, Summary, Used,
    Verified,
};
use crate::review::{Change as AccessChange, Review, Suppressed, Who, Why};
use crate::text::{FileId, Files, Problem, Route, Span, Step};

pub(super) const CLOUD: CloudId = CloudId::new("testcloud");

const DEPLOY: &str = "\
{
  \"Name\": \"Größe\", \"Statement\": [
    { \"Sid\": \"Alles für €\", \"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\" },
    { \"Effect\": \"Deny\", \"Action\": [
        \"iam:Create*\",
        \"iam:Put*\"
      ], \"Resource\": \"*\" }
  ]
}
";

const TRUST: &str = "{ \"Trust\": [\"user/ana\"] }\n";

pub(super) static RULES: &[&Meta] = &[&RULE];

static RULE: Meta = Meta {
    id: "administrator-access",
    summary: "somebody may do everything",
    level: Level::High,
    documentation: " ## What it does\n\n Finds *everybody* who may do everything.\n",
};

/// Everything that a report can hold.
pub(super) struct Fixture {
    pub(super) files: Files,
    pub(super) estate: Estate,
    pub(super) inputs: Vec<Input>,
    pub(super) problems: Vec<Problem>,
    pub(super) undecided: Vec<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) paths: Paths,
    pub(super) edges: Vec<Edge>,
    pub(super) ways: Ways,
    pub(super) radius: Option<Radius>,
    pub(super) admins: Administrators,
    pub(super) question: Question,
    pub(super) can: Answer,
    pub(super) lacks: Answer,
    pub(super) access: Access,
    pub(super) suggestions: Vec<Suggestion>,
    pub(super) summary: Summary,
    pub(super) entrants: Vec<Entrant>,
    pub(super) comparison: Comparison,
    pub(super) differences: [DifferenceRows; 2],
    pub(super) decisions: Vec<Simulated>,
    pub(super) verified: Vec<Verified>,
    pub(super) review: Review,
    pub(super) guardrails: Vec<guardrails::Verdict>,
    pub(super) suppressed: Vec<Suppressed>,
    deploy: FileId,
    trust: FileId,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let mut files = Files::default();
        let deploy = files.add("estate/deploy role.json", DEPLOY);
        let trust = files.add("estate/trust.json", TRUST);
        let question = Question {
            cloud: CLOUD,
            subject: Subject::Anonymous,
            action: Some("s3:GetObject".to_owned()),
            object: Object::Named("bucket/data".to_owned()),
        };
        let never =
            || Answer { outcome: Outcome::Never, certainty: Certainty::Proven, engine: "native", steps: 7 };
        let mut fixture = Self {
            inputs: [deploy, trust]
                .map(|file| Input { path: files.path(file).to_owned(), format: "policy" })
                .to_vec(),
            files,
            estate: Estate::default(),
            problems: Vec::new(),
            undecided: vec!["whether `role/a` can become `role/b`".to_owned()],
            findings: Vec::new(),
            paths: Paths::default(),
            edges: Vec::new(),
            ways: Ways::default(),
            radius: None,
            admins: Administrators::default(),
            question,
            can: never(),
            lacks: never(),
            access: Access { rows: Vec::new(), certainty: Certainty::Proven },
            suggestions: Vec::new(),
            summary: Summary::default(),
            entrants: Vec::new(),
            comparison: nothing_compared(),
            differences: [
                DifferenceRows::Rows(rows()),
                DifferenceRows::Undecided("too many rows".to_owned()),
            ],
            decisions: Vec::new(),
            verified: Vec::new(),
            review: Review::default(),
            guardrails: Vec::new(),
            suppressed: Vec::new(),
            deploy,
            trust,
        };
        fixture.fill();
        fixture
    }

    fn fill(&mut self) {
        let [ana, deploy, _] = ["user/ana", "role/deploy", "role/audit"].map(|name| self.add_principal(name));
        self.question.subject = Subject::Principal(deploy);
        self.findings = vec![self.finding(ana, deploy), self.unlocated(), self.open()];
        let path = self.path(ana, deploy);
        self.edges = edges_of(&path).into_iter().collect();
        let grants = path.hops.iter().flat_map(Hop::because).cloned().collect();
        let cut = Some(Cut { grants, complete: true, smallest: true });
        self.ways = Ways { ways: vec![way_of(&path)], more: true, own: vec![deploy], cut: cut.clone() };
        self.radius = Some(radius_of(&path));
        let own = vec![path.seat.clone()];
        self.admins = Administrators { direct: own.clone(), by_path: vec![path.clone()] };
        self.paths = Paths { paths: vec![path], own, cut };
        self.can.outcome = Outcome::Sometimes(Box::new(self.witness(Decided::Allowed)));
        self.can.certainty = self.assuming();
        self.lacks.outcome = Outcome::Sometimes(Box::new(self.witness(Decided::ExplicitlyDenied)));
        self.access.rows = rows();
        self.access.certainty = self.assuming();
        let suggestion = self.suggestion(deploy);
        self.verified = self.verified(&suggestion);
        self.review = self.review();
        self.configured();
        self.suggestions = vec![suggestion];
        self.summary = Summary {
            window: Some(("2026-08-01T03:36:17Z".to_owned(), "2026-10-30T22:00:00Z".to_owned())),
            days: 90,
            before: 9_876,
            after: 10,
            dangerous: 1,
            unseen: vec!["user/sleeper".to_owned()],
        };
        self.entrants = vec![self.entrant(deploy)];
        self.comparison = self.compared();
        self.decisions = self.simulated();
        self.problems = vec![
            Problem::warning("unknown-element", "the element `Name` means nothing")
                .at(self.at(self.deploy, "\"Name\"")),
            Problem::error("unreadable-file", "cannot read `gone.json`")
                .in_path("gone.json")
                .help("look for it"),
        ];
    }

    fn add_principal(&mut self, name: &str) -> PrincipalId {
        self.estate.add_principal(Principal {
            cloud: CLOUD,
            name: name.to_owned(),
            kind: PrincipalKind::Role,
            home: None,
            facts: BTreeMap::new(),
            origin: Origin::default(),
        })
    }

    /// The first place of `text`.
    pub(super) fn at(&self, file: FileId, text: &str) -> Span {
        let start = self.files.text(file).find(text).unwrap();
        let offset = |at: usize| u32::try_from(at).unwrap();
        Span::new(file, offset(start), offset(start + text.len()))
    }

    fn origin(&self, file: FileId, text: &str, what: &str) -> Origin {
        let route = [Step::Key("Statement".into()), Step::Index(0)].into_iter().collect::<Route>();
        Origin { span: Some(self.at(file, text)), route, what: what.to_owned() }
    }

    fn everything(&self) -> Origin {
        self.origin(self.deploy, "\"Action\": \"*\"", "statement `Alles für €` of policy `deploy`")
    }

    fn assuming(&self) -> Certainty {
        Certainty::from_gaps([
            Gap {
                kind: GapKind::MissingScope,
                message: "no service control policies were given, so none is assumed".to_owned(),
                origin: None,
            },
            Gap {
                kind: GapKind::OpaqueCondition,
                message: "the condition `x` is not understood".to_owned(),
                origin: Some(self.origin(self.trust, "\"Trust\"", "trust")),
            },
        ])
    }

    fn witness(&self, verdict: Decided) -> Witness {
        let allows =
            Reason { layer: Layer::new("identity"), effect: Some(Effect::Allow), origin: self.everything() };
        let denies = Reason {
            layer: Layer::new("identity"),
            effect: Some(Effect::Deny),
            origin: self.origin(
                self.deploy,
                "[\n        \"iam:Create*\",\n        \"iam:Put*\"\n      ]",
                "the denial",
            ),
        };
        let allowed = verdict == Decided::Allowed;
        Witness {
            request: Request {
                cloud: CLOUD,
                principal: "role/deploy".to_owned(),
                action: if allowed { "s3:GetObject" } else { "iam:CreateUser" }.to_owned(),
                resource: "bucket/data".to_owned(),
                context: BTreeMap::from([
                    ("aws:MultiFactorAuthPresent".to_owned(), vec!["false".to_owned()]),
                    ("aws:TagKeys".to_owned(), Vec::new()),
                ]),
            },
            decision: Decision {
                verdict,
                because: vec![if allowed { allows } else { denies }],
                blocked_by: Vec::new(),
                gaps: Vec::new(),
            },
        }
    }

    fn hop(&self, from: PrincipalId, to: PrincipalId) -> Hop {
        let mut witness = self.witness(Decided::Allowed);
        witness.request.action = "sts:AssumeRole".to_owned();
        let trusts = Reason {
            layer: Layer::new("trust"),
            effect: Some(Effect::Allow),
            origin: self.origin(self.trust, "\"user/ana\"", "the trust of `role/deploy`"),
        };
        witness.decision.because.push(trusts);
        Hop {
            from: Node::as_is(from),
            gained: Gained::Become(to),
            kind: "assume-role".into(),
            summary: "takes on the role".into(),
            proofs: vec![Arc::new(Evidence { witness, refusal: None, open: false, own: true })],
            basis: Vec::new(),
            host: None,
            certainty: Certainty::Proven,
        }
    }

    fn finding(&self, from: PrincipalId, to: PrincipalId) -> Finding {
        Finding {
            rule: RULE.id,
            cloud: CLOUD,
            level: Level::High,
            certainty: self.assuming(),
            message: "`role/deploy` may do everything".to_owned(),
            primary: self.everything(),
            related: vec![Related {
                origin: self.origin(self.trust, "[\"user/ana\"]", "trust"),
                message: "trusted from here".to_owned(),
            }],
            witness: Some(self.witness(Decided::Allowed)),
            hops: vec![self.hop(from, to)],
            advice: "name the actions that are needed".to_owned(),
            intent: Intent::of(to),
            fingerprint: Finding::fingerprint_of(RULE.id, CLOUD, &["role/deploy"]),
        }
    }

    /// About something that no file holds, with a name that tries to move the cursor.
    fn unlocated(&self) -> Finding {
        Finding {
            rule: "broad-role",
            level: Level::Medium,
            certainty: Certainty::Proven,
            message: "`role/\u{1b}[2Jaudit` holds `AdministratorAccess`".to_owned(),
            primary: Origin {
                what: "the provider's policy `AdministratorAccess`".to_owned(),
                ..Origin::default()
            },
            related: Vec::new(),
            hops: Vec::new(),
            intent: Intent::default(),
            fingerprint: Finding::fingerprint_of("broad-role", CLOUD, &["role/audit"]),
            ..self.finding_base()
        }
    }

    fn open(&self) -> Finding {
        Finding {
            rule: "broad-role",
            level: Level::High,
            certainty: Certainty::Undecided("the budget of steps was used up".to_owned()),
            message: "whether `user/ana` may do everything".to_owned(),
            primary: self.origin(self.trust, "\"user/ana\"", "user `ana`"),
            fingerprint: Finding::fingerprint_of("broad-role", CLOUD, &["user/ana"]),
            witness: None,
            ..self.finding_base()
        }
    }

    fn finding_base(&self) -> Finding {
        Finding {
            rule: "",
            cloud: CLOUD,
            level: Level::Low,
            certainty: Certainty::Proven,
            message: String::new(),
            primary: Origin::default(),
            related: Vec::new(),
            witness: Some(self.witness(Decided::Allowed)),
            hops: Vec::new(),
            advice: String::new(),
            intent: Intent::default(),
            fingerprint: String::new(),
        }
    }

    fn path(&mut self, from: PrincipalId, to: PrincipalId) -> Path {
        let scope = self.estate.add_scope(Scope {
            cloud: CLOUD,
            name: "account/1".to_owned(),
            kind: ScopeKind::Account,
            parent: None,
            origin: Origin::default(),
        });
        let allowed = Box::new(self.witness(Decided::Allowed));
        let standing = Standing::Always(Certainty::Proven, allowed);
        Path {
            from,
            hops: vec![self.hop(from, to)],
            seat: Seat { node: Node::as_is(to), scope, standing },
            others: 0,
            certainty: Certainty::Proven,
        }
    }

    fn suggestion(&self, principal: PrincipalId) -> Suggestion {
        let needed = |action: &str| Needed { action: action.to_owned(), place: "buckets/b".to_owned() };
        let proof = Proof {
            keeps: ProofCheck {
                holds: Some(true),
                certainty: Certainty::Proven,
                counterexample: None,
                engine: "native and z3".to_owned(),
            },
            narrows: ProofCheck {
                holds: Some(false),
                certainty: Certainty::Proven,
                counterexample: Some(self.witness(Decided::Allowed)),
                engine: "native and z3".to_owned(),
            },
            gained: vec![needed("orgpolicy.policy.get")],
            reached: Vec::new(),
            replayed: 12_345,
        };
        Suggestion {
            cloud: CLOUD,
            principal,
            name: "role/deploy".to_owned(),
            held: vec![Held {
                what: "roles/editor".to_owned(),
                place: "projects/p".to_owned(),
                permissions: 9_876,
                used: vec!["storage.objects.create".to_owned()],
                origin: self.everything(),
            }],
            used: vec![Used {
                action: "storage.objects.create".to_owned(),
                place: "buckets/b".to_owned(),
                resources: 812,
                count: 12_345,
            }],
            needed: vec![needed("storage.objects.create")],
            proven_for: Vec::new(),
            replacement: vec![Binding {
                role: "roles/storage.objectCreator".to_owned(),
                place: "buckets/b".to_owned(),
                permissions: 10,
                text: None,
                is_shared: false,
            }],
            goes: Goes { before: 9_876, after: 10, dangerous: vec!["iam.serviceAccounts.actAs".to_owned()] },
            excess: vec![Excess {
                action: "storage.folders.create".to_owned(),
                place: "buckets/b".to_owned(),
                weight: 3,
            }],
            applicability: Applicability::Review,
            proof,
            apply: vec!["grant it".to_owned(), "remove the old one".to_owned()],
            rollback: vec!["take it back".to_owned()],
            notes: vec!["90 days were watched".to_owned()],
            chosen_by: "z3, proven to be the best".to_owned(),
        }
    }

    /// A certificate that holds, and one that does not.
    fn verified(&self, suggestion: &Suggestion) -> Vec<Verified> {
        let one = |failures| Verified {
            path: "deploy.certificate.json".to_owned(),
            cloud: CLOUD.as_str().to_owned(),
            principal: suggestion.name.clone(),
            failures,
            proof: None,
        };
        let proof = Proof { narrows: suggestion.proof.keeps.clone(), ..suggestion.proof.clone() };
        let proof = Proof { gained: Vec::new(), ..proof };
        vec![
            Verified { proof: Some(proof), ..one(Vec::new()) },
            Verified {
                proof: Some(suggestion.proof.clone()),
                ..one(vec!["something becomes allowed that was not".to_owned()])
            },
            one(vec!["`log.json` has changed".to_owned()]),
        ]
    }

    /// A gain of somebody who was there before, a loss of a stranger, and findings of each kind.
    fn review(&self) -> Review {
        let surplus = |answer: &Answer| Surplus { answer: answer.clone(), access: self.access.clone() };
        let change = |who, alone, answer| AccessChange { cloud: CLOUD, who, alone, surplus: surplus(answer) };
        Review {
            gained: vec![
                change(Who::Principal("user/ana".to_owned()), false, &self.can),
                change(Who::Principal("role/new | `odd`".to_owned()), true, &self.can),
            ],
            lost: vec![change(Who::Outside, false, &self.can)],
            findings: self.findings.clone(),
            resolved: self.findings.iter().take(1).cloned().collect(),
            known: self.findings.iter().cycle().take(7).cloned().collect(),
            rests_on: self.can.certainty.clone(),
        }
    }

    /// A guardrail of each outcome, and findings that are not reported for each reason.
    fn configured(&mut self) {
        let assuming = self.assuming();
        let verdict = |outcome: guardrails::Outcome| guardrails::Verdict {
            id: format!("a-{}-one", outcome.as_str().replace(' ', "-")).into(),
            kind: "nobody-but",
            outcome,
            certainty: match outcome {
                guardrails::Outcome::Undecided => Certainty::Undecided("the budget was used up".to_owned()),
                guardrails::Outcome::Kept => assuming.clone(),
                _ => Certainty::Proven,
            },
        };
        self.guardrails = guardrails::Outcome::ALL.map(verdict).to_vec();
        let text = |text: &str| Arc::<str>::from(text);
        let whys = [
            Why::Comment(text("a <website> & no secret")),
            Why::Entry(text("sealed"), text("platform team"), Some(text("2027-12-31"))),
            Why::Baseline(text("leastwise-baseline.json")),
            Why::Off,
        ];
        let finding = self.unlocated();
        self.suppressed = whys.into_iter().map(|why| Suppressed { finding: finding.clone(), why }).collect();
    }

    fn entrant(&self, principal: PrincipalId) -> Entrant {
        Entrant {
            question: Question { subject: Subject::Principal(principal), ..self.question.clone() },
            can: self.can.clone(),
            lacks: self.lacks.clone(),
            access: Some(self.access.clone()),
        }
    }

    fn compared(&self) -> Comparison {
        let Witness { request, decision: allowed } = self.witness(Decided::Allowed);
        let Witness { decision: denied, .. } = self.witness(Decided::ExplicitlyDenied);
        let nobody = Decision { verdict: Decided::ImplicitlyDenied, because: Vec::new(), ..denied.clone() };
        let change = |refused| {
            Difference::Some(Box::new(Change { request: request.clone(), allowed: allowed.clone(), refused }))
        };
        Comparison {
            relation: Relation::Incomparable,
            gained: change(denied),
            lost: change(nobody.clone()),
            beyond: BeyondCatalog {
                gained: change(nobody),
                lost: Difference::Undecided("the budget of steps was used up".to_owned()),
            },
            certainty: self.assuming(),
            ..nothing_compared()
        }
    }

    /// One scenario that is decided as expected, one that is not, and one of which nothing was expected.
    fn simulated(&self) -> Vec<Simulated> {
        let decided = |id: &str, verdict, expected| Simulated {
            id: id.to_owned(),
            decision: self.witness(verdict).decision,
            expected,
        };
        vec![
            decided("allowed", Decided::Allowed, Some(Decided::Allowed)),
            decided("denied", Decided::ExplicitlyDenied, Some(Decided::Allowed)),
            decided("nothing expected", Decided::Allowed, None),
        ]
    }

    /// A report of some content.
    pub(super) fn report<'a>(&'a self, content: Content<'a>) -> Report<'a> {
        Report {
            files: &self.files,
            estate: &self.estate,
            inputs: &self.inputs,
            problems: &self.problems,
            rules: RULES,
            undecided: &self.undecided,
            guardrails: &self.guardrails,
            suppressed: &self.suppressed,
            stale: self.suppressed.len() / 2,
            content,
        }
    }

    /// One content of each kind.
    pub(super) fn contents(&self) -> [Content<'_>; 13] {
        [
            Content::Findings(&self.findings),
            Content::Paths(&self.paths),
            Content::Answer(Verdict { question: &self.question, can: &self.can, lacks: &self.lacks }),
            Content::Access(&self.question, &self.access),
            Content::Suggestions(&self.suggestions, &self.summary),
            Content::WhoCan(&self.question, &self.entrants, Some(&self.ways.ways)),
            Content::Comparison(Compared {
                name: "deploy",
                comparison: &self.comparison,
                rows: Some(&self.differences),
            }),
            Content::Decisions(&self.decisions),
            Content::Graph(&self.edges),
            Content::Radius(self.radius.as_ref().unwrap()),
            Content::Admins(&self.admins),
            Content::Verified(&self.verified),
            Content::Review(&self.review),
        ]
    }

    /// A report as a format writes it, without colour.
    pub(super) fn render(&self, format: &str, content: Content<'_>) -> String {
        reporter(format).unwrap().render(&self.report(content), Style::default()).unwrap()
    }
}

/// The steps of a path together as one edge, and the seat at its end as another.
fn edges_of(path: &Path) -> [Edge; 2] {
    let (certainty, seat) = (path.certainty.clone(), path.seat.clone());
    let steps = By::Steps(path.hops.clone());
    let sits = By::Permissions(seat.clone());
    [
        Edge {
            from: Spot::Acting(Node::as_is(path.from)),
            to: Spot::Acting(seat.node),
            by: steps,
            certainty,
            left_out: 0,
        },
        Edge {
            from: Spot::Acting(seat.node),
            to: Spot::Administering(seat.scope),
            by: sits,
            certainty: Certainty::Proven,
            left_out: 0,
        },
    ]
}

fn way_of(path: &Path) -> Way {
    let (hops, certainty) = (path.hops.clone(), path.certainty.clone());
    Way { from: path.from, to: path.seat.node.principal, hops, certainty }
}

/// All that the start of a path comes to.
fn radius_of(path: &Path) -> Radius {
    let reached = |what| Reached { what, hops: path.hops.clone(), certainty: path.certainty.clone() };
    let all = [
        What::Acts(path.seat.node),
        What::Administers(path.seat.clone()),
        What::Decides(Gained::Admit(path.seat.node.principal)),
    ];
    Radius { from: path.from, reached: all.map(reached).to_vec(), undecided: Vec::new() }
}

fn nothing_compared() -> Comparison {
    Comparison {
        kind: DocumentKind { id: "identity", name: "identity policy" },
        relation: Relation::Equivalent,
        gained: Difference::Nothing,
        lost: Difference::Nothing,
        beyond: BeyondCatalog { gained: Difference::Nothing, lost: Difference::Nothing },
        certainty: Certainty::Proven,
        engine: "native",
        steps: 1_234,
    }
}

fn rows() -> Vec<AccessRow> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    vec![
        AccessRow {
            actions: RowActions::Named(texts(&[
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:GetObjectAcl",
                "s3:GetObjectTagging",
                "s3:ListBucket",
                "s3:PutObject",
                "s3:PutObjectAcl",
                "sts:GetCallerIdentity",
            ])),
            resources: vec![texts(&["arn:aws:s3:::data/*"])],
            except: texts(&["arn:aws:s3:::data/secret/*"]),
            condition: None,
        },
        AccessRow {
            actions: RowActions::Named(texts(&[
                "storage.objects.get",
                "Microsoft.Storage/storageAccounts/read",
            ])),
            resources: Vec::new(),
            except: Vec::new(),
            condition: Some("`aws:SecureTransport` is true".to_owned()),
        },
    ]
}
