//! Uses leastwise as a library: who of an account can read a bucket?
//!
//! `cargo run --example library`
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use leastwise::clouds::CLOUDS;
use leastwise::evaluator::Evaluator;
use leastwise::input;
use leastwise::logic::Formula;
use leastwise::model::{Object, Question, Subject};
use leastwise::solver::Portfolio;

fn main() {
    let loaded = input::load(&["examples/aws-organization".to_owned()], input::disk::Limits::default());
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(&loaded.estate, &portfolio);
    for (id, principal) in loaded.estate.principals() {
        let Some(cloud) = CLOUDS.iter().find(|cloud| cloud.id() == principal.cloud) else { continue };
        let question = Question {
            cloud: cloud.id(),
            subject: Subject::Principal(id),
            action: Some("s3:GetObject".to_owned()),
            object: Object::Named("arn:aws:s3:::acme-invoices/2026/11.pdf".to_owned()),
        };
        match evaluator.can(&question, &Formula::True) {
            Ok(answer) => match answer.witness() {
                Some(witness) => {
                    println!("{}: yes, for example {:?}", principal.name, witness.request.context)
                }
                None if answer.is_undecided() => println!("{}: undecided", principal.name),
                None => {}
            },
            Err(bug) => println!("{bug}"),
        }
    }
}
