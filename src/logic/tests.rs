use proptest::prelude::*;

use super::*;

fn attr(name: &str) -> Attribute {
    Attribute::text(name)
}

fn m(name: &str, globs: &[&str]) -> Formula {
    Formula::matches(attr(name), Patterns::globs(globs.iter().copied()))
}

#[test]
fn constants_fold() {
    let a = m("a", &["x*"]);
    assert_eq!(a.clone().and(Formula::True), a);
    assert_eq!(a.clone().and(Formula::False), Formula::False);
    assert_eq!(a.clone().or(Formula::True), Formula::True);
    assert_eq!(a.clone().and(a.clone().not()), Formula::False);
    assert_eq!(a.clone().or(a.clone().not()), Formula::True);
    assert_eq!(a.clone().not().not(), a);
    assert_eq!(m("resource", &["*"]), Formula::True);
}

#[test]
fn literals_merge() {
    assert_eq!(m("a", &["x"]).or(m("a", &["y"])), m("a", &["x", "y"]));
    assert_eq!(m("a", &["x", "y"]).and(m("a", &["y*"])), m("a", &["y"]));
    assert_eq!(m("a", &["x"]).and(m("a", &["y"])), Formula::False);
    assert_eq!(m("a", &["x"]).not().and(m("a", &["y"]).not()), m("a", &["x", "y"]).not());
}

#[test]
fn patterns_match() {
    let glob = |p: &str, t: &str| Pattern::glob(p, Case::Sensitive).matches(t);
    assert!(glob("*", ""));
    assert!(glob("a*b*c", "a--b--b-c"));
    assert!(!glob("a*b*c", "a--b--b-"));
    assert!(glob("?b", "äb"));
    assert!(!glob("?", ""));
    assert!(glob("*a*a*a*b", "aaaaaaaaaaaaaaaab"));
    assert!(Pattern::glob("GET*", Case::Insensitive).matches("getObject"));
    let arn = |p: &str, t: &str| Pattern::arn(p).matches(t);
    assert!(arn("arn:*:iam::1:role/*", "arn:aws:iam::1:role/a:b"));
    assert!(!arn("arn:*:role/x", "arn:aws:iam::1:role/x"));
    assert!(arn("arn:aws:iam::*:*", "arn:aws:iam::1:role/a:b"));
    let within = [Token::RunInSegment, Token::One, Token::RunInSegment];
    assert!(Pattern::new(within, Case::Sensitive).matches("a:"), "the one character must be the colon");
}

#[test]
fn restriction_agrees_with_evaluation() {
    let formula =
        m("a", &["x*"]).and(m("b", &["y"])).or(m("a", &["z"]).not().and(Formula::present(attr("c"))));
    let full = Assignment::new().with_text(attr("a"), "xx").with_text(attr("b"), "y");
    assert_eq!(formula.evaluate(&full), Some(true));
    let part = Assignment::new().with_text(attr("a"), "xx");
    assert_eq!(formula.restrict(&part).evaluate(&full), Some(true));
    let mut absent = Assignment::new().with_text(attr("a"), "q");
    absent.set_absent(attr("c"));
    assert_eq!(formula.restrict(&absent), Formula::False);
}

#[test]
fn templates_fill() {
    let template = Template::new(
        [Part::literal("home/"), Part::Reference(attr("user")), Part::Tokens([Token::Run].into())],
        Case::Sensitive,
    );
    let formula = Formula::same(Attribute::resource(), template);
    let known = Assignment::new().with_text(attr("user"), "a*");
    let request = known.clone().with_text(Attribute::resource(), "home/a*/x");
    assert_eq!(formula.evaluate(&request), Some(true));
    let other = known.clone().with_text(Attribute::resource(), "home/ab/x");
    assert_eq!(formula.restrict(&known).evaluate(&other), Some(false));
}

#[test]
fn renamed_formulas_speak_of_another_attribute() {
    let template = Template::new([Part::Reference(attr("user"))], Case::Sensitive);
    let both = Formula::same(Attribute::resource(), template).and(Formula::present(attr("user")).not());
    let renamed = both.renamed(&attr("user"), &attr("owner"));
    assert_eq!(renamed.attributes(), [attr("owner"), Attribute::resource()].into());
    let of = |user: &str| Formula::matches(attr("user"), Patterns::literal(user));
    assert_eq!(
        of("a").or(of("b")).not().renamed(&attr("user"), &attr("owner")),
        Formula::matches(attr("owner"), Patterns::globs(["a", "b"])).not()
    );
    assert_eq!(of("a").renamed(&attr("other"), &attr("owner")), of("a"));
}

#[test]
fn decimals_are_exact() {
    for text in ["0", "-12.5", "3600", "0.000000000001", "99999999999999999999"] {
        assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
    }
    assert!(Decimal::parse("0.0000000000001").is_none());
    assert!(Decimal::parse("1e5").is_none());
    assert!(Decimal::parse("").is_none());
}

#[test]
fn ranges_are_canonical() {
    let r = Ranges::of([(5, 9), (1, 4), (20, 20)]);
    assert_eq!(r.intervals(), [(1, 9), (20, 20)]);
    assert_eq!(r.complement().complement(), r);
    assert!(r.contains(9) && !r.contains(10));
    let v6: ipnet::IpNet = "::/0".parse().unwrap();
    let v4 = Value::Address("10.0.0.1".parse().unwrap());
    assert!(!Ranges::network(v6).contains(v4.point().unwrap()));
    let ten: ipnet::IpNet = "10.0.0.0/8".parse().unwrap();
    assert!(Ranges::network(ten).contains(v4.point().unwrap()));
}

/// Every text of up to four of these characters.
fn short_texts() -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..4 {
        let to = texts.len();
        for index in from..to {
            for c in ['a', 'A', ':', 'é'] {
                texts.push(format!("{}{c}", texts[index]));
            }
        }
        from = to;
    }
    texts
}

/// A pattern of the tokens read one after the other, as the definition says.
fn matches_by_definition(pattern: &Pattern, tokens: &[Token], text: &[char]) -> bool {
    let Some((token, behind)) = tokens.split_first() else { return text.is_empty() };
    let takes = || text.first().is_some_and(|c| pattern.accepts(*token, *c));
    match token {
        Token::Run | Token::RunInSegment => {
            matches_by_definition(pattern, behind, text)
                || (takes() && matches_by_definition(pattern, tokens, &text[1..]))
        }
        _ => takes() && matches_by_definition(pattern, behind, &text[1..]),
    }
}

fn token() -> impl Strategy<Value = Token> {
    let chars = prop::sample::select(vec!['a', 'A', ':', 'é']).prop_map(Token::Char);
    let wild = vec![Token::One, Token::Run, Token::OneInSegment, Token::RunInSegment];
    prop_oneof![chars, prop::sample::select(wild)]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let case = prop::sample::select(vec![Case::Sensitive, Case::Sensitive, Case::Insensitive]);
    (prop::collection::vec(token(), 0..5), case).prop_map(|(tokens, case)| Pattern::new(tokens, case))
}

proptest! {
    // The usual 256 do not meet all ways in which wildcards can stand to each other; these take two seconds.
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    /// What patterns say of texts and of each other is what their tokens say.
    #[test]
    fn patterns_mean_their_tokens(a in pattern(), b in pattern()) {
        let texts = short_texts();
        let tokens: Vec<Token> = a.tokens().collect();
        prop_assert_eq!(&Pattern::new(tokens.clone(), a.case()), &a);
        for text in &texts {
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(a.matches(text), matches_by_definition(&a, &tokens, &chars), "{:?} {:?}", text, tokens);
            if a.matches(text) && b.matches(text) {
                prop_assert!(a.may_meet(&b), "{} and {} meet in {}", a, b, text);
            }
            if a.covers(&b) && b.matches(text) {
                prop_assert!(a.matches(text), "{} covers {} but for {}", a, b, text);
            }
        }
    }

    /// A set matches, covers and meets what one of its patterns does, also where patterns are looked up.
    #[test]
    fn sets_of_patterns_mean_their_patterns(list in prop::collection::vec(pattern(), 0..20), one in pattern()) {
        let list: Vec<Pattern> = list.into_iter().filter(|pattern| !pattern.is_universal()).collect();
        let set = Patterns::of(list.clone());
        for text in short_texts() {
            prop_assert_eq!(set.matches(&text), list.iter().any(|pattern| pattern.matches(&text)), "{}", text);
        }
        prop_assert_eq!(set.cover(&one), list.iter().any(|pattern| pattern.covers(&one)));
        prop_assert_eq!(set.meets(&one), list.iter().any(|pattern| pattern.may_meet(&one)));
        prop_assert_eq!(set.without(&Patterns::of([one.clone()])), set.filter(|pattern| *pattern != one));
    }

    /// The actions that are looked up are those that match, also where names have capital letters and the case is
    /// ignored.
    #[test]
    fn actions_are_looked_up_as_they_match(
        names in prop::collection::vec("[aA:]{0,3}", 0..12),
        list in prop::collection::vec(pattern(), 0..4),
    ) {
        let group = ResourceGroup { patterns: Patterns::anything() };
        let entries = names.iter().map(|name| ActionEntry { name: name.as_str().into(), resources: 0 });
        let actions = Actions::new(entries.collect(), vec![group]);
        let set = Patterns::of(list);
        let found: Vec<u32> = actions.matching(&set);
        let expected: Vec<u32> = (0..)
            .zip(actions.entries())
            .filter(|(_, entry)| set.matches(&entry.name))
            .map(|(at, _)| at)
            .collect();
        prop_assert_eq!(found, expected);
    }
}
