use proptest::prelude::*;

use super::*;

fn arbitrary() -> impl Strategy<Value = Choice> {
    (1..9_usize).prop_flat_map(|count| {
        let list = |least| prop::collection::btree_set(0..count, least..=count.min(4));
        let prices = (0..5_u64, list(0))
            .prop_map(|(weight, payers)| Price { weight, payers: payers.into_iter().collect() });
        (
            prop::collection::vec(0..4_u64, count),
            prop::collection::vec(list(1).prop_map(|need| need.into_iter().collect()), 0..5),
            prop::collection::vec(prices, 0..8),
        )
            .prop_map(|(options, needs, prices)| Choice { options, needs, prices })
    })
}

/// The best of all subsets.
fn brute_force(choice: &Choice) -> Selection {
    (0..1_usize << choice.options.len())
        .map(|mask| (0..choice.options.len()).filter(|option| mask >> option & 1 == 1).collect::<Vec<_>>())
        .filter(|options| choice.needs.iter().all(|need| need.iter().any(|option| options.contains(option))))
        .map(|options| selection(choice, options, "native", true))
        .min_by_key(|found| (found.price, found.secondary, found.options.len(), found.options.clone()))
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn branching_finds_the_best(choice in arbitrary()) {
        let found = choose(&choice, EngineSelection::Native, 1_000_000);
        prop_assert_eq!(found, Ok(brute_force(&choice)));
    }
}

#[cfg(feature = "z3")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_agree(choice in arbitrary()) {
        let z3 = choose(&choice, EngineSelection::Z3, 10_000_000).unwrap();
        let best = brute_force(&choice);
        prop_assert_eq!((z3.price, z3.secondary, z3.options.len()), (best.price, best.secondary, best.options.len()));
        let agreed = Selection { engine: "native and z3", ..best };
        prop_assert_eq!(choose(&choice, EngineSelection::Both, 10_000_000), Ok(agreed));
    }
}

#[test]
fn a_need_without_options_is_refused() {
    let choice = Choice { options: vec![1], needs: vec![vec![0], vec![]], prices: vec![] };
    assert_eq!(choose(&choice, EngineSelection::Auto, 1000), Err(Reason::Fragment));
}

/// A question like the recommender's: many roles, each with some needed and many other permissions.
fn roles(seed: u64, roles: usize, permissions: usize, needs: usize) -> Choice {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut choice = Choice { options: vec![1; roles], ..Choice::default() };
    choice.needs = vec![Vec::new(); needs];
    choice.prices =
        (0..permissions).map(|_| Price { weight: 1 + next(9) as u64, payers: Vec::new() }).collect();
    for role in 0..roles {
        let service = next(20);
        for _ in 0..1 + next(6) {
            choice.needs[(service * needs / 20 + next(4)) % needs].push(role);
        }
        for _ in 0..5 + next(200) {
            choice.prices[(service * permissions / 20 + next(permissions / 15)) % permissions]
                .payers
                .push(role);
        }
    }
    choice
}

#[test]
fn large_questions_are_solved() {
    for seed in 0..3 {
        let choice = roles(seed, 2500, 10_000, 50);
        let found = choose(&choice, EngineSelection::Native, 50_000_000).unwrap();
        assert!(found.optimal, "{seed}: {found:?}");
    }
}
