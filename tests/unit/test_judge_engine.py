"""Test the verdict on Docker Engine: what there is to do, what is refused, what is wrong."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from ansible_collections.labocloud.room.plugins.plugin_utils import engine_files
from ansible_collections.labocloud.room.plugins.plugin_utils.findings import in_words
from ansible_collections.labocloud.room.plugins.plugin_utils.judge import engine
from certificates import Authority
from sample_seat import BUILDER, SEAT, builder, sample_settings, seat

ASKED = datetime.fromtimestamp(SEAT["clock"]["control"], UTC)
DAEMON_JSON = "/etc/docker/daemon.json"
REGISTRY = {"lab": ["pc01", "pc02"], "registry": ["server"]}
CA = "/etc/docker/certs.d/server:5000/labocloud.crt"
PROXY = "http://u:secret@proxy.example:1"
BARE = (
    ("packages", {"python3": "3.13.5"}),
    ("files", {}),
    ("daemon_config", None),
    ("before", None),
    ("docker_group", None),
    ("docker/running", False),
    ("docker/enabled", False),
    ("docker/version", ""),
)


def judge(*changes: tuple[str, object], **variables: object) -> dict[str, Any]:
    """Return the verdict on a changed seat."""
    return engine.judge(seat(*changes), sample_settings(**variables), {})


def ids(verdict: dict[str, Any], part: str = "findings") -> list[str]:
    return [finding["id"] for finding in verdict[part]]


def packages(**others: str | None) -> tuple[str, dict[str, str]]:
    """Return a change of the seat's packages; a version of None removes one."""
    versions = SEAT["packages"] | {name.replace("_", "-"): value for name, value in others.items()}
    return "packages", {name: value for name, value in versions.items() if value is not None}


def test_an_engine_that_is_as_it_should_be_is_left_alone() -> None:
    verdict = judge()
    assert verdict["settled"]
    assert verdict["findings"] == verdict["refused"] == verdict["packages"] == []
    keys = ("installed", "configured", "runs", "prepared", "there")
    assert all(verdict[key] for key in keys)


def test_a_bare_seat_gets_all_of_it_and_is_refused_nothing() -> None:
    verdict = judge(*BARE)
    assert (verdict["settled"], ids(verdict), verdict["refused"]) == (False, ["engine_missing"], [])
    assert verdict["packages"] == [
        *("docker.io", "docker-cli", "docker-buildx", "docker-compose"),
        "acl",
        "zstd",
    ]
    assert verdict["roots"] == ["/var/lib/docker", "/var/lib/containerd"]
    # Debian's unit of the engine wants containerd's, which reads its files when it first starts.
    assert verdict["units"] == ["docker.service"]
    early = ("apt/policy_rc_d", "other")
    assert judge(*BARE, early)["units"] == ["containerd.service", "docker.service"]
    keys = ("installed", "configured", "runs", "prepared", "there")
    assert not any(verdict[key] for key in keys)
    assert verdict["removal"] is None


@pytest.mark.parametrize(
    ("change", "settings", "todo"),
    [
        (packages(zstd=None), {}, {}),
        (
            packages(docker_ce="5:28"),
            {"docker_engine_replace": True},
            {"conflicting": ["docker-ce"]},
        ),
        (
            ("held", []),
            {"docker_engine_version": "26.1.*"},
            {"hold": ["docker.io", "docker-cli"], "packages": []},
        ),
        (
            packages(docker_cli="26.0"),
            {"docker_engine_version": "26.1.*"},
            {
                "packages": [
                    *("docker.io=26.1.*", "docker-cli=26.1.*", "docker-buildx", "docker-compose"),
                    "acl",
                    "zstd",
                ]
            },
        ),
        (("held", ["docker.io", "docker-cli"]), {"docker_engine_version": "25.*"}, {"hold": []}),
        # What was held before the toolkit is not let go; nor is what is none of its business.
        (("held", ["docker-cli", "linux-image"]), {}, {"release": ["docker-cli"]}),
    ],
)
def test_what_is_not_installed_as_it_should_be(
    change: tuple[str, object], settings: dict, todo: dict
) -> None:
    verdict = judge(change, **settings)
    assert (verdict["settled"], verdict["installed"]) == (False, False)
    assert verdict["refused"] == []
    assert ids(verdict) == ["engine_missing"]
    assert verdict | todo == verdict


BOOTSTRAP = {"course_image_base_source": "bootstrap"}


def asked_for(*changes: tuple[str, object], name: str = BUILDER, **variables: object) -> list[str]:
    """Return the packages to install on the machine that builds, or on another of its room."""
    builder_facts = builder(*changes)
    names: list[str] = engine.judge(
        builder_facts["seat"], sample_settings(name=name, **variables), builder_facts
    )["packages"]
    return names


def test_a_rooms_own_packages_come_by_themselves_and_docker_goes_on() -> None:
    verdict = judge(packages(curl="8"), docker_engine_packages=["nano", "curl", "nano"])
    assert (verdict["packages"], verdict["lacking"]) == (["nano"], ["nano"])
    assert not verdict["settled"]
    assert not verdict["prepared"]
    # Nothing of Docker is written, held or started anew for them.
    assert all(verdict[key] for key in ("installed", "configured", "runs"))
    assert (verdict["refused"], ids(verdict)) == ([], ["engine_packages"])
    assert "nano" in in_words(verdict["findings"])
    assert judge(packages(nano="7"), docker_engine_packages=["nano"])["settled"]


def test_a_rooms_own_packages_come_along_with_docker() -> None:
    verdict = judge(*BARE, docker_engine_packages=["nano", "zstd"])
    assert verdict["packages"] == [
        *("docker.io", "docker-cli", "docker-buildx", "docker-compose"),
        *("acl", "zstd", "nano"),
    ]
    assert ids(verdict) == ["engine_missing"]


@pytest.mark.parametrize("wrong", ["nano=7.2-1", "nano/trixie", "nano-", "Nano", "n", "docker-ce"])
def test_what_would_never_count_as_a_rooms_package_is_refused(wrong: str) -> None:
    verdict = judge(docker_engine_packages=["curl", wrong])
    assert ids(verdict, "refused") == ["engine_package_name"]
    text = in_words(verdict["refused"])
    assert wrong in text
    assert "curl" not in text


def test_what_the_base_is_made_with_comes_along_with_docker() -> None:
    """Show it where it is certainly needed, as one run of apt is faster than two."""
    bare = (*BARE, ("images", {}))
    lacking = ["debian-archive-keyring", "mmdebstrap"]
    assert asked_for(*bare, **BOOTSTRAP)[-3:] == ["zstd", *lacking]
    installed = ("packages", {"python3": "3.13.5", "debian-archive-keyring": "2025.1"})
    assert asked_for(*bare, installed, **BOOTSTRAP)[-2:] == ["zstd", "mmdebstrap"]
    # Not on another machine, nor where a registry may have it, or it is there, or nothing is built.
    assert asked_for(*bare, name="pc02", **BOOTSTRAP)[-1] == "zstd"
    assert asked_for(*bare)[-1] == "zstd"
    assert asked_for(*BARE, **BOOTSTRAP)[-1] == "zstd"
    assert asked_for(*bare, course_image_revision="previous", **BOOTSTRAP)[-1] == "zstd"


def test_a_machine_that_builds_without_it_has_its_docker_all_the_same() -> None:
    builder_facts = builder(("images", {}))
    assert engine.judge(
        builder_facts["seat"], sample_settings(name=BUILDER, **BOOTSTRAP), builder_facts
    )["installed"]


@pytest.mark.parametrize("pin", ["26.1.*", "26.1.5+dfsg1-9*", "26.1.5+dfsg1-9+deb13u1+b1", "*"])
def test_a_version_that_is_there_and_held_is_as_it_should_be(pin: str) -> None:
    assert judge(("held", ["docker.io", "docker-cli"]), docker_engine_version=pin)["settled"]


@pytest.mark.parametrize("pin", ["26.1", "26x1*", "6.1.*"])
def test_only_apts_own_pattern_is_one(pin: str) -> None:
    held = ("held", ["docker.io", "docker-cli"])
    assert not judge(held, docker_engine_version=pin)["installed"]


def test_what_was_held_before_stays_held() -> None:
    assert judge(("held", ["docker-cli"]), ("before/held", ["docker-cli"]))["settled"]


def test_without_a_record_nothing_is_let_go() -> None:
    assert judge(("held", ["docker-cli"]), ("before", None))["release"] == []


def test_dockers_own_packages() -> None:
    verdict = judge(*BARE, docker_engine_source="upstream", docker_engine_version="5:28.*")
    assert verdict["packages"] == [
        *("docker-ce=5:28.*", "docker-ce-cli=5:28.*", "containerd.io"),
        *("docker-buildx-plugin", "docker-compose-plugin", "acl", "zstd"),
    ]
    assert verdict["files"] == [DAEMON_JSON]


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({DAEMON_JSON: "another"}, {}),
        ({}, {"docker_engine_daemon_options": {"debug": True}}),
        ({}, {"docker_engine_proxy": {"http": PROXY}}),
        ({}, {"docker_engine_daemon_options": {"proxies": {"http-proxy": PROXY}}}),
        ({}, {"docker_engine_registry_mirrors": "https://mirror.example"}),
        ({}, {"groups": REGISTRY, "room_registry_hub_mirror": True}),
    ],
)
def test_an_engine_that_is_configured_in_another_way(files: dict, settings: dict) -> None:
    """Show also that a proxy's password is in no verdict, as verdicts are shown."""
    verdict = judge(("files", SEAT["files"] | files), **settings)
    assert (verdict["settled"], verdict["configured"]) == (False, False)
    assert ids(verdict) == ["engine_configuration"]
    assert verdict["units"] == ["docker.service"]
    assert "secret" not in str(verdict)


def test_a_file_that_is_no_longer_asked_for_goes_and_others_stay() -> None:
    others = {
        "/etc/docker/labocloud-proxy.env": "x",
        "/etc/systemd/system/docker.service.d/theirs.conf": "x",
        "/etc/docker/certs.d/theirs/ca.crt": "x",
        "/etc/docker/registry/labocloud.yml": "x",
    }
    verdict = judge(("files", SEAT["files"] | others))
    assert verdict["stale"] == ["/etc/docker/labocloud-proxy.env"]
    assert not verdict["configured"]


def test_containerd_reads_its_files_anew_only_where_they_change() -> None:
    files = SEAT["files"] | {"/etc/containerd/labocloud.toml": "x"}
    assert judge(("files", files))["units"] == ["containerd.service", "docker.service"]
    # Or where it is not known whether it has.
    assert judge(("docker/outdated", True))["units"] == ["containerd.service", "docker.service"]
    theirs = ("before/packages", ["containerd"])
    assert judge(theirs, ("docker/outdated", True), ("files", {}))["units"] == ["docker.service"]


def test_the_data_of_an_engine_that_is_configured_so_is_recorded_first() -> None:
    verdict = judge(docker_engine_daemon_options={"data-root": "/srv/docker"})
    assert verdict["roots"] == ["/srv/docker", "/var/lib/docker", "/var/lib/containerd"]
    assert not verdict["prepared"]
    before = {key: value for key, value in SEAT["before"].items() if key != "roots"}
    assert not judge(("before", before))["prepared"]
    assert not judge(("before", None))["prepared"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (("docker/outdated", True), "engine_outdated"),
        (("docker/enabled", False), "engine_disabled"),
        (("docker/running", False), "engine_stopped"),
    ],
)
def test_an_engine_that_does_not_run_as_it_should(change: tuple[str, object], name: str) -> None:
    verdict = judge(change)
    assert (verdict["settled"], verdict["runs"], ids(verdict)) == (False, False, [name])


def test_where_nothing_manages_services_none_starts_with_the_machine() -> None:
    files = {DAEMON_JSON: SEAT["files"][DAEMON_JSON]}
    changes = ("service_manager", "none"), ("docker/enabled", False), ("files", files)
    verdict = judge(*changes, ("docker/masked", ["docker.service"]))
    assert (verdict["settled"], ids(verdict)) == (True, [])


def test_why_an_engine_does_not_answer_is_told_where_it_is_known() -> None:
    docker = SEAT["docker"] | {"running": False}
    assert "(it does not answer)" in in_words(judge(("docker", docker))["findings"])
    assert "(no socket)" in in_words(judge(("docker", docker | {"why": "no socket"}))["findings"])


def test_an_engine_that_is_too_old_is_not_the_roles_to_mend() -> None:
    verdict = judge(("docker/version", "19.03.8"))
    assert (verdict["settled"], ids(verdict)) == (True, ["engine_old"])
    assert "19.03.8 is too old: 20.10" in in_words(verdict["findings"])


@pytest.mark.parametrize(
    ("changes", "ran"),
    [
        ([], True),
        (BARE, False),
        ([*BARE, ("docker/running", True)], True),
        ([*BARE, ("apt/policy_rc_d", "other")], True),
    ],
)
def test_what_may_have_been_started_is_stopped_before_it_starts(changes: list, ran: bool) -> None:
    """Show it without a package too: while it is replaced, or before the package comes."""
    assert judge(*changes)["ran"] is ran


def test_where_only_a_hold_is_to_be_set_or_let_go_nothing_is_to_come() -> None:
    """Show that nothing is installed for a hold, which a seat without a network can set."""
    version = SEAT["packages"]["docker.io"]
    pinned = judge(docker_engine_version=version)
    assert (pinned["packages"], pinned["installed"]) == ([], False)
    assert pinned["hold"][0] == "docker.io"
    let_go = judge(("held", ["docker.io"]))
    assert (let_go["packages"], let_go["release"]) == ([], ["docker.io"])


@pytest.mark.parametrize(
    ("version", "names"),
    [("100.0.1", []), ("20.10.0", []), ("20.9.9", ["engine_old"]), (f"{'9' * 5000}.1", [])],
    ids=["100", "20.10", "20.9", "of any length"],
)
def test_an_engine_is_old_by_its_numbers(version: str, names: list[str]) -> None:
    assert ids(judge(("docker/version", version))) == names


def test_as_much_space_as_is_asked_for_is_enough() -> None:
    assert judge(*BARE, ("docker/free_mb", 3000))["refused"] == []
    assert judge(*BARE, ("docker/free_mb", 2999))["refused"] != []


def test_an_interrupted_installation_is_not_settled_whatever_is_there() -> None:
    verdict = judge(("apt/interrupted", True))
    assert (verdict["settled"], verdict["refused"]) == (False, [])
    assert (verdict["prepared"], verdict["packages"]) == (False, [])


REFUSED = {
    "another system": (
        [("os", {"id": "arch", "version": "", "codename": "", "name": "Arch"})],
        {},
        "engine_unsupported",
        ["it runs Arch (arch-), which is not supported", "debian-12, debian-13, ubuntu-22.04"],
    ),
    "a system without a name": (
        [("os", {"id": "", "version": "", "codename": "", "name": ""})],
        {},
        "engine_unsupported",
        ["it runs an unknown system (-)"],
    ),
    "a Docker of the other source": (
        [packages()],
        {"docker_engine_source": "upstream"},
        "engine_foreign",
        [
            "it has docker.io, docker-cli, docker-buildx, docker-compose, containerd, runc, which",
            "docker_engine_source upstream would replace",
            "set docker_engine_source to distro for it, or docker_engine_replace to true",
        ],
    ),
    "a full disk": (
        [("docker/free_mb", 100)],
        {},
        "engine_disk",
        ["it has 100 MiB free at /var/lib/docker; docker_engine_min_free_mb asks for 3000"],
    ),
    "a daemon.json that says something else": (
        [
            ("files", {DAEMON_JSON: "x"}),
            ("daemon_config", {"data-root": "/srv/docker", "log-driver": "local", "debug": True}),
            ("docker/root", "/srv/docker"),
        ],
        {"docker_engine_daemon_options": {"debug": False}},
        "engine_overruled",
        ["it has a /etc/docker/daemon.json of its own, which sets data-root. Fix: give these keys"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_bare_seat_is_refused_for(case: str) -> None:
    """Show that the refusal is the only finding, and has a fix."""
    changes, settings, name, words = REFUSED[case]
    verdict = judge(*BARE, *changes, **settings)
    assert ids(verdict) == ids(verdict, "refused") == [name]
    assert not verdict["settled"]
    text = in_words(verdict["refused"])
    for word in (*words, "Fix: ", "./lab up --limit pc02"):
        assert word in text, text


def test_what_is_installed_and_configured_is_refused_nothing() -> None:
    """Show it for a disk that is full now, and a seat without a record of before."""
    assert judge(("docker/free_mb", 1), ("before", None))["refused"] == []


def test_an_engine_that_is_installed_may_be_configured_on_a_full_disk() -> None:
    assert judge(("docker/free_mb", 1), ("files", {}))["refused"] == []


def test_the_disk_is_not_held_against_a_seat_where_docker_goes_elsewhere() -> None:
    """Show that another data-root is no refusal: its free space is not known."""
    options = {"data-root": "/srv/docker"}
    assert (
        judge(*BARE, ("docker/free_mb", 1), docker_engine_daemon_options=options)["refused"] == []
    )


@pytest.mark.parametrize("there", [None, {"log-driver": "local"}, {"data-root": "/srv"}])
def test_a_daemon_json_that_says_the_same_is_taken_over(there: dict | None) -> None:
    changes = ("files", {DAEMON_JSON: "x"}), ("daemon_config", there)
    options = {"data-root": "/srv"}
    assert judge(*BARE, *changes, docker_engine_daemon_options=options)["refused"] == []


def test_what_the_toolkit_wrote_may_be_overruled() -> None:
    changes = ("files", {DAEMON_JSON: "x"}), ("daemon_config", {"debug": True})
    assert judge(*changes)["refused"] == []


def test_a_setting_that_is_wrong_is_refused_wherever_it_is() -> None:
    verdict = judge(docker_engine_source="snap")
    assert ids(verdict, "refused") == ["setting_wrong"]
    assert "docker_engine_source" in in_words(verdict["refused"])
    assert "snap" in in_words(verdict["refused"])
    assert not verdict["settled"]
    assert judge(course_image_keep="many")["settled"]


def test_a_unit_that_is_masked_is_told_with_its_fix() -> None:
    verdict = judge(("docker/masked", ["docker.service", "docker.socket"]))
    assert ids(verdict, "refused") == ["engine_masked"]
    text = in_words(verdict["refused"])
    assert "docker.service docker.socket is masked" in text
    assert text.endswith("./lab ansible pc02 -ba 'systemctl unmask docker.service docker.socket'")
    # The command is for a shell of the control machine: no seat has a word in it.
    masked = ("docker/masked", ["docker.service", "x'; rm -rf / #"])
    assert in_words(judge(masked)["refused"]).endswith("'systemctl unmask docker.service'")
    assert judge(("docker/masked", ["x'; rm -rf / #"]))["settled"]


PEM = "-----BEGIN CERTIFICATE-----\n"
HASH = sha256(PEM.encode()).hexdigest()


def trusting(ca: str, *changes: tuple[str, object], **settings: object) -> dict[str, Any]:
    """Return the verdict on a seat of a room with a registry. ca: its CA, empty if unknown."""
    all_settings = sample_settings(
        groups=REGISTRY, **{"room_registry_address": "server"} | settings
    )
    all_settings["room"]["registry"]["ca"] = ca
    return engine.judge(seat(*changes), all_settings, {})


def test_the_ca_of_the_rooms_registry_is_trusted_for_it_alone() -> None:
    verdict = trusting(PEM)
    assert (verdict["settled"], ids(verdict)) == (False, ["engine_trust"])
    assert verdict["trust"]["write"] == {CA: PEM}
    verdict = trusting(PEM, ("files", SEAT["files"] | {CA: HASH}))
    assert verdict["settled"]
    verdict = trusting(PEM, ("files", SEAT["files"] | {CA: "older"}), room_registry_hub_mirror=True)
    assert set(verdict["trust"]["write"]) == {CA, CA.replace("5000", "5002")}


def test_a_ca_that_is_not_known_today_stays_as_it_is() -> None:
    for files in ({}, {CA: "whatever"}):
        assert trusting("", ("files", SEAT["files"] | files))["settled"]


@pytest.mark.parametrize(("days", "waits"), [(None, True), (29, True), (31, False)])
def test_a_seat_waits_for_a_ca_that_is_about_to_be_made(days: int | None, *, waits: bool) -> None:
    """Show it for the first CA, and for one that replaces another before that ends."""
    pem = Authority("labocloud", ASKED + timedelta(days=days)).pem if days else ""
    has = seat(("files", SEAT["files"] | {CA: sha256(pem.encode()).hexdigest()}))
    settings = sample_settings(groups=REGISTRY, room_registry_address="server")
    settings["room"]["registry"]["ca"] = pem
    builder_facts = builder(("registry/ca", pem))
    assert engine.judge(has, settings, builder_facts)["settled"] is not waits
    # From a machine that only runs the registry nobody has images; it is no seat's reason to wait.
    settings["room"]["builder"] = "pc01"
    assert engine.judge(has, settings, builder_facts)["settled"]


def test_a_registry_that_the_room_no_longer_has_is_no_longer_trusted() -> None:
    verdict = judge(("files", SEAT["files"] | {CA: HASH}))
    assert (verdict["settled"], verdict["findings"]) == (False, [])
    trust = verdict["trust"]
    assert (trust["remove"], trust["empty"]) == ([CA], ["/etc/docker/certs.d/server:5000"])


def test_the_registrys_host_knows_its_ca_itself() -> None:
    settings = sample_settings(groups=REGISTRY, name="server", room_registry_address="server")
    verdict = engine.judge(seat(("registry/ca", PEM)), settings, {})
    assert verdict["trust"]["write"] == {CA: PEM}


def test_removal_takes_what_came_and_leaves_what_was_there() -> None:
    removal = judge(("files", SEAT["files"] | {CA: HASH}))["removal"]
    assert removal["came"]
    assert removal["group"]
    others = [CA, "/etc/apt/sources.list.d/docker.sources", engine_files.LOGIN]
    assert removal["files"] == [*sorted(engine_files.files(seat(), sample_settings())), *others]
    assert removal["empty"] == [
        "/etc/docker/certs.d/server:5000",
        "/etc/systemd/system/containerd.service.d",
        "/etc/docker/certs.d",
        *("/etc/containerd", "/etc/docker"),
    ]
    assert len(removal["scripts"]) == 2
    assert removal["give_back"] == removal["units"] == []
    assert removal["checked"] == ["/var/lib/containerd", "/var/lib/docker"]
    # Its package is there still.
    assert removal["data"] == ["/var/lib/docker"]
    assert judge(packages(containerd=None))["removal"]["data"] == removal["checked"]
    # Of what came, runc was removed by somebody, and held is what nobody had held.
    changes = packages(runc=None), ("held", ["docker.io", "linux-image"])
    removal = judge(*changes)["removal"]
    assert (removal["packages"], removal["held"]) == (["containerd", "docker.io"], ["docker.io"])


@pytest.mark.parametrize("came", [True, False])
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("manager", ["systemd", "none"])
def test_an_engine_that_came_and_runs_is_stopped_before_it_goes(
    came: bool, running: bool, manager: str
) -> None:
    changes = ("docker/running", running), ("service_manager", manager)
    before = ("before/packages", ["python3"] if came else ["docker.io"])
    removal = judge(*changes, before)["removal"]
    by_systemd, by_hand = (came and running and manager == it for it in ("systemd", "none"))
    assert removal["services"] == ["docker.socket", "docker.service"] * by_systemd
    assert removal["stopping"] is by_hand


@pytest.mark.parametrize("packages", [[], ["docker.io"]])
@pytest.mark.parametrize("purge", [True, False])
def test_data_go_where_that_is_asked_for_and_the_engine_came(packages: list, purge: bool) -> None:
    removal = judge(("before/packages", packages), docker_engine_purge=purge)["removal"]
    assert removal["purges"] is (purge and not packages)


def test_an_engine_that_was_there_gets_its_daemon_json_back_and_starts_anew() -> None:
    before = {"packages": ["docker.io", "containerd"], "files": [DAEMON_JSON]}
    others = {"docker_group": [], "docker_running": True, "roots": {}}
    removal = judge(("before", SEAT["before"] | before | others))["removal"]
    assert (removal["came"], removal["group"], removal["scripts"]) == (False, False, [])
    assert removal["give_back"] == [DAEMON_JSON]
    assert DAEMON_JSON not in removal["files"]
    assert "/etc/docker" not in removal["empty"]
    assert removal["units"] == ["containerd.service", "docker.service"]
    assert removal["checked"] == ["/var/lib/docker", "/var/lib/containerd"]
    stopped = SEAT["before"] | before | others | {"docker_running": False}
    assert judge(("before", stopped))["removal"]["units"] == []
    other = SEAT["before"] | before | others | {"packages": ["docker-ce"]}
    assert judge(("before", other))["removal"]["units"] == []


def test_the_script_of_a_package_that_was_there_is_the_packages() -> None:
    assert judge(("brought/packages", []))["removal"]["scripts"] == []


@pytest.mark.parametrize(
    ("text", "numbers"), [("26.1.5+dfsg1", (26, 1, 5)), ("20.10", (20, 10)), ("", ())]
)
def test_versions_are_compared_by_their_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert engine.version(text) == numbers


def test_a_directory_that_does_not_answer_takes_no_groups_access_away() -> None:
    """Show that the file that lets it in stays as it is, and that no engine is started anew."""
    has = ("files", SEAT["files"] | {engine_files.GROUP_UNIT: "x"})
    assert judge(has, docker_engine_group="class-a")["stale"] == []
    assert judge(has)["stale"] == [engine_files.GROUP_UNIT]


def test_the_files_of_the_sample_are_those_that_are_wanted() -> None:
    """Show that they are as earlier versions wrote them: no running engine is started anew."""
    files = engine_files.files(seat(), sample_settings()) | engine_files.login(sample_settings())
    assert sorted(files) == sorted(SEAT["files"])
