//! DMARC records, the tree walk of RFC 9989, and the organizational domain of RFC 7489 (historic).
