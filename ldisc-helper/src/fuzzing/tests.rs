use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_script(script in vec(any::<u8>(), 0..400)) {
        fuzz_discipline(&script);
    }

    #[test]
    fn any_payload(input in vec(any::<u8>(), 0..400)) {
        fuzz_stuffing(&input);
    }
}
