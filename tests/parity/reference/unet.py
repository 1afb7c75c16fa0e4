"""Small random UNets of diffusers and what they answer, for tests/parity/models/unet.rs.

Each writes a folder `unet_<name>/`: `config.json`, `diffusion_pytorch_model.safetensors` (F16; the
reference is computed with the rounded weights in F32) and `io.safetensors`: `sample`, `timestep`,
`encoder_hidden_states`, `output`, for `odd.sample` and `odd.output` a side that does not halve
evenly, for guidance-distilled models `timestep_cond`. Its metadata lists the modules in order.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
CROSS_UP, PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"
COMMON = dict(sample_size=16, norm_num_groups=4, cross_attention_dim=20)
SHAPES = {
    # Stable Diffusion 1: heads as one number, convolutional projections, two layers.
    "sd1": dict(
        COMMON,
        down_block_types=[CROSS, CROSS, CROSS, PLAIN],
        up_block_types=[PLAIN_UP, CROSS_UP, CROSS_UP, CROSS_UP],
        block_out_channels=[8, 16, 16, 16],
        layers_per_block=2,
        attention_head_dim=4,
    ),
    # Stable Diffusion 2 and Turbo: heads per block, linear projections.
    "sd2": dict(
        COMMON,
        down_block_types=[CROSS, CROSS, CROSS, PLAIN],
        up_block_types=[PLAIN_UP, CROSS_UP, CROSS_UP, CROSS_UP],
        block_out_channels=[8, 16, 16, 24],
        layers_per_block=2,
        attention_head_dim=[1, 2, 2, 3],
        use_linear_projection=True,
        upcast_attention=True,
    ),
    # BK-SDM-Tiny: three levels, one layer, no middle.
    "bk": dict(
        COMMON,
        down_block_types=[CROSS, CROSS, CROSS],
        up_block_types=[CROSS_UP, CROSS_UP, CROSS_UP],
        mid_block_type=None,
        block_out_channels=[8, 16, 24],
        layers_per_block=1,
        attention_head_dim=8,
    ),
    # LCM's guidance embedding, and every other way to build it that a config can ask for.
    "lcm": dict(
        COMMON,
        down_block_types=[PLAIN, CROSS],
        up_block_types=[CROSS_UP, PLAIN_UP],
        block_out_channels=[12, 16],
        layers_per_block=[1, 2],
        attention_head_dim=[3, 2],
        transformer_layers_per_block=[1, 2],
        only_cross_attention=[False, True],
        time_cond_proj_dim=10,
        time_embedding_dim=24,
        flip_sin_to_cos=False,
        freq_shift=1,
        norm_eps=1e-3,
    ),
}


def randomise(model: torch.nn.Module, generator: torch.Generator) -> None:
    """Weights that keep the signal's size, norms around 1, biases that are not 0; all F16 numbers."""
    for name, parameter in model.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim > 1:
            values /= parameter[0].numel() ** 0.5
        elif name.endswith("weight"):
            values = 1 + 0.2 * values
        else:
            values *= 0.1
        parameter.copy_(values.half())


def modules(model: torch.nn.Module) -> list[str]:
    """Every module that has a weight, in the checkpoint's order."""
    return [name.removesuffix(".weight") for name in model.state_dict() if name.endswith(".weight")]


def save(model: torch.nn.Module, folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    """The model in F16, its config, and its inputs and outputs in F32."""
    assert all(tensor.isfinite().all() for tensor in tensors.values())
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "diffusion_pytorch_model.safetensors", metadata=dict(format="pt"))
    model.save_config(folder)
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "io.safetensors", metadata=dict(modules=json.dumps(modules(model))))


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    for name, shape in SHAPES.items():
        model = UNet2DConditionModel(**shape).eval()
        randomise(model, generator)
        states, timestep = normal(2, 7, model.config.cross_attention_dim), torch.tensor([981.0, 37.0])
        condition = normal(2, 10) if shape.get("time_cond_proj_dim") else None
        tensors = dict(timestep=timestep, encoder_hidden_states=states)
        if condition is not None:
            tensors["timestep_cond"] = condition
        for prefix, size in [("", (16, 16)), ("odd.", (13, 22))]:
            sample = normal(2, 4, *size)
            tensors[prefix + "sample"] = sample
            tensors[prefix + "output"] = model(sample, timestep, states, timestep_cond=condition).sample
        save(model, out / f"unet_{name}", tensors)


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
