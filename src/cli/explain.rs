//! `leastwise explain`: the documentation of one rule.

use clap::Args;

use super::analysis::alternatives;
use super::console::Console;
use super::exit::Exit;
use crate::clouds::catalog::nearest_names;
use crate::findings::Meta;
use crate::pipeline::rules;
use crate::report::documentation;

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
        let rules: Vec<&Meta> = rules().collect();
        match rules.iter().find(|meta| meta.id == self.rule) {
            Some(meta) => {
                console.out(&page(meta));
                Exit::Clean
            }
            None => {
                let nearest = nearest_names(&self.rule, rules.iter().map(|meta| meta.id), 3);
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
