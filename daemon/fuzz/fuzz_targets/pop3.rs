#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayesd::net::fuzz_pop3(input));
