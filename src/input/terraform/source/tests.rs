use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;
use crate::input::load_text;

/// What `local.x` of a source is, with what it rests on, and the codes of problems.
fn worked_out(text: &str) -> (String, Vec<String>, Vec<&'static str>) {
    let file = Files::default().add("main.tf", text);
    let mut problems = Vec::new();
    let sources = [parse(file, "main.tf", text, &mut problems).unwrap()];
    let (modules, texts) = (modules(&sources), Texts::default());
    let world = World::new(&modules, &texts, "111122223333".to_owned());
    let root = world.root("").unwrap();
    let mut unknowns = BTreeSet::new();
    let value = world.local(root, "x", Span::new(file, 0, 0));
    let shown = match value.as_text(&mut unknowns) {
        Some(text) => text.to_string(),
        None => {
            match value::Value::new(value.span, value::Kind::List([value].into())).to_texts(&mut unknowns) {
                Some(tree) => {
                    let text = value::json(&tree);
                    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap();
                    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).to_owned()
                }
                None => "too long".to_owned(),
            }
        }
    };
    problems.append(&mut world.problems.borrow_mut());
    let unknowns = unknowns.iter().map(|unknown| unknown.name.to_string()).collect();
    (shown, unknowns, problems.iter().map(|problem| problem.code).collect())
}

/// Each expression with what Terraform's documentation says that it is.
#[test]
fn expressions_have_values() {
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("!(1 < 2) || 2 >= 2 && \"a\" != \"b\"", "true"),
        ("\"a${1 + 1}b\"", "a2b"),
        ("\"$${a} %%{b}\"", "${a} %{b}"),
        ("<<-EOT\n    a\n      b\n    EOT\n", "a\n  b\n"),
        ("<<EOT\n%{ for v in [1, 2] ~}\n-${v}\n%{ endfor ~}\nEOT\n", "-1\n-2\n"),
        ("\"%{ if true }y%{ else }n%{ endif }\"", "y"),
        ("[for k, v in { b = 1, a = 2 } : \"${k}${v}\"]", "\"a2\",\"b1\""),
        ("{ for v in [\"p\", \"q\", \"pp\"] : length(v) => v... }", "{\"1\":[\"p\",\"q\"],\"2\":[\"pp\"]}"),
        ("[for v in [1, 2, 3] : v if v != 2]", "1,3"),
        ("[{ a = 1 }, { a = 2 }][*].a", "1,2"),
        ("{ a = [10, 20] }.a[1]", "20"),
        ("null == null ? \"same\" : \"other\"", "same"),
        ("format(\"%s-%03d\", \"a\", 5)", "format(\"%s-%03d\", \"a\", 5)"),
        ("format(\"%s%%%d\", \"a\", 5)", "a%5"),
        ("formatlist(\"%s/%s\", \"a\", [\"b\", \"c\"])", "\"a/b\",\"a/c\""),
        ("join(\",\", concat([\"a\"], [\"b\"]))", "a,b"),
        ("split(\",\", \"a,b\")[1]", "b"),
        ("replace(\"a-b\", \"-\", \"_\")", "a_b"),
        ("title(\"ab cd\")", "Ab Cd"),
        ("substr(\"hello\", 1, 3)", "ell"),
        ("trimsuffix(trimprefix(\"arn:x/\", \"arn:\"), \"/\")", "x"),
        ("flatten([[\"a\"], [[\"b\"]]])", "\"a\",\"b\""),
        ("tolist(toset([\"b\", \"a\", \"b\"]))", "\"a\",\"b\""),
        ("compact([\"a\", \"\", null])", "\"a\""),
        ("coalesce(\"\", null, \"c\")", "c"),
        ("element([\"a\", \"b\"], 3)", "b"),
        ("slice([1, 2, 3], 1, 3)", "2,3"),
        ("contains([\"a\"], \"b\")", "false"),
        ("setproduct([\"a\"], [1, 2])", "[\"a\",1],[\"a\",2]"),
        ("setsubtract([\"a\", \"b\"], [\"b\"])", "\"a\""),
        ("merge({ a = 1 }, null, { a = 2, b = 3 })", "{\"a\":2,\"b\":3}"),
        ("keys({ b = 1, a = 2 })", "\"a\",\"b\""),
        ("lookup({ a = 1 }, \"b\", \"none\")", "none"),
        ("zipmap([\"a\"], [1])", "{\"a\":1}"),
        ("one([])", "null"),
        ("try({ a = 1 }.b, \"no\")", "no"),
        ("can({ a = 1 }.b)", "false"),
        ("jsondecode(\"{\\\"a\\\": [1]}\").a[0]", "1"),
        ("jsonencode({ b = [true, null], a = \"x\" })", "{\"b\":[true,null],\"a\":\"x\"}"),
        ("jsonencode({ a = jsonencode({}) })", "{\"a\":\"{}\"}"),
        ("max(1, 3, 2)", "3"),
        ("range(1, 3)", "\"1\",\"2\""),
        ("alltrue([true, false])", "false"),
        ("startswith(\"ab\", \"a\")", "true"),
    ] {
        let (shown, unknowns, problems) = worked_out(&format!("locals {{\n  x = {expression}\n}}\n"));
        let expected = if unknowns.is_empty() { expected.to_owned() } else { format!("<{expected}>") };
        assert_eq!(shown, expected, "{expression}");
        assert_eq!(problems, [""; 0], "{expression}");
    }
}

/// What depends on something that is not known is not known either, and says on what.
#[test]
fn what_is_not_known_is_named() {
    let variable = "variable \"v\" {}\n";
    for (expression, shown, rests) in [
        ("var.v", "<var.v>", "var.v"),
        ("\"arn:${var.v}\"", "arn:<var.v>", "var.v"),
        ("[\"a\", var.v]", "\"a\",\"<var.v>\"", "var.v"),
        ("concat([\"a\"], var.v)", "\"a\",\"<var.v>\"", "var.v"),
        ("join(\",\", [\"a\", var.v])", "a,<var.v>", "var.v"),
        ("upper(var.v)", "<upper(var.v)>", "upper(var.v)"),
        ("var.v ? \"a\" : \"b\"", "<var.v ? \"a\" . \"b\">", "var.v ? \"a\" : \"b\""),
        ("try(var.v, \"a\")", "<var.v>", "var.v"),
        ("sha256(\"a\")", "<sha256(\"a\")>", "sha256(\"a\")"),
        ("aws_kms_key.k.key_id", "<aws_kms_key.k>", "aws_kms_key.k"),
        ("provider::a::b(1)", "<provider..a..b(1)>", "provider::a::b(1)"),
    ] {
        let text =
            format!("{variable}resource \"aws_kms_key\" \"k\" {{}}\nlocals {{\n  x = {expression}\n}}\n");
        assert_eq!(worked_out(&text), (shown.to_owned(), vec![rests.to_owned()], Vec::new()), "{expression}");
    }
    let equal = format!("{variable}locals {{\n  x = var.v ? \"a\" : \"a\"\n}}\n");
    assert_eq!(worked_out(&equal).0, "a", "whatever it is");
}

/// Sources that grow without end meet a limit, and the rest is known.
#[test]
fn bombs_meet_limits() {
    let chain = |first: &str, next: &dyn Fn(String) -> String, length: usize| {
        let mut text = format!("locals {{\n  a0 = {first}\n");
        for step in 1..=length {
            writeln!(text, "  a{step} = {}", next(format!("local.a{}", step - 1))).unwrap();
        }
        writeln!(text, "  x = local.a{length}\n}}").unwrap();
        worked_out(&text)
    };
    let texts = chain("\"ab\"", &|before| format!("\"${{{before}}}${{{before}}}\""), 60);
    assert!(!texts.1.is_empty(), "a text that doubles");
    for next in ["[{}, {}]", "concat({}, {})", "{ a = {}, b = {} }", "jsonencode([{}, {}])"] {
        let lists = chain("[\"a\"]", &|before| next.replace("{}", &before), 60);
        assert!(!lists.1.is_empty(), "{next}");
    }
    let products = chain("[1, 2, 3]", &|before| format!("setproduct({before}, {before})"), 9);
    assert!(!products.1.is_empty());
    let deep = chain("\"a\"", &|before| before, 20_000);
    assert_eq!(deep.2, ["terraform-too-deep"]);
    let nested = chain("\"a\"", &|before| format!("[for v in [(((({before}))))] : v][0]"), 2_000);
    assert_eq!(nested.2, ["terraform-too-deep"]);
    let count =
        load_text("main.tf", "resource \"aws_iam_user\" \"u\" {\n  count = 1000000000\n}\n".to_owned());
    assert_eq!(count.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["terraform-too-many"]);
    let loops = "locals {\n  r = range(100000)\n  x = [for a in local.r : [for b in local.r : [for c in local.r : a]]]\n}\n";
    assert!(!worked_out(loops).1.is_empty());
}

/// A module that calls itself, and two that call each other.
#[test]
fn modules_in_a_circle_end() {
    let own = "module \"a\" {\n  source = \"./\"\n}\nresource \"aws_iam_user\" \"u\" {\n  name = \"u\"\n}\n";
    let loaded = load_text("m/main.tf", own.to_owned());
    let [problem] = loaded.problems.as_slice() else { panic!("{:?}", loaded.problems) };
    assert_eq!(problem.code, "terraform-modules");
}

/// Each way in which a file can be broken has a place, and the program goes on.
#[test]
fn broken_sources_have_places() {
    for text in [
        "resource \"a\" \"b\" {",
        "resource \"a\" \"b\" {\n  x = \n}\n",
        "resource \"a\" \"b\" {\n  x = \"${\"\n}\n",
        "resource \"a\" \"b\" {\n  x = <<EOT\n}\n",
        "resource \"a\" \"b\" {\n  x = [1, 2\n}\n",
        "resource \"a\" \"b\" {\n  x = { a = }\n}\n",
        "resource \"a\" \"b\" {\n  x = \"unended\n}\n",
        "}\n",
        "locals {\n  x = 1 +\n}\n",
        "locals {\n  x = [for a in : a]\n}\n",
        "locals {\n  x = \"\\q\"\n}\n",
        "{\"resource\": {}}\n",
    ] {
        let loaded = load_text("main.tf", text.to_owned());
        let [problem] = loaded.problems.as_slice() else { panic!("{text}: {:?}", loaded.problems) };
        assert_eq!(problem.code, "hcl-syntax", "{text}");
        assert!(problem.span.is_some(), "{text}");
    }
}

/// Every text that is put together knows where its parts are written.
#[test]
fn texts_know_their_places() {
    let text =
        "locals {\n  v = \"b\"\n  x = <<-EOT\n    {\"a\": \"${local.v}\",\n      \"c\": \"d\"}\n  EOT\n}\n";
    let mut files = Files::default();
    let file = files.add("main.tf", text);
    let sources = [parse(file, "main.tf", text, &mut Vec::new()).unwrap()];
    let (modules, texts) = (modules(&sources), Texts::default());
    let world = World::new(&modules, &texts, String::new());
    let value = world.local(world.root("").unwrap(), "x", Span::new(file, 0, 0));
    let value::Kind::Text(found) = &value.kind else { panic!("{value:?}") };
    for part in ["\"a\"", "\"c\"", "\"d\""] {
        let at = found.as_str().find(part).unwrap();
        assert_eq!(files.slice(found.source_span(value.span, at, at + part.len())), part);
    }
}
