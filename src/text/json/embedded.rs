//! JSON inside string values, plain or percent-encoded, with all places mapped back to the outer file.

use super::super::decoded::{AnchorBuilder, Place, Text};
use super::super::problem::Problem;
use super::super::span::Span;
use super::super::tree::Tree;
use super::parser::{EMBEDDED, Session, Shared, Source};

/// How a document was written into a string value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoding {
    /// As it is.
    Plain,
    /// Percent-encoded as in RFC 3986, the form in which the IAM API answers with policy documents. A `+` stands for
    /// itself. Text that begins with `{` or `[` is taken as it is: tools differ in whether they have decoded it.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>
    UrlEncoded,
    /// With each quote and backslash escaped by a backslash once more, as API Gateway answers.
    ///
    /// <https://docs.aws.amazon.com/cli/latest/reference/apigateway/get-rest-api.html>
    Escaped,
}

/// See [`parse_embedded`](super::parse_embedded).
pub(super) fn parse(
    outer: &Text,
    own: Span,
    decoding: Decoding,
    problems: &mut Vec<Problem>,
) -> Option<Tree> {
    let place = Place::of(outer, own);
    let mut shared = Shared::default();
    let mut session = Session::new(&mut shared, problems);
    let text = outer.as_str();
    let tree = if decoding == Decoding::Escaped {
        let (decoded, builder) = unescape(text, place);
        let anchors = builder.into_anchors();
        session.document(&Source::new(own.file, &decoded, Place::Decoded(&anchors), EMBEDDED))
    } else if decoding == Decoding::Plain || is_bare_json(text) {
        session.document(&Source::new(own.file, text, place, EMBEDDED))
    } else {
        match percent_decode(text, place) {
            Ok((decoded, builder)) => {
                let anchors = builder.into_anchors();
                let place = Place::Decoded(&anchors);
                session.document(&Source::new(own.file, &decoded, place, EMBEDDED))
            }
            Err((at, len)) => {
                let source = Source::new(own.file, text, place, EMBEDDED);
                session.report(bad_percent(text, at).at(source.span(at, at + len)));
                None
            }
        }
    };
    session.close(own);
    tree
}

fn is_bare_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn bad_percent(text: &str, at: usize) -> Problem {
    let is_escape =
        matches!(text.as_bytes().get(at + 1..at + 3), Some([a, b]) if hex(*a).is_some() && hex(*b).is_some());
    let problem = if is_escape {
        Problem::error("json-encoding", "the percent-encoded document is not valid UTF-8")
    } else {
        let message = "`%` in a percent-encoded document is not followed by two hexadecimal digits";
        Problem::error("json-encoding", message)
    };
    problem.help("copy the document again as the API returned it; a literal percent sign is written `%25`")
}

/// The decoded text with its anchors, or the range (offset, length) that cannot be decoded.
fn percent_decode<'t>(text: &str, place: Place<'t>) -> Result<(String, AnchorBuilder<'t>), (usize, usize)> {
    let mut builder = AnchorBuilder::new(place);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut at = 0;
    while !rest.is_empty() {
        let verbatim = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
        let (run, tail) = rest.split_at(verbatim);
        builder.run(at, at + verbatim, bytes.len());
        bytes.extend_from_slice(run);
        at += verbatim;
        rest = tail;
        if let [b'%', tail @ ..] = rest {
            let [high, low, tail @ ..] = tail else { return Err((at, rest.len())) };
            let (Some(high), Some(low)) = (hex(*high), hex(*low)) else { return Err((at, 1)) };
            bytes.push(high << 4 | low);
            at += 3;
            rest = tail;
        }
    }
    builder.run(at, at, bytes.len());
    match String::from_utf8(bytes) {
        Ok(decoded) => Ok((decoded, builder)),
        Err(fault) => Err((encoded_offset(text, fault.utf8_error().valid_up_to()), 3)),
    }
}

/// The text with each backslash before a quote, a slash or a backslash left out.
fn unescape<'t>(text: &str, place: Place<'t>) -> (String, AnchorBuilder<'t>) {
    let mut builder = AnchorBuilder::new(place);
    let mut decoded = String::with_capacity(text.len());
    let mut start = 0;
    let mut skip = None;
    for (at, c) in text.match_indices('\\') {
        let stands_for = text.get(at + c.len()..).is_some_and(|rest| rest.starts_with(['"', '/', '\\']));
        if !stands_for || skip == Some(at) {
            continue;
        }
        builder.run(start, at, decoded.len());
        decoded.push_str(text.get(start..at).unwrap_or_default());
        start = at + c.len();
        skip = Some(start);
    }
    builder.run(start, text.len(), decoded.len());
    decoded.push_str(text.get(start..).unwrap_or_default());
    (decoded, builder)
}

/// Where the decoded byte `wanted` begins in the encoded text.
fn encoded_offset(text: &str, wanted: usize) -> usize {
    let mut at = 0;
    for _ in 0..wanted {
        at += if text.as_bytes().get(at) == Some(&b'%') { 3 } else { 1 };
    }
    at
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
