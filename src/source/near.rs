//! Finds the known name that a user probably intended.

/// The known name that is most similar to an unknown name, if it is similar enough: at most two letters may be wrong,
/// missing, extra or swapped, and fewer in short names. Case and the difference between `_` and `-` are ignored.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace('_', "-");
    let most = (name.chars().count() / 3).clamp(1, 2);
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), known));
    let best = distances.min_by_key(|(distance, _)| *distance)?;
    Some(best)
        .filter(|(distance, known)| *distance <= most && *distance < known.chars().count())
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_is_recognised_and_a_different_word_is_not() {
        let known = ["check", "run", "connect-timeout", "tls"];
        assert_eq!(nearest("chek", known), Some("check"));
        assert_eq!(nearest("CHECK", known), Some("check"));
        assert_eq!(nearest("connect_timeout", known), Some("connect-timeout"));
        assert_eq!(nearest("rnu", known), Some("run"));
        assert_eq!(nearest("mail", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest("x", []), None);
    }
}
