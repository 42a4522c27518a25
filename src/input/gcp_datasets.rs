//! A BigQuery dataset with its access entries, as `bq show --format=prettyjson PROJECT:DATASET` prints it; or an array
//! of datasets.

use super::gcp_rows::{first_rows, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load;
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpDatasets;

impl Format for GcpDatasets {
    fn id(&self) -> &'static str {
        "gcp-datasets"
    }

    fn summary(&self) -> &'static str {
        "a BigQuery dataset with its access entries: bq show --format=prettyjson P:D"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["dataset-D.json    bq show --format=prettyjson P:D"]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        first_rows(tree).map(confidence).max().unwrap_or(Confidence::No)
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        for (route, row) in rows(document.tree, problems) {
            load::dataset(row, &route, estate, problems);
        }
    }
}

fn confidence(one: &Tree) -> Confidence {
    let has = |key: &str| one.get(key).is_some();
    match (has("datasetReference"), has("access"), has("tableReference")) {
        (true, true, _) => Confidence::Certain,
        (true, false, false) => Confidence::Likely,
        _ => Confidence::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Files, json};

    #[test]
    fn entries_are_bindings_and_views_are_gaps() {
        let text = r#"{"kind":"bigquery#dataset","datasetReference":{"projectId":"p","datasetId":"d"},"access":[
            {"role":"WRITER","specialGroup":"projectWriters"},{"role":"READER","userByEmail":"A@x.org"},
            {"role":"roles/bigquery.dataViewer","iamMember":"allUsers"},{"role":"OWNER","groupByEmail":"g@x.org"},
            {"view":{"projectId":"p","datasetId":"e","tableId":"v"}},{"role":"READER","specialGroup":"martians"},9]}"#;
        let mut files = Files::default();
        let file = files.add("d.json", text);
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, text, &mut problems).unwrap();
        assert_eq!(GcpDatasets.detects(&tree), Confidence::Certain);
        GcpDatasets.load(&Document { file, path: "d.json", tree: &tree }, &mut estate, &mut problems);
        assert_eq!(estate.attachments().len(), 4);
        assert_eq!(estate.gaps().len(), 1);
        assert_eq!(problems.len(), 2);
        assert_eq!(estate.attachments()[1].origin.route.to_string(), "access[1]");
    }
}
