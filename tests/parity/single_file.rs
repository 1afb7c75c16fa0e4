//! Checkpoints in the original layout under diffusers' names, against diffusers' own conversion
//! (fixtures of single_file.py).

use std::collections::BTreeSet;

use deltabooth::weights::safetensors::Header;
use deltabooth::weights::single_file::{Generation, Plan};
use sha2::{Digest, Sha256};

/// Part, name, shape, the beginning of the bytes' SHA-256.
type Entry = (String, String, Vec<usize>, String);

#[test]
fn every_tensor_gets_the_name_and_shape_that_diffusers_gives_it() {
    for (name, generation) in [
        ("first", Generation::First),
        ("second", Generation::Second),
        ("tiny", Generation::First),
    ] {
        let Some(json) = super::fixture(&format!("single_file/{name}.json")) else {
            continue;
        };
        let expected: BTreeSet<Entry> =
            serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
        let file = super::fixture(&format!("single_file/{name}.safetensors")).unwrap();
        let bytes = std::fs::read(file).unwrap();
        let header = Header::parse(&bytes, bytes.len() as u64).unwrap();
        let plan = Plan::new(&header).unwrap();
        assert_eq!(plan.generation, generation);
        let mut found = BTreeSet::new();
        for (original, targets) in &plan.targets {
            let start = (header.data_start + header.tensors[original].start) as usize;
            for target in targets {
                let range = start + target.bytes.start..start + target.bytes.end;
                let digest = Sha256::digest(&bytes[range]);
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                found.insert((
                    target.component.to_owned(),
                    target.name.clone(),
                    target.shape.clone(),
                    hex[..16].to_owned(),
                ));
            }
        }
        let missing: Vec<_> = expected.difference(&found).take(3).collect();
        let surplus: Vec<_> = found.difference(&expected).take(3).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{name}: {missing:?} {surplus:?}"
        );
        assert!(expected.len() > 600, "{name}");
    }
}
