//! Two documents side by side, decided by each engine alone: what the tests of all clouds share.

use leastwise::evaluator::{Difference, DocumentEvaluator, Relation, TwoDocuments};
use leastwise::input::document_pairs;
use leastwise::solver::{EngineSelection, Portfolio};

/// How `new` stands to `old` as one engine decides it, and who gained.
pub fn relation(old: &str, new: &str, engines: EngineSelection) -> (Relation, String) {
    let line = format!(r#"{{"old": {old}, "new": {new}}}"#);
    let pair = document_pairs::from_line("pairs.jsonl", 1, &line, None);
    assert_eq!(pair.problems, []);
    let read = pair.documents.unwrap();
    let portfolio = Portfolio { engines, ..Portfolio::default() };
    let evaluator = DocumentEvaluator::new(read.cloud, &portfolio, false).unwrap();
    let two = TwoDocuments { kind: read.kind, old: &read.old, new: &read.new };
    let found = evaluator.compare(two).unwrap();
    let who = match &found.gained {
        Difference::Some(change) => change.request.principal.clone(),
        _ => String::new(),
    };
    (found.relation, who)
}

/// Every engine alone, and both together.
pub fn engines() -> &'static [EngineSelection] {
    if cfg!(feature = "z3") {
        &[EngineSelection::Native, EngineSelection::Z3, EngineSelection::Both]
    } else {
        &[EngineSelection::Native]
    }
}
