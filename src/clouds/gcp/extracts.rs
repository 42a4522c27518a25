//! `extract` as a formula: which texts have a part that compares as a condition wants.
//!
//! A template takes what stands between the first place of its beginning and the next place of its end
//! (<https://cloud.google.com/iam/docs/conditions-attribute-reference#extract>). Patterns cannot say of several places
//! which is the first. They need not where the text starts with the beginning, where the beginning stands in it once,
//! and where it stands behind one of the `starts` that are known. What remains are texts that have the beginning twice
//! or more, all of them behind something else; and, if the end of the part matters, those that have the end twice. There
//! the formula holds at most where some of the places compares, and the rest is open.

use super::ast::{Comparison, Template};
use super::conditions::{Piece, around, compares};
use crate::logic::Formula;

/// A comparison of what a template takes out.
pub(super) struct Extract<'a> {
    pub(super) template: &'a Template,
    pub(super) comparison: Comparison,
    pub(super) text: &'a str,
    /// What may stand before the beginning, the empty text among it.
    pub(super) starts: &'a [&'a str],
    /// The formula of the texts that consist of these pieces.
    pub(super) texts: &'a dyn Fn(&[Piece<'_>]) -> Formula,
    /// What remains open goes by this name.
    pub(super) id: String,
}

use Piece::{Anything, Literal};

impl Extract<'_> {
    /// The texts of which it holds.
    pub(super) fn holds(&self) -> Formula {
        let before = Literal(&self.template.before);
        let mut known = Formula::False;
        let mut holds = Formula::False;
        for start in self.starts.iter().filter(|start| self.is_first_behind(start)) {
            let head = [Literal(start), before];
            let here = self.of(&head, &[Anything]);
            holds = holds.or(here.clone().and(self.taken(&head)));
            known = known.or(here);
        }
        let head = [Anything, before];
        let somewhere = self.of(&head, &[Anything]);
        let several = self.several(&[], &self.template.before);
        let elsewhere = somewhere.clone().and(known.not());
        let once = elsewhere.clone().and(several.clone().not()).and(self.taken(&head));
        let (possible, nothing) = match self.takes_nothing() {
            true => (Formula::True, somewhere.not()),
            false => (self.possible(&head), Formula::False),
        };
        let open = elsewhere.and(several).and(possible).and(self.open("begin"));
        Formula::any([holds, once, open, nothing])
    }

    fn is_first_behind(&self, start: &str) -> bool {
        format!("{start}{}", self.template.before).find(&self.template.before) == Some(start.len())
    }

    /// Whether the comparison holds where nothing is taken out.
    fn takes_nothing(&self) -> bool {
        compares("", self.comparison, self.text)
    }

    fn open(&self, what: &str) -> Formula {
        Formula::opaque(format!("{} {what}", self.id))
    }

    /// The texts that begin with `head` and go on with `rest`.
    fn of(&self, head: &[Piece<'_>], rest: &[Piece<'_>]) -> Formula {
        (self.texts)(&[head, rest].concat())
    }

    /// The texts with several places of `word` behind `head`, which may overlap.
    fn several(&self, head: &[Piece<'_>], word: &str) -> Formula {
        if word.is_empty() {
            return Formula::False;
        }
        let apart = self.of(head, &[Anything, Literal(word), Anything, Literal(word), Anything]);
        let tails = word.char_indices().skip(1).filter_map(|(at, _)| word.get(at..));
        let more = tails.filter_map(|tail| word.strip_prefix(tail));
        let overlapping = more.map(|more| self.of(head, &[Anything, Literal(word), Literal(more), Anything]));
        apart.or(Formula::any(overlapping))
    }

    /// Where the comparison holds if the part begins behind `head`.
    fn taken(&self, head: &[Piece<'_>]) -> Formula {
        let after = self.template.after.as_str();
        if after.is_empty() {
            return self.of(head, &around(self.comparison, self.text));
        }
        let ended = self.of(head, &[Anything, Literal(after), Anything]);
        let nothing = if self.takes_nothing() { ended.clone().not() } else { Formula::False };
        nothing.or(match self.comparison {
            Comparison::AtLeast(count) => {
                let too_early =
                    (0..count).map(|at| self.of(head, &[Piece::Some(at), Literal(after), Anything]));
                ended.and(Formula::any(too_early).not())
            }
            // The end comes no earlier than behind the whole of the text.
            Comparison::Equals if format!("{}{after}", self.text).find(after) != Some(self.text.len()) => {
                Formula::False
            }
            Comparison::Equals => self.possible(head),
            // Every text begins and ends with nothing.
            _ if self.text.is_empty() => ended,
            _ if self.text.contains(after) => Formula::False,
            Comparison::StartsWith => self.possible(head).and(self.ends_inside(head).not()),
            Comparison::EndsWith | Comparison::Contains => {
                let several = self.several(head, after);
                let id = self.open("end");
                self.possible(head).and(several.not().or(id))
            }
        })
    }

    /// What stands behind begins inside of the text that the part would begin with.
    fn ends_inside(&self, head: &[Piece<'_>]) -> Formula {
        let after = self.template.after.as_str();
        let splits = after.char_indices().skip(1).filter_map(|(at, _)| after.split_at_checked(at));
        let splits = splits.filter(|(start, _)| self.text.ends_with(start));
        Formula::any(splits.map(|(_, tail)| self.of(head, &[Literal(self.text), Literal(tail), Anything])))
    }

    /// The texts in which some place behind `head` compares, be it the first or not.
    fn possible(&self, head: &[Piece<'_>]) -> Formula {
        let mut rest = around(self.comparison, self.text);
        if !self.template.after.is_empty() {
            rest.extend([Literal(&self.template.after), Anything]);
        }
        self.of(head, &rest)
    }
}

/// What a template takes out of a constant text.
pub(super) fn taken_from<'t>(text: &'t str, template: &Template) -> &'t str {
    let Some((_, rest)) = text.split_once(template.before.as_str()) else { return "" };
    if template.after.is_empty() {
        return rest;
    }
    rest.split_once(template.after.as_str()).map_or("", |(taken, _)| taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::gcp::conditions::pattern;
    use crate::logic::{Assignment, Attribute, Patterns};

    /// All texts of up to seven letters of two.
    fn all_texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..7 {
            last = last.iter().flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    fn is_several(text: &str, word: &str) -> bool {
        !word.is_empty() && text.find(word) != text.rfind(word)
    }

    #[test]
    fn the_formula_says_of_every_text_what_is_taken_out() {
        let attribute = Attribute::text("t");
        let texts =
            |pieces: &[Piece<'_>]| Formula::matches(attribute.clone(), Patterns::of([pattern("", pieces)]));
        let wanted = ["", "a", "b", "ab", "ba", "aa"];
        let by_text =
            [Comparison::Equals, Comparison::StartsWith, Comparison::EndsWith, Comparison::Contains];
        let mut comparisons: Vec<(Comparison, &str)> =
            by_text.into_iter().flat_map(|comparison| wanted.map(|text| (comparison, text))).collect();
        comparisons.extend((0..4).map(|count| (Comparison::AtLeast(count), "")));
        let mut open = 0;
        let all = all_texts();
        for before in ["", "a", "ab", "aa", "aba"] {
            for after in ["", "b", "ba", "aa"] {
                let template = Template { before: before.to_owned(), after: after.to_owned() };
                for (comparison, text) in &comparisons {
                    let starts = &["", "ab"];
                    let (template, comparison, id) = (&template, *comparison, String::new());
                    let formula = Extract { template, comparison, text, starts, texts: &texts, id }.holds();
                    for own in &all {
                        let assignment = Assignment::new().with_text(attribute.clone(), own.clone());
                        let taken = taken_from(own, template);
                        let place = own.find(before);
                        let is_known = place == Some(0) || place == Some(2) && own.starts_with("ab");
                        let rest = place.and_then(|at| own.get(at + before.len()..)).unwrap_or_default();
                        let from_end = matches!(comparison, Comparison::EndsWith | Comparison::Contains);
                        match formula.evaluate(&assignment) {
                            Some(holds) => {
                                let compares = compares(taken, comparison, text);
                                assert_eq!(holds, compares, "{own} {template:?} {comparison:?} {text}");
                            }
                            None => {
                                open += 1;
                                let several = is_several(own, before) && !is_known;
                                assert!(
                                    several || from_end && is_several(rest, after),
                                    "{own} {template:?} {comparison:?} {text}"
                                );
                            }
                        }
                    }
                }
            }
        }
        let asked = all.len() * 20 * comparisons.len();
        assert!(open * 10 < asked, "{open} of {asked} are open");
    }
}
