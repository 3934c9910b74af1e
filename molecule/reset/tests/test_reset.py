"""Students made what they made; the next group gets the seat as it was."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import playbook
import pytest
from instances import ANSWERS, machine, meanwhile, off, wait
from testinfra.host import Host

OTHER, SEAT = playbook.seats()[0], playbook.seats()[-1]
SAVED = Path(os.environ["LABOCLOUD_REPORTS"]) / "saved"
RESET, RESTORE = "playbooks/reset.yml", "playbooks/restore.yml"
REMEMBERED = "/var/lib/labocloud/state.json"

# Names, labels and layers of the toolkit's are all over what students make.
MESS = """
set -eu
mkdir -p /root/work && cd /root/work
printf 'FROM labocloud20202021:base\\nRUN echo mine > /mine\\n' > Dockerfile
docker build --quiet --network none --tag mine:1 .
printf 'FROM labocloud20202021:python\\nUSER root\\nRUN echo more > /more\\n' > Dockerfile
docker build --quiet --network none .
docker network create net
docker volume create data
docker run --rm --volume data:/data labocloud20202021:base sh -c '
  echo precious > /data/file; chown 1234:4321 /data/file; chmod 0640 /data/file
  ln -s file /data/link; head -c 3000000 /dev/urandom > /data/large; chmod 02770 /data'
docker run --detach --name web --network net --publish 9000:80 --volume data:/srv \\
  --volume /anonymous --env KEY=value --label mine=yes --restart always mine:1 sleep 1000
docker exec web sh -c 'echo written > /written; echo kept > /anonymous/here'
docker run --name done labocloud20202021:base sh -c 'echo result > /result'
docker commit flask copy:1
docker commit done idle:1
docker run --detach --name copy copy:1
docker network connect net flask
docker tag labocloud20202021:base spare:1
docker tag mine:1 labocloud20202021:python
docker volume create --opt type=none --opt o=bind --opt device=/root/work outside
mkdir -p plugin/rootfs
echo '{"interface": {"types": ["docker.volumedriver/1.0"], "socket": "a"}}' > plugin/config.json
docker plugin create mine/plugin:1 plugin
docker swarm init --advertise-addr 127.0.0.1
echo word | docker secret create password -
timeout 300 sh -c 'until docker network inspect ingress docker_gwbridge; do sleep 0.1; done'
"""
STATE = """
docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
docker ps --all --format '{{.Names}} {{.State}}' | sort
docker volume ls --quiet
docker plugin ls --quiet
docker network ls --filter type=custom --quiet | sort
docker info --format '{{.Swarm.LocalNodeState}}'
docker system df --format '{{.Type}} {{.Size}}' | grep Build
"""
# The process that holds the lock of those who save, remove and bring back.
WORKING = "$(lslocks --noheadings --output PID,PATH | sed -n 's| /run/labocloud-reset.lock||p')"
# Who may use Docker here is whoever is in its group.
STUDENT = "runuser -u nobody -g docker --"
# Writes into a volume, by a container that does not run, and takes down what was written.
WRITING = f"""
n=0
while :; do
  {STUDENT} docker cp /etc/hostname writes:/d/$n && echo $n >> /root/ledger && n=$((n + 1))
  sleep 0.05
done
"""
# Has connected before the engine is closed, and asks for a volume when it has been for a while.
CONNECTED = """
import http.client, os, socket, time
asking = http.client.HTTPConnection("localhost")
asking.sock = socket.socket(socket.AF_UNIX)
asking.sock.connect("/run/docker.sock")
while os.stat("/run/docker.sock").st_mode & 0o060:
    asking.request("GET", "/_ping")
    asking.getresponse().read()
    time.sleep(0.1)
time.sleep(1)
asking.request("POST", "/volumes/create", '{"Name": "late"}', {"Content-Type": "application/json"})
"""
MODE = "stat -L -c %a /run/docker.sock"
OPENING = "labocloud-opening"


@pytest.fixture(scope="module")
def seat() -> Host:
    """A seat with the toolkit's things alone, without what was left where its image was built."""
    playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes"))
    return machine(SEAT)


@pytest.fixture(scope="module")
def clean(seat: Host) -> str:
    """Return what Docker has on the seat without the students' work."""
    return seat.check_output(STATE)


@pytest.fixture(scope="module")
def untouched() -> list[str]:
    """Return what Docker had on the seat after the last mess was made."""
    return []


@pytest.fixture
def mess(seat: Host, clean: str, untouched: list[str]) -> str:
    """Return what Docker has on the seat with their work; a test may leave it for the next one."""
    state = seat.check_output(STATE)
    if [state] == untouched:
        return state
    if state != clean:
        playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes"))
    seat.check_output(MESS)
    untouched[:] = [seat.check_output(STATE)]
    return untouched[0]


def listed(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what a run lists for removal, without sizes and without random names."""
    output_lines = re.findall(r"^    - (.*)$", result.stdout, re.MULTILINE)
    words = ("Nothing is", "nobody has saved", "'nobody has saved")
    things = [line for line in output_lines if SEAT not in line and not line.startswith(words)]
    return sorted(re.sub(r", [\d.]+[kMG]?B$|\b[0-9a-f]{12,64}\b", "", line) for line in things)


def saved(seat: str) -> Path:
    """Return the directory of a seat's latest save."""
    return max(path.parent for path in SAVED.glob(f"{seat}/*/manifest.json"))


def test_a_list_is_all_that_students_made_and_nothing_is_changed(seat: Host, mess: str) -> None:
    result = playbook.run(SEAT, playbook=RESET)
    assert playbook.changed(result) == 0
    expected = {
        "container copy (running)",
        "container done (exited)",
        "container web (running)",
        "image ",
        "image copy:1",
        "image idle:1",
        "image labocloud20202021:python mine:1",
        "membership of a swarm",
        "name labocloud20202021:python, given back to image ",
        "name spare:1, of an image that stays",
        "network docker_gwbridge",
        "network net",
        "plugin mine/plugin:1",
        "secret password, of that swarm",
        "volume ",
        "volume data",
        "volume outside (driver local; its data stay where it keeps them)",
    }
    # Debian 12's builder keeps its cache as images without a name.
    if "Build Cache 0B" not in mess:
        expected.add("build cache")
    assert set(listed(result)) == expected
    assert "-e confirm=yes" in result.stdout
    assert seat.check_output(STATE) == mess
    checked = playbook.run(SEAT, "--check", playbook=RESET, confirm="yes")
    assert playbook.changed(checked) > 0
    assert seat.check_output(STATE) == mess


def test_nothing_is_removed_that_cannot_be_saved(seat: Host, mess: str) -> None:
    """The disk is full when it is to be written; the containers go on."""
    seat.check_output("mount -t tmpfs -o size=1M tmpfs /var/tmp")
    try:
        result = playbook.run(SEAT, playbook=RESET, confirm="yes", save="yes")
    finally:
        seat.check_output("umount /var/tmp")
    assert result.returncode != 0
    assert "nothing is removed" in playbook.said(result)
    assert "space" in playbook.said(result)
    assert seat.check_output(STATE) == mess


def test_nothing_is_removed_that_does_not_arrive(seat: Host, mess: str, tmp_path: Path) -> None:
    where = {"seat_reset_saved": str(tmp_path / "file" / "saved")}
    (tmp_path / "file").touch()
    result = playbook.run(SEAT, playbook=RESET, confirm="yes", save="yes", **where)
    assert result.returncode != 0
    assert "nothing is removed" in playbook.said(result)
    assert seat.check_output(STATE) == mess


def test_all_of_it_goes_and_nothing_else(seat: Host, clean: str, mess: str) -> None:
    assert mess != clean
    assert playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes")) == 1
    assert seat.check_output(STATE) == clean
    assert seat.file("/root/work/Dockerfile").exists
    assert seat.run(ANSWERS).rc == 0
    assert playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes")) == 0
    # The name that was stolen has come back without being sent again.
    assert playbook.changed(playbook.run(SEAT)) == 0


def test_what_cannot_go_is_named_and_a_name_whose_image_is_lost_comes_back_with_the_next_run(
    seat: Host, clean: str
) -> None:
    """The engine would empty what is mounted in a volume by hand. All else goes."""
    seat.check_output(
        "docker rm --force flask; docker rmi $(docker images labocloud20202021 "
        "--format '{{.Repository}}:{{.Tag}}' | grep :python);"
        "docker tag labocloud20202021:base other:1;"
        "echo 'FROM other:1\nLABEL a=b' | docker build --quiet --tag labocloud20202021:python -;"
        "mkdir -p /root/own; touch /root/own/file; docker volume create mounted;"
        "mount --bind /root/own /var/lib/docker/volumes/mounted/_data"
    )
    result = playbook.run(SEAT, playbook=RESET, confirm="yes")
    assert result.returncode != 0
    message = playbook.said(result)
    assert f"{SEAT}: cannot be removed: volume mounted: removing it would empty" in message
    assert seat.file("/root/own/file").exists
    seat.check_output("umount /var/lib/docker/volumes/mounted/_data; docker volume rm mounted")
    names = seat.check_output("docker images --format '{{.Repository}}:{{.Tag}}'")
    assert names == "labocloud20202021:base"
    playbook.changed(playbook.run(SEAT))
    images = [line for line in clean.splitlines() if line.startswith("sha256:")]
    assert seat.check_output(STATE).splitlines()[: len(images)] == images


@pytest.fixture
def record(seat: Host) -> Iterator[dict]:
    """Return the seat's record of its previous state, which a test may rewrite."""
    before = json.loads(seat.check_output(f"cat {REMEMBERED}"))["before"]
    yield json.loads(json.dumps(before))
    write(seat, before)


def write(seat: Host, before: dict) -> None:
    state = json.loads(seat.check_output(f"cat {REMEMBERED}")) | {"before": before}
    seat.check_output(f"cat > {REMEMBERED} <<'END'\n{json.dumps(state)}\nEND")


def test_what_was_there_before_or_is_asked_to_stay_stays(
    seat: Host, clean: str, record: dict
) -> None:
    for name in ("theirs", "class"):
        seat.check_output(
            f"docker network create {name}; docker volume create {name}; "
            f"docker create --name {name} labocloud20202021:base true; "
            f"docker commit {name} {name}:1"
        )
    ids = seat.check_output(
        "docker network inspect -f '{{.Id}}' theirs;"
        "docker inspect -f '{{.Id}}' theirs; docker inspect -f '{{.Id}}' theirs:1"
    ).split()
    record |= {"volumes": ["theirs"], "networks": ["theirs"], "containers": ["theirs"]}
    record |= {"images": ["theirs:1"], "docker_running": True}
    record["ids"] = {"networks": ids[:1], "containers": ids[1:2], "cache": [], "swarm": ""}
    record["ids"]["images"] = {ids[2]: ["theirs:1"]}
    write(seat, record)
    both = playbook.run(SEAT, playbook=RESET, seat_reset_keep=["class", "class:1"])
    assert listed(both) == []
    reset = playbook.run(SEAT, playbook=RESET, confirm="yes")
    assert len(listed(reset)) == playbook.changed(reset) * 4 == 4
    assert all("class" in line for line in listed(reset))
    # The same names, given to others.
    seat.check_output(
        "docker rm theirs; docker create --name theirs labocloud20202021:base true;"
        "docker network rm theirs; docker network create theirs;"
        "docker tag labocloud20202021:base theirs:1"
    )
    expected = ["container theirs (created)", "network theirs"]
    expected.insert(1, "name theirs:1, given back to image ")
    assert listed(playbook.run(SEAT, playbook=RESET)) == expected
    record |= {"images": [], "containers": [], "networks": [], "volumes": []}
    record["ids"] |= {"images": {}, "containers": [], "networks": []}
    write(seat, record)
    playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes"))
    assert seat.check_output(STATE) == clean


def contents(seat: Host, name: str) -> str:
    """Return the content of a volume: bytes, owners and modes."""
    place = seat.check_output(f"docker volume inspect --format '{{{{.Mountpoint}}}}' {name}")
    return seat.check_output(
        f"cd {place}; find . -printf '%p %U:%G %m %l %T@\n' | sort;"
        "find . -type f -exec sha256sum {} + | sort"
    )


def anonymous(seat: Host) -> str:
    template = '{{range .Mounts}}{{if eq .Destination "/anonymous"}}{{.Name}}{{end}}{{end}}'
    return seat.check_output(f"docker inspect --format '{template}' web")


def test_what_is_saved_comes_back(seat: Host, clean: str, mess: str, tmp_path: Path) -> None:
    names = ["data", anonymous(seat)]
    before = [contents(seat, name) for name in names]
    assert "file 1234:4321 640" in before[0]
    playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes", save="yes"))
    assert seat.check_output(STATE) == clean
    source = saved(SEAT)
    assert {path.stat().st_mode & 0o777 for path in [source, *source.iterdir()]} == {0o700, 0o600}
    assert not seat.check_output("find /var/tmp -name 'labocloud-saved-*'")

    # A container has one of the names by now, and one of the files does not arrive whole.
    seat.check_output("docker create --name done labocloud20202021:base true")
    torn = tmp_path / "torn"
    subprocess.run(["cp", "-r", source, torn], check=True)
    with (torn / "volumes.tar.zst").open("r+b") as file:
        file.seek(1000)
        file.write(b"torn")
    refused = playbook.run(SEAT, playbook=RESTORE, **{"from": str(torn)})
    assert refused.returncode != 0
    assert "volumes.tar.zst is torn or altered" in playbook.said(refused)
    assert seat.check_output("docker volume ls --quiet") == ""

    assert playbook.changed(playbook.run(SEAT, playbook=RESTORE, **{"from": str(source)})) == 1
    assert [contents(seat, name) for name in names] == before
    assert seat.check_output("docker start web done-restored copy").split() == [
        "web",
        "done-restored",
        "copy",
    ]
    assert seat.check_output("docker exec web cat /written /mine /srv/file /anonymous/here") == (
        "written\nmine\nprecious\nkept"
    )
    assert seat.check_output("docker exec web sh -c 'echo $KEY'") == "value"
    assert seat.check_output("docker port web") != ""
    assert "net" in seat.check_output("docker inspect web --format '{{json .NetworkSettings}}'")
    assert seat.check_output("docker cp done-restored:/result - | tar -xO") == "result"
    # An image that no container ran; and one whose name is the toolkit's again.
    shown = "docker run --rm --entrypoint cat"
    assert seat.check_output(f"{shown} idle:1 /result") == "result"
    assert seat.check_output(f"{shown} labocloud20202021:python-restored /mine") == "mine"

    # What became of it since is not undone.
    seat.check_output("docker exec web sh -c 'echo changed > /srv/file'")
    again = playbook.run(SEAT, playbook=RESTORE, **{"from": str(source)})
    assert playbook.changed(again) == 0
    assert seat.check_output("docker exec web cat /srv/file") == "changed"


def test_what_is_written_while_it_is_saved_is_saved_or_stays(seat: Host, clean: str) -> None:
    """Nothing is written between the save and the removal, because it would be lost."""
    seat.check_output(f"cat > /run/connected.py <<'END'\n{CONNECTED}\nEND")
    seat.check_output("docker create --name writes --volume ledger:/d labocloud20202021:base true")
    with meanwhile(SEAT, f"{STUDENT} python3 /run/connected.py & {WRITING}"):
        wait(seat, "test -s /root/ledger")
        result = playbook.run(SEAT, playbook=RESET, confirm="yes", save="yes")
    archive = ["tar", "--zstd", "-tf", saved(SEAT) / "volumes.tar.zst", "ledger/_data"]
    kept = subprocess.run(archive, capture_output=True, text=True, check=True).stdout.split()
    stays = seat.run("ls /var/lib/docker/volumes/ledger/_data").stdout.split()
    written = seat.check_output("cat /root/ledger").split()
    assert {*written} <= {*(name.rpartition("/")[2] for name in kept), *stays}
    # What was asked for as the engine was closed may come later than that, which is told.
    assert result.returncode == 0 or "volume ledger" in playbook.said(result)
    assert "late" not in seat.check_output("docker volume ls --quiet").split()
    assert seat.check_output(MODE) == "660"
    if result.returncode != 0:
        playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes"))
    assert seat.check_output(STATE) == clean


def test_a_volume_of_the_same_name_is_not_written_over(seat: Host, mess: str) -> None:
    playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes", save="yes"))
    seat.check_output("docker volume create data")
    refused = playbook.run(SEAT, playbook=RESTORE, **{"from": str(saved(SEAT))})
    assert refused.returncode != 0
    assert "Fix: docker volume rm data" in playbook.said(refused)
    assert seat.check_output("docker ps --all --quiet | wc -l") == "1"


@pytest.mark.parametrize("when", ["saving", "removing"])
def test_a_run_that_is_killed_is_finished_by_the_next(
    seat: Host, clean: str, mess: str, when: str
) -> None:
    seat.check_output(
        "for n in $(seq 12); do docker create --name more$n labocloud20202021:base true; done"
    )
    before = contents(seat, "data")
    names = set(seat.check_output("docker ps --all --format '{{.Names}}'").split()) - {"flask"}
    earlier = set(SAVED.glob(f"{SEAT}/*/manifest.json"))
    begun = {
        "saving": "docker ps --quiet --filter status=paused | grep -q .",
        "removing": "! docker inspect done >/dev/null 2>&1",
    }[when]
    words = playbook.command(SEAT, playbook=RESET, confirm="yes", save="yes")
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as run:
        # What works on the seat is halted at once, and does not get any further.
        seat.check_output(f"timeout 300 sh -c 'until {begun}; do :; done'; kill -STOP {WORKING}")
        os.killpg(run.pid, signal.SIGKILL)
        seat.check_output(f"kill -KILL {WORKING}")
    assert run.returncode == -signal.SIGKILL
    assert seat.check_output(MODE) == "600"
    assert seat.check_output(f"systemctl is-active {OPENING}.timer") == "active"
    if when == "saving":
        # Nobody comes back for an hour.
        seat.check_output(f"systemctl start --wait {OPENING}.service")
        assert seat.check_output(MODE) == "660"
    playbook.changed(playbook.run(SEAT, playbook=RESET, confirm="yes", save="yes"))
    assert seat.check_output(STATE) == clean
    assert seat.check_output(MODE) == "660"
    assert seat.run(f"systemctl is-active {OPENING}.timer").stdout.strip() == "inactive"
    whole = sorted(set(SAVED.glob(f"{SEAT}/*/manifest.json")) - earlier)
    saved_names = [
        container["Name"]
        for path in whole
        for container in json.loads(path.read_text())["containers"]
    ]
    assert {name.lstrip("/") for name in saved_names} == names
    playbook.changed(playbook.run(SEAT, playbook=RESTORE, **{"from": str(whole[-1].parent)}))
    assert contents(seat, "data") == before


@pytest.mark.parametrize(
    ("book", "variables", "named"),
    [
        (RESET, {"confirm": "maybe"}, "confirm is 'maybe'. Fix: -e confirm=yes"),
        (RESET, {"confirm": "yes", "save": 3}, "save is '3'. Fix: -e save=yes"),
        (RESTORE, {"from": "/nonexistent"}, "from is '/nonexistent', which holds no manifest.json"),
        (RESTORE, {}, "from is '', which holds no manifest.json"),
    ],
)
def test_a_wrong_answer_is_named(book: str, variables: dict, named: str) -> None:
    result = playbook.run(SEAT, playbook=book, **variables)
    assert result.returncode != 0
    assert named in playbook.said(result)


def test_what_was_saved_of_one_seat_does_not_come_to_all(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    result = playbook.run("all", playbook=RESTORE, **{"from": str(tmp_path)})
    assert result.returncode != 0
    assert "Fix: --limit SEAT" in playbook.said(result)


def test_a_seat_that_is_off_stops_nobody(seat: Host, clean: str) -> None:
    seat.check_output("docker volume create data")
    with off(OTHER):
        result = playbook.run(f"{OTHER},{SEAT}", playbook=RESET, confirm="yes")
    assert result.returncode != 0
    assert f"1 seat done, 1 needs you: {OTHER}" in playbook.said(result)
    assert seat.check_output(STATE) == clean
