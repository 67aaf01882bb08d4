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

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::BASE64;

use crate::pkix::ParsedCertificate;

/// A certificate in a PEM file (RFC 7468 §5.1) that is decoded when it is needed.
pub(super) struct EncodedCertificate {
    source: Arc<PemSource>,
    base64: Range<usize>,
    /// The subject; empty if the content is not a certificate.
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

/// The maximum size of a changed file that is searched.
#[cfg(unix)]
const MAX_CHANGED: u64 = 2 * 1024 * 1024;

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

    /// The content of the file now; `None` if it cannot have changed.
    fn whole(&self) -> Option<Vec<u8>> {
        match self {
            PemSource::Text(_) => None,
            #[cfg(unix)]
            PemSource::File(file) => {
                use std::os::unix::fs::FileExt;
                let length = usize::try_from(file.metadata().ok()?.len().min(MAX_CHANGED)).ok()?;
                let mut text = vec![0; length];
                file.read_exact_at(&mut text, 0).ok()?;
                Some(text)
            }
        }
    }
}

impl EncodedCertificate {
    /// Finds the certificates in the content of a PEM file. Other blocks, and blocks that are not base64, are left out.
    pub(super) fn all(file: Vec<u8>) -> Vec<EncodedCertificate> {
        let mut found = Vec::new();
        blocks(&file, |place, text| found.extend(subject_of(text).map(|subject| (place, subject))));
        EncodedCertificate::at(found, PemSource::Text(file))
    }

    /// Like [`EncodedCertificate::all`], but reads the file in parts. A file with more than `most` bytes is an error.
    #[cfg(unix)]
    pub(super) fn scan(file: File, most: u64) -> io::Result<Vec<EncodedCertificate>> {
        let mut found = Vec::new();
        let mut part = vec![0; PART];
        let (mut offset, mut filled) = (0, 0);
        let mut limited = (&file).take(most.saturating_add(1));
        loop {
            let read = limited.read(part.get_mut(filled..).unwrap_or_default())?;
            if limited.limit() == 0 {
                return Err(io::Error::other("the file is too large"));
            }
            if read == 0 {
                return Ok(EncodedCertificate::at(found, PemSource::File(file)));
            }
            filled += read;
            let text = part.get(..filled).unwrap_or_default();
            let used = blocks(text, |place, text| {
                let place = offset + place.start..offset + place.end;
                found.extend(subject_of(text).map(|subject| (place, subject)));
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
        if file.take(most.saturating_add(1)).read_to_end(&mut text)? as u64 > most {
            return Err(io::Error::other("the file is too large"));
        }
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

    /// The subject; `None` if the content is not a certificate.
    pub(super) fn subject(&self) -> Option<&[u8]> {
        Some(&*self.subject).filter(|subject| !subject.is_empty())
    }

    /// The certificate in DER format; empty if it cannot be decoded.
    pub(super) fn der(&self) -> &[u8] {
        self.der.get_or_init(|| {
            let der = decode(&self.source.text(&self.base64)).unwrap_or_default();
            if self.is_of_subject(&der) { der } else { self.moved().unwrap_or(der) }
        })
    }

    fn is_of_subject(&self, der: &[u8]) -> bool {
        ParsedCertificate::subject_of(der).unwrap_or_default() == &*self.subject
    }

    /// The certificate with this subject at another place, if the file was changed after it was read.
    fn moved(&self) -> Option<Vec<u8>> {
        let text = self.source.whole()?;
        let mut found = None;
        blocks(&text, |_, base64| {
            let der = decode(base64).filter(|der| found.is_none() && self.is_of_subject(der));
            found = found.take().or(der);
        });
        found
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
        take(from..at, text.get(from..at).unwrap_or_default());
    }
    at.max((text.len() + 1).saturating_sub(BEGIN.len()))
}

/// The subject of a certificate; empty if the content is not a certificate, and `None` if it is not base64.
fn subject_of(base64: &[u8]) -> Option<Box<[u8]>> {
    subject_in(base64).or_else(|| {
        let der = decode(base64).filter(|der| !der.is_empty())?;
        Some(ParsedCertificate::subject_of(&der).unwrap_or_default().into())
    })
}

/// Reads the subject from the beginning of a certificate. Returns `None` if a line is not complete base64 without
/// padding, or if the subject ends later. This is called for every certificate of the trust store, so it allocates no
/// other memory.
fn subject_in(text: &[u8]) -> Option<Box<[u8]>> {
    let mut der = [0; START];
    let (mut length, mut next_try) = (0, FIRST_TRY);
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = rest.get(..end)?.trim_ascii();
        rest = rest.get(end + 1..)?;
        let bytes = BASE64.decode_len(line.len()).ok()?;
        let decoded = BASE64.decode_mut(line, der.get_mut(length..length + bytes)?).ok()?;
        if decoded != bytes {
            return None;
        }
        length += decoded;
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
    STANDARD.decode(joined).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests may panic")]

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

    #[cfg(unix)]
    #[test]
    fn a_certificate_that_has_moved_in_the_file_is_found_again() {
        let (one, two) = (certificate("One"), certificate("Two"));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), one.pem() + &two.pem()).expect("a file");
        let found = EncodedCertificate::scan(file.reopen().expect("a file"), 1 << 20).expect("a file");
        std::fs::write(file.path(), "# a comment\n".to_owned() + &two.pem()).expect("a file");
        assert_eq!(found[1].der(), &**two.der());
        assert!(found[0].der().is_empty());
    }

    #[test]
    fn a_file_that_is_too_large_is_an_error() {
        let text = certificate("Own").pem();
        let scan = |most: usize| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(text.as_bytes()).expect("a file");
            EncodedCertificate::scan(file.reopen().expect("a file"), most as u64)
        };
        assert!(scan(text.len() - 1).is_err());
        assert_eq!(scan(text.len()).expect("a file").len(), 1);
    }

    /// As in OpenSSL, lines can have any length, and padding is allowed only at the end.
    #[test]
    fn base64_may_be_wrapped_anywhere_and_is_decoded_strictly() {
        let own = certificate("Own");
        let text = own.pem();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('-')).collect();
        let body = lines.concat();
        let pem = |base64: String| format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        for first in [1, 2, 3, 5, 60, body.len()] {
            let found = scanned(pem(format!("{}\n{}", &body[..first], &body[first..])).as_bytes());
            assert_eq!(found.iter().map(EncodedCertificate::der).collect::<Vec<_>>(), [&**own.der()], "{first}");
        }
        let padded: Vec<String> = own.der().chunks(47).map(|part| data_encoding::BASE64.encode(part)).collect();
        let wrong = format!("*{}", &body[1..]);
        for base64 in [padded.join("\n"), lines.join("\r"), wrong, "====".to_owned(), String::new()] {
            assert!(scanned(pem(base64.clone()).as_bytes()).is_empty(), "{base64}");
        }
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
