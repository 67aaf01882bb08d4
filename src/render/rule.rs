//! The documentation of rules: the page for `smtpcheck explain RULE`, the list of all rules, and `docs/rules.md`.

use super::Display;
use super::style::{Role, StyledLine};
use super::text::prose;
use crate::check::{Check, Rule};

/// The page of one rule.
pub fn page(rule: &Rule, look: &Display) -> String {
    let mut lines = vec![
        StyledLine::of(Role::Bold, rule.id).and(Role::Plain, format!("  {}", rule.severity)),
        StyledLine::of(Role::Plain, rule.title),
        StyledLine::new(),
    ];
    let docs = &rule.docs;
    let parts = [
        ("When it is reported", docs.sees),
        ("Why it matters", docs.matters),
        ("What to do", docs.action),
        ("Example", docs.example),
        ("References", docs.references),
    ];
    for (heading, text) in parts {
        lines.push(StyledLine::of(Role::Bold, heading));
        for line in prose(text, look.width.min(100).saturating_sub(2)) {
            lines.push(StyledLine::of(Role::Plain, format!("  {line}")));
        }
    }
    lines.iter().map(|line| line.paint(look)).collect()
}

/// All rules as one Markdown page, grouped by check. A test compares `docs/rules.md` with this text.
pub fn markdown(checks: impl Iterator<Item = &'static Check>) -> String {
    let mut page = String::from(
        "# Rules\n\nEvery finding names the rule that it comes from. `smtpcheck explain ID` prints the same page offline.\nThis file is generated from the rules: `UPDATE_DOCS=1 cargo test --test structure`.\n",
    );
    for check in checks.filter(|check| !check.rules.is_empty()) {
        page.push_str(&format!("\n## {}\n", check.subject));
        for rule in check.rules {
            let docs = &rule.docs;
            page.push_str(&format!(
                "\n### {}\n\n*{}*: {}\n\n**When it is reported.** {}\n\n**Why it matters.** {}\n\n**What to do.** {}\n\n**Example.** `{}`\n\n**References.** {}\n",
                rule.id, rule.severity, rule.title, docs.sees, docs.matters, docs.action, docs.example.replace('`', "'"), docs.references
            ));
        }
    }
    page
}

/// The list of rules, one line for each.
pub fn list(rules: impl Iterator<Item = &'static Rule>, look: &Display) -> String {
    rules
        .map(|rule| {
            StyledLine::of(Role::Bold, format!("{:<30}", rule.id))
                .and(Role::Dim, format!(" {:<8}", rule.severity.to_string()))
                .and(Role::Plain, format!(" {}", rule.title))
                .paint(look)
        })
        .collect()
}
