"""Files of `booth export` read back by other programs: same pictures as `booth generate`?

    python tests/parity/compare/read_exports.py --booth target/debug/booth --delta dog.safetensors [--rank 32]
        [--base static/base] [--prompt TEXT] [--guidance 4] [--steps 25] [--seed 0]

Exports the delta as kohya's LoRA, diffusers' LoRA and svdiff-pytorch's shifts, in F32, and makes
pictures with each from the same starting noise: by `booth generate`, by diffusers' own loader
(`StableDiffusionPipeline.load_lora_weights`), by kohya's merge (W + alpha/r · up · down by flattened
module names, as sd-scripts' `networks/merge_lora.py`), and by svdiff-pytorch's formula. Prints the
relative L2 difference of the pictures and fails above --within. Needs torch, diffusers,
transformers, peft, safetensors.
"""

import argparse
import hashlib
import struct
import subprocess
import tempfile
from pathlib import Path

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--booth", type=Path, required=True)
    parser.add_argument("--delta", type=Path, required=True)
    parser.add_argument("--base", type=Path, default=Path("static/base"))
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--prompt", default="photo of a sks dog in the snow")
    parser.add_argument("--guidance", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0, help="of the starting noise")
    parser.add_argument("--within", type=float, default=1e-3)
    return parser.parse_args()


def booth(asked: argparse.Namespace, *arguments) -> None:
    command = [asked.booth.resolve(), *map(str, arguments), "--base", asked.base]
    subprocess.run(command, check=True)


def by_booth(asked: argparse.Namespace, place: Path, *arguments) -> torch.Tensor:
    """Pictures in [0, 1]."""
    booth(
        asked, "generate", "--prompt", asked.prompt, "--guidance-scale", asked.guidance, "--num-inference-steps", asked.steps,
        "--latents", place / "start.safetensors", "--dump", place / "dump.safetensors",
        "--out", place / "picture.png", *arguments,
    )  # fmt: skip
    return load_file(place / "dump.safetensors")["images"]


def pipeline(asked: argparse.Namespace) -> StableDiffusionPipeline:
    pipe = StableDiffusionPipeline.from_pretrained(
        asked.base, torch_dtype=torch.float32, safety_checker=None, requires_safety_checker=False
    )
    pipe.scheduler = DDIMScheduler.from_pretrained(asked.base / "scheduler")
    pipe.set_progress_bar_config(disable=True)
    return pipe


def picture(asked: argparse.Namespace, pipe: StableDiffusionPipeline, start: torch.Tensor) -> torch.Tensor:
    return pipe(
        asked.prompt, latents=start, num_inference_steps=asked.steps, guidance_scale=asked.guidance, output_type="pt"
    ).images


def matrices(pipe: StableDiffusionPipeline) -> dict[str, torch.nn.Module]:
    """Modules by kohya's names."""
    found = {}
    for prefix, model in [("lora_unet_", pipe.unet), ("lora_te_text_model_", pipe.text_encoder)]:
        for path, module in model.named_modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
                found[prefix + path.removeprefix("text_model.").replace(".", "_")] = module
    return found


def merge_kohya(pipe: StableDiffusionPipeline, tensors: dict[str, torch.Tensor]) -> None:
    """Every layer of the file must be taken."""
    modules, stems = matrices(pipe), {name.split(".")[0] for name in tensors}
    for stem in stems:
        weight = modules[stem].weight
        down, up = (tensors[f"{stem}.lora_{half}.weight"] for half in ("down", "up"))
        scale = tensors[f"{stem}.alpha"].item() / down.shape[0]
        if weight.ndim == 2:
            change = up @ down
        elif down.shape[2:] == (1, 1):
            change = (up.squeeze(3).squeeze(2) @ down.squeeze(3).squeeze(2))[..., None, None]
        else:
            change = torch.nn.functional.conv2d(down.permute(1, 0, 2, 3), up).permute(1, 0, 2, 3)
        weight.add_(scale * change)
    print(f"kohya's merge: {len(stems)} layers, all found")


def shift_svdiff(model: torch.nn.Module, tensors: dict[str, torch.Tensor], root: str = "") -> None:
    """W = U diag(relu(σ + δ)) Vᵀ in place; every tensor must be taken."""
    modules = {root + path.removeprefix(root): module for path, module in model.named_modules()}
    for name, delta in tensors.items():
        weight = modules[name.removesuffix(".delta")].weight
        row = weight[None] if weight.ndim == 1 else weight.flatten(1)
        u, s, vh = torch.linalg.svd(row, full_matrices=False)
        weight.copy_((u @ torch.diag(torch.relu(s + delta)) @ vh).view_as(weight))


def check_header(path: Path) -> None:
    """kohya's hash is that of the bytes after the header."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    with safe_open(path, "pt") as file:
        said = file.metadata()["sshs_model_hash"]
    assert said == hashlib.sha256(data[8 + length :]).hexdigest()


@torch.no_grad()
def main() -> None:
    asked, worst = options(), 0.0
    config = pipeline(asked).unet.config
    start = torch.randn(1, config.in_channels, config.sample_size, config.sample_size, generator=torch.Generator().manual_seed(asked.seed))

    def compare(name: str, theirs: torch.Tensor, ours: torch.Tensor) -> None:
        nonlocal worst
        error = ((ours - theirs).norm() / theirs.norm()).item()
        worst = max(worst, error)
        print(f"{name}: pictures differ by {error:.1e} (relative L2)")

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        save_file({"latents": start}, place / "start.safetensors")
        files = {name: place / f"{name}.safetensors" for name in ("lora-kohya", "lora-diffusers")}
        for name, path in files.items():
            booth(asked, "export", asked.delta, "--format", name, "--rank", asked.rank, "--dtype", "f32", "--out", path)
            ours = by_booth(asked, place, "--lora", path)
            pipe = pipeline(asked)
            # The installed loader says which keys it left out; none may be.
            pipe.load_lora_weights(path)
            compare(f"{name}, diffusers' loader", picture(asked, pipe, start), ours)
        check_header(files["lora-kohya"])
        pipe = pipeline(asked)
        merge_kohya(pipe, load_file(files["lora-kohya"]))
        compare("lora-kohya, kohya's merge", picture(asked, pipe, start), by_booth(asked, place, "--lora", files["lora-kohya"]))

        booth(asked, "export", asked.delta, "--format", "svdiff-pytorch", "--norms", "project", "--out", place)
        shifts = sorted(place.glob("spectral_shifts*.safetensors"))
        pipe = pipeline(asked)
        for path in shifts:
            tensors = load_file(path)
            text = path.stem.endswith("_te")
            shift_svdiff(pipe.text_encoder if text else pipe.unet, tensors, "text_model." if text else "")
        booth(asked, "import", *shifts, "--out", place / "imported.safetensors")
        ours = by_booth(asked, place, "--delta", place / "imported.safetensors")
        compare("svdiff-pytorch, its formula", picture(asked, pipe, start), ours)
        again = place / "again"
        again.mkdir()
        booth(asked, "export", place / "imported.safetensors", "--format", "svdiff-pytorch", "--out", again)
        assert all((again / path.name).read_bytes() == path.read_bytes() for path in shifts)
        print("svdiff-pytorch, imported and exported again: byte-equal")
    if worst > asked.within:
        raise SystemExit(f"a picture differs by more than {asked.within}")


if __name__ == "__main__":
    main()
