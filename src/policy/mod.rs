//! The records and files in which a domain publishes facts about its mail: their syntax, and their evaluation if a
//! standard defines one. All functions are pure: they do no I/O and read no clock. The checks in `check/domain` look up
//! the records and judge them.
//!
//! Parsers keep every part that they cannot read, with its position, because smtpcheck must explain the fault. [`tags`]
//! parses the tag list format that DKIM, DMARC, MTA-STS, TLS-RPT and BIMI share.
//!
//! The crate mail-auth (0.15) also has parsers for these records. It is not used because it discards positions, unknown
//! tags and the reasons why a record is invalid, cannot read MTA-STS policies, and does not limit void lookups when it
//! evaluates SPF. Its current version also requires a newer version of Rust than this program does (mail-parser 1
//! requires Rust 1.98).

pub(crate) mod autoconfig;
pub(crate) mod autodiscover;
pub(crate) mod blocklist;
pub(crate) mod dkim;
pub(crate) mod dmarc;
pub(crate) mod mta_sts;
pub(crate) mod pacc;
pub(crate) mod placeholders;
pub(crate) mod spf;
pub(crate) mod tags;
pub(crate) mod tls_rpt;
pub(crate) mod tlsa;
pub(crate) mod txt;
pub(crate) mod web_address;

#[cfg(test)]
mod tests;
