//! "Did you mean": the entries of a catalog that are nearest to what somebody typed.
//!
//! Ranking: the same name in another case, names that begin with the text, names that contain it,
//! then names within a few edits. A name of the same service (`s3:`, `storage.`) is preferred.
//! Case never counts. Matching of IAM wildcards is not done here.

/// An entry near to what was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The entry as its provider spells it.
    pub name: String,
    /// What the entry is, for example `action`, `role`, `permission`.
    pub kind: &'static str,
    /// How far it is: 0 for the same name, growing; comparable between searches for one text.
    pub distance: usize,
}

/// The best `limit` of several searches for one text, best first.
pub(crate) fn nearest(found: impl IntoIterator<Item = Vec<Match>>, limit: usize) -> Vec<Match> {
    let mut all: Vec<Match> = found.into_iter().flatten().collect();
    all.sort_by(|left, right| place(left).cmp(&place(right)));
    all.dedup();
    all.truncate(limit);
    all
}

/// Up to `limit` of these names that are near to what somebody typed, the nearest first.
pub(crate) fn nearest_names<'a>(
    typed: &str,
    names: impl Iterator<Item = &'a str>,
    limit: usize,
) -> Vec<String> {
    let mut search = Search::new(typed);
    for name in names {
        search.offer(name, &name.to_ascii_lowercase(), "");
    }
    search.best(limit).into_iter().map(|found| found.name).collect()
}

/// Nearer first, then shorter, then by name.
fn place(found: &Match) -> (usize, usize, &str, &str) {
    (found.distance, found.name.len(), &found.name, found.kind)
}

/// Longer searches are cut: the distance is quadratic and no name is longer.
const QUERY_LIMIT: usize = 160;
/// What a wrong service costs, in edits.
const OTHER_SERVICE: usize = 2;

/// Collects the best matches of one search.
#[derive(Debug)]
pub(crate) struct Search {
    query: Vec<u8>,
    text: String,
    bound: usize,
    found: Vec<Match>,
}

impl Search {
    /// A search for `text`; `*` and `?` in it are ignored.
    pub(crate) fn new(text: &str) -> Search {
        let text = text.trim().to_ascii_lowercase().replace(['*', '?'], "");
        let query: Vec<u8> = text.bytes().take(QUERY_LIMIT).collect();
        let bound = (query.len() / 3).clamp(1, 5);
        Search { query, text, bound, found: Vec::new() }
    }

    /// Offers an entry; `folded` is its lower-case form.
    pub(crate) fn offer(&mut self, name: &str, folded: &str, kind: &'static str) {
        if let Some(distance) = self.distance(folded) {
            self.found.push(Match { name: name.to_owned(), kind, distance });
        }
    }

    /// The best `limit` matches, best first; equal ones in the order of length, then name.
    pub(crate) fn best(self, limit: usize) -> Vec<Match> {
        nearest([self.found], limit)
    }

    /// How far `folded` is, or `None` when it is out of reach.
    fn distance(&self, folded: &str) -> Option<usize> {
        if self.query.is_empty() {
            return None;
        }
        if folded == self.text {
            return Some(0);
        }
        let (service, local) = split(folded);
        if folded.starts_with(&self.text) || local == self.text {
            return Some(1);
        }
        if folded.contains(&self.text) {
            return Some(2);
        }
        let (asked_service, asked_local) = split(&self.text);
        let count = match (asked_service, service) {
            (None, _) => edits(&self.query, local.as_bytes(), self.bound)?,
            (Some(asked), Some(service)) if asked == service => {
                edits(asked_local.as_bytes(), local.as_bytes(), self.bound)?
            }
            _ => edits(&self.query, folded.as_bytes(), self.bound)? + OTHER_SERVICE,
        };
        Some(2 + count)
    }
}

/// Service and rest of a name: `s3:GetObject`, `storage.objects.get`, `Microsoft.Compute/x/read`.
fn split(folded: &str) -> (Option<&str>, &str) {
    let at = folded.find([':', '/']).or_else(|| folded.find('.'));
    match at.and_then(|at| Some((folded.get(..at)?, folded.get(at + 1..)?))) {
        Some((service, local)) => (Some(service), local),
        None => (None, folded),
    }
}

/// Edits (insert, delete, replace, swap of neighbours) between two texts, `None` above `bound`.
fn edits(left: &[u8], right: &[u8], bound: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > bound {
        return None;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (row, here) in left.iter().enumerate() {
        let mut next = Vec::with_capacity(last.len());
        next.push(row + 1);
        let mut corner = None;
        for (column, there) in right.iter().enumerate() {
            let above = last.get(column + 1).copied().unwrap_or(usize::MAX - 1);
            let diagonal = last.get(column).copied().unwrap_or(usize::MAX - 1);
            let beside = next.last().copied().unwrap_or(usize::MAX - 1);
            let mut best = (above.min(beside) + 1).min(diagonal + usize::from(here != there));
            if previous == Some(there) && corner == Some(here) {
                let swapped = column.checked_sub(1).and_then(|at| before_last.get(at));
                best = best.min(swapped.map_or(best, |cost| cost + 1));
            }
            next.push(best);
            corner = Some(there);
        }
        if next.iter().min().is_some_and(|least| *least > bound) {
            return None;
        }
        before_last = std::mem::replace(&mut last, next);
        previous = Some(here);
    }
    last.last().copied().filter(|edits| *edits <= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str, names: &[&str]) -> Vec<String> {
        let mut search = Search::new(query);
        for name in names {
            search.offer(name, &name.to_ascii_lowercase(), "action");
        }
        search.best(5).into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn edits_are_counted() {
        let count = |left: &str, right: &str| edits(left.as_bytes(), right.as_bytes(), 3);
        assert_eq!(count("", ""), Some(0));
        assert_eq!(count("getobject", "getobjekt"), Some(1));
        assert_eq!(count("getobject", "gteobject"), Some(1));
        assert_eq!(count("getobject", "getobjects"), Some(1));
        assert_eq!(count("kitten", "sitting"), Some(3));
        assert_eq!(count("abcdef", "uvwxyz"), None);
        assert_eq!(count("ab", "ba"), Some(1));
        assert_eq!(count("abc", "cab"), Some(2));
    }

    #[test]
    fn the_same_service_comes_first() {
        let names = ["s3:GetObject", "s3express:GetObject", "s3:PutObject", "ec2:GetObjects"];
        assert_eq!(search("s3:GetObjekt", &names)[0], "s3:GetObject");
        assert_eq!(search("S3:getobject", &names)[0], "s3:GetObject");
        assert_eq!(search("getobjet", &names)[0], "s3:GetObject");
        assert_eq!(search("sE:GetObject", &names)[0], "s3:GetObject");
        assert!(search("completelyDifferent", &names).is_empty());
        assert!(search("", &names).is_empty());
    }

    #[test]
    fn parts_of_a_name_find_it() {
        let names = ["storage.objectCreator", "storage.objectViewer", "compute.viewer"];
        assert_eq!(search("objectcreat", &names), ["storage.objectCreator"]);
        assert_eq!(search("storage.object", &names), ["storage.objectViewer", "storage.objectCreator"]);
    }
}
