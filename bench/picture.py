"""Draw a moment of a run on a terminal as SVG.

`./lab python -m bench.picture FILE PATTERN COMMAND…` runs the command on a terminal and writes to
FILE the first picture in whose rows the regular expression PATTERN is found.
"""

import io
import os
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bench.terminal import Terminal, pictures

COLUMNS, LINES = 100, 30


def svg(screen: str, title: str) -> str:
    """Return the last lines of a screen as a picture that loads no font from a server."""
    console = Console(file=io.StringIO(), record=True, width=COLUMNS)
    for line in screen.splitlines()[-LINES:]:
        console.print(Text.from_ansi(line), overflow="fold")
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=title), flags=re.DOTALL)


def main() -> None:
    """Run the command, choose the moment, and draw it."""
    path, pattern, *command = sys.argv[1:]
    # With CI in its environment the command would draw no rows.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    terminal = Terminal(command, COLUMNS, LINES, environment | {"TERM": "xterm-256color"})
    terminal.close()
    moments = (
        above + rows for above, rows in pictures(terminal.written) if re.search(pattern, rows)
    )
    moment = next(moments, None)
    if moment is None:
        raise SystemExit(f"no picture has {pattern} in it:\n{terminal.written.decode()}")
    Path(path).write_text(svg(moment, "./lab up"), encoding="utf-8")


if __name__ == "__main__":
    main()
