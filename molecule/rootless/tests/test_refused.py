"""A machine that cannot have an engine without root is refused before anything is changed."""

import difflib
import json

from conftest import OPEN
from instances import machine
from playbook import reports, run, said

# As the ask reads them: the kernel, and its settings, are those of the host.
FORBID = """
echo 0 > /run/zero && mount --bind /run/zero /proc/sys/user/max_user_namespaces
chmod 600 /dev/net/tun
umount /var/lib/labocloud-engine  # what is below is an overlay
mount -t tmpfs tmpfs /sys/fs/cgroup
"""
ALLOW = "umount /sys/fs/cgroup /proc/sys/user/max_user_namespaces"
CONDITIONS = {"rootless_namespaces", "rootless_tun", "rootless_cgroup", "rootless_disk"}


def test_all_that_it_lacks_is_named() -> None:
    seat = machine(OPEN)
    seat.check_output(FORBID)
    before = seat.check_output("/root/seat_state.sh").splitlines()
    try:
        result = run(OPEN, docker_engine_students="rootless")
    finally:
        seat.check_output(ALLOW)
    after = seat.check_output("/root/seat_state.sh").splitlines()
    assert result.returncode != 0
    assert list(difflib.unified_diff(before, after, lineterm="", n=0)) == []
    [row] = [
        seat_row
        for seat_row in json.loads((reports() / "room.json").read_text())["seats"]
        if seat_row["name"] == OPEN
    ]
    assert {finding["id"] for finding in row["findings"]} >= CONDITIONS
    assert "its kernel forbids user namespaces to accounts" in said(result)
