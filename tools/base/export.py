"""Writes a trained base into `static/base/` as it is served: F16 weights, then its reference tensors.

    python tools/base/export.py [FOLDER] [--other] [--decoder WORK/decoder] [--tiny WORK/tiny] [--out static/base]

FOLDER is what the recipe's training saves: a diffusers folder with F32 `unet` and `text_encoder`. Where it has
other tensors than what is served, `--other` says that this is meant, and their configs are served too. The
tokenizer and the scheduler do not change with training and are left as they are, and so is the autoencoder
unless `--decoder` names one. Its encoder must be the one that the UNet was trained on. `--tiny` names the
tiny autoencoder; `model_index.json` then says that there is one.
Run from the root of the repository. Needs torch, diffusers, transformers.
"""

import argparse
import json
import shutil
from pathlib import Path

import reference
import torch
from safetensors.torch import load_file, save_file

WEIGHTS = "diffusion_pytorch_model.safetensors"
PARTS = [f"unet/{WEIGHTS}", "text_encoder/model.safetensors"]


def export(sources: dict[str, Path], out: Path, other: bool) -> None:
    """`sources`: part of the served base to the file of its trained weights. `other`: it may be another model."""
    for part, source in sources.items():
        served, trained = load_file(out / part) if (out / part).exists() else None, load_file(source)
        if served and {k: v.shape for k, v in served.items()} != {k: v.shape for k, v in trained.items()}:
            if not other:
                sys.exit(f"{source} has other tensors than {out / part}: it is another model. If it is meant to be, say --other.")
            shutil.copyfile(source.parent / "config.json", (out / part).parent / "config.json")
        halves = {name: tensor.half().contiguous() for name, tensor in trained.items()}
        bad = [name for name, tensor in halves.items() if not tensor.isfinite().all()]
        if bad:
            sys.exit(f"{source}: {', '.join(bad)} cannot be held in F16.")
        error = max((halves[k].float() - t).abs().max() / t.abs().max().clamp_min(1e-12) for k, t in trained.items())
        save_file(halves, out / part, metadata={"format": "pt"})
        print(f"{part}: {sum(t.numel() for t in halves.values())} numbers, largest rounding {error:.1e} of a tensor's largest")


def check_encoder(vae: Path, known: Path, out: Path) -> None:
    """`known`: the autoencoder that the UNet was trained on. Its scaling of the latents is served with it."""
    ours, theirs = load_file(vae / WEIGHTS), load_file(known / WEIGHTS)
    if any(not torch.equal(ours[k].half(), t.half()) for k, t in theirs.items() if k.startswith(("encoder.", "quant_conv."))):
        sys.exit(f"{vae} has another encoder than {known}: its latents mean something else to the UNet.")
    served, trained = (json.loads((folder / "config.json").read_text()) for folder in (out, vae))
    (out / "config.json").write_text(json.dumps(served | {"scaling_factor": trained["scaling_factor"]}, indent=2) + "\n")


def add_tiny(tiny: Path, out: Path) -> None:
    """Its config, and its name among the parts."""
    (out / "vae_tiny").mkdir(exist_ok=True)
    shutil.copyfile(tiny / "config.json", out / "vae_tiny/config.json")
    index = json.loads((out / "model_index.json").read_text()) | {"vae_tiny": ["diffusers", "AutoencoderTiny"]}
    (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--other", action="store_true")
    parser.add_argument("--decoder", type=Path)
    parser.add_argument("--tiny", type=Path)
    parser.add_argument("--out", type=Path, default=Path("static/base"))
    options = parser.parse_args()
    sources = {part: options.folder / part for part in PARTS} if options.folder else {}
    if options.decoder:
        check_encoder(options.decoder, (options.folder or options.out) / "vae", options.out / "vae")
        sources[f"vae/{WEIGHTS}"] = options.decoder / WEIGHTS
    if options.tiny:
        add_tiny(options.tiny, options.out)
        sources[f"vae_tiny/{WEIGHTS}"] = options.tiny / WEIGHTS
    export(sources, options.out, options.other)
    with torch.no_grad():
        reference.make(0, options.out)
