//! A PEM file with many certificates, such as the trust store of a Linux system.
//!
//! A file has about 150 certificates, but a chain needs only one or two of them. Reading the file therefore only locates
//! each certificate and its name. The certificates whose names occur in a chain are read again, from the same open file,
//! so that the 220 kB are not kept in memory: allocating that memory would take longer than reading the file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use data_encoding::BASE64;

use crate::pkix::ParsedCertificate;

/// A certificate in a PEM file (RFC 7468 §5.1) that is decoded when it is needed.
pub(super) struct EncodedCertificate {
    source: Arc<PemSource>,
    base64: Range<usize>,
    /// The subject; empty if the certificate cannot be decoded.
    subject: Box<[u8]>,
    der: OnceLock<Vec<u8>>,
}

enum PemSource {
    /// The content of the file.
    Text(Vec<u8>),
    /// The open file. It is the same file even if it has been replaced.
    #[cfg(unix)]
    File(File),
}

/// The number of bytes that are read at once.
const PART: usize = 32 * 1024;

/// The maximum number of bytes that are decoded to read the subject. Of the 144 public root certificates, the subjects
/// of 63 end within 240 bytes, and all end within 500.
const START: usize = 528;
/// The number of bytes after which the subject is looked for.
const FIRST_TRY: usize = 240;
/// The number of bytes until the next try.
const NEXT_TRY: usize = 96;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const DASHES: &[u8] = b"-----";

impl PemSource {
    /// The base64 text at this place; empty if it cannot be read.
    fn text(&self, place: &Range<usize>) -> Cow<'_, [u8]> {
        match self {
            PemSource::Text(text) => Cow::Borrowed(text.get(place.clone()).unwrap_or_default()),
            #[cfg(unix)]
            PemSource::File(file) => {
                use std::os::unix::fs::FileExt;
                let mut text = vec![0; place.len()];
                match file.read_exact_at(&mut text, place.start as u64) {
                    Ok(()) => Cow::Owned(text),
                    Err(_) => Cow::Borrowed(&[]),
                }
            }
        }
    }
}

impl EncodedCertificate {
    /// Finds the certificates in the content of a PEM file. Other blocks, and blocks that do not begin with base64, are
    /// left out.
    pub(super) fn all(file: Vec<u8>) -> Vec<EncodedCertificate> {
        let mut found = Vec::new();
        blocks(&file, |place, text| found.push((place, subject_of(text))));
        EncodedCertificate::at(found, PemSource::Text(file))
    }

    /// Like [`EncodedCertificate::all`], but reads the file in parts, up to `most` bytes.
    #[cfg(unix)]
    pub(super) fn scan(file: File, most: u64) -> io::Result<Vec<EncodedCertificate>> {
        let mut found = Vec::new();
        let mut part = vec![0; PART];
        let (mut offset, mut filled) = (0, 0);
        let mut limited = (&file).take(most);
        loop {
            let read = limited.read(part.get_mut(filled..).unwrap_or_default())?;
            if read == 0 {
                return Ok(EncodedCertificate::at(found, PemSource::File(file)));
            }
            filled += read;
            let text = part.get(..filled).unwrap_or_default();
            let used = blocks(text, |place, text| {
                found.push((offset + place.start..offset + place.end, subject_of(text)));
            });
            // The rest can be the beginning of a block.
            part.copy_within(used..filled, 0);
            (offset, filled) = (offset + used, filled - used);
            if filled == part.len() {
                part.resize(2 * filled, 0);
            }
        }
    }

    #[cfg(not(unix))]
    pub(super) fn scan(file: File, most: u64) -> io::Result<Vec<EncodedCertificate>> {
        let mut text = Vec::new();
        file.take(most).read_to_end(&mut text)?;
        Ok(EncodedCertificate::all(text))
    }

    fn at(found: Vec<(Range<usize>, Box<[u8]>)>, source: PemSource) -> Vec<EncodedCertificate> {
        let source = Arc::new(source);
        let of = |(base64, subject)| EncodedCertificate {
            source: Arc::clone(&source),
            base64,
            subject,
            der: OnceLock::new(),
        };
        found.into_iter().map(of).collect()
    }

    /// The subject; `None` if the certificate cannot be decoded.
    pub(super) fn subject(&self) -> Option<&[u8]> {
        Some(&*self.subject).filter(|subject| !subject.is_empty())
    }

    /// The certificate in DER format; empty if it cannot be decoded.
    pub(super) fn der(&self) -> &[u8] {
        self.der.get_or_init(|| decode(&self.source.text(&self.base64)).unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) fn is_decoded(&self) -> bool {
        self.der.get().is_some()
    }
}

/// Passes the base64 text of each certificate to `take`, with its place. Returns the place of the first byte that can
/// belong to an incomplete block.
fn blocks(text: &[u8], mut take: impl FnMut(Range<usize>, &[u8])) -> usize {
    let begin = memchr::memmem::Finder::new(BEGIN);
    let dashes = memchr::memmem::Finder::new(DASHES);
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| begin.find(rest)) {
        let from = at + found + BEGIN.len();
        let Some(length) = text.get(from..).and_then(|rest| dashes.find(rest)) else { return at + found };
        at = from + length;
        if let Some(base64) = text.get(from..at).filter(|base64| begins_with_base64(base64)) {
            take(from..at, base64);
        }
    }
    at.max((text.len() + 1).saturating_sub(BEGIN.len()))
}

fn begins_with_base64(text: &[u8]) -> bool {
    let first = text.trim_ascii_start().get(..4);
    first.is_some_and(|first| {
        first.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
    })
}

/// The subject of a certificate; empty if it cannot be decoded.
fn subject_of(base64: &[u8]) -> Box<[u8]> {
    let in_whole = || Some(ParsedCertificate::subject_of(&decode(base64)?)?.into());
    subject_in(base64).or_else(in_whole).unwrap_or_default()
}

/// Reads the subject from the beginning of a certificate. Returns `None` if a line is not complete base64, or if the
/// subject ends later. This is called for every certificate of the trust store, so it allocates no other memory.
fn subject_in(text: &[u8]) -> Option<Box<[u8]>> {
    let mut der = [0; START];
    let (mut length, mut next_try) = (0, FIRST_TRY);
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = rest.get(..end)?.trim_ascii();
        rest = rest.get(end + 1..)?;
        let bytes = BASE64.decode_len(line.len()).ok()?;
        length += BASE64.decode_mut(line, der.get_mut(length..length + bytes)?).ok()?;
        if length >= next_try {
            if let Some(subject) = ParsedCertificate::subject_of(der.get(..length)?) {
                return Some(subject.into());
            }
            next_try = length + NEXT_TRY;
        }
    }
    None
}

/// Decodes base64. White space at the beginning and the end of lines is ignored.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::with_capacity(text.len());
    for line in text.split(|byte| *byte == b'\n') {
        joined.extend_from_slice(line.trim_ascii());
    }
    BASE64.decode(&joined).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{EncodedCertificate, PART};

    fn certificate(organization: &str) -> rcgen::Certificate {
        let mut params = rcgen::CertificateParams::new(vec!["mail.example.com".to_owned()]).expect("a valid name");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, organization);
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("the parameters are complete")
    }

    fn scanned(text: &[u8]) -> Vec<EncodedCertificate> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text).expect("a file");
        EncodedCertificate::scan(file.reopen().expect("a file"), 1 << 20).expect("a file")
    }

    /// A file is read in parts, and a certificate can begin and end anywhere in a part.
    #[test]
    fn a_scanned_file_has_the_same_certificates_as_its_content() {
        let (short, long) = (certificate("Own"), certificate(&"x".repeat(PART)));
        for shift in (0..160).map(|step| step * 7) {
            let before = "#".repeat(PART - 1000 + shift) + "\n";
            let text =
                [before, short.pem(), long.pem(), short.pem(), "-----BEGIN CERTIFICATE-----\nMAA".to_owned()].concat();
            let ders = |all: &[EncodedCertificate]| -> Vec<(Vec<u8>, Vec<u8>)> {
                all.iter().map(|one| (one.subject().unwrap_or_default().to_vec(), one.der().to_vec())).collect()
            };
            let (read, all) = (scanned(text.as_bytes()), EncodedCertificate::all(text.into_bytes()));
            assert_eq!(ders(&read), ders(&all), "{shift}");
            assert_eq!(
                all.iter().map(|one| one.der().len()).collect::<Vec<_>>(),
                [short.der().len(), long.der().len(), short.der().len()]
            );
        }
        assert!(scanned(b"").is_empty());
    }

    #[test]
    fn only_certificates_are_found_in_a_file() {
        let own = certificate("Own");
        let text = format!(
            "# a comment\r\n{}-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n\
             -----BEGIN CERTIFICATE-----\nM*==\n-----END CERTIFICATE-----\n{}-----BEGIN CERTIFICATE-----\nMAA=",
            own.pem().replace('\n', " \r\n"),
            own.pem(),
        );
        let found = EncodedCertificate::all(text.into_bytes());
        assert_eq!(
            found.iter().map(|one| one.der().to_vec()).collect::<Vec<_>>(),
            [own.der().to_vec(), own.der().to_vec()]
        );
        assert!(EncodedCertificate::all(Vec::new()).is_empty());
    }
}
