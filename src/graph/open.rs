//! What anybody may use without credentials, as edges for pictures: from the public of a cloud to each such resource.
//! What outsiders who are known may do is told by findings, and not here.

use super::outline::{By, Edge, Spot};
use crate::clouds;
use crate::evaluator::{Bug, Evaluator, Outcome};
use crate::logic::Formula;
use crate::model::{Object, Question, Subject, Target};

/// What stands open, and the questions about it that stayed undecided.
pub fn open(evaluator: &Evaluator<'_>) -> Result<(Vec<Edge>, Vec<String>), Bug> {
    let estate = evaluator.estate();
    let (mut edges, mut undecided) = (Vec::new(), Vec::new());
    for (id, resource) in estate.resources() {
        // Only what policies are attached to lets a stranger in by itself.
        let guarded = estate.attached_to(Target::Resource(id)).next().is_some();
        let Some(cloud) = clouds::cloud(resource.cloud).filter(|_| guarded) else { continue };
        let subject = Subject::Anonymous;
        if evaluator.takes_shortcuts() && !cloud.may_admit(estate, subject, id) {
            continue;
        }
        let question = Question { cloud: cloud.id(), subject, action: None, object: Object::Within(id) };
        let answer = evaluator.can(&question, &Formula::True)?;
        match answer.outcome {
            Outcome::Never => {}
            Outcome::Undecided => undecided.push(format!("whether anybody may use `{}`", resource.name)),
            Outcome::Sometimes(witness) => edges.push(Edge {
                from: Spot::Anybody(cloud.id()),
                to: Spot::Using(id, 1),
                by: By::Request(witness),
                certainty: answer.certainty,
                left_out: 0,
            }),
        }
    }
    Ok((edges, undecided))
}
