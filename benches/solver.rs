//! How long the engines take for ordinary goals: one statement against another, and whole policies.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use leastwise::logic::{ActionEntry, Actions, Attribute, Formula, Goal, Patterns, ResourceGroup, Universe};
use leastwise::solver::native::Native;
#[cfg(feature = "z3")]
use leastwise::solver::z3::Z3;
use leastwise::solver::{Choice, Engine, EngineSelection, Price, choose};

const BUDGET: u64 = 10_000_000;

fn texts(name: &str, globs: &[&str]) -> Formula {
    Formula::matches(Attribute::text(name), Patterns::globs(globs.iter().copied()))
}

fn statement(actions: &[&str], resources: &[&str]) -> Formula {
    texts("action", actions).and(texts("resource", resources))
}

/// A small policy and a slightly wider one, as a review sees them.
fn small() -> (Formula, Formula) {
    let logs = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"];
    let narrow = statement(&["s3:getobject", "s3:listbucket"], &logs)
        .or(statement(&["sqs:sendmessage"], &["arn:aws:sqs:eu-west-1:111122223333:jobs"]));
    let wide = statement(&["s3:get*", "s3:list*"], &logs)
        .or(statement(&["sqs:*"], &["arn:aws:sqs:*:111122223333:jobs"]))
        .and(
            texts("aws:principalorgid", &["o-1"])
                .or(texts("resource", &["arn:aws:s3:::logs*"]).not())
                .not()
                .not(),
        );
    (narrow, wide)
}

/// Policies of `count` statements on as many services.
fn large(count: usize) -> (Formula, Formula) {
    let one = |index: usize, tail: &str| {
        let action = format!("service{index}:{tail}");
        let resource = format!("arn:aws:service{index}:*:111122223333:thing/{index}-*");
        statement(&[&action], &[&resource])
    };
    (Formula::any((0..count).map(|i| one(i, "get*"))), Formula::any((0..count).map(|i| one(i, "*"))))
}

fn catalog() -> Universe {
    let names = (0..300).flat_map(|service| {
        (0..50_u32).map(move |action| ActionEntry {
            name: format!("service{service}:{}thing{action}", if action % 2 == 0 { "get" } else { "put" })
                .into(),
            resources: service * 2 + action % 2,
        })
    });
    let groups = (0..600).map(|group| {
        let own = format!("arn:aws:service{}:*:*:thing/*", group / 2);
        ResourceGroup { patterns: Patterns::globs([if group % 2 == 0 { own.as_str() } else { "*" }]) }
    });
    Universe::Known(Arc::new(Actions::new(names.collect(), groups.collect())))
}

fn goals(criterion: &mut Criterion) {
    let universe = catalog();
    #[cfg_attr(not(feature = "z3"), expect(unused_mut, reason = "only the build with Z3 adds to the list"))]
    let mut engines: Vec<(&str, Box<dyn Engine>)> = vec![("native", Box::new(Native))];
    #[cfg(feature = "z3")]
    engines.push(("z3", Box::new(Z3)));
    for (engine, decide) in &engines {
        for (name, (inner, outer)) in [("small", small()), ("statements-100", large(100))] {
            if *engine == "z3" && name != "small" {
                continue;
            }
            for (kind, universe) in [("any", &Universe::Any), ("known", &universe)] {
                let never = Goal::included(inner.clone(), outer.clone(), universe.clone());
                let sometimes = Goal::included(outer.clone(), inner.clone(), universe.clone());
                criterion.bench_function(&format!("{engine}/{name}/{kind}/included"), |bench| {
                    bench.iter(|| decide.decide(black_box(&never), BUDGET));
                });
                criterion.bench_function(&format!("{engine}/{name}/{kind}/excess"), |bench| {
                    bench.iter(|| decide.decide(black_box(&sometimes), BUDGET));
                });
            }
        }
    }
}

fn choices(criterion: &mut Criterion) {
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let mut needs = vec![Vec::new(); 50];
    let mut prices = vec![Price { weight: 1, payers: Vec::new() }; 10_000];
    for option in 0..2500 {
        let service = next(20);
        for _ in 0..=next(6) {
            if let Some(need) = needs.get_mut((service * 50 / 20 + next(4)) % 50) {
                need.push(option);
            }
        }
        for _ in 0..5 + next(200) {
            if let Some(price) = prices.get_mut((service * 500 + next(666)) % 10_000) {
                price.payers.push(option);
            }
        }
    }
    let choice = Choice { options: vec![1; 2500], needs, prices };
    let mut group = criterion.benchmark_group("choice");
    group.sample_size(10);
    group.bench_function("options-2500", |bench| {
        bench.iter(|| choose(black_box(&choice), EngineSelection::Native, 50_000_000));
    });
}

criterion_group!(benches, goals, choices);
criterion_main!(benches);
