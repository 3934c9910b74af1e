"""Test that revisions stay as they were, as each room would build its images anew otherwise."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.labocloud.room.plugins.plugin_utils import course

PROJECT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {
    "course_image_project": str(PROJECT),
    "course_image_base_tag": "lab:base",
    "course_image_base_source": "auto",
    "course_image_base": "python:3.13-slim-trixie",
    "course_image_python": "3.13",
    "course_image_bootstrap_suite": "trixie",
}
HAS: dict[str, Any] = {"images": {}, "served": []}
# As the role had it until there was a judge, in its vars.
RECIPE = {
    "dockerfile": f"{{{{ lookup('ansible.builtin.file', '{course.BASE}/Dockerfile') }}}}",
    "bootstrap": f"{{{{ lookup('ansible.builtin.file', '{course.BASE}/bootstrap.sh') }}}}",
    "packages": [
        *("base-files", "base-passwd", "busybox", "ca-certificates", "libc-bin"),
        *("media-types", "netbase", "python3", "python3-pip-whl", "tzdata"),
    ],
    "suite": "{{ course_image_bootstrap_suite }}",
    "source": "{{ course_image_base_source }}",
    "image": "{{ course_image_base }}",
    "python": "{{ course_image_python }}",
    "wheels": f"{{{{ lookup('ansible.builtin.file', '{PROJECT}/app/requirements.txt') }}}}",
}
LOCK = RECIPE["wheels"]


def rendered(expression: object) -> object:
    """Return the value of an Ansible expression over the settings and the recipe."""

    def trusted(value: object) -> object:
        return trust_as_template(value) if isinstance(value, str) else value

    recipe = {key: trusted(value) for key, value in RECIPE.items()}
    variables = {**SETTINGS, "recipe": recipe, "lock": trusted(LOCK)}
    return Templar(loader=DataLoader(), variables=variables).template(trusted(expression))


@pytest.mark.parametrize(
    "settings", [{}, {"course_image_base": "écol:1", "course_image_python": "3.14"}]
)
def test_the_revision_of_the_base_is_what_rooms_have(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setitem(SETTINGS, name, value)
    facts = course.course(SETTINGS, HAS)
    assert facts["base"] == rendered("{{ recipe | to_json(sort_keys=true) | hash('sha256') }}")
    wheels = rendered("{{ (lock ~ course_image_python ~ 'aarch64') | hash('sha256') }}")
    assert facts["wheels"]["aarch64"] == wheels
    assert set(facts["wheels"]) == {"x86_64", "aarch64"}


def test_another_setting_makes_another_base_and_not_another_context() -> None:
    first, other = (
        course.course(SETTINGS, HAS),
        course.course({**SETTINGS, "course_image_python": "3.12"}, HAS),
    )
    assert first["base"] != other["base"]
    assert first["context"] == other["context"]


def test_a_file_of_the_app_makes_another_context_and_not_another_base(tmp_path: Path) -> None:
    for name in ("Dockerfile", ".dockerignore", "app/requirements.txt", "app/app.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    settings = {**SETTINGS, "course_image_project": str(tmp_path)}
    first = course.course(settings, HAS)
    assert first["base"] == course.course(SETTINGS, HAS)["base"]
    (tmp_path / "app/app.py").write_text("print(1)\n")
    other = course.course(settings, HAS)
    assert (first["base"], first["why"]) == (other["base"], "")
    assert first["context"] != other["context"]


def test_files_that_cannot_be_read_are_a_reason_and_no_error(tmp_path: Path) -> None:
    facts = course.course({**SETTINGS, "course_image_project": str(tmp_path)}, HAS)
    assert "requirements.txt" in facts.pop("why")
    nothing = {"exercises": {"files": [], "why": ""}, "had": "", "served": []}
    assert facts == {"base": "", "context": "", "wheels": {}, **nothing}
    (tmp_path / "app").mkdir()
    (tmp_path / "app/requirements.txt").write_bytes(b"\xff")
    assert "utf-8" in course.course({**SETTINGS, "course_image_project": str(tmp_path)}, HAS)["why"]


@pytest.mark.parametrize(
    ("images", "previous"), [({}, ""), ({"lab:base": {"id": "sha256:1"}}, "sha256:1")]
)
def test_it_tells_what_there_was_when_the_run_began(images: dict[str, Any], previous: str) -> None:
    facts = course.course(SETTINGS, {"images": images, "served": ["a", "b"]})
    assert (facts["had"], facts["served"]) == (previous, ["a", "b"])
