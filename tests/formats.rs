//! Every format of a finished run: golden files of ten transcripts and a suite, and what no words of a server can do to
//! any of them. After a change on purpose: SNAPSHOTS=overwrite cargo test --test formats, and read the difference.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod support;

use std::path::PathBuf;
use std::sync::OnceLock;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use smtpcheck::evidence::EventKind;
use smtpcheck::render::{self, Display, Transcript, Verbosity, markdown, nagios};
use smtpcheck::report::{
    CheckOutcome, CheckResult, Document, Exit, FilePosition, JudgedExpectation, LINE_SCHEMA, NoExpectations, Report,
    Run, RunSource, SCHEMA,
};
use support::golden;
use support::replay::all;

const SHOWN: &[&str] = &[
    "healthy/submission",
    "refusal/auth-credentials-refused",
    "refusal/recipient-unknown",
    "certificate/expired",
    "certificate/three-faults-in-the-chain",
    "starttls/masked-by-a-firewall",
    "greeting/refused-over-ipv6-only",
    "connect/port-25-blocked",
    "connect/name-not-found",
    "envelope/recipient-deferred",
];

/// All transcripts, played once: that takes seconds.
fn reports() -> &'static [(String, Report)] {
    static ALL: OnceLock<Vec<(String, Report)>> = OnceLock::new();
    ALL.get_or_init(|| all().into_iter().map(|one| (one.name, one.report)).collect())
}

fn played(name: &str) -> Report {
    let found = reports().iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no transcript {name}")).1.clone()
}

/// Every attempt at a check.
fn probes(case: &CheckResult) -> Vec<&Report> {
    match &case.outcome {
        CheckOutcome::Checked { report, earlier } => earlier.iter().chain([report.as_ref()]).collect(),
        CheckOutcome::Skipped { .. } => Vec::new(),
    }
}

fn rendered(format: &str, run: &Run) -> String {
    (render::format(format).unwrap().render)(run, &Display::plain())
}

/// A suite with a check of each kind: passed at the second attempt, failed by an expectation, failed, skipped.
fn suite() -> Run {
    let mut expected = played("healthy/submission");
    expected.expectations = vec![
        JudgedExpectation {
            expression: "tls.version >= 1.2".to_owned(),
            held: true,
            expected: "at least 1.2".to_owned(),
            seen: Some("1.3".to_owned()),
            line: Some(12),
            column: Some(5),
        },
        JudgedExpectation {
            expression: "certificate.days_left > 90".to_owned(),
            held: false,
            expected: "more than 90".to_owned(),
            seen: Some("60".to_owned()),
            line: Some(13),
            column: Some(5),
        },
    ];
    expected.exit = Exit::Findings;
    let checked = |name: &str, line: usize, report: Report, earlier: Vec<Report>| CheckResult {
        name: name.to_owned(),
        place: Some(FilePosition { line, column: 1 }),
        outcome: CheckOutcome::Checked { report: Box::new(report), earlier },
    };
    let skipped = CheckResult {
        name: "mx1 is not an open relay".to_owned(),
        place: Some(FilePosition { line: 30, column: 1 }),
        outcome: CheckOutcome::Skipped { reason: "port 25 is blocked on this machine".to_owned() },
    };
    let deferred = played("envelope/recipient-deferred");
    Run {
        source: RunSource::Suite("ci/smtpcheck.toml".into()),
        cases: vec![
            checked("app can submit", 3, played("healthy/submission"), vec![deferred]),
            checked("certificate lasts", 10, expected, Vec::new()),
            checked("recipient exists", 20, played("refusal/recipient-unknown"), Vec::new()),
            skipped,
        ],
    }
}

fn shown() -> Vec<(String, Run)> {
    let one = |name: &&str| (name.replace('/', "-"), Run::of(played(name)));
    SHOWN.iter().map(one).chain([("suite".to_owned(), suite())]).collect()
}

#[test]
fn every_format_looks_as_it_did() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats");
    let mut stale = Vec::new();
    for (name, run) in shown() {
        for format in render::FORMATS.iter().filter(|format| format.name != "text") {
            let text = (format.render)(&run, &Display::plain());
            let file = folder.join(format!("{name}.{}", format.name));
            stale.extend(golden::compare(&file, &text).err());
        }
    }
    assert!(stale.is_empty(), "{}", stale.join("\n"));
}

#[test]
fn every_line_of_ndjson_fits_its_schema_and_the_last_one_closes_it() {
    let validator = |text: &str| jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap();
    let (line_schema, report_schema) = (validator(LINE_SCHEMA), validator(SCHEMA));
    for (name, run) in shown() {
        let text = rendered("ndjson", &run);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &lines {
            let errors: Vec<String> = line_schema.iter_errors(line).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {} in {line}", errors.join("; "));
            if line["event"] == "result" {
                assert!(report_schema.is_valid(&line["report"]), "{name}");
            }
        }
        assert_eq!(lines[0]["event"], "start", "{name}");
        let end = lines.last().unwrap();
        assert_eq!(end["event"], "end", "{name}");
        assert_eq!(end["checks"], run.cases.len(), "{name}");
        let happened = lines.iter().filter(|line| line["event"] == "happened").count();
        assert_eq!(
            happened,
            run.cases.iter().flat_map(probes).map(|report| report.evidence.transcript.len()).sum::<usize>(),
            "{name}"
        );
    }
}

#[test]
fn a_suite_is_one_test_case_a_check_with_counts_that_agree() {
    let text = rendered("junit", &suite());
    let mut reader = Reader::from_str(&text);
    let (mut cases, mut failures, mut skipped) = (Vec::new(), 0, 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                b"testcase" => {
                    let name =
                        tag.attributes().map(|one| one.unwrap()).find(|one| one.key.as_ref() == b"name").unwrap();
                    cases.push(String::from_utf8(name.value.into_owned()).unwrap());
                }
                b"failure" => failures += 1,
                b"skipped" => skipped += 1,
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(cases, ["app can submit", "certificate lasts", "recipient exists", "mx1 is not an open relay"]);
    assert_eq!((failures, skipped), (2, 1));
    assert!(text.contains(r#"tests="4" failures="2" errors="0""#) && text.contains(r#"skipped="1""#), "{text}");
    assert!(text.contains("run 1: exit 4"), "an attempt before is told, and is no case of its own: {text}");
}

#[test]
fn names_that_come_twice_are_told_apart_in_junit() {
    let report = played("healthy/submission");
    let run = Run {
        source: RunSource::Targets,
        cases: vec![CheckResult::of(report.clone()), CheckResult::of(report.clone()), CheckResult::of(report)],
    };
    let text = rendered("junit", &run);
    let names: std::collections::BTreeSet<&str> =
        text.split("<testcase name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn annotations_stand_at_the_line_of_the_suite_that_asks_and_are_ten_at_most() {
    let text = rendered("github", &suite());
    let place = "::error file=ci/smtpcheck.toml,line=13,col=5,title=certificate lasts%3A expectation::";
    assert!(text.contains(place), "{text}");
    assert!(text.contains("file=ci/smtpcheck.toml,line=20,col=1,"), "{text}");
    let failing = |number: usize| CheckResult {
        name: format!("check {number}"),
        ..CheckResult::of(played("certificate/expired"))
    };
    let many = Run { source: RunSource::Targets, cases: (0..25).map(failing).collect() };
    let text = rendered("github", &many);
    let annotations: Vec<&str> = text.lines().filter(|line| line.starts_with("::error")).collect();
    assert_eq!(annotations.len(), 10, "{text}");
    assert!(annotations[9].contains("16 more"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("FAIL check")).count(), 25, "{text}");
}

#[test]
fn the_state_of_a_plugin_follows_from_the_exit_code_and_the_time() {
    let state = |name: &str| nagios::state(&Run::of(played(name)), &nagios::Thresholds::default());
    for (name, expected) in [
        ("healthy/submission", nagios::PluginState::Ok),
        ("certificate/expires-soon", nagios::PluginState::Warning),
        ("envelope/recipient-deferred", nagios::PluginState::Warning),
        ("refusal/recipient-unknown", nagios::PluginState::Critical),
        ("connect/port-25-blocked", nagios::PluginState::Critical),
        ("certificate/expired", nagios::PluginState::Critical),
    ] {
        assert_eq!(state(name), expected, "{name}");
    }
    let thresholds = nagios::Thresholds { warning: nagios::Range::parse("0:0.000001"), critical: None };
    let run = Run::of(played("healthy/submission"));
    assert_eq!(nagios::state(&run, &thresholds), nagios::PluginState::Warning);
    let skipped = Run { cases: vec![suite().cases.pop().unwrap()], ..suite() };
    assert_eq!(nagios::state(&skipped, &thresholds), nagios::PluginState::Unknown);
}

/// Words that try to be more than words, in each of the languages.
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

/// A suite in which every text that somebody else writes is this one.
fn saying(words: &str) -> Run {
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
    Run {
        source: RunSource::Suite(words.replace('\0', "").into()),
        cases: vec![
            CheckResult { name: text(), place, outcome: checked },
            CheckResult { name: "other".to_owned(), place, outcome: CheckOutcome::Skipped { reason: text() } },
        ],
    }
}

/// The tags of a page with their attributes, without the values.
fn tags(page: &str) -> Vec<String> {
    let body = page.split_once("</style>").unwrap().1;
    body.split('<')
        .skip(1)
        .map(|rest| {
            let tag = rest.split_once('>').unwrap_or_else(|| panic!("a tag without an end: {rest}")).0;
            let outside: Vec<&str> = tag.split('"').step_by(2).collect();
            outside.join("\"")
        })
        .collect()
}

#[test]
fn no_words_become_a_tag_or_an_attribute_of_the_page() {
    // Of a page of the web a link is made, and of nothing else.
    let plain =
        |run: &Run| tags(&rendered("html", run)).into_iter().filter(|tag| !tag.starts_with("a href") && tag != "/a");
    let known: Vec<String> = plain(&saying("x")).filter(|tag| !tag.starts_with("code") && tag != "/code").collect();
    assert!(known.len() > 100);
    for words in HOSTILE {
        let run = saying(words);
        let seen: Vec<String> = plain(&run).filter(|tag| !tag.starts_with("code") && tag != "/code").collect();
        assert_eq!(seen, known, "{words:?}");
        let page = rendered("html", &run);
        assert!(!page.contains("href=\"javascript") && !page.contains("<script"), "{words:?}");
        assert!(!tags(&page).iter().any(|tag| tag.contains(" on")), "{words:?}");
    }
}

/// Names and attributes of all elements, in order.
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

/// What XML 1.0 §2.2 allows.
fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[test]
fn no_words_become_an_element_of_junit() {
    let known = elements(&rendered("junit", &saying("x")));
    for words in HOSTILE {
        let xml = rendered("junit", &saying(words));
        assert_eq!(elements(&xml), known, "{words:?}");
        assert!(xml.chars().all(is_xml_character), "{words:?}");
    }
}

#[test]
fn no_words_become_a_workflow_command() {
    let commands =
        |run: &Run| rendered("github", run).lines().filter(|line| line.trim_start().starts_with("::")).count();
    let known = commands(&saying("x"));
    assert!(known > 2);
    for words in HOSTILE {
        let run = saying(words);
        let text = rendered("github", &run);
        assert_eq!(commands(&run), known, "{words:?}");
        assert!(!text.contains("##["), "{words:?}: {text}");
        for line in text.lines().filter(|line| line.starts_with("::")) {
            // `::error file=..,line=..,col=..,title=..::message`: the properties are ours, whatever is in them.
            let properties = line.strip_prefix("::error ").or_else(|| line.strip_prefix("::warning ")).unwrap();
            let properties = properties.split("::").next().unwrap();
            let keys: Vec<&str> = properties.split(',').map(|one| one.split('=').next().unwrap()).collect();
            assert_eq!(keys, ["file", "line", "col", "title"], "{words:?}: {line}");
        }
    }
}

#[test]
fn no_words_become_a_sample_or_a_figure() {
    let shape = |text: &str| text.lines().map(|line| line.split('{').next().unwrap().to_owned()).collect::<Vec<_>>();
    let known = shape(&rendered("prometheus", &saying("x")));
    for words in HOSTILE {
        let text = rendered("prometheus", &saying(words));
        assert_eq!(shape(&text), known, "{words:?}");
        let answer = rendered("nagios", &saying(words));
        assert_eq!(answer.matches('|').count(), 1, "{words:?}: {answer}");
        assert_eq!(answer.lines().count(), rendered("nagios", &saying("x")).lines().count(), "{words:?}");
    }
}

/// What a reader of Markdown makes of it, without the words.
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
fn no_words_become_markdown() {
    let look = Display { transcript: Transcript::None, ..Display::plain() };
    let shown = |words: &str, look: &Display| markdown::render_run(&saying(words), look);
    let known = structure(&shown("x", &look));
    assert!(known.len() > 100);
    for words in HOSTILE {
        let text = shown(words, &look);
        assert_eq!(structure(&text), known, "{words:?}: {text}");
        // With the conversation in it: its block is not left before its end.
        let whole = structure(&shown(words, &Display::plain()));
        let blocks = whole.iter().filter(|kind| kind.contains("CodeBlock")).count();
        let headings = whole.iter().filter(|kind| kind.contains("Heading")).count();
        assert_eq!(blocks, 2, "{words:?}");
        assert_eq!(headings, structure(&text).iter().filter(|kind| kind.contains("Heading")).count(), "{words:?}");
    }
}

#[test]
fn a_summary_that_is_too_long_is_cut_and_says_so() {
    let text = markdown::cut(rendered("markdown", &saying("ä````")), 1000);
    assert!(text.len() < 1200 && text.ends_with("too long.\n"), "{text}");
    assert_eq!(markdown::cut("short".to_owned(), 1000), "short");
}

#[test]
fn lines_and_documents_stay_json_whatever_is_said() {
    for words in HOSTILE {
        let run = saying(words);
        let lines = rendered("ndjson", &run);
        let known = rendered("ndjson", &saying("x"));
        assert_eq!(lines.lines().count(), known.lines().count(), "{words:?}");
        assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{words:?}");
        serde_json::from_str::<Value>(&rendered("json", &run)).unwrap();
    }
}

#[test]
fn no_format_leaves_a_control_character_whatever_is_said() {
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    for words in HOSTILE {
        for format in render::FORMATS {
            for volume in [Verbosity::Normal, Verbosity::Verbose] {
                let text = (format.render)(&saying(words), &Display { volume, ..Display::plain() });
                let bad: Vec<char> = text.chars().filter(|c| acts(*c)).collect();
                assert!(bad.is_empty(), "{} of {words:?}: {bad:?}", format.name);
            }
        }
    }
}

/// Every character that cannot be seen or is acted upon, and a pile of marks.
fn unseen() -> impl Iterator<Item = char> {
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
fn no_format_leaves_a_character_that_cannot_be_seen() {
    let all: Vec<char> = unseen().collect();
    assert!(all.len() > 4000 && ['\u{ad}', '\u{3164}', '\u{180e}', '\u{fe0f}'].iter().all(|c| all.contains(c)));
    let mut words: String = all.iter().flat_map(|c| ['a', *c]).collect();
    words.push_str(&"\u{301}".repeat(200));
    let run = saying(&words);
    let known: std::collections::HashSet<char> = all.into_iter().filter(|c| *c != '\n').collect();
    for format in render::FORMATS {
        let text = (format.render)(&run, &Display { volume: Verbosity::Verbose, ..Display::plain() });
        let bad: Vec<char> = text.chars().filter(|c| known.contains(c)).collect();
        assert!(bad.is_empty(), "{}: {:?}", format.name, bad.first());
        assert!(!text.contains(&"\u{301}".repeat(9)), "{} lets marks pile up", format.name);
    }
}

#[test]
fn the_help_and_the_page_of_the_formats_name_every_one() {
    let page = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).unwrap();
    let help = |verb: &str| support::program::run(&[verb, "--help"]).stdout;
    for format in render::FORMATS {
        assert!(page.contains(&format!("| `{}` |", format.name)), "docs/formats.md lacks {}", format.name);
        for verb in ["check", "report"] {
            assert!(help(verb).contains(format.name), "smtpcheck {verb} --help lacks {}", format.name);
        }
    }
}

/// Every name of a metric in the page is one, and the other way round.
#[test]
fn the_page_of_the_formats_has_the_metrics_that_there_are() {
    let page = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).unwrap();
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let metrics = parts.filter(|word| word.starts_with("probe_") || word.starts_with("smtpcheck_"));
        metrics.filter(|word| *word != "probe_").map(str::to_owned).collect()
    };
    let shown: String = rendered("prometheus", &suite()).lines().filter(|line| line.starts_with("# TYPE")).collect();
    assert_eq!(words(&page), words(&shown.replace("gauge", "gauge ")));
}

/// `docs/icinga.conf` calls the program with flags that it has, as a monitoring plugin.
#[test]
fn the_command_for_icinga_is_one_that_the_program_takes() {
    let page = include_str!("../docs/icinga.conf");
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<String>>();
    let command = quoted(page.lines().find(|line| line.contains("command = [")).unwrap());
    assert_eq!(command, ["smtpcheck", "--format", "nagios"]);
    let flags = page.lines().map(str::trim).filter(|line| line.starts_with("\"--"));
    let mut count = 0;
    for line in flags {
        let flag = quoted(line).remove(0);
        let value = match flag.as_str() {
            "--cert-days" => Some("21,7"),
            "--warning" | "--critical" => Some("5"),
            "--tls" => Some("starttls"),
            "--no-config" => None,
            _ => Some("a@example.org"),
        };
        let words = command[1..].iter().cloned().chain([flag.clone()]).chain(value.map(str::to_owned));
        let words = words.chain(["mx.example.net:587".to_owned()]).map(Into::into).collect();
        assert!(smtpcheck::cli::parse(words).is_ok(), "{flag}");
        count += 1;
    }
    assert!(count >= 9, "{count} flags");
}

/// A document that was saved is the same in every format when it is loaded again.
#[test]
fn a_saved_run_is_rendered_as_it_was() {
    for (name, run) in shown() {
        let saved = smtpcheck::report::Saved::read(&rendered("ndjson", &run), &|_| None).unwrap();
        assert_eq!(saved.remarks, [""; 0], "{name}");
        assert_eq!(saved.run, run, "{name}");
        for format in render::FORMATS {
            assert!(
                (format.render)(&saved.run, &Display::plain()) == (format.render)(&run, &Display::plain()),
                "{name}"
            );
        }
    }
}

#[test]
fn a_report_of_a_newer_schema_is_read_as_far_as_it_is_understood() {
    let report = played("certificate/expired");
    let fallback = |target: &str| Some(smtpcheck_plan(target));
    let read = |value: &Value| smtpcheck::report::Saved::read(&value.to_string(), &fallback);
    let mut newer = serde_json::to_value(Document::from(&report)).unwrap();
    newer["schema_version"] = "1.7".into();
    newer["weather"] = "fine".into();
    let saved = read(&newer).unwrap();
    assert!(saved.remarks[0].contains("1.7"), "{:?}", saved.remarks);
    assert_eq!(saved.run.cases[0].report().unwrap().findings, report.findings);
    // A kind of event and a severity that nobody here knows, and a plan that has become something else.
    newer["schema_version"] = "2.0".into();
    newer["transcript"][0]["kind"] = "dreamt".into();
    newer["findings"][0]["severity"] = "fatal".into();
    newer["plan"] = "a sentence".into();
    let saved = read(&newer).unwrap();
    let seen = saved.run.cases[0].report().unwrap();
    assert_eq!(seen.evidence.transcript.len(), report.evidence.transcript.len() - 1);
    assert_eq!(seen.exit, report.exit);
    assert_eq!(seen.plan.target.port, report.plan.target.port);
    assert!(saved.remarks.iter().any(|remark| remark.contains("2 parts")), "{:?}", saved.remarks);
    // The same faults in a schema that we know are no news but a broken file.
    newer["schema_version"] = "1.0".into();
    assert!(read(&newer).is_err());
}

fn smtpcheck_plan(target: &str) -> smtpcheck::plan::Plan {
    match smtpcheck::cli::parse(vec!["check".into(), target.into()]).unwrap() {
        smtpcheck::cli::Invocation::Check(args, matches) => {
            smtpcheck::cli::plan::plan(&args, &matches, target, None).unwrap()
        }
        _ => panic!("a check"),
    }
}

#[test]
fn judging_again_gives_the_same_where_the_rules_are_the_same() {
    for (name, report) in reports() {
        assert_eq!(report.clone().judged_again(&NoExpectations), *report, "{name}");
    }
}

#[test]
fn two_runs_at_the_same_server_are_equal_and_an_expired_certificate_is_a_change() {
    use smtpcheck::report::Difference;
    let (healthy, expired) = (Run::of(played("healthy/submission")), Run::of(played("certificate/expired")));
    assert!(!Difference::new(&healthy, &healthy.clone()).changed);
    let difference = Difference::new(&healthy, &expired);
    let changes: Vec<&str> = difference.checks[0].changes.iter().map(|change| change.what.as_str()).collect();
    for expected in ["result", "finding certificate-expired", "certificate.not_after", "certificate.verifies"] {
        assert!(changes.contains(&expected), "{expected} in {changes:?}");
    }
    let gone = Difference::new(&suite(), &Run { cases: suite().cases.drain(..2).collect(), ..suite() });
    assert_eq!(gone.checks.iter().filter(|check| !check.changes.is_empty()).count(), 2);
}
