//! What the parser promises: places that are right, problems that are located, and no input that crashes it.

use proptest::prelude::*;
use serde_json::Value;

use super::super::{Files, Kind, Problem, Span, Text, Tree, render};
use super::*;

fn read(text: &str) -> (Files, Option<Tree>, Vec<Problem>) {
    let mut files = Files::default();
    let file = files.add("a.json", text);
    let mut problems = Vec::new();
    let tree = parse(file, text, &mut problems);
    (files, tree, problems)
}

fn good(text: &str) -> (Files, Tree) {
    let (files, tree, problems) = read(text);
    assert_eq!(problems, [], "{text}");
    (files, tree.unwrap())
}

/// The one problem of a text that cannot be read.
fn bad(text: &str) -> (Files, Problem) {
    let (files, tree, mut problems) = read(text);
    assert_eq!(tree, None, "{text}");
    assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    (files, problems.remove(0))
}

/// The tree without its places, as an independent parser would read it.
fn to_value(tree: &Tree) -> Value {
    match &tree.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Number(source) => serde_json::from_str(source).unwrap(),
        Kind::Text(text) => Value::String(text.as_str().to_owned()),
        Kind::List(items) => items.iter().map(to_value).collect(),
        Kind::Map(map) => map.entries.iter().map(|e| (e.key.value.to_string(), to_value(&e.value))).collect(),
    }
}

/// Checks that every span of a tree, cut from the file, is the thing it claims to be.
fn check_spans(files: &Files, tree: &Tree) {
    let source = files.slice(tree.span);
    assert_eq!(serde_json::from_str::<Value>(source).unwrap(), to_value(tree), "{source}");
    match &tree.kind {
        Kind::Number(number) => assert_eq!(&**number, source),
        Kind::Text(text) => check_text(files, text, tree.span),
        Kind::List(items) => items.iter().for_each(|item| check_spans(files, item)),
        Kind::Map(map) => {
            for entry in &map.entries {
                let key: String = serde_json::from_str(files.slice(entry.key.span)).unwrap();
                assert_eq!(key, &*entry.key.value);
                check_spans(files, &entry.value);
            }
        }
        Kind::Null | Kind::Bool(_) => {}
    }
}

/// Checks that each character of a decoded value maps to source that decodes to that character.
fn check_text(files: &Files, text: &Text, own: Span) {
    for (at, character) in text.as_str().char_indices() {
        let raw = files.slice(text.source_span(own, at, at + character.len_utf8()));
        let decoded: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
        assert_eq!(decoded, character.to_string());
    }
}

#[test]
fn every_span_is_what_it_claims() {
    let text = "\u{FEFF} {\"Vérsion\": \"a\\\"b\\u00e9c\\ud83d\\ude00é\", \"n\" :[1, -2.50e+3, true,null ], \"\\u0041\":{}} \n";
    let (files, tree) = good(text);
    check_spans(&files, &tree);
    assert_eq!(tree.get("A").unwrap().kind_name(), "an object");
    assert_eq!(tree.get("Vérsion").unwrap().as_str(), Some("a\"béc😀é"));
}

#[test]
fn numbers_keep_their_source_text() {
    let (_, tree) = good("[123456789012345678901234567890, 7, 1.0]");
    let items = tree.as_list().unwrap();
    assert_eq!(items[0].kind, Kind::Number("123456789012345678901234567890".into()));
    assert_eq!(items.iter().map(Tree::as_u64).collect::<Vec<_>>(), [None, Some(7), None]);
}

#[test]
fn an_empty_document_is_named() {
    for text in ["", " \n ", "\u{FEFF}"] {
        let (_, problem) = bad(text);
        assert_eq!((problem.code, problem.message.contains("the file is empty")), ("json-empty", true));
    }
}

#[test]
fn duplicate_keys_are_kept_and_reported_at_the_second() {
    let (files, tree, problems) = read("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}");
    assert_eq!(tree.unwrap().entries().count(), 3);
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(problem.message, "the key `a` stands twice in one object; the first is on line 1");
    assert_eq!(files.start(problem.span.unwrap()).line, 3);
}

#[test]
fn what_is_not_json_is_refused_with_a_place() {
    let cases = [
        "{'a': 1}",
        "{a: 1}",
        "[1,]",
        "{\"a\":1,}",
        "[1 2]",
        "[[1] [2]]",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "// c\n1",
        "/* c */ 1",
        "0x1F",
        "+1",
        ".5",
        "5.",
        "-",
        "1e",
        "01",
        "-01",
        "NaN",
        "-Infinity",
        "True",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00x\"",
        "\"a\nb\"",
        "\"a\tb\"",
        "1\u{a0}",
        "\u{b}1",
        "1 2",
        "{} {}",
        "]",
        "}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":}",
        "{,}",
        "[,]",
        "\"",
        "\"\\",
        "&",
        "é",
        "{\"a\":1,,\"b\":2}",
        "tru",
        "{:1}",
        "{1:1}",
        "/",
        "\u{0}",
    ];
    for text in cases {
        let (files, problem) = bad(text);
        let span = problem.span.unwrap();
        assert!(span.end as usize <= text.len(), "{text}");
        assert!(problem.help.is_some(), "{text}: {problem:?}");
        assert!(render(&problem, &files, false).contains("a.json:"), "{text}");
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
    }
}

#[test]
fn truncation_at_every_byte_gives_a_located_problem() {
    let text = "{\"Statement\": [{\"Effect\": \"All\\u00e9\\\"ow\", \"n\": [true, -1.5e3, null]}, \"é\"], \"x\": {}}";
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let (files, problem) = bad(text.get(..end).unwrap());
        let span = problem.span.unwrap();
        assert!(span.end as usize <= end, "{end}");
        assert!(end - (span.end as usize) <= 1, "{end}: {problem:?}");
        assert!(!render(&problem, &files, true).is_empty());
    }
}

#[test]
fn nesting_is_limited_and_located() {
    let at_limit = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    good(&at_limit);
    for open in ["[", "{\"a\":"] {
        let (_, problem) = bad(&open.repeat(10_000));
        assert_eq!(problem.message, "nested deeper than 512 levels");
        assert_eq!(problem.span.unwrap().start as usize, open.len() * MAX_DEPTH);
    }
}

#[test]
fn bad_lines_do_not_spoil_the_others() {
    let text = "{\"a\": 1}\n\n{\"a\": \n  {\"b\": \"\\u0041\"}\r\noops\n[3]";
    let mut files = Files::default();
    let file = files.add("a.jsonl", text);
    let mut problems = Vec::new();
    let trees = parse_lines(file, text, &mut problems);
    trees.iter().for_each(|tree| check_spans(&files, tree));
    assert_eq!(trees.iter().map(to_value).collect::<Value>().to_string(), r#"[{"a":1},{"b":"A"},[3]]"#);
    let lines: Vec<u32> = problems.iter().map(|problem| files.start(problem.span.unwrap()).line).collect();
    assert_eq!(lines, [3, 5]);
}

#[test]
fn a_file_of_bad_lines_is_summed_up() {
    let text = "oops\n".repeat(1000);
    let mut problems = Vec::new();
    let mut files = Files::default();
    assert!(parse_lines(files.add("a", text.as_str()), &text, &mut problems).is_empty());
    assert_eq!(problems.len(), 51);
    assert_eq!(problems[50].message, "950 more lines could not be read");
}

#[test]
fn messages_say_what_was_expected_and_mark_the_fault() {
    let cases = [
        ("{\"a\" 1}", "expected `:` after the key `a`, found the number `1`", "1"),
        ("{\"a\":1 \"b\":2}", "expected `,` or `}`, found the string \"b\"", "\"b\""),
        ("[1, 2,]", "trailing comma before `]`", ","),
        ("// c\n1", "comments are not part of JSON", "// c"),
        ("[True]", "expected a value or `]`, found `True`", "True"),
        ("[007]", "a number begins with a needless `0`", "0"),
        ("[\"\\ud800\"]", "half of a surrogate pair stands alone, which is no character", "\\ud800"),
        ("\"\\u12\"", "`\\u` is not followed by four hexadecimal digits", "\\u12\""),
        ("[\"a\tb\"]", "the control character U+0009 stands raw in a string", "\t"),
        ("[\"a,\n\"b\"]", "unterminated string: the line ends before the closing `\"`", ""),
        ("{\"a\": [1, ", "unterminated array: expected a value, found the end of the file", ""),
        ("{\"a\"", "unterminated object: expected `:` after the key `a`, found the end of the file", ""),
        ("{\"a\": \"b", "unterminated string: expected `\"`, found the end of the file", ""),
        ("{} {}", "expected the end of the file, found `{`", "{"),
    ];
    for (text, message, marked) in cases {
        let (files, problem) = bad(text);
        assert_eq!(
            (problem.message.as_str(), files.slice(problem.span.unwrap())),
            (message, marked),
            "{text}"
        );
    }
}

/// Reads a document and the JSON inside its string `key`.
fn read_inside(text: &str, key: &str, decoding: Decoding) -> (Files, Option<Tree>, Vec<Problem>) {
    let (files, tree, mut problems) = read(text);
    let tree = tree.unwrap();
    let outer = tree.get(key).unwrap();
    let inner = parse_embedded(outer.as_text().unwrap(), outer.span, decoding, &mut problems);
    (files, inner, problems)
}

/// Checks that the source under every span decodes, through `decode`, to the thing the span claims to be.
fn check_inner(files: &Files, tree: &Tree, decode: &dyn Fn(&str) -> String) {
    let is = |span: Span, value: &Value| {
        let source = decode(files.slice(span));
        assert_eq!(serde_json::from_str::<Value>(&source).unwrap(), *value, "{source}");
    };
    is(tree.span, &to_value(tree));
    if let Kind::Text(text) = &tree.kind {
        for (at, character) in text.as_str().char_indices() {
            let raw = decode(files.slice(text.source_span(tree.span, at, at + character.len_utf8())));
            assert_eq!(serde_json::from_str::<String>(&format!("\"{raw}\"")).unwrap(), character.to_string());
        }
    }
    for entry in tree.entries() {
        is(entry.key.span, &Value::from(&*entry.key.value));
        check_inner(files, &entry.value, decode);
    }
    tree.as_list().into_iter().flatten().for_each(|item| check_inner(files, item, decode));
}

fn unquote(raw: &str) -> String {
    serde_json::from_str(&format!("\"{raw}\"")).unwrap()
}

/// RFC 3986, everything but the unreserved characters encoded.
fn percent_encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The inverse, written apart from the code under test.
fn percent_decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (digits, plain) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend_from_slice(plain.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn embedded_documents_point_into_the_outer_file() {
    let inner = "{\"Sid\": \"a\\u00e9\\\"é\", \"x\": [1, {}]}";
    let text = format!("{{\"p\": {}}}", serde_json::to_string(inner).unwrap());
    let (files, tree, problems) = read_inside(&text, "p", Decoding::Plain);
    let tree = tree.unwrap();
    assert_eq!(problems, []);
    assert_eq!(files.slice(tree.span), serde_json::to_string(inner).unwrap().trim_matches('"'));
    let entry = tree.entries().next().unwrap();
    assert_eq!(files.slice(entry.key.span), "\\\"Sid\\\"");
    assert_eq!(files.slice(entry.value.span), "\\\"a\\\\u00e9\\\\\\\"é\\\"");
    assert_eq!(files.slice(tree.get("x").unwrap().as_list().unwrap()[0].span), "1");
    check_inner(&files, &tree, &unquote);
}

#[test]
fn documents_nested_twice_still_point_into_the_outer_file() {
    let innermost = serde_json::json!({"Action": "s3:\"é\n*"}).to_string();
    let middle = serde_json::json!({"policy": innermost}).to_string();
    let text = serde_json::json!({"p": middle}).to_string();
    let (files, middle, mut problems) = read_inside(&text, "p", Decoding::Plain);
    let middle = middle.unwrap();
    let policy = middle.get("policy").unwrap();
    let tree =
        parse_embedded(policy.as_text().unwrap(), policy.span, Decoding::Plain, &mut problems).unwrap();
    assert_eq!(problems, []);
    check_inner(&files, &tree, &|raw| unquote(&unquote(raw)));
    assert_eq!(tree.get("Action").unwrap().as_str(), Some("s3:\"é\n*"));
}

#[test]
fn url_encoded_documents_are_decoded_with_their_places() {
    let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%0A%20%22R%22%3A%22a+b%C3%A9%22%7D";
    let text = format!("{{\"p\": \"{encoded}\"}}");
    let (files, tree, problems) = read_inside(&text, "p", Decoding::UrlEncoded);
    let tree = tree.unwrap();
    assert_eq!(problems, []);
    assert_eq!(files.slice(tree.get("Version").unwrap().span), "%222012-10-17%22");
    let resource = tree.get("R").unwrap();
    assert_eq!(resource.as_str(), Some("a+bé"));
    assert_eq!(files.slice(resource.as_text().unwrap().source_span(resource.span, 3, 5)), "%C3%A9");
    check_inner(&files, &tree, &percent_decode);
}

#[test]
fn url_encoding_is_optional_where_tools_may_have_decoded_it() {
    let (files, tree, problems) = read_inside(r#"{"p": " {\"a\": \"100%\"}"}"#, "p", Decoding::UrlEncoded);
    assert_eq!(problems, []);
    assert_eq!(files.slice(tree.unwrap().get("a").unwrap().span), "\\\"100%\\\"");
}

#[test]
fn faults_inside_embedded_documents_are_located() {
    let cases = [
        ("{\\\"a\\\": oops}", Decoding::Plain, "oops"),
        ("%7B%22a%22%3Aoops%7D", Decoding::UrlEncoded, "oops"),
        ("%7B%2", Decoding::UrlEncoded, "%2"),
        ("%7B%zz", Decoding::UrlEncoded, "%"),
        ("%7B%C3x", Decoding::UrlEncoded, "%C3"),
        ("", Decoding::UrlEncoded, ""),
        ("{\\\"a\\\": 1", Decoding::Plain, ""),
    ];
    for (inner, decoding, marked) in cases {
        let text = format!("{{\"p\": \"{inner}\"}}");
        let (files, tree, problems) = read_inside(&text, "p", decoding);
        assert_eq!((tree, problems.len()), (None, 1), "{inner}");
        assert_eq!(files.slice(problems[0].span.unwrap()), marked, "{inner}: {problems:?}");
        assert!(problems[0].help.is_some(), "{inner}");
    }
}

#[test]
fn duplicate_keys_inside_name_the_line_of_the_inner_document() {
    let (files, _, problems) =
        read_inside(r#"{"p": "{\n\"a\": 1,\n\"a\": 2, \"a\": 3}"}"#, "p", Decoding::Plain);
    let ends: Vec<&str> = problems.iter().map(|p| p.message.split("; ").nth(1).unwrap()).collect();
    assert_eq!(ends, ["the first is on line 2 of the embedded document"; 2]);
    assert!(problems.iter().all(|problem| files.slice(problem.span.unwrap()) == "\\\"a\\\""));
}

#[test]
fn duplicate_keys_of_large_objects_are_found_and_summed_up() {
    let entries: Vec<String> = (0..200).map(|n| format!("\"k{}\": {n}", n % 100)).collect();
    let (_, tree, problems) = read(&format!("{{{}}}", entries.join(", ")));
    assert_eq!(tree.unwrap().entries().count(), 200);
    assert_eq!(problems.len(), 51);
    assert!(
        problems[0]
            .message
            .starts_with("the key `k0` stands twice in one object; the first is at column 2 of")
    );
    assert_eq!(problems[50].message, "50 more keys stand twice in one object");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\\\\"/a%+é😀\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..24)
                .prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_was_written(value in any_value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let (files, tree) = good(&text);
        prop_assert_eq!(to_value(&tree), value);
        check_spans(&files, &tree);
    }

    #[test]
    fn agrees_with_an_independent_parser(text in "[\\[\\]{}\",:0-9.eE+\\-truefalsn\\\\u \n\té]{0,12}") {
        let (_, tree, problems) = read(&text);
        match (serde_json::from_str::<Value>(&text), tree) {
            (Ok(_), Some(_)) | (Err(_), None) => {}
            // A number the other parser cannot hold.
            (Err(error), Some(_)) => prop_assert!(error.to_string().contains("out of range"), "{}", text),
            (Ok(_), None) => prop_assert!(false, "{}: {:?}", text, problems),
        }
    }

    #[test]
    fn survives_any_text(text in any::<String>()) {
        let (files, tree, problems) = read(&text);
        prop_assert!(tree.is_some() || !problems.is_empty());
        for problem in &problems {
            prop_assert!(!render(problem, &files, false).is_empty());
        }
    }

    #[test]
    fn reads_what_was_embedded(value in any_value()) {
        let inner = serde_json::to_string(&value).unwrap();
        let text = serde_json::json!({"p": inner}).to_string();
        let (files, tree, problems) = read_inside(&text, "p", Decoding::Plain);
        prop_assert_eq!(problems, []);
        let tree = tree.unwrap();
        prop_assert_eq!(to_value(&tree), value);
        check_inner(&files, &tree, &unquote);
    }

    #[test]
    fn reads_what_was_url_encoded(value in any_value()) {
        let encoded = percent_encode(&serde_json::to_string(&value).unwrap());
        let text = serde_json::json!({"p": encoded}).to_string();
        let (files, tree, problems) = read_inside(&text, "p", Decoding::UrlEncoded);
        prop_assert_eq!(problems, []);
        let tree = tree.unwrap();
        prop_assert_eq!(to_value(&tree), value);
        check_inner(&files, &tree, &percent_decode);
    }

    #[test]
    fn survives_any_embedded_text(inner in any::<String>(), escapes in "[%0-9a-fA-F{}\":]{0,20}") {
        for inner in [inner, escapes] {
            let text = serde_json::json!({"p": inner}).to_string();
            for decoding in [Decoding::Plain, Decoding::UrlEncoded] {
                let (_, tree, problems) = read_inside(&text, "p", decoding);
                prop_assert!(tree.is_some() || problems.len() == 1);
                for problem in problems {
                    let span = problem.span.unwrap();
                    prop_assert!(span.end as usize <= text.len());
                }
            }
        }
    }
}
