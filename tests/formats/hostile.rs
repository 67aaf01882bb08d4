//! Text from servers and users that imitates the syntax of a format stays text in every format.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use smtpcheck::evidence::EventKind;
use smtpcheck::render::{self, Display, Transcript, Verbosity, markdown};
use smtpcheck::report::{CheckOutcome, CheckResult, FilePosition, JudgedExpectation, Run, RunSource};

use super::{played, rendered};

/// Text that looks like the syntax of one of the formats.
const HOSTILE: &[&str] = &[
    "</code></pre></td></table></article><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)\" x='",
    "https://example.net/\"onmouseover=alert(1)//",
    "javascript:alert(1)",
    "]]></failure></testcase><testcase name=\"forged\"/><!--",
    "&#x1b;&lt;script&gt;&amp;",
    "a\n::error::forged\r\n::set-output name=x::y\n",
    "##[error]forged ##[set-env name=PATH]x",
    "line=1,col=2::title: 100% %0A::error::forged",
    "`` ` ``` ````\n# forged\n- forged\n| forged | [x](https://example.net) ![x](https://example.net) <b>",
    "www.example.net https://example.net a@example.net @team #1 **x** _x_ ~~x~~ $x$",
    "| time=0s;0;0;0 'x'=1",
    "\"} 1\nforged_metric{x=\"\\\"} 1 \\",
    "\u{1b}]0;x\u{7}\u{1b}[31m\u{9b}31m\u{0}\u{fffe}\u{ffff}\u{202e}\u{200b}\u{2028}",
];

/// A suite in which this text replaces every string that comes from a server or a user.
fn suite_with_text(words: &str) -> Run {
    let mut report = played("certificate/three-faults-in-the-chain");
    let text = || words.to_owned();
    for event in &mut report.evidence.transcript {
        match &mut event.what {
            EventKind::Received { reply, .. } => reply.text.iter_mut().for_each(|line| *line = text()),
            EventKind::Secured { handshake } => {
                for one in &mut handshake.presented.chain {
                    one.subject = text();
                    one.issuer = text();
                    one.names = vec![text()];
                }
            }
            _ => {}
        }
    }
    for finding in &mut report.findings {
        finding.summary = text();
        finding.cause = text();
        finding.otherwise = Some(text());
        finding.consequences = vec![text()];
        for fix in &mut finding.fixes {
            fix.text = text();
            fix.command = Some(text());
            fix.url = Some(text());
        }
    }
    report.expectations = vec![
        JudgedExpectation {
            expression: text(),
            held: false,
            expected: text(),
            seen: Some(text()),
            line: Some(2),
            column: None,
        },
        JudgedExpectation { expression: text(), held: true, expected: text(), seen: None, line: None, column: None },
    ];
    let checked = CheckOutcome::Checked { report: Box::new(report.clone()), earlier: vec![report] };
    let place = Some(FilePosition { line: 1, column: 1 });
    Run::new(
        RunSource::Suite(words.replace('\0', "").into()),
        vec![
            CheckResult { name: text(), place, outcome: checked },
            CheckResult { name: "other".to_owned(), place, outcome: CheckOutcome::Skipped { reason: text() } },
        ],
    )
}

/// The HTML tags of a page with the names of their attributes, without the values.
fn tags(page: &str) -> Vec<String> {
    let body = page.split_once("</style>").unwrap().1;
    body.split('<')
        .skip(1)
        .map(|rest| {
            let tag = rest.split_once('>').unwrap_or_else(|| panic!("a tag that is not closed: {rest}")).0;
            let outside: Vec<&str> = tag.split('"').step_by(2).collect();
            outside.join("\"")
        })
        .collect()
}

#[test]
fn no_hostile_text_becomes_an_html_tag_or_attribute() {
    // Web addresses become links; links and code are the only elements whose number may differ.
    let plain =
        |run: &Run| tags(&rendered("html", run)).into_iter().filter(|tag| !tag.starts_with("a href") && tag != "/a");
    let known: Vec<String> =
        plain(&suite_with_text("x")).filter(|tag| !tag.starts_with("code") && tag != "/code").collect();
    assert!(known.len() > 100);
    for words in HOSTILE {
        let run = suite_with_text(words);
        let seen: Vec<String> = plain(&run).filter(|tag| !tag.starts_with("code") && tag != "/code").collect();
        assert_eq!(seen, known, "{words:?}");
        let page = rendered("html", &run);
        assert!(!page.contains("href=\"javascript") && !page.contains("<script"), "{words:?}");
        assert!(!tags(&page).iter().any(|tag| tag.contains(" on")), "{words:?}");
    }
}

/// The names and attributes of all XML elements, in order.
fn elements(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut all = Vec::new();
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} in {xml}")) {
            Event::Start(tag) | Event::Empty(tag) => {
                let keys: Vec<String> = tag.attributes().map(|one| format!("{:?}", one.unwrap().key)).collect();
                all.push(format!("{:?} {}", tag.name(), keys.join(" ")));
            }
            Event::Eof => return all,
            Event::CData(_) | Event::Comment(_) | Event::PI(_) => panic!("{xml}"),
            _ => {}
        }
    }
}

/// The characters that XML 1.0 §2.2 allows.
fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[test]
fn no_hostile_text_becomes_an_element_of_junit() {
    let known = elements(&rendered("junit", &suite_with_text("x")));
    for words in HOSTILE {
        let xml = rendered("junit", &suite_with_text(words));
        assert_eq!(elements(&xml), known, "{words:?}");
        assert!(xml.chars().all(is_xml_character), "{words:?}");
    }
}

#[test]
fn no_hostile_text_becomes_a_workflow_command() {
    let commands =
        |run: &Run| rendered("github", run).lines().filter(|line| line.trim_start().starts_with("::")).count();
    let known = commands(&suite_with_text("x"));
    assert!(known > 2);
    for words in HOSTILE {
        let run = suite_with_text(words);
        let text = rendered("github", &run);
        assert_eq!(commands(&run), known, "{words:?}");
        assert!(!text.contains("##["), "{words:?}: {text}");
        for line in text.lines().filter(|line| line.starts_with("::")) {
            // `::error file=..,line=..,col=..,title=..::message`: smtpcheck sets exactly these properties, whatever the
            // values contain.
            let properties = line.strip_prefix("::error ").or_else(|| line.strip_prefix("::warning ")).unwrap();
            let properties = properties.split("::").next().unwrap();
            let keys: Vec<&str> = properties.split(',').map(|one| one.split('=').next().unwrap()).collect();
            assert_eq!(keys, ["file", "line", "col", "title"], "{words:?}: {line}");
        }
    }
}

#[test]
fn no_hostile_text_becomes_a_prometheus_sample_or_plugin_performance_data() {
    let shape = |text: &str| text.lines().map(|line| line.split('{').next().unwrap().to_owned()).collect::<Vec<_>>();
    let known = shape(&rendered("prometheus", &suite_with_text("x")));
    for words in HOSTILE {
        let text = rendered("prometheus", &suite_with_text(words));
        assert_eq!(shape(&text), known, "{words:?}");
        let answer = rendered("nagios", &suite_with_text(words));
        assert_eq!(answer.matches('|').count(), 1, "{words:?}: {answer}");
        assert_eq!(answer.lines().count(), rendered("nagios", &suite_with_text("x")).lines().count(), "{words:?}");
    }
}

/// The structure that a Markdown parser finds, without the text.
fn structure(text: &str) -> Vec<String> {
    use pulldown_cmark::{Event, Options, Parser};
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH;
    let mut all: Vec<String> = Vec::new();
    for event in Parser::new_ext(text, options) {
        let kind = match event {
            Event::Text(_) => "words".to_owned(),
            Event::Code(_) => "code".to_owned(),
            other => format!("{other:?}"),
        };
        if all.last() != Some(&kind) || kind != "words" {
            all.push(kind);
        }
    }
    all
}

#[test]
fn no_hostile_text_becomes_markdown_syntax() {
    let look = Display { transcript: Transcript::None, ..Display::plain() };
    let shown = |words: &str, look: &Display| markdown::render_run(&suite_with_text(words), look);
    let known = structure(&shown("x", &look));
    assert!(known.len() > 100);
    for words in HOSTILE {
        let text = shown(words, &look);
        assert_eq!(structure(&text), known, "{words:?}: {text}");
        // With the transcript: hostile text does not end its code block early.
        let whole = structure(&shown(words, &Display::plain()));
        let blocks = whole.iter().filter(|kind| kind.contains("CodeBlock")).count();
        let headings = whole.iter().filter(|kind| kind.contains("Heading")).count();
        assert_eq!(blocks, 2, "{words:?}");
        assert_eq!(headings, structure(&text).iter().filter(|kind| kind.contains("Heading")).count(), "{words:?}");
    }
}

#[test]
fn a_summary_that_is_too_long_is_truncated_with_a_note() {
    let text = markdown::cut(rendered("markdown", &suite_with_text("ä````")), 1000);
    assert!(text.len() < 1200 && text.ends_with("too long.\n"), "{text}");
    assert_eq!(markdown::cut("short".to_owned(), 1000), "short");
}

#[test]
fn json_and_ndjson_stay_valid_with_hostile_text() {
    for words in HOSTILE {
        let run = suite_with_text(words);
        let lines = rendered("ndjson", &run);
        let known = rendered("ndjson", &suite_with_text("x"));
        assert_eq!(lines.lines().count(), known.lines().count(), "{words:?}");
        assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{words:?}");
        serde_json::from_str::<Value>(&rendered("json", &run)).unwrap();
    }
}

#[test]
fn no_format_prints_a_control_character_of_hostile_text() {
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    for words in HOSTILE {
        for format in render::FORMATS {
            for volume in [Verbosity::Normal, Verbosity::Verbose] {
                let text = (format.render)(&suite_with_text(words), &Display { volume, ..Display::plain() });
                let bad: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
                assert!(bad.is_empty(), "{} of {words:?}: {bad:?}", format.name);
            }
        }
    }
}

/// Every invisible character, and every character that controls how text is displayed.
fn invisible_characters() -> impl Iterator<Item = char> {
    use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory as Category};
    use icu_properties::{CodePointMapData, CodePointSetData};
    let category = CodePointMapData::<Category>::new();
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    ('\0'..=char::MAX).filter(move |c| {
        let kinds = [Category::Control, Category::Format, Category::LineSeparator, Category::ParagraphSeparator];
        ignorable.contains(*c) || kinds.contains(&category.get(*c))
    })
}

#[test]
fn no_format_prints_an_invisible_character() {
    let all: Vec<char> = invisible_characters().collect();
    assert!(all.len() > 4000 && ['\u{ad}', '\u{3164}', '\u{180e}', '\u{fe0f}'].iter().all(|c| all.contains(c)));
    let mut words: String = all.iter().flat_map(|c| ['a', *c]).collect();
    words.push_str(&"\u{301}".repeat(200));
    let run = suite_with_text(&words);
    let known: std::collections::HashSet<char> = all.into_iter().filter(|c| *c != '\n').collect();
    for format in render::FORMATS {
        let text = (format.render)(&run, &Display { volume: Verbosity::Verbose, ..Display::plain() });
        // Visible ASCII, which is most of the text, needs no search.
        let bad: Vec<char> = text.chars().filter(|c| !c.is_ascii_graphic() && known.contains(c)).collect();
        assert!(bad.is_empty(), "{}: {:?}", format.name, bad.first());
        assert!(
            !text.contains(&"\u{301}".repeat(9)),
            "{} prints more than eight combining marks in a row",
            format.name
        );
    }
}
