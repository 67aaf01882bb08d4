#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtpcheck_fuzz::run("session", data));
