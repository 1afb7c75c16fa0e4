//! Random bytes, headers and changes.

use deltabooth::picture;
use deltabooth::spectral::delta::Delta;
use deltabooth::spectral::delta::link_payload;
use deltabooth::weights::format::safetensors::Header;
use proptest::prelude::*;

use crate::delta::delta;
use crate::header::file;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Header::parse(&bytes, bytes.len() as u64);
        prop_assert!(Delta::from_bytes(&bytes).is_err());
        prop_assert!(Delta::parse_without_hash(&bytes).is_err());
        for magic in [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF", b"RIFF\0\0\0\0WEBPVP8L"] {
            let _ = picture::decode(&[magic, &bytes].concat());
        }
    }

    #[test]
    fn random_headers_never_panic(json in "\\{(\"(a|b|__metadata__)\":(\\{(\"(dtype|shape|data_offsets)\":(\"(F16|F4|U8)\"|\\[[0-9]{0,20}(,[0-9]{0,3})?\\]),?){0,4}\\}|1|\"x\"),?){0,3}\\}", data in 0_usize..9) {
        let file = file(&json, data);
        let _ = Header::parse(&file, file.len() as u64);
        let _ = Delta::parse_without_hash(&file);
    }

    #[test]
    fn random_links_never_panic(text in "[A-Za-z0-9_-]{0,200}", head in "\\{\"metadata\":\\{(\"deltabooth.steps\":\"1\")?\\},\"steps\":\\{(\"[snx]\":(1|0|1e39|-2),?){0,2}\\},\"layers\":\\[(\\[\"(unet|a)(.b){0,2}(.norm1)?\",\"[snvx]\",[0-9]{1,12}\\],?){0,3}\\]\\}", values in proptest::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(link_payload::decode(&text).is_err());
        let _ = link_payload::read(head.as_bytes(), &values);
        let _ = link_payload::read(&values, head.as_bytes());
    }

    #[test]
    fn several_changes_at_once_never_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8)) {
        let file = delta().to_bytes().unwrap();
        let mut damaged = file.clone();
        for (at, byte) in changes {
            damaged[at.index(file.len())] = byte;
        }
        prop_assert_eq!(Delta::from_bytes(&damaged).is_ok(), damaged == file);
        let _ = Delta::parse_without_hash(&damaged);
    }
}
