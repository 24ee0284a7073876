#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayesd::job::fuzz_spool_header(input));
