#!/usr/bin/env python3
"""Makes the PTX beside the .cu files of the tests: ptx.py DIRECTORY_OF_LIBNVRTC (12.4, of the wheel nvidia-cuda-nvrtc-cu12)."""

import ctypes
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


library = pathlib.Path(sys.argv[1])
for builtins in library.glob("libnvrtc-builtins.so.*"):
    ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
nvrtc = ctypes.CDLL(str(next(library.glob("libnvrtc.so.*"))))
for source in sorted(ROOT.glob("*.cu")):
    source.with_suffix(".ptx").write_text(compile(nvrtc, PRELUDE.read_text() + source.read_text()))
