"""Test what counts as a call in the output of a run with `-vvv`."""

import sys
from pathlib import Path

import pytest

# The measurements are one package.
sys.path.append(str(Path(__file__).parents[2]))

from bench.calls import calls

PRINTED = """\
TASK [Ask the seat] ****
<127.0.0.1> ESTABLISH SSH CONNECTION FOR USER: teacher
<127.0.0.1> SSH: EXEC ssh -C -o Port=2401 -o 'User="teacher"' 127.0.0.1 '/bin/sh -c '"'"'echo
  more of it'"'"''
<127.0.0.1> (0, b'Port=2402', b'')
<127.0.0.1> SSH: EXEC ssh -o Port=2402 127.0.0.1 'echo Port=2401'
<127.0.0.1> PUT /tmp/here TO /tmp/there
<127.0.0.1> SSH: EXEC sftp -b - -o Port=2402 '[127.0.0.1]'
ok: [pc02] => {"said": "<127.0.0.1> SSH: EXEC ssh -o Port=2402"}
"""


def test_a_machine_is_told_by_its_port() -> None:
    assert calls(PRINTED, [2401, 2402, 2403]) == [1, 2, 0]


def test_a_run_in_which_no_call_is_seen_is_none() -> None:
    with pytest.raises(ValueError, match="-vvv"):
        calls("PLAY RECAP ****", [2401])
