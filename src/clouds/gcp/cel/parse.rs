//! From tokens to a tree: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>. Macros are known
//! here; what functions mean is not.

use super::lex::{self, Piece, Token};
use super::syntax::{Each, EachKind, Expr, ExprKind, Sign};
use super::value::Value;

/// Longer expressions are refused; the service accepts far shorter ones.
pub const MAX_LENGTH: usize = 8 * 1024;
/// Deeper trees are refused, and deeper nesting of brackets.
pub const MAX_DEPTH: usize = 96;

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The byte where it was seen.
    pub at: usize,
}

/// Words that are no names.
const RESERVED: [&str; 18] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The expression that a text is.
pub fn parse(source: &str) -> Result<Expr, SyntaxError> {
    if source.len() > MAX_LENGTH {
        return Err(SyntaxError { message: "the expression is too long".to_owned(), at: MAX_LENGTH });
    }
    let pieces = lex::tokens(source)?;
    let mut parser = Parser { pieces: &pieces, at: 0, nesting: 0, length: source.len() };
    let whole = parser.choice()?;
    if parser.at < pieces.len() {
        return Err(parser.wrong("an operator or the end was expected"));
    }
    Ok(whole)
}

struct Parser<'a> {
    pieces: &'a [Piece],
    at: usize,
    nesting: usize,
    length: usize,
}

type Parsed = Result<Expr, SyntaxError>;

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.pieces.get(self.at).map(|piece| &piece.token)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(own)) if *own == sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(own)) if own == word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.take(sign) { Ok(()) } else { Err(self.wrong(&format!("`{sign}` was expected"))) }
    }

    fn start(&self) -> usize {
        self.pieces.get(self.at).map_or(self.length, |piece| piece.start)
    }

    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.pieces.get(at)).map_or(0, |piece| piece.end)
    }

    fn wrong(&self, message: &str) -> SyntaxError {
        SyntaxError { message: message.to_owned(), at: self.start() }
    }

    fn node(&self, kind: ExprKind, start: usize) -> Parsed {
        let depth = 1 + below(&kind);
        if depth > MAX_DEPTH {
            return Err(SyntaxError { message: "the expression is nested too deeply".to_owned(), at: start });
        }
        Ok(Expr { kind, start, end: self.end(), depth })
    }

    /// Reads a part inside of brackets or after a sign in front.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.nesting += 1;
        let result = if self.nesting <= MAX_DEPTH {
            read(self)
        } else {
            Err(self.wrong("the expression is nested too deeply"))
        };
        self.nesting -= 1;
        result
    }

    fn choice(&mut self) -> Parsed {
        let condition = self.chain("||", Self::conjunction, ExprKind::Or)?;
        if !self.take("?") {
            return Ok(condition);
        }
        let start = condition.start;
        let then = self.nested(|parser| parser.chain("||", Self::conjunction, ExprKind::Or))?;
        self.expect(":")?;
        let otherwise = self.nested(Self::choice)?;
        self.node(ExprKind::Choice(Box::new(condition), Box::new(then), Box::new(otherwise)), start)
    }

    fn conjunction(&mut self) -> Parsed {
        self.chain("&&", Self::relation, ExprKind::And)
    }

    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Parsed,
        join: fn(Vec<Expr>) -> ExprKind,
    ) -> Parsed {
        let first = part(self)?;
        let start = first.start;
        let mut parts = vec![first];
        while self.take(sign) {
            parts.push(part(self)?);
        }
        match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                parts.extend(last);
                self.node(join(parts), start)
            }
        }
    }

    fn relation(&mut self) -> Parsed {
        let signs = [
            ("==", Sign::Equal),
            ("!=", Sign::NotEqual),
            ("<=", Sign::AtMost),
            (">=", Sign::AtLeast),
            ("<", Sign::Less),
            (">", Sign::Greater),
        ];
        let mut left = self.sum()?;
        loop {
            let sign = signs.into_iter().find(|(text, _)| self.take(text)).map(|(_, sign)| sign);
            let Some(sign) = sign.or_else(|| self.take_word("in").then_some(Sign::In)) else {
                return Ok(left);
            };
            left = self.binary(sign, left, Self::sum)?;
        }
    }

    fn sum(&mut self) -> Parsed {
        self.operators(&[("+", Sign::Add), ("-", Sign::Subtract)], Self::product)
    }

    fn product(&mut self) -> Parsed {
        let signs = [("*", Sign::Multiply), ("/", Sign::Divide), ("%", Sign::Modulo)];
        self.operators(&signs, Self::signed)
    }

    fn operators(&mut self, signs: &[(&str, Sign)], part: fn(&mut Self) -> Parsed) -> Parsed {
        let mut left = part(self)?;
        while let Some((_, sign)) = signs.iter().find(|(text, _)| self.take(text)) {
            left = self.binary(*sign, left, part)?;
        }
        Ok(left)
    }

    fn binary(&mut self, sign: Sign, left: Expr, part: fn(&mut Self) -> Parsed) -> Parsed {
        let (start, right) = (left.start, part(self)?);
        self.node(ExprKind::Binary(sign, Box::new(left), Box::new(right)), start)
    }

    /// `!`, `-`, and what follows.
    fn signed(&mut self) -> Parsed {
        let start = self.start();
        if self.take("!") {
            let inner = self.nested(Self::signed)?;
            return self.node(ExprKind::Not(Box::new(inner)), start);
        }
        if !self.take("-") {
            return self.member();
        }
        let negative = match self.peek() {
            Some(Token::Int(value)) => Some(0i64.checked_sub_unsigned(*value).map(Value::Int)),
            Some(Token::Double(value)) => Some(Some(Value::Double(-value))),
            _ => None,
        };
        match negative {
            Some(Some(value)) => {
                self.at += 1;
                let literal = self.node(ExprKind::Literal(value), start)?;
                self.members(literal)
            }
            Some(None) => Err(self.wrong("the number is too small")),
            None => {
                let inner = self.nested(Self::signed)?;
                self.node(ExprKind::Minus(Box::new(inner)), start)
            }
        }
    }

    fn member(&mut self) -> Parsed {
        let primary = self.primary()?;
        self.members(primary)
    }

    /// Fields, calls and indices after an operand.
    fn members(&mut self, mut operand: Expr) -> Parsed {
        loop {
            let start = operand.start;
            if self.take(".") {
                let (name, quoted) = self.field()?;
                operand = if !quoted && self.take("(") {
                    let arguments = self.arguments(")")?;
                    self.call(Some(operand), name, arguments, start)?
                } else {
                    self.node(ExprKind::Select(Box::new(operand), name), start)?
                };
            } else if self.take("[") {
                let index = self.nested(Self::choice)?;
                self.expect("]")?;
                operand = self.node(ExprKind::Index(Box::new(operand), Box::new(index)), start)?;
            } else if matches!(self.peek(), Some(Token::Sign("{"))) && operand.path().is_some() {
                self.at += 1;
                operand = self.message(operand)?;
            } else {
                return Ok(operand);
            }
        }
    }

    /// The name after a dot; words of the language other than its literals are fine there.
    fn field(&mut self) -> Result<(String, bool), SyntaxError> {
        let name = match self.peek() {
            Some(Token::Word(word)) if !["true", "false", "null", "in"].contains(&word.as_str()) => {
                Some((word.clone(), false))
            }
            Some(Token::Quoted(name)) => Some((name.clone(), true)),
            _ => None,
        };
        self.at += usize::from(name.is_some());
        name.ok_or_else(|| self.wrong("the name of a field was expected"))
    }

    /// The fields of a message, which are checked for their form only.
    fn message(&mut self, name: Expr) -> Parsed {
        let start = name.start;
        while !self.take("}") {
            self.field()?;
            self.expect(":")?;
            self.nested(Self::choice)?;
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        self.node(ExprKind::Message(name.path().unwrap_or_default()), start)
    }

    fn primary(&mut self) -> Parsed {
        let start = self.start();
        let Some(token) = self.peek().cloned() else { return Err(self.wrong("an operand was expected")) };
        self.at += 1;
        let literal = match token {
            Token::Text(text) => Value::String(text),
            Token::Bytes(bytes) => Value::Bytes(bytes),
            Token::Uint(value) => Value::Uint(value),
            Token::Double(value) => Value::Double(value),
            Token::Int(value) => match i64::try_from(value) {
                Ok(value) => Value::Int(value),
                Err(_) => return Err(self.wrong("the number is too large")),
            },
            Token::Word(word) => return self.word(word, start),
            Token::Sign("(") => {
                let mut inner = self.nested(Self::choice)?;
                self.expect(")")?;
                (inner.start, inner.end) = (start, self.end());
                return Ok(inner);
            }
            Token::Sign("[") => {
                let items = self.arguments("]")?;
                return self.node(ExprKind::List(items), start);
            }
            Token::Sign("{") => return self.map(start),
            Token::Sign(".") => {
                let (name, _) = self.field()?;
                return self.name(format!(".{name}"), start);
            }
            Token::Sign(_) | Token::Quoted(_) => {
                self.at -= 1;
                return Err(self.wrong("an operand was expected"));
            }
        };
        self.node(ExprKind::Literal(literal), start)
    }

    fn word(&mut self, word: String, start: usize) -> Parsed {
        let literal = match word.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            word if RESERVED.contains(&word) => return Err(self.wrong("a word of the language is no name")),
            _ => return self.name(word, start),
        };
        self.node(ExprKind::Literal(literal), start)
    }

    fn name(&mut self, name: String, start: usize) -> Parsed {
        if self.take("(") {
            let arguments = self.arguments(")")?;
            return self.call(None, name, arguments, start);
        }
        self.node(ExprKind::Name(name), start)
    }

    /// Expressions up to a closing bracket. A list may end in a comma, arguments may not.
    fn arguments(&mut self, close: &str) -> Result<Vec<Expr>, SyntaxError> {
        let mut items = Vec::new();
        loop {
            if (items.is_empty() || close == "]") && self.take(close) {
                return Ok(items);
            }
            items.push(self.nested(Self::choice)?);
            if self.take(close) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    fn map(&mut self, start: usize) -> Parsed {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.nested(Self::choice)?;
            self.expect(":")?;
            entries.push((key, self.nested(Self::choice)?));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        self.node(ExprKind::Map(entries), start)
    }

    /// A call, or the macro that it is.
    fn call(&mut self, target: Option<Expr>, name: String, mut arguments: Vec<Expr>, start: usize) -> Parsed {
        match (target, each(&name, arguments.len())) {
            (None, _) if name == "has" && arguments.len() == 1 => match arguments.pop().map(|one| one.kind) {
                Some(ExprKind::Select(operand, field)) => self.node(ExprKind::Has(operand, field), start),
                _ => Err(SyntaxError { message: "`has` takes a field".to_owned(), at: start }),
            },
            (Some(range), Some(kind)) => self.each(kind, range, arguments, start),
            (target, _) => self.node(ExprKind::Call(target.map(Box::new), name, arguments), start),
        }
    }

    fn each(&self, kind: EachKind, range: Expr, arguments: Vec<Expr>, start: usize) -> Parsed {
        let mut arguments = arguments.into_iter();
        let variable = match arguments.next().map(|first| first.kind) {
            Some(ExprKind::Name(name)) if !name.starts_with('.') => name,
            _ => {
                let message = "the first argument of a macro is a simple name".to_owned();
                return Err(SyntaxError { message, at: start });
            }
        };
        let (first, second) = (arguments.next(), arguments.next());
        let (filter, body) = match (first, second) {
            (Some(filter), Some(body)) => (Some(filter), body),
            (Some(body), None) => (None, body),
            (None, _) => return Err(self.wrong("the macro lacks an argument")),
        };
        self.node(ExprKind::Each(Box::new(Each { kind, range, variable, filter, body })), start)
    }
}

fn each(name: &str, arguments: usize) -> Option<EachKind> {
    match (name, arguments) {
        ("all", 2) => Some(EachKind::All),
        ("exists", 2) => Some(EachKind::Exists),
        ("exists_one" | "existsOne", 2) => Some(EachKind::ExistsOne),
        ("map", 2 | 3) => Some(EachKind::Map),
        ("filter", 2) => Some(EachKind::Filter),
        _ => None,
    }
}

/// The depth of the deepest part.
fn below(kind: &ExprKind) -> usize {
    let deepest = |parts: &[Expr]| parts.iter().map(|part| part.depth).max().unwrap_or(0);
    match kind {
        ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Message(_) => 0,
        ExprKind::Select(one, _) | ExprKind::Has(one, _) | ExprKind::Not(one) | ExprKind::Minus(one) => {
            one.depth
        }
        ExprKind::Index(left, right) | ExprKind::Binary(_, left, right) => left.depth.max(right.depth),
        ExprKind::Call(target, _, arguments) => {
            target.as_ref().map_or(0, |target| target.depth).max(deepest(arguments))
        }
        ExprKind::List(parts) | ExprKind::And(parts) | ExprKind::Or(parts) => deepest(parts),
        ExprKind::Map(entries) => {
            entries.iter().map(|(key, value)| key.depth.max(value.depth)).max().unwrap_or(0)
        }
        ExprKind::Choice(condition, then, otherwise) => condition.depth.max(then.depth).max(otherwise.depth),
        ExprKind::Each(each) => {
            let filter = each.filter.as_ref().map_or(0, |filter| filter.depth);
            each.range.depth.max(each.body.depth).max(filter)
        }
    }
}
