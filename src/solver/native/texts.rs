//! The classes of texts that some sets of patterns cannot tell apart, each with a shortest member.
//!
//! The product automaton of all patterns is built lazily. A state is the set of places in the patterns at which the
//! text read so far may stand. States that are nearer to the end of the patterns that must match come first, so that
//! a class is found before all ways around it have been tried; nothing is left out by that. Three facts keep the
//! states few:
//!
//! - Behind a run that takes everything, earlier places of the same pattern add nothing: whatever they would accept,
//!   the run accepts too, by taking what they would have taken on the way to it.
//! - A pattern that must match is of no use where one that must not match covers it.
//! - A pattern that ends in such a run makes its whole set hold for good once the run is reached.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::bits::Bits;
use super::implied;
use super::meter::{Meter, Spent};
use super::prefixes;
use crate::logic::{Case, Pattern, Patterns, Token};

/// Which classes are asked for.
pub(super) struct Question<'a> {
    /// The sets of patterns; a class is a way in which a text can match some of them and not the others.
    pub(super) sets: &'a [&'a Patterns],
    /// The sets that must match, by index.
    pub(super) wanted: Bits,
    /// The sets that must not match, by index.
    pub(super) banned: Bits,
}

/// A class of texts: the sets that its texts match, and one of its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextClass {
    /// Indexes of the sets that match.
    pub(super) matched: Bits,
    /// A short member.
    pub(super) example: String,
}

/// All classes that satisfy the question, in an order that depends on the question alone.
///
/// If a set must match, one of its patterns does: the texts of one pattern after the other are looked at. For these,
/// sets with a pattern that covers it hold, patterns that cannot meet it do not matter, and often nothing is left.
pub(super) fn classes(question: &Question<'_>, meter: &mut Meter) -> Result<Vec<TextClass>, Spent> {
    let sets = |bits: &Bits| -> Vec<&Patterns> {
        (0..).zip(question.sets).filter(|(set, _)| bits.contains(*set)).map(|(_, set)| *set).collect()
    };
    let Some(seeds) = implied::seeds(&sets(&question.wanted), &sets(&question.banned), meter)? else {
        return closely(question, meter);
    };
    if seeds.len() > MANY
        && let Some(classes) = prefixes::classes(question, meter)?
    {
        return Ok(classes);
    }
    let most = question.most_classes();
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    for seed in seeds {
        for class in of_seed(question, seed, meter)? {
            if seen.insert(class.matched.clone()) {
                found.push(class);
            }
        }
        if found.len() >= most {
            break;
        }
    }
    Ok(found)
}

/// From so many patterns on it is worth while to see whether all patterns are simple ones.
const MANY: usize = 8;

/// The classes of the texts of one pattern, which a wanted set has.
fn of_seed(question: &Question<'_>, seed: &Pattern, meter: &mut Meter) -> Result<Vec<TextClass>, Spent> {
    let size = question.sets.len();
    let mut sure = Bits::none(size);
    let mut open: Vec<(usize, Patterns)> = Vec::new();
    meter.spend(1 + size)?;
    for (set, patterns) in question.sets.iter().enumerate() {
        if patterns.cover(seed) {
            if question.banned.contains(set) {
                return Ok(Vec::new());
            }
            sure.insert(set);
            continue;
        }
        let meeting = patterns.meeting(seed);
        meter.spend(meeting.len())?;
        if !meeting.is_empty() {
            open.push((set, Patterns::of(meeting)));
        } else if question.wanted.contains(set) {
            return Ok(Vec::new());
        }
    }
    if open.is_empty() {
        let example = follow(seed, "");
        meter.spend(1 + example.len() / 8)?;
        return Ok(vec![TextClass { matched: sure, example }]);
    }
    let only = Patterns::of([seed.clone()]);
    let sets: Vec<&Patterns> = std::iter::once(&only).chain(open.iter().map(|(_, set)| set)).collect();
    let (mut wanted, mut banned) = (Bits::none(sets.len()), Bits::none(sets.len()));
    wanted.insert(0);
    for (place, (set, _)) in (1..).zip(&open) {
        if question.wanted.contains(*set) {
            wanted.insert(place);
        } else if question.banned.contains(*set) {
            banned.insert(place);
        }
    }
    let mut found = closely(&Question { sets: &sets, wanted, banned }, meter)?;
    for class in &mut found {
        let mut matched = sure.clone();
        let inner = (1..).zip(&open).filter(|(place, _)| class.matched.contains(*place));
        inner.for_each(|(_, (set, _))| matched.insert(*set));
        class.matched = matched;
    }
    Ok(found)
}

/// The classes of a question, by the first way that serves.
fn closely(question: &Question<'_>, meter: &mut Meter) -> Result<Vec<TextClass>, Spent> {
    match guess(question, meter)? {
        Some(only) => Ok(vec![only]),
        None => match prefixes::classes(question, meter)? {
            Some(classes) => Ok(classes),
            None => Explorer::new(question).explore(meter),
        },
    }
}

/// Patterns of each wanted set that are tried as texts.
const TRIED: usize = 4;

/// The only class that a question with no free set can have, if a text that follows a wanted pattern is in it.
fn guess(question: &Question<'_>, meter: &mut Meter) -> Result<Option<TextClass>, Spent> {
    if question.most_classes() > 1 {
        return Ok(None);
    }
    let wanted = question.sets.iter().enumerate().filter(|(set, _)| question.wanted.contains(*set));
    let any_text = Pattern::literal("x", Case::Sensitive);
    let seeds = wanted.flat_map(|(_, patterns)| patterns.iter().take(TRIED)).chain([&any_text]);
    for pattern in seeds {
        for run in ["", "x"] {
            let text = follow(pattern, run);
            let mut matched = Bits::none(question.sets.len());
            for (set, patterns) in question.sets.iter().enumerate() {
                meter.spend(1 + patterns.len() / 4)?;
                if patterns.matches(&text) {
                    matched.insert(set);
                }
            }
            if question.admits(&matched) {
                meter.spend(text.len() / 8)?;
                return Ok(Some(TextClass { matched, example: text }));
            }
        }
    }
    Ok(None)
}

/// The pattern as a text, with `run` for each run.
fn follow(pattern: &Pattern, run: &str) -> String {
    let mut text = String::new();
    for token in pattern.tokens() {
        match token {
            Token::Char(c) => text.push(c),
            Token::One | Token::OneInSegment => text.push('x'),
            Token::Run | Token::RunInSegment => text.push_str(run),
        }
    }
    text
}

/// All classes of texts that the sets tell apart: the sets that match, by index, and a text; `None` when there are too
/// many to find in `budget` steps.
pub(in crate::solver) fn all_classes(sets: &[&Patterns], budget: u64) -> Option<Vec<(Vec<usize>, String)>> {
    let none = Bits::none(sets.len());
    let question = Question { sets, wanted: none.clone(), banned: none };
    let found = classes(&question, &mut Meter::new(budget)).ok()?;
    let plain = |class: TextClass| {
        ((0..sets.len()).filter(|set| class.matched.contains(*set)).collect(), class.example)
    };
    Some(found.into_iter().map(plain).collect())
}

impl Question<'_> {
    /// Whether the pattern of a wanted set is covered by one of a banned set: a text that it matches is in no class.
    fn is_useless(&self, set: u32, pattern: &Pattern) -> bool {
        let mut banned = self.sets.iter().enumerate().filter(|(other, _)| self.banned.contains(*other));
        self.wanted.contains(set as usize) && banned.any(|(_, patterns)| patterns.cover(pattern))
    }

    /// No more classes than this can exist.
    fn most_classes(&self) -> usize {
        let free = (0..self.sets.len())
            .filter(|set| !self.wanted.contains(*set) && !self.banned.contains(*set))
            .count();
        u32::try_from(free).ok().and_then(|free| 1_usize.checked_shl(free)).unwrap_or(usize::MAX)
    }

    /// Whether a text that matches just these sets is asked for.
    pub(super) fn admits(&self, matched: &Bits) -> bool {
        self.wanted.within(matched) && !self.banned.meets(matched)
    }
}

/// A place in a pattern.
#[derive(Clone, Copy)]
struct Cell {
    step: Step,
    /// The index of the pattern's set.
    set: u32,
    /// The first cell of the same pattern.
    first: u32,
    case: Case,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Take(Token),
    /// The end of the pattern: the text matches if it ends here.
    End,
    /// The set matches whatever follows.
    Always,
}

struct Explorer<'a> {
    question: &'a Question<'a>,
    cells: Vec<Cell>,
    /// From here on, `cells` has one `Always` for each set.
    always: u32,
    states: Vec<State>,
    places: Vec<u32>,
    heads: FxHashMap<u64, u32>,
    found: FxHashMap<Bits, ()>,
    classes: Vec<TextClass>,
    /// States that were kept and not yet looked at: how far they are from what must match, and their index.
    open: BinaryHeap<Reverse<(u32, u32)>>,
    /// By cell: how many characters at least are missing to the end of its pattern.
    missing: Vec<u32>,
    /// Scratch space for the state under construction.
    draft: Vec<u32>,
}

#[derive(Clone, Copy)]
struct State {
    start: u32,
    len: u32,
    parent: u32,
    by: char,
    next: u32,
}

const NONE: u32 = u32::MAX;

impl<'a> Explorer<'a> {
    fn new(question: &'a Question<'a>) -> Self {
        let mut cells = Vec::new();
        for (set, patterns) in (0..).zip(question.sets) {
            for pattern in patterns.iter().filter(|pattern| !question.is_useless(set, pattern)) {
                let first = as_place(cells.len());
                let cell = |step| Cell { step, set, first, case: pattern.case() };
                cells.extend(pattern.tokens().map(|token| cell(Step::Take(token))));
                cells.push(cell(Step::End));
            }
        }
        let always = as_place(cells.len());
        cells.extend((0..).zip(question.sets).map(|(set, _)| Cell {
            step: Step::Always,
            set,
            first: always,
            case: Case::Sensitive,
        }));
        let missing = missing(&cells);
        Self {
            question,
            open: BinaryHeap::new(),
            missing,
            cells,
            always,
            states: Vec::new(),
            places: Vec::new(),
            heads: FxHashMap::default(),
            found: FxHashMap::default(),
            classes: Vec::new(),
            draft: Vec::new(),
        }
    }

    fn explore(mut self, meter: &mut Meter) -> Result<Vec<TextClass>, Spent> {
        meter.spend(self.cells.len())?;
        self.start();
        self.keep(NONE, '\0', meter)?;
        let most = self.question.most_classes();
        while let Some(Reverse((_, index))) = self.open.pop() {
            let at = index as usize;
            let Some(state) = self.states.get(at).copied() else { break };
            self.record(at, state, meter)?;
            if self.classes.len() >= most {
                break;
            }
            for c in self.alphabet(state) {
                self.advance(state, c);
                meter.spend(2 + state.len as usize)?;
                self.keep(index, c, meter)?;
            }
        }
        Ok(self.classes)
    }

    fn places(&self, state: State) -> &[u32] {
        let start = state.start as usize;
        self.places.get(start..start + state.len as usize).unwrap_or_default()
    }

    fn cell(&self, place: u32) -> Cell {
        let outside = Cell { step: Step::End, set: NONE, first: NONE, case: Case::Sensitive };
        self.cells.get(place as usize).copied().unwrap_or(outside)
    }

    /// The state before the first character.
    fn start(&mut self) {
        self.draft.clear();
        let mut first = 0;
        while first < self.always {
            self.reach(first);
            first += 1;
            while first < self.always && self.cell(first).first != first {
                first += 1;
            }
        }
    }

    /// The state after one more character.
    fn advance(&mut self, state: State, c: char) {
        self.draft.clear();
        for index in 0..state.len {
            let Some(place) = self.places.get((state.start + index) as usize).copied() else { continue };
            let cell = self.cell(place);
            match cell.step {
                Step::Always => self.draft.push(place),
                Step::End => {}
                Step::Take(token) if accepts(token, cell.case, c) => {
                    let stays = matches!(token, Token::Run | Token::RunInSegment);
                    self.reach(if stays { place } else { place + 1 });
                }
                Step::Take(_) => {}
            }
        }
    }

    /// Adds a place, and those that are reached from it without a character.
    fn reach(&mut self, mut place: u32) {
        loop {
            let cell = self.cell(place);
            let behind = self.cell(place + 1);
            if cell.step == Step::Take(Token::Run) && behind.step == Step::End && behind.first == cell.first {
                self.draft.push(self.always + cell.set);
                return;
            }
            self.draft.push(place);
            if !matches!(cell.step, Step::Take(Token::Run | Token::RunInSegment)) {
                return;
            }
            place += 1;
        }
    }

    /// Brings the draft into its canonical form and keeps it, unless it is known or cannot lead to a wanted class.
    fn keep(&mut self, parent: u32, by: char, meter: &mut Meter) -> Result<(), Spent> {
        self.reduce();
        if !self.is_hopeful() {
            return Ok(());
        }
        let mut hasher = FxHasher::default();
        self.draft.iter().for_each(|place| hasher.write_u32(*place));
        let hash = hasher.finish();
        let first = self.heads.get(&hash).copied().unwrap_or(NONE);
        let mut at = first;
        while let Some(state) = self.states.get(at as usize).copied() {
            if self.places(state) == self.draft {
                return Ok(());
            }
            at = state.next;
        }
        meter.spend(8 + self.draft.len())?;
        let index = as_place(self.states.len());
        self.heads.insert(hash, index);
        self.open.push(Reverse((self.distance(), index)));
        let (start, len) = (as_place(self.places.len()), as_place(self.draft.len()));
        self.places.extend_from_slice(&self.draft);
        self.states.push(State { start, len, parent, by, next: first });
        Ok(())
    }

    /// Sorts the draft and drops the places that add nothing.
    fn reduce(&mut self) {
        let mut draft = std::mem::take(&mut self.draft);
        draft.sort_unstable();
        draft.dedup();
        let sure_from = draft.partition_point(|place| *place < self.always);
        let sure: Vec<u32> = draft.get(sure_from..).unwrap_or_default().to_vec();
        let mut run_of = NONE;
        let mut kept = Vec::with_capacity(draft.len());
        for place in draft.iter().rev().copied() {
            let cell = self.cell(place);
            let covered = match cell.step {
                Step::Always => false,
                _ => cell.first == run_of || sure.binary_search(&(self.always + cell.set)).is_ok(),
            };
            if covered {
                continue;
            }
            if cell.step == Step::Take(Token::Run) {
                run_of = cell.first;
            }
            kept.push(place);
        }
        kept.reverse();
        self.draft = kept;
    }

    /// Whether every wanted set may still match and no banned one matches for good.
    fn is_hopeful(&self) -> bool {
        let mut alive = Bits::none(self.question.sets.len());
        for place in &self.draft {
            let cell = self.cell(*place);
            if cell.step == Step::Always && self.question.banned.contains(cell.set as usize) {
                return false;
            }
            alive.insert(cell.set as usize);
        }
        self.question.wanted.within(&alive)
    }

    /// How many characters at least are missing until all wanted sets match.
    fn distance(&self) -> u32 {
        let mut nearest = vec![u32::MAX; self.question.sets.len()];
        for place in &self.draft {
            let (set, missing) = (self.cell(*place).set as usize, self.missing.get(*place as usize));
            if let (Some(slot), Some(missing)) = (nearest.get_mut(set), missing) {
                *slot = (*slot).min(*missing);
            }
        }
        let wanted = nearest.iter().enumerate().filter(|(set, _)| self.question.wanted.contains(*set));
        wanted.map(|(_, missing)| *missing).max().unwrap_or(0)
    }

    /// Records the class of the texts that end in this state.
    fn record(&mut self, at: usize, state: State, meter: &mut Meter) -> Result<(), Spent> {
        let mut matched = Bits::none(self.question.sets.len());
        for place in self.places(state) {
            let cell = self.cell(*place);
            if matches!(cell.step, Step::End | Step::Always) {
                matched.insert(cell.set as usize);
            }
        }
        if self.question.admits(&matched) && self.found.insert(matched.clone(), ()).is_none() {
            let example = self.text(at);
            meter.spend(1 + example.len())?;
            self.classes.push(TextClass { matched, example });
        }
        Ok(())
    }

    /// The text that led to a state first.
    fn text(&self, at: usize) -> String {
        let mut characters = Vec::new();
        let mut next = self.states.get(at);
        while let Some(state) = next.filter(|state| state.parent != NONE) {
            characters.push(state.by);
            next = self.states.get(state.parent as usize);
        }
        characters.iter().rev().collect()
    }

    /// One character of each class of characters that the state tells apart, readable ones first.
    fn alphabet(&self, state: State) -> Vec<char> {
        let mut known = Vec::new();
        for place in self.places(state) {
            let cell = self.cell(*place);
            match cell.step {
                Step::Take(Token::Char(c)) => {
                    known.push(c);
                    if cell.case == Case::Insensitive {
                        known.push(c.to_ascii_uppercase());
                    }
                }
                Step::Take(Token::OneInSegment | Token::RunInSegment) => known.push(':'),
                _ => {}
            }
        }
        known.sort_unstable_by_key(|c| (!c.is_ascii_alphanumeric(), c.is_ascii_uppercase(), *c));
        known.dedup();
        let other = unlike(|c| known.contains(&c));
        known.push(other);
        known
    }
}

/// By cell: the characters that the rest of its pattern takes at least.
fn missing(cells: &[Cell]) -> Vec<u32> {
    let mut behind = 0;
    let mut all: Vec<u32> = cells
        .iter()
        .rev()
        .map(|cell| {
            behind = match cell.step {
                Step::End | Step::Always => 0,
                Step::Take(Token::Run | Token::RunInSegment) => behind,
                Step::Take(_) => behind + 1,
            };
            behind
        })
        .collect();
    all.reverse();
    all
}

/// Whether `token` takes `c`; [`Pattern::accepts`] without a pattern at hand.
fn accepts(token: Token, case: Case, c: char) -> bool {
    match token {
        Token::Char(own) => own == c || (case == Case::Insensitive && own == c.to_ascii_lowercase()),
        Token::One | Token::Run => true,
        Token::OneInSegment | Token::RunInSegment => c != ':',
    }
}

/// A readable character that `taken` does not hold for.
pub(super) fn unlike(taken: impl Fn(char) -> bool) -> char {
    let readable = "xabcdefghijklmnopqrstuvwyz0123456789XABCDEFGHIJKLMNOPQRSTUVWYZ-_./".chars();
    let others = ('\u{a1}'..=char::MAX).filter(|c| *c != ':');
    readable.chain(others).find(|c| !taken(*c)).unwrap_or('x')
}

/// The sets of patterns as plain patterns, for those who test them one by one.
pub(super) fn all_patterns<'a>(sets: &'a [&'a Patterns]) -> impl Iterator<Item = (usize, &'a Pattern)> {
    sets.iter().enumerate().flat_map(|(set, patterns)| patterns.iter().map(move |pattern| (set, pattern)))
}

/// Numbers of cells and states stay far below 2³²: the budget ends first.
fn as_place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
