//! Finds literals in the regular expression for a greeting: every greeting that the expression matches contains at
//! least one of them. The program compiles an expression only if a greeting contains one of its literals. Otherwise, an
//! unknown greeting would make it compile all expressions.
//!
//! Only literals outside of groups are found. This is sufficient for nearly all rows. The other rows are tried for
//! every greeting.

/// Shorter literals occur in too many greetings.
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
        // A character that may be absent or repeated is not part of a literal.
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

/// Skips the rest of a group or a character class.
fn skip(open: char, signs: &mut impl Iterator<Item = char>) {
    while let Some(sign) = signs.next() {
        match (open, sign) {
            (_, '\\') => drop(signs.next()),
            ('(', ')') | ('[', ']') => return,
            ('(', '(' | '[') => skip(sign, signs),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn the_longest_literal_of_each_alternative_is_required() {
        assert_eq!(required("ESMTP Haraka"), ["esmtp haraka"]);
        assert_eq!(required(r"(?i)\bpostfix\b"), ["postfix"]);
        assert_eq!(required(r"^mx\.google\.com ESMTP|- gsmtp$"), ["mx.google.com esmtp", "- gsmtp"]);
        assert_eq!(required(r"^smtp(?:-relay)?\.gmail\.com ESMTP .* - gsmtp$"), [".gmail.com esmtp "]);
        assert_eq!(required(r"^\S+ ESMTP \([0-9a-f]{32}\)$"), [" esmtp ("]);
        assert_eq!(required("Microsoft E?SMTP MAIL"), ["microsoft "]);
    }

    #[test]
    fn a_character_that_may_be_absent_or_repeated_is_not_in_a_literal() {
        assert_eq!(required("abcdx?efgh1"), ["efgh1"]);
        assert_eq!(required("abcd+efgh"), ["efgh"]);
        assert_eq!(required("abcde{0,2}fghij"), ["fghij"]);
        assert_eq!(required(r"abcd(x|[)]|\))?efghi"), ["efghi"]);
    }

    #[test]
    fn without_a_literal_in_each_alternative_none_is_required() {
        for regex in ["^[*0-9 ]{5,}$", "abcdef|xyz", "(?:Lotus|Domino)", "", "a.b.c"] {
            assert_eq!(required(regex), Vec::<String>::new(), "{regex}");
        }
    }
}
