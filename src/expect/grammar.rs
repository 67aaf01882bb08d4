//! Parses expectations and reports the position of mistakes.
//!
//! ```text
//! expectation = name comparison value
//! name        = word { "." word | "[" number "]" }
//! comparison  = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "contains" | "excludes" | "matches"
//! value       = single | "[" single { "," single } "]"      (the list after "in" only)
//! single      = "text" | 'text' | word                      (\" and \\ inside quotes)
//! ```

use regex_lite::Regex;

use super::Expression;
use super::compare::{Literal, Operator, TypedComparison, moment, versions};
use super::mistake::Mistake;
use crate::check;
use crate::report::fields::{Field, NameFault, ValueType};
use crate::source;

/// The maximum length of an expectation in characters.
const MAX_CHARS: usize = 1000;

/// A token with its position.
#[derive(Clone, Debug)]
struct Token {
    at: usize,
    length: usize,
    what: TokenKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TokenKind {
    /// Letters, digits and other characters that occur in names and numbers.
    Word(String),
    /// A string in quotes, without them.
    Quoted(String),
    /// An operator such as `==`.
    Sign(String),
    Open,
    Close,
    Comma,
}

impl Expression {
    /// Reads an expectation.
    pub fn parse(text: &str) -> Result<Expression, Mistake> {
        if text.chars().count() > MAX_CHARS {
            let message = format!("an expectation can have at most {MAX_CHARS} characters");
            return Err(Mistake { message, text: text.chars().take(60).collect(), at: 0, length: 1 });
        }
        ExpressionReader { text, tokens: tokens(text)?, next: 0 }.expression()
    }
}

struct ExpressionReader<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl ExpressionReader<'_> {
    fn expression(mut self) -> Result<Expression, Mistake> {
        let example = "write a name, a comparison and a value: tls.version >= 1.2";
        let first = self.take().ok_or_else(|| self.at_end(example))?;
        let TokenKind::Word(written) = &first.what else { return Err(self.wrong(&first, example)) };
        let (name, index) = self.name(&first, written)?;
        let known = Operator::of(name.kind);
        let second = self.take().ok_or_else(|| self.at_end(&format!("missing comparison; write one of {known}")))?;
        let operator = self.operator(&second, name)?;
        let what = format!("missing value after {}", operator.spelling());
        let third = self.take().ok_or_else(|| self.at_end(&what))?;
        let values = match (&third.what, operator) {
            (TokenKind::Open, Operator::In) => self.list(name, operator)?,
            (_, Operator::In) => {
                return Err(self.wrong(&third, "write a list after 'in', for example: in [550, 554]"));
            }
            (TokenKind::Open, _) => {
                return Err(self.wrong(
                    &third,
                    &format!("write one value after {}; to allow several values, use 'in' with a list, for example: in [550, 554]", operator.spelling()),
                ));
            }
            _ => vec![self.literal(&third, name, operator)?],
        };
        if let Some(more) = self.take() {
            let message = match &more.what {
                TokenKind::Word(word) if matches!(word.as_str(), "and" | "&&") => {
                    "an expectation contains only one comparison; write two expectations"
                }
                TokenKind::Word(word) if matches!(word.as_str(), "or" | "||") => {
                    "to allow several values, use 'in' with a list, for example: in [550, 554]"
                }
                TokenKind::Sign(sign) if matches!(sign.as_str(), "&&" | "||") => {
                    "an expectation contains only one comparison; write two expectations, or use 'in' with a list to allow several values"
                }
                _ => "unexpected text after the value",
            };
            return Err(self.wrong(&more, message));
        }
        let wanted = TypedComparison { operator, values };
        Ok(Expression { text: self.text.to_owned(), field: name, index, at: first.at, wanted })
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn wrong(&self, token: &Token, message: &str) -> Mistake {
        Mistake::new(self.text, token.at, token.length, message.to_owned())
    }

    fn at_end(&self, message: &str) -> Mistake {
        Mistake::new(self.text, self.text.trim_end().chars().count(), 1, message.to_owned())
    }

    /// Finds the field with this name, and the number in the brackets.
    fn name(&self, token: &Token, written: &str) -> Result<(&'static Field, usize), Mistake> {
        Field::find(written).map_err(|fault| {
            let message = match fault {
                NameFault::OpenBracket => "missing ]; write a number: rcpt[0].code".to_owned(),
                NameFault::Number => "write a number from 0 in the brackets: rcpt[0].code".to_owned(),
                NameFault::Unknown(pattern) => {
                    let known: Vec<&str> = Field::all().map(|field| field.name).collect();
                    match nearest(&pattern.to_lowercase(), &known) {
                        Some(near) => format!("unknown name {written}; did you mean {near}?"),
                        None => format!("unknown name {written}; docs/expectations.md lists the names"),
                    }
                }
            };
            self.wrong(token, &message)
        })
    }

    fn operator(&self, token: &Token, name: &Field) -> Result<Operator, Mistake> {
        let known = Operator::of(name.kind);
        let (TokenKind::Word(word) | TokenKind::Sign(word)) = &token.what else {
            return Err(self.wrong(token, &format!("missing comparison; write one of {known}")));
        };
        if word == "=" {
            return Err(self.wrong(token, "write == to compare"));
        }
        let Some((_, operator)) = Operator::ALL.iter().find(|(spelling, _)| spelling == word) else {
            let all = Operator::ALL.map(|(spelling, _)| spelling);
            let hint = nearest(word, &all).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            let message = format!("{word} is not a comparison{hint}; {} takes {known}", name.name);
            return Err(self.wrong(token, &message));
        };
        if operator.fits(name.kind) {
            return Ok(*operator);
        }
        let message = format!(
            "{} is {}, which cannot be compared with {}; use one of {known}",
            name.name,
            name.kind.word(),
            operator.spelling()
        );
        Err(self.wrong(token, &message))
    }

    fn list(&mut self, name: &Field, operator: Operator) -> Result<Vec<Literal>, Mistake> {
        let mut values = Vec::new();
        let open = "missing ] at the end of the list; for example: in [550, 554]";
        loop {
            let token = self.take().ok_or_else(|| self.at_end(open))?;
            if token.what == TokenKind::Close && values.is_empty() {
                return Err(self.wrong(&token, "the list is empty"));
            }
            values.push(self.literal(&token, name, operator)?);
            let token = self.take().ok_or_else(|| self.at_end(open))?;
            match token.what {
                TokenKind::Comma => {}
                TokenKind::Close => return Ok(values),
                _ => return Err(self.wrong(&token, "write a comma between the values of a list")),
            }
        }
    }

    /// Parses a value with the type of the name.
    fn literal(&self, token: &Token, name: &Field, operator: Operator) -> Result<Literal, Mistake> {
        let (text, is_quoted) = match &token.what {
            TokenKind::Word(word) => (word.as_str(), false),
            TokenKind::Quoted(text) => (text.as_str(), true),
            TokenKind::Sign(_) | TokenKind::Open | TokenKind::Close | TokenKind::Comma => {
                return Err(self.wrong(token, "write a value here: a number, a word, or a string in quotes"));
            }
        };
        let unlike = |instead: &str| self.wrong(token, &format!("{} is {}; {instead}", name.name, name.kind.word()));
        match name.kind {
            ValueType::Number => match text.parse::<f64>() {
                Ok(_) if is_quoted => Err(unlike(&format!("write {text} without quotes"))),
                Ok(number) if number.is_finite() => Ok(Literal::Number(number)),
                _ => Err(unlike("write a number, such as 250")),
            },
            ValueType::Fact => match text {
                "true" | "false" if !is_quoted => Ok(Literal::Fact(text == "true")),
                _ => Err(unlike("write true or false")),
            },
            ValueType::Version => match versions(text).filter(|parts| parts.len() == 2) {
                Some(parts) => Ok(Literal::Version(parts)),
                None => Err(unlike("write it as 1.2 or 1.3")),
            },
            ValueType::Moment => match moment(text) {
                Some(at) => Ok(Literal::Moment { at, written: text.to_owned() }),
                None => Err(unlike("write it as 2027-01-31 or 2027-01-31T12:00:00Z")),
            },
            ValueType::Word(words) if words.contains(&text) => Ok(Literal::Text(text.to_owned())),
            ValueType::Word(words) => {
                let hint = nearest(text, words).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
                Err(self
                    .wrong(token, &format!("{} cannot be {text}{hint}; it is one of {}", name.name, words.join(", "))))
            }
            ValueType::Text if operator == Operator::Matches => match Regex::new(text) {
                Ok(pattern) => Ok(Literal::Pattern(pattern)),
                Err(error) => Err(self.wrong(token, &format!("invalid regular expression: {error}"))),
            },
            ValueType::Text if !is_quoted && (text.parse::<f64>().is_ok() || matches!(text, "true" | "false")) => {
                Err(unlike(&format!("write \"{text}\" in quotes")))
            }
            ValueType::Text => Ok(Literal::Text(text.to_owned())),
            ValueType::Rules => {
                if check::rule(text).is_some() {
                    return Ok(Literal::Item(text.to_owned()));
                }
                let known: Vec<&str> = check::rules().map(|rule| rule.id).collect();
                let hint = nearest(text, &known).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
                Err(self.wrong(token, &format!("unknown rule {text}{hint}; smtpcheck explain --list lists all rules")))
            }
            ValueType::Keywords | ValueType::Names if text.trim().is_empty() => {
                Err(unlike("write the item that the list must contain or exclude"))
            }
            ValueType::Keywords => Ok(Literal::Keyword(text.to_owned())),
            ValueType::Names => Ok(Literal::Item(text.to_owned())),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = chars.get(at..).unwrap_or_default();
        let (length, what) = match c {
            '"' | '\'' => quoted(text, at, rest)?,
            '[' => (1, TokenKind::Open),
            ']' => (1, TokenKind::Close),
            ',' => (1, TokenKind::Comma),
            '=' | '!' | '<' | '>' | '&' | '|' => {
                let sign: String = rest.iter().take_while(|c| matches!(c, '=' | '!' | '<' | '>' | '&' | '|')).collect();
                (sign.chars().count(), TokenKind::Sign(sign))
            }
            c if is_of_word(c) => {
                let is_name = tokens.is_empty();
                let word: String = rest
                    .iter()
                    .copied()
                    .take_while(|&c| is_of_word(c) || (is_name && matches!(c, '[' | ']')))
                    .collect();
                (word.chars().count(), TokenKind::Word(word))
            }
            _ => {
                let message = format!("unexpected {}; put a string with such characters in quotes", c.escape_debug());
                return Err(Mistake::new(text, at, 1, message));
            }
        };
        tokens.push(Token { at, length, what });
        at += length;
    }
    Ok(tokens)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | ':' | '/' | '@' | '*')
}

fn quoted(text: &str, at: usize, rest: &[char]) -> Result<(usize, TokenKind), Mistake> {
    let mut value = String::new();
    let mut chars = rest.iter().copied().enumerate();
    let quote = chars.next().map_or('"', |(_, quote)| quote);
    while let Some((place, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((place + 1, TokenKind::Quoted(value))),
            '\\' => match chars.next() {
                Some((_, c)) if c == '\\' || c == quote => value.push(c),
                // Other backslashes are kept, because they belong to a regular expression.
                Some((_, c)) => value.extend(['\\', c]),
                None => {}
            },
            c => value.push(c),
        }
    }
    Err(Mistake::new(text, at, rest.len(), "missing closing quote".to_owned()))
}

/// The known word that is most similar to an unknown one, if any is similar.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // A name without its first part, such as `days_left`.
    if let Some(whole) = known.iter().find(|name| name.rsplit('.').next() == Some(word)) {
        return Some(whole);
    }
    if let Some(near) = source::nearest(word, known.iter().copied()) {
        return Some(near);
    }
    let likeness = |name: &&&str| strsim::jaro_winkler(word, name);
    let best = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    Some(*best).filter(|best| strsim::jaro_winkler(word, best) > 0.75)
}
