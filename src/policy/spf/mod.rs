//! SPF records, and their evaluation (RFC 7208).
