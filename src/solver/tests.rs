//! Agreement of the engines with a third one that tries all small requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use brute_force::BruteForce;

use super::native::Native;
use super::*;
use crate::logic;
use crate::logic::{
    ActionEntry, Actions, Attribute, Case, Decimal, Formula, Kind, Part, Pattern, Patterns, Ranges,
    ResourceGroup, Template, Token, Universe, Value,
};

/// The engine that the tests of policies use too; it knows no solver, only formulas.
#[expect(dead_code, reason = "the tests of policies use more of it")]
#[path = "../../tests/it/brute_force.rs"]
mod brute_force;

const BUDGET: u64 = 2_000_000;

/// All texts of up to three of the characters that the generated patterns use, and one that they do not.
fn texts() -> Vec<Option<Value>> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..3 {
        last = last.iter().flat_map(|text| ['a', 'b', ':', 'Q'].map(|c| format!("{text}{c}"))).collect();
        all.extend(last.clone());
    }
    all.into_iter().map(|text| Some(Value::Text(text))).collect()
}

fn values(attribute: &Attribute) -> Vec<Option<Value>> {
    let always = Formula::present(attribute.clone()) == Formula::True;
    let mut values = match attribute.kind() {
        Kind::Text => texts(),
        Kind::Number => (-2..=6).map(|n| Some(Value::Number(Decimal::from_units(n)))).collect(),
        Kind::Instant => (-2..=6).map(|n| Some(Value::Instant(n))).collect(),
        Kind::Address => (0..=6).map(|n| Value::at_point(Kind::Address, n)).collect(),
        Kind::Boolean => vec![Some(Value::Boolean(true)), Some(Value::Boolean(false))],
        Kind::TextSet => {
            let members = ["", "a", "b", "aa", "ab", "ba", "bb", "Q"];
            (0..256_u32)
                .map(|mask| {
                    let chosen = members.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1);
                    Some(Value::Set(chosen.map(|(_, text)| (*text).to_owned()).collect::<BTreeSet<_>>()))
                })
                .collect()
        }
    };
    if !always {
        values.push(None);
    }
    values
}

/// A request that makes the formula true: among all small ones where those are few, otherwise among those that the
/// formula suggests.
fn tried(goal: &Goal) -> Option<Assignment> {
    let mut attributes = goal.formula.attributes();
    if let Universe::Known(_) = goal.universe {
        attributes.insert(Attribute::action());
        attributes.insert(Attribute::resource());
    }
    let domains: Vec<(Attribute, Vec<Option<Value>>)> =
        attributes.iter().map(|attribute| (attribute.clone(), values(attribute))).collect();
    let count: usize = domains.iter().map(|(_, values)| values.len()).product();
    if count > 60_000 {
        return BruteForce::default().find(goal);
    }
    (0..count).find_map(|mut index| {
        let mut request = Assignment::new();
        for (attribute, values) in &domains {
            match &values[index % values.len()] {
                Some(value) => request.set(attribute.clone(), value.clone()),
                None => request.set_absent(attribute.clone()),
            }
            index /= values.len();
        }
        brute_force::satisfies(goal, &request).then_some(request)
    })
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        4 => prop_oneof![Just('a'), Just('b'), Just(':')].prop_map(Token::Char),
        2 => Just(Token::Run),
        1 => Just(Token::One),
        1 => Just(Token::RunInSegment),
        1 => Just(Token::OneInSegment),
    ]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let case = prop_oneof![4 => Just(Case::Sensitive), 1 => Just(Case::Insensitive)];
    (prop::collection::vec(token(), 0..5), case).prop_map(|(tokens, case)| Pattern::new(tokens, case))
}

fn patterns() -> impl Strategy<Value = Patterns> {
    prop::collection::vec(pattern(), 1..4).prop_map(Patterns::of)
}

/// Fixed texts and fixed beginnings only, the case with a way of its own.
fn simple_patterns() -> impl Strategy<Value = Patterns> {
    let one = ("[ab:]{0,3}", any::<bool>()).prop_map(|(text, open)| {
        if open { Pattern::prefix(&text, Case::Sensitive) } else { Pattern::literal(&text, Case::Sensitive) }
    });
    prop::collection::vec(one, 1..4).prop_map(Patterns::of)
}

fn text_attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![Just(Attribute::resource()), Just(Attribute::text("k")), Just(Attribute::action())]
}

fn ranges(kind: Kind) -> impl Strategy<Value = Ranges> {
    let point = move |n: i64| match kind {
        Kind::Number => Value::Number(Decimal::from_units(i128::from(n))).point().unwrap(),
        Kind::Instant => Value::Instant(n).point().unwrap(),
        _ => u128::try_from(n.max(0)).unwrap(),
    };
    prop::collection::vec((-1_i64..5, 0_i64..4), 1..3)
        .prop_map(move |list| Ranges::of(list.into_iter().map(|(low, more)| (point(low), point(low + more)))))
}

fn template() -> impl Strategy<Value = Template> {
    let part = prop_oneof![
        Just(Part::literal("a")),
        Just(Part::Reference(Attribute::text("k"))),
        Just(Part::Tokens([Token::Run].into())),
        Just(Part::Tokens([Token::One].into())),
    ];
    prop::collection::vec(part, 1..4).prop_map(|parts| Template::new(parts, Case::Sensitive))
}

fn atom() -> impl Strategy<Value = Formula> {
    let kinds = prop_oneof![Just(Kind::Number), Just(Kind::Instant), Just(Kind::Address)];
    prop_oneof![
        6 => (text_attribute(), patterns()).prop_map(|(a, p)| Formula::matches(a, p)),
        4 => (text_attribute(), simple_patterns()).prop_map(|(a, p)| Formula::matches(a, p)),
        3 => kinds.prop_flat_map(|kind| {
            ranges(kind).prop_map(move |r| Formula::within(Attribute::new(format!("{kind:?}"), kind), r))
        }),
        1 => Just(Formula::is_true(Attribute::new("b", Kind::Boolean))),
        1 => Just(Formula::is_false(Attribute::new("b", Kind::Boolean))),
        1 => Just(Formula::present(Attribute::text("k"))),
        1 => Just(Formula::present(Attribute::new("s", Kind::TextSet))),
        2 => patterns().prop_map(|p| Formula::any_in(Attribute::new("s", Kind::TextSet), p)),
        2 => patterns().prop_map(|p| Formula::all_in(Attribute::new("s", Kind::TextSet), p)),
        1 => simple_patterns().prop_map(|p| Formula::any_in(Attribute::new("s", Kind::TextSet), p)),
        1 => simple_patterns().prop_map(|p| Formula::all_in(Attribute::new("s", Kind::TextSet), p)),
        1 => Just(Formula::opaque("o")),
    ]
}

fn tree(atom: impl Strategy<Value = Formula> + 'static) -> impl Strategy<Value = Formula> {
    atom.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5).prop_map(Formula::all),
            prop::collection::vec(inner.clone(), 2..5).prop_map(Formula::any),
            inner.prop_map(Formula::not),
        ]
    })
}

fn formula() -> impl Strategy<Value = Formula> {
    tree(atom())
}

fn formula_with_relations() -> impl Strategy<Value = Formula> {
    tree(prop_oneof![
        3 => atom(),
        2 => template().prop_map(|template| Formula::same(Attribute::resource(), template)),
    ])
}

fn universe() -> impl Strategy<Value = Universe> {
    let names = prop::collection::vec(("[abA]{1,3}", 0_u32..3), 1..6);
    let groups = prop::collection::vec(patterns(), 3);
    let known = (names, groups).prop_map(|(names, groups)| {
        let entries = names.into_iter().map(|(name, resources)| ActionEntry { name: name.into(), resources });
        let groups = groups.into_iter().map(|patterns| ResourceGroup { patterns });
        Universe::Known(Arc::new(Actions::new(entries.collect(), groups.collect())))
    });
    prop_oneof![Just(Universe::Any), known]
}

/// The answer is right as far as can be told by trying, and definite unless `may_pass`.
fn check(engine: &dyn Engine, goal: &Goal, may_pass: bool) {
    match engine.decide(goal, BUDGET).answer {
        Answer::Never => {
            // Trying takes an opaque condition for free wherever it stands, also beside its own negation.
            let sure = |request: &Assignment| {
                goal.formula.opaques().is_empty() || goal.formula.evaluate(request) == Some(true)
            };
            if let Some(request) = tried(goal).filter(sure) {
                panic!("{}: never, but {request:?} satisfies {}", engine.name(), goal.formula);
            }
        }
        Answer::Sometimes(request) => {
            assert!(
                goal.admits(&request),
                "{}: {request:?} does not satisfy {}",
                engine.name(),
                goal.formula
            );
        }
        Answer::Undecided(reason) => {
            assert!(may_pass, "{}: {reason:?} for {}", engine.name(), goal.formula);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn native_agrees_with_trying_everything(formula in formula(), universe in universe()) {
        check(&Native, &Goal::satisfiable(formula, universe), false);
    }

    #[test]
    fn native_decides_inclusions(inner in formula(), outer in formula(), universe in universe()) {
        check(&Native, &Goal::included(inner, outer, universe), false);
    }

    #[test]
    fn what_plainly_follows_follows(one in formula(), other in formula(), more in formula(), any: bool) {
        // Formulas that were made of each other, because others rarely follow.
        let weaker = if any { one.clone().or(more) } else { other.clone() };
        for (one, other) in [(one.clone().and(other.clone()), weaker), (one.clone(), other.clone()), (other, one)] {
            if one.plainly_implies(&other, &mut 5_000) {
                let goal = Goal::included(one, other, Universe::Any);
                prop_assert!(!matches!(Native.decide(&goal, BUDGET).answer, Answer::Sometimes(_)), "{}", goal.formula);
                // Trying takes an opaque condition for free wherever it stands, also beside its own negation.
                if goal.formula.opaques().is_empty() {
                    prop_assert_eq!(tried(&goal), None, "{}", goal.formula);
                }
            }
        }
    }

    #[test]
    fn of_two_atoms_the_wider_one_plainly_follows(left in patterns(), right in patterns(), positive: bool) {
        let atom = |patterns: Patterns| Formula::matches(Attribute::text("k"), patterns);
        let (narrow, wide) = (atom(left.clone()), atom(left.union(&right)));
        let (one, other) = if positive { (narrow, wide) } else { (wide.not(), narrow.not()) };
        prop_assert!(one.plainly_implies(&other, &mut 5_000), "{} and {}", one, other);
    }

    #[test]
    fn native_is_sound_with_relations(formula in formula_with_relations(), universe in universe()) {
        check(&Native, &Goal::satisfiable(formula, universe), true);
    }
}

fn decide(formula: Formula) -> Answer {
    let portfolio = Portfolio { engines: EngineSelection::Native, ..Portfolio::default() };
    portfolio.decide(&Goal::satisfiable(formula, Universe::Any)).unwrap().answer
}

fn m(name: &str, globs: &[&str]) -> Formula {
    Formula::matches(Attribute::text(name), Patterns::globs(globs.iter().copied()))
}

#[test]
fn every_formula_includes_itself_differently_written() {
    let left = m("resource", &["arn:aws:s3:::logs*"]);
    let right = m("resource", &["arn:aws:s3:::logs", "arn:aws:s3:::logs?*"]);
    let goal = Goal::equivalent(left, right, Universe::Any);
    assert_eq!(Native.decide(&goal, BUDGET).answer, Answer::Never);
}

#[test]
fn witnesses_read_like_the_policy() {
    let formula = m("action", &["s3:get*"]).and(m("resource", &["arn:aws:s3:::logs/*"])).and(
        Formula::within(Attribute::new("ip", Kind::Address), Ranges::network("10.0.0.0/8".parse().unwrap())),
    );
    let Answer::Sometimes(request) = decide(formula) else { panic!() };
    assert_eq!(request.text(&Attribute::action()), Some("s3:getexample"));
    assert_eq!(request.text(&Attribute::resource()), Some("arn:aws:s3:::logs/example"));
    let ip = request.value(&Attribute::new("ip", Kind::Address)).unwrap();
    assert_eq!(*ip, Value::Address("10.0.0.1".parse().unwrap()));
}

#[test]
fn empty_and_absent_sets_differ() {
    let s = || Attribute::new("s", Kind::TextSet);
    let a = || Patterns::globs(["a*"]);
    let all_but_present = Formula::all_in(s(), a()).and(Formula::any_in(s(), a()).not());
    let Answer::Sometimes(request) = decide(all_but_present) else { panic!() };
    assert_eq!(request.value(&s()), Some(&Value::Set(BTreeSet::new())));
    let neither = Formula::all_in(s(), a()).not().and(Formula::present(s()).not());
    let Answer::Sometimes(request) = decide(neither) else { panic!() };
    assert_eq!(request.known(&s()), Some(None));
    let contradiction = Formula::all_in(s(), a()).and(Formula::any_in(s(), Patterns::globs(["b*"])));
    assert_eq!(decide(contradiction), Answer::Never);
}

#[test]
fn every_member_matches_anything() {
    let s = || Attribute::new("s", Kind::TextSet);
    let any = Formula::any_in(s(), Patterns::anything());
    let none = Formula::any_in(s(), Patterns::globs(["a"])).not();
    let Answer::Sometimes(request) = decide(any.clone().and(none.clone())) else { panic!() };
    assert!(matches!(request.value(&s()), Some(Value::Set(set)) if !set.is_empty()));
    let all_a = Formula::all_in(s(), Patterns::globs(["a"]));
    assert_eq!(decide(any.and(none).and(all_a)), Answer::Never);
}

#[test]
fn a_text_and_a_number_of_one_name_agree() {
    let number = |low, high| {
        Formula::within(
            Attribute::new("k", Kind::Number),
            Ranges::of([(
                Value::Number(Decimal::parse(low).unwrap()).point().unwrap(),
                Value::Number(Decimal::parse(high).unwrap()).point().unwrap(),
            )]),
        )
    };
    let Answer::Sometimes(request) = decide(m("k", &["*"]).and(number("5", "7"))) else { panic!() };
    assert_eq!(request.text(&Attribute::text("k")), Some("5"));
    assert_eq!(decide(m("k", &["word"]).and(number("5", "7"))), Answer::Undecided(Reason::Fragment));
}

#[test]
fn pattern_bombs_end_in_an_answer_or_without_budget() {
    let bomb = |n: usize, c: char| format!("{}{c}", format!("*{c}").repeat(n));
    let many: Vec<Formula> =
        (0..60).map(|i| m("resource", &[&format!("*{}*", char::from(b'a' + i % 26)).repeat(3)])).collect();
    let formula = Formula::all(many).and(m("resource", &[&bomb(40, 'a')]).not());
    let _ = decide(formula);
    let parity = (0..26).map(|i| {
        let c = char::from(b'a' + i);
        let (one, two) = (m("resource", &[&format!("*{c}*")]), m("resource", &[&format!("*{c}{c}*")]));
        one.iff(two.not())
    });
    let _ = decide(Formula::all(parity));
    let nested = (0..100).fold(m("k", &["a"]), |inner, i| {
        let name = format!("k{i}");
        if i % 2 == 0 { inner.and(m(&name, &["a*"])) } else { inner.or(m(&name, &["*b"]).not()) }
    });
    assert!(matches!(decide(nested), Answer::Sometimes(_)));
}

/// Rules about texts that overlap, each with a condition of its own, against the same rules with other words: far more
/// classes of texts than anybody can list, of which few matter.
#[test]
fn overlapping_patterns_with_conditions_are_decided() {
    let rules = |values: &[&str]| {
        Formula::any(('a'..='z').map(|c| {
            m("resource", &[&format!("arn:*{c}*/{c}*x"), &format!("arn:{c}*")])
                .and(m(&format!("k{c}"), values))
        }))
    };
    let (narrow, wide) = (rules(&["v"]), rules(&["v", "w"]));
    for universe in [Universe::Any, universe_of_one_action()] {
        let goal = Goal::included(narrow.clone(), wide.clone(), universe.clone());
        assert_eq!(Native.decide(&goal, 100_000).answer, Answer::Never);
        let goal = Goal::included(wide.clone(), narrow.clone(), universe);
        assert!(matches!(Native.decide(&goal, 100_000).answer, Answer::Sometimes(_)));
    }
    let all = m("resource", &["arn:*/*x"]);
    let goal = Goal::included(all, wide, Universe::Any);
    assert!(matches!(Native.decide(&goal, 100_000).answer, Answer::Sometimes(_)));
}

fn universe_of_one_action() -> Universe {
    let entry = ActionEntry { name: "s3:getobject".into(), resources: 0 };
    let group = ResourceGroup { patterns: Patterns::globs(["arn:*"]) };
    Universe::Known(Arc::new(Actions::new(vec![entry], vec![group])))
}

#[test]
fn wide_formulas_are_decided() {
    let statement = |i: usize| {
        m("action", &[&format!("svc{i}:get*")])
            .and(m("resource", &[&format!("arn:aws:svc{i}:*:1:thing/{i}*")]))
    };
    let inner = Formula::any((0..300).map(statement));
    let outer = Formula::any((0..300).rev().map(|i| {
        m("action", &[&format!("svc{i}:*")]).and(m("resource", &[&format!("arn:aws:svc{i}:*:thing/{i}*")]))
    }));
    let goal = Goal::included(inner.clone(), outer.clone(), Universe::Any);
    assert_eq!(Native.decide(&goal, 50_000_000).answer, Answer::Never);
    let goal = Goal::included(outer, inner, Universe::Any);
    assert!(matches!(Native.decide(&goal, 50_000_000).answer, Answer::Sometimes(_)));
}

#[test]
fn many_opaque_conditions_do_not_exhaust_the_stack() {
    let formula = Formula::all(
        (0..5000).map(|i| Formula::opaque(format!("o{i}")).or(Formula::opaque(format!("o{}", i + 1)).not())),
    );
    assert!(matches!(
        Native.decide(&Goal::satisfiable(formula, Universe::Any), 3_000_000).answer,
        Answer::Sometimes(_) | Answer::Undecided(Reason::Budget)
    ));
}

#[test]
fn actions_keep_to_their_resources() {
    let groups = ["arn:aws:s3:::*", "*"].map(|glob| ResourceGroup { patterns: Patterns::globs([glob]) });
    let literal = ResourceGroup { patterns: Patterns::of([Pattern::literal("*", Case::Sensitive)]) };
    let actions = Actions::new(
        vec![
            ActionEntry { name: "s3:getobject".into(), resources: 0 },
            ActionEntry { name: "s3:listallmybuckets".into(), resources: 2 },
        ],
        groups.into_iter().chain([literal]).collect(),
    );
    let universe = Universe::Known(Arc::new(actions));
    let list = m("action", &["s3:list*"]);
    let on_bucket = list.clone().and(m("resource", &["arn:aws:s3:::b"]));
    assert_eq!(Native.decide(&Goal::satisfiable(on_bucket, universe.clone()), BUDGET).answer, Answer::Never);
    let Answer::Sometimes(request) = Native.decide(&Goal::satisfiable(list, universe), BUDGET).answer else {
        panic!()
    };
    assert_eq!(request.text(&Attribute::resource()), Some("*"));
}

#[cfg(feature = "z3")]
mod with_z3 {
    use super::*;
    use crate::solver::z3::{Direct, Z3};

    /// Z3 may pass: it has its own limits. Where both engines answer, they agree.
    fn check_both(goal: &Goal) {
        check(&Z3, goal, true);
        check(&Direct, goal, true);
        match (Direct.decide(goal, BUDGET).answer, Native.decide(goal, BUDGET).answer) {
            (Answer::Never, Answer::Sometimes(_)) | (Answer::Sometimes(_), Answer::Never) => {
                panic!("strings and classes disagree about {}", goal.formula)
            }
            _ => {}
        }
        let portfolio = Portfolio { engines: EngineSelection::Both, budget: BUDGET, scripts: None };
        let decided = portfolio.decide(goal).unwrap();
        if let Answer::Sometimes(request) = decided.answer {
            assert!(goal.admits(&request));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn z3_agrees(formula in formula(), universe in universe()) {
            check_both(&Goal::satisfiable(formula, universe));
        }

        #[test]
        fn z3_agrees_about_inclusions(inner in formula(), outer in formula(), universe in universe()) {
            check_both(&Goal::included(inner, outer, universe));
        }

        #[test]
        fn z3_agrees_about_relations(formula in formula_with_relations(), universe in universe()) {
            check_both(&Goal::satisfiable(formula, universe));
        }
    }

    #[test]
    fn relations_between_unknown_texts_are_decided() {
        let home = |name: &str, tail: &[Token]| {
            let reference = Part::Reference(Attribute::text(name));
            let parts = [Part::literal("home/"), reference, Part::Tokens(tail.into())];
            Formula::same(Attribute::resource(), Template::new(parts, Case::Sensitive))
        };
        let exact = home("user", &[]);
        let below = home("user", &[Token::Run]);
        let portfolio = Portfolio::default();
        let decide = |goal| portfolio.decide(&goal).unwrap();
        let included = decide(Goal::included(exact.clone(), below.clone(), Universe::Any));
        assert_eq!((included.answer, included.engine), (Answer::Never, "z3"));
        let reverse = decide(Goal::included(below, exact, Universe::Any));
        assert!(matches!(reverse.answer, Answer::Sometimes(_)), "{reverse:?}");
    }

    #[test]
    fn scripts_are_what_z3_reads() {
        let goal = Goal::satisfiable(
            m("resource", &["a\\u{62}c\"*", "é€😀"]).and(m("k", &["x"]).not()),
            Universe::Any,
        );
        let script = smt(&goal);
        assert!(script.contains("(check-sat)") && script.is_ascii(), "{script}");
        check_both(&goal);
    }
}
