//! The known name that was probably meant.

/// The known name nearest to one that is not known, if one is near: up to two letters wrong, missing, extra or swapped,
/// fewer in short names. Upper case and underscores make no difference.
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
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
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
