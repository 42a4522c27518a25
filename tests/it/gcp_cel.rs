//! The conformance cases of the Common Expression Language, held against the evaluator of conditions.
//!
//! Every case of the language as IAM documents it must pass. The others are outside for a reason that is printed with
//! their number; a case is never outside because it fails. The cases: <https://github.com/google/cel-spec>, in the
//! shared material; skipped where that is absent.

use std::collections::BTreeMap;
use std::fs;

use leastwise::clouds::gcp::cel::{self, Environment, Failure, Value};

use crate::shared::shared;

const FILES: [&str; 10] = [
    "basic",
    "comparisons",
    "conversions",
    "lists",
    "logic",
    "macros",
    "parse",
    "string",
    "string_ext",
    "timestamps",
];

#[test]
fn the_conformance_cases_pass() {
    let Some(folder) = shared("oracles/cel") else { return };
    let (mut passed, mut outside, mut failures) = (0, BTreeMap::new(), Vec::new());
    for file in FILES {
        let text = fs::read_to_string(folder.join(format!("{file}.textproto"))).unwrap();
        let root = Reader { rest: &text }.fields(None);
        for section in root.all("section") {
            for test in section.message().all("test") {
                let test = test.message();
                let name = format!(
                    "{file}/{}/{}",
                    section.message().text("name").unwrap(),
                    test.text("name").unwrap()
                );
                match reason_outside(file, test) {
                    Some(reason) => *outside.entry(reason).or_insert(0) += 1,
                    None => match judge(test) {
                        Ok(()) => passed += 1,
                        Err(why) => failures.push(format!("{name}: {why}")),
                    },
                }
            }
        }
    }
    println!("{passed} conformance cases pass; outside: {outside:?}");
    assert!(failures.is_empty(), "{} fail:\n{}", failures.len(), failures.join("\n"));
    let all = passed + outside.values().sum::<usize>();
    assert_eq!(all, 1235, "the number of cases that were read");
    assert!(passed >= 920, "only {passed} of {all} are inside");
}

/// Why a case is about something that conditions of IAM do not have.
fn reason_outside(file: &str, test: &Message) -> Option<&'static str> {
    let expression = test.text("expr").unwrap();
    if file == "string_ext" {
        return Some("extension library of strings");
    }
    if test.any(|name| name == "object_value") || mentions_message(&expression) {
        return Some("protocol buffer messages, wrappers and enums");
    }
    if expression.contains("optional") || expression.contains("[?") || expression.contains(".?") {
        return Some("optional values");
    }
    None
}

fn mentions_message(expression: &str) -> bool {
    let types =
        ["TestAllTypes", "NestedTestAllTypes", "Wrapper", "google.protobuf.Value", "google.protobuf.Struct"];
    let more =
        ["google.protobuf.Any", "google.protobuf.ListValue", "Value{", "GlobalEnum", "google.protobuf.Int"];
    types.iter().chain(&more).any(|name| expression.contains(name))
}

fn judge(test: &Message) -> Result<(), String> {
    let expression = test.text("expr").unwrap();
    let wants_error = test.all("eval_error").next().is_some();
    let environment = Bindings::of(test);
    let parsed = match cel::parse(&expression) {
        Ok(parsed) => parsed,
        Err(error) => {
            return if wants_error { Ok(()) } else { Err(format!("`{expression}` is refused: {error:?}")) };
        }
    };
    let outcome = cel::evaluate(&parsed, &environment);
    match (outcome, wants_error) {
        (Err(Failure::Error(_)), true) => Ok(()),
        (Ok(value), false) => {
            let wanted =
                test.all("value").next().map_or(Value::Bool(true), |wanted| value_of(wanted.message()));
            let same = same(&value, &wanted);
            if same { Ok(()) } else { Err(format!("`{expression}` is {value:?}, expected {wanted:?}")) }
        }
        (outcome, _) => Err(format!("`{expression}` is {outcome:?}")),
    }
}

/// The same value of the same type; numbers that are none are the same here.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => left == right || left.is_nan() && right.is_nan(),
        (Value::Map(_), Value::Map(_)) => left.equals(right),
        _ => left == right,
    }
}

struct Bindings(Vec<(String, Value)>);

impl Bindings {
    fn of(test: &Message) -> Self {
        let bindings = test.all("bindings").map(|binding| {
            let value = binding.message().all("value").next().unwrap().message();
            let value = value.all("value").next().unwrap().message();
            (binding.message().text("key").unwrap(), value_of(value))
        });
        Self(bindings.collect())
    }
}

impl Environment for Bindings {
    fn variable(&self, path: &str) -> Option<Result<Value, Failure>> {
        self.0.iter().find(|(name, _)| name == path).map(|(_, value)| Ok(value.clone()))
    }
}

fn value_of(message: &Message) -> Value {
    let (name, field) = message.0.first().expect("a value has a kind");
    let word = || field.word();
    match name.as_str() {
        "null_value" => Value::Null,
        "bool_value" => Value::Bool(word() == "true"),
        "int64_value" => Value::Int(word().parse().unwrap()),
        "uint64_value" => Value::Uint(word().parse().unwrap()),
        "double_value" => Value::Double(word().parse().unwrap()),
        "string_value" => Value::String(String::from_utf8(field.bytes()).unwrap()),
        "bytes_value" => Value::Bytes(field.bytes()),
        "type_value" => {
            let name = String::from_utf8(field.bytes()).unwrap();
            let Ok(Value::Type(known)) = cel::evaluate(&cel::parse(&name).unwrap(), &cel::Nothing) else {
                panic!("type `{name}`")
            };
            Value::Type(known)
        }
        "list_value" => {
            Value::List(field.message().all("values").map(|item| value_of(item.message())).collect())
        }
        "map_value" => {
            let entries = field.message().all("entries").map(|entry| {
                let part = |name: &str| value_of(entry.message().all(name).next().unwrap().message());
                (part("key"), part("value"))
            });
            Value::Map(entries.collect())
        }
        other => panic!("no value of kind {other}"),
    }
}

/// The fields of a message in the text format of protocol buffers.
#[derive(Debug, Default)]
struct Message(Vec<(String, Field)>);

#[derive(Debug)]
enum Field {
    Bytes(Vec<u8>),
    Word(String),
    Message(Message),
}

impl Message {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, field)| field)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|field| String::from_utf8(field.bytes()).unwrap())
    }

    fn any(&self, wanted: fn(&str) -> bool) -> bool {
        self.0
            .iter()
            .any(|(name, field)| wanted(name) || matches!(field, Field::Message(inner) if inner.any(wanted)))
    }
}

impl Field {
    fn message(&self) -> &Message {
        match self {
            Self::Message(message) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            other => panic!("no text: {other:?}"),
        }
    }

    fn word(&self) -> &str {
        match self {
            Self::Word(word) => word,
            other => panic!("no word: {other:?}"),
        }
    }
}

/// Reads the text format, as far as the cases use it.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\n', '\t', '\r', ',', ';']);
            if !self.rest.starts_with('#') {
                return;
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }

    fn take(&mut self, sign: char) -> bool {
        self.skip();
        let found = self.rest.strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn word(&mut self) -> String {
        self.skip();
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || "_.-+/".contains(c)))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }

    fn fields(&mut self, close: Option<char>) -> Message {
        let mut fields = Vec::new();
        loop {
            if close.is_some_and(|close| self.take(close)) {
                return Message(fields);
            }
            self.skip();
            if self.rest.is_empty() {
                assert!(close.is_none(), "a message is not closed");
                return Message(fields);
            }
            let name = if self.take('[') {
                let name = self.word();
                assert!(self.take(']'));
                name
            } else {
                self.word()
            };
            assert!(!name.is_empty(), "no field at {:?}", self.rest.get(..40));
            let _colon = self.take(':');
            if self.take('[') {
                while !self.take(']') {
                    let field = self.field();
                    fields.push((name.clone(), field));
                }
            } else {
                let field = self.field();
                fields.push((name, field));
            }
        }
    }

    fn field(&mut self) -> Field {
        if self.take('{') {
            return Field::Message(self.fields(Some('}')));
        }
        if self.take('<') {
            return Field::Message(self.fields(Some('>')));
        }
        self.skip();
        if !self.rest.starts_with(['"', '\'']) {
            return Field::Word(self.word());
        }
        let mut bytes = Vec::new();
        while self.rest.starts_with(['"', '\'']) {
            self.text(&mut bytes);
            self.skip();
        }
        Field::Bytes(bytes)
    }

    fn text(&mut self, bytes: &mut Vec<u8>) {
        let mut chars = self.rest.chars();
        let quote = chars.next().unwrap();
        loop {
            let c = chars.next().unwrap();
            if c == quote {
                break;
            }
            let mut push = |c: char| bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            if c != '\\' {
                push(c);
                continue;
            }
            let hex = |chars: &mut std::str::Chars<'_>, count: usize| {
                let digits: String = chars.by_ref().take(count).collect();
                u32::from_str_radix(&digits, 16).unwrap()
            };
            match chars.next().unwrap() {
                'n' => push('\n'),
                't' => push('\t'),
                'r' => push('\r'),
                'a' => push('\u{7}'),
                'b' => push('\u{8}'),
                'f' => push('\u{c}'),
                'v' => push('\u{b}'),
                'x' => bytes.push(u8::try_from(hex(&mut chars, 2)).unwrap()),
                'u' => push(char::from_u32(hex(&mut chars, 4)).unwrap()),
                'U' => push(char::from_u32(hex(&mut chars, 8)).unwrap()),
                first @ '0'..='7' => {
                    let more: String =
                        chars.clone().take(2).take_while(|c| ('0'..='7').contains(c)).collect();
                    chars = chars.as_str().get(more.len()..).unwrap().chars();
                    bytes.push(u8::from_str_radix(&format!("{first}{more}"), 8).unwrap());
                }
                other => push(other),
            }
        }
        self.rest = chars.as_str();
    }
}
