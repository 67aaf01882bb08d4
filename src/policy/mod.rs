//! What a domain publishes about its mail, in DNS records and in files: the syntax, and the evaluation where a standard
//! defines one. Pure functions: no I/O, no clock. The checks in `check/domain` look the records up and judge them.
//!
//! Parsers keep everything that they cannot read, with its position, because the product is an explanation, not a
//! verdict. [`tags`] parses the list of tags that DKIM, DMARC, MTA-STS, TLS-RPT and BIMI have in common.

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
