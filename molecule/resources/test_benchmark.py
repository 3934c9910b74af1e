"""What docs/security.md says is met of the CIS Docker Benchmark, on a seat; and all of that.

On either kind of seat. The tests of a scenario are in its folder: those that are to have these have
a link there.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playbook import PROJECT
from testinfra.host import Host

IMAGE = "labocloud20202021:python"
# A row of the table: its number, and whether it is met. Where it matters, without root has its own.
WITHOUT_ROOT = "; without root: "
ROW = re.compile(r"^\| ([245]\.\d+) \| [^|]+ \| ([^|]+) \|", re.MULTILINE)
TABLE = dict(ROW.findall((PROJECT / "docs/security.md").read_text()))
# How many checks each section has.
SECTIONS = {2: 18, 4: 12, 5: 32}

Facts = dict[str, Any]


def words(without_root: bool) -> dict[str, str]:
    """Return the table's text for one kind of seat, by number."""
    kind = -1 if without_root else 0
    return {number: word.split(WITHOUT_ROOT)[kind] for number, word in TABLE.items()}


def listed(seat: Facts, name: str) -> list[str]:
    """Return a list of the container's flags, empty where Docker has none."""
    return seat["flags"][name] or []


def limited(seat: Facts, engine: str, flag: str) -> bool:
    """Return whether the container has a limit, if the engine can set one."""
    return not seat["info"][engine] or (seat["flags"][flag] or 0) > 0


def confined(seat: Facts) -> bool:
    """Return whether AppArmor confines the container, if the kernel has AppArmor."""
    has_it = "name=apparmor" in seat["info"]["SecurityOptions"]
    return not has_it or seat["container"]["AppArmorProfile"] == "docker-default"


def secure_registries(seat: Facts) -> bool:
    """Return whether only this machine's own addresses are trusted without TLS."""
    registries = seat["info"]["RegistryConfig"]
    insecure = set(registries["InsecureRegistryCIDRs"]) - {"127.0.0.0/8", "::1/128"}
    return not insecure and all(index["Secure"] for index in registries["IndexConfigs"].values())


MET: dict[str, Callable[[Facts], bool]] = {
    "2.1": lambda seat: "0" not in seat["accounts"].split(),
    "2.3": lambda seat: not seat["info"]["Debug"] and "log-level" not in seat["config"],
    "2.4": lambda seat: "-N DOCKER" in seat["iptables"],
    "2.5": secure_registries,
    "2.6": lambda seat: seat["info"]["Driver"] == "overlay2",
    "2.7": lambda seat: "tcp:" not in seat["dockerd"] and "hosts" not in seat["config"],
    "2.9": lambda seat: seat["uid_map"].split()[1] != "0",
    "2.10": lambda seat: "cgroup-parent" not in seat["dockerd"] + str(seat["config"]),
    "2.11": lambda seat: "storage-opt" not in seat["dockerd"] + str(seat["config"]),
    "2.17": lambda seat: "name=seccomp," in "".join(seat["info"]["SecurityOptions"]),
    "2.18": lambda seat: not seat["info"]["ExperimentalBuild"],
    "4.1": lambda seat: seat["container"]["Config"]["User"] == "10001:10001",
    "4.6": lambda seat: seat["container"]["Config"]["Healthcheck"]["Test"][0] == "CMD",
    "4.7": lambda seat: "update" not in seat["history"],
    "4.8": lambda seat: seat["setuid"].split() == [],
    "4.9": lambda seat: "ADD" not in seat["dockerfile"],
    "5.1": lambda seat: seat["info"]["Swarm"]["LocalNodeState"] == "inactive",
    "5.2": confined,
    "5.4": lambda seat: listed(seat, "CapDrop") == ["ALL"] and not listed(seat, "CapAdd"),
    "5.5": lambda seat: not seat["flags"]["Privileged"],
    "5.6": lambda seat: not seat["container"]["Mounts"],
    "5.7": lambda seat: "sshd" not in seat["processes"],
    "5.8": lambda seat: seat["port"]["HostPort"] == "8080",
    "5.9": lambda seat: list(seat["flags"]["PortBindings"]) == ["8888/tcp"],
    "5.10": lambda seat: seat["flags"]["NetworkMode"] in ("default", "bridge"),
    "5.11": lambda seat: limited(seat, "MemoryLimit", "Memory"),
    "5.12": lambda seat: limited(seat, "CpuCfsQuota", "NanoCpus"),
    "5.13": lambda seat: seat["flags"]["ReadonlyRootfs"],
    "5.14": lambda seat: seat["port"]["HostIp"] == "127.0.0.1",
    "5.15": lambda seat: seat["flags"]["RestartPolicy"]["Name"] == "no",
    "5.16": lambda seat: seat["flags"]["PidMode"] == "",
    "5.17": lambda seat: seat["flags"]["IpcMode"] == "private",
    "5.18": lambda seat: not listed(seat, "Devices"),
    "5.19": lambda seat: not listed(seat, "Ulimits") and limited(seat, "PidsLimit", "PidsLimit"),
    "5.20": lambda seat: not any(mount["Propagation"] for mount in seat["container"]["Mounts"]),
    "5.21": lambda seat: seat["flags"]["UTSMode"] == "",
    "5.22": lambda seat: "unconfined" not in "".join(listed(seat, "SecurityOpt")),
    "5.25": lambda seat: seat["flags"]["CgroupParent"] == "",
    "5.26": lambda seat: "no-new-privileges" in listed(seat, "SecurityOpt"),
    "5.27": lambda seat: "Health" in seat["container"]["State"],
    "5.29": lambda seat: limited(seat, "PidsLimit", "PidsLimit"),
    "5.31": lambda seat: seat["flags"]["UsernsMode"] == "",
    "5.32": lambda seat: "docker.sock" not in str(seat["container"]["Mounts"]),
}


# An engine without root has a network of its own.
THERE = "nsenter --net --target $(pgrep --exact --oldest dockerd)"
# What the checks ask of a seat, in one round trip.
ASKED = {
    "info": "docker info --format '{{json .}}'",
    "config": "cat /etc/docker/daemon.json",
    "container": "docker inspect --format '{{json .}}' flask",
    "dockerd": "ps -C dockerd -o args=",
    "accounts": "ps -C dockerd,containerd -o uid=",
    "uid_map": "cat /proc/$(docker inspect --format '{{.State.Pid}}' flask)/uid_map",
    "iptables": f"{THERE} iptables -t nat -S",
    "processes": "docker top flask -o pid,args",
    "history": "docker history --no-trunc $image",
    "setuid": "docker run --rm --network none --user 0 --entrypoint find $image"
    " / -xdev -perm /6000 -type f",
}
END = "-- end --"


@pytest.fixture
def seat(host: Host) -> Facts:
    """Return the facts that the checks compare."""
    commands = [f"{command} && echo {END}" for command in ASKED.values()]
    script = " && ".join([f"image={IMAGE}", *commands])
    outputs = dict(zip(ASKED, host.check_output(script).split(END), strict=False))
    facts = outputs | {name: json.loads(outputs[name]) for name in ("info", "config", "container")}
    flags = facts["container"]["HostConfig"]
    [[port]] = flags["PortBindings"].values()
    dockerfile = (PROJECT / "Dockerfile").read_text()
    return facts | {"flags": flags, "port": port, "dockerfile": dockerfile}


def test_the_table_has_every_check_and_each_that_is_met_is_looked_at() -> None:
    assert set(TABLE) == {
        f"{section}.{number}" for section in SECTIONS for number in range(1, SECTIONS[section] + 1)
    }
    kinds = [words(without_root=kind) for kind in (False, True)]
    assert {*kinds[0].values(), *kinds[1].values()} == {"met", "met, as read", "not met"}
    looked_at = {number for kind in kinds for number, word in kind.items() if word == "met"}
    assert looked_at == set(MET)


def test_what_the_table_says_is_met_is_so(seat: Facts) -> None:
    without_root = "name=rootless" in seat["info"]["SecurityOptions"]
    verdicts = words(without_root)
    assert [number for number in MET if verdicts[number] == "met" and not MET[number](seat)] == []
    # Root's engine fails the checks that need another one; otherwise they would prove nothing.
    others = [number for number in MET if verdicts[number] != words(without_root=True)[number]]
    assert without_root or not any(MET[number](seat) for number in others if number != "5.2")


def test_no_container_reaches_what_listens_on_127_0_0_1_alone(host: Host) -> None:
    """The table gives this as the reason for 2.16."""
    setting = "/proc/sys/net/ipv4/conf/{}/route_localnet"
    command = f"{THERE} cat {setting.format('all')} {setting.format('docker0')}"
    assert host.check_output(command).split() == ["0", "0"]
