//! TLS-RPT records (RFC 8460 §3).
