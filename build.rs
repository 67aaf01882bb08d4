//! Sets the environment variables for `smtpcheck --version -v` at build time: the commit, the target, the version of
//! rustls and the features. Compiles the data of the lexicon (`build/lexicon`) and of the snippets
//! (`build/snippets`).

#![allow(clippy::indexing_slicing, reason = "a panic stops the build")]

#[path = "build/lexicon/mod.rs"]
mod lexicon;
#[path = "build/snippets/mod.rs"]
mod snippets;

use std::path::Path;
use std::process::Command;

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let root = variable("CARGO_MANIFEST_DIR");
    let features: Vec<String> = std::env::vars()
        .filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase().replace('_', "-")))
        .collect();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    println!("cargo::rustc-env=SMTPCHECK_COMMIT={}", commit(Path::new(&root)).unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo::rustc-env=SMTPCHECK_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=SMTPCHECK_RUSTLS={}", rustls(Path::new(&root)).unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo::rustc-env=SMTPCHECK_FEATURES={features}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", lexicon::FOLDER);
    println!("cargo::rerun-if-changed={}", lexicon::CORPUS);
    println!("cargo::rerun-if-changed={}", snippets::FOLDER);
    let (root, output) = (Path::new(&root), variable("OUT_DIR"));
    let compiled = [
        lexicon::compile(root, &Path::new(&output).join("lexicon")),
        snippets::compile(root, &Path::new(&output).join("snippets")),
    ];
    for problem in compiled.into_iter().filter_map(Result::err).flatten() {
        println!("cargo::error={problem}");
    }
}

/// The commit, if the package is the root of a git checkout. Returns `None` for sources inside another repository.
fn commit(root: &Path) -> Option<String> {
    if !root.join(".git").exists() {
        return None;
    }
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
        let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        Some(text.trim().to_owned())
    };
    // A new commit changes this file.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={}", root.join(log).display());
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn rustls(root: &Path) -> Option<String> {
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).ok()?.replace("\r\n", "\n");
    let version = lock.split("name = \"rustls\"\nversion = \"").nth(1)?;
    Some(version.split('"').next()?.to_owned())
}
