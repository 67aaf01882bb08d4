//! The lists that a ClientHello can offer: cipher suites, groups and signature schemes. Modern entries are first,
//! because many servers select the first entry of the client's list that they support.
//!
//! The lists contain what mail servers have been observed to use, not the entire registries: PSK, SRP, Kerberos, ARIA
//! and GOST are left out. Each list has fewer than 128 suites, because old servers close the connection at that size; a
//! test checks the number. Rarely used suites (ARIA, Camellia with GCM, static Diffie-Hellman, GOST) are in a separate
//! list for exhaustive scans.

use std::sync::LazyLock;

use crate::wire::tls::Version;
use crate::wire::tls::suites::registered_name;

/// Cipher suites of TLS 1.3 (RFC 8446 §B.4), then suites from drafts, national suites and integrity-only suites.
pub(super) const SUITES_13: &[u16] =
    &[0x1302, 0x1303, 0x1301, 0x1304, 0x1305, 0x1306, 0x1307, 0x00C6, 0x00C7, 0xC0B5, 0xC0B4];

/// Cipher suites up to TLS 1.2, from forward secrecy with authenticated encryption down to no encryption.
const SUITES_12: &[u16] = &[
    // Ephemeral keys with AEAD: ECDHE with GCM and ChaCha20, then DHE, then CCM, then DSS certificates.
    0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC02B, 0xC02F, 0x009F, 0xCCAA, 0x009E, 0xC0AD, 0xC0AC, 0xC09F, 0xC09E, 0xC0AF,
    0xC0AE, 0xC0A3, 0xC0A2, 0x00A3, 0x00A2, //
    // Ephemeral keys with CBC: AES, then Camellia, DSS, SEED.
    0xC024, 0xC028, 0xC023, 0xC027, 0x006B, 0x0067, 0xC00A, 0xC014, 0xC009, 0xC013, 0x0039, 0x0033, 0xC073, 0xC077,
    0xC072, 0xC076, 0x00C4, 0x00BE, 0x0088, 0x0045, 0x006A, 0x0040, 0x0038, 0x0032, 0x009A, //
    // Static ECDH: the certificate contains the key of the key exchange.
    0xC02E, 0xC032, 0xC02D, 0xC031, 0xC026, 0xC02A, 0xC025, 0xC029, 0xC005, 0xC00F, 0xC004, 0xC00E, //
    // Static RSA: the client encrypts the key with the certificate's key.
    0x009D, 0x009C, 0xC09D, 0xC09C, 0xC0A1, 0xC0A0, 0x003D, 0x003C, 0x0035, 0x002F, 0x00C0, 0x00BA, 0x0084, 0x0041,
    0x0096, 0x0007, //
    // 3DES and RC4.
    0xC008, 0xC012, 0x0016, 0x0013, 0x000A, 0xC007, 0xC011, 0x0066, 0x0005, 0x0004, //
    // Anonymous: without a certificate.
    0x00A7, 0x00A6, 0x006D, 0x006C, 0xC019, 0xC018, 0x003A, 0x0034, 0x00C5, 0x00BF, 0x0089, 0x0046, 0x009B, 0xC017,
    0x001B, 0xC016, 0x0018, //
    // DES and export suites.
    0x0015, 0x0012, 0x0009, 0x0063, 0x0065, 0x0062, 0x0064, 0x0061, 0x0060, 0x0014, 0x0011, 0x0008, 0x0006, 0x0003,
    0x001A, 0x0019, 0x0017, //
    // Without encryption.
    0xC006, 0xC010, 0xC015, 0x003B, 0x0002, 0x0001,
];

/// Cipher suites up to TLS 1.2 that few servers support: ARIA, Camellia with GCM, then static Diffie-Hellman and GOST.
const SUITES_RARE: &[u16] = &[
    // ECDHE and DHE with ARIA and Camellia, AEAD before CBC.
    0xC05D, 0xC061, 0xC05C, 0xC060, 0xC053, 0xC052, 0xC057, 0xC056, 0xC087, 0xC08B, 0xC086, 0xC08A, 0xC07D, 0xC07C,
    0xC081, 0xC080, 0xC049, 0xC04D, 0xC048, 0xC04C, 0xC045, 0xC044, 0xC043, 0xC042, 0x00C3, 0x00BD, 0x0087, 0x0044,
    0x0099, //
    // Static ECDH: the certificate contains the key of the key exchange.
    0xC05F, 0xC063, 0xC05E, 0xC062, 0xC089, 0xC08D, 0xC088, 0xC08C, 0xC04B, 0xC04F, 0xC04A, 0xC04E, 0xC075, 0xC079,
    0xC074, 0xC078, 0xC003, 0xC00D, 0xC002, 0xC00C, 0xC001, 0xC00B, //
    // Static RSA: the client encrypts the key with the certificate's key.
    0xC051, 0xC050, 0xC07B, 0xC07A, 0xC03D, 0xC03C, //
    // Static Diffie-Hellman.
    0x00A1, 0x00A5, 0x00A0, 0x00A4, 0x0069, 0x0068, 0x003F, 0x003E, 0x0037, 0x0036, 0x0031, 0x0030, 0x0086, 0x0085,
    0x0043, 0x0042, 0x0010, 0x000D, 0x000F, 0x000C, //
    // Anonymous: without a certificate.
    0xC05B, 0xC05A, 0xC085, 0xC084, 0xC047, 0xC046,
];

/// A suite from [`SUITES_12`] or [`SUITES_RARE`] with its IANA name, which is looked up only once.
type Named = (u16, &'static str);

static NAMED: LazyLock<Vec<Named>> = LazyLock::new(|| named(SUITES_12));
static NAMED_RARE: LazyLock<Vec<Named>> = LazyLock::new(|| named(SUITES_RARE));

fn named(suites: &[u16]) -> Vec<Named> {
    suites.iter().filter_map(|&id| Some((id, registered_name(id)?))).collect()
}

/// Hybrid groups of ML-KEM and a curve.
pub(super) const GROUPS_POST_QUANTUM: &[u16] = &[0x11EC, 0x11EB, 0x11ED];
/// The other groups that a current client offers.
pub(super) const GROUPS_CURRENT: &[u16] = &[29, 23, 24, 25];
const GROUPS_13: &[u16] = &[30, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 31, 32, 33, 41, 0x0201, 0x0202, 0x0200, 0x6399];
/// Curves that TLS 1.3 removed. The finite field groups of RFC 7919 are left out on purpose: a server that supports
/// them would select one, and the prime that it uses with other clients would remain unknown.
const GROUPS_12: &[u16] =
    &[30, 26, 27, 28, 22, 21, 20, 19, 18, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 17, 16, 15];

/// The signature schemes that a current client offers.
pub(super) const SIGNATURES_CURRENT: &[u16] =
    &[0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
/// ECDSA, then EdDSA, whose certificates use the same cipher suites (RFC 8422 §5.1). Old hashes are last.
pub(super) const SIGNATURES_ECDSA: &[u16] = &[0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0303, 0x0203];
/// RSA: PSS, then PKCS #1. Old hashes are last.
pub(super) const SIGNATURES_RSA: &[u16] =
    &[0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201, 0x0101];
/// Only MD5, SHA-1 and SHA-224. The weakest are first, for servers that follow the client's preference.
pub(super) const SIGNATURES_OLD: &[u16] = &[0x0101, 0x0203, 0x0201, 0x0202, 0x0303, 0x0301, 0x0302];
/// All signature schemes: elliptic curves, RSA, Brainpool, ML-DSA, SM2, DSA, old hashes.
pub(super) const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
    0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906, 0x0708, 0x0303, 0x0301, 0x0402, 0x0302, 0x0203, 0x0201, 0x0202,
    0x0101,
];

/// The cipher suites that a server of that version could accept.
pub(super) fn suites(version: Version) -> Vec<u16> {
    match version {
        Version::Tls13 => SUITES_13.to_vec(),
        Version::Tls12 => SUITES_12.to_vec(),
        // RFC 5246 §A.5 (obsolete): AEAD and SHA-2 suites must not be negotiated in older versions.
        Version::Tls11 | Version::Tls10 => suites_where(|name| !needs_tls12(name)),
        // SSLv3 lacks the extension that negotiates elliptic curves.
        Version::Ssl3 => suites_where(|name| !needs_tls12(name) && !name.starts_with("TLS_ECDH")),
    }
}

/// The cipher suites up to TLS 1.2 whose IANA name satisfies `fits`. The name states the parts of a suite.
pub(super) fn suites_where(fits: impl Fn(&str) -> bool) -> Vec<u16> {
    NAMED.iter().filter(|(_, name)| fits(name)).map(|(id, _)| *id).collect()
}

/// The cipher suites of that version that few servers support. In SSLv3 these include elliptic curves: without the
/// extension, the server selects the curve (RFC 8422 §4), and some servers do so.
pub(super) fn rare_suites(version: Version) -> Vec<u16> {
    let fits = |name: &str| match version {
        Version::Tls13 => false,
        Version::Tls12 => true,
        Version::Tls11 | Version::Tls10 | Version::Ssl3 => !needs_tls12(name),
    };
    let curves = NAMED.iter().filter(|(_, name)| version == Version::Ssl3 && name.starts_with("TLS_ECDH"));
    curves.chain(NAMED_RARE.iter()).filter(|(_, name)| fits(name)).map(|(id, _)| *id).collect()
}

/// The cipher suites of that version whose IANA name satisfies `fits`.
pub(super) fn suites_of(version: Version, fits: impl Fn(&str) -> bool) -> Vec<u16> {
    let allowed = suites(version);
    suites_where(fits).into_iter().filter(|id| allowed.contains(id)).collect()
}

/// The groups that a server of that version could accept.
pub(super) fn groups(version: Version) -> Vec<u16> {
    match version {
        Version::Ssl3 => Vec::new(),
        Version::Tls10 | Version::Tls11 | Version::Tls12 => [GROUPS_CURRENT, GROUPS_12].concat(),
        Version::Tls13 => [GROUPS_POST_QUANTUM, GROUPS_CURRENT, GROUPS_13].concat(),
    }
}

/// The signature schemes that a server of that version could accept. Before TLS 1.2 they were not negotiated.
pub(super) fn signatures(version: Version) -> Vec<u16> {
    match version {
        Version::Ssl3 | Version::Tls10 | Version::Tls11 => Vec::new(),
        Version::Tls12 | Version::Tls13 => SIGNATURES.to_vec(),
    }
}

fn needs_tls12(name: &str) -> bool {
    name.contains("_GCM_")
        || name.contains("_CCM")
        || name.contains("_CHACHA20_")
        || name.ends_with("_SHA256")
        || name.ends_with("_SHA384")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::wire::tls::{Version, group_name, scheme_name, suite_name};

    #[test]
    fn numbers_are_unique_and_named_and_there_are_fewer_than_128_suites() {
        for version in Version::ALL {
            let suites = super::suites(version);
            assert!(suites.len() < 128, "{version}: {}", suites.len());
            assert_eq!(suites.iter().collect::<BTreeSet<_>>().len(), suites.len(), "{version}");
            assert_eq!(suites.iter().find(|&&id| suite_name(id).starts_with("0x")), None, "{version}");
            let rare = super::rare_suites(version);
            assert!(rare.len() < 128 && rare.iter().all(|id| !suites.contains(id)), "{version}");
            assert_eq!(rare.iter().collect::<BTreeSet<_>>().len(), rare.len(), "{version}");
            let (groups, signatures) = (super::groups(version), super::signatures(version));
            assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), groups.len(), "{version}");
            assert_eq!(groups.iter().find(|&&id| group_name(id).starts_with("0x")), None, "{version}");
            assert_eq!(signatures.iter().find(|&&id| scheme_name(id).starts_with("0x")), None, "{version}");
        }
    }

    #[test]
    fn old_versions_offer_only_suites_that_they_may_negotiate() {
        let old = super::suites(Version::Tls10);
        assert!(old.contains(&0xC014) && old.contains(&0x0005) && !old.contains(&0xC030) && !old.contains(&0x003C));
        assert_eq!(super::rare_suites(Version::Tls12).len(), super::SUITES_RARE.len());
        let oldest = super::suites(Version::Ssl3);
        assert!(oldest.contains(&0x0035) && oldest.contains(&0x0003) && !oldest.contains(&0xC014));
    }
}
