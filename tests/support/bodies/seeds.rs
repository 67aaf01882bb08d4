//! Seed inputs of the fuzz bodies.

use smtpcheck::render::{self, Display};

use super::{CHAIN, PASSWORD, PASSWORD_B64, PLANS, Pieces, check};

fn bytes_of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(super) fn reply_seeds() -> Vec<Vec<u8>> {
    let mut seeds = bytes_of(&[
        "220 mx.example.net ESMTP\r\n",
        "250-mx.example.net\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
        "550-5.1.1 No such user\r\n550 5.1.1 here\r\n",
        "250-a\n550 b\n\r\n\r\r\n354\r\n2200 x\r\n22 y\r\n220\tz\r\n\u{1b}[1m\0é",
        "421 #4.4.5 Too many connections\r\n",
    ]);
    seeds.push([b"250-".as_slice(), &[b'x'; 5000], b"\r\n250 ok\r\n"].concat());
    seeds.push(b"250-x\r\n".repeat(520));
    seeds
}

pub(super) fn offer_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "mx.example.net\n250-PIPELINING\n250-SIZE 35882577\n250-AUTH PLAIN LOGIN\n250-AUTH=LOGIN\n250 STARTTLS",
        "mx\n250-auth\u{a0}x\n250-AUTH=é login\n250-SIZE 0\n250-SIZE 99999999999999999999\n250-\n250 ",
        "mx\n250-AUTH=\n250-AUTHé\n250 starttls\r",
    ])
}

pub(super) fn hello_seeds() -> Vec<Vec<u8>> {
    let mut hello = vec![0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x2f, 0]);
    let mut with_certificate = hello.clone();
    let certificate = certificate_seeds().remove(0);
    let (inner, outer) = (certificate.len() + 3, certificate.len() + 6);
    let size = |length: usize| [(length >> 16) as u8, (length >> 8) as u8, length as u8];
    let body = [&[11], &size(outer)[..], &size(inner), &size(certificate.len()), &certificate].concat();
    with_certificate.extend([0x16, 3, 3, (body.len() >> 8) as u8, body.len() as u8]);
    with_certificate.extend(body);
    with_certificate.extend([0x16, 3, 3, 0, 4, 14, 0, 0, 0]);
    vec![
        hello,
        with_certificate,
        vec![0x15, 3, 3, 0, 2, 2, 40],
        vec![0x15, 3, 3, 0, 2, 1, 112, 0x16, 3, 3, 0, 0],
        vec![0x80, 0x2F, 4, 0, 1, 0, 2, 3, 0xE0, 0, 3, 0, 16],
        b"220 mx.example.net ESMTP\r\n".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ]
}

pub(super) fn challenge_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "",
        "Username:\u{1e}Password:\u{1e}More:",
        "r={nonce}3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096\u{1e}v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        "m=x,r={nonce}a,s=,i=4096",
        "<1896.697170952@postoffice.reston.mci.net>",
        "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8\u{1e}rspauth=ea40f60335c427b5527b84dbabcdfffd",
        "NTLMSSP\0\u{2}\0\0\0\u{c}\0\u{c}\08\0\0\0\u{3}\u{2}\0\0\u{1}#Eg\0\0\0\0\0\0\0\0$\0$\0D\0\0\0",
        "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"https://mail.example/\"}\u{1e}",
    ])
}

pub(super) fn log_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "Dec  1 16:25:32 mx postfix/smtp[1]: 4C37: to=<u@example.com>, relay=mx.example.net[192.0.2.40]:25, dsn=5.7.1, status=bounced (host mx.example.net[192.0.2.40] said: 554 5.7.1 <u@example.com>: Relay access denied (in reply to RCPT TO command))\n",
        "2012-02-13 15:02:02 1Rwt ** u@example.ru R=d T=r: SMTP error from remote mail server after RCPT TO:<u@example.ru>: host mx.example.ru [192.0.2.3]: 550 5.1.1 User unknown\n",
        "Apr 20 16:35:51 mx sm-mta[6]: n3K: to=<u@example.com>, relay=mx.example.com. [192.0.2.1], dsn=4.7.1, stat=Deferred: 450 4.7.1 Greylisted\n",
        "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1 Please try again\n",
        "Diagnostic-Code: smtp; 550 5.7.26\n   unauthenticated\n\nRemote-MTA: dns; mx.example.net\n",
        "-> AUTH PLAIN\n<- 535 5.7.8 bad\n\u{feff}\u{202e}535 \u{1b}]52;c;x\u{7}\r\n",
        "starttls-not-offered\n535\n5.7.139\nAUTH\nSCRAM-SHA-256\n",
    ])
}

pub(super) fn session_seeds() -> Vec<Vec<u8>> {
    let ehlo =
        "250-mx.example.net\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5 NTLM\r\n250 STARTTLS\r\n";
    let sessions = [
        format!(
            "220 mx.example.net ESMTP\r\n\u{1e}{ehlo}\u{1e}220 2.0.0 go\r\n\u{1e}{ehlo}\u{1e}250 2.1.0 ok\r\n250 2.1.5 ok\r\n550 5.1.1 no\r\n250 ok\r\n\u{1e}250 ok\r\n221 bye\r\n"
        ),
        format!(
            "220 mx.example.net ESMTP\r\n\u{1e}{ehlo}\u{1e}220 2.0.0 go\r\n\u{1e}{ehlo}\u{1e}334 VXNlcm5hbWU6\r\n\u{1e}334 UGFzc3dvcmQ6\r\n\u{1e}535 5.7.8 {PASSWORD} {PASSWORD_B64}\r\n\u{1e}221 bye\r\n"
        ),
        format!(
            "220 mx.example.net ESMTP\r\n\u{1e}{ehlo}\u{1e}220 go\r\n\u{1e}{ehlo}\u{1e}334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxT2Escz1RUz09LGk9NDA5Ng==\r\n\u{1e}235 2.7.0 ok\r\n\u{1e}250 ok\r\n\u{1e}452 later\r\n"
        ),
        format!(
            "220-a\r\n220 b\r\n250 early\r\n\u{1e}500 what?\r\n\u{1e}250 mx\r\n\u{1e}WAIT\u{1e}RST\u{1e}554 no\r\n\u{1e}FIN\u{1e}{ehlo}"
        ),
        "421 4.7.0 \u{1b}[2J\u{202e}too many\r\n\u{1e}554 5.7.1 blocked using zen.spamhaus.org\r\n".to_owned(),
        format!(
            "220 mx\r\n\u{1e}{ehlo}\u{1e}220 go\r\n250 injected\r\n\u{1e}NOTLS\u{1e}220 mx\r\n\u{1e}{ehlo}\u{1e}454 no\r\n"
        ),
        "SSH-2.0-OpenSSH_9.6\r\n".to_owned(),
    ];
    let all = (0..u8::try_from(PLANS.len()).unwrap())
        .flat_map(|choice| sessions.iter().map(move |session| [&[choice], session.as_bytes()].concat()));
    all.collect()
}

pub(super) fn certificate_seeds() -> Vec<Vec<u8>> {
    use rustls::pki_types::pem::PemObject;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/certificates");
    // The first one is the certificate of the sessions. The signature of the last one is slow to verify.
    ["rsa1024", "sha1", "v1", "dsa", "p224"]
        .iter()
        .map(|name| {
            let path = format!("{folder}/{name}.pem").replace("/fuzz/tests/", "/tests/");
            rustls::pki_types::CertificateDer::from_pem_file(path).unwrap().to_vec()
        })
        .collect()
}

pub(super) fn report_seeds() -> Vec<Vec<u8>> {
    let session = session_seeds().remove(0);
    let report = check(&PLANS[1].0, None, &session[1..], &CHAIN, Pieces::Whole);
    vec![render::format("json").unwrap().one(&report, &Display::plain()).into_bytes()]
}

pub(super) fn argument_seeds() -> Vec<Vec<u8>> {
    bytes_of(&[
        "mx.example.net:25\n[2001:db8::1]:465\nsmtp://mx.example.net:587\nsmtps://192.0.2.1\nxn--mnchen-3ya.example",
        "a@example.org\n\"a b\"@example.org\n<>\npostmaster\n@a,@b:c@example.org\nü@example.org\na@[192.0.2.1]",
        "mx.example.net --from a@example.org --to b@example.net --timeout 20s --tls none",
        "explain 550 5.1.1 User unknown",
        "sandbox --fleet 7 --dns 5353 --listen 127.0.0.1",
    ])
}

pub(super) fn expectation_seeds() -> Vec<Vec<u8>> {
    ["tls.version >= 1.2", "rcpt.code in [550, 554]", "greeting.text matches '^m.*$'", "findings excludes greylisted"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

pub(super) fn suite_seeds() -> Vec<Vec<u8>> {
    let whole = "[defaults]\ntls = \"none\"\nexpect = [\"tls.version >= 1.2\"]\n[[check]]\nname = \"a\"\ntarget = \"${HOST:-h}\"\n\
                 needs = [\"egress:25\"]\nretry = 2\ninsecure = true\npassword-env = \"P\"\n";
    [whole, "include = \"suite.toml\"\n", "[[check]]\nname = \"b\"\ntarget = \"h\"\nto = \"a@b\"\n"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}
