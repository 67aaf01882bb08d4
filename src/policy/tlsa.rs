//! TLSA records, and whether they match a certificate chain (RFC 6698, RFC 7671, RFC 7672).
