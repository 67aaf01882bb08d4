//! The matrix of mail servers, in the first form that fits the display:
//!
//! 1. A table whose rows contain the host name and the IP address. Names are complete, or lack the ending that all of
//!    them share.
//! 2. A table with a line for each host name and its IP addresses below it. Cells are shorter, and wrapped if necessary; a
//!    long IPv6 address has a separate line.
//! 3. A block for each IP address.

use unicode_width::UnicodeWidthStr;

use super::wrap::hanging;
use crate::check::domain::seen::DomainSeen;
use crate::render::Display;
use crate::render::style::{Role, StyledLine};
use crate::render::table::{self, Column, Side};
use crate::render::view::domain::{self as view, MatrixCell, MatrixHost, MatrixRow, matrix_heads};

/// The minimum width of the first form.
const TABLE: usize = 80;
/// The spaces between columns.
const GAP: usize = 2;
/// The indentation of addresses below their host name.
const INDENT: usize = 3;
/// The head of the first column if it contains host names and addresses.
const HOST_AND_ADDRESS: &str = "MX, address";

/// The matrix, with a final empty line; nothing if there are no hosts.
pub(super) fn matrix(seen: &DomainSeen, look: &Display) -> Vec<StyledLine> {
    let hosts = view::matrix(seen);
    if hosts.is_empty() {
        return Vec::new();
    }
    let wide = |names, words| if look.width >= TABLE { wide_table(&hosts, names, words, look) } else { None };
    let short = |words| {
        let mut lines = wide(HostNames::Short, words)?;
        let left_out = view::left_out(seen);
        lines.extend(left_out.map(|end| StyledLine::of(Role::Dim, format!("MX names without {end}"))));
        Some(lines)
    };
    let mut lines = wide(HostNames::Full, CellWords::Full)
        .or_else(|| short(CellWords::Full))
        .or_else(|| wide(HostNames::Full, CellWords::Brief))
        .or_else(|| short(CellWords::Brief))
        .or_else(|| grouped_table(&hosts, CellWords::Full, Cells::Whole, look))
        .or_else(|| grouped_table(&hosts, CellWords::Brief, Cells::Whole, look))
        .or_else(|| grouped_table(&hosts, CellWords::Brief, Cells::Wrapped, look))
        .unwrap_or_else(|| blocks(&hosts, look));
    lines.push(StyledLine::new());
    lines
}

/// Whether host names are complete.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HostNames {
    Full,
    Short,
}

/// Which text of the cells is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CellWords {
    Full,
    Brief,
}

/// Whether cells may be wrapped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cells {
    Whole,
    Wrapped,
}

impl CellWords {
    fn of(self, cell: &MatrixCell) -> &str {
        match self {
            CellWords::Full => &cell.text,
            CellWords::Brief => &cell.brief,
        }
    }

    fn cells(self, row: &MatrixRow) -> impl Iterator<Item = table::Cell> {
        row.cells.iter().map(move |cell| (cell.role, self.of(cell).to_owned()))
    }
}

/// The rows of the hosts that have IP addresses.
fn rows_with_addresses(hosts: &[MatrixHost]) -> impl Iterator<Item = &MatrixRow> {
    hosts.iter().filter(|host| host.reason.is_none()).flat_map(|host| &host.rows)
}

/// The widths of the columns after the address.
fn widths(hosts: &[MatrixHost], words: CellWords) -> Vec<usize> {
    let heads = matrix_heads(hosts);
    let heads = heads.iter().skip(2).enumerate();
    let cells = |at: usize| rows_with_addresses(hosts).filter_map(move |row| row.cells.get(at));
    let widest =
        |(at, head): (usize, &String)| cells(at).map(|cell| words.of(cell).width()).chain([head.width()]).max();
    heads.map(|column| widest(column).unwrap_or(0)).collect()
}

fn left_columns(widths: &[usize]) -> Vec<Column> {
    widths.iter().map(|&width| Column { width, side: Side::Left }).collect()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

/// A table with a column for host names; `None` if it does not fit.
fn wide_table(hosts: &[MatrixHost], names: HostNames, words: CellWords, look: &Display) -> Option<Vec<StyledLine>> {
    let name = |host: &'_ MatrixHost| match names {
        HostNames::Full => host.name.clone(),
        HostNames::Short => host.short.clone(),
    };
    let heads = matrix_heads(hosts);
    let [mx, address, ..] = &heads;
    let names = hosts.iter().map(|host| name(host).width()).chain([mx.width()]).max().unwrap_or(0);
    let addresses = rows_with_addresses(hosts).map(|row| row.address.text.width()).chain([address.width()]).max();
    let addresses = addresses.unwrap_or(0);
    let all: Vec<usize> = [names, addresses].into_iter().chain(widths(hosts, words)).collect();
    if total(&all) > look.width {
        return None;
    }
    let columns = left_columns(&all);
    let mut lines = table::row(&columns, &heads.map(|head| (Role::Bold, head)));
    for host in hosts {
        if let Some(reason) = &host.reason {
            let name = name(host);
            let label = format!("{name}{}", " ".repeat(names.saturating_sub(name.width()) + GAP));
            lines.extend(hanging(&label, Role::Plain, Role::Error, reason, look));
            continue;
        }
        for (at, row) in host.rows.iter().enumerate() {
            let name = if at == 0 { name(host) } else { String::new() };
            let address = if row.is_new_address { row.address.text.clone() } else { String::new() };
            let first = [(Role::Plain, name), (row.address.role, address)];
            lines.extend(table::row(&columns, &first.into_iter().chain(words.cells(row)).collect::<Vec<_>>()));
        }
    }
    Some(lines)
}

/// A table with a line for each host name, and its addresses below it; `None` if it does not fit.
fn grouped_table(hosts: &[MatrixHost], words: CellWords, cells: Cells, look: &Display) -> Option<Vec<StyledLine>> {
    let mut widths = widths(hosts, words);
    let of = |row: &MatrixRow| row.address.text.width();
    // An IPv6 address can have a separate line.
    let short = rows_with_addresses(hosts).filter(|row| !row.address.text.contains(':')).map(of);
    let needed = short.map(|width| INDENT + width).chain([HOST_AND_ADDRESS.width()]).max().unwrap_or(0);
    if cells == Cells::Wrapped {
        let least = least_widths(hosts, words);
        while needed + GAP + total(&widths) > look.width {
            let spare = |at: &usize| widths.get(*at).zip(least.get(*at)).map_or(0, |(width, least)| width - least);
            let at = (0..widths.len()).max_by_key(spare).filter(|at| spare(at) > 0)?;
            *widths.get_mut(at)? -= 1;
        }
    }
    let left = look.width.checked_sub(total(&widths) + GAP).filter(|left| *left >= needed)?;
    let longest = rows_with_addresses(hosts).map(|row| INDENT + of(row)).filter(|width| *width <= left).max();
    let first = longest.unwrap_or(0).max(needed);
    let columns = left_columns(&[&[first], widths.as_slice()].concat());
    let heads = std::iter::once(HOST_AND_ADDRESS.to_owned()).chain(matrix_heads(hosts).into_iter().skip(2));
    let heads: Vec<table::Cell> = heads.map(|head| (Role::Bold, head)).collect();
    let mut lines = table::row(&columns, &heads);
    for host in hosts {
        lines.extend(hanging("", Role::Plain, Role::Plain, &host.name, look));
        if let Some(reason) = &host.reason {
            lines.extend(hanging(&" ".repeat(INDENT), Role::Plain, Role::Error, reason, look));
            continue;
        }
        for row in &host.rows {
            let mut address = String::new();
            if row.is_new_address {
                address = format!("{}{}", " ".repeat(INDENT), row.address.text);
            }
            if address.width() > first {
                lines.push(StyledLine::of(Role::Plain, std::mem::take(&mut address)));
            }
            let cells = [(row.address.role, address)].into_iter().chain(words.cells(row));
            lines.extend(table::row(&columns, &cells.collect::<Vec<_>>()));
        }
    }
    Some(lines)
}

/// The minimum widths of the columns after the address, if their cells are wrapped.
fn least_widths(hosts: &[MatrixHost], words: CellWords) -> Vec<usize> {
    let heads = matrix_heads(hosts);
    let heads = heads.iter().skip(2).enumerate();
    let longest_word = |text: &str| text.split(' ').map(UnicodeWidthStr::width).max().unwrap_or(0);
    let cells = |at: usize| rows_with_addresses(hosts).filter_map(move |row| row.cells.get(at));
    let least = |(at, head): (usize, &String)| {
        cells(at).map(|cell| longest_word(words.of(cell))).chain([head.width()]).max().unwrap_or(0)
    };
    heads.map(least).collect()
}

/// A block for each row: the host name, then one line for each cell.
fn blocks(hosts: &[MatrixHost], look: &Display) -> Vec<StyledLine> {
    let heads = matrix_heads(hosts);
    let label = heads.iter().map(|head| head.width()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (host, row) in hosts.iter().flat_map(|host| host.rows.iter().map(move |row| (host, row))) {
        if !lines.is_empty() {
            lines.push(StyledLine::new());
        }
        lines.extend(hanging("", Role::Plain, Role::Bold, &host.name, look));
        let cells = std::iter::once(&row.address).chain(&row.cells);
        for (head, cell) in heads.iter().skip(1).zip(cells).filter(|(_, cell)| cell.text != "-") {
            lines.extend(hanging(&format!("  {head:<label$}  "), Role::Dim, cell.role, &cell.text, look));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

    use serde_json::{Value, json};
    use unicode_width::UnicodeWidthStr;

    use super::matrix;
    use crate::check::domain::seen::DomainSeen;
    use crate::render::Display;

    /// An IP address with one certificate, to which mail is delivered encrypted.
    fn address(ip: &str) -> Value {
        let reply = json!({"state": "not-tested", "code": null, "text": null});
        let policies = json!({
            "opportunistic": "encrypted",
            "dane": {"state": "absent", "delivers": "encrypted", "result": null, "senders": [], "records": []},
            "mta_sts": {"delivers": "authenticated", "listed": true, "result": null},
        });
        json!({
            "ip": ip, "port": 25, "reachable": true, "ready": true, "problem": null, "greeting": null,
            "greeting_host": null, "ehlo_host": null, "ptr": [], "forward_confirmed": null, "starttls": true,
            "tls_version": "TLS 1.3", "policies": policies, "null_sender": reply, "postmaster": reply, "recipient": reply,
            "unknown_recipient": reply, "relay": reply,
            "certificates": [{"kind": "ecdsa", "verifies": true, "problem": null, "days_left": 61, "names": [],
                              "spki_sha256": "", "policies": policies}],
        })
    }

    fn host(name: &str, preference: u16, addresses: &[Value]) -> Value {
        let dnssec = json!({"state": "insecure", "reason": null});
        let problem = addresses.is_empty().then_some("the name does not exist");
        json!({"preference": preference, "host": name, "implicit": false, "alias": null, "dnssec": dnssec,
               "addresses": addresses, "problem": problem})
    }

    fn shown(domain: &str, hosts: &[Value], width: usize) -> String {
        let sts = json!({"record": "v=STSv1", "id": "1", "state": "valid", "mode": "enforce", "max_age": 86400, "mx": [],
                         "status": 200, "problem": null});
        let seen: DomainSeen = serde_json::from_value(json!({
            "domain": domain, "unicode": null, "dnssec": {"state": "insecure", "reason": null}, "delegation": [],
            "null_mx": false, "mx": hosts, "senders": [], "dane": "absent", "mta_sts": sts,
            "tls_rpt": {"record": null, "state": "absent", "rua": [], "problem": null},
            "spf": {"record": null, "state": "absent", "problem": null, "lookups": null, "void_lookups": null, "tree": [],
                    "results": []},
            "dkim": {"can_exist": null, "keys": [], "tried": 0},
            "dmarc": {"state": "absent", "found_at": null, "record": null, "policy": null, "organizational_domain": null,
                      "organizational_domain_by_list": null, "policy_by_list": null, "walk": [], "rua": [],
                      "unauthorized": [], "problem": null},
            "sending": [], "lists": [], "catch_all": null, "not_tested": [],
        }))
        .expect("the result of a check");
        let look = Display { width, ..Display::plain() };
        let text: String = matrix(&seen, &look).into_iter().map(|line| line.paint(&look)).collect();
        for line in text.lines() {
            assert!(line.width() <= width, "{line}");
        }
        text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    #[test]
    fn long_names_and_ipv6_addresses_fit_into_a_table_of_80_columns() {
        let hosts = [
            host("gmail-smtp-in.l.google.com", 5, &[address("142.250.102.26"), address("2a00:1450:4025:402::1a")]),
            host("alt1.gmail-smtp-in.l.google.com", 10, &[address("142.251.9.26"), address("2001:db8::1a")]),
            host("alt9.gmail-smtp-in.l.google.com", 10, &[]),
        ];
        let expected = "\
MX, address        port 25  TLS  certificate  DANE  MTA-STS     result
5 gmail-smtp-in.l.google.com
   142.250.102.26  ready    1.3  ok, 61 days  none  enforce ok  authenticated
   2a00:1450:4025:402::1a
                   ready    1.3  ok, 61 days  none  enforce ok  authenticated
10 alt1.gmail-smtp-in.l.google.com
   142.251.9.26    ready    1.3  ok, 61 days  none  enforce ok  authenticated
   2001:db8::1a    ready    1.3  ok, 61 days  none  enforce ok  authenticated
10 alt9.gmail-smtp-in.l.google.com
   the name does not exist

";
        assert_eq!(shown("gmail.com", &hosts, 80), expected);
        let wide = shown("gmail.com", &hosts, 110);
        assert!(
            wide.contains("\n5 gmail-smtp-in        142.250.102.26 ")
                && wide.contains("MX names without .l.google.com")
        );
        assert!(wide.contains("\n                       2a00:1450:4025:402::1a  ready"), "{wide}");
    }

    #[test]
    fn short_names_have_one_line_for_each_address() {
        let hosts = [host("mx1.example.com", 10, &[address("192.0.2.10"), address("192.0.2.11")])];
        let expected = "\
MX      address     port 25  TLS  certificate  DANE  MTA-STS     result
10 mx1  192.0.2.10  ready    1.3  ok, 61 days  none  enforce ok  authenticated
        192.0.2.11  ready    1.3  ok, 61 days  none  enforce ok  authenticated

";
        assert_eq!(shown("example.com", &hosts, 80), expected);
    }

    #[test]
    fn certificates_with_different_results_have_their_own_rows() {
        let mut both = address("192.0.2.10");
        let mut rsa = both["certificates"][0].clone();
        rsa["kind"] = "rsa".into();
        rsa["problem"] = "wrong name".into();
        rsa["verifies"] = false.into();
        rsa["policies"]["mta_sts"] =
            json!({"delivers": "not-delivered", "listed": true, "result": "certificate-host-mismatch"});
        both["policies"] = rsa["policies"].clone();
        both["certificates"].as_array_mut().expect("a list").push(rsa);
        let expected = "\
MX, address    port 25  TLS  certificate     DANE  MTA-STS     result
10 mx1.example.com
   192.0.2.10  ready    1.3  EC 61 days      none  enforce ok  authenticated
               ready    1.3  RSA wrong name  none  fails       fails with
                                                               MTA-STS

";
        assert_eq!(shown("example.com", &[host("mx1.example.com", 10, &[both])], 80), expected);
    }

    #[test]
    fn names_and_reasons_from_peers_keep_the_columns_straight() {
        let odd = "邮件.exa\u{202e}mple\u{200b}.com";
        let mut server = address("192.0.2.10");
        server["reachable"] = false.into();
        server["problem"] = "邮件服务器 \u{202e}x".into();
        let hosts = [host(odd, 10, &[server]), host("mx.example.net", 20, &[address("192.0.2.20")])];
        for width in [40, 60, 80, 120] {
            let text = shown("example.com", &hosts, width);
            assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text}");
        }
        let text = shown("example.com", &hosts, 120);
        let column = |needle: &str| {
            let line = text.lines().find(|line| line.contains(needle)).expect("a line");
            line[..line.find(needle).expect("the text")].width()
        };
        assert_eq!(column("邮件服务器"), column("ready"));
    }

    #[test]
    fn names_without_an_end_are_escaped_and_long_words_are_broken() {
        let long = format!("{}.example.net", "a".repeat(63));
        let text = shown("example.com", &[host(&long, 10, &[address("2001:db8:1111:2222:3333:4444:5555:6666")])], 40);
        assert!(text.contains("2001:db8:1111:2222"), "{text}");
    }
}
