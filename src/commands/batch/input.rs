//! Reads the targets of a batch, line by line. An invalid line is returned as a value and does not end the input.

use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::report::batch::WrittenTarget;

/// The maximum length of a line. Longer lines are skipped without being kept in memory.
const LONGEST_LINE: u64 = 64 * 1024;

/// A line with its number, from 1.
pub(super) struct InputLine {
    pub(super) number: u64,
    pub(super) content: Result<LineTarget, LineMistake>,
}

/// The content of a line.
#[derive(Debug, Default)]
pub(super) struct LineTarget {
    pub(super) target: String,
    /// The values that the line sets, except the interfaces.
    pub(super) written: WrittenTarget,
    /// The interfaces that the line sets.
    pub(super) interfaces: Vec<String>,
    pub(super) tags: Option<Box<RawValue>>,
}

/// Why a line cannot be used. The message does not repeat the line.
#[derive(Debug)]
pub(super) struct LineMistake {
    pub(super) reason: String,
    pub(super) tags: Option<Box<RawValue>>,
}

impl LineMistake {
    pub(super) fn new(reason: impl Into<String>) -> LineMistake {
        LineMistake { reason: reason.into(), tags: None }
    }
}

/// The lines of an input.
pub(super) struct InputLines<R> {
    file: R,
    number: u64,
    /// The number of bytes that were read.
    pub(super) bytes: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> InputLines<R> {
    pub(super) fn new(file: R) -> InputLines<R> {
        InputLines { file, number: 0, bytes: 0, buffer: Vec::new() }
    }

    /// The next line that is neither empty nor a comment; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<InputLine>> {
        loop {
            self.buffer.clear();
            let read = Read::take(&mut self.file, LONGEST_LINE + 1).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.bytes += read as u64;
            if read as u64 > LONGEST_LINE && !self.buffer.ends_with(b"\n") {
                self.bytes += self.file.skip_until(b'\n')? as u64;
                let reason = format!("the line is longer than {} KiB", LONGEST_LINE / 1024);
                return Ok(Some(InputLine { number: self.number, content: Err(LineMistake::new(reason)) }));
            }
            let bytes = match self.number {
                1 => self.buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.buffer),
                _ => &self.buffer,
            };
            let content = match std::str::from_utf8(bytes).map(str::trim) {
                Ok("") => continue,
                Ok(text) if text.starts_with('#') => continue,
                Ok(text) if text.starts_with('{') => object(text),
                Ok(text) => Ok(LineTarget { target: text.to_owned(), ..LineTarget::default() }),
                Err(_) => Err(LineMistake::new("the line is not UTF-8")),
            };
            return Ok(Some(InputLine { number: self.number, content }));
        }
    }
}

/// A line with a JSON object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineObject {
    target: String,
    from: Option<String>,
    to: Option<OneOrMore>,
    tls: Option<String>,
    sni: Option<String>,
    interface: Option<OneOrMore>,
    tags: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(self) -> Vec<String> {
        match self {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(all) => all,
        }
    }
}

fn object(text: &str) -> Result<LineTarget, LineMistake> {
    match serde_json::from_str::<LineObject>(text) {
        Ok(LineObject { target, from, to, tls, sni, interface, tags }) => {
            let (to, interfaces) =
                (to.map_or_else(Vec::new, OneOrMore::all), interface.map_or_else(Vec::new, OneOrMore::all));
            let written = WrittenTarget { from, to, tls, sni, interface: None };
            Ok(LineTarget { target, written, interfaces, tags })
        }
        Err(error) => Err(mistake(text, &error)),
    }
}

fn mistake(text: &str, error: &serde_json::Error) -> LineMistake {
    const KEYS: &[&str] = &["target", "from", "to", "tls", "sni", "interface", "tags"];
    /// The tags, even if other keys are wrong.
    #[derive(Deserialize)]
    struct Tagged {
        tags: Option<Box<RawValue>>,
    }
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        // The message of the JSON library ends with the position, and can quote the text.
        let reason = format!("the line cannot be read as a JSON object: see character {}", error.column());
        return LineMistake::new(reason);
    };
    let tags = serde_json::from_str(text).ok().and_then(|Tagged { tags }| tags);
    let unknown = object.keys().find(|key| !KEYS.contains(&key.as_str()));
    let reason = match unknown {
        Some(key) if key.to_lowercase().contains("pass") || key == "token" || key == "secret" => {
            format!("unknown key {}: a batch cannot contain a password; see --login-host", key.escape_debug())
        }
        Some(key) => format!("unknown key {}; the keys are {}", key.escape_debug(), KEYS.join(", ")),
        None if !object.contains_key("target") => "the key target is missing".to_owned(),
        None => {
            let is_text = |key: &&str| object.get(*key).is_some_and(|value| !value.is_string() && !value.is_null());
            match KEYS.iter().copied().find(is_text) {
                Some(key @ ("to" | "interface")) => {
                    format!("the value of {key} is neither a string nor a list of strings")
                }
                Some(key) => format!("the value of {key} is not a string"),
                None => match KEYS.iter().find(|key| object.get(**key).is_some_and(Value::is_null)) {
                    Some(key) => format!("the value of {key} is null; omit the key"),
                    None => "a key occurs twice".to_owned(),
                },
            }
        }
    };
    LineMistake { reason, tags }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

    use super::{InputLines, RawValue};

    fn read(text: &[u8]) -> Vec<(u64, String)> {
        let tags = |tags: Option<Box<RawValue>>| tags.map_or("Null".to_owned(), |tags| tags.get().to_owned());
        let mut lines = InputLines::new(text);
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().expect("a slice can be read") {
            all.push((
                line.number,
                match line.content {
                    Ok(one) => format!("{} {:?} {}", one.target, one.written.to, tags(one.tags)),
                    Err(mistake) => format!("error: {} {}", mistake.reason, tags(mistake.tags)),
                },
            ));
        }
        assert_eq!(lines.bytes, text.len() as u64);
        all
    }

    #[test]
    fn lines_are_targets_objects_or_comments() {
        let text = b"\xef\xbb\xbf# list\r\n\r\na.example:25\r\n  b.example \n{\"target\":\"c.example\",\"to\":\"x@y.example\",\"tags\":{\"n\":1}}\n{\"target\":\"d\",\"to\":[\"x@y\",\"z@y\"]}";
        let of = |line: u64, text: &str| (line, text.to_owned());
        assert_eq!(
            read(text),
            [
                of(3, "a.example:25 [] Null"),
                of(4, "b.example [] Null"),
                of(5, "c.example [\"x@y.example\"] {\"n\":1}"),
                of(6, "d [\"x@y\", \"z@y\"] Null"),
            ]
        );
        assert!(read(b"").is_empty());
    }

    #[test]
    fn a_mistake_is_named_without_repeating_the_line() {
        for (line, needle) in [
            (&b"\xff\xfe"[..], "not UTF-8"),
            (b"{\"target\":\"a\",\"prot\":1}", "unknown key prot; the keys are target"),
            (b"{\"target\":\"a\",\"password\":\"hunter2\"}", "cannot contain a password"),
            (b"{\"to\":\"hunter2\"}", "the key target is missing"),
            (b"{\"target\":7,\"tags\":[1]}", "the value of target is not a string"),
            (b"{\"target\":\"a\",\"to\":{\"hunter2\":1}}", "neither a string nor a list"),
            (b"{\"target\":\"a\",\"interface\":7}", "the value of interface is neither a string nor a list"),
            (b"{\"target\":\"hunter2\"", "cannot be read as a JSON object"),
            (b"{hunter2}", "cannot be read as a JSON object"),
        ] {
            let all = read(line);
            assert_eq!(all.len(), 1);
            assert!(all[0].1.contains(needle) && !all[0].1.contains("hunter2"), "{}", all[0].1);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        let mut text = vec![b'a'; 10 * 1024 * 1024];
        text.extend(b"\nb.example\n");
        let all = read(&text);
        assert!(all[0].1.contains("longer than 64 KiB") && all[1] == (2, "b.example [] Null".to_owned()), "{all:?}");
    }
}
