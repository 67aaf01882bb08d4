//! The text of a TXT record in the form of a zone file (RFC 1035 §5.1).

/// The maximum length of a string in a DNS record (RFC 1035 §3.3.14). Longer values consist of several strings.
pub(crate) const MAX_STRING: usize = 255;

/// The text as strings in quotation marks, with at most 255 octets each. Every string except the last ends with a
/// space, unless a word is too long for one string.
pub(crate) fn in_strings(text: &str) -> String {
    let mut strings = Vec::new();
    let mut last = String::new();
    for word in text.split_inclusive(' ') {
        let is_long = word.len() > MAX_STRING;
        if !is_long && last.len() + word.len() > MAX_STRING {
            strings.push(std::mem::take(&mut last));
        }
        for c in word.chars() {
            if last.len() + c.len_utf8() > MAX_STRING {
                strings.push(std::mem::take(&mut last));
            }
            last.push(c);
        }
    }
    strings.push(last);
    let in_marks = |string: &String| format!("\"{}\"", string.replace('\\', "\\\\").replace('"', "\\\""));
    strings.iter().map(in_marks).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::in_strings;

    #[test]
    fn long_values_become_several_strings() {
        assert_eq!(in_strings("v=spf1 -all"), "\"v=spf1 -all\"");
        assert_eq!(in_strings(""), "\"\"");
        assert_eq!(in_strings("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
        let key = |count| "x".repeat(count);
        assert_eq!(
            in_strings(&format!("v=DKIM1; p={}", key(300))),
            format!("\"v=DKIM1; p={}\" \"{}\"", key(244), key(56))
        );
        assert_eq!(in_strings(&format!("{} {}", key(200), key(60))), format!("\"{} \" \"{}\"", key(200), key(60)));
        assert_eq!(in_strings(&"é".repeat(128)), format!("\"{}\" \"é\"", "é".repeat(127)));
    }
}
