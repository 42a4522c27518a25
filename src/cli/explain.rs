//! `leastwise explain`: the documentation of one rule.

use clap::Args;

use super::analysis::alternatives;
use super::console::Console;
use super::exit::Exit;
use crate::clouds::catalog::Search;
use crate::findings::{Meta, RULES};
use crate::report::documentation;
use crate::review::GAINED_ACCESS;

/// Explain a rule: what it finds, why it matters, what to write instead.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of the rule, as `leastwise rules` lists it.
    #[arg(value_name = "RULE")]
    rule: String,
}

impl Explain {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let rules: Vec<&Meta> = RULES.iter().map(|rule| rule.meta()).chain([&GAINED_ACCESS]).collect();
        match rules.iter().find(|meta| meta.id == self.rule) {
            Some(meta) => {
                console.out(&page(meta));
                Exit::Clean
            }
            None => {
                let nearest = nearest(&self.rule, rules.iter().map(|meta| meta.id));
                let help = if nearest.is_empty() {
                    "`leastwise rules` lists the rules".to_owned()
                } else {
                    format!("did you mean {}?", alternatives(&nearest))
                };
                console.fail(&format!("there is no rule `{}`", self.rule), Some(&help))
            }
        }
    }
}

/// The documentation with a heading.
fn page(meta: &Meta) -> String {
    let (level, documentation) = (meta.level.as_str(), documentation(meta));
    format!("# {} ({level})\n\nFinds: {}.\n\n{documentation}\n", meta.id, meta.summary)
}

/// Up to three names near `typed`.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut search = Search::new(typed);
    for name in names {
        search.offer(name, &name.to_ascii_lowercase(), "");
    }
    search.best(3).into_iter().map(|found| found.name).collect()
}
