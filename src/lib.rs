pub mod dialogue;
pub mod evidence;
pub mod gather;
pub mod plan;
pub mod question;
pub mod sasl;
pub mod secret;
pub mod wire;
