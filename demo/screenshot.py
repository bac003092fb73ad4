"""Runs a command at a terminal and writes what it showed as an SVG picture.

    python screenshot.py OUT.svg COMMAND...
"""

import io
import os
import pty
import re
import sys

from rich.console import Console
from rich.text import Text

WIDTH = 100


def output_of(command: list) -> str:
    shown = bytearray()

    def read(descriptor: int) -> bytes:
        data = os.read(descriptor, 4096)
        shown.extend(data)
        return data

    os.environ.update(COLUMNS=str(WIDTH), TERM="xterm-256color")
    pty.spawn(command, read)
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(re.split(r"\r\x1b\[K", line)[-1] for line in lines)  # lines of progress are gone when the answer is there


def main() -> None:
    out, *command = sys.argv[1:]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ " + " ".join(command), style="bold"))
    console.print(Text.from_ansi(output_of(command)))
    svg = console.export_svg(title="fovea")
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)  # its fonts lie on somebody's server
    with open(out, "w", encoding="utf-8") as file:
        file.write(svg)


if __name__ == "__main__":
    main()
