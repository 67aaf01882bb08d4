//! Finds in the regular expression for a greeting the literals of which one is in every text that it matches. The program
//! compiles an expression only for a greeting that contains one of them: without them, an unknown greeting would compile all
//! expressions.
//!
//! Only literals outside of groups are found. That is sufficient for nearly all rows; the others are tried for every
//! greeting.

/// Shorter literals are in too many greetings.
const SHORTEST: usize = 4;

/// The literals, in lower case: the longest of each alternative. None if an alternative has no literal.
pub(super) fn required(regex: &str) -> Vec<String> {
    let longest = |literals: Vec<String>| literals.into_iter().max_by_key(String::len);
    let of_alternatives = literals(regex.trim_start_matches("(?i)")).into_iter().map(longest);
    let long = of_alternatives.map(|literal| literal.filter(|literal| literal.len() >= SHORTEST));
    long.collect::<Option<Vec<String>>>().unwrap_or_default()
}

/// The literals that each alternative must contain.
fn literals(regex: &str) -> Vec<Vec<String>> {
    let mut signs = regex.chars().peekable();
    let (mut alternatives, mut current) = (vec![Vec::new()], String::new());
    let end = |current: &mut String, alternatives: &mut Vec<Vec<String>>| {
        let literals = alternatives.last_mut().expect("there is always an alternative");
        literals.push(std::mem::take(current).to_ascii_lowercase());
    };
    while let Some(sign) = signs.next() {
        let literal = match sign {
            '\\' => signs.next().filter(|escaped| escaped.is_ascii_punctuation()),
            '(' | '[' => {
                skip(sign, &mut signs);
                None
            }
            '.' | '^' | '$' | '*' | '+' | '?' | '|' => None,
            '{' => {
                signs.by_ref().find(|sign| *sign == '}');
                None
            }
            other => Some(other),
        };
        // A sign that may be absent or repeated is in no literal.
        let is_fixed = !signs.peek().is_some_and(|next| matches!(next, '*' | '+' | '?' | '{'));
        match literal.filter(|_| is_fixed) {
            Some(literal) => current.push(literal),
            None => end(&mut current, &mut alternatives),
        }
        if sign == '|' {
            alternatives.push(Vec::new());
        }
    }
    end(&mut current, &mut alternatives);
    alternatives
}

/// Skips the rest of a group or of a class of characters.
fn skip(open: char, signs: &mut impl Iterator<Item = char>) {
    let close = if open == '(' { ')' } else { ']' };
    let mut depth = 1;
    while depth > 0 {
        match signs.next() {
            Some('\\') => drop(signs.next()),
            Some(sign) if sign == close => depth -= 1,
            Some(sign) if sign == open => depth += 1,
            Some(_) => {}
            None => return,
        }
    }
}
