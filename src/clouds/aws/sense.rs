//! What a document says apart from names that make no difference to questions about it alone, as a text: documents
//! with the same text give the same answers.
//!
//! Two texts come out. The *plain* one has every element as it is written, and lacks ids and places only. The *renamed*
//! one also has signs in place of three kinds of names, and holds for questions that take actions and resources as
//! plain texts. The reason is the same for each kind: where nothing in a formula tells the texts apart that a swap of
//! two names exchanges, the swap turns a request that makes the one formula true into one that makes the other true.
//!
//! - *The resource that the document belongs to*, where every resource of the document is `*`, this name, or begins
//!   with it, and no condition or principal holds it. Whether such a pattern matches depends on what stands behind the
//!   name alone.
//! - *Users and roles*, where conditions speak of whoever asks by such ARNs only. Patterns in facts tell partitions,
//!   accounts and users from roles, so these stay.
//! - *Values of a key that one test asks for*, where the test compares whole texts. Facts about keys of the services
//!   do not exist, so nothing else is said of its values than how many there are.

use std::fmt::Write;

use rustc_hash::FxHashMap;

use super::ast::{Document, Element, Family, PrincipalName, Principals, Quantifier, Statement, Test, Word};
use super::meeting::Meeting;
use super::{keys, presence};
use crate::clouds::documents::Sense;
use crate::logic::Kind;
use crate::model::Effect;

/// The sense of a document that belongs to the resource `own`, if it belongs to just one.
pub(super) fn sense(document: &Document, own: Option<&str>) -> Sense {
    let Meeting { opposed, doubled } = Meeting::of(document);
    let of = |effect: Effect| document.statements.iter().filter(move |one| one.effect == effect);
    let is_universal = |test: &Test| test.operator.quantifier == Some(Quantifier::All);
    let mut sense = Sense {
        opposed,
        doubled,
        conditional: document.statements.iter().any(|one| !one.condition.is_empty()),
        omissible: of(Effect::Deny).any(may_omit),
        universal: of(Effect::Allow).flat_map(|one| &one.condition).any(is_universal),
        ..Sense::default()
    };
    if !sense.is_silent() {
        let names = Names::of(document, own);
        sense.plain = (sense.omissible || sense.universal)
            .then(|| Writer { out: String::new(), names: None }.document(document));
        sense.renamed = Writer { out: String::new(), names: Some(names) }.document(document);
    }
    sense
}

/// All that a document says, whatever it is, without ids and places.
pub(super) fn plain(document: &Document) -> String {
    Writer { out: String::new(), names: None }.document(document)
}

/// Whether the statement has a condition and speaks of a key that senders can leave out, maybe by a variable.
fn may_omit(statement: &Statement) -> bool {
    let is_variable = |value: &Word| value.value.contains("${");
    let resources = statement.resource.iter().flat_map(|element| &element.values);
    let values = statement.condition.iter().flat_map(|test| &test.values);
    let is_named = |test: &Test| presence::can_be_omitted(&keys::folded(&test.key.value));
    !statement.condition.is_empty()
        && (statement.condition.iter().any(is_named) || resources.chain(values).any(is_variable))
}

/// Which names are written as signs.
struct Names<'d> {
    own: Option<&'d str>,
    /// Users and roles by their ARNs, each with its number; `None` where they stay.
    principals: Option<FxHashMap<&'d str, usize>>,
    /// How many tests there are of each key.
    tests: FxHashMap<String, usize>,
}

impl<'d> Names<'d> {
    fn of(document: &'d Document, own: Option<&'d str>) -> Self {
        let mut tests: FxHashMap<String, usize> = FxHashMap::default();
        let all = || document.statements.iter().flat_map(|one| &one.condition);
        for test in all() {
            *tests.entry(keys::folded(&test.key.value)).or_default() += 1;
        }
        let own = own.filter(|own| is_apart(document, own));
        Self { own, principals: may_rename(document).then(FxHashMap::default), tests }
    }
}

/// Whether the name stands in resources only, and there as whole or as the beginning.
fn is_apart(document: &Document, own: &str) -> bool {
    let is_plain = |text: &str| !text.contains("${");
    let fits = |text: &str| text == "*" || (text.starts_with(own) && is_plain(text));
    let has = |text: &str| text.contains(own);
    let resources =
        |one: &Statement| one.resource.iter().all(|element| element.values.iter().all(|v| fits(&v.value)));
    let conditions = |one: &Statement| {
        one.condition
            .iter()
            .all(|test| test.values.iter().all(|value| !has(&value.value) && is_plain(&value.value)))
    };
    let principals = |one: &Statement| {
        let names = one.principal.iter().flat_map(|names| &names.names);
        names.into_iter().all(|name| text_of(&name.value).is_none_or(|text| !has(text)))
    };
    let is_name = own.starts_with("arn:") && !own.contains(['*', '?', '$']);
    is_name && document.statements.iter().all(|one| resources(one) && conditions(one) && principals(one))
}

fn text_of(name: &PrincipalName) -> Option<&str> {
    match name {
        PrincipalName::User(text)
        | PrincipalName::Role(text)
        | PrincipalName::Other(text)
        | PrincipalName::Service(text)
        | PrincipalName::Federated(text) => Some(text),
        _ => None,
    }
}

/// Whether conditions and resources speak of whoever asks by plain ARNs only, and principals have no other patterns
/// than those of whole accounts.
fn may_rename(document: &Document) -> bool {
    let speaks_of_asker = |test: &Test| {
        let key = keys::folded(&test.key.value);
        ["aws:principal", "aws:user"].iter().any(|head| key.starts_with(head)) && !is_listed(test)
    };
    let variable = |values: &[Word]| values.iter().any(|value| value.value.contains("${"));
    document.statements.iter().all(|one| {
        let names = one.principal.iter().flat_map(|names| &names.names);
        !one.condition.iter().any(|test| speaks_of_asker(test) || variable(&test.values))
            && !one.resource.iter().any(|element| variable(&element.values))
            && names.into_iter().all(|name| !matches!(name.value, PrincipalName::Session { .. }))
    })
}

/// Whether the test asks for certain users and roles.
fn is_listed(test: &Test) -> bool {
    let compares = matches!(test.operator.family, Family::StringEquals | Family::StringLike | Family::Arn);
    compares
        && test.operator.quantifier.is_none()
        && keys::folded(&test.key.value) == keys::PRINCIPAL_ARN
        && test.values.iter().all(|value| split(&value.value).is_some())
}

/// The ARN of a user or role as what stays and what is a name. Paths that AWS keeps for itself stay.
fn split(arn: &str) -> Option<(&str, &str)> {
    let kind = [":user/", ":role/"].into_iter().find_map(|kind| arn.find(kind).map(|at| at + kind.len()))?;
    let (head, name) = arn.split_at_checked(kind)?;
    let plain = arn.starts_with("arn:") && head.matches(':').count() == 5 && !arn.contains(['*', '?', '$']);
    (plain && !name.is_empty() && !name.starts_with("aws-")).then_some((head, name))
}

struct Writer<'d> {
    out: String,
    names: Option<Names<'d>>,
}

impl<'d> Writer<'d> {
    fn document(mut self, document: &'d Document) -> String {
        self.number(document.statements.len());
        self.out.push(if document.version == super::ast::Version::V2012 { 'n' } else { 'o' });
        for statement in &document.statements {
            self.out.push(if statement.effect == Effect::Allow { 'A' } else { 'D' });
            match &statement.principal {
                Some(principals) => self.principals(principals),
                None => self.out.push('-'),
            }
            self.element(&statement.action, false);
            match &statement.resource {
                Some(element) => self.element(element, true),
                None => self.out.push('-'),
            }
            self.number(statement.condition.len());
            statement.condition.iter().for_each(|test| self.test(test));
        }
        // What could not be read is not known, so nothing is known to say the same.
        document.gaps.iter().for_each(|gap| self.text(&gap.message));
        self.out
    }

    fn number(&mut self, number: usize) {
        _ = write!(self.out, "{number};");
    }

    /// The length goes before the text, so that no text can be taken for the end of another.
    fn text(&mut self, text: &str) {
        _ = write!(self.out, "{}:{text}", text.len());
    }

    fn element(&mut self, element: &Element, of_resources: bool) {
        self.out.push(if element.negated { '!' } else { '=' });
        self.number(element.values.len());
        for value in &element.values {
            let own = self.names.as_ref().and_then(|names| names.own).filter(|_| of_resources);
            match own.and_then(|own| value.value.strip_prefix(own)) {
                Some(rest) => {
                    self.out.push('@');
                    self.text(rest);
                }
                None => self.text(&value.value),
            }
        }
    }

    fn principals(&mut self, principals: &'d Principals) {
        self.out.push(if principals.negated { '!' } else { '=' });
        self.number(principals.names.len());
        for name in &principals.names {
            match &name.value {
                PrincipalName::User(text) | PrincipalName::Role(text) => self.asker(text),
                other => {
                    let text = format!("{other:?}");
                    self.text(&text);
                }
            }
        }
    }

    /// A user or role.
    fn asker(&mut self, arn: &'d str) {
        let known = self.names.as_mut().and_then(|names| names.principals.as_mut());
        match (known, split(arn)) {
            (Some(known), Some((head, _))) => {
                let next = known.len();
                let number = *known.entry(arn).or_insert(next);
                self.out.push('@');
                self.text(head);
                self.number(number);
            }
            _ => self.text(arn),
        }
    }

    fn test(&mut self, test: &'d Test) {
        let operator = test.operator;
        _ = write!(self.out, "{operator:?}");
        self.text(&test.key.value);
        self.number(test.values.len());
        let renames = self.names.as_ref().is_some_and(|names| names.principals.is_some());
        if renames && is_listed(test) {
            test.values.iter().for_each(|value| self.asker(&value.value));
        } else if self.is_lone(test) {
            self.out.push('@');
        } else {
            test.values.iter().for_each(|value| self.text(&value.value));
        }
    }

    /// Whether the test compares one text of a service's key with one that nothing else is said of.
    fn is_lone(&self, test: &Test) -> bool {
        let key = keys::folded(&test.key.value);
        let alone = self.names.as_ref().is_some_and(|names| names.tests.get(&key) == Some(&1));
        let [only] = test.values.as_slice() else { return false };
        alone
            && test.operator.family == Family::StringEquals
            && test.operator.quantifier.is_none()
            && !key.starts_with("aws:")
            && keys::kind(&key).is_none_or(|kind| kind == Kind::Text)
            && !only.value.is_empty()
            && !only.value.contains("${")
    }
}

#[cfg(test)]
mod tests {
    use super::super::estate::written;
    use super::*;

    fn renamed(own: &str, text: &str) -> String {
        let document = written("p", text).unwrap();
        sense(&document, Some(own)).renamed
    }

    fn bucket(name: &str, role: &str, condition: &str) -> String {
        let arn = format!("arn:aws:s3:::{name}");
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["{arn}", "{arn}/*"],
              "Condition": {{"Bool": {{"aws:SecureTransport": "false"}}}}}},
            {{"Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::111122223333:role/{role}"}},
              "Action": "s3:GetObject", "Resource": "{arn}/*"{condition}}}]}}"#
        );
        renamed(&arn, &text)
    }

    #[test]
    fn names_that_make_no_difference_are_signs() {
        assert_eq!(bucket("a", "reader", ""), bucket("bb", "writer", ""));
        let on = |name: &str| {
            format!(
                r#", "Condition": {{"ArnLike": {{"aws:PrincipalArn": "arn:aws:iam::111122223333:role/{name}"}}}}"#
            )
        };
        assert_eq!(bucket("a", "x", &on("x")), bucket("b", "y", &on("y")));
        assert_ne!(bucket("a", "x", &on("x")), bucket("b", "x", &on("y")));
        let subject = |value: &str| {
            format!(r#", "Condition": {{"StringEquals": {{"token.example.com:sub": "{value}"}}}}"#)
        };
        assert_eq!(bucket("a", "x", &subject("one")), bucket("a", "x", &subject("two")));
    }

    #[test]
    fn names_that_may_make_a_difference_stay() {
        let differ = |one: &str, two: &str| {
            assert_ne!(bucket("a", "x", one), bucket("b", "x", two), "{one}");
        };
        // A condition that holds the name of the resource, or a variable that could be replaced by it.
        let source = |name: &str| {
            format!(r#", "Condition": {{"ArnLike": {{"aws:SourceArn": "arn:aws:s3:::{name}"}}}}"#)
        };
        differ(&source("a"), &source("b"));
        let tag = r#", "Condition": {"StringEquals": {"aws:PrincipalTag/t": "${aws:username}"}}"#;
        differ(tag, tag);
        // Patterns of names, names that AWS keeps for itself, and two tests of one key.
        let role = |name: &str| bucket("a", name, "");
        assert_ne!(role("aws-service-role/x"), role("y"));
        assert_ne!(role("x*"), role("y"));
        let two = |value: &str| {
            format!(
                r#", "Condition": {{"StringEquals": {{"token.example.com:sub": "{value}"}},
                "StringLike": {{"token.example.com:sub": "a*"}}}}"#
            )
        };
        assert_ne!(bucket("a", "x", &two("a1")), bucket("a", "x", &two("b1")));
    }

    #[test]
    fn other_resources_keep_all_names() {
        let text = |own: &str, other: &str| {
            format!(
                r#"{{"Version": "2012-10-17", "Statement": [
                {{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "{own}/*"}},
                {{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "{other}"}}]}}"#
            )
        };
        let of = |name: &str| {
            let own = format!("arn:aws:s3:::{name}");
            renamed(&own, &text(&own, "arn:aws:s3:::ab*"))
        };
        assert_ne!(of("abc"), of("xyz"), "the deny covers the one and not the other");
    }
}
