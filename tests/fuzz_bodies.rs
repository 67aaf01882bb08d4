//! Runs the bodies of the fuzz targets without a fuzzer, on the seed inputs, on every input that once caused a failure,
//! and on a fixed number of mutations of both. The mutations are the same in every run.
//!
//! `FUZZ_ROUNDS=100` runs a hundred times as many mutations, and `FUZZ_SEED=7` runs different ones.
//! `FUZZ_CORPUS=fuzz/corpus` writes the seed inputs of each target to a folder, from which the fuzzers in `fuzz/` read
//! them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::path::{Path, PathBuf};

use crate::support::bodies::{BODIES, Body};

/// Strings that have a meaning in some of the fuzzed formats.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\x1e",
    b"250-",
    b"250 ",
    b"220 ",
    b"334 ",
    b"235 ",
    b"421 ",
    b"535 5.7.8 ",
    b"550",
    b"STARTTLS",
    b"AUTH ",
    b"AUTH=",
    b"SIZE ",
    b"PIPELINING",
    b"SMTPUTF8",
    b"FIN\x1e",
    b"RST\x1e",
    b"WAIT\x1e",
    b"NOTLS\x1e",
    b"\x1b[31m",
    b"\x1b]8;;x\x07",
    b"\xe2\x80\xae",
    b"\xc2\x9b",
    b"\xff\xfe",
    b"::error::x",
    b"</pre>",
    b"i=4096",
    b"{nonce}",
    b"Tr0ub4dor-and-3",
    b"VHIwdWI0ZG9yLWFuZC0z",
    b"\x16\x03\x03",
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"\x30\x82",
    b"\x30\x80",
    b"said: 550 5.1.1 ",
    b"5.7.139",
    b"(in reply to RCPT TO command)",
    b"null",
    b"[]",
    b"1e999",
    b"99999999999999999999",
    b"-1",
    b"\xc3\xa9",
];

/// A pseudorandom generator with a fixed seed (xorshift64*).
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// Applies one to eight changes to an input. Some of them insert parts of other inputs.
fn mutated(corpus: &[Vec<u8>], generator: &mut Generator) -> Vec<u8> {
    let mut input = corpus[generator.below(corpus.len())].clone();
    for _ in 0..=generator.below(8) {
        let at = generator.below(input.len() + 1);
        let end = (at + generator.below(32)).min(input.len());
        match generator.below(7) {
            0 if at < input.len() => input[at] ^= 1 << generator.below(8),
            1 if at < input.len() => input[at] = generator.next() as u8,
            2 => drop(input.drain(at..end)),
            3 => drop(input.splice(at..at, TOKENS[generator.below(TOKENS.len())].iter().copied())),
            4 => {
                let again = input[at..end].repeat(1 + generator.below(3) * generator.below(40));
                drop(input.splice(at..at, again));
            }
            5 => {
                let other = &corpus[generator.below(corpus.len())];
                let from = generator.below(other.len() + 1);
                let piece = other[from..(from + generator.below(200)).min(other.len())].to_vec();
                drop(input.splice(at..end, piece));
            }
            _ => input.truncate(at.max(1)),
        }
    }
    input
}

/// Inputs that once caused a failure.
fn regression_inputs(body: &Body) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fuzz").join(body.name);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn smoke(name: &str) {
    let body = BODIES.iter().find(|body| body.name == name).unwrap();
    let run = |input: &[u8]| {
        let result = std::panic::catch_unwind(|| (body.run)(input));
        assert!(result.is_ok(), "{name} fails with the input b\"{}\"", input.escape_ascii());
    };
    let mut corpus = (body.seeds)();
    corpus.extend(regression_inputs(body));
    if let Some(folder) = std::env::var_os("FUZZ_CORPUS") {
        let folder = Path::new(&folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, input) in corpus.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), input).unwrap();
        }
    }
    corpus.iter().for_each(|input| run(input));
    run(b"");
    let mut generator = Generator(0x9E37_79B9_7F4A_7C15 ^ number("FUZZ_SEED", 1));
    let rounds = body.rounds * usize::try_from(number("FUZZ_ROUNDS", 1)).unwrap();
    for _ in 0..rounds {
        run(&mutated(&corpus, &mut generator));
    }
}

macro_rules! smoke_tests {
    ($($name:ident),* $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(#[test]
        fn $name() {
            smoke(stringify!($name));
        })*
    };
}

smoke_tests!(
    replies,
    offers,
    server_hello,
    challenges,
    log,
    session,
    certificates,
    saved_report,
    arguments,
    expectation,
    suite,
);

#[test]
fn every_body_is_tested_here_and_has_a_fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let manifest = std::fs::read_to_string(folder.parent().unwrap().join("Cargo.toml")).unwrap();
    let names: Vec<&str> = BODIES.iter().map(|body| body.name).collect();
    assert_eq!(TESTED, names);
    for name in names {
        assert!(folder.join(format!("{name}.rs")).exists(), "fuzz/fuzz_targets/{name}.rs is missing");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml does not name {name}");
    }
}
