//! Measures how fast `smtpcheck explain -` reads a log: bytes per second for lines without a reply, and replies per
//! second for lines that each contain a different reply, so that no cached result is used. It also measures a process
//! that explains one reply, from its start to its end. The tables of the lexicon need no preparation, so this takes
//! only a little longer than `--version`.
//!
//! Run it with `cargo bench --bench explain`. The target is 50 MB/s and 20,000 replies/s on one core, and 5 ms for a
//! process.

use std::process::{Command, Stdio};

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use smtpcheck::commands::explain::{ExplainForm, stream};
use smtpcheck::explain::ExplainContext;
use smtpcheck::render::Display;

const LINES: usize = 10_000;

fn main() {
    divan::main();
}

fn explained(log: &[u8], form: ExplainForm) -> u64 {
    let read = stream(&mut &log[..], std::io::sink(), &ExplainContext::default(), (form, &Display::plain()));
    read.map_or(0, |extent| extent.replies)
}

fn quiet() -> Vec<u8> {
    let line = |at: usize| match at % 4 {
        0 => format!(
            "Mar 14 01:03:03 mx postfix/smtpd[{at}]: disconnect from localhost[127.0.0.1] helo=1 mail=1 rcpt=1 data=1 quit=1 commands=5\n"
        ),
        1 => format!(
            "Mar 14 01:04:12 mx postfix/smtp[{at}]: 55D6F15A0A17: to=<u{at}@example.com>, relay=none, delay=38695, delays=38694/0.02/0.34/0, dsn=4.4.1, status=deferred (connect to mx.example.com[192.0.2.1]:25: Connection timed out)\n"
        ),
        2 => format!("2008-07-30 12:02:35 1KO7Zr-{at:06}-El <= kmr@system3.example.com U=kmr P=local S={at}\n"),
        _ => format!(
            "Apr  9 09:29:47 mx dovecot: imap-login: Login: user=<u{at}@example.com>, method=PLAIN, rip=192.0.2.7, TLS, session=<{at:x}>\n"
        ),
    };
    (0..LINES).map(line).collect::<String>().into_bytes()
}

fn rejections() -> Vec<u8> {
    let line = |at: usize| match at % 4 {
        0 => format!(
            "Dec  1 16:25:32 mx postfix/smtp[1]: 4C37: to=<u{at}@example.com>, relay=mx.example.net[192.0.2.40]:25, delay=1.1, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.40] said: 554 5.7.1 <u{at}@example.com>: Relay access denied (in reply to RCPT TO command))\n"
        ),
        1 => format!(
            "2012-02-13 15:02:02 1Rwt ** u{at}@example.ru R=d T=r: SMTP error from remote mail server after RCPT TO:<u{at}@example.ru>: host mx.example.ru [192.0.2.3]: 550 5.1.1 <u{at}@example.ru> User unknown\n"
        ),
        2 => format!(
            "Apr 20 16:35:51 mx sm-mta[6]: n3K{at}: to=<u@example.com>, relay=mx.example.com. [192.0.2.1], dsn=4.7.1, stat=Deferred: 450 4.7.1 <u{at}@example.com>: Recipient address rejected: Greylisted\n"
        ),
        _ => format!(
            "550-5.1.1 The email account u{at} that you tried to reach does not exist.\n550 5.1.1 Please try again {at}\n"
        ),
    };
    (0..LINES).map(line).collect::<String>().into_bytes()
}

#[divan::bench]
fn lines_without_a_reply(bencher: Bencher<'_, '_>) {
    let log = quiet();
    bencher.counter(BytesCount::of_slice(&log)).bench(|| assert_eq!(explained(&log, ExplainForm::Text), 0));
}

#[divan::bench(args = ["text", "json"])]
fn lines_with_a_reply(bencher: Bencher<'_, '_>, form: &str) {
    let (log, form) = (rejections(), if form == "json" { ExplainForm::Json } else { ExplainForm::Text });
    bencher.counter(ItemsCount::new(LINES)).bench(|| assert_eq!(explained(&log, form), LINES as u64));
}

#[divan::bench(args = ["--version", "explain 550 5.1.1 user unknown", "providers"], sample_size = 1)]
fn from_start_to_exit(bencher: Bencher<'_, '_>, words: &str) {
    let run = || Command::new(env!("CARGO_BIN_EXE_smtpcheck")).args(words.split(' ')).stdout(Stdio::null()).status();
    bencher.bench(|| assert!(run().is_ok_and(|status| status.success())));
}
