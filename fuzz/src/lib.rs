//! The bodies of the fuzz targets live with the tests, which run them too: `tests/support/bodies.rs`.

#[path = "../../tests/support/bodies.rs"]
mod bodies;

/// Runs the body of this name.
pub fn run(name: &str, data: &[u8]) {
    if let Some(body) = bodies::BODIES.iter().find(|body| body.name == name) {
        (body.run)(data);
    }
}

/// The inputs that a target begins with.
pub fn seeds(name: &str) -> Vec<Vec<u8>> {
    bodies::BODIES.iter().find(|body| body.name == name).map(|body| (body.seeds)()).unwrap_or_default()
}
