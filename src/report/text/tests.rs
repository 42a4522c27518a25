//! What people see. Places are checked against the source, not against a snapshot alone.

use insta::assert_snapshot;

use crate::graph::{Paths, Radius, Ways};
use crate::recommender::Summary;
use crate::report::fixture::Fixture;
use crate::report::{Content, Style, reporter};

#[test]
fn findings() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", Content::Findings(&fixture.findings)));
}

#[test]
fn nothing_found() {
    let mut fixture = Fixture::new();
    let open = fixture.render("text", Content::Findings(&[]));
    assert!(open.contains("No findings, but not all questions were decided; 1 question undecided"), "{open}");
    assert!(fixture.render("text", Content::Paths(&Paths::default())).contains("was found, but not all"));
    fixture.undecided.clear();
    fixture.guardrails.clear();
    fixture.suppressed.clear();
    let clean = "No findings; 2 documents and 3 principals analysed.\n";
    assert_eq!(fixture.render("text", Content::Findings(&[])), clean);
    let clean = "No path to an administrator; 2 documents and 3 principals analysed.\n";
    assert_eq!(fixture.render("text", Content::Paths(&Paths::default())), clean);
    let clean = "No suggestions; 2 documents and 3 principals analysed.\n";
    assert_eq!(fixture.render("text", Content::Suggestions(&[], &Summary::default())), clean);
}

#[test]
fn paths() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[1]));
}

#[test]
fn an_answer() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[2]));
}

#[test]
fn access() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[3]));
}

#[test]
fn suggestions() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[4]));
}

#[test]
fn who_can() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[5]));
}

#[test]
fn comparison() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[6]));
}

#[test]
fn decisions() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", fixture.contents()[7]));
}

#[test]
fn verified() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", Content::Verified(&fixture.verified)));
}

#[test]
fn review() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", Content::Review(&fixture.review)));
}

/// Every `path:line:column` that is shown leads to the text that was meant.
#[test]
fn places_lead_to_the_source() {
    let fixture = Fixture::new();
    let mut seen = 0;
    for content in fixture.contents() {
        for word in
            fixture.render("text", content).replace("deploy role.json", "deploy.json").split_whitespace()
        {
            let word = word.trim_matches(['(', ')', ',']);
            let Some((path, place)) = word.split_once(".json:") else { continue };
            let (line, column) = place.split_once(':').unwrap();
            let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
            let path = format!("{}.json", path.replace("deploy", "deploy role"));
            let (file, _) = fixture.files.iter().find(|(_, known)| *known == path).unwrap();
            let text = fixture.files.text(file).lines().nth(line - 1).unwrap();
            let rest: String = text.chars().skip(column - 1).collect();
            let begins = ["\"Action\": \"*\"", "[\"user/ana\"", "\"user/ana\"", "\"Trust\"", "["];
            assert!(begins.iter().any(|begin| rest.starts_with(begin)), "{word}: {rest}");
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}

/// Colour changes nothing but colour, and without it nothing reaches the terminal that it would obey.
#[test]
fn colour_is_only_colour() {
    let fixture = Fixture::new();
    for content in fixture.contents() {
        let plain = fixture.render("text", content);
        assert!(!plain.contains(|c: char| c.is_control() && c != '\n'), "{plain:?}");
        let style = Style { colour: true, width: None };
        let coloured = reporter("text").unwrap().render(&fixture.report(content), style).unwrap();
        assert_ne!(coloured, plain);
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
        assert!(!coloured.contains("\u{1b}[2J"));
    }
}

#[test]
fn prose_is_wrapped_between_names() {
    let text = "one `a name` two (a place:1:2) three\n   indented words";
    let wrapped = crate::report::text::words::wrapped(text, 12);
    assert_eq!(wrapped, "one `a name`\ntwo\n(a place:1:2)\nthree\n   indented\n   words");
}

#[test]
fn ways() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", Content::Ways(&fixture.ways)));
    assert!(
        fixture.render("text", Content::Ways(&Ways::default())).contains("No way in steps was found, but")
    );
}

#[test]
fn what_is_reached() {
    let fixture = Fixture::new();
    let radius = fixture.radius.clone().unwrap();
    assert_snapshot!(fixture.render("text", Content::Radius(&radius)));
    let nothing = Radius { reached: Vec::new(), ..radius };
    let said = fixture.render("text", Content::Radius(&nothing));
    assert!(said.contains("Nothing was found to be reached, but not all"), "{said}");
}

#[test]
fn administrators() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", Content::Admins(&fixture.admins)));
}

#[test]
fn the_graph() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("text", Content::Graph(&fixture.edges)));
}
