//! What is read, what is refused, and where things stand.

use super::*;
use crate::text::{Files, json};

fn read(text: &str) -> (Option<Tree>, Vec<Problem>) {
    let mut files = Files::default();
    let mut problems = Vec::new();
    let tree = parse(files.add("x.yaml", text), text, &mut problems);
    (tree, problems)
}

/// The value without its places.
fn plain(tree: &Tree) -> String {
    match &tree.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(source) => source.to_string(),
        Kind::Text(text) => format!("{:?}", text.as_str()),
        Kind::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
        Kind::Map(map) => {
            let entries =
                map.entries.iter().map(|entry| format!("{:?}:{}", entry.key.value, plain(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

const POLICY: &str = "bindings:\n- condition:\n    expression: |-\n      request.time < timestamp(\"2027-01-01T00:00:00Z\")\n    title: for a time\n  members:\n  - user:ann@example.com\n  - 'allUsers'\n  role: roles/viewer\netag: BwX=\nversion: 3\n";

#[test]
fn a_policy_is_what_its_json_is() {
    let json = r#"{"bindings":[{"condition":{"expression":"request.time < timestamp(\"2027-01-01T00:00:00Z\")","title":"for a time"},
        "members":["user:ann@example.com","allUsers"],"role":"roles/viewer"}],"etag":"BwX=","version":3}"#;
    let mut files = Files::default();
    let same = json::parse(files.add("x.json", json), json, &mut Vec::new()).unwrap();
    let (tree, problems) = read(POLICY);
    assert_eq!(problems, []);
    assert_eq!(plain(&tree.unwrap()), plain(&same));
}

#[test]
fn values_know_where_they_stand() {
    let (tree, _) = read(POLICY);
    let tree = tree.unwrap();
    let at = |tree: &Tree| POLICY.get(tree.span.start as usize..tree.span.end as usize).unwrap();
    let binding = &tree.get("bindings").unwrap().as_list().unwrap()[0];
    assert_eq!(at(binding.get("role").unwrap()), "roles/viewer");
    assert_eq!(at(&binding.get("members").unwrap().as_list().unwrap()[1]), "'allUsers'");
    assert!(at(binding).starts_with("condition:") && at(binding).ends_with("roles/viewer"));
    let expression = binding.get("condition").unwrap().get("expression").unwrap();
    let part = expression.as_text().unwrap().source_span(expression.span, 0, 12);
    assert_eq!(POLICY.get(part.start as usize..part.end as usize), Some("request.time"));
    let text = "ä: ü\nb: [x, y]\n";
    let (tree, _) = read(text);
    let tree = tree.unwrap();
    let list = tree.get("b").unwrap();
    assert_eq!(text.get(list.span.start as usize..list.span.end as usize), Some("[x, y]"));
}

#[test]
fn scalars_follow_the_core_schema() {
    let (tree, problems) = read("a: yes\nb: 010\nc: ~\nd: 1.5e3\ne: \"1\"\nf: true\ng:\nh: -.5\ni: 0x1F\n");
    assert_eq!(problems, []);
    assert_eq!(
        plain(&tree.unwrap()),
        r#"{"a":"yes","b":010,"c":null,"d":1.5e3,"e":"1","f":true,"g":null,"h":-.5,"i":"0x1F"}"#
    );
}

#[test]
fn documents_and_aliases() {
    assert_eq!(plain(&read("a: 1\n---\nb: 2\n").0.unwrap()), r#"[{"a":1},{"b":2}]"#);
    assert_eq!(plain(&read("a: &x [1, 2]\nb: *x\n").0.unwrap()), r#"{"a":[1,2],"b":[1,2]}"#);
}

#[test]
fn hostile_input_meets_limits() {
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let refs = vec![format!("*a{}", level - 1); 10].join(",");
        laughs.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
    }
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let mut steps = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n".to_owned();
    for level in 1..30 {
        steps.push_str(&format!("a{level}: &a{level} [[[[[[[[*a{}]]]]]]]]\n", level - 1));
    }
    for text in [
        laughs.as_str(),
        &deep,
        &steps,
        "a: *b\n",
        "a: [1\n",
        "? [1]\n: 2\n",
        "<<: {a: 1}\n",
        "a: !Custom b\n",
        "",
        "\t- x: :\n\ty",
    ] {
        let (tree, problems) = read(text);
        assert_eq!((tree.is_none(), problems.len()), (true, 1), "{}", text.get(..20).unwrap_or(text));
        assert!(problems.iter().all(|problem| problem.span.is_some()));
    }
}

/// The short forms of CloudFormation's functions are what JSON has for them.
#[test]
fn functions_are_what_their_json_is() {
    let read = |text: &str| parse(Files::default().add("t.yaml", text), text, &mut Vec::new()).unwrap();
    let (short, long) = (
        "a: !Sub x\nb: !Join [\"\", [!Ref c, 1]]\n",
        "a: {Fn::Sub: x}\nb: {Fn::Join: [\"\", [{Ref: c}, 1]]}\n",
    );
    fn shape(tree: &Tree) -> String {
        match (&tree.kind, tree.scalar()) {
            (Kind::Map(map), _) => {
                let entries =
                    map.entries.iter().map(|entry| format!("{}:{}", entry.key.value, shape(&entry.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
            (Kind::List(items), _) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
            (_, scalar) => scalar.unwrap_or_default(),
        }
    }
    assert_eq!(shape(&read(short)), shape(&read(long)));
}
