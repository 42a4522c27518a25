//! The tables a catalog is made of: texts, sorted names that are looked up by prefix, pools of
//! index lists, and runs of consecutive indices.
//!
//! Texts are front-coded (length shared with the text before, then the rest), which keeps sorted
//! names small before compression even starts. Decoding yields one flat buffer and offsets, with no
//! allocation per entry. What the entries mean is the business of each cloud's catalog.

use super::Damage;
use super::bytes::{Cursor, Writer};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

/// More text than any catalog holds; front-coded input could otherwise unfold without bound.
const TEXT_LIMIT: usize = 64 << 20;

/// Texts in a fixed order, addressed by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strings {
    buffer: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Appends `texts` to `writer`, three columns: shared lengths, own lengths, own bytes.
    pub(crate) fn write<'a>(writer: &mut Writer, texts: impl IntoIterator<Item = &'a str>) {
        let (mut shared, mut own, mut tails) = (Writer::default(), Writer::default(), Vec::new());
        let (mut count, mut before) = (0, "");
        for text in texts {
            let common = common_prefix(before, text);
            let tail = text.get(common..).unwrap_or_default();
            shared.number(common);
            own.number(tail.len());
            tails.extend_from_slice(tail.as_bytes());
            (count, before) = (count + 1, text);
        }
        writer.number(count);
        writer.raw(&shared.finish());
        writer.raw(&own.finish());
        writer.number(tails.len());
        writer.raw(&tails);
    }

    /// Reads what [`Strings::write`] wrote.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Strings, Damage> {
        let count = cursor.count()?;
        let shared = cursor.column(count, usize::MAX)?;
        let own = cursor.column(count, usize::MAX)?;
        let len = cursor.count()?;
        let mut tails = Cursor::new(cursor.raw(len)?);
        let mut buffer = Vec::with_capacity(len.saturating_mul(2));
        let mut ends = Vec::with_capacity(count);
        let mut before = 0..0;
        for (shared, own) in shared.into_iter().zip(own) {
            let (shared, start) = (shared as usize, buffer.len());
            if shared > before.len() {
                return Err(Damage("a text shares more than the text before it has"));
            }
            buffer.extend_from_within(before.start..before.start + shared);
            buffer.extend_from_slice(tails.raw(own as usize)?);
            if buffer.len() > TEXT_LIMIT {
                return Err(Damage("its texts are larger than any catalog"));
            }
            before = start..buffer.len();
            ends.push(u32::try_from(buffer.len()).map_err(|_| Damage("its texts are too large"))?);
        }
        tails.end()?;
        let buffer = String::from_utf8(buffer).map_err(|_| Damage("a text is not UTF-8"))?;
        if ends.iter().any(|end| !buffer.is_char_boundary(*end as usize)) {
            return Err(Damage("a text ends inside a character"));
        }
        Ok(Strings { buffer, ends })
    }

    /// How many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text at `index`, empty when there is none.
    pub(crate) fn get(&self, index: u32) -> &str {
        slice(&self.buffer, &self.ends, index)
    }

    /// All texts in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|index| self.get(index))
    }
}

/// Names in the order of their lower-case form (ASCII, then the spelling itself on a tie), so that
/// a lower-case prefix is a range of indices and lookup ignores case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    spelled: Strings,
    folded: String,
}

/// The order of [`Names`].
pub(crate) fn folded_order(left: &str, right: &str) -> Ordering {
    let fold = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(fold).cmp(right.bytes().map(fold)).then_with(|| left.cmp(right))
}

impl Names {
    /// Sorts `names`, drops repetitions and returns them with their future indices.
    pub(crate) fn plan<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_by(|left, right| folded_order(left, right));
        names.dedup();
        names
    }

    /// Reads a table that [`Strings::write`] wrote from names in [`Names::plan`]'s order.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Names, Damage> {
        let spelled = Strings::read(cursor)?;
        let folded = spelled.buffer.to_ascii_lowercase();
        let names = Names { spelled, folded };
        let sorted = (1..names.len() as u32).all(|index| {
            let (before, here) = (names.folded(index - 1), names.folded(index));
            before < here || (before == here && names.get(index - 1) <= names.get(index))
        });
        if sorted { Ok(names) } else { Err(Damage("its names are not in order")) }
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.spelled.len()
    }

    /// The name at `index` as its provider spells it, empty when there is none.
    pub(crate) fn get(&self, index: u32) -> &str {
        self.spelled.get(index)
    }

    /// The name at `index` in lower case, empty when there is none.
    pub(crate) fn folded(&self, index: u32) -> &str {
        slice(&self.folded, &self.spelled.ends, index)
    }

    /// The index of `name`, ignoring ASCII case; the exact spelling wins when several differ in case.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let folded = name.to_ascii_lowercase();
        let first = self.boundary(|candidate| candidate < folded.as_str());
        let same = (first..self.len() as u32).take_while(|index| self.folded(*index) == folded);
        let mut found = None;
        for index in same {
            if self.get(index) == name {
                return Some(index);
            }
            found = found.or(Some(index));
        }
        found
    }

    /// The indices of all names whose lower-case form begins with `prefix` (given in lower case).
    pub(crate) fn with_prefix(&self, prefix: &str) -> Range<u32> {
        let first = self.boundary(|candidate| candidate < prefix);
        let last = self.boundary(|candidate| candidate < prefix || candidate.starts_with(prefix));
        first..last.max(first)
    }

    /// All names in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.spelled.iter()
    }

    /// The first index whose folded name does not satisfy `before`, by bisection.
    fn boundary(&self, before: impl Fn(&str) -> bool) -> u32 {
        let (mut low, mut high) = (0u32, self.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.folded(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Distinct ascending lists of indices; records refer to a list by its number, 0 is the empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    values: Vec<u32>,
    ends: Vec<u32>,
}

/// Collects lists for [`Lists`].
#[derive(Debug, Default)]
pub(crate) struct ListPool {
    numbers: BTreeMap<Vec<u32>, usize>,
    lists: Vec<Vec<u32>>,
}

impl ListPool {
    /// The number of the list with these members, order and repetition aside.
    pub(crate) fn add(&mut self, mut members: Vec<u32>) -> usize {
        members.sort_unstable();
        members.dedup();
        if members.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(&members) {
            return *number;
        }
        self.lists.push(members.clone());
        self.numbers.insert(members, self.lists.len());
        self.lists.len()
    }

    /// Appends all lists: their lengths, then the distances between members.
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.number(self.lists.len());
        for list in &self.lists {
            writer.number(list.len());
        }
        for list in &self.lists {
            let mut before = 0;
            for member in list {
                writer.number((member - before) as usize);
                before = *member;
            }
        }
    }
}

impl Lists {
    /// Reads what [`ListPool::write`] wrote; every member must be below `limit`.
    pub(crate) fn read(cursor: &mut Cursor<'_>, limit: usize) -> Result<Lists, Damage> {
        let count = cursor.count()?;
        let lengths = cursor.column(count, usize::MAX)?;
        let mut lists = Lists { values: Vec::new(), ends: Vec::with_capacity(count + 1) };
        lists.ends.push(0);
        for length in lengths {
            let mut member = 0u32;
            for _ in 0..length {
                let step = cursor.number()?;
                member = member.checked_add(step).ok_or(Damage("a reference is too large"))?;
                if member as usize >= limit {
                    return Err(Damage("a reference points outside its table"));
                }
                lists.values.push(member);
            }
            lists.ends.push(u32::try_from(lists.values.len()).map_err(|_| Damage("it has too many lists"))?);
        }
        Ok(lists)
    }

    /// How many lists there are, the empty one included.
    pub(crate) fn len(&self) -> usize {
        self.ends.len().max(1)
    }

    /// The members of the list with this number, ascending.
    pub(crate) fn get(&self, number: u32) -> &[u32] {
        let Some(before) = number.checked_sub(1) else { return &[] };
        let start = self.ends.get(before as usize).copied().unwrap_or_default() as usize;
        let end = self.ends.get(number as usize).copied().unwrap_or_default() as usize;
        self.values.get(start..end).unwrap_or_default()
    }
}

/// Sets of indices, each as ascending runs `start..end`: small for `roles/editor`, and a membership
/// question is one bisection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    runs: Vec<(u32, u32)>,
    ends: Vec<u32>,
}

impl Runs {
    /// Appends `sets`, each ascending without repetition: the number of runs, then for each run the
    /// gap since the one before and its length less one.
    pub(crate) fn write(writer: &mut Writer, sets: &[Vec<u32>]) {
        writer.number(sets.len());
        for set in sets {
            let mut runs: Vec<(u32, u32)> = Vec::new();
            for member in set {
                match runs.last_mut() {
                    Some(run) if run.1 == *member => run.1 += 1,
                    _ => runs.push((*member, member + 1)),
                }
            }
            writer.number(runs.len());
            let mut before = 0;
            for (start, end) in runs {
                writer.number((start - before) as usize);
                writer.number((end - start - 1) as usize);
                before = end;
            }
        }
    }

    /// Reads what [`Runs::write`] wrote; every member must be below `limit`.
    pub(crate) fn read(cursor: &mut Cursor<'_>, limit: usize) -> Result<Runs, Damage> {
        let count = cursor.count()?;
        let mut all = Runs { runs: Vec::new(), ends: Vec::with_capacity(count) };
        for _ in 0..count {
            let runs = cursor.count()?;
            let mut before = 0u32;
            for _ in 0..runs {
                let (gap, extra) = (cursor.number()?, cursor.number()?);
                let start = before.checked_add(gap).ok_or(Damage("a reference is too large"))?;
                let end = start.checked_add(extra).and_then(|last| last.checked_add(1));
                let end = end.ok_or(Damage("a reference is too large"))?;
                if end as usize > limit {
                    return Err(Damage("a reference points outside its table"));
                }
                all.runs.push((start, end));
                before = end;
            }
            all.ends.push(u32::try_from(all.runs.len()).map_err(|_| Damage("it has too many sets"))?);
        }
        Ok(all)
    }

    /// How many sets there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The runs of the set at `index`.
    pub(crate) fn get(&self, index: u32) -> &[(u32, u32)] {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before as usize).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(index as usize).copied().unwrap_or_default();
        self.runs.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Whether the set at `index` holds `member`.
    pub(crate) fn contains(&self, index: u32, member: u32) -> bool {
        let runs = self.get(index);
        let at = runs.partition_point(|run| run.1 <= member);
        runs.get(at).is_some_and(|run| run.0 <= member)
    }

    /// The members of the set at `index`, ascending.
    pub(crate) fn members(&self, index: u32) -> impl Iterator<Item = u32> + '_ {
        self.get(index).iter().flat_map(|(start, end)| *start..*end)
    }
}

/// The text between two offsets of a buffer.
fn slice<'a>(buffer: &'a str, ends: &[u32], index: u32) -> &'a str {
    let end = ends.get(index as usize).copied().unwrap_or_default() as usize;
    let start = match index.checked_sub(1) {
        Some(before) => ends.get(before as usize).copied().unwrap_or_default() as usize,
        None => 0,
    };
    buffer.get(start..end).unwrap_or_default()
}

/// How many bytes two texts share at the front, cut back to a character boundary.
fn common_prefix(left: &str, right: &str) -> usize {
    let same = left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count();
    (0..=same).rev().find(|at| right.is_char_boundary(*at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn names(texts: &[&str]) -> Names {
        let mut writer = Writer::default();
        Strings::write(&mut writer, Names::plan(texts.iter().copied()));
        Names::read(&mut Cursor::new(&writer.finish())).unwrap()
    }

    #[test]
    fn a_prefix_is_a_range_and_lookup_ignores_case() {
        let table =
            names(&["s3:GetObject", "s3:getBucket", "s3-outposts:GetObject", "S3:PutObject", "sts:X"]);
        assert_eq!(
            table.iter().collect::<Vec<_>>(),
            ["s3-outposts:GetObject", "s3:getBucket", "s3:GetObject", "S3:PutObject", "sts:X"]
        );
        assert_eq!(table.with_prefix("s3:get"), 1..3);
        assert_eq!(table.with_prefix("s3:"), 1..4);
        assert_eq!(table.with_prefix(""), 0..5);
        assert!(table.with_prefix("zz").is_empty());
        assert_eq!(table.find("S3:GETOBJECT"), Some(2));
        assert_eq!(table.find("s3:GetObjec"), None);
    }

    #[test]
    fn spellings_that_differ_in_case_are_both_kept() {
        let table = names(&["a:Bee", "a:bee", "a:BEE"]);
        assert_eq!(table.len(), 3);
        for name in ["a:Bee", "a:bee", "a:BEE"] {
            assert_eq!(table.get(table.find(name).unwrap()), name);
        }
        assert_eq!(table.find("A:bEE"), Some(0));
    }

    #[test]
    fn unsorted_names_and_unfolding_texts_are_refused() {
        let mut writer = Writer::default();
        Strings::write(&mut writer, ["b", "a"]);
        assert_eq!(
            Names::read(&mut Cursor::new(&writer.finish())),
            Err(Damage("its names are not in order"))
        );

        let long = "x".repeat(1 << 20);
        let mut writer = Writer::default();
        Strings::write(&mut writer, std::iter::repeat_n(long.as_str(), 100));
        let bytes = writer.finish();
        assert!(bytes.len() < 2 << 20);
        assert!(Strings::read(&mut Cursor::new(&bytes)).is_err());
    }

    proptest! {
        #[test]
        fn texts_come_back(texts in proptest::collection::vec("[aé€😀b]{0,6}", 0..40)) {
            let mut writer = Writer::default();
            Strings::write(&mut writer, texts.iter().map(String::as_str));
            let bytes = writer.finish();
            let mut cursor = Cursor::new(&bytes);
            let read = Strings::read(&mut cursor).unwrap();
            prop_assert_eq!(cursor.end(), Ok(()));
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), texts);
        }

        #[test]
        fn ranges_agree_with_a_plain_filter(texts in proptest::collection::btree_set("[a-cA-C:]{0,4}", 0..40), prefix in "[a-c:]{0,3}") {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let table = names(&texts);
            let range = table.with_prefix(&prefix);
            let inside: BTreeSet<&str> = range.map(|index| table.get(index)).collect();
            let wanted: BTreeSet<&str> =
                texts.iter().copied().filter(|text| text.to_ascii_lowercase().starts_with(&prefix)).collect();
            prop_assert_eq!(inside, wanted);
        }

        #[test]
        fn sets_come_back_and_know_their_members(sets in proptest::collection::vec(proptest::collection::btree_set(0u32..300, 0..60), 0..8)) {
            let plain: Vec<Vec<u32>> = sets.iter().map(|set| set.iter().copied().collect()).collect();
            let mut writer = Writer::default();
            Runs::write(&mut writer, &plain);
            let runs = Runs::read(&mut Cursor::new(&writer.finish()), 300).unwrap();
            let mut pool = ListPool::default();
            let numbers: Vec<usize> = plain.iter().map(|set| pool.add(set.clone())).collect();
            let mut writer = Writer::default();
            pool.write(&mut writer);
            let lists = Lists::read(&mut Cursor::new(&writer.finish()), 300).unwrap();
            for (index, set) in sets.iter().enumerate() {
                prop_assert_eq!(runs.members(index as u32).collect::<BTreeSet<_>>(), set.clone());
                prop_assert_eq!(lists.get(numbers[index] as u32), &plain[index][..]);
                for member in 0..300 {
                    prop_assert_eq!(runs.contains(index as u32, member), set.contains(&member));
                }
            }
        }

        #[test]
        fn noise_never_panics(bytes: Vec<u8>) {
            let _ = Strings::read(&mut Cursor::new(&bytes));
            let _ = Names::read(&mut Cursor::new(&bytes));
            let _ = Lists::read(&mut Cursor::new(&bytes), 50);
            let _ = Runs::read(&mut Cursor::new(&bytes), 50);
        }
    }
}
