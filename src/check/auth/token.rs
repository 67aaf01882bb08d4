//! Faults in the token itself. If a login failed, the token's form is examined first, and then its claims. The token is
//! never shown.

use super::super::finding::{Finding, PhaseFailure, Rule, in_shell, plural};
use super::super::peer;
use super::rules::{AUTH_TOKEN_EXPIRED, AUTH_TOKEN_UNSUITABLE};
use super::secret::challenge_error;
use crate::evidence::{Event, EventKind, Evidence, Phase, Session, TokenClaims, TokenForm};
use crate::lexicon::{self, Category, Cause, Confidence, Context, Fix, ReplyPhase};
use crate::plan::Plan;

/// The application ID of Exchange Online, which some tokens contain instead of its URL.
const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// One reason why a token cannot work.
struct TokenFault {
    rule: &'static Rule,
    confidence: Confidence,
    summary: String,
    cause: String,
    otherwise: &'static str,
    fixes: Vec<Fix>,
}

/// A session's token, as the evidence describes it.
#[derive(Clone, Copy)]
struct TokenSeen<'a> {
    event: &'a Event,
    form: TokenForm,
    expires: Option<i64>,
    audience: Option<&'a str>,
    claims: Option<&'a TokenClaims>,
}

/// The provider whose servers the token is for, if the provider's rules for tokens are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenIssuer {
    Microsoft,
    Google,
    Other,
}

/// A finding about a fault that is visible in the token itself, if the login did not succeed.
pub(in crate::check) fn token(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let reply = session.reply_at(Phase::Auth);
    if reply.is_some_and(|received| received.accepts()) {
        return None;
    }
    let seen = token_of(session)?;
    let issuer = issuer(plan, session);
    let by_shape = of_shape(seen.form);
    // The server may have accepted the token and rejected the login for another reason.
    if by_shape.is_none() && is_about_account(plan, session) {
        return None;
    }
    let faults: Vec<TokenFault> = match by_shape {
        Some(fault) => vec![fault],
        None => [
            of_audience(issuer, seen),
            of_permissions(plan, issuer, seen),
            of_expiry(evidence, seen),
            of_user(plan, issuer, seen),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    let mut faults = faults.into_iter();
    let first = faults.next()?;
    let mut finding = Finding::new(first.rule, Phase::Auth, first.confidence, first.summary).on(seen.event);
    finding.fixes = first.fixes;
    for more in faults {
        finding.consequences.push(format!("Another fault: {}", more.summary));
        let is_new = |fix: &Fix| !finding.fixes.iter().any(|known| known.text == fix.text);
        let fixes: Vec<Fix> = more.fixes.into_iter().filter(is_new).collect();
        finding.fixes.extend(fixes);
    }
    // The rejection is a consequence of this fault, not a separate finding.
    if let Some(received) = reply {
        finding = finding.on(received.event);
        finding.consequences.push(format!("The login was rejected: {}", received.first_line()));
        finding.consequences.extend(challenge_error(session));
    }
    Some(Finding {
        category: Some(Category::Credentials),
        cause: first.cause,
        otherwise: (first.confidence != Confidence::Certain).then(|| first.otherwise.to_owned()),
        failure: Some(PhaseFailure::Auth),
        ..finding
    })
}

fn token_of(session: Session<'_>) -> Option<TokenSeen<'_>> {
    session.believed().find_map(|event| match &event.what {
        EventKind::Token { form, expires, audience, claims } => Some(TokenSeen {
            event,
            form: *form,
            expires: *expires,
            audience: audience.as_deref(),
            claims: claims.as_ref(),
        }),
        _ => None,
    })
}

fn issuer(plan: &Plan, session: Session<'_>) -> TokenIssuer {
    match peer::provider(plan, session).map(|provider| provider.id.as_str()) {
        Some("outlook-com") => TokenIssuer::Microsoft,
        Some(id) if id.starts_with("microsoft") => TokenIssuer::Microsoft,
        Some(id) if id == "gmail" || id.starts_with("google") => TokenIssuer::Google,
        _ => TokenIssuer::Other,
    }
}

/// Whether the server rejects the login because of the account or the client, not because of the token.
fn is_about_account(plan: &Plan, session: Session<'_>) -> bool {
    let Some(received) = session.reply_at(Phase::Auth) else { return false };
    let provider = peer::provider(plan, session).map(|known| known.id.as_str());
    let context = Context { step: Some(ReplyPhase::Auth), provider, software: None };
    lexicon::read(received.reply, &context).is_some_and(|reading| {
        matches!(
            reading.cause,
            Cause::AccountRestricted
                | Cause::RateLimited
                | Cause::TooManyConnections
                | Cause::Reputation
                | Cause::Closing
        ) && reading.confidence >= Confidence::Likely
    })
}

/// The fault of a value that is not an access token.
fn of_shape(form: TokenForm) -> Option<TokenFault> {
    let (confidence, summary, cause, fix) = match form {
        TokenForm::Jwt | TokenForm::Opaque => return None,
        TokenForm::Refresh => (
            Confidence::Likely,
            "the token looks like a refresh token, so smtpcheck did not send it",
            "A refresh token is for the token service, which issues an access token in exchange. A mail server accepts only the access token.",
            Fix::text("Use the refresh token to get an access token, and log in with the access token"),
        ),
        TokenForm::Document => (
            Confidence::Certain,
            "the given value is not an access token: it is a JSON document, the entire response of the token service",
            "The entire document was sent as the token. The server accepts only the value of access_token in the document.",
            Fix::run(
                "Pass only the value of access_token: append this filter to the command that gets the token",
                "jq -r .access_token",
            ),
        ),
        TokenForm::DocumentWithRefreshToken => (
            Confidence::Certain,
            "the given value is not an access token: it is a JSON document with a refresh token, so smtpcheck did not send it",
            "The document is the entire response of the token service. A mail server accepts only the value of access_token in the document, and must never receive the refresh token.",
            Fix::run(
                "Pass only the value of access_token: append this filter to the command that gets the token",
                "jq -r .access_token",
            ),
        ),
        TokenForm::Prefixed => (
            Confidence::Certain,
            "the given value is not an access token: it begins with Bearer, which is not part of the token",
            "Login mechanisms add the word Bearer themselves, so the server received the word twice and rejected the token.",
            Fix::text("Pass the token without the word Bearer, the space after it and any header name before it"),
        ),
        TokenForm::Finished => (
            Confidence::Certain,
            "the given value is not an access token: it is a complete XOAUTH2 string (user name and token)",
            "smtpcheck and mail libraries build this string themselves from the user name and the access token, so the server received the string inside another such string.",
            Fix::text(
                "Pass only the access token: the part of the decoded string after auth=Bearer. In a program, remove your own encoding, and pass the user name and the token to the library.",
            ),
        ),
        TokenForm::Placeholder => (
            Confidence::Likely,
            "the given value is not an access token: it looks like a placeholder or the name of a variable",
            "The placeholder was not replaced by the value of the token, so the placeholder itself was sent as the token.",
            Fix::text(
                "Pass the value of the token: remove quotation marks around the variable's name, set the variable, or replace the example's placeholder",
            ),
        ),
        TokenForm::AuthorizationCode => (
            Confidence::Likely,
            "the given value is not an access token: it looks like an authorization code",
            "The code is for the token service, which issues an access token in exchange. The code can be exchanged only once, within a few minutes.",
            Fix::text(
                "Exchange the code for an access token at the token service (grant_type=authorization_code), and log in with the access token",
            ),
        ),
        TokenForm::ClientSecret => (
            Confidence::Likely,
            "the given value is not an access token: it looks like the client secret of an application",
            "An application uses the client secret to identify itself to the token service, which then issues an access token. A mail server does not accept the client secret.",
            Fix::text(
                "Use the client secret to get an access token from the token service, and log in with the token. Replace the client secret, because it was sent to a mail server.",
            ),
        ),
        TokenForm::Quoted => (
            Confidence::Certain,
            "the given value is not an access token: it is in quotation marks, which are not part of the token",
            "The quotation marks were sent as part of the token, so the server does not recognise it.",
            Fix::text("Pass the token without quotation marks; with jq, use the -r option"),
        ),
        TokenForm::Damaged => (
            Confidence::Certain,
            "the access token is damaged: it is cut off or contains spaces or line breaks",
            "A token contains no spaces, and a token in JSON Web Token format has three parts separated by full stops. The server cannot read the damaged token.",
            Fix::text(
                "Copy the complete token as one line; check the maximum length of the field or variable that stores the token",
            ),
        ),
    };
    Some(TokenFault {
        rule: &AUTH_TOKEN_UNSUITABLE,
        confidence,
        summary: summary.to_owned(),
        cause: cause.to_owned(),
        otherwise: "smtpcheck may have misread the token. Ask the token service what the token is for.",
        fixes: vec![fix],
    })
}

const CLAIMS: &str = "The server may reject the login for another reason, for example because SMTP logins are disabled for the account. Correct the token first, then repeat the check.";

/// The fault of a token for another service. It is found only for providers whose audiences are known.
fn of_audience(issuer: TokenIssuer, seen: TokenSeen<'_>) -> Option<TokenFault> {
    let audience = seen.audience?;
    let lower = audience.to_ascii_lowercase();
    let (summary, cause, fix) = match issuer {
        TokenIssuer::Microsoft if !lower.contains("outlook.") && lower != EXCHANGE_ONLINE => {
            let cause = if is_id(&lower) || lower.starts_with("api://") {
                "The audience is an application: this is an ID token, or a token for that application's own API. Microsoft's mail servers accept only access tokens for https://outlook.office.com."
            } else {
                "Microsoft's mail servers accept only tokens for https://outlook.office.com."
            };
            (format!("the access token is for {audience}, not for mail"), cause, microsoft_scope(seen))
        }
        TokenIssuer::Google => (
            format!("the token is a JSON Web Token for {audience}, not a Google access token"),
            "Google's access tokens begin with ya29. A JSON Web Token from Google is an ID token, or the request that a service account sends to get an access token.",
            Fix::text(
                "Pass the value of access_token from the response of Google's token service; request it with the scope https://mail.google.com/",
            ),
        ),
        TokenIssuer::Microsoft | TokenIssuer::Other => return None,
    };
    Some(TokenFault {
        rule: &AUTH_TOKEN_UNSUITABLE,
        confidence: Confidence::Likely,
        summary,
        cause: cause.to_owned(),
        otherwise: CLAIMS,
        fixes: vec![fix],
    })
}

/// Whether this is a GUID, the form of an application's ID.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn microsoft_scope(seen: TokenSeen<'_>) -> Fix {
    Fix::text(match seen.claims {
        Some(claims) if claims.is_of_application => {
            "Request the scope https://outlook.office365.com/.default from the token service; the application needs the SMTP.SendAsApp permission"
        }
        _ => "Request the scope https://outlook.office.com/SMTP.Send from the token service",
    })
}

/// The fault of a token that does not permit sending. It is found only for the provider whose permissions are known.
fn of_permissions(plan: &Plan, issuer: TokenIssuer, seen: TokenSeen<'_>) -> Option<TokenFault> {
    let claims = seen.claims.filter(|_| issuer == TokenIssuer::Microsoft)?;
    let has = |names: &[String], wanted: &str| {
        names.iter().any(|name| name.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(wanted)))
    };
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let fault = |summary: String, cause: &str, fixes: Vec<Fix>| TokenFault {
        rule: &AUTH_TOKEN_UNSUITABLE,
        confidence: Confidence::Likely,
        summary,
        cause: cause.to_owned(),
        otherwise: CLAIMS,
        fixes,
    };
    if claims.login_is_an_id {
        return Some(fault(
            "the user name is the application's ID, not the email address of a mailbox".to_owned(),
            "An application logs in with its own token, but the user name must be the email address of the mailbox from which it sends.",
            vec![Fix::text("Specify the email address of the mailbox with --user")],
        ));
    }
    if claims.is_of_application && !has(&claims.roles, "SMTP.SendAsApp") {
        let mut fixes = vec![
            Fix::text(
                "Administrator of the Microsoft 365 tenant: add the application permission SMTP.SendAsApp (from \"Office 365 Exchange Online\") to the app registration, and grant admin consent",
            ),
            Fix::text("Then get a new token with the scope https://outlook.office365.com/.default"),
        ];
        fixes.extend(microsoft_setup(plan));
        return Some(fault(
            format!("SMTP.SendAsApp is missing from the application's token (its roles: {})", listed(&claims.roles)),
            "The token belongs to an application, not to a user. To log in to SMTP, an application needs Exchange Online's SMTP.SendAsApp permission. Microsoft Graph's Mail.Send permission is for a different API.",
            fixes,
        ));
    }
    (!claims.is_of_application && !claims.scopes.is_empty() && !has(&claims.scopes, "SMTP.Send")).then(|| {
        fault(
            format!("SMTP.Send is missing from the access token (its scopes: {})", listed(&claims.scopes)),
            "The token does not permit sending mail by SMTP. Microsoft's server accepts only tokens with the SMTP.Send scope.",
            vec![
                microsoft_scope(seen),
                Fix::text("Add the delegated permission SMTP.Send to the app registration, and ask the user to consent again: a token that is only refreshed keeps its old scopes"),
            ],
        )
    })
}

fn of_expiry(evidence: &Evidence, seen: TokenSeen<'_>) -> Option<TokenFault> {
    let ago = evidence.started_at.as_second().checked_sub(seen.expires?).filter(|ago| *ago > 0)?;
    let ago = match ago / 60 {
        0 => "less than a minute".to_owned(),
        minutes @ 1..120 => plural(minutes, "minute", "minutes"),
        minutes @ 120..2880 => format!("{} hours", minutes / 60),
        minutes => format!("{} days", minutes / 1440),
    };
    Some(TokenFault {
        rule: &AUTH_TOKEN_EXPIRED,
        confidence: Confidence::Likely,
        summary: format!("the access token expired {ago} ago"),
        cause: "Access tokens are usually valid for about an hour. According to this machine's clock, this token has expired.".to_owned(),
        otherwise: "This machine's clock may be wrong. Check it against another clock.",
        fixes: vec![Fix::text("Get a new token just before the login, for example with --token-command")],
    })
}

fn of_user(plan: &Plan, issuer: TokenIssuer, seen: TokenSeen<'_>) -> Option<TokenFault> {
    let login = plan.login.as_ref()?;
    let owner = seen.claims?.other_user.as_ref()?;
    let user = &login.user;
    let target = plan.target.host.with_port(plan.target.port);
    Some(TokenFault {
        rule: &AUTH_TOKEN_UNSUITABLE,
        confidence: Confidence::Likely,
        summary: format!("the access token belongs to {owner}, but the login is for {user}"),
        cause: "A token is valid only for the user who signed in when it was issued.".to_owned(),
        otherwise: match issuer {
            TokenIssuer::Microsoft => {
                "For a shared mailbox, different addresses are correct if the token's user has full access to the mailbox and SMTP logins are enabled for the mailbox. If both addresses belong to one mailbox, log in with the token's address."
            }
            TokenIssuer::Google | TokenIssuer::Other => {
                "Both addresses may belong to one mailbox. Log in with the token's address to find out."
            }
        },
        fixes: vec![
            Fix::run(
                "Log in with the same token, as the user to whom the token belongs",
                format!("smtpcheck {target} --user {}", in_shell(owner)),
            ),
            Fix::text(format!(
                "Alternatively, sign in as {user} in a private browser window, which prevents the browser from choosing another account, and get a new token"
            )),
        ],
    })
}

/// Fixes that the administrator of a Microsoft 365 tenant applies for an application's token.
fn microsoft_setup(plan: &Plan) -> Vec<Fix> {
    let user = plan.login.as_ref().map(|login| in_shell(&login.user)).unwrap_or_default();
    vec![
        Fix::run(
            "Administrator of the Microsoft 365 tenant: register the application in Exchange Online PowerShell; take both IDs from the application's page under \"Enterprise applications\" (the app registration has a different object ID)",
            "New-ServicePrincipal -AppId APPLICATION-ID -ObjectId OBJECT-ID -DisplayName smtp",
        ),
        Fix::run(
            "Administrator: give the application access to the mailbox",
            format!("Add-MailboxPermission -Identity {user} -User OBJECT-ID -AccessRights FullAccess"),
        ),
        switch_smtp_on(&user),
    ]
}

fn switch_smtp_on(user: &str) -> Fix {
    Fix::run(
        "Administrator: enable SMTP AUTH for the mailbox",
        format!("Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $false"),
    )
}

/// The reasons why a server may reject a token without a visible fault.
pub(in crate::check) struct TokenRejection {
    pub(in crate::check) cause: &'static str,
    pub(in crate::check) otherwise: &'static str,
    pub(in crate::check) fixes: Vec<Fix>,
}

/// The explanation of a rejected token in which [`token`] found no fault.
pub(in crate::check) fn rejection(plan: &Plan, session: Session<'_>) -> TokenRejection {
    let seen = token_of(session);
    let claims = seen.and_then(|seen| seen.claims);
    let issuer = issuer(plan, session);
    let user = plan.login.as_ref().map(|login| in_shell(&login.user)).unwrap_or_default();
    match (issuer, claims) {
        (TokenIssuer::Microsoft, Some(claims)) if claims.is_of_application => TokenRejection {
            cause: "The token is valid and contains SMTP.SendAsApp, so the setup in Exchange Online is probably incomplete: the application is not registered there, it has no access to this mailbox, or SMTP AUTH is disabled for the mailbox.",
            otherwise: "A change to the setup can take up to an hour to take effect. A tenant policy may also block the login; the Entra sign-in log shows whether it does.",
            fixes: microsoft_setup(plan),
        },
        (TokenIssuer::Microsoft, Some(claims)) if !claims.scopes.is_empty() => TokenRejection {
            cause: "The token has not expired, is for mail and contains SMTP.Send, so the problem is probably with the mailbox: SMTP AUTH is disabled for the mailbox or the tenant, or the account has no mailbox.",
            otherwise: "The token may have been revoked (new password, consent withdrawn), or a tenant policy may block the login. The Entra sign-in log shows the reason.",
            fixes: vec![
                switch_smtp_on(&user),
                Fix::text(
                    "Administrator: check in Entra that security defaults and Conditional Access policies do not block SMTP AUTH",
                ),
                Fix::text("Sign in again, and repeat the check with the new token"),
            ],
        },
        (_, claims) => {
            let has_valid_date = claims.is_some() && seen.is_some_and(|seen| seen.expires.is_some());
            let mut fixes = vec![Fix::text(
                "Get a new access token for exactly this user, with the scope for sending mail, and repeat the check",
            )];
            if issuer == TokenIssuer::Google {
                fixes.push(Fix::run(
                    "Query Google for the token's user, scope and expiry; the scope must be https://mail.google.com/",
                    "curl -s https://oauth2.googleapis.com/tokeninfo -d access_token=\"$TOKEN\"",
                ));
            }
            fixes.push(Fix::text(
                "On the token service's page for this application, check whether consent was withdrawn",
            ));
            TokenRejection {
                cause: if has_valid_date {
                    "The server does not accept the token. The token has not expired, so it is for another user or scope, or was revoked."
                } else {
                    "The server does not accept the token: it has expired, is for another user or scope, or was revoked."
                },
                otherwise: "The account or its organisation might not allow token logins over SMTP. Ask the account's administrator.",
                fixes,
            }
        }
    }
}
