# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read files of a seat, and collect sentences about what could not be understood."""

from __future__ import annotations

from ansible_collections.labocloud.room.plugins.module_utils.files import (
    MOST_BYTES,
    NoFileError,
    content,
)
from ansible_collections.labocloud.room.plugins.module_utils.limits import (
    LONGEST_SENTENCE,
    MOST_SENTENCES,
)


class Odd:
    """Sentences about what could not be understood."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Add a sentence as one line, unless it is there, or there are MOST_SENTENCES."""
        short = " ".join(sentence.split())[:LONGEST_SENTENCE]
        if len(self.sentences) < MOST_SENTENCES and short not in self.sentences:
            self.sentences.append(short)


def read(path: str, odd: Odd | None = None, most: int = MOST_BYTES) -> str:
    """Return a file's text, empty where there is none that can be read.

    odd: gets a sentence where the path leads to something that is no file of at most `most` bytes;
    None for what comes and goes, as in /proc. A file that only root may read adds none: whether the
    module runs as root is a fact of its own.
    """
    try:
        return content(path, most).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
        pass
    except NoFileError as error:
        if odd:
            odd.add(str(error.strerror))
    except OSError as error:
        if odd:
            odd.add(f"{path} cannot be read ({error.strerror})")
    return ""
