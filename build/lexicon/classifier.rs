//! Learns the weights of the classifier from the labelled replies of `tests/corpus` and from the examples and literals of the
//! phrases.
//!
//! The method is the averaged perceptron (Freund and Schapire 1999; Collins 2002) with a margin: if the right cause of
//! a reply does not lead by the margin, the reply's features are added to that cause and subtracted from the competing
//! cause. The weights are the average of all steps and of three orders of the examples, rounded to bytes. The orders are
//! the same in every build, and the calculation uses only additions, multiplications and square roots, which IEEE 754
//! defines exactly. The same files therefore always result in the same weights.
//!
//! The accuracy is measured in the tests of `src/lexicon/classifier.rs`, which train with some sources and test with
//! the rest.

use std::path::Path;

use serde::Deserialize;

use super::cause::Cause;
use super::context::ReplyPhase;
use super::entries::Entries;
use super::normal::normal;
use super::spelling::unified;
use super::wording::{BITS, CAUSES, FACT, WordingFacts, WordingFeatures};

/// The folder with the labelled replies, relative to the package.
pub(super) const CORPUS: &str = "tests/corpus";

/// The number of times that each example is used.
const ROUNDS: usize = 6;
/// The margin by which the cause of an example has to lead.
const LEAD: f32 = 0.5;
/// The weight of a literal as an example. It is lower than that of a reply, because a literal is only part of a reply.
const LITERAL: f32 = 0.6;
/// The starts of the random orders in which the examples are used. Averaging several orders makes the weights less
/// dependent on each of them: of the replies from sources that were not learned, 94.7 instead of 94.0 of 100 are right.
const ORDERS: [u64; 3] = [1, 2, 3];

/// A reply whose cause is known.
pub(super) struct Example {
    pub(super) features: WordingFeatures,
    /// The cause, then other causes that are also correct.
    pub(super) causes: Vec<Cause>,
    /// The text, with its code if it is a reply from the corpus.
    pub(super) text: String,
    /// The phase, if it is known.
    pub(super) phase: Option<ReplyPhase>,
    /// The source of the reply; empty if it is not from the corpus.
    pub(super) source: String,
    weight: f32,
}

/// The weights: for each slot, one byte for each cause.
pub(super) struct Model {
    pub(super) weights: Vec<u8>,
    /// The value of a weight of 1.
    pub(super) scale: f32,
}

#[derive(Deserialize)]
struct CorpusFile {
    #[serde(default)]
    reply: Vec<CorpusReply>,
}

#[derive(Deserialize)]
struct CorpusReply {
    text: String,
    #[serde(default)]
    phase: String,
    category: Cause,
    #[serde(default)]
    also: Vec<Cause>,
    #[serde(default)]
    source: String,
}

/// All examples, in the order of the files. Fails with a message for each file that cannot be read.
pub(super) fn examples(package: &Path, entries: &Entries) -> Result<Vec<Example>, Vec<String>> {
    let mut examples = Vec::new();
    for reply in corpus(package).map_err(|problem| vec![problem])? {
        let causes = std::iter::once(reply.category).chain(reply.also).collect();
        let phase = ReplyPhase::parse(&reply.phase);
        examples.push(example(&reply.text, phase, causes, reply.source));
    }
    for entry in entries.phrases() {
        // If the words have a meaning only in some phases, they are learned with the first of these phases.
        let phase = entry.phase.as_ref().and_then(|phases| phases.first().copied());
        let facts = WordingFacts { phase, ..WordingFacts::default() };
        let of_reply = |text: &String| example(text, phase, vec![entry.category], String::new());
        examples.extend(entry.matches.iter().map(of_reply));
        examples.extend(entry.all.iter().chain(&entry.any).map(|literal| Example {
            features: WordingFeatures::of(&unified(literal.get_ref()), facts),
            causes: vec![entry.category],
            text: String::new(),
            phase: None,
            source: String::new(),
            weight: LITERAL,
        }));
    }
    Ok(examples)
}

fn corpus(package: &Path) -> Result<Vec<CorpusReply>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{CORPUS}: {error}");
    let files = std::fs::read_dir(package.join(CORPUS)).map_err(|error| failed(&error))?;
    let mut paths: Vec<_> =
        files.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>().map_err(|error| failed(&error))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut replies = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
        let file: CorpusFile = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        replies.extend(file.reply);
    }
    Ok(replies)
}

fn example(text: &str, phase: Option<ReplyPhase>, causes: Vec<Cause>, source: String) -> Example {
    let (mut code, mut status, mut words) = (None, None, Vec::new());
    for line in text.lines() {
        let digits = line.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        code = code.or(number);
        let rest = number.and_then(|_| line.get(4..)).unwrap_or(if number.is_some() { "" } else { line });
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if is_status(first) {
            status = status.or(Some(first));
            words.push(after);
        } else {
            words.push(rest);
        }
    }
    let features = WordingFeatures::of(&unified(&normal(&words.join(" "))), WordingFacts { code, status, phase });
    Example { features, causes, text: text.to_owned(), phase, source, weight: 1.0 }
}

/// Whether a word is an enhanced status.
fn is_status(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|one| one.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number) && matches!(parts.first(), Some(&("2" | "4" | "5")))
}

type Row = [f32; CAUSES];

/// Learns from examples.
pub(super) fn train(examples: &[&Example]) -> Model {
    let mut sum: Vec<Row> = vec![[0.0; CAUSES]; 1 << BITS];
    for weights in ORDERS.into_iter().map(|start| train_in_order(examples, Random(start))) {
        for (row, weights) in sum.iter_mut().zip(&weights) {
            row.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
        }
    }
    rounded(&sum)
}

/// The average weights of all steps, for one order of the examples.
fn train_in_order(examples: &[&Example], mut random: Random) -> Vec<Row> {
    let mut weights: Vec<Row> = vec![[0.0; CAUSES]; 1 << BITS];
    // The sum of each change times the number of the step in which it was made.
    let mut delayed = weights.clone();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut step: f32 = 1.0;
    for _ in 0..ROUNDS {
        random.shuffle(&mut order);
        for example in order.iter().map(|number| examples[*number]) {
            if let Some((right, wrong)) = mistake(&weights, example) {
                let change = |slot: usize, by: f32, weights: &mut [Row], delayed: &mut [Row]| {
                    weights[slot][right] += by;
                    weights[slot][wrong] -= by;
                    delayed[slot][right] += by * step;
                    delayed[slot][wrong] -= by * step;
                };
                let share = example.features.share() * example.weight;
                example.features.words.iter().for_each(|slot| change(*slot, share, &mut weights, &mut delayed));
                let fact = FACT * example.weight;
                example.features.facts.iter().for_each(|slot| change(*slot, fact, &mut weights, &mut delayed));
            }
            step += 1.0;
        }
    }
    for (row, delayed) in weights.iter_mut().zip(&delayed) {
        row.iter_mut().zip(delayed).for_each(|(weight, delayed)| *weight -= delayed / step);
    }
    weights
}

/// The cause of the example, and the other cause that leads or is within the margin; none if the cause leads by the
/// margin.
fn mistake(weights: &[Row], example: &Example) -> Option<(usize, usize)> {
    let (words, facts) = (sum(weights, &example.features.words), sum(weights, &example.features.facts));
    let share = example.features.share();
    let score = |cause: usize| words[cause] * share + facts[cause] * FACT;
    let right = *example.causes.first()? as usize;
    let others = (0..CAUSES).filter(|cause| example.causes.iter().all(|one| *one as usize != *cause));
    let wrong = others.reduce(|best, cause| if score(cause) > score(best) { cause } else { best })?;
    (score(right) - score(wrong) < LEAD).then_some((right, wrong))
}

/// The sum of some rows. The build spends most of its time in this loop, so the loop is written to be fast without
/// optimization.
fn sum(weights: &[Row], slots: &[usize]) -> Row {
    let mut sum = [0.0; CAUSES];
    for slot in slots {
        let row = &weights[*slot];
        let mut cause = 0;
        while cause < CAUSES {
            sum[cause] += row[cause];
            cause += 1;
        }
    }
    sum
}

#[allow(clippy::cast_possible_truncation, reason = "the values are from -127 to 127")]
fn rounded(weights: &[Row]) -> Model {
    let largest = weights.iter().flatten().fold(f32::MIN_POSITIVE, |largest, weight| largest.max(weight.abs()));
    let step = largest / 127.0;
    let byte = |weight: &f32| ((weight / step).round() as i8).cast_unsigned();
    // The weights are sums over all orders, and the scale makes them averages.
    let scale = step / ORDERS.len() as f32;
    Model { weights: weights.iter().flatten().map(byte).collect(), scale }
}

/// A linear congruential generator (Knuth's MMIX constants), so that the order is the same in every build.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap_or_default()
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for place in (1..order.len()).rev() {
            order.swap(place, self.below(place + 1));
        }
    }
}
