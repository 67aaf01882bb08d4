//! The sections about a mail domain: the matrix of mail servers, what senders do, what the domain publishes, the SPF record
//! as a tree, and what was not tested.

use maud::{Markup, html};

use super::parts::{Place, words};
use crate::check::domain::seen::DomainSeen;
use crate::render::style::Role;
use crate::render::view::domain::{self as view, DomainPart, PartState};
use crate::render::view::spf_tree::{SpfLine, spf_tree};

/// The sections before the findings.
pub(super) fn servers(place: &Place, seen: &DomainSeen) -> Markup {
    let hosts = view::matrix(seen);
    html! {
        @if !hosts.is_empty() {
            (place.heading("servers", "Mail servers"))
            table class="checks" {
                "\n" thead { tr { @for head in view::matrix_heads(&hosts) { th scope="col" { (head) } } } }
                "\n" tbody {
                    "\n"
                    @for host in &hosts {
                        @for row in &host.rows {
                            tr {
                                th scope="row" { (host.name) }
                                @for one in std::iter::once(&row.address).chain(&row.cells) {
                                    td { (cell(one.role, &one.text)) }
                                }
                            }
                            "\n"
                        }
                    }
                }
                "\n"
            }
            "\n"
        }
    }
}

fn cell(role: Role, text: &str) -> Markup {
    match role {
        Role::Error => html! { span class="badge error" { (words(text)) } },
        Role::Warning => html! { span class="badge warning" { (words(text)) } },
        _ => html! { (words(text)) },
    }
}

/// The sections after the findings.
pub(super) fn published(place: &Place, seen: &DomainSeen) -> Markup {
    let senders: Vec<_> = view::senders(seen).into_iter().filter(|(_, cells)| !cells.is_empty()).collect();
    let untested = view::not_tested(seen);
    let recipient = view::recipient(seen);
    html! {
        @if !senders.is_empty() {
            (place.heading("senders", "What senders do"))
            dl class="facts" {
                "\n"
                @for (name, cells) in &senders {
                    dt { (name) }
                    @for (role, text) in cells { dd { (cell(*role, text)) } }
                    "\n"
                }
            }
            "\n"
        }
        @if !recipient.is_empty() {
            (place.heading("recipient", "Recipient"))
            (parts(&recipient))
        }
        (place.heading("receiving", "Policies for mail to the domain"))
        (parts(&view::receiving(seen)))
        (place.heading("sending", "Mail from the domain"))
        (parts(&view::sending(seen)))
        @if let Some((record, terms)) = spf_tree(seen) {
            (place.heading("spf", "SPF record"))
            p { code { (record) } } "\n"
            (branch(&terms, 1))
        }
        @if !untested.is_empty() {
            (place.heading("untested", "Not tested"))
            ul { "\n" @for one in &untested { li { (one) } "\n" } }
            "\n"
        }
    }
}

fn parts(parts: &[DomainPart]) -> Markup {
    html! {
        table class="checks" {
            "\n" thead { tr { th scope="col" { "Subject" } th scope="col" { "Result" } th scope="col" { "Details" } } }
            "\n" tbody {
                "\n"
                @for part in parts {
                    tr {
                        th scope="row" { (part.name) }
                        td { (state(part.state)) }
                        td { (part.detail) }
                    }
                    "\n"
                }
            }
            "\n"
        }
        "\n"
    }
}

fn state(state: PartState) -> Markup {
    match state {
        PartState::Problem => html! { span class="badge error" { (state.word()) } },
        PartState::Ok | PartState::Absent | PartState::NotTested => html! { (state.word()) },
    }
}

/// The terms on one level of the SPF tree, each with the terms below it.
fn branch(lines: &[SpfLine], level: usize) -> Markup {
    let starts: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.follows.len() == level).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    let items = starts.iter().zip(ends).filter_map(|(&start, end)| lines.get(start..end)?.split_first());
    html! {
        ul class="spf" {
            "\n"
            @for (line, below) in items {
                li {
                    code { (line.term) }
                    @if !line.mark.is_empty() { " " @if line.role == Role::Bold { strong { (line.mark) } } @else { (line.mark) } }
                    @if line.cost > 0 { " (lookups: " (line.cost) ")" }
                    @if !line.detail.is_empty() { " " @if line.role == Role::Error { (cell(Role::Error, &line.detail)) } @else { span class="soft" { (line.detail) } } }
                    @if !below.is_empty() { "\n" (branch(below, level + 1)) }
                }
                "\n"
            }
        }
        "\n"
    }
}
