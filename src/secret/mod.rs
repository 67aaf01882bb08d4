//! A secret: it cannot be printed, compared, cloned or serialised, and its memory is wiped when it is dropped.
//!
//! Only [`Secret::reveal`] gives access to it. Its callers are the SASL mechanisms and [`echo`], which finds a secret in
//! what a peer sends.

mod decode;
pub(crate) mod echo;

use std::fmt;

use zeroize::Zeroizing;

pub use echo::Echoes;

/// What a transcript shows instead of a secret.
pub const NOT_SHOWN: &str = "[password, not shown]";

/// A password or a token.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret; the caller should keep no other copy.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// A deliberate copy: each target of a run has its own.
    pub(crate) fn duplicate(&self) -> Secret {
        Secret(self.0.clone())
    }

    /// The text itself, for encoders only.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_SHOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_not_even_the_length() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "[password, not shown]");
    }
}
