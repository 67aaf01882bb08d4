//! Checksums that programs store or print instead of a secret. They are masked like the secret.

use md4::Md4;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

/// The checksums that programs store or print instead of the secret, including the Windows NT hash. A password can be
/// guessed from them quickly, so they must not be shown.
pub fn checksums(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let bytes = secret.as_bytes();
    vec![
        Zeroizing::new(Md5::digest(bytes).to_vec()),
        Zeroizing::new(Sha1::digest(bytes).to_vec()),
        Zeroizing::new(Sha256::digest(bytes).to_vec()),
        Zeroizing::new(Sha512::digest(bytes).to_vec()),
        nt_hash(secret),
    ]
}

/// NTOWFv1 (MS-NLMP §3.3.1): the hash that Windows stores instead of a password. It is sufficient to log in.
pub(super) fn nt_hash(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Md4::digest(&*Zeroizing::new(utf16(password))).to_vec())
}

/// Encodes text as UTF-16LE, as Windows does with a password.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    // The full size is allocated at once, because reallocation would leave copies of a password in memory.
    let mut bytes = Vec::with_capacity(text.len() * 2);
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

/// Encodes bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
