//! Crown jewels: what matters so much that each new path to it is told.

use super::Name;
use super::judge::Judge;
use super::no_path::reach;
use super::report::{Breach, idle_name};
use crate::evaluator::Bug;
use crate::findings::{Finding, Intent, Level, Meta, Related};

/// The rule about paths to what matters.
pub const CROWN_JEWEL_PATH: Meta = Meta {
    id: "crown-jewel-path",
    summary: "somebody newly comes to a crown jewel of the configuration",
    level: Level::High,
    documentation: " ## What it does

 `leastwise check` reports everybody who comes to one of `crown_jewels` after a change and did not before: by permissions of
 its own, or by steps, such as taking on a role that may.

 ## Why it matters

 Most access does not matter much; some does. A change that opens a way to it deserves a look, however the way goes.

 ## What to do

 If the way is wanted, approve the change. If not, break one of its steps: each names the statements that allow it.
",
};

impl Judge<'_> {
    /// Everybody who comes to a crown jewel.
    pub fn ways_to_jewels(&self, jewels: &[Name]) -> Result<Vec<Finding>, Bug> {
        let mut findings = Vec::new();
        let Some(cloud) = self.cloud_of(None).filter(|_| !jewels.is_empty()) else { return Ok(findings) };
        for (jewel, reached) in jewels.iter().zip(reach(self, jewels, None)?) {
            let Some(reached) = reached else {
                let why = "is no principal or resource of the files";
                let message = format!("the crown jewel `{}` {why}", jewel.text);
                findings.push(idle_name(cloud, jewel, Level::Medium, message));
                continue;
            };
            let told = format!("which is a crown jewel (`{}`)", jewel.text);
            findings
                .extend(reached.ways.into_iter().map(|way| finding(way.breach(self, jewel, &told), jewel)));
        }
        Ok(findings)
    }
}

fn finding(way: Breach, jewel: &Name) -> Finding {
    let mut origins = way.origins;
    let at = origins.iter().position(|origin| origin.span.is_some()).unwrap_or(0);
    let primary = if origins.is_empty() { jewel.origin.clone() } else { origins.remove(at) };
    let also = |origin| Related { message: "this names the crown jewel".to_owned(), origin };
    Finding {
        rule: CROWN_JEWEL_PATH.id,
        cloud: way.cloud,
        level: CROWN_JEWEL_PATH.level,
        certainty: way.certainty,
        message: way.message,
        primary,
        related: vec![also(jewel.origin.clone())],
        witness: way.witness,
        hops: way.hops,
        advice: "approve the change if this way is wanted; otherwise break one of its steps".to_owned(),
        intent: way.principal.map(Intent::of).unwrap_or_default(),
        fingerprint: Finding::fingerprint_of(CROWN_JEWEL_PATH.id, way.cloud, &[&way.name]),
    }
}
