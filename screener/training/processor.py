"""What the processor that a model is learned on can do."""

import torch


def knows_bfloat16() -> bool:
    """Whether it multiplies in bfloat16; others are up to ten times slower with it, not faster."""
    known = torch.cpu.get_capabilities()
    return any(known.get(name) for name in ("avx512_bf16", "amx_bf16"))
