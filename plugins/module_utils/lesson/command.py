# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""The command `labo`, by which a student has the exercises checked on a seat."""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from dataclasses import asdict

from ansible_collections.labocloud.room.plugins.module_utils.lesson import exercises, snapshot


def main() -> int:
    """Run the command, from the archive that it is in, and give the exit code."""
    parser = argparse.ArgumentParser(prog="labo")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check")
    check.add_argument("number", type=int, nargs="?")
    check.add_argument("--json", action="store_true")
    told = parser.parse_args()
    archive = zipfile.Path(sys.argv[0])
    known = exercises.load(archive.joinpath("exercises"))
    taken = snapshot.take(exercises.wanted(known))
    print(
        json.dumps(
            {
                one.name: [asdict(step) for step in exercises.judged(one, taken)]
                for one in known
                if told.number in (None, one.number)
            },
            ensure_ascii=False,
            indent=1,
        )
    )
    return 0
