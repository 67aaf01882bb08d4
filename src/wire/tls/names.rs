//! Names for the numbers in the IANA TLS registries. An unknown number is returned as a number, not as an error.
//!
//! The names of groups are spelled as in rustls (`X25519`, `secp256r1`), because a report contains names from both
//! sources.

use crate::wire::tls::suites::registered_name;

/// The IANA name of a cipher suite (`TLS_AES_128_GCM_SHA256`), or `0x....` if it is unknown.
pub fn suite_name(id: u16) -> String {
    registered_name(id).map_or_else(|| number(id), str::to_owned)
}

/// The name of a key exchange group (`X25519MLKEM768`, `secp256r1`), or `0x....` if it is unknown.
pub fn group_name(id: u16) -> String {
    let name = match id {
        1 => "sect163k1",
        2 => "sect163r1",
        3 => "sect163r2",
        4 => "sect193r1",
        5 => "sect193r2",
        6 => "sect233k1",
        7 => "sect233r1",
        8 => "sect239k1",
        9 => "sect283k1",
        10 => "sect283r1",
        11 => "sect409k1",
        12 => "sect409r1",
        13 => "sect571k1",
        14 => "sect571r1",
        15 => "secp160k1",
        16 => "secp160r1",
        17 => "secp160r2",
        18 => "secp192k1",
        19 => "secp192r1",
        20 => "secp224k1",
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        26 => "brainpoolP256r1",
        27 => "brainpoolP384r1",
        28 => "brainpoolP512r1",
        29 => "X25519",
        30 => "X448",
        31 => "brainpoolP256r1tls13",
        32 => "brainpoolP384r1tls13",
        33 => "brainpoolP512r1tls13",
        41 => "curveSM2",
        0x0100 => "FFDHE2048",
        0x0101 => "FFDHE3072",
        0x0102 => "FFDHE4096",
        0x0103 => "FFDHE6144",
        0x0104 => "FFDHE8192",
        0x0200 => "MLKEM512",
        0x0201 => "MLKEM768",
        0x0202 => "MLKEM1024",
        0x11EB => "secp256r1MLKEM768",
        0x11EC => "X25519MLKEM768",
        0x11ED => "secp384r1MLKEM1024",
        0x6399 => "X25519Kyber768Draft00",
        0x639A => "secp256r1Kyber768Draft00",
        _ => return number(id),
    };
    name.to_owned()
}

/// Whether a group resists attacks by quantum computers: ML-KEM alone, a hybrid with ML-KEM, or its draft version
/// Kyber. The name is spelled as in [`group_name`] or in rustls.
pub fn is_post_quantum(group_name: &str) -> bool {
    let name = group_name.to_ascii_uppercase();
    name.contains("MLKEM") || name.contains("KYBER")
}

/// The name of an alert (RFC 8446 §6, including the reserved ones of older versions), or `alert_N` if it is unknown.
pub fn alert_name(code: u8) -> String {
    let name = match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return format!("alert_{code}"),
    };
    name.to_owned()
}

/// The name of a signature scheme (RFC 8446 §4.2.3, and the pairs of hash and key type from TLS 1.2), or `0x....` if it
/// is unknown.
pub fn scheme_name(id: u16) -> String {
    let name = match id {
        0x0101 => "rsa_pkcs1_md5",
        0x0201 => "rsa_pkcs1_sha1",
        0x0202 => "dsa_sha1",
        0x0203 => "ecdsa_sha1",
        0x0301 => "rsa_pkcs1_sha224",
        0x0302 => "dsa_sha224",
        0x0303 => "ecdsa_sha224",
        0x0401 => "rsa_pkcs1_sha256",
        0x0402 => "dsa_sha256",
        0x0403 => "ecdsa_secp256r1_sha256",
        0x0501 => "rsa_pkcs1_sha384",
        0x0502 => "dsa_sha384",
        0x0503 => "ecdsa_secp384r1_sha384",
        0x0601 => "rsa_pkcs1_sha512",
        0x0602 => "dsa_sha512",
        0x0603 => "ecdsa_secp521r1_sha512",
        0x0708 => "sm2sig_sm3",
        0x0804 => "rsa_pss_rsae_sha256",
        0x0805 => "rsa_pss_rsae_sha384",
        0x0806 => "rsa_pss_rsae_sha512",
        0x0807 => "ed25519",
        0x0808 => "ed448",
        0x0809 => "rsa_pss_pss_sha256",
        0x080A => "rsa_pss_pss_sha384",
        0x080B => "rsa_pss_pss_sha512",
        0x081A => "ecdsa_brainpoolP256r1tls13_sha256",
        0x081B => "ecdsa_brainpoolP384r1tls13_sha384",
        0x081C => "ecdsa_brainpoolP512r1tls13_sha512",
        0x0904 => "mldsa44",
        0x0905 => "mldsa65",
        0x0906 => "mldsa87",
        _ => return number(id),
    };
    name.to_owned()
}

fn number(id: u16) -> String {
    format!("0x{id:04X}")
}

#[cfg(test)]
mod tests {
    use super::{alert_name, group_name, is_post_quantum, scheme_name, suite_name};

    #[test]
    fn known_numbers_have_names_and_unknown_numbers_are_shown_as_numbers() {
        assert_eq!(suite_name(0x1301), "TLS_AES_128_GCM_SHA256");
        assert_eq!(suite_name(0xFEFE), "0xFEFE");
        assert_eq!((group_name(0x11EC), group_name(29)), ("X25519MLKEM768".to_owned(), "X25519".to_owned()));
        assert_eq!(group_name(0x0A0A), "0x0A0A");
        assert_eq!((alert_name(70), alert_name(200)), ("protocol_version".to_owned(), "alert_200".to_owned()));
        assert_eq!((scheme_name(0x0804), scheme_name(0)), ("rsa_pss_rsae_sha256".to_owned(), "0x0000".to_owned()));
    }

    #[test]
    fn groups_are_spelled_as_rustls_spells_them() {
        for group in rustls::crypto::aws_lc_rs::ALL_KX_GROUPS {
            let name = group.name();
            assert_eq!(name.as_str(), Some(group_name(u16::from(name)).as_str()));
        }
    }

    #[test]
    fn a_hybrid_with_ml_kem_is_post_quantum_and_a_curve_is_not() {
        assert!(is_post_quantum("X25519MLKEM768") && is_post_quantum("SecP256r1MLKEM768"));
        assert!(is_post_quantum("X25519Kyber768Draft00"));
        assert!(!is_post_quantum("X25519") && !is_post_quantum("FFDHE2048"));
    }
}
