//! How long a check may take before the `nagios` format reports WARNING or CRITICAL.

/// The permitted durations of a check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Other durations result in WARNING.
    pub warning: Option<Range>,
    /// Other durations result in CRITICAL.
    pub critical: Option<Range>,
}

/// A range `[@]start:end` in seconds. Values outside it cause an alert; with `@`, values inside it. `10` means `0:10`,
/// and `~` means no lower limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
    pub(super) shown: String,
}

impl Range {
    /// Parses a range; `None` if the text is not a range.
    pub fn parse(text: &str) -> Option<Range> {
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let (inside, rest) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (start, end) = match rest.split_once(':') {
            None => (0.0, number(rest)?),
            Some((start, end)) => {
                let start = if start == "~" { f64::NEG_INFINITY } else { number(start)? };
                (start, if end.is_empty() { f64::INFINITY } else { number(end)? })
            }
        };
        // check_smtp prints a plain number with six decimal places.
        let shown = number(text).map_or_else(|| text.to_owned(), |number| format!("{number:.6}"));
        (start <= end).then_some(Range { start, end, inside, shown })
    }

    pub(super) fn alerts(&self, value: f64) -> bool {
        (value < self.start || value > self.end) != self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn ranges_are_those_of_the_guidelines() {
        let alerts = |range: &str, value: f64| Range::parse(range).expect("a range").alerts(value);
        for (range, outside, within) in [
            ("10", &[-1.0, 10.1][..], &[0.0, 10.0][..]),
            ("10:", &[9.9][..], &[10.0, 1e9][..]),
            ("~:10", &[10.1][..], &[-1e9, 10.0][..]),
            ("10:20", &[9.0, 21.0][..], &[10.0, 20.0][..]),
            ("@10:20", &[10.0, 15.0, 20.0][..], &[9.0, 21.0][..]),
        ] {
            assert!(outside.iter().all(|value| alerts(range, *value)), "{range}");
            assert!(within.iter().all(|value| !alerts(range, *value)), "{range}");
        }
        for wrong in ["", "x", "20:10", ":", "10;20", "nan", "inf", "@", "1:2:3"] {
            assert_eq!(Range::parse(wrong), None, "{wrong}");
        }
    }
}
