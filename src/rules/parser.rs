//! Tokens to a tree, by precedence: `||` < `&&` < comparison < `!` < `.method()`, as in CEL.
//!
//! Written by hand so that one run reports every mistake: after an error the parser skips to the
//! next `&&`, `||`, `,` or closing bracket and goes on. What could not be read is
//! [`Form::Broken`], which the checker passes over. Rejected: parser generators; none gives these
//! spans and messages for a grammar this small.

use super::lexer::{Spanned, Token, lex};
use super::problem::Problem;
use super::{MAX_DEPTH, MAX_LIST};
use std::ops::Range;

/// A piece of a condition as written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub form: Form,
    pub span: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Form {
    Boolean(bool),
    /// Digits with at most one point, and a sign.
    Number(String),
    Text(String),
    /// A field's name, part by part.
    Name(Vec<String>),
    List(Vec<Node>),
    /// `function(..)`.
    Call(String, Vec<Node>),
    /// `target.method(..)`.
    Method(Box<Node>, String, Vec<Node>),
    Not(Box<Node>),
    /// Two or more, joined by `&&`.
    And(Vec<Node>),
    /// Two or more, joined by `||`.
    Or(Vec<Node>),
    Relation(Relation, Box<Node>, Box<Node>),
    /// Reported already.
    Broken,
}

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Compare(super::expr::Comparison),
    In,
}

const OR: u8 = 1;
const AND: u8 = 2;
const RELATION: u8 = 3;

/// Parses a whole condition, reporting everything unreadable in it.
pub(super) fn parse(text: &str) -> (Node, Vec<(Problem, Range<usize>)>) {
    let (tokens, problems) = lex(text);
    let mut parser = Parser { tokens, at: 0, depth: 0, gave_up: false, problems };
    if parser.peek() == &Token::End && parser.problems.is_empty() {
        parser.problems.push((Problem::Empty, 0..text.len()));
        return (Node { form: Form::Broken, span: 0..text.len() }, parser.problems);
    }
    let first = parser.expression(OR);
    let mut more = Vec::new();
    while parser.peek() != &Token::End {
        parser.expected("`&&`, `||` or the end");
        more.extend(parser.continue_after_error());
    }
    if more.is_empty() {
        return (first, parser.problems);
    }
    more.insert(0, first);
    (Node { form: Form::And(more), span: 0..text.len() }, parser.problems)
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    depth: usize,
    gave_up: bool,
    problems: Vec<(Problem, Range<usize>)>,
}

const END: &Spanned = &Spanned { token: Token::End, span: 0..0 };

impl Parser {
    fn current(&self) -> &Spanned {
        self.tokens.get(self.at).or_else(|| self.tokens.last()).unwrap_or(END)
    }

    fn peek(&self) -> &Token {
        &self.current().token
    }

    fn peek_after(&self, count: usize) -> Option<&Token> {
        self.tokens.get(self.at + count).map(|spanned| &spanned.token)
    }

    /// Takes the current token; the end is never passed.
    fn bump(&mut self) -> Spanned {
        let taken = self.current().clone();
        if taken.token != Token::End {
            self.at += 1;
        }
        taken
    }

    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == &Token::Symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn node(&self, form: Form, start: usize) -> Node {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let end = before.map_or(start, |token| token.span.end.max(start));
        Node { form, span: start..end }
    }

    /// Reports the current token as not what belongs here.
    fn expected(&mut self, want: &'static str) {
        let Spanned { token, span } = self.current().clone();
        if token != Token::Bad {
            self.problems.push((Problem::Expected { want, found: token.shown() }, span));
        }
    }

    fn broken(&mut self, want: &'static str) -> Node {
        let start = self.current().span.start;
        self.expected(want);
        self.skip();
        self.node(Form::Broken, start)
    }

    /// Skips to where a condition can go on: a joining operator or the end of a bracket.
    fn skip(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.peek() {
                Token::End => return,
                Token::Symbol("(" | "[") => open += 1,
                Token::Symbol(")" | "]") if open > 0 => open -= 1,
                Token::Symbol("&&" | "||" | ")" | "]" | ",") if open == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// After an error at the outermost level: reads on behind the next joining operator, so that
    /// what is wrong there is reported too.
    fn continue_after_error(&mut self) -> Option<Node> {
        self.skip();
        while matches!(self.peek(), Token::Symbol(")" | "]" | ",")) {
            self.at += 1;
        }
        self.joining()?;
        self.bump();
        Some(self.expression(OR))
    }

    /// The strength of the joining operator or relation at the current token, and what to write
    /// for one of another language.
    fn joining(&self) -> Option<(u8, Option<&'static str>)> {
        let (strength, instead) = match self.peek() {
            Token::Symbol("||") => (OR, None),
            Token::Symbol("&&") => (AND, None),
            Token::Symbol("==" | "!=" | "<" | "<=" | ">" | ">=") => (RELATION, None),
            Token::Foreign("&") => (AND, Some("&&")),
            Token::Foreign("|") => (OR, Some("||")),
            Token::Foreign("=") => (RELATION, Some("==")),
            Token::Foreign("<>") => (RELATION, Some("!=")),
            Token::Foreign("=>") => (RELATION, Some(">=")),
            Token::Name(name) if name == "in" => (RELATION, None),
            Token::Name(name) => match name.to_ascii_lowercase().as_str() {
                "and" => (AND, Some("&&")),
                "or" => (OR, Some("||")),
                "in" => (RELATION, Some("in")),
                "is" | "eq" => (RELATION, Some("==")),
                "not" if matches!(self.peek_after(1), Some(Token::Name(n)) if n == "in") => {
                    (RELATION, Some("in"))
                }
                _ => return None,
            },
            _ => return None,
        };
        Some((strength, instead))
    }

    /// An expression whose operators bind at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Node {
        let start = self.current().span.start;
        let mut left = self.prefix();
        let mut relations = 0;
        while let Some((strength, instead)) = self.joining() {
            if strength < least {
                break;
            }
            relations += usize::from(strength == RELATION);
            if relations > MAX_DEPTH {
                return self.give_up();
            }
            let relation = self.operator(instead);
            let right = self.expression(strength + 1);
            left = join(left, strength, relation, right);
        }
        if let Token::Foreign(given @ ("+" | "*" | "/" | "%" | "?" | ":"))
        | Token::Symbol(given @ "-") = self.peek()
        {
            let given = (*given).to_owned();
            let span = self.current().span.clone();
            self.problems.push((Problem::Arithmetic { given }, span));
            self.skip();
            left = self.node(Form::Broken, start);
        }
        left
    }

    /// Takes an operator, reporting one of another language. `None` for a joining operator.
    fn operator(&mut self, instead: Option<&'static str>) -> Option<Relation> {
        use super::expr::Comparison;
        let Spanned { token, span } = self.bump();
        let mut spelled = match &token {
            Token::Symbol(symbol) => symbol,
            _ => "in",
        };
        if let Some(use_instead) = instead {
            spelled = use_instead;
            if matches!(&token, Token::Name(name) if name.eq_ignore_ascii_case("not")) {
                let end = self.bump().span.end;
                self.problems.push((Problem::NotIn, span.start..end));
            } else {
                let given = token.shown().trim_matches('`').to_owned();
                self.problems.push((Problem::ForeignWord { given, use_instead }, span));
            }
        }
        Comparison::from_symbol(spelled)
            .map(Relation::Compare)
            .or((spelled == "in").then_some(Relation::In))
    }

    /// `!`, `-`, or a value with its methods. All recursion passes here, so it counts the depth.
    fn prefix(&mut self) -> Node {
        if self.depth >= MAX_DEPTH {
            return self.give_up();
        }
        self.depth += 1;
        let node = self.prefix_inner();
        self.depth -= 1;
        node
    }

    /// Leaves the rest unread: deeper than any condition a person writes.
    fn give_up(&mut self) -> Node {
        let span = self.current().span.clone();
        if !self.gave_up {
            self.problems.push((Problem::TooDeep { limit: MAX_DEPTH }, span.clone()));
        }
        self.gave_up = true;
        self.at = self.tokens.len().saturating_sub(1);
        Node { form: Form::Broken, span }
    }

    fn prefix_inner(&mut self) -> Node {
        let Spanned { token, span } = self.current().clone();
        match token {
            Token::Symbol("!") => {
                self.bump();
                let inner = self.prefix();
                self.node(Form::Not(Box::new(inner)), span.start)
            }
            Token::Name(name) if name.eq_ignore_ascii_case("not") => {
                self.bump();
                let given = name.clone();
                self.problems
                    .push((Problem::ForeignWord { given, use_instead: "!" }, span.clone()));
                let inner = self.prefix();
                self.node(Form::Not(Box::new(inner)), span.start)
            }
            Token::Symbol("-") => {
                self.bump();
                let Token::Number(digits) = self.peek() else {
                    return self.broken("a number after `-`");
                };
                let negative = format!("-{digits}");
                self.bump();
                self.node(Form::Number(negative), span.start)
            }
            _ => self.postfix(),
        }
    }

    fn postfix(&mut self) -> Node {
        let start = self.current().span.start;
        let mut node = self.atom();
        for methods in 0.. {
            if methods > MAX_DEPTH {
                return self.give_up();
            }
            if !self.take(".") {
                break;
            }
            let Token::Name(method) = self.peek().clone() else {
                return self.broken("a name after `.`");
            };
            self.bump();
            if !self.take("(") {
                return self.broken("`(` after the name of a test");
            }
            let arguments = self.arguments(")", start);
            node = self.node(Form::Method(Box::new(node), method, arguments), start);
        }
        node
    }

    fn atom(&mut self) -> Node {
        let Spanned { token, span } = self.current().clone();
        let form = match token {
            Token::Name(name) => match name.as_str() {
                "true" | "false" => Form::Boolean(name == "true"),
                "in" => return self.broken("a value"),
                _ => return self.name(),
            },
            Token::Number(digits) => Form::Number(digits),
            Token::Text(text) => Form::Text(text),
            Token::Symbol("(") => return self.parenthesis(),
            Token::Symbol("[") => {
                self.bump();
                let values = self.arguments("]", span.start);
                if values.len() > MAX_LIST {
                    let whole = self.node(Form::Broken, span.start);
                    self.problems
                        .push((Problem::ListTooLong { limit: MAX_LIST }, whole.span.clone()));
                    return whole;
                }
                return self.node(Form::List(values), span.start);
            }
            _ => return self.broken("a field, a value or a condition"),
        };
        self.bump();
        self.node(form, span.start)
    }

    fn parenthesis(&mut self) -> Node {
        let open = self.bump().span;
        let inner = self.expression(OR);
        if !self.take(")") {
            self.close(")", '(', open.clone());
        }
        self.node(inner.form, open.start)
    }

    /// A field's name, a call, or a method of a field: which one shows at the last part.
    fn name(&mut self) -> Node {
        let start = self.current().span.start;
        let mut parts = Vec::new();
        let mut target_end = start;
        loop {
            let Spanned { token, span } = self.current().clone();
            let Token::Name(part) = token else { return self.broken("a name after `.`") };
            self.bump();
            if self.peek() == &Token::Symbol("(") {
                self.bump();
                let arguments = self.arguments(")", start);
                if parts.is_empty() {
                    return self.node(Form::Call(part, arguments), start);
                }
                let target = Node { form: Form::Name(parts), span: start..target_end };
                return self.node(Form::Method(Box::new(target), part, arguments), start);
            }
            parts.push(part);
            target_end = span.end;
            if !self.take(".") {
                return self.node(Form::Name(parts), start);
            }
        }
    }

    /// Values up to the closing bracket; the opening one has been taken.
    fn arguments(&mut self, close: &'static str, start: usize) -> Vec<Node> {
        let open = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let open = open.map_or(start..start, |token| token.span.clone());
        let mut values = Vec::new();
        while self.peek() != &Token::End && self.peek() != &Token::Symbol(close) {
            values.push(self.expression(OR));
            if !self.take(",") {
                break;
            }
        }
        if !self.take(close) {
            self.close(close, if close == ")" { '(' } else { '[' }, open);
        }
        values
    }

    /// Reports a bracket that is not closed here, and closes it if its end can be found.
    fn close(&mut self, close: &'static str, bracket: char, open: Range<usize>) {
        if self.peek() == &Token::End {
            if !self.gave_up {
                self.problems.push((Problem::Unclosed { bracket }, open));
            }
            return;
        }
        self.expected(if close == ")" { "`)`" } else { "`,` or `]`" });
        while !matches!(self.peek(), Token::End) && !self.take(close) {
            self.at += 1;
        }
    }
}

/// One node of two, or one more part of a node that joins by the same operator.
fn join(left: Node, strength: u8, relation: Option<Relation>, right: Node) -> Node {
    let span = left.span.start..right.span.end.max(left.span.end);
    let form = match (relation, left.form) {
        (Some(relation), form) => {
            let left = Node { form, span: left.span };
            Form::Relation(relation, Box::new(left), Box::new(right))
        }
        (None, Form::And(mut all)) if strength == AND => {
            all.push(right);
            Form::And(all)
        }
        (None, Form::Or(mut any)) if strength == OR => {
            any.push(right);
            Form::Or(any)
        }
        (None, form) => {
            let both = vec![Node { form, span: left.span }, right];
            if strength == AND { Form::And(both) } else { Form::Or(both) }
        }
    };
    Node { form, span }
}
