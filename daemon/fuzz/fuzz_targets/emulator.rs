#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayesd::emulator::fuzz_emulator(input));
