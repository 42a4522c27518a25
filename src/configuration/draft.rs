//! A configuration to begin with, from what lies in a folder: `leastwise init`.

use std::collections::BTreeMap;

use super::PACKS;
use crate::clouds::CLOUDS;
use crate::input::Loaded;
use crate::model::{CloudId, Estate};

/// The name of the file.
pub const FILE: &str = "leastwise.toml";

/// Resources that are named as examples.
const NAMED: usize = 3;

/// What a configuration to begin with is made of.
#[derive(Clone, Copy)]
pub struct Draft<'a> {
    /// What lies in the folder.
    pub loaded: &'a Loaded,
}

impl Draft<'_> {
    /// The text. A line that begins with `#` and no blank is an example, and valid without the sign.
    pub fn text(&self) -> String {
        let mut text = String::from(BEGINNING);
        text.push_str(&self.found());
        text.push_str(MIDDLE);
        let estate = &self.loaded.estate;
        let jewels: Vec<String> = estate
            .resources()
            .filter(|(_, one)| one.name.len() > 1 && !one.name.contains(['"', '\\', '\n']))
            .take(NAMED)
            .map(|(_, one)| format!("\"{}\"", one.name))
            .collect();
        let jewels =
            if jewels.is_empty() { "\"arn:aws:s3:::payroll\"".to_owned() } else { jewels.join(", ") };
        text.push_str(&format!("#crown_jewels = [{jewels}]\n"));
        text.push_str(END);
        for cloud in present(estate) {
            text.push_str(&example(cloud));
        }
        text
    }

    /// Which documents were found, as a comment.
    fn found(&self) -> String {
        let mut formats: BTreeMap<&str, usize> = BTreeMap::new();
        for document in &self.loaded.documents {
            *formats.entry(document.format).or_default() += 1;
        }
        if formats.is_empty() {
            return "# Found in this folder: no document that is read; `leastwise formats` lists what is.\n"
                .into();
        }
        let clouds: Vec<&str> = CLOUDS
            .iter()
            .filter(|cloud| present(&self.loaded.estate).contains(&cloud.id()))
            .map(|cloud| cloud.name())
            .collect();
        let mut text = format!("# Found in this folder, of {}:\n", clouds.join(", "));
        for (format, count) in formats {
            text.push_str(&format!("#   {count} × {format}\n"));
        }
        text
    }
}

fn present(estate: &Estate) -> Vec<CloudId> {
    let is_there = |id: CloudId| {
        estate.principals().any(|(_, one)| one.cloud == id)
            || estate.resources().any(|(_, one)| one.cloud == id)
    };
    CLOUDS.iter().map(|cloud| cloud.id()).filter(|id| is_there(*id)).collect()
}

/// A guardrail to begin with that is about a cloud: the first one of the packs, under another name.
fn example(cloud: CloudId) -> String {
    let own = format!("cloud = \"{cloud}\"");
    let mut all = PACKS.iter().flat_map(|(_, text)| text.split("[[guardrail]]").skip(1));
    let Some(found) = all.find(|block| block.contains(&own)) else { return String::new() };
    let lines = found.trim().lines().take_while(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.map(|line| format!("#{}\n", line.replace("id = \"", "id = \"our-")));
    format!("#[[guardrail]]\n{}", lines.collect::<String>())
}

const BEGINNING: &str = "\
# What `leastwise scan` and `leastwise check` look for here.
# A line that begins with `#` and no blank is an example: remove the sign to use it.
#
";

const MIDDLE: &str = "
# Guardrails that the program ships. `strict` demands more than `baseline`.
packs = [\"baseline\"]

# The level from which on a finding makes the exit code 1: info, low, medium, high or never.
fail_on = \"high\"

# What is there today need not stop anybody: `leastwise scan . --write-baseline=leastwise-baseline.json` writes it down,
# and with this line only what is new is reported. Written again, the file loses what does not occur any more.
#baseline = \"leastwise-baseline.json\"

# What matters most: `check` tells of each new path to one of these.
";

const END: &str = "
# Levels of rules (`leastwise rules` lists them): info, low, medium, high, or off.
#[levels]
#redundant-statement = \"info\"

# The same for some files. The last pattern that matches counts.
#[[path]]
#glob = \"sandbox/**\"
#levels = { administrator-access = \"low\" }

# Access that is meant. An entry applies as long as all that is granted lies within it.
#[[ignore]]
#rule = \"administrator-access\"
#principal = \"*break-glass*\"
#reason = \"the way in when single sign-on is down; sealed, and its use raises an alarm\"
#owner = \"platform team\"
#expires = \"2027-12-31\"

# What has to hold. The kinds are `nobody_but`, `must_stay_able`, `no_path_from` and `no_wider_than`.
";
