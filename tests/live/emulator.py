"""As much of a terminal as is needed to see what a run leaves on it."""

import re

TOKEN = re.compile(
    r"\x1b\[(?P<count>[?\d;]*)(?P<command>[A-Za-z])|(?P<text>[^\x1b\r\n\x08]+|.)", re.DOTALL
)


class Emulator:
    """A screen and what has scrolled off it. It knows no sequence but those that are expected."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns = columns
        self.lines = lines
        self.rows = [""]
        # Rows that go on in the next one.
        self.wrapped: set[int] = set()
        self.wraps = True
        self.row = self.column = self.top = 0

    def feed(self, written: bytes) -> "Emulator":
        """Show what was written. Raises ValueError for a sequence that is not expected."""
        for token in TOKEN.finditer(written.decode()):
            match token["command"], token["text"]:
                case "m", _:
                    pass
                case "h" | "l" as command, _ if token["count"] == "?7":
                    self.wraps = command == "h"
                case "A", _:
                    self.row = max(self.row - int(token["count"] or 1), self.top)
                case "J", _:
                    self.rows = [*self.rows[: self.row], self.rows[self.row][: self.column]]
                    self.wrapped = {row for row in self.wrapped if row < self.row}
                case None, "\r":
                    self.column = 0
                case None, "\n":
                    self.down()
                case None, text if text.isprintable():
                    self.put(text)
                case _:
                    raise ValueError(token.group())
        return self

    def down(self) -> None:
        """Move the cursor down; at the end of the screen, scroll."""
        self.row += 1
        self.top = max(self.top, self.row - self.lines + 1)
        if self.row == len(self.rows):
            self.rows.append("")

    def put(self, text: str) -> None:
        """Write text over what is there; where a row is full go on in the next, or stay."""
        for char in text:
            if self.column == self.columns and not self.wraps:
                self.column -= 1
            elif self.column == self.columns:
                self.wrapped.add(self.row)
                self.down()
                self.column = 0
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[: self.column] + char + row[self.column + 1 :]
            self.column += 1

    def text(self) -> list[str]:
        """Return the visible text, with one string for each line as it was written."""
        lines = [""]
        for number, row in enumerate(self.rows):
            lines[-1] += row
            if number not in self.wrapped:
                lines.append("")
        return [line.rstrip() for line in lines if line.strip()]
