//! Templates of CloudFormation, with those of SAM and those that the CDK makes (`cdk.out/*.template.json`).
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-guide.html>. Functions and conditions are worked
//! out as far as parameters have defaults; resources then mean what they mean elsewhere. What is not known stands in names
//! and policies by what it is called in the template, in angle brackets; where that could be anything, it is a gap.
//!
//! Not here: macros and transforms other than SAM's, nested stacks, registered types, and policy templates of SAM; each is a
//! gap where it could be about access.

mod functions;
mod resources;

use super::aws_members::only_account;
use super::terraform::load_written;
use super::{Confidence, Document, Format, digest};
use crate::model::{Estate, Gap, GapKind, Origin};
use crate::text::{Problem, Route, Span, Tree};
use functions::Template;

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct CloudFormation;

impl Format for CloudFormation {
    fn id(&self) -> &'static str {
        "cloudformation"
    }

    fn summary(&self) -> &'static str {
        "templates of CloudFormation, SAM and the CDK, in JSON and YAML"
    }

    /// What else tells of an account is known before.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let typed = |resource: &Tree| {
            let kind = resource.get("Type").and_then(Tree::as_str).unwrap_or_default();
            kind.contains("::")
        };
        let resources = tree.get("Resources");
        let has_types = resources.is_some_and(|all| all.entries().any(|entry| typed(&entry.value)));
        let says = tree.get("AWSTemplateFormatVersion").is_some();
        if has_types || (says && resources.is_some()) { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let account = only_account(estate);
        let template = Template::new(document.tree, document.path, &account);
        let mut written = Vec::new();
        let Some(resources) = document.tree.get("Resources") else { return };
        if resources.as_map().is_none() {
            let message = format!("expected `Resources` to be an object, found {}", resources.kind_name());
            problems.push(Problem::error("cloudformation-shape", message).at(resources.span));
            return;
        }
        let mut gaps = Vec::new();
        for entry in resources.entries() {
            resources::read(&template, entry, &mut written, &mut gaps, problems);
        }
        gaps.extend(template.transforms());
        for (message, span) in gaps {
            estate.add_gap(Gap { kind: GapKind::UnknownValue, message, origin: Some(origin(span)) });
        }
        load_written(&written, account.clone(), "is not known from the template", estate, problems);
    }
}

fn origin(span: Span) -> Origin {
    Origin { span: Some(span), route: Route::root(), what: "a template".to_owned() }
}

/// What tells a part of a template from another one where its meaning is not known.
fn mark(tree: &Tree) -> String {
    fn of(tree: &Tree, into: &mut String) {
        match tree.scalar() {
            Some(text) => into.push_str(&text),
            None => {
                for entry in tree.entries() {
                    into.push_str(&entry.key.value);
                    into.push('=');
                    of(&entry.value, into);
                    into.push(';');
                }
                tree.as_list().unwrap_or_default().iter().for_each(|item| {
                    of(item, into);
                    into.push(',');
                });
            }
        }
    }
    let mut text = String::new();
    of(tree, &mut text);
    digest::mark(&text)
}

#[cfg(test)]
mod tests {
    use crate::input::load_text;

    #[test]
    fn broken_templates_are_said_and_the_rest_is_read() {
        for (resources, code) in [
            ("7", Some("cloudformation-shape")),
            ("{\"A\": 7}", Some("cloudformation-shape")),
            ("{\"A\": {\"Type\": \"AWS::IAM::User\", \"Properties\": []}}", Some("cloudformation-shape")),
            ("{\"A\": {\"Type\": 7, \"Properties\": {}}}", Some("cloudformation-shape")),
            (
                "{\"A\": {\"Type\": \"AWS::IAM::User\", \"Properties\": {\"UserName\": {\"Fn::Nope\": 1}}}}",
                None,
            ),
            (
                "{\"A\": {\"Type\": \"AWS::IAM::User\", \"Properties\": {\"UserName\": {\"Ref\": \"A\"}}}}",
                None,
            ),
        ] {
            let text =
                format!("{{\"AWSTemplateFormatVersion\": \"2010-09-09\", \"Resources\": {resources}}}");
            let loaded = load_text("template.json", text);
            let codes: Vec<&str> = loaded.problems.iter().map(|problem| problem.code).collect();
            assert_eq!(codes.first().copied(), code, "{resources}");
            assert!(loaded.problems.iter().all(|problem| problem.span.is_some()));
        }
    }
}
