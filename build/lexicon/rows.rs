//! Writes the rows of each table. The fields have the same names as in `src/lexicon`, where the compiler checks them.
//!
//! The rows do not contain examples, which tests read from the data files.

use toml::Spanned;

use super::context::ReplyPhase;
use super::entries::{
    BlocklistEntry, CertificateEntry, CloudEntry, CodeAtEntry, CodeEntry, DeviationEntry, Entries, ErrorEntry,
    KeywordEntry, MechanismEntry, MxEntry, PhraseEntry, ProgramEntry, ProviderEntry, SenderEntry, SignEntry,
    SoftwareEntry, StatusEntry, WordingEntry,
};
use super::greetings;
use super::literals::{EntryLiterals, LiteralTables};
use super::normal::normal;
use super::pool::{Pool, option, row, slice, table};
use super::spelling::unified;
use super::words;

/// The source of all tables: the name of the file in the output folder, and its content.
pub(super) fn sources(entries: &Entries, pool: &mut Pool) -> Vec<(&'static str, String)> {
    let mut sources = vec![
        ("phrases.rs", phrases(entries, pool)),
        ("program_errors.rs", errors(entries, pool)),
        ("blocklists.rs", rows("LISTS", "Blocklist", &entries.blocklists.entries.blocklist, pool, blocklist)),
        ("clouds.rs", rows("CLOUDS", "Cloud", &entries.clouds.entries.cloud, pool, cloud)),
        ("codes.rs", codes(entries, pool)),
        ("status.rs", statuses(entries, pool)),
        ("keywords.rs", rows("KEYWORDS", "Keyword", &entries.keywords.entries.keyword, pool, keyword)),
        ("mechanisms.rs", rows("MECHANISMS", "MechanismRow", &entries.mechanisms.entries.mechanism, pool, mechanism)),
        ("programs.rs", rows("PROGRAMS", "MailProgram", &entries.programs.entries.program, pool, program)),
        ("providers.rs", rows("PROVIDERS", "Provider", &entries.providers.entries.provider, pool, provider)),
        ("sender.rs", rows("SENDERS", "SenderRow", &entries.senders.entries.sender, pool, sender)),
        ("software.rs", software_tables(entries, pool)),
        ("wordings.rs", rows("WORDINGS", "WordingRow", &entries.wordings.entries.wording, pool, wording)),
        (
            "vocabulary.rs",
            format!("static WORDS: List<Text> = {};\n", pool.texts(words(entries).iter().map(|word| &**word))),
        ),
    ];
    sources.push(("pool.rs", pool.tables()));
    sources
}

fn rows<T>(name: &str, kind: &str, entries: &[T], pool: &mut Pool, one: fn(&T, &mut Pool) -> String) -> String {
    let rows: Vec<String> = entries.iter().map(|entry| one(entry, pool)).collect();
    table(name, kind, &rows)
}

fn plain(texts: &[Spanned<String>]) -> Vec<&str> {
    texts.iter().map(|text| text.get_ref().as_str()).collect()
}

fn strings(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

fn maybe(text: &Option<Spanned<String>>) -> Option<&str> {
    text.as_ref().map(|text| text.get_ref().as_str())
}

fn numbers(numbers: &[u16]) -> String {
    slice(numbers, u16::to_string)
}

fn phases(phases: &[ReplyPhase]) -> String {
    slice(phases, |phase| format!("ReplyPhase::{phase:?}"))
}

fn phrases(entries: &Entries, pool: &mut Pool) -> String {
    let mut literals = LiteralTables::default();
    let spelled: Vec<[Vec<String>; 4]> = entries.phrases().map(spelled).collect();
    let rows = entries.phrases().zip(&spelled).map(|(entry, spelled)| phrase(entry, spelled, &mut literals, pool));
    let rows: Vec<String> = rows.collect();
    let examples = entries.phrases().flat_map(|entry| entry.matches.iter().chain(&entry.differs));
    let examples: Vec<String> = examples.map(|text| unified(&normal(text))).collect();
    let index = literals.index(&examples, pool);
    format!("{}static INDEX: LiteralIndex = {index};\n", table("PHRASES", "Phrase", &rows))
}

/// The literals `all`, `any`, `also` and `none` of a phrase, in the spelling in which replies are compared with them.
fn spelled(entry: &PhraseEntry) -> [Vec<String>; 4] {
    [&entry.all, &entry.any, &entry.also, &entry.none].map(|literals| {
        let mut spelled: Vec<String> = Vec::with_capacity(literals.len());
        for literal in plain(literals) {
            let literal = unified(literal);
            if !spelled.contains(&literal) {
                spelled.push(literal);
            }
        }
        spelled
    })
}

fn phrase<'a>(
    entry: &PhraseEntry,
    [all, any, also, none]: &'a [Vec<String>; 4],
    literals: &mut LiteralTables<'a>,
    pool: &mut Pool,
) -> String {
    let texts = |list: &'a [String]| strings(list).collect();
    let own = EntryLiterals { all: texts(all), any: texts(any), also: texts(also), none: texts(none) };
    row(
        "Phrase",
        [
            ("id", pool.text(entry.id.get_ref())),
            ("provider", pool.optional(maybe(&entry.provider))),
            ("anywhere", entry.anywhere.to_string()),
            ("general", entry.general.to_string()),
            ("phase", option(entry.phase.as_deref().map(|phases| pool.phases(phases)))),
            ("code", option(entry.code.as_deref().map(|codes| pool.numbers(codes)))),
            ("class", option(entry.class.as_deref().map(|classes| pool.numbers(classes)))),
            ("status", option(entry.status.as_deref().map(|status| pool.texts(plain(status))))),
            ("literals", literals.add(&own)),
            ("cause", format!("Cause::{:?}", entry.category)),
            ("confidence", format!("Confidence::{:?}", entry.confidence)),
            ("means", pool.text(&entry.means)),
            ("otherwise", pool.optional(entry.otherwise.as_deref())),
            ("fix", pool.fixes(&entry.fix)),
            ("source", pool.text(&entry.source)),
        ],
    )
}

fn errors(entries: &Entries, pool: &mut Pool) -> String {
    let mut literals = LiteralTables::default();
    let rows: Vec<String> = entries.errors().map(|entry| error(entry, &mut literals, pool)).collect();
    let examples = entries.errors().flat_map(|entry| entry.matches.iter().chain(&entry.differs));
    let examples: Vec<String> = examples.map(|text| normal(text)).collect();
    let index = literals.index(&examples, pool);
    format!("{}static INDEX: LiteralIndex = {index};\n", table("ERRORS", "ProgramError", &rows))
}

fn error<'a>(entry: &'a ErrorEntry, literals: &mut LiteralTables<'a>, pool: &mut Pool) -> String {
    let own = EntryLiterals {
        all: plain(&entry.all),
        any: plain(&entry.any),
        also: plain(&entry.also),
        none: plain(&entry.none),
    };
    row(
        "ProgramError",
        [
            ("id", pool.text(entry.id.get_ref())),
            ("rule", pool.optional(entry.rule.as_deref())),
            ("generic", entry.generic.to_string()),
            ("vagueness", entry.vagueness.to_string()),
            ("instead_of_reply", entry.instead_of_reply.to_string()),
            ("alone", pool.texts(entry.alone.iter().map(String::as_str))),
            ("literals", literals.add(&own)),
            ("confidence", format!("Confidence::{:?}", entry.confidence)),
            ("means", pool.text(&entry.means)),
            ("otherwise", pool.optional(entry.otherwise.as_deref())),
            ("fix", pool.fixes(&entry.fix)),
            ("source", pool.text(&entry.source)),
        ],
    )
}

fn blocklist(entry: &BlocklistEntry, pool: &mut Pool) -> String {
    row(
        "Blocklist",
        [
            ("name", pool.text(&entry.name)),
            ("any", pool.texts(plain(&entry.any))),
            ("removal", pool.text(&entry.removal)),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn cloud(entry: &CloudEntry, pool: &mut Pool) -> String {
    let dmi: Vec<String> = entry
        .dmi
        .iter()
        .map(|(file, values)| format!("({}, {})", pool.text(file), pool.texts(strings(values))))
        .collect();
    row(
        "Cloud",
        [
            ("name", pool.text(&entry.name)),
            ("kind", pool.text(entry.kind.get_ref())),
            ("env", pool.texts(strings(&entry.env))),
            ("dmi", slice(&dmi, String::clone)),
            ("host_suffix", pool.texts(strings(&entry.host_suffix))),
            ("blocks", numbers(&entry.blocks)),
            ("certainty", format!("Confidence::{:?}", entry.certainty)),
            ("means", pool.text(&entry.means)),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn codes(entries: &Entries, pool: &mut Pool) -> String {
    let file = &entries.codes.entries;
    let classes = rows("CLASSES", "ClassRow", &file.class, pool, |entry, pool| {
        row(
            "ClassRow",
            [
                ("digit", entry.digit.to_string()),
                ("meaning", pool.text(&entry.meaning)),
                ("cause", format!("Cause::{:?}", entry.category)),
                ("confidence", format!("Confidence::{:?}", entry.confidence)),
                ("means", pool.text(&entry.means)),
                ("otherwise", pool.optional(entry.otherwise.as_deref())),
                ("fix", pool.fixes(&entry.fix)),
            ],
        )
    });
    let classes_at = rows("CLASSES_AT", "ClassAt", &file.phase, pool, |entry, pool| {
        row(
            "ClassAt",
            [
                ("phase", phases(&entry.phase)),
                ("digit", entry.digit.to_string()),
                ("cause", format!("Cause::{:?}", entry.category)),
                ("confidence", format!("Confidence::{:?}", entry.confidence)),
                ("means", pool.text(&entry.means)),
                ("otherwise", pool.optional(entry.otherwise.as_deref())),
                ("fix", pool.fixes(&entry.fix)),
            ],
        )
    });
    classes + &classes_at + &rows("CODES", "CodeRow", &file.code, pool, code)
}

fn code(entry: &CodeEntry, pool: &mut Pool) -> String {
    let at: Vec<String> = entry.at.iter().map(|at| code_at(at, pool)).collect();
    row(
        "CodeRow",
        [
            ("code", entry.code.get_ref().to_string()),
            ("meaning", pool.text(&entry.meaning)),
            ("reference", pool.text(&entry.reference)),
            ("cause", format!("Cause::{:?}", entry.category)),
            ("at", slice(&at, String::clone)),
        ],
    )
}

fn code_at(entry: &CodeAtEntry, pool: &mut Pool) -> String {
    row(
        "CodeAt",
        [
            ("phase", phases(&entry.phase)),
            ("cause", format!("Cause::{:?}", entry.category)),
            ("confidence", format!("Confidence::{:?}", entry.confidence)),
            ("means", pool.text(&entry.means)),
            ("otherwise", pool.optional(entry.otherwise.as_deref())),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn statuses(entries: &Entries, pool: &mut Pool) -> String {
    let file = &entries.statuses.entries;
    rows("STATUSES", "StatusRow", &file.status, pool, status)
        + &rows("DEVIATIONS", "StatusDeviation", &file.deviation, pool, deviation)
}

fn status(entry: &StatusEntry, pool: &mut Pool) -> String {
    let cause = |cause: Option<super::cause::Cause>| option(cause.map(|cause| format!("Cause::{cause:?}")));
    row(
        "StatusRow",
        [
            ("code", pool.text(entry.code.get_ref())),
            ("text", pool.text(&entry.text)),
            ("reference", pool.text(&entry.reference)),
            ("meaning", pool.text(&entry.meaning)),
            ("cause", format!("Cause::{:?}", entry.category)),
            ("category4", cause(entry.category4)),
            ("category5", cause(entry.category5)),
            ("confidence", format!("Confidence::{:?}", entry.confidence)),
            ("generic", entry.generic.to_string()),
            ("otherwise", pool.optional(entry.otherwise.as_deref())),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn deviation(entry: &DeviationEntry, pool: &mut Pool) -> String {
    row(
        "StatusDeviation",
        [
            ("code", pool.text(entry.code.get_ref())),
            ("to", pool.optional(maybe(&entry.to))),
            ("provider", pool.text(entry.provider.get_ref())),
            ("decisive", entry.decisive.to_string()),
            ("basic", numbers(&entry.basic)),
            ("means", pool.text(&entry.means)),
            ("cause", format!("Cause::{:?}", entry.category)),
            ("confidence", format!("Confidence::{:?}", entry.confidence)),
            ("otherwise", pool.optional(entry.otherwise.as_deref())),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn keyword(entry: &KeywordEntry, pool: &mut Pool) -> String {
    row(
        "Keyword",
        [
            ("keyword", pool.text(entry.keyword.get_ref())),
            ("pattern", pool.optional(maybe(&entry.pattern))),
            ("reference", pool.text(&entry.reference)),
            ("status", pool.text(entry.status.get_ref())),
            ("meaning", pool.text(&entry.meaning)),
            ("says", pool.text(&entry.says)),
            ("absent", pool.optional(entry.absent.as_deref())),
        ],
    )
}

fn mechanism(entry: &MechanismEntry, pool: &mut Pool) -> String {
    row(
        "MechanismRow",
        [
            ("name", pool.text(entry.name.get_ref())),
            ("pattern", pool.optional(maybe(&entry.pattern))),
            ("reference", pool.text(&entry.reference)),
            ("secret_on_wire", pool.text(&entry.secret_on_wire)),
            ("strength", pool.text(entry.strength.get_ref())),
            ("remark", pool.text(&entry.remark)),
        ],
    )
}

fn program(entry: &ProgramEntry, pool: &mut Pool) -> String {
    let advice: Vec<String> = entry
        .advice
        .iter()
        .map(|advice| row("Advice", [("rules", pool.texts(strings(&advice.rules))), ("fix", pool.fix(&advice.fix))]))
        .collect();
    row(
        "MailProgram",
        [
            ("id", pool.text(entry.id.get_ref())),
            ("name", pool.text(&entry.name)),
            ("also", pool.texts(strings(&entry.also))),
            ("application", entry.application.to_string()),
            ("signs", pool.texts(plain(&entry.signs))),
            ("note", pool.text(&entry.note)),
            ("source", pool.text(&entry.source)),
            ("advice", slice(&advice, String::clone)),
        ],
    )
}

fn provider(entry: &ProviderEntry, pool: &mut Pool) -> String {
    let ports = slice(&entry.port, |port| format!("Port {{ port: {}, tls: PortTls::{:?} }}", port.port, port.tls));
    row(
        "Provider",
        [
            ("id", pool.text(entry.id.get_ref())),
            ("name", pool.text(&entry.name)),
            ("kind", pool.text(entry.kind.get_ref())),
            ("hosts", pool.texts(strings(&entry.hosts))),
            ("also", pool.texts(strings(&entry.also))),
            ("not_for_sending", pool.texts(strings(&entry.not_for_sending))),
            ("platform", pool.optional(entry.platform.as_deref())),
            ("mailboxes", pool.optional(entry.mailboxes.as_deref())),
            ("user_is_local_part", entry.user_is_local_part.to_string()),
            ("user_is", pool.optional(entry.user_is.as_deref())),
            ("ports", ports),
            ("recommended", option(entry.recommended.as_ref().map(|port| port.get_ref().to_string()))),
            ("why", pool.optional(entry.why.as_deref())),
            ("user", pool.optional(entry.user.as_deref())),
            ("password", pool.optional(entry.password.as_deref())),
            ("password_url", pool.optional(entry.password_url.as_deref())),
            ("auth", pool.texts(strings(&entry.auth))),
            ("rule", pool.optional(entry.rule.as_deref())),
            ("starttls_always", entry.starttls_always.to_string()),
            ("sees_after_data", pool.optional(entry.sees_after_data.as_deref())),
            ("sender_checked_after_data", entry.sender_checked_after_data.to_string()),
            ("banner_any", pool.texts(plain(&entry.banner_any))),
            ("cert_any", pool.texts(strings(&entry.cert_any))),
            ("ehlo_any", pool.texts(plain(&entry.ehlo_any))),
            ("reply_any", pool.texts(plain(&entry.reply_any))),
            ("reviewed", pool.text(&entry.reviewed)),
            ("source", pool.text(&entry.source)),
        ],
    )
}

fn sender(entry: &SenderEntry, pool: &mut Pool) -> String {
    row(
        "SenderRow",
        [
            ("category", option(entry.category.map(|cause| format!("Cause::{cause:?}")))),
            ("status", pool.texts(plain(&entry.status))),
            ("to", format!("Cause::{:?}", entry.to.get_ref())),
            ("confidence", format!("Confidence::{:?}", entry.confidence)),
            ("means", pool.text(&entry.means)),
            ("otherwise", pool.optional(entry.otherwise.as_deref())),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn wording(entry: &WordingEntry, pool: &mut Pool) -> String {
    row(
        "WordingRow",
        [
            ("category", format!("Cause::{:?}", entry.category.get_ref())),
            ("means", pool.text(&entry.means)),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}

fn software_tables(entries: &Entries, pool: &mut Pool) -> String {
    let file = &entries.software.entries;
    rows("SOFTWARE", "Software", &file.software, pool, software)
        + &rows("SIGNS", "SoftwareSign", &file.sign, pool, sign)
        + &rows("MX", "Mx", &file.mx, pool, mx)
        + &rows("CERTIFICATES", "CertificateSign", &file.certificate, pool, certificate)
}

fn software(entry: &SoftwareEntry, pool: &mut Pool) -> String {
    let required = greetings::required(entry.regex.get_ref());
    row(
        "Software",
        [
            ("id", pool.text(entry.id.get_ref())),
            ("name", pool.text(&entry.name)),
            ("regex", pool.text(entry.regex.get_ref())),
            ("required", pool.texts(required.iter().map(String::as_str))),
            ("kind", pool.text(entry.kind.get_ref())),
            ("provider", pool.optional(maybe(&entry.provider))),
            ("compiled", "OnceLock::new()".to_owned()),
        ],
    )
}

fn sign(entry: &SignEntry, pool: &mut Pool) -> String {
    row(
        "SoftwareSign",
        [
            ("software", pool.text(entry.software.get_ref())),
            ("place", pool.text(entry.place.get_ref())),
            ("literal", pool.text(entry.literal.get_ref())),
        ],
    )
}

fn mx(entry: &MxEntry, pool: &mut Pool) -> String {
    row(
        "Mx",
        [
            ("suffix", pool.text(&entry.suffix)),
            ("prefix", pool.optional(entry.prefix.as_deref())),
            ("provider", pool.optional(maybe(&entry.provider))),
            ("software", pool.optional(maybe(&entry.software))),
        ],
    )
}

fn certificate(entry: &CertificateEntry, pool: &mut Pool) -> String {
    row(
        "CertificateSign",
        [
            ("place", pool.text(entry.place.get_ref())),
            ("literal", pool.text(&entry.literal)),
            ("equals", entry.equals.to_string()),
            ("meaning", pool.text(&entry.meaning)),
            ("kind", pool.text(entry.kind.get_ref())),
            ("means", pool.text(&entry.means)),
            ("fix", pool.fixes(&entry.fix)),
        ],
    )
}
