//! The finding about a machine without a trust store: the check uses the roots that are compiled in, but other programs
//! on the machine cannot verify any server.

use super::super::finding::{Finding, Severity};
use super::super::programs;
use super::context::{CertificateContext, is_between_servers};
use super::rules::{CERTIFICATE_INTERCEPTED, CERTIFICATE_UNTRUSTED, TRUST_STORE_MISSING};
use super::trust::is_for_unknown_issuer;
use crate::evidence::{EmptyPlace, MissingStore, PlaceFault, TrustStore};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Verify;

/// Adds the finding if this machine has no trust store. It comes first if the certificate leads to an unknown CA: the
/// trust store may have contained it.
pub(super) fn add_missing(seen: CertificateContext<'_>, faults: &mut Vec<Finding>) {
    let TrustStore::Mozilla { missing: Some(missing), .. } = &seen.presented.store else { return };
    let is_about_issuer = |fault: &&Finding| {
        let is_untrusted = [&CERTIFICATE_UNTRUSTED, &CERTIFICATE_INTERCEPTED].iter().any(|rule| fault.rule == rule.id);
        is_untrusted && is_for_unknown_issuer(seen)
    };
    let Some((severity, failure)) = faults.iter().find(is_about_issuer).map(|fault| (fault.severity, fault.failure))
    else {
        let mut finding = finding(seen, missing, Confidence::Certain);
        if is_between_servers(seen.plan) || seen.plan.tls.verify == Verify::Insecure {
            finding.severity = Severity::Notice;
        }
        faults.push(finding);
        return;
    };
    let mut finding = finding(seen, missing, Confidence::Likely);
    (finding.severity, finding.failure) = (severity, failure);
    finding.otherwise = Some(
        "Mozilla's root certificates, which are compiled into smtpcheck, do not verify the certificate either, so its CA may be private, or a device on the network path may have replaced the certificate; see the next finding."
            .to_owned(),
    );
    finding.fixes.push(Fix::run(
        format!(
            "If the CA is private, or if this network inspects TLS, also install its root certificate in the trust store and in the program ({}), and repeat the check with it",
            programs::TRUST
        ),
        format!("smtpcheck {} --cacert ca.pem", seen.target()),
    ));
    faults.insert(0, finding);
}

fn finding(seen: CertificateContext<'_>, missing: &MissingStore, confidence: Confidence) -> Finding {
    let mut finding = seen.finding(&TRUST_STORE_MISSING, confidence, summary(missing));
    let affected = match variables(missing).as_str() {
        "" => "Programs that use this machine's trust store".to_owned(),
        names => format!("Programs that read {names}"),
    };
    let used = if confidence == Confidence::Certain {
        "smtpcheck used Mozilla's root certificates, which are compiled in. "
    } else {
        ""
    };
    finding.cause = format!(
        "{used}{affected}, for example those written in Go, Python, PHP or Ruby, curl, and those that use OpenSSL, reject the certificate of every server; the server is not at fault. Node.js and Java have their own root certificates. Only programs on this machine or in this container are affected."
    );
    finding.fixes = fixes(missing);
    finding
}

fn summary(missing: &MissingStore) -> String {
    let Some(place) = missing.places.first() else {
        return "this machine has no trust store, so programs on it cannot verify any server: CA certificates are not installed".to_owned();
    };
    let EmptyPlace { variable, path, fault } = place;
    let state = match (fault, variable) {
        (PlaceFault::Missing, _) => "does not exist",
        (PlaceFault::Denied, _) => "cannot be read by this user",
        (PlaceFault::WrongKind, Some(name)) if name == "SSL_CERT_DIR" => "is a file, not a directory",
        (PlaceFault::WrongKind, _) => "is a directory, not a file",
        (PlaceFault::Empty, _) => "contains no certificate",
    };
    match variable {
        Some(name) => {
            format!("{name} specifies {path}, which {state}, so programs that read it cannot verify any server")
        }
        None => format!("this machine's trust store, {path}, {state}, so programs on it cannot verify any server"),
    }
}

/// The names of the variables, for sentences.
fn variables(missing: &MissingStore) -> String {
    let mut names: Vec<&str> = missing.places.iter().filter_map(|place| place.variable.as_deref()).collect();
    names.dedup();
    names.join(" and ")
}

fn fixes(missing: &MissingStore) -> Vec<Fix> {
    let install = Fix::text(
        "Install the CA certificates on this machine and restart the program (Debian, Ubuntu: apt-get install ca-certificates; Alpine: apk add ca-certificates; Fedora, RHEL: dnf install ca-certificates)",
    );
    let image = Fix::text(
        "In a container, add them to the image of the program (Dockerfile: RUN apt-get update && apt-get install -y ca-certificates, or RUN apk add --no-cache ca-certificates; FROM scratch or distroless: COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt, from a stage that has the package)",
    );
    let Some(place) = missing.places.first() else { return vec![install, image] };
    let path = &place.path;
    let readable =
        Fix::text(format!("Allow the user who runs the program to read {path} (mode 644, its directories 755)"));
    let Some(variable) = &place.variable else {
        let again = Fix::text(
            "Create the file again (Debian, Ubuntu, Alpine: update-ca-certificates; Fedora, RHEL: update-ca-trust)",
        );
        return match place.fault {
            PlaceFault::Denied => vec![readable],
            PlaceFault::Missing | PlaceFault::WrongKind | PlaceFault::Empty => vec![again, install, image],
        };
    };
    let remove = format!(
        "Remove {variable} from the program's environment (shell profile, systemd unit, Dockerfile, compose file)"
    );
    let mut fixes = Vec::new();
    if place.fault == PlaceFault::Denied {
        fixes.push(readable);
    }
    fixes.push(Fix::text(match &missing.unused {
        Some(bundle) => format!("{remove}, or specify the system's trust store: SSL_CERT_FILE={bundle}"),
        None => format!("{remove}, and install the package ca-certificates (with apt-get, apk or dnf)"),
    }));
    let what = if variable == "SSL_CERT_DIR" {
        "Or put the CA certificates into this directory and run openssl rehash on it"
    } else {
        "Or create this file with the CA certificates in PEM"
    };
    fixes.push(Fix::text(format!(
        "{what}: {path}; in a container, mount it (docker run -v, or volumes in the compose file)"
    )));
    fixes
}
