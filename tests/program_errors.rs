//! How well error messages from mail programs and libraries are read. The `recorded` messages were produced by running
//! 20 programs against servers with one fault each; the `public` messages have the forms that people paste into issues.
//! An entry is correct if every finding names a rule that the entry allows, so a stack trace has one root cause. The
//! word `none` allows an error without a rule: the program failed before it contacted a mail server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Deserialize;
use smtpcheck::explain::{self, ExplainContext, Explained, ExplanationKind, LogMode};
use smtpcheck::lexicon::Confidence;

#[derive(Deserialize)]
struct Corpus {
    recorded: Vec<Entry>,
    public: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    program: String,
    rules: Vec<String>,
    text: String,
}

fn corpus() -> Corpus {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/program-errors.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn as_argument(text: &str) -> Vec<Explained> {
    explain::arguments(&[text.to_owned()], &ExplainContext::default())
}

fn as_input(text: &str) -> Vec<Explained> {
    let mut found = Vec::new();
    let mut keep = |explained: &Explained| {
        found.push(explained.clone());
        ControlFlow::Continue(())
    };
    explain::log(&mut text.as_bytes(), &ExplainContext::default(), LogMode::Each, &mut keep).unwrap();
    found
}

#[derive(Default)]
struct Measured {
    right: usize,
    all: usize,
    wrong: Vec<String>,
    wrong_and_certain: Vec<String>,
    by_program: BTreeMap<String, (usize, usize)>,
}

impl Measured {
    fn of(entries: &[Entry], explain: fn(&str) -> Vec<Explained>) -> Measured {
        let mut measured = Measured::default();
        for entry in entries {
            measured.add(entry, &explain(&entry.text));
        }
        measured
    }

    fn add(&mut self, Entry { program, rules, text }: &Entry, explained: &[Explained]) {
        let is_finding = |one: &&Explained| matches!(one.kind, ExplanationKind::Reply | ExplanationKind::Error);
        let says = |one: &&Explained| one.rule.is_some() || one.kind == ExplanationKind::Error;
        let findings: Vec<_> = explained.iter().filter(is_finding).filter(says).collect();
        let fits = |one: &&Explained| rules.iter().any(|allowed| allowed == one.rule.unwrap_or("none"));
        let is_right = !findings.is_empty() && findings.iter().all(fits);
        let (right, all) = self.by_program.entry(program.clone()).or_default();
        *all += 1;
        *right += usize::from(is_right);
        self.all += 1;
        self.right += usize::from(is_right);
        if !is_right {
            let found: Vec<_> = findings.iter().map(|one| (one.rule, one.confidence)).collect();
            self.wrong.push(format!("{program}: {text:?}\n  allowed {rules:?}, found {found:?}"));
        }
        if findings.iter().any(|one| !fits(one) && one.confidence == Some(Confidence::Certain)) {
            self.wrong_and_certain.push(format!("{program}: {text:?}"));
        }
    }

    #[track_caller]
    fn assert(&self, percent: usize) {
        let Measured { right, all, wrong, wrong_and_certain, by_program } = self;
        assert!(right * 100 >= all * percent, "{right} of {all}; {by_program:?}\n{}", wrong.join("\n"));
        assert!(wrong_and_certain.is_empty(), "wrong and certain:\n{}", wrong_and_certain.join("\n"));
    }
}

#[test]
fn recorded_messages_lead_to_the_rule_of_their_fault() {
    let Corpus { recorded, .. } = corpus();
    Measured::of(&recorded, as_argument).assert(95);
    Measured::of(&recorded, as_input).assert(95);
}

#[test]
fn messages_from_public_issues_lead_to_the_rule_of_their_fault() {
    let Corpus { public, .. } = corpus();
    Measured::of(&public, as_argument).assert(90);
    Measured::of(&public, as_input).assert(90);
}

#[test]
fn a_stack_trace_is_one_finding() {
    let traces = corpus().public.into_iter().filter(|entry| entry.text.lines().count() > 3);
    let several: Vec<String> = traces
        .filter_map(|entry| {
            let says = |one: &Explained| one.rule.is_some() || one.kind == ExplanationKind::Error;
            let found: Vec<_> = as_input(&entry.text).into_iter().filter(says).collect();
            (found.len() != 1)
                .then(|| format!("{:?}: {:?}", entry.text, found.iter().map(|one| one.rule).collect::<Vec<_>>()))
        })
        .collect();
    assert!(several.is_empty(), "{}", several.join("\n"));
}
