"""Records what PyTorch answers for each operation of the contract: python operations.py > operations.json.

Values have as many digits as name a value of their dtype; the reader rounds them to it. Written with torch 2.13.0 on a CPU.
"""

import json

import torch
import torch.nn.functional as F

DIGITS = {torch.float32: 9, torch.bfloat16: 4, torch.float16: 5}
DTYPES = list(DIGITS)
cases = []


def draw(dtype, *dims, scale=1.0):
    return (torch.randn(*dims) * scale).to(dtype)


def tensor(t):
    values = [float(f"{v:.{DIGITS[t.dtype]}g}") for v in t.float().flatten().tolist()]
    return {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "values": values}


def case(op, operands, result, **options):
    cases.append({"op": op, "operands": [tensor(t) for t in operands], "options": options, "result": tensor(result)})


def sdpa(q, k, v, visible, scale):
    """(T, H, D) to torch's (1, H, T, D) and back.

    In float32, rounded once, as the contract has it; torch's 16-bit kernels also round the probabilities.
    """
    dtype = q.dtype
    q, k, v = (t.float().transpose(0, 1).unsqueeze(0) for t in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=visible, scale=scale, enable_gqa=True)
    return out.squeeze(0).transpose(0, 1).to(dtype)


def rms(x, eps):
    return x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + eps)


def rotate_half(x):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((-b, a), dim=-1)


def turn(x, cos, sin):
    """apply_rotary_pos_emb with the half-length tables that the contract takes."""
    cos, sin = (torch.cat((t, t), dim=-1).unsqueeze(1) for t in (cos, sin))
    return x * cos + rotate_half(x) * sin


def channels_last(f, x):
    return f(x.permute(2, 0, 1).unsqueeze(0)).squeeze(0).permute(1, 2, 0)


torch.manual_seed(0)
for dtype in DTYPES:
    x, w, bias = draw(dtype, 3, 19), draw(dtype, 5, 19), draw(dtype, 5)
    case("linear", [x, w], F.linear(x, w))
    case("linear", [x, w, bias], F.linear(x, w, bias))

    q, k, v = draw(dtype, 4, 4, 8), draw(dtype, 6, 2, 8), draw(dtype, 6, 2, 8)
    for start, stop in [([0] * 4, [6] * 4), ([0] * 4, [3, 4, 5, 6]), ([0, 1, 4, 4], [1, 3, 6, 5])]:
        visible = torch.tensor([[a <= s < b for s in range(6)] for a, b in zip(start, stop)])
        case("attention", [q, k, v], sdpa(q, k, v, visible, 0.4), **{"from": start, "to": stop, "scale": 0.4})

    x = draw(dtype, 5, 6, 4)
    for outputs, size, stride, padding, groups in [(3, 3, 2, 1, 1), (5, 2, 2, 0, 1), (4, 3, 1, 1, 4), (6, 3, 1, 2, 2)]:
        w, bias = draw(dtype, outputs, 4 // groups, size, size), draw(dtype, outputs)
        result = channels_last(lambda m: F.conv2d(m, w, bias, stride, padding, groups=groups), x)
        case("conv2d", [x, w, bias], result, stride=stride, padding=padding, groups=groups)

    x, w, bias = draw(dtype, 2, 2, 11, scale=3), draw(dtype, 11), draw(dtype, 11)
    case("rmsNorm", [x, w], w * rms(x, 1e-6).to(dtype), eps=1e-6)
    case("rmsNormPlusOne", [x, w], (rms(x, 1e-6) * (1 + w.float())).to(dtype), eps=1e-6)
    case("layerNorm", [x, w, bias], F.layer_norm(x, [11], w, bias, 1e-5), eps=1e-5)

    x, angles = draw(dtype, 3, 2, 10), draw(torch.float32, 3, 5, scale=3)
    cos, sin = angles.cos(), angles.sin()
    case("rope", [x, cos.to(dtype), sin.to(dtype)], turn(x, cos.to(dtype), sin.to(dtype)))
    case("rope", [x, cos, sin], turn(x.float(), cos, sin).to(dtype))

    x = torch.cat([draw(dtype, 20, scale=3), torch.tensor([0, -0.0, 1e-3, -1e-3, 8, -8, 30, -30], dtype=dtype)])
    up = draw(dtype, 28)
    functions = {
        "relu": F.relu,
        "silu": F.silu,
        "gelu": F.gelu,
        "gelu_pytorch_tanh": lambda t: F.gelu(t, approximate="tanh"),
    }
    for name, f in functions.items():
        case("activation", [x], f(x), function=name)
        case("gated", [x, up], f(x) * up, function=name)

    x, y, row = draw(dtype, 2, 3, 5), draw(dtype, 2, 3, 5), draw(dtype, 5)
    case("add", [x, y], x + y)
    case("add", [x, row], x + row)
    case("scale", [x], x * 33.941124, factor=33.941124)

    for target in DTYPES:
        case("copy", [x], x.to(target), dtype=str(target).removeprefix("torch."))
    case("concat", [x, y, x], torch.cat((x, y, x)))

    table, ids = draw(dtype, 6, 4), [5, 0, 5, 2]
    case("gatherRows", [table], F.embedding(torch.tensor(ids), table), ids=ids)
    source, ids = draw(dtype, 3, 4), [4, 0, 2]
    case("scatterRows", [table, source], table.index_copy(0, torch.tensor(ids), source), ids=ids)

    x = draw(dtype, 4, 6, 3)
    case("avgPool2d", [x], channels_last(lambda m: F.avg_pool2d(m, 2), x), size=2)
    x = draw(dtype, 9, 4)
    case("meanRows", [x], x.mean(0, keepdim=True))

print('{"note": "PyTorch %s by operations.py beside this file", "cases": [' % torch.__version__.split("+")[0])
print(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
print("]}")
