//! The finding about a machine without a trust store: the check uses the roots that are compiled in, but other programs
//! on the machine cannot verify any server.

use std::collections::HashSet;

use super::super::finding::{Finding, Rule, Severity};
use super::super::programs;
use super::context::{CertificateContext, is_between_servers};
use super::rules::{
    CERTIFICATE_CHAIN_INCOMPLETE, CERTIFICATE_INTERCEPTED, CERTIFICATE_SELF_SIGNED, CERTIFICATE_UNTRUSTED,
    TRUST_STORE_MISSING,
};
use super::trust::is_for_unknown_issuer;
use crate::evidence::{EmptyPlace, MissingStore, PlaceFault, TrustStore};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Verify;

/// Adds the finding if no trust store was found. It comes first if the trust store may have contained the CA: a location
/// was specified, or the standard file cannot be read or is empty. The CA certificates of a distribution contain
/// Mozilla's roots, which smtpcheck has tried, so without any location the unknown CA is the cause.
pub(super) fn add_missing(seen: CertificateContext<'_>, faults: &mut Vec<Finding>) {
    let TrustStore::Mozilla { missing: Some(missing), .. } = &seen.presented.store else { return };
    let is_named = missing.places.iter().any(|place| place.variable.is_some());
    let is_unknown = is_for_unknown_issuer(seen);
    let is_about_issuer = |fault: &&mut Finding| {
        let is = |rules: &[&Rule]| rules.iter().any(|rule| fault.rule == rule.id);
        is_unknown && is(&[&CERTIFICATE_UNTRUSTED, &CERTIFICATE_INTERCEPTED])
            || is_named && is(&[&CERTIFICATE_SELF_SIGNED, &CERTIFICATE_CHAIN_INCOMPLETE])
    };
    match faults.iter_mut().find(is_about_issuer) {
        Some(fault) if missing.places.is_empty() => {
            fault.consequences.push(
                "This machine has no trust store either, so programs on it cannot verify any other server".to_owned(),
            );
            let at = fault.fixes.len().min(1);
            fault.fixes.insert(at, install());
            faults.push(of_verified(seen, missing));
        }
        Some(fault) => {
            let (severity, failure) = (fault.severity, fault.failure);
            let finding = Finding { severity, failure, ..of_unverified(seen, missing) };
            faults.insert(0, finding);
        }
        None => faults.push(of_verified(seen, missing)),
    }
}

/// The finding if the certificate was verified with the compiled-in roots, or has faults of its own.
fn of_verified(seen: CertificateContext<'_>, missing: &MissingStore) -> Finding {
    let mut finding = seen.finding(&TRUST_STORE_MISSING, Confidence::Certain, summary(missing));
    finding.cause = format!("smtpcheck used Mozilla's root certificates, which are compiled in. {}", affected(missing));
    finding.fixes = fixes(missing, false);
    // Most programs do not need the location that the variable specifies.
    if missing.unused.is_some() || is_between_servers(seen.plan) || seen.plan.tls.verify == Verify::Insecure {
        finding.severity = Severity::Notice;
    }
    finding
}

/// The finding if the compiled-in roots do not verify the certificate, but the trust store may have contained its CA.
fn of_unverified(seen: CertificateContext<'_>, missing: &MissingStore) -> Finding {
    let mut finding = seen.finding(&TRUST_STORE_MISSING, Confidence::Likely, summary(missing));
    finding.cause = format!(
        "This location may have contained the CA of the server's certificate. smtpcheck used Mozilla's root certificates, which are compiled in. {}",
        affected(missing)
    );
    finding.otherwise = Some(
        "The CA may also be missing from this location, or a device on the network path may have replaced the certificate; see the next finding."
            .to_owned(),
    );
    finding.fixes = fixes(missing, true);
    finding.fixes.push(Fix::run(
        format!(
            "If the CA is private, or if this network inspects TLS, install its root certificate in the trust store and in the program ({}), and repeat the check with it",
            programs::TRUST
        ),
        format!("smtpcheck {} --cacert ca.pem", seen.target()),
    ));
    finding
}

/// Which programs are affected. OpenSSL and Go also read the standard directory if only the file was specified, and the
/// standard file if only the directory was; curl reads only the file.
fn affected(missing: &MissingStore) -> String {
    let is_named = |name: &str| missing.places.iter().any(|place| place.variable.as_deref() == Some(name));
    if is_named("SSL_CERT_FILE") {
        "Programs that use only the specified location, for example curl, reject the certificate of every server. Programs that use OpenSSL, for example those written in Python, PHP or Ruby, and those written in Go also look in the system's directory of certificates.".to_owned()
    } else if is_named("SSL_CERT_DIR") {
        "Most programs also look in the system's file of certificates, but those that use only the specified directory reject the certificate of every server.".to_owned()
    } else {
        let whose = if is_denied(missing) { "Programs of this user that use" } else { "Programs that use" };
        format!(
            "{whose} this machine's trust store, for example curl, and those written in Go, Python, PHP or Ruby, reject the certificate of every server; the server is not at fault. Node.js and Java usually have their own root certificates."
        )
    }
}

/// Whether the trust store exists, but this user is not allowed to read it.
fn is_denied(missing: &MissingStore) -> bool {
    missing.places.iter().any(|place| place.fault == PlaceFault::Denied)
}

fn summary(missing: &MissingStore) -> String {
    let effect = match missing.places.as_slice() {
        [] => {
            return "this machine has no trust store in the usual locations, so programs on it cannot verify any server"
                .to_owned();
        }
        [EmptyPlace { variable: Some(_), .. }] => "so programs that use only this location cannot verify any server",
        [EmptyPlace { variable: Some(_), .. }, ..] => {
            "so programs that use only these locations cannot verify any server"
        }
        _ if is_denied(missing) => "so programs of this user cannot verify any server",
        _ => "so programs on this machine cannot verify any server",
    };
    let described: Vec<String> = missing.places.iter().map(described).collect();
    format!("{}, {effect}", described.join(", and "))
}

fn described(place: &EmptyPlace) -> String {
    let EmptyPlace { variable, path, fault } = place;
    let state = match (fault, variable.as_deref()) {
        (PlaceFault::Missing, _) => "does not exist",
        (PlaceFault::Denied, _) => "cannot be read by this user",
        (PlaceFault::WrongKind, Some("SSL_CERT_DIR")) => "is a file, not a directory",
        (PlaceFault::WrongKind, _) => "is a directory, not a file",
        (PlaceFault::Empty, _) => "contains no certificate in PEM format that this user can read",
    };
    match variable {
        Some(name) => format!("{name} specifies {path}, which {state}"),
        None => format!("this machine's trust store, {path}, {state}"),
    }
}

/// The fix for a machine or container without the package of CA certificates.
fn install() -> Fix {
    Fix::text(
        "Install the CA certificates on this machine and restart the program (Debian, Ubuntu: apt-get install ca-certificates; Alpine: apk add ca-certificates; Fedora, RHEL: dnf install ca-certificates). If they are installed, create the file again: update-ca-certificates, or update-ca-trust on Fedora and RHEL",
    )
}

/// What to do. `is_wanted`: whether the certificate needs the specified location.
fn fixes(missing: &MissingStore, is_wanted: bool) -> Vec<Fix> {
    let image = Fix::text(
        "In a container, add the CA certificates to the image of the program (Dockerfile: RUN apt-get update && apt-get install -y ca-certificates, or RUN apk add --no-cache ca-certificates; FROM scratch: COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt, from a stage that has the package)",
    );
    let mut fixes = Vec::new();
    for place in &missing.places {
        match &place.variable {
            Some(variable) => {
                let [create, remove] = of_variable(missing, place, variable);
                fixes.extend(if is_wanted { [create, remove] } else { [remove, create] });
            }
            None => fixes.extend(of_standard(place)),
        }
    }
    // A variable can specify several directories.
    let mut seen = HashSet::new();
    fixes.retain(|fix| seen.insert(fix.text.clone()));
    if missing.unused.is_none() && !is_denied(missing) {
        fixes.extend([install(), image]);
    }
    fixes
}

/// The fixes for a location that a variable specifies: create it, or do not specify it.
fn of_variable(missing: &MissingStore, place: &EmptyPlace, variable: &str) -> [Fix; 2] {
    let path = &place.path;
    let create = match place.fault {
        PlaceFault::Denied => readable(path),
        _ if variable == "SSL_CERT_DIR" => Fix::text(format!(
            "Put the CA certificates into the directory {path}, and run openssl rehash on it; in a container, mount the directory (docker run -v, or volumes in the compose file)"
        )),
        PlaceFault::WrongKind => Fix::text(format!(
            "Replace the directory {path} with a file of CA certificates in PEM format; Docker creates a directory if the file to mount does not exist"
        )),
        PlaceFault::Missing | PlaceFault::Empty => Fix::text(format!(
            "Create the file {path} with the CA certificates in PEM format; in a container, mount it (docker run -v, or volumes in the compose file)"
        )),
    };
    let remove = format!(
        "Remove {variable} from the program's environment (shell profile, systemd unit, Dockerfile, compose file)"
    );
    let remove = match &missing.unused {
        Some(bundle) if variable == "SSL_CERT_FILE" => {
            format!("{remove}, or specify the system's trust store: SSL_CERT_FILE={bundle}")
        }
        _ => remove,
    };
    [create, Fix::text(remove)]
}

/// The fixes for the standard file.
fn of_standard(place: &EmptyPlace) -> Vec<Fix> {
    let path = &place.path;
    match place.fault {
        PlaceFault::Denied => vec![readable(path)],
        PlaceFault::WrongKind => vec![Fix::text(format!(
            "Remove the directory {path}, because it has the place of a file (in a container, correct the mount: Docker creates a directory if the file to mount does not exist), and create the file again with update-ca-certificates, or update-ca-trust on Fedora and RHEL"
        ))],
        PlaceFault::Missing | PlaceFault::Empty => Vec::new(),
    }
}

fn readable(path: &str) -> Fix {
    Fix::text(format!(
        "Allow the user who runs the program to read {path} and to enter the directories above it, or copy the CA certificates to a location that this user can read"
    ))
}
