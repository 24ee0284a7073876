#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayesd::message::fuzz_message(input));
