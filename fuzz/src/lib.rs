//! The bodies of the fuzz targets are in `tests/support/bodies/mod.rs`, because the tests run them too.

#[path = "../../tests/support/bodies/mod.rs"]
mod bodies;

/// Runs the body with this name.
pub fn run(name: &str, data: &[u8]) {
    if let Some(body) = bodies::BODIES.iter().find(|body| body.name == name) {
        (body.run)(data);
    }
}

/// The seed inputs of a target.
pub fn seeds(name: &str) -> Vec<Vec<u8>> {
    bodies::BODIES.iter().find(|body| body.name == name).map(|body| (body.seeds)()).unwrap_or_default()
}
