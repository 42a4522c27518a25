//! Reads AWS policy documents into `ast`, and says what is wrong with them and how to repair it.
//!
//! A statement that cannot be understood is left out, and a gap takes its place: whether it would have given or taken
//! something is not known, so no answer that rests on the policy is certain. What a policy means is not in here.

use std::sync::Arc;

use super::ast::{
    Arn, Document, Element, Operator, PrincipalName, Principals, Statement, Test, Version, Word,
};
use crate::model::{Effect, Gap, GapKind, Origin};
use crate::text::{Entry, Kind, Located, Problem, Route, Span, Tree};

/// What a policy is attached to, which decides the elements that it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// To a user, group or role, as a boundary, or to an account: no `Principal`, but a `Resource`.
    Identity,
    /// To a resource: a `Principal`.
    Resource,
    /// To a role, as its trust policy: a `Principal`, no `Resource`.
    Trust,
}

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Reads one document. `None` after a problem when it is no policy at all.
pub fn policy(
    tree: &Tree,
    name: &str,
    route: &Route,
    capacity: Capacity,
    problems: &mut Vec<Problem>,
) -> Option<Document> {
    if tree.as_map().is_none() {
        problems.push(not_a_policy(tree, name));
        return None;
    }
    let mut reader = Reader { name, capacity, problems, gaps: Vec::new() };
    let mut document = Document {
        name: name.into(),
        span: Some(tree.span),
        route: route.clone(),
        version: Version::V2008,
        id: None,
        statements: Vec::new(),
        gaps: Vec::new(),
        provided: false,
    };
    for entry in tree.entries() {
        match &*entry.key.value {
            "Version" => document.version = reader.version(&entry.value),
            "Id" => document.id = reader.text(&entry.value, "Id"),
            "Statement" => document.statements = reader.statements(&entry.value, &route.key("Statement")),
            other => {
                reader.unknown_element(other, entry.key.span, &["Version", "Id", "Statement"], "a policy")
            }
        }
    }
    if tree.get("Statement").is_none() {
        reader.problem(
            Problem::error("aws-policy-shape", format!("policy `{name}` has no `Statement`"))
                .at(tree.span)
                .help("add a `Statement` with at least one object; without one the policy says nothing"),
        );
    }
    document.gaps = reader.gaps;
    Some(document)
}

fn not_a_policy(tree: &Tree, name: &str) -> Problem {
    let message = format!("expected the policy `{name}` to be an object, found {}", tree.kind_name());
    let help = match &tree.kind {
        Kind::List(_) => {
            "a policy is one object with `Version` and `Statement`; put the statements into `Statement`"
        }
        _ => "a policy is an object with `Version` and `Statement`",
    };
    Problem::error("aws-policy-shape", message).at(tree.span).help(help)
}

/// The tests of a condition that stands alone. `None` after a problem.
pub(super) fn circumstances(condition: &Tree, problems: &mut Vec<Problem>) -> Option<Vec<Test>> {
    let mut reader =
        Reader { name: "the condition", capacity: Capacity::Identity, problems, gaps: Vec::new() };
    reader.condition(condition).ok()
}

struct Reader<'a> {
    name: &'a str,
    capacity: Capacity,
    problems: &'a mut Vec<Problem>,
    gaps: Vec<Gap>,
}

/// That a statement, or the part at hand, cannot be understood; the problem has been reported.
struct Unreadable;

impl Reader<'_> {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn version(&mut self, value: &Tree) -> Version {
        match value.as_str() {
            Some("2012-10-17") => Version::V2012,
            Some("2008-10-17") => Version::V2008,
            _ => {
                let message = format!("policy `{}` has an unknown `Version`", self.name);
                self.problem(
                    Problem::warning("aws-policy-version", message)
                        .at(value.span)
                        .help("write \"2012-10-17\"; other values are treated as \"2008-10-17\" here"),
                );
                Version::V2008
            }
        }
    }

    fn text(&mut self, value: &Tree, element: &str) -> Option<Word> {
        if let Some(text) = value.as_text() {
            return Some(Located::new(text.shared(), value.span));
        }
        let message = format!("expected `{element}` to be a string, found {}", value.kind_name());
        self.problem(Problem::error("aws-policy-shape", message).at(value.span));
        None
    }

    fn unknown_element(&mut self, found: &str, span: Span, known: &[&str], owner: &str) {
        let message = format!("unknown element `{found}` in {owner}");
        let problem = Problem::error("aws-policy-element", message).at(span);
        let help = match nearest(found, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{owner} has the elements {}", listed(known)),
        };
        self.problem(problem.help(help));
    }

    fn statements(&mut self, value: &Tree, route: &Route) -> Vec<Statement> {
        match &value.kind {
            Kind::Map(_) => self.statement_or_gap(value, 0, route).into_iter().collect(),
            Kind::List(items) => {
                if items.is_empty() {
                    let message = format!("policy `{}` has an empty `Statement`", self.name);
                    let help = "add a statement or delete the policy; as it is, it says nothing";
                    self.problem(Problem::warning("aws-policy-empty", message).at(value.span).help(help));
                }
                let items = items.iter().enumerate();
                items
                    .filter_map(|(index, item)| self.statement_or_gap(item, index, &route.index(index)))
                    .collect()
            }
            _ => {
                let message =
                    format!("expected `Statement` to be an object or an array, found {}", value.kind_name());
                self.problem(Problem::error("aws-policy-shape", message).at(value.span));
                self.gap(value.span, route, "the `Statement` element", None);
                Vec::new()
            }
        }
    }

    fn statement_or_gap(&mut self, tree: &Tree, index: usize, route: &Route) -> Option<Statement> {
        match self.statement(tree, index, route) {
            Ok(statement) => Some(statement),
            Err(Unreadable) => {
                let what = match tree.get("Sid").and_then(Tree::as_str) {
                    Some(sid) => format!("statement `{sid}`"),
                    None => format!("statement {}", index + 1),
                };
                self.gap(tree.span, route, &what, tree.get("Effect").and_then(Tree::as_str));
                None
            }
        }
    }

    fn gap(&mut self, span: Span, route: &Route, what: &str, effect: Option<&str>) {
        let would = match effect {
            Some("Allow") => "grant",
            Some("Deny") => "deny",
            _ => "grant or deny",
        };
        self.gaps.push(Gap {
            kind: GapKind::MissingPolicy,
            message: format!(
                "{what} of policy `{}` could not be read and was left out; it may {would} more",
                self.name
            ),
            origin: Some(Origin {
                span: Some(span),
                route: route.clone(),
                what: format!("{what} of policy `{}`", self.name),
            }),
        });
    }

    fn statement(&mut self, tree: &Tree, index: usize, route: &Route) -> Result<Statement, Unreadable> {
        let Some(map) = tree.as_map() else {
            let message = format!("expected a statement to be an object, found {}", tree.kind_name());
            self.problem(Problem::error("aws-policy-shape", message).at(tree.span));
            return Err(Unreadable);
        };
        if map.entries.is_empty() {
            let problem = Problem::error("aws-policy-empty", "the statement is empty").at(tree.span);
            self.problem(problem.help("a statement has at least `Effect`, `Action` and `Resource`"));
            return Err(Unreadable);
        }
        // Everything that is wrong is reported before the statement is given up.
        let known = self.known_elements(tree);
        let sid = tree.get("Sid").and_then(|value| self.text(value, "Sid"));
        let effect = self.effect(tree);
        let principal = self.principals(tree);
        let action = self.action(tree);
        let resource = self.resource(tree);
        let condition = tree.get("Condition").map_or(Ok(Vec::new()), |value| self.condition(value));
        known?;
        Ok(Statement {
            index,
            sid,
            effect: effect?,
            principal: principal?,
            action: action?,
            resource: resource?,
            condition: condition?,
            span: tree.span,
            route: route.clone(),
        })
    }

    fn known_elements(&mut self, tree: &Tree) -> Result<(), Unreadable> {
        let mut result = Ok(());
        for entry in tree.entries().filter(|entry| !ELEMENTS.contains(&&*entry.key.value)) {
            self.unknown_element(&entry.key.value, entry.key.span, ELEMENTS, "a statement");
            result = Err(Unreadable);
        }
        result
    }

    fn effect(&mut self, tree: &Tree) -> Result<Effect, Unreadable> {
        let Some(value) = tree.get("Effect") else {
            return Err(self.missing(
                tree,
                "Effect",
                "write `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`",
            ));
        };
        match value.as_str() {
            Some("Allow") => Ok(Effect::Allow),
            Some("Deny") => Ok(Effect::Deny),
            _ => {
                let found = value.as_str().map_or(value.kind_name().to_owned(), |text| format!("`{text}`"));
                let message = format!("expected `Effect` to be `Allow` or `Deny`, found {found}");
                self.problem(
                    Problem::error("aws-policy-effect", message)
                        .at(value.span)
                        .help("the two values are written with a capital letter"),
                );
                Err(Unreadable)
            }
        }
    }

    fn missing(&mut self, tree: &Tree, element: &str, help: &str) -> Unreadable {
        let message = format!("the statement has no `{element}`");
        self.problem(Problem::error("aws-policy-missing", message).at(tree.span).help(help));
        Unreadable
    }

    /// The entry of `plain` or `negated`; a problem when both are there.
    fn either<'t>(
        &mut self,
        tree: &'t Tree,
        plain: &str,
        negated: &str,
    ) -> Result<Option<(bool, &'t Entry)>, Unreadable> {
        let find = |key: &str| tree.as_map().and_then(|map| map.entry(key));
        match (find(plain), find(negated)) {
            (Some(_), Some(second)) => {
                let message = format!("the statement has both `{plain}` and `{negated}`");
                let problem = Problem::error("aws-policy-both", message).at(second.key.span);
                self.problem(problem.help("keep one of the two; split the statement if you need both"));
                Err(Unreadable)
            }
            (Some(entry), None) => Ok(Some((false, entry))),
            (None, Some(entry)) => Ok(Some((true, entry))),
            (None, None) => Ok(None),
        }
    }

    fn action(&mut self, tree: &Tree) -> Result<Element, Unreadable> {
        match self.either(tree, "Action", "NotAction")? {
            Some((negated, entry)) => self.element(negated, entry),
            None => Err(self.missing(tree, "Action", "add `Action` with the actions the statement is about")),
        }
    }

    fn resource(&mut self, tree: &Tree) -> Result<Option<Element>, Unreadable> {
        match self.either(tree, "Resource", "NotResource")? {
            Some((negated, entry)) => self.element(negated, entry).map(Some),
            None if self.capacity == Capacity::Identity => Err(self.missing(
                tree,
                "Resource",
                "add `Resource` with the ARNs it is about, or \"*\" for all",
            )),
            None => Ok(None),
        }
    }

    fn element(&mut self, negated: bool, entry: &Entry) -> Result<Element, Unreadable> {
        let values = self.words(&entry.value, &entry.key.value)?;
        if values.is_empty() {
            let message = format!("`{}` is empty", entry.key.value);
            let problem = Problem::warning("aws-policy-empty", message).at(entry.value.span);
            self.problem(problem.help("an empty list matches nothing"));
        }
        Ok(Element { negated, values, span: entry.value.span })
    }

    /// A string, or an array of strings.
    fn words(&mut self, value: &Tree, element: &str) -> Result<Vec<Word>, Unreadable> {
        match &value.kind {
            Kind::List(items) => {
                let words: Vec<_> = items.iter().map(|item| self.text(item, element)).collect();
                words.into_iter().collect::<Option<_>>().ok_or(Unreadable)
            }
            Kind::Text(text) => Ok(vec![Located::new(text.shared(), value.span)]),
            _ => {
                let message = format!(
                    "expected `{element}` to be a string or an array of strings, found {}",
                    value.kind_name()
                );
                self.problem(Problem::error("aws-policy-shape", message).at(value.span));
                Err(Unreadable)
            }
        }
    }

    fn principals(&mut self, tree: &Tree) -> Result<Option<Principals>, Unreadable> {
        let Some((negated, entry)) = self.either(tree, "Principal", "NotPrincipal")? else {
            if self.capacity != Capacity::Identity {
                // A statement of a resource policy that names nobody applies to nobody.
                let problem =
                    Problem::warning("aws-policy-missing", "the statement has no `Principal`").at(tree.span);
                self.problem(problem.help("add `Principal`; without it the statement applies to nobody"));
            }
            return Ok(None);
        };
        if self.capacity == Capacity::Identity {
            let message =
                format!("`{}` has no place in a policy that is attached to a principal", entry.key.value);
            let problem = Problem::error("aws-policy-principal", message).at(entry.key.span);
            self.problem(problem.help("remove it: the policy applies to whoever it is attached to"));
            return Err(Unreadable);
        }
        let names = self.principal_names(&entry.value, &entry.key.value)?;
        Ok(Some(Principals { negated, names, span: entry.value.span }))
    }

    fn principal_names(
        &mut self,
        value: &Tree,
        element: &str,
    ) -> Result<Vec<Located<PrincipalName>>, Unreadable> {
        if value.as_map().is_none() {
            // `"*"` is the documented form; a bare ARN is accepted too, as the services do.
            let words = self.words(value, element)?;
            let names = words.into_iter().map(|word| word.map(|text| PrincipalName::aws(&text)));
            return Ok(self.known_names(names.collect()));
        }
        let mut names = Vec::new();
        for entry in value.entries() {
            let words = self.words(&entry.value, &entry.key.value)?;
            let make: fn(Arc<str>) -> PrincipalName = match &*entry.key.value {
                "AWS" => |text| PrincipalName::aws(&text),
                "Service" => PrincipalName::Service,
                "Federated" => PrincipalName::Federated,
                "CanonicalUser" => PrincipalName::Canonical,
                other => {
                    let known = ["AWS", "Service", "Federated", "CanonicalUser"];
                    self.unknown_element(other, entry.key.span, &known, "`Principal`");
                    return Err(Unreadable);
                }
            };
            names.extend(words.into_iter().map(|word| word.map(make)));
        }
        Ok(self.known_names(names))
    }

    /// Reports what names nobody: AWS would not have stored it, so the document was changed since.
    fn known_names(&mut self, names: Vec<Located<PrincipalName>>) -> Vec<Located<PrincipalName>> {
        for name in &names {
            let PrincipalName::Other(text) = &name.value else { continue };
            if Arn::parse(text).is_none() {
                let message = format!("`{text}` is neither an ARN nor an account, and names nobody");
                let problem = Problem::warning("aws-policy-principal", message).at(name.span);
                self.problem(
                    problem.help("write `*`, an account number, or the ARN of a user, role or session"),
                );
            }
        }
        names
    }

    fn condition(&mut self, value: &Tree) -> Result<Vec<Test>, Unreadable> {
        let mut tests = Vec::new();
        let mut result = Ok(());
        if value.as_map().is_none() {
            let message = format!("expected `Condition` to be an object, found {}", value.kind_name());
            let problem = Problem::error("aws-policy-shape", message).at(value.span);
            self.problem(problem.help("write it as {\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-...\"}}"));
            return Err(Unreadable);
        }
        for block in value.entries() {
            match self.condition_block(block) {
                Ok(more) => tests.extend(more),
                Err(Unreadable) => result = Err(Unreadable),
            }
        }
        result.map(|()| tests)
    }

    fn condition_block(&mut self, block: &Entry) -> Result<Vec<Test>, Unreadable> {
        let name = &*block.key.value;
        let Some(operator) = Operator::parse(name) else {
            self.unknown_operator(name, block.key.span);
            return Err(Unreadable);
        };
        if block.value.as_map().is_none() {
            let message = format!(
                "expected `{name}` to hold an object of condition keys, found {}",
                block.value.kind_name()
            );
            self.problem(Problem::error("aws-policy-shape", message).at(block.value.span));
            return Err(Unreadable);
        }
        let entries: Vec<_> = block.value.entries().collect();
        entries.into_iter().map(|entry| self.test(operator, name, entry)).collect()
    }

    fn test(&mut self, operator: Operator, name: &str, entry: &Entry) -> Result<Test, Unreadable> {
        let key = Located::new(entry.key.value.clone(), entry.key.span);
        let items = match &entry.value.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&entry.value),
        };
        let values: Vec<Word> =
            items.iter().map(|item| self.condition_value(item, &key.value)).collect::<Result<_, _>>()?;
        // The order of the values means nothing, so reports do not depend on it.
        let mut listed: Vec<&str> = values.iter().map(|value| &*value.value).collect();
        listed.sort_unstable();
        let text = format!("{name} {} [{}]", key.value, listed.join(", ")).into();
        Ok(Test { operator, key, values, text })
    }

    /// Numbers and booleans are accepted as text, as AWS does.
    fn condition_value(&mut self, item: &Tree, key: &str) -> Result<Word, Unreadable> {
        let text: Arc<str> = match &item.kind {
            Kind::Text(text) => text.shared(),
            Kind::Bool(value) => value.to_string().into(),
            Kind::Number(source) => (**source).into(),
            _ => {
                let message =
                    format!("expected the value of `{key}` to be a string, found {}", item.kind_name());
                self.problem(Problem::error("aws-policy-shape", message).at(item.span));
                return Err(Unreadable);
            }
        };
        Ok(Located::new(text, item.span))
    }

    fn unknown_operator(&mut self, name: &str, span: Span) {
        let problem =
            Problem::error("aws-policy-operator", format!("unknown condition operator `{name}`")).at(span);
        let bare = name.rsplit(':').next().unwrap_or(name);
        let (bare, suffix) = bare.strip_suffix("IfExists").map_or((bare, ""), |bare| (bare, "IfExists"));
        let help = if bare == "Null" && suffix == "IfExists" {
            "`Null` asks whether the key exists; write it without `IfExists`".to_owned()
        } else if let Some(near) = nearest(bare, Operator::names()) {
            let prefix = name.split_once(':').map(|(prefix, _)| prefix);
            let prefix =
                prefix.and_then(|prefix| nearest(prefix, ["ForAllValues", "ForAnyValue"].into_iter()));
            let prefix = prefix.map_or(String::new(), |prefix| format!("{prefix}:"));
            format!("did you mean `{prefix}{near}{suffix}`?")
        } else {
            "operators are `StringEquals`, `StringLike`, `ArnLike`, `Bool`, `IpAddress`, `Null` and their kin"
                .to_owned()
        };
        self.problem(problem.help(help));
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The word that differs least, when it differs by no more than a third of its letters.
pub(super) fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = found.to_ascii_lowercase();
    if folded.len() > 64 {
        return None;
    }
    let scored = known.map(|word| (distance(&folded, &word.to_ascii_lowercase()), word));
    let (score, word) = scored.min()?;
    (score * 3 <= word.len().max(3)).then_some(word)
}

/// The number of letters to insert, delete or replace.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.chars().enumerate() {
        let mut corner = line;
        let mut last = line + 1;
        let mut next = vec![last];
        for (above, b) in row.iter().skip(1).zip(&right) {
            let cost = (corner + usize::from(a != *b)).min(above + 1).min(last + 1);
            corner = *above;
            last = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
