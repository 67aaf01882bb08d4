//! The type of passwords and tokens. A secret cannot be printed, compared, cloned or serialised, and its memory is
//! overwritten when it is dropped.
//!
//! Only [`Secret::reveal`] gives access to the text. It is called by the SASL mechanisms and by [`echo`], which finds a
//! secret in received text.

mod decode;
pub(crate) mod echo;
pub mod list_keys;
pub(crate) mod written;

use std::fmt;

use zeroize::Zeroizing;

pub use echo::Echoes;
pub use list_keys::ListKeys;

/// The text that output contains instead of a secret.
pub const NOT_SHOWN: &str = "[password, not shown]";

/// A password or an OAuth access token.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret. The caller should not keep another copy.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// Copies the secret. Each target of a run needs its own copy.
    pub(crate) fn duplicate(&self) -> Secret {
        Secret(self.0.clone())
    }

    /// The text of the secret. Only encoders and [`echo`] may use it.
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
    fn debug_output_contains_neither_the_secret_nor_its_length() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".to_owned())), "[password, not shown]");
    }
}
