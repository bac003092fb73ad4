#!/usr/bin/env bash
# NVRTC 13.5.37: --fmad=false, which its documentation has switch off the contraction of multiplies and adds to fused multiply-adds, holds
# for float and is lost for __half and __nv_bfloat16 as soon as the program is taken as PTX, the usual way for those who compile at run time
# and load on whatever device is there. In the PTX of float stands mul.rn.f32, which nothing fuses; in that of halves mul.f16, which leaves
# it to the next stage, and that stage, ptxas here, has a switch of its own that is on. Taken as a cubin the same source with the same
# option is not fused. With a = 1 + 2^-10, a * a - (1 + 2^-9) is 0 when each step is rounded, and 2^-20 when they are fused: who
# compares a kernel with a reference to the bit, or adds with compensation, is hit. __hmul_rn and __hadd_rn are safe in both ways.
# Seen: float: FMUL FADD as PTX and as cubin; half: HFMA2 as PTX, HMUL2 HADD2 as cubin; bfloat16 the same; half by _rn: HMUL2 HADD2 in both
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet nvidia-cuda-nvrtc==13.5.37 nvidia-cuda-runtime==13.5.37 nvidia-cuda-nvcc==13.5.37 nvidia-cuda-nvdisasm==13.5.37
seen=$(venv/bin/python - <<'PY'
import ctypes
import pathlib
import re
import subprocess
import sysconfig

cuda = pathlib.Path(sysconfig.get_path("purelib")) / "nvidia" / "cu13"
for library in cuda.glob("lib/libnvrtc-builtins.so.*"):
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
nvrtc = ctypes.CDLL(str(next(cuda.glob("lib/libnvrtc.so.*"))))


def compiled(source, kind):
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    options = [b"--gpu-architecture=sm_90", b"--fmad=false", b"-I%s" % str(cuda / "include").encode()]
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None) == 0
    assert nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options)) == 0
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    code = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, code)
    return code.raw if kind == "CUBIN" else code.value


def instructions(cubin):
    pathlib.Path("kernel.cubin").write_bytes(cubin)
    text = subprocess.run([cuda / "bin/nvdisasm", "-c", "kernel.cubin"], check=True, capture_output=True, text=True).stdout
    return " ".join(re.findall(r"\b(HFMA2|HMUL2|HADD2|FFMA|FMUL|FADD)\b", text))


plain, rounded = "a[0] * a[1] + a[2]", "__hadd_rn(__hmul_rn(a[0], a[1]), a[2])"
kernels = {"float": ("float", plain), "half": ("__half", plain), "bfloat16": ("__nv_bfloat16", plain), "half by _rn": ("__half", rounded)}
for name, (type, result) in kernels.items():
    source = f'#include <cuda_fp16.h>\n#include <cuda_bf16.h>\nextern "C" __global__ void f({type}* a) {{ a[3] = {result}; }}'
    pathlib.Path("kernel.ptx").write_bytes(compiled(source, "PTX"))
    subprocess.run([cuda / "bin/ptxas", "-arch=sm_90", "kernel.ptx", "-o", "ptx.cubin"], check=True)
    print(f"{name}: PTX {instructions(pathlib.Path('ptx.cubin').read_bytes())}, cubin {instructions(compiled(source, 'CUBIN'))}")
PY
)
echo "$seen"
[ "$seen" = "float: PTX FMUL FADD, cubin FMUL FADD
half: PTX HFMA2, cubin HMUL2 HADD2
bfloat16: PTX HFMA2, cubin HMUL2 HADD2
half by _rn: PTX HMUL2 HADD2, cubin HMUL2 HADD2" ]
