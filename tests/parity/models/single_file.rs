//! Conversion of checkpoints in the original layout against diffusers' own (fixtures by single_file.py).

use std::collections::BTreeSet;

use deltabooth::model::config::Inferred;
use deltabooth::sampler::Noise;
use deltabooth::weights::format::safetensors::Header;
use deltabooth::weights::format::single_file::{Generation, Plan};
use sha2::{Digest, Sha256};

/// Part, name, shape and the first digits of the SHA-256 of the bytes.
type Entry = (String, String, Vec<usize>, String);

#[test]
fn every_tensor_gets_the_name_and_shape_that_diffusers_gives_it() {
    for (name, generation) in [
        ("first", Generation::First),
        ("second", Generation::Second),
        ("tiny", Generation::First),
    ] {
        let Some(json) = crate::fixture(&format!("single_file/{name}.json")) else {
            continue;
        };
        let expected: BTreeSet<Entry> =
            serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
        let file = crate::fixture(&format!("single_file/{name}.safetensors")).unwrap();
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

#[test]
fn a_checkpoint_with_other_tensors_is_read_or_refused_and_never_panics() {
    let Some(file) = crate::fixture("single_file/second.safetensors") else {
        return;
    };
    let bytes = std::fs::read(file).unwrap();
    let whole = Header::parse(&bytes, bytes.len() as u64).unwrap();
    let mut noise = Noise::new(5, 0);
    let (mut understood, mut refused) = (0, 0);
    for _ in 0..200 {
        let mut header = whole.clone();
        for _ in 0..1 + noise.below(4) {
            let place = noise.below(header.tensors.len());
            let Some(name) = header.tensors.keys().nth(place).cloned() else {
                continue;
            };
            let mut info = header.tensors.remove(&name).unwrap();
            match noise.below(4) {
                0 => continue,
                1 => info.shape.insert(0, 1 << noise.below(40)),
                2 => info.shape.clear(),
                _ => {}
            }
            let digit = noise.below(1000).to_string();
            let name = name.replacen(['0', '1', '2', '3'], &digit, 1 + noise.below(2));
            header.tensors.insert(name, info);
        }
        let configs = Plan::new(&header).map(|plan| Inferred::new(&plan, None));
        match configs {
            Ok(Ok(_)) => understood += 1,
            Ok(Err(error)) => {
                assert!(error.to_string().ends_with('.'), "{error}");
                refused += 1;
            }
            Err(error) => {
                assert!(!error.is_empty());
                refused += 1;
            }
        }
    }
    println!("{understood} read, {refused} refused");
    assert!(refused > 20);
}
