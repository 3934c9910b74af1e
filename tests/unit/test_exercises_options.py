"""Test the hints on how containers are run: started again by Docker, and not as root."""

from typing import Any

import pytest
from test_exercises_wrong import SOLVED, judged, seat_of

Snapshot = dict[str, Any]


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({}, ""),
        ({"restart": "always", "status": "running", "restarts": 1}, ""),
        ({"restart": "unless-stopped", "status": "restarting"}, ""),
        ({"name": "other"}, "Aucun conteneur ne s’appelle « tetu »"),
        ({"image_id": "0" * 64}, "relancez-le à partir de"),
        ({"restart": "no"}, "n’a pas à relancer « tetu »"),
        ({"restart": ""}, "n’a pas à relancer « tetu »"),
        ({"restarts": 0}, "n’a pas encore relancé"),
    ],
)
def test_a_program_that_fails_is_started_again_by_docker(fields: Snapshot, hint: str) -> None:
    base = next(
        entry
        for entry in SOLVED["26.1.5+dfsg1"]["images"]
        if "labocloud20202021:base" in entry["tags"]
    )
    failed = {"name": "tetu", "status": "exited", "exit": 1, "image_id": base["id"]}
    again = {"restart": "on-failure", "restarts": 3}
    assert hint in judged(seat_of({**failed, **again, **fields}), 9).get("again", "")
    assert ("again" in judged(seat_of({**failed, **again, **fields}), 9)) == bool(hint)


@pytest.mark.parametrize(
    ("user", "fields", "hint"),
    [
        ("65534:65534", {}, ""),
        ("1000", {}, ""),
        ("nobody", {}, ""),
        ("", {}, "tourne en root"),
        ("0", {}, "tourne en root"),
        ("0:65534", {}, "tourne en root"),
        ("root:root", {}, "tourne en root"),
        ("65534", {"status": "exited", "ports": {}}, "ne tourne pas"),
        ("65534", {"image_id": "0" * 64}, "n’est pas de l’image petit:1 d’aujourd’hui"),
        (
            "nobody",
            {"status": "created", "error": "unable to find user nobody: no matching entries"},
            "écrivez un numéro",
        ),
    ],
)
def test_the_small_image_is_not_run_as_root(user: str, fields: Snapshot, hint: str) -> None:
    running = {"name": "petit", "status": "running", "ports": {"8000/tcp": [8113]}}
    seat = seat_of({**running, "image_id": "1" * 64, **fields})
    small = {"id": "1" * 64, "tags": ["petit:1"], "user": user, "layers": ["1"]}
    seat["images"].append({**seat["images"][0], **small})
    seat["pages"]["petit:0/"] = seat["pages"]["apres:0/"]
    assert hint in judged(seat, 12).get("nobody", "")
    assert ("nobody" in judged(seat, 12)) == bool(hint)
