#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayes_ldisc::fuzzing::fuzz_stuffing(input));
