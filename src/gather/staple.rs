//! What an OCSP response says of a certificate, as far as a report shows it: the status and until when it holds. Its
//! signature is not checked, so it can accuse a certificate and never clear one.

use jiff::Timestamp;
use x509_parser::asn1_rs::{Any, Class, FromDer, GeneralizedTime, Tag};

use crate::evidence::{Staple, StapleStatus};

/// Reads a response (RFC 6960 §4.2.1); none when the server sent none.
pub(super) fn read(der: &[u8]) -> Option<Staple> {
    if der.is_empty() {
        return None;
    }
    Some(single_response(der).unwrap_or(Staple { status: StapleStatus::Unreadable, next_update: None }))
}

/// OCSPResponse -> BasicOCSPResponse -> ResponseData -> the first SingleResponse.
fn single_response(der: &[u8]) -> Option<Staple> {
    let response = parts(whole(der)?.data)?;
    let bytes = parts(within(response.iter().find(|part| is_context(part, 0))?.data, Tag::Sequence)?.data)?;
    let basic = whole(bytes.iter().find(|part| part.tag() == Tag::OctetString)?.data)?;
    let data = parts(parts(basic.data)?.first()?.data)?;
    let responses = data.iter().find(|part| part.class() == Class::Universal && part.tag() == Tag::Sequence)?;
    let single = parts(parts(responses.data)?.first()?.data)?;
    // certID, certStatus, thisUpdate, [0] nextUpdate.
    let status = match single.get(1)?.tag().0 {
        0 => StapleStatus::Good,
        1 => StapleStatus::Revoked,
        _ => StapleStatus::Unknown,
    };
    let next = single.iter().skip(3).find(|part| is_context(part, 0));
    let next_update = next.and_then(|part| {
        let time = GeneralizedTime::from_der(part.data).ok()?.1.utc_datetime().ok()?;
        Timestamp::from_second(time.unix_timestamp()).ok()
    });
    Some(Staple { status, next_update })
}

fn is_context(part: &Any<'_>, number: u32) -> bool {
    part.class() == Class::ContextSpecific && part.tag().0 == number
}

fn whole(der: &[u8]) -> Option<Any<'_>> {
    Any::from_der(der).ok().map(|(_, any)| any)
}

fn within(der: &[u8], tag: Tag) -> Option<Any<'_>> {
    whole(der).filter(|any| any.tag() == tag)
}

/// The elements of a SEQUENCE; at most 64 are looked at.
fn parts(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut parts = Vec::new();
    while !der.is_empty() && parts.len() < 64 {
        let (rest, any) = Any::from_der(der).ok()?;
        parts.push(any);
        der = rest;
    }
    Some(parts)
}
