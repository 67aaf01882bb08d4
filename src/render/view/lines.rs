//! One line of a session, and the functions that create it.

use crate::evidence::Event;
use crate::render::style::Role;
use crate::render::symbols::Speaker;

/// One line of a session.
#[derive(Clone, Debug)]
pub(in crate::render) struct SessionLine {
    /// Milliseconds since the start; `None` for a continuation line.
    pub(in crate::render) at_ms: Option<f64>,
    /// Whether the line was exchanged over TLS.
    pub(in crate::render) encrypted: bool,
    /// The sender of the line.
    pub(in crate::render) speaker: Speaker,
    /// The text, in parts with their roles.
    pub(in crate::render) parts: Vec<(Role, String)>,
    /// The decoded text if the line is base64; otherwise empty.
    pub(in crate::render) gloss: String,
}

fn line(at_ms: Option<f64>, encrypted: bool, speaker: Speaker, parts: &[(Role, String)], gloss: &str) -> SessionLine {
    SessionLine { at_ms, encrypted, speaker, parts: parts.to_vec(), gloss: gloss.to_owned() }
}

pub(super) fn session_lines(
    event: &Event,
    speaker: Speaker,
    parts: &[(Role, String)],
    gloss: &str,
) -> Vec<SessionLine> {
    vec![line(Some(event.at_ms), event.tls, speaker, parts, gloss)]
}

pub(super) fn continued(event: &Event, speaker: Speaker, parts: &[(Role, String)]) -> Vec<SessionLine> {
    vec![line(None, event.tls, speaker, parts, "")]
}

pub(super) fn noted(event: &Event, role: Role, speaker: Speaker, text: &str) -> Vec<SessionLine> {
    vec![line(Some(event.at_ms), event.tls, speaker, &[(role, text.to_owned())], "")]
}

/// A line without a time, below the line of an event.
pub(super) fn added(event: &Event, role: Role, speaker: Speaker, text: &str) -> Vec<SessionLine> {
    vec![line(None, event.tls, speaker, &[(role, text.to_owned())], "")]
}

/// A line about a follow-up probe, without a time.
pub(super) fn aside(text: &str) -> Vec<SessionLine> {
    vec![line(None, false, Speaker::Note, &[(Role::Dim, text.to_owned())], "")]
}

pub(super) fn timed(at_ms: f64, role: Role, speaker: Speaker, text: &str) -> Vec<SessionLine> {
    vec![line(Some(at_ms), false, speaker, &[(role, text.to_owned())], "")]
}
