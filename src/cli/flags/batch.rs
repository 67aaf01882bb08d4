//! The values of the `smtpcheck batch` flags: the shard, the rate, and the columns of a CSV file.

use super::{InvalidValue, closed_list};
use crate::report::fields::{Field, NameFault};
use crate::source::nearest;
use crate::wire::Host;

/// The maximum number of shards.
const MOST_SHARDS: u32 = 1_000_000;

/// The formats of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFormat {
    /// One JSON object per line.
    Ndjson,
    /// One row per target.
    Csv,
}

closed_list!(BatchFormat {
    BatchFormat::Ndjson => "ndjson" | "json",
    BatchFormat::Csv => "csv",
});

/// The value of `--shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardChoice {
    /// This shard.
    Fixed(Shard),
    /// The shard of this task in an array job. If the number of shards is given, it replaces the number of tasks in the
    /// array job.
    Auto {
        /// The number of shards.
        of: Option<u32>,
    },
}

/// One share of the targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The number of the shard, from 1.
    pub number: u32,
    /// The number of shards.
    pub of: u32,
}

impl Shard {
    /// All targets.
    pub const ALL: Shard = Shard { number: 1, of: 1 };

    /// A shard, if its number is within the range.
    pub fn new(number: u32, of: u32) -> Option<Shard> {
        (number >= 1 && number <= of && of <= MOST_SHARDS).then_some(Shard { number, of })
    }
}

/// Parses the value of `--shard`.
pub fn shard(text: &str) -> Result<ShardChoice, InvalidValue> {
    let wrong =
        |reason: &'static str| InvalidValue::new(reason, "use I/N, for example 1/4 for the first of four shards");
    let count = |text: &str| text.parse::<u32>().ok().filter(|count| (1..=MOST_SHARDS).contains(count));
    if text.eq_ignore_ascii_case("auto") {
        return Ok(ShardChoice::Auto { of: None });
    }
    let (number, of) = text.split_once('/').ok_or_else(|| wrong("not a shard"))?;
    let of = count(of).ok_or_else(|| wrong("the number of shards is not valid"))?;
    if number.eq_ignore_ascii_case("auto") {
        return Ok(ShardChoice::Auto { of: Some(of) });
    }
    let number = number.parse::<u32>().map_err(|_| wrong("the shard number is not valid"))?;
    if number == 0 {
        return Err(wrong("shards are counted from 1"));
    }
    Shard::new(number, of)
        .map(ShardChoice::Fixed)
        .ok_or_else(|| wrong("the shard number is greater than the number of shards"))
}

/// The value of `--rate`: the time between the starts of two checks, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Microseconds from one start to the next.
    pub interval_us: u64,
}

/// Parses the value of `--rate`.
pub fn rate(text: &str) -> Result<Rate, InvalidValue> {
    let wrong = || InvalidValue::new("not a rate", "use a rate, for example 50/s, 300/m or 1000/h");
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let number = number.trim().parse::<u64>().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
    let unit_us: u64 = match unit.trim() {
        "s" | "sec" | "second" => 1_000_000,
        "m" | "min" | "minute" => 60_000_000,
        "h" | "hour" => 3_600_000_000,
        _ => return Err(wrong()),
    };
    Ok(Rate { interval_us: (unit_us / number).max(1) })
}

/// The host of `--login-host`.
pub fn host(text: &str) -> Result<Host, InvalidValue> {
    let with_port =
        text.rsplit_once(':').is_some_and(|(host, port)| port.parse::<u16>().is_ok() && !host.contains(':'));
    if with_port {
        return Err(InvalidValue::new("a port is not allowed here", "write the host without its port"));
    }
    Host::parse(text).map_err(|error| InvalidValue::new(error.to_string(), "write a host without a port"))
}

/// The columns of a CSV file.
#[derive(Clone, Debug)]
pub struct CsvColumns(pub Vec<CsvColumn>);

/// One column.
#[derive(Clone, Debug)]
pub struct CsvColumn {
    /// The name, as the user wrote it.
    pub name: String,
    /// The content.
    pub content: ColumnContent,
}

/// The content of a column.
#[derive(Clone, Copy, Debug)]
pub enum ColumnContent {
    /// The number of the line in the input.
    Line,
    /// The tags of the target, as JSON.
    Tags,
    /// The interface that connections come from.
    Interface,
    /// Why the line could not be checked.
    Error,
    /// A value from the report. The number is the index in the brackets of the column name.
    Value(&'static Field, usize),
}

/// The default columns of a CSV file.
const USUAL: &str = "line,target.host,target.port,address,exit.code,exit.name,verdict,findings,tls.version,\
                     certificate.verifies,certificate.days_left,greeting.code,total_ms,error";

impl Default for CsvColumns {
    fn default() -> CsvColumns {
        // The names are a constant, and a test parses them.
        columns(USUAL).unwrap_or(CsvColumns(Vec::new()))
    }
}

/// Parses the value of `--columns`.
pub fn columns(text: &str) -> Result<CsvColumns, InvalidValue> {
    text.split(',').map(|name| column(name.trim())).collect::<Result<_, _>>().map(CsvColumns)
}

fn column(name: &str) -> Result<CsvColumn, InvalidValue> {
    let content = match name {
        "" => return Err(InvalidValue::new("a column is empty", "for example: target.host,exit.code")),
        "line" => ColumnContent::Line,
        "tags" => ColumnContent::Tags,
        "interface" => ColumnContent::Interface,
        "error" => ColumnContent::Error,
        name => match Field::find(name) {
            Ok((field, index)) => ColumnContent::Value(field, index),
            Err(NameFault::Unknown(pattern)) => {
                let known = Field::all().map(|field| field.name).chain(["line", "tags", "interface", "error"]);
                let hint = match nearest(&pattern, known) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "docs/expectations.md lists the names".to_owned(),
                };
                return Err(InvalidValue::new(format!("unknown column {}", name.escape_debug()), hint));
            }
            Err(NameFault::OpenBracket | NameFault::Number) => {
                let reason = format!("the brackets in {} need a number", name.escape_debug());
                return Err(InvalidValue::new(reason, "for example: rcpt[0].code"));
            }
        },
    };
    Ok(CsvColumn { name: name.to_owned(), content })
}

#[cfg(test)]
mod tests {
    use super::{CsvColumns, Shard, ShardChoice, columns, rate, shard};

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!(shard("2/4").ok(), Some(ShardChoice::Fixed(Shard { number: 2, of: 4 })));
        assert_eq!(shard("auto").ok(), Some(ShardChoice::Auto { of: None }));
        assert_eq!(shard("auto/8").ok(), Some(ShardChoice::Auto { of: Some(8) }));
        for wrong in ["0/4", "5/4", "1/0", "4", "/4", "1/", "-1/4", "a/b", "auto/0", ""] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_has_a_unit() {
        let interval = |text| rate(text).ok().map(|rate| rate.interval_us);
        assert_eq!(interval("50/s"), Some(20_000));
        assert_eq!(interval("50"), Some(20_000));
        assert_eq!(interval("60/m"), Some(1_000_000));
        assert_eq!(interval("3600/h"), Some(1_000_000));
        for wrong in ["0/s", "-1/s", "1/d", "x", ""] {
            assert_eq!(interval(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn columns_are_names_of_the_catalogue() {
        assert_eq!(CsvColumns::default().0.len(), 14);
        let wrong = |text| columns(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(columns("rcpt[1].code, line").is_ok());
        assert!(wrong("tls.versoin").contains("did you mean tls.version?"));
        assert!(wrong("rcpt[x].code").contains("need a number"));
        assert!(wrong("line,,tags").contains("empty"));
    }
}
