//! From findings to SARIF, within the limits of GitHub's code scanning.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{shape, uri};
use crate::evaluator::Certainty;
use crate::findings::{Finding, Level, Meta};
use crate::graph::Hop;
use crate::model::Origin;
use crate::report::notes::notes;
use crate::report::{Report, documentation};
use crate::review::{Suppressed, Why};
use crate::text::{Problem, Severity, Span};

/// GitHub refuses a run with more results; what is left out is noted in the run.
pub(super) const MAX_RESULTS: usize = 25_000;
/// GitHub refuses a result with more places.
const MAX_LOCATIONS: usize = 1_000;
/// GitHub refuses a result with more steps in its code flows.
const MAX_STEPS: usize = 10_000;

/// The whole log.
pub(super) fn log<'a>(report: &'a Report<'a>, findings: &'a [Finding]) -> shape::Log<'a> {
    let from = Converter { report };
    let suppressed = report.suppressed.iter().map(|one| &one.finding);
    let rules = from.rules(findings.iter().chain(suppressed).collect());
    let index: BTreeMap<&str, usize> = rules.iter().map(|rule| rule.id).zip(0..).collect();
    let place = |finding: &Finding| index.get(finding.rule).copied().unwrap_or(0);
    let reported = findings.iter().map(|finding| from.result(finding, place(finding)));
    let accepted = report.suppressed.iter().map(|Suppressed { finding, why }| shape::SarifResult {
        suppressions: vec![suppression(why)],
        ..from.result(finding, place(finding))
    });
    let all = findings.len() + report.suppressed.len();
    let run = shape::Run {
        automation_details: shape::Automation {
            id: format!("leastwise/{}/", report.content.kind().as_str()),
        },
        column_kind: "unicodeCodePoints",
        original_uri_base_ids: BTreeMap::from([(
            uri::ROOT,
            shape::UriBase { description: message("the folder that leastwise was started in") },
        )]),
        invocations: [from.invocation(all)],
        results: reported.chain(accepted).take(MAX_RESULTS).collect(),
        tool: shape::Tool {
            driver: shape::Driver {
                name: env!("CARGO_PKG_NAME"),
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules,
            },
        },
    };
    shape::Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [run],
    }
}

struct Converter<'a> {
    report: &'a Report<'a>,
}

impl<'a> Converter<'a> {
    /// All rules that were run, then those of findings that are not among them, by name.
    fn rules(&self, mut others: Vec<&'a Finding>) -> Vec<shape::Rule<'a>> {
        let mut rules: Vec<_> = self.report.rules.iter().map(|meta| rule(meta)).collect();
        others.sort_by_key(|finding| finding.rule);
        others.dedup_by_key(|finding| finding.rule);
        others.retain(|finding| rules.iter().all(|rule| rule.id != finding.rule));
        rules.extend(
            others.iter().map(|finding| rule_of(finding.rule, finding.rule, String::new(), finding.level)),
        );
        rules
    }

    fn invocation(&self, findings: usize) -> shape::Invocation<'a> {
        let mut notes: Vec<_> = self.report.problems.iter().map(|problem| self.problem(problem)).collect();
        notes.extend(self.report.undecided.iter().map(|question| shape::Notification {
            level: "warning",
            descriptor: shape::Descriptor { id: "undecided" },
            message: message(format!("not decided: {question}")),
            locations: Vec::new(),
        }));
        notes.extend(self::notes(self.report).into_iter().map(|note| shape::Notification {
            level: "note",
            descriptor: shape::Descriptor { id: "configuration" },
            message: message(note),
            locations: Vec::new(),
        }));
        if findings > MAX_RESULTS {
            notes.push(shape::Notification {
                level: "warning",
                descriptor: shape::Descriptor { id: "truncated" },
                message: message(format!(
                    "{findings} findings were made; only the {MAX_RESULTS} most severe are in this file"
                )),
                locations: Vec::new(),
            });
        }
        let failed = self.report.problems.iter().any(|problem| problem.severity == Severity::Error);
        shape::Invocation { execution_successful: !failed, tool_execution_notifications: notes }
    }

    fn problem(&self, problem: &'a Problem) -> shape::Notification<'a> {
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let named = problem
            .path
            .as_ref()
            .map(|path| shape::PhysicalLocation { artifact_location: uri::artifact(path), region: None });
        let place = problem.span.map(|span| self.physical(span)).or(named);
        shape::Notification {
            level: match problem.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
            },
            descriptor: shape::Descriptor { id: problem.code },
            message: message(format!("{}{help}", problem.message)),
            locations: place
                .into_iter()
                .map(|place| shape::Location {
                    id: None,
                    physical_location: Some(place),
                    logical_locations: Vec::new(),
                    message: None,
                })
                .collect(),
        }
    }

    fn physical(&self, span: Span) -> shape::PhysicalLocation {
        let (start, end) = (self.report.files.start(span), self.report.files.end(span));
        shape::PhysicalLocation {
            artifact_location: uri::artifact(self.report.files.path(span.file)),
            region: Some(shape::Region {
                start_line: start.line,
                start_column: start.column,
                end_line: end.line,
                end_column: end.column,
            }),
        }
    }

    fn location(&self, origin: &'a Origin, text: Option<String>) -> shape::Location<'a> {
        let route = Some(origin.route.to_string()).filter(|route| !route.is_empty());
        shape::Location {
            id: None,
            physical_location: origin.span.map(|span| self.physical(span)),
            logical_locations: route
                .map(|fully_qualified_name| shape::LogicalLocation { fully_qualified_name })
                .into_iter()
                .collect(),
            message: text.map(message),
        }
    }

    fn result(&self, finding: &'a Finding, rule_index: usize) -> shape::SarifResult<'a> {
        let undecided = finding.is_undecided();
        let related = finding.related.iter().filter(|related| related.origin.span.is_some());
        let related = related.take(MAX_LOCATIONS - 1).zip(1..).map(|(related, id)| shape::Location {
            id: Some(id),
            ..self.location(&related.origin, Some(related.message.clone()))
        });
        shape::SarifResult {
            rule_id: finding.rule,
            rule_index,
            // An open question is neither passed nor failed; the standard then asks for the level `none`.
            kind: if undecided { "open" } else { "fail" },
            level: if undecided { "none" } else { level(finding.level) },
            message: message(sentence(finding)),
            locations: vec![self.primary(finding)],
            related_locations: related.collect(),
            code_flows: self.code_flow(finding).into_iter().collect(),
            // Code scanning looks at the first name only, and expects a number behind the hash.
            partial_fingerprints: BTreeMap::from([
                ("primaryLocationLineHash", format!("{}:1", finding.fingerprint)),
                ("leastwise/v1", finding.fingerprint.clone()),
            ]),
            suppressions: Vec::new(),
            properties: shape::ResultProperties {
                level: finding.level.as_str(),
                cloud: finding.cloud.as_str(),
                guardrail: finding.intent.guardrail.as_deref(),
                certainty: finding.certainty.as_str(),
                assumptions: finding.certainty.gaps().iter().map(|gap| gap.message.as_str()).collect(),
            },
        }
    }

    /// Code scanning shows nothing for a result without a file: what the provider defines is shown where it is
    /// referred to, or at the beginning of the first document.
    fn primary(&self, finding: &'a Finding) -> shape::Location<'a> {
        let own = std::iter::once(&finding.primary);
        let origins = own.chain(finding.related.iter().map(|related| &related.origin));
        let hops = finding.hops.iter().flat_map(Hop::because);
        if let Some(origin) = origins.chain(hops).find(|origin| origin.span.is_some()) {
            return self.location(origin, None);
        }
        let place = self.report.inputs.first().map(|input| shape::PhysicalLocation {
            artifact_location: uri::artifact(&input.path),
            region: Some(shape::Region { start_line: 1, start_column: 1, end_line: 1, end_column: 1 }),
        });
        shape::Location { physical_location: place, ..self.location(&finding.primary, None) }
    }

    fn code_flow(&self, finding: &'a Finding) -> Option<shape::CodeFlow<'a>> {
        let steps: Vec<_> = finding.hops.iter().take(MAX_STEPS).flat_map(|hop| self.steps(hop)).collect();
        let locations: Vec<_> = steps.into_iter().take(MAX_STEPS).collect();
        (!locations.is_empty()).then_some(shape::CodeFlow { thread_flows: [shape::ThreadFlow { locations }] })
    }

    /// A step of a path at each rule that allows it; without a place if none stands in a file.
    fn steps(&self, hop: &'a Hop) -> Vec<shape::ThreadFlowLocation<'a>> {
        let sentence = hop.sentence(self.report.estate);
        let because = hop.because().into_iter().filter(|because| because.span.is_some());
        let mut steps: Vec<_> = because
            .map(|because| {
                let text = format!("{sentence}, allowed by {}", because.what);
                shape::ThreadFlowLocation { location: self.location(because, Some(text)) }
            })
            .collect();
        if steps.is_empty() {
            steps.push(shape::ThreadFlowLocation {
                location: shape::Location {
                    id: None,
                    physical_location: None,
                    logical_locations: Vec::new(),
                    message: Some(message(sentence)),
                },
            });
        }
        steps
    }
}

/// What code scanning shows as the text of an alert: what was found, how sure it is, a request, what to do.
fn sentence(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    match &finding.certainty {
        Certainty::Proven => {}
        Certainty::Undecided(reason) => text.push_str(&format!(" (undecided: {reason})")),
        Certainty::Assuming(gaps) => {
            let gaps: Vec<&str> = gaps.iter().map(|gap| gap.message.as_str()).collect();
            text.push_str(&format!(" (assuming: {})", gaps.join("; ")));
        }
    }
    text.push('.');
    if let Some(witness) = &finding.witness {
        let request = &witness.request;
        text.push_str(&format!(
            "\nFor example, `{}` may do `{}` on `{}`.",
            request.principal, request.action, request.resource
        ));
    }
    if !finding.advice.is_empty() {
        text.push_str(&format!("\nWhat to do: {}.", finding.advice.trim_end_matches('.')));
    }
    // In the text of a message brackets would begin a link to a related place.
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn rule(meta: &'static Meta) -> shape::Rule<'static> {
    rule_of(meta.id, meta.summary, documentation(meta), meta.level)
}

fn rule_of<'a>(id: &'a str, summary: &'a str, documentation: String, of: Level) -> shape::Rule<'a> {
    let documentation = if documentation.trim().is_empty() { summary.to_owned() } else { documentation };
    shape::Rule {
        id,
        name: pascal_case(id),
        short_description: message(summary),
        full_description: message(summary),
        help: shape::Message { text: Cow::Owned(documentation.clone()), markdown: Some(documentation) },
        default_configuration: shape::Configuration { level: level(of) },
        properties: shape::RuleProperties {
            precision: "very-high",
            problem_severity: match of {
                Level::High => "error",
                Level::Medium => "warning",
                Level::Low | Level::Info => "recommendation",
            },
            // GitHub: critical from 9.0, high from 7.0, medium from 4.0, low above.
            security_severity: match of {
                Level::High => "8.0",
                Level::Medium => "5.0",
                Level::Low => "3.0",
                Level::Info => "1.0",
            },
            tags: ["security", "iam"],
        },
    }
}

/// The name of a rule as the standard wants it: `AdministratorAccess` for `administrator-access`.
fn pascal_case(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    id.split('-').map(word).collect()
}

/// <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html#_Toc141790911>
fn suppression(why: &Why) -> shape::Suppression {
    let kind = if let Why::Comment(_) = why { "inSource" } else { "external" };
    shape::Suppression { kind, status: "accepted", justification: why.justification() }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::High => "error",
        Level::Medium => "warning",
        Level::Low | Level::Info => "note",
    }
}

fn message<'a>(text: impl Into<Cow<'a, str>>) -> shape::Message<'a> {
    shape::Message { text: text.into(), markdown: None }
}
