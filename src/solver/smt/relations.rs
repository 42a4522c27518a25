//! Relations between texts in scripts: patterns with references.

use super::patterns::{quoted, wild};
use super::{Writer, all_of, joined};
use crate::logic::{Attribute, Case, Kind, Part, Template, Token};

/// Relations between texts.
impl Writer {
    /// That a text matches a pattern with references. Where the pattern's runs can be said by beginning, end and
    /// length, the encoding is exact both ways; otherwise each wildcard is a text of its own that must exist, which
    /// says the right thing only where the relation is asserted, not where it is denied.
    pub(super) fn related(&mut self, text: &Template, pattern: &Template, asserted: bool) -> Option<String> {
        let folds = |template: &Template| template.case() == Case::Insensitive;
        if folds(text) || folds(pattern) || text.references().chain(pattern.references()).any(is_no_text) {
            return None;
        }
        let mut conditions = Vec::new();
        for attribute in text.references().chain(pattern.references()) {
            conditions.extend(self.constant(attribute).present);
        }
        let pieces = self.pieces(text)?;
        if pieces.iter().any(|piece| matches!(piece, Piece::Wild(_))) {
            return Some("false".to_owned());
        }
        let subject = concat(&pieces);
        let pieces = self.pieces(pattern)?;
        match exact(&subject, &pieces) {
            Some(parts) => conditions.extend(parts),
            None if asserted => conditions.extend(self.with_fresh_runs(&subject, &pieces)),
            None => return None,
        }
        Some(all_of(conditions))
    }

    fn pieces(&mut self, template: &Template) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut fixed = String::new();
        for part in template.parts() {
            match part {
                Part::Reference(attribute) => {
                    close(&mut fixed, &mut pieces)?;
                    pieces.push(Piece::Term(self.constant(attribute).name));
                }
                Part::Tokens(tokens) => {
                    for token in tokens.iter() {
                        if let Token::Char(c) = token {
                            fixed.push(*c);
                        } else {
                            close(&mut fixed, &mut pieces)?;
                            pieces.push(Piece::Wild(*token));
                        }
                    }
                }
            }
        }
        close(&mut fixed, &mut pieces)?;
        Some(pieces)
    }

    fn with_fresh_runs(&mut self, subject: &str, pieces: &[Piece]) -> Vec<String> {
        let mut conditions = Vec::new();
        let mut terms = Vec::new();
        for piece in pieces {
            let Piece::Wild(token) = piece else {
                terms.push(piece.clone());
                continue;
            };
            let name = self.fresh_text();
            if *token != Token::Run {
                conditions.push(format!("(str.in_re {name} {})", wild(*token)));
            }
            terms.push(Piece::Term(name));
        }
        conditions.push(format!("(= {subject} {})", concat(&terms)));
        conditions
    }
}

fn is_no_text(attribute: &Attribute) -> bool {
    attribute.kind() != Kind::Text
}

/// A piece of a template as a term.
#[derive(Clone, Debug)]
enum Piece {
    Term(String),
    Wild(Token),
}

fn close(fixed: &mut String, pieces: &mut Vec<Piece>) -> Option<()> {
    if !fixed.is_empty() {
        pieces.push(Piece::Term(quoted(&std::mem::take(fixed))?));
    }
    Some(())
}

fn concat(pieces: &[Piece]) -> String {
    let terms = pieces
        .iter()
        .filter_map(|piece| if let Piece::Term(term) = piece { Some(term.clone()) } else { None });
    joined("str.++", "\"\"", terms.collect())
}

/// The relation without fresh texts, where the pattern is fixed, `A*B` or `*A*`.
fn exact(subject: &str, pieces: &[Piece]) -> Option<Vec<String>> {
    let runs: Vec<usize> = pieces
        .iter()
        .enumerate()
        .filter_map(|(index, piece)| if let Piece::Wild(_) = piece { Some(index) } else { None })
        .collect();
    if pieces.iter().any(|piece| matches!(piece, Piece::Wild(token) if *token != Token::Run)) {
        return None;
    }
    match runs.as_slice() {
        [] => Some(vec![format!("(= {subject} {})", concat(pieces))]),
        [run] => {
            let (before, after) = pieces.split_at_checked(*run)?;
            let (before, after) = (concat(before), concat(after));
            Some(vec![
                format!("(str.prefixof {before} {subject})"),
                format!("(str.suffixof {after} {subject})"),
                format!("(>= (str.len {subject}) (+ (str.len {before}) (str.len {after})))"),
            ])
        }
        [0, last] if *last + 1 == pieces.len() => {
            Some(vec![format!("(str.contains {subject} {})", concat(pieces))])
        }
        _ => None,
    }
}
