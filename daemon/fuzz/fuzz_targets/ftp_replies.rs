#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayesd::net::fuzz_ftp_replies(input));
