//! Conditions for one request: the concrete side. Shares the typed expression with `conditions` and nothing else.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::ast::{Comparison, Condition, Expression, Key, Order, SetKey, TagKey, Template, Test};
use super::cel::{self, Environment, Failure, Part, Value, Zone};
use super::conditions::recognizes_attributes;
use super::{expressions, types};
use crate::model::{Gap, GapKind, Origin, Request};

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Holds,
    DoesNot,
    /// The service fails, too.
    Fails,
    /// It is not known.
    Unknown,
}

/// One request as conditions see it.
pub(super) struct Asked<'a> {
    action: &'a str,
    resource: &'a str,
    context: &'a BTreeMap<String, Vec<String>>,
    /// `principal.type` and `principal.subject`, where conditions may ask for them.
    pub(super) principal: Option<(String, String)>,
    /// The parts that were judged for this request, but that no formula can follow.
    unread: Vec<String>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(resource: &'a str, request: &'a Request) -> Self {
        let (action, context) = (request.action.as_str(), &request.context);
        Self { action, resource, context, principal: None, unread: Vec::new() }
    }

    /// Judges a condition; none holds always. What remains open, or was decided for this request alone, is a gap.
    pub(super) fn judge(
        &mut self,
        condition: Option<&Condition>,
        origin: &Origin,
        gaps: &mut impl Extend<Gap>,
    ) -> Truth {
        let Some(condition) = condition else { return Truth::Holds };
        self.unread.clear();
        let truth = match self.value(&condition.expression) {
            Ok(true) => Truth::Holds,
            Ok(false) => Truth::DoesNot,
            Err(Trouble::Fails) => Truth::Fails,
            Err(Trouble::Unknown) => Truth::Unknown,
        };
        let gap =
            |message: String| Gap { kind: GapKind::OpaqueCondition, message, origin: Some(origin.clone()) };
        if truth == Truth::Unknown {
            let source = &condition.source.value;
            gaps.extend([gap(format!(
                "the condition `{source}` is not understood; it was taken not to let in"
            ))]);
        }
        gaps.extend(self.unread.iter().map(|part| {
            gap(format!(
                "`{part}` can be decided for a single request only; elsewhere both outcomes are considered"
            ))
        }));
        truth
    }

    fn value(&mut self, expression: &Expression) -> Result<bool, Trouble> {
        match expression {
            Expression::Constant(value) => Ok(*value),
            Expression::Not(inner) => self.value(inner).map(|value| !value),
            Expression::And(parts) => self.join(parts, false),
            Expression::Or(parts) => self.join(parts, true),
            Expression::Choice(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.value(condition)? { self.value(then) } else { self.value(otherwise) }
            }
            Expression::Test(test) => self.test(test),
            Expression::Failing => Err(Trouble::Fails),
            Expression::Opaque(part) => self.opaque(&part.value),
        }
    }

    /// `&&` and `||`: a part that decides absorbs the failure of the others. What is not known could have decided.
    fn join(&mut self, parts: &[Expression], decisive: bool) -> Result<bool, Trouble> {
        let (mut fails, mut unknown, mut decided) = (false, false, false);
        for part in parts {
            match self.value(part) {
                Ok(value) => decided |= value == decisive,
                Err(Trouble::Fails) => fails = true,
                Err(Trouble::Unknown) => unknown = true,
            }
        }
        match (decided, unknown, fails) {
            (true, _, _) => Ok(decisive),
            (false, true, _) => Err(Trouble::Unknown),
            (false, false, true) => Err(Trouble::Fails),
            (false, false, false) => Ok(!decisive),
        }
    }

    fn test(&mut self, test: &Test) -> Result<bool, Trouble> {
        match test {
            Test::Text(Key::Type, _, wanted) => self.is_of_type(wanted),
            Test::Text(key, comparison, wanted) => Ok(compare(&self.text(key)?, *comparison, wanted)),
            Test::Extract(key, template, comparison, wanted) => {
                let text = self.text(key)?;
                let (taken, is_first) = extract(&text, template);
                let from_end = matches!(comparison, Comparison::EndsWith | Comparison::Contains);
                if is_first.begin && !is_known_begin(key, &text, template) || is_first.end && from_end {
                    self.unread.push(format!(
                        "extract({:?})",
                        format!("{}{{…}}{}", template.before, template.after)
                    ));
                }
                Ok(compare(taken, *comparison, wanted))
            }
            Test::Time(order, instant) => {
                let now = self.now().ok_or(Trouble::Fails)?;
                Ok(is_so(*order, now.cmp(&(i128::from(*instant) * 1000))))
            }
            Test::Port(order, number) => {
                let port = self.port().ok_or(Trouble::Fails)?;
                Ok(is_so(*order, port.cmp(number)))
            }
            Test::Calendar(part, zone, numbers) => {
                Ok(numbers.contains(&self.calendar(*part, zone).ok_or(Trouble::Fails)?))
            }
            Test::Holds(key, text) => Ok(self.set(key)?.contains(text)),
            Test::HoldsOnly(key, texts) => Ok(self.set(key)?.iter().all(|item| texts.contains(item))),
            Test::Tag(key, value) => {
                let name = match key {
                    TagKey::Name(key) => format!("resource.tag/{key}"),
                    TagKey::Id(id) => format!("resource.tagId/{id}"),
                };
                let own = self.first(&name);
                Ok(value.as_ref().map_or(own.is_some(), |value| own == Some(value)))
            }
        }
    }

    fn first(&self, name: &str) -> Option<&'a String> {
        self.context.get(name)?.first()
    }

    /// An attribute that only requests for some permissions have.
    fn carried(&self, name: &str) -> Option<&'a Vec<String>> {
        self.context.get(name).filter(|_| types::permissions_with(name).contains(&self.action))
    }

    fn port(&self) -> Option<i64> {
        self.carried(types::PORT)?.first()?.parse::<u16>().ok().map(i64::from)
    }

    fn now(&self) -> Option<i128> {
        cel::timestamp(self.first("request.time")?)
    }

    /// A part of the time: as the request says it, else what follows from its time.
    fn calendar(&self, part: Part, zone: &str) -> Option<i64> {
        match self.first(&format!("request.time.{}({zone:?})", part.function())) {
            Some(said) => said.parse().ok(),
            None => part.of(self.now()?, &Zone::named(zone)?),
        }
    }

    /// The service and the name within it, for services that recognize attributes of resources.
    fn named(&self) -> Result<(&'a str, &'a str), Trouble> {
        let parts = self.resource.strip_prefix("//").and_then(|name| name.split_once('/'));
        parts.filter(|(service, _)| recognizes_attributes(service)).ok_or(Trouble::Fails)
    }

    fn text(&self, key: &Key) -> Result<String, Trouble> {
        match key {
            Key::Name => self.named().map(|(_, name)| name.to_owned()),
            Key::Service => self.named().map(|(service, _)| service.to_owned()),
            Key::Type => Err(Trouble::Unknown),
            Key::Api(name, default) => Ok(self.first(name).unwrap_or(default).clone()),
            Key::Carried(name) => {
                self.carried(name).and_then(|values| values.first()).cloned().ok_or(Trouble::Fails)
            }
            Key::PrincipalType => self.principal.as_ref().map(|one| one.0.clone()).ok_or(Trouble::Fails),
            Key::PrincipalSubject => self.principal.as_ref().map(|one| one.1.clone()).ok_or(Trouble::Fails),
        }
    }

    fn set(&self, key: &SetKey) -> Result<Vec<String>, Trouble> {
        match key {
            SetKey::AccessLevels => self.carried(types::ACCESS_LEVELS).cloned().ok_or(Trouble::Fails),
            SetKey::Api(name, default) => Ok(self.context.get(name).unwrap_or(default).clone()),
        }
    }

    fn is_of_type(&self, wanted: &str) -> Result<bool, Trouble> {
        let (service, name) = self.named()?;
        let Some(kind) = types::named(wanted) else { return Err(Trouble::Unknown) };
        let excepted = !kind.except.is_empty() && fits(name, kind.except);
        Ok(service == kind.service() && fits(name, kind.form) && !excepted)
    }

    /// A part that formulas do not follow; for one request it often has a value.
    fn opaque(&mut self, source: &str) -> Result<bool, Trouble> {
        let parsed = cel::parse(source).map_err(|_| Trouble::Unknown)?;
        match cel::evaluate(&parsed, &*self) {
            Ok(Value::Bool(value)) => {
                self.unread.push(source.to_owned());
                Ok(value)
            }
            _ => Err(Trouble::Unknown),
        }
    }
}

/// Why an expression has no value.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Trouble {
    Fails,
    Unknown,
}

/// The attributes by their names in the language, for parts that no test stands for.
impl Environment for Asked<'_> {
    fn variable(&self, path: &str) -> Option<Result<Value, Failure>> {
        let unknown = |what: &str| Failure::Unknown(format!("`{what}` is not known"));
        let text = |key: &Key| self.text(key).map(Value::String).map_err(|_| unknown(path));
        Some(match path {
            "resource.name" => text(&Key::Name),
            "resource.service" => text(&Key::Service),
            "request.time" => self.now().map(Value::Timestamp).ok_or_else(|| unknown(path)),
            "request.path" => text(&Key::Carried("request.path")),
            "request.host" => text(&Key::Carried("request.host")),
            "destination.ip" => text(&Key::Carried("destination.ip")),
            types::PORT => self.port().map(Value::Int).ok_or_else(|| unknown(path)),
            types::ACCESS_LEVELS => self.set(&SetKey::AccessLevels).map(list).map_err(|_| unknown(path)),
            _ => return None,
        })
    }

    fn call(
        &self,
        path: Option<&str>,
        target: Option<&Value>,
        name: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, Failure>> {
        match (path, target, name, arguments) {
            (Some("api"), _, "getAttribute", [Value::String(name), default]) => {
                Some(Ok(match (self.context.get(name), default) {
                    (None, default) => default.clone(),
                    (Some(values), Value::List(_)) => list(values.clone()),
                    (Some(values), _) => Value::String(values.first().cloned().unwrap_or_default()),
                }))
            }
            (None, Some(Value::String(text)), "extract", [Value::String(template)]) => {
                Some(Ok(Value::String(extracted(text, template)?)))
            }
            (None, Some(Value::List(items)), "hasOnly", [Value::List(allowed)]) => {
                let all = items.iter().all(|item| allowed.iter().any(|own| own.equals(item)));
                Some(Ok(Value::Bool(all)))
            }
            _ => expressions::added(path, target, name, arguments),
        }
    }
}

fn list(values: Vec<String>) -> Value {
    Value::List(values.into_iter().map(Value::String).collect())
}

fn is_so(order: Order, own: Ordering) -> bool {
    match order {
        Order::Before => own.is_lt(),
        Order::NotAfter => own.is_le(),
        Order::At => own.is_eq(),
        Order::NotBefore => own.is_ge(),
        Order::After => own.is_gt(),
    }
}

fn compare(value: &str, comparison: Comparison, wanted: &str) -> bool {
    match comparison {
        Comparison::Equals => value == wanted,
        Comparison::StartsWith => value.starts_with(wanted),
        Comparison::EndsWith => value.ends_with(wanted),
        Comparison::Contains => value.contains(wanted),
        Comparison::AtLeast(count) => value.chars().count() >= count,
    }
}

/// What a template, as it is written, takes out of a text; `None` if it is none.
pub(super) fn extracted(text: &str, template: &str) -> Option<String> {
    let (before, rest) = template.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    let template = Template { before: before.to_owned(), after: after.to_owned() };
    Some(extract(text, &template).0.to_owned())
}

/// Whether what was found is the first of several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct OfSeveral {
    begin: bool,
    end: bool,
}

/// What a template takes out of a text.
fn extract<'t>(text: &'t str, template: &Template) -> (&'t str, OfSeveral) {
    let Some(start) = text.find(template.before.as_str()) else { return ("", OfSeveral::default()) };
    let rest = text.get(start + template.before.len()..).unwrap_or_default();
    let is_several = |text: &str, word: &str| match (text.find(word), text.rfind(word)) {
        (Some(first), Some(last)) => first != last && !word.is_empty(),
        _ => false,
    };
    let end = if template.after.is_empty() { Some(rest.len()) } else { rest.find(template.after.as_str()) };
    let several =
        OfSeveral { begin: is_several(text, &template.before), end: is_several(rest, &template.after) };
    (end.and_then(|end| rest.get(..end)).unwrap_or_default(), several)
}

/// Whether the template begins where names begin, so that formulas can say which of several places is the first.
fn is_known_begin(key: &Key, text: &str, template: &Template) -> bool {
    let behind = |start: &str| text.starts_with(start) && text.find(&template.before) == Some(start.len());
    behind("") || *key == Key::Name && behind("projects/_/")
}

/// Whether a name has a form in which `*` stands for any run of characters.
fn fits(name: &str, form: &str) -> bool {
    let mut parts = form.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_take_out_what_stands_between() {
        let template =
            |before: &str, after: &str| Template { before: before.to_owned(), after: after.to_owned() };
        let several = |begin, end| OfSeveral { begin, end };
        assert_eq!(
            extract("projects/_/buckets/b/objects/x/y", &template("buckets/", "/")),
            ("b", several(false, true))
        );
        assert_eq!(extract("a/b", &template("", "/")), ("a", several(false, false)));
        assert_eq!(extract("a/b/a/", &template("a/", "")), ("b/a/", several(true, false)));
        assert_eq!(extract("a/b", &template("c", "")), ("", several(false, false)));
        assert_eq!(extract("a/b", &template("a", "c")), ("", several(false, false)));
    }

    #[test]
    fn forms_are_held_against_names() {
        assert!(fits("projects/p/datasets/d", "projects/*/datasets/*"));
        assert!(!fits("projects/p/dataset/d", "projects/*/datasets/*"));
        assert!(fits("projects/p", "projects/*") && !fits("x", "projects/*"));
        assert!(fits("abc", "abc") && !fits("abcd", "abc"));
    }
}
