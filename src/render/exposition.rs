//! Writes metrics in the two text formats that Prometheus reads: its own format, version 0.0.4, and OpenMetrics 1.0.
//! They differ in the names of counters and in how the output ends.
//!
//! Text from a server is escaped before it becomes the value of a label.

use std::fmt::Write;

use super::escape;

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The Prometheus text format.
    Text,
    /// OpenMetrics.
    OpenMetrics,
}

impl Form {
    /// The value of the HTTP header Content-Type.
    pub fn content_type(self) -> &'static str {
        match self {
            Form::Text => "text/plain; version=0.0.4; charset=utf-8",
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format that a client prefers, according to its Accept header (RFC 9110 §12.5.1). The Prometheus text format
    /// is the default.
    pub fn preferred(accept: &str) -> Form {
        let (mut best, mut form) = (0.0, Form::Text);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let offered = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/openmetrics-text" => Form::OpenMetrics,
                "text/plain" | "text/*" | "*/*" => Form::Text,
                _ => continue,
            };
            let mut weight = 1.0;
            let mut is_known = true;
            for (name, value) in parts.filter_map(|part| part.split_once('=')) {
                match name.trim().to_ascii_lowercase().as_str() {
                    "q" => weight = value.trim().parse::<f64>().unwrap_or(0.0),
                    "version" => is_known &= matches!(value.trim().trim_matches('"'), "1.0.0" | "0.0.1" | "0.0.4"),
                    _ => {}
                }
            }
            if is_known && weight > best {
                (best, form) = (weight, offered);
            }
        }
        form
    }
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// A value that can rise and fall.
    Gauge,
    /// A value that only rises. Its name ends with `_total`.
    Counter,
}

/// One value with its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The labels.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

/// The output, to which metric families are added.
pub struct Exposition {
    form: Form,
    text: String,
}

impl Exposition {
    /// Empty output.
    pub fn new(form: Form) -> Exposition {
        Exposition { form, text: String::new() }
    }

    /// Adds all samples of a metric; nothing if there are no samples.
    pub fn family(&mut self, name: &str, help: &str, kind: MetricType, samples: Vec<Sample>) {
        if samples.is_empty() {
            return;
        }
        let (family, kind) = match (kind, self.form) {
            (MetricType::Gauge, _) => (name, "gauge"),
            (MetricType::Counter, Form::Text) => (name, "counter"),
            // The name of a family has no suffix (OpenMetrics, "Counter").
            (MetricType::Counter, Form::OpenMetrics) => (name.strip_suffix("_total").unwrap_or(name), "counter"),
        };
        let _ = writeln!(self.text, "# HELP {family} {help}\n# TYPE {family} {kind}");
        for Sample { labels, value } in samples {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", label(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.text, "{name}{labels} {value}");
        }
    }

    /// The complete text.
    pub fn finish(mut self) -> String {
        if self.form == Form::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

/// The value of a label with backslashes, quotation marks, line endings and other control characters escaped.
fn label(text: &str) -> String {
    escape::visible(text).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{Exposition, Form, MetricType, Sample};

    #[test]
    fn the_accept_header_selects_the_form() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, form) in [
            ("", Form::Text),
            ("*/*", Form::Text),
            ("text/html, application/xhtml+xml", Form::Text),
            ("text/plain;version=0.0.4", Form::Text),
            ("application/openmetrics-text", Form::OpenMetrics),
            ("Application/OpenMetrics-Text; version=\"1.0.0\"", Form::OpenMetrics),
            ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", Form::Text),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.9", Form::Text),
            ("application/openmetrics-text;q=0", Form::Text),
            ("application/openmetrics-text;q=x", Form::Text),
            (prometheus, Form::OpenMetrics),
        ] {
            assert_eq!(Form::preferred(accept), form, "{accept}");
        }
    }

    #[test]
    fn counters_and_the_end_differ_between_the_forms() {
        let text = |form| {
            let mut text = Exposition::new(form);
            let sample = |labels, value| vec![Sample { labels, value }];
            text.family("a_total", "A.", MetricType::Counter, sample(vec![("x", "q\"\\\n".to_owned())], 2.0));
            text.family("b", "B.", MetricType::Gauge, sample(Vec::new(), 0.5));
            text.family("c", "C.", MetricType::Gauge, Vec::new());
            text.finish()
        };
        let samples = "a_total{x=\"q\\\"\\\\\\\\x0a\"} 2";
        assert!(text(Form::Text).contains(samples), "{}", text(Form::Text));
        assert!(text(Form::Text).starts_with("# HELP a_total A.\n# TYPE a_total counter\n"));
        assert!(text(Form::Text).ends_with("# TYPE b gauge\nb 0.5\n"));
        assert!(text(Form::OpenMetrics).starts_with("# HELP a A.\n# TYPE a counter\na_total{"));
        assert!(text(Form::OpenMetrics).ends_with("b 0.5\n# EOF\n"));
    }
}
