#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hayesd::at::line::fuzz_command_line(input));
