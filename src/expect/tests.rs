//! Tests of expectations: examples of each comparison and mistake, and a test that the parser never panics.

#![allow(clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::Expression;
use crate::evidence::EventId;
use crate::report::fields::{Field, Unit};
use crate::report::{Document, ExpectationOutcome, ExpectedFailure};

/// A report from a golden file, with the values that the tests need.
fn tree() -> Value {
    let mut report: Value =
        serde_json::from_str(include_str!("../../tests/golden/formats/refusal-recipient-unknown.json")).expect("JSON");
    let set = json!({
        "complete": true, "total_ms": 141.5, "verdict": "fail",
        "exit": {"code": 5, "name": "refused_permanent", "retryable": false},
        "greeting": {"code": 220, "text": ["mx.example.net ESMTP", "hello"], "event": 2},
        "capabilities": {"before_tls": ["SIZE 10240000", "AUTH PLAIN LOGIN", "STARTTLS"], "after_tls": null},
        "rcpt": [{"address": "b@example.net", "code": 550, "enhanced": "5.7.1", "text": ["relaying denied"], "event": 10},
                 {"address": "c@example.net", "code": 554, "enhanced": null, "text": ["no"], "event": 11}],
        "mail": {"address": "a@example.org", "code": 250, "enhanced": "2.1.0", "text": ["ok"], "event": 9},
        "phases": [{"name": "dns", "status": "ok", "ms": 3.0, "reason": null},
                   {"name": "connect", "status": "failed", "ms": null, "reason": null}],
    });
    for (key, value) in set.as_object().expect("an object") {
        report[key] = value.clone();
    }
    report["target"]["port"] = 25.into();
    report["tls"]["version"] = "1.3".into();
    report["certificate"]["verifies"] = true.into();
    report["certificate"]["days_left"] = 58.into();
    report["certificate"]["not_after"] = "2027-01-18T06:00:00Z".into();
    report["certificate"]["chain"][0]["names"] = json!(["mx.example.net", "*.example.org"]);
    report["auth"]["advertised_before_tls"] = json!(["PLAIN", "LOGIN"]);
    report["auth"]["advertised_after_tls"] = json!(["XOAUTH2"]);
    report["findings"][0]["rule"] = "relay-denied".into();
    report
}

fn report() -> Document {
    serde_json::from_value(tree()).expect("a report")
}

/// Whether an expectation is met, and the actual value.
fn seen(text: &str) -> (bool, Option<String>) {
    let judged = judged(text).judged;
    (judged.held, judged.seen)
}

fn judged(text: &str) -> ExpectationOutcome {
    Expression::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}")).judge(&report(), None)
}

#[test]
fn each_type_supports_its_comparisons() {
    for text in [
        "tls.version >= 1.2",
        "tls.version == \"1.3\"",
        "tls.version < 1.10",
        "certificate.days_left > 21",
        "certificate.not_after > 2027-01-01",
        "certificate.verifies == true",
        "auth.mechanisms contains \"XOAUTH2\"",
        "auth.mechanisms excludes PLAIN",
        "auth.advertised_before_tls contains plain",
        "capabilities.before_tls contains AUTH",
        "capabilities.before_tls contains 'SIZE 10240000'",
        "capabilities.before_tls excludes SMTPUTF8",
        "rcpt[0].code == 550",
        "rcpt[1].class == 5",
        "rcpt.class == 5",
        "rcpt.code in [550, 554]",
        "greeting.text contains \"ESMTP hello\"",
        "greeting.text matches '^mx\\.[a-z]+'",
        "greeting.text excludes Postfix",
        "total_ms < 800",
        "dns.ms<=3",
        "findings excludes \"starttls-not-offered\"",
        "exit.code != 0",
        "exit.name == refused_permanent",
        "certificate.chain[0].names contains \"*.example.org\"",
        "target.port == 25",
    ] {
        assert!(judged(text).judged.held, "{text}: {:?}", judged(text));
    }
    for text in
        ["tls.version > 1.3", "rcpt.code == 550", "auth.mechanisms contains PLAIN", "certificate.verifies == false"]
    {
        assert!(!judged(text).judged.held, "{text}");
    }
}

#[test]
fn an_expectation_about_a_missing_value_fails() {
    for text in [
        "auth.code == 235",
        "auth.code != 235",
        "capabilities.after_tls excludes AUTH",
        "connect.ms < 100",
        "tls.ms < 100",
        "rcpt[7].code != 550",
        "rcpt[1].enhanced != '5.7.1'",
        "certificate.chain[4].key_bits > 1",
    ] {
        assert_eq!((seen(text), judged(text).excuse), ((false, None), ExpectedFailure::Nothing), "{text}");
    }
}

#[test]
fn the_result_contains_the_expected_and_the_actual_value() {
    let result_of = |text: &str| {
        let expression = Expression::parse(text).expect("sound");
        (expression.expected(), expression.judge(&report(), None).judged.seen)
    };
    assert_eq!(result_of("tls.version >= 1.2"), ("at least 1.2".to_owned(), Some("\"1.3\"".to_owned())));
    assert_eq!(result_of("rcpt.code in [250, 251]"), ("one of 250, 251".to_owned(), Some("550, 554".to_owned())));
    assert_eq!(result_of("total_ms < 100"), ("less than 100".to_owned(), Some("141.5".to_owned())));
    assert_eq!(result_of("auth.code == 235"), ("235".to_owned(), None));
}

#[test]
fn only_an_expectation_that_no_success_satisfies_describes_a_failure() {
    for (text, excuse) in [
        ("rcpt.class == 5", ExpectedFailure::Replies(vec![EventId(10), EventId(11)])),
        ("rcpt.code in [550, 554]", ExpectedFailure::Replies(vec![EventId(10), EventId(11)])),
        ("rcpt.code >= 500", ExpectedFailure::Replies(vec![EventId(10), EventId(11)])),
        ("rcpt.code in [250, 550, 554]", ExpectedFailure::Nothing),
        ("rcpt.code != 250", ExpectedFailure::Nothing),
        ("rcpt[0].enhanced == \"5.7.1\"", ExpectedFailure::Replies(vec![EventId(10)])),
        ("rcpt[0].text contains denied", ExpectedFailure::Nothing),
        ("mail.code == 250", ExpectedFailure::Nothing),
        ("exit.code == 5", ExpectedFailure::Exit),
        ("exit.code in [0, 5]", ExpectedFailure::Nothing),
        ("exit.name != ok", ExpectedFailure::Exit),
        ("verdict == fail", ExpectedFailure::Exit),
        ("findings contains relay-denied", ExpectedFailure::Rule("relay-denied".to_owned())),
        ("findings excludes starttls-not-offered", ExpectedFailure::Nothing),
    ] {
        let outcome = judged(text);
        assert!(outcome.judged.held, "{text}");
        assert_eq!(outcome.excuse, excuse, "{text}");
    }
}

#[test]
fn a_mistake_has_a_position_and_a_message_with_a_remedy() {
    for (text, marked, needle) in [
        ("", "", "a name, a comparison and a value"),
        ("tls.verson >= 1.2", "tls.verson", "tls.version"),
        ("days_left > 3", "days_left", "certificate.days_left"),
        ("cert.days_left > 3", "cert.days_left", ".days_left"),
        ("recipients.code == 550", "recipients.code", "unknown name recipients.code"),
        ("rcpt[x].code == 550", "rcpt[x].code", "a number from 0"),
        ("tls.version", "", "missing comparison"),
        ("tls.version >=", "", "missing value after >="),
        ("tls.version => 1.2", "=>", "not a comparison"),
        ("tls.version = 1.2", "=", "write =="),
        ("tls.version contains 1.2", "contains", "a version, which cannot be compared with contains"),
        ("tls.version >= high", "high", "1.2 or 1.3"),
        ("rcpt.code == \"550\"", "\"550\"", "550 without quotes"),
        ("rcpt.code == denied", "denied", "write a number"),
        ("rcpt.enhanced == 5.7", "5.7", "\"5.7\" in quotes"),
        ("certificate.verifies == yes", "yes", "true or false"),
        ("exit.name == refused", "refused", "refused_"),
        ("findings excludes starttls-not-ofered", "starttls-not-ofered", "starttls-not-offered"),
        ("findings == relay-denied", "==", "contains excludes"),
        ("rcpt.code in 550", "550", "in [550, 554]"),
        ("rcpt.code in []", "]", "the list is empty"),
        ("rcpt.code in [550", "", "missing ]"),
        ("rcpt.code in [550 554]", "554", "a comma"),
        ("rcpt.code == [550]", "[", "one value"),
        ("greeting.text contains \"ESMTP", "\"ESMTP", "missing closing quote"),
        ("greeting.text matches \"(\"", "\"(\"", "invalid regular expression"),
        ("rcpt.class == 5 and mail.class == 2", "and", "two expectations"),
        ("rcpt.class == 5 or 4", "or", "'in' with a list"),
        ("rcpt.class == 5 6", "6", "unexpected text"),
        ("rcpt.class == $X", "$", "in quotes"),
    ] {
        let mistake = Expression::parse(text).expect_err(text);
        let at: String = text.chars().skip(mistake.at).take(mistake.length).collect();
        assert_eq!(at, marked, "{text}: {mistake}");
        assert!(mistake.message.contains(needle), "{text}: {mistake}");
        assert!(!mistake.message.contains('\n'), "{mistake}");
    }
}

#[test]
fn the_second_line_marks_the_mistake() {
    let mistake = Expression::parse("greeting.text == \"日本\" x").expect_err("too long");
    assert_eq!(mistake.pointed(), ["  greeting.text == \"日本\" x", "                          ^"]);
}

#[test]
fn every_value_can_be_read_and_names_are_unique() {
    let mut seen = std::collections::BTreeSet::new();
    for field in Field::all() {
        assert!(seen.insert(field.name), "{} occurs twice", field.name);
        assert!(!field.read(&report(), 0).is_empty(), "{}", field.name);
        let is_time = field.name.ends_with(".ms") || field.name.ends_with("_ms");
        assert_eq!(is_time, field.unit == Unit::Milliseconds, "{}", field.name);
    }
    assert!(seen.len() > 70);
}

proptest! {
    #[test]
    fn the_parser_never_panics_on_any_text(text in any::<String>()) {
        if let Err(mistake) = Expression::parse(&text) {
            prop_assert!(mistake.at <= text.chars().count());
            let _ = mistake.pointed();
        }
    }

    #[test]
    fn the_parser_never_panics_on_text_similar_to_an_expectation(
        text in "(rcpt|tls|exit|findings|greeting)\\.?(code|text|version|[a-z\\[\\]0-9]{0,6}) ?(==|!=|<|>=|in|contains|matches)? ?[\\[\"'0-9a-z\\.,\\\\ \\]\\(\\)\\*\\+]{0,12}"
    ) {
        if let Ok(expression) = Expression::parse(&text) {
            let first = expression.judge(&report(), None);
            prop_assert_eq!(first, expression.judge(&report(), None));
            prop_assert!(!expression.expected().is_empty());
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers(seen in 0u32..100_000, wanted in 0u32..100_000) {
        let mut report = tree();
        report["total_ms"] = seen.into();
        let report: Document = serde_json::from_value(report).expect("a report");
        let holds = |operator: &str| {
            Expression::parse(&format!("total_ms {operator} {wanted}")).expect("sound").judge(&report, None).judged.held
        };
        prop_assert_eq!(holds("<"), seen < wanted);
        prop_assert_eq!(holds("<="), seen <= wanted);
        prop_assert_eq!(holds("=="), seen == wanted);
        prop_assert_eq!(holds("!="), seen != wanted);
        prop_assert_eq!(holds(">="), seen >= wanted);
        prop_assert_eq!(holds(">"), seen > wanted);
    }
}
