#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    hayesd::at::response::fuzz_response(input);
});
