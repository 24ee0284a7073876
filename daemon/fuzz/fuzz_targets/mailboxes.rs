#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| hayesd::message::fuzz_mailboxes(input));
