//! Passwords in a suite: `--dry-run` names their sources, and prints no password.

use super::Suite;

#[test]
fn a_dry_run_shows_where_each_password_comes_from_and_never_the_password() {
    let check = |name: &str, source: &str| {
        format!("[[check]]\nname = \"{name}\"\ntarget = \"h.example\"\nuser = \"u\"\n{source}\n")
    };
    let suite = Suite::new(
        &[
            check("file", "password-file = \"secret.txt\""),
            check("variable", "password-env = \"SUITE_PASSWORD\""),
            check("lacking", "password-env = \"SUITE_NOTHING\""),
            check("usual", ""),
            check("token", "token-command = \"oauth me\""),
        ]
        .concat(),
    );
    let variables = [("SUITE_PASSWORD", "hunter2"), ("SMTPCHECK_PASSWORD", "hunter2")];
    let dry = suite.run_with(&["--dry-run"], &variables);
    assert_eq!(dry.code, 0, "{dry}");
    for needle in [
        "secret.txt",
        "password from the environment variable SUITE_PASSWORD\n",
        "password from the environment variable SUITE_NOTHING, which is not set\n",
        "password from the environment variable SMTPCHECK_PASSWORD\n",
        "password a token, from the command oauth me\n",
    ] {
        assert!(dry.stdout.contains(needle), "{needle}: {dry}");
    }
    assert!(!dry.stdout.contains("hunter2") && !dry.stderr.contains("hunter2"), "{dry}");
}
