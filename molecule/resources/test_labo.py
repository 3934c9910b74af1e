"""Show what a seat has of the practical, and the command labo as a student types it there."""

import json
import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from instances import as_student, wait
from testinfra.host import Host

FOLDER = "/usr/local/share/labocloud"
PROJECT = Path(__file__).resolve().parents[2]
FRENCH = "env LC_ALL=fr_FR.UTF-8"
# In a folder of their own, which the account of an engine without root can read.
BUILD = f"""
rm -rf ~/labocloud/mine && cp -r {FOLDER}/course ~/labocloud/mine && cd ~/labocloud/mine &&
echo '# mine' >> app/app.py && DOCKER_BUILDKIT=0 docker build -q --network none -t mine:labo .
"""


def test_the_command_and_the_courses_files_are_there_for_all(host: Host) -> None:
    assert host.file("/usr/local/bin/labo").linked_to == str(
        Path(host.check_output("readlink --canonicalize %s", FOLDER)) / "labo"
    )
    remembers = host.file("/var/lib/labo")
    assert (remembers.user, stat.S_IMODE(remembers.mode)) == ("root", 0o1777)
    assert host.run("find -L %s ! -user root -o -perm /022", FOLDER).stdout == ""
    course = PROJECT / "Dockerfile"
    assert host.file(f"{FOLDER}/course/Dockerfile").content_string == course.read_text()
    assert host.run("find -L %s/course -name check.py -o -name tests", FOLDER).stdout == ""
    for language in ("fr", "en"):
        page = PROJECT / f"app/content/{language}/mistakes.md"
        assert host.file(f"{FOLDER}/mistakes.{language}.md").content_string == page.read_text()


def test_a_student_is_told_where_they_are(host: Host) -> None:
    host.check_output("rm -f /var/lib/labo/*")
    result = as_student(host, f"{FRENCH} labo")
    assert (result.rc, result.stderr) == (0, "")
    assert "[ ] 1. " in result.stdout
    assert "← vous êtes ici" in result.stdout
    assert "La page du cours\u00a0: http://localhost:" in result.stdout
    assert as_student(host, "labo check 1").rc == 1
    assert "# Usual mistakes" in as_student(host, "labo mistakes").stdout


def test_the_page_shows_what_labo_has_seen_and_is_not_visited_for_that(host: Host) -> None:
    address = re.search(r"http://localhost:\d+", as_student(host, "labo").stdout)[0]

    def ask(path: str) -> str:
        """Return a command that prints what the page answers."""
        code = f"import urllib.request as r; print(r.urlopen('{address}{path}').read().decode())"
        return f"python3 -c {shlex.quote(code)}"

    def writes() -> int:
        events = as_student(host, "docker events --since 10m --until $(date +%s)").stdout
        return events.count("exec_create: sh -c printf")

    steps = ask("/api/steps/01-first-contact")
    before = json.loads(host.check_output("sh -c %s", ask("/api/container")))["requests"]
    judged = json.loads(as_student(host, "labo check 1 --json").stdout)["01-first-contact"]
    as_student(host, "labo check 1")
    # The engine starts what writes them, and does not wait for its end.
    wait(host, f"{steps} | grep -q title")
    told = json.loads(host.check_output("sh -c %s", steps))["steps"]
    assert told == [{"title": step["title"], "state": step["state"]} for step in judged]
    count = writes()
    assert count
    as_student(host, "labo check 1")
    assert writes() == count
    assert json.loads(host.check_output("sh -c %s", ask("/api/container")))["requests"] == before


def test_who_may_not_use_docker_is_told_so(host: Host) -> None:
    result = host.run("su -s /bin/sh nobody -c 'labo check 1'")
    assert result.rc == 2
    assert "nobody may not use Docker" in result.stderr


def test_a_student_is_told_where_nothing_can_be_saved(host: Host) -> None:
    result = as_student(host, "labo save /root/mine.tar")
    assert (result.rc, "Traceback" in result.stderr) == (2, False)
    assert "/root" in result.stderr


@pytest.fixture
def _work(host: Host) -> Iterator[None]:
    result = as_student(host, f"{BUILD.strip()} && docker volume create kept")
    assert result.rc == 0, result.stderr
    yield
    as_student(
        host,
        "docker rm -f saved; docker image rm -f mine:labo labocloud20202021:tp;"
        " docker volume rm -f kept; rm -rf ~/labocloud/mine ~/labocloud/*.tar;"
        " rm -f /var/lib/labo/*",
    )


@pytest.mark.usefixtures("_work")
def test_a_student_takes_their_work_home(host: Host) -> None:
    fill = (
        "docker run --name saved -v kept:/kept labocloud20202021:base sh -c 'echo 5 > /kept/count'"
    )
    result = as_student(host, f"{fill} && labo save ~/labocloud/mine.tar")
    assert result.rc == 0, result.stderr
    names = as_student(host, "tar -tf ~/labocloud/mine.tar").stdout.splitlines()
    assert {"README.txt", "images.tar.gz", "volumes/kept.tar.gz"} <= set(names)
    assert "labocloud/mine/Dockerfile" in names
    count = as_student(host, "tar -xOf ~/labocloud/mine.tar volumes/kept.tar.gz | tar -xzO ./count")
    assert count.stdout == "5\n"
    loaded = as_student(host, "tar -xOf ~/labocloud/mine.tar images.tar.gz | docker load")
    assert "mine:labo" in loaded.stdout
    uid = as_student(host, "id -u").stdout.strip()
    remembered = json.loads(host.file(f"/var/lib/labo/{uid}.json").content_string)
    assert remembered["saved"]["volumes"] == ["kept"]
    left = as_student(host, "docker ps -aq --filter label=labo.save").stdout
    assert left == ""


@pytest.mark.usefixtures("_work")
def test_what_a_student_has_made_of_the_course_image_is_theirs(host: Host) -> None:
    """It has the course's name and label; the course image itself is not the student's."""
    # An image without a change would be the course image.
    write = 'docker run --name saved labocloud20202021:python -c \'open("/tmp/notes", "w")\''
    commit = f"{write} && docker commit saved labocloud20202021:tp"
    result = as_student(host, f"{commit} && labo save ~/labocloud/mine.tar")
    assert result.rc == 0, result.stderr
    manifest = as_student(
        host, "tar -xOf ~/labocloud/mine.tar images.tar.gz | tar -xzO manifest.json"
    )
    names = {name for image in json.loads(manifest.stdout) for name in image["RepoTags"]}
    assert names == {"mine:labo", "labocloud20202021:tp", "labocloud20202021:base"}
