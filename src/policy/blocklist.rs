//! DNS blocklists: their zones, the meaning of their codes, and their test entries (RFC 5782).
