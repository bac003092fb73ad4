#!/usr/bin/env python3
"""Makes the PTX that tests of the interpreter run: ptx.py [FOLDER OF NVRTC 12.4]; scripts/kernels fetches one."""

import ctypes
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1] / "resources/dev/fovea/backend/cuda/ptx"
PRELUDE = ROOT.parents[6] / "main/resources/dev/fovea/backend/cuda/prelude.cu"
OPTIONS = [b"--gpu-architecture=compute_80", b"--fmad=false", b"--std=c++17", b"-diag-suppress=177"]


def compile(nvrtc, source):
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"test.cu", 0, None, None)
    failed = nvrtc.nvrtcCompileProgram(program, len(OPTIONS), (ctypes.c_char_p * len(OPTIONS))(*OPTIONS))
    kind = "ProgramLog" if failed else "PTX"
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, text)
    if failed:
        sys.exit(text.value.decode())
    return text.value.decode()


fetched = ROOT.parents[8] / ".cache/nvrtc-12.4/nvidia/cuda_nvrtc/lib"
library = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else fetched
for builtins in library.glob("libnvrtc-builtins.so.*"):
    ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
nvrtc = ctypes.CDLL(str(next(library.glob("libnvrtc.so.*"))))
for source in sorted(ROOT.glob("*.cu")):
    text = source.read_text()
    origin = f"// of {source.name}, sha256 {hashlib.sha256(text.encode()).hexdigest()}\n"
    source.with_suffix(".ptx").write_text(origin + compile(nvrtc, PRELUDE.read_text() + text))
