"""Tests of the facts that the app reads of its container."""

import time
from pathlib import Path

import pytest
from labocloud import container

MIB = 2**20


def test_memory_as_version_2_of_cgroups_tells_it(tmp_path: Path) -> None:
    (tmp_path / "memory.current").write_text(f"{50 * MIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {8 * MIB}\n")
    (tmp_path / "memory.max").write_text(f"{128 * MIB}\n")
    assert container.memory(tmp_path) == (42 * MIB, 128 * MIB)
    (tmp_path / "memory.max").write_text("max\n")
    assert container.memory(tmp_path) == (42 * MIB, None)


def test_memory_as_version_1_of_cgroups_tells_it(tmp_path: Path) -> None:
    files = tmp_path / "memory"
    files.mkdir()
    (files / "memory.usage_in_bytes").write_text(f"{50 * MIB}\n")
    (files / "memory.stat").write_text(f"inactive_file 1\ntotal_inactive_file {8 * MIB}\n")
    (files / "memory.limit_in_bytes").write_text(f"{128 * MIB}\n")
    assert container.memory(tmp_path) == (42 * MIB, 128 * MIB)
    (files / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert container.memory(tmp_path) == (42 * MIB, None)


def test_memory_where_the_kernel_does_not_tell(tmp_path: Path) -> None:
    assert container.memory(tmp_path) == (None, None)


@pytest.mark.parametrize("identity", ["0" * 63 + "a", None])
def test_the_id_is_read_where_docker_mounted(tmp_path: Path, identity: str | None) -> None:
    source = f"/var/lib/docker/containers/{identity}/hostname" if identity else "/etc/hostname"
    (tmp_path / "mountinfo").write_text(f"711 698 8:1 {source} /etc/hostname rw - ext4 /dev/a rw\n")
    assert container.identity(tmp_path) == identity


def test_uptime_is_that_of_the_process(tmp_path: Path) -> None:
    began = (time.clock_gettime(time.CLOCK_BOOTTIME) - 3723) * 100
    fields = ["S", *["0"] * 18, str(int(began)), "0"]
    (tmp_path / "stat").write_text(f"1 (a) b) {' '.join(fields)}\n")
    assert container.uptime(tmp_path) in (3722, 3723, 3724)
    assert container.uptime() >= 0


@pytest.mark.parametrize(
    ("uid_map", "outside"),
    [
        ("         0          0 4294967295\n", 0),
        ("         0        995          1\n         1 2100000000      65536\n", 995),
    ],
)
def test_root_is_who_the_first_range_says(tmp_path: Path, uid_map: str, outside: int) -> None:
    (tmp_path / "uid_map").write_text(uid_map)
    assert container.root(tmp_path) == outside
