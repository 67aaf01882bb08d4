//! Configuration of mail programs: [`ServerSettings`], which a check proved, as text for one program (`--for`).
//!
//! Pure functions: no I/O, and no judgement about the server.

mod server;

pub use server::{
    LoginSettings, PASSWORD_VARIABLE, PasswordReference, Proven, ServerSettings, SettingsProof, TransportSecurity,
};
