# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""Read a room, and the settings of its page and board, from the inventory of a play."""

from pathlib import Path
from typing import NamedTuple

from ansible.playbook.play import Play
from ansible.template import Templar
from ansible_collections.labocloud.room.plugins.module_utils.lesson.exercises import Exercise
from ansible_collections.labocloud.room.plugins.plugin_utils.contract.wanted import (
    RoleSettings,
    Room,
)
from ansible_collections.labocloud.room.plugins.plugin_utils.lesson_files import exercises_of
from ansible_collections.labocloud.room.plugins.plugin_utils.printable import one_line
from ansible_collections.labocloud.room.plugins.plugin_utils.settings import ROOM, reader, room


class RoomSettings(RoleSettings):
    """The settings of a seat, and its room."""

    room: Room


class Lesson(NamedTuple):
    """What the board shows the seats by.

    people: each seat of the room to who sits there. neighbours: each to the seat beside it.
    """

    directory: Path
    language: str
    exercises: list[Exercise]
    people: dict[str, str]
    neighbours: dict[str, str]


def seats_of(play: Play, *, ignore_limit: bool = False) -> list[str]:
    """Return the seats that a run is about; without its limit all those of the inventory."""
    inventory = play.get_variable_manager()._inventory
    hosts = inventory.get_hosts(ROOM, ignore_limits=ignore_limit, ignore_restrictions=True)
    return [host.name for host in hosts]


def settings_of(play: Play, name: str) -> RoomSettings:
    """Return the settings of a seat and its room."""
    manager, loader = play.get_variable_manager(), play._loader
    inventory, read = manager._inventory, reader(loader, Templar(loader))

    def of(host: str) -> RoleSettings:
        return read(manager.get_vars(host=inventory.get_host(host)))[0]

    return {**of(name), "room": room(inventory.get_groups_dict(), name, of)}


def texts_of(play: Play, seats: list[str], setting: str) -> dict[str, str]:
    """Return what each seat has for a setting, empty for nothing.

    Raises AnsibleError for a wrong template.
    """
    manager = play.get_variable_manager()
    texts = {}
    for name in seats:
        variables = manager.get_vars(host=manager._inventory.get_host(name))
        templar = Templar(play._loader, variables=variables)
        texts[name] = one_line(str(templar.template(variables.get(setting, "")) or ""))
    return texts


def lesson_of(play: Play, settings: RoleSettings, seats: list[str]) -> Lesson:
    """Return the lesson.

    settings: of a seat. seats: all of the room. Raises OSError, ExerciseError and AnsibleError.
    """
    return Lesson(
        Path(settings["room_page_directory"]),
        settings["room_page_language"],
        exercises_of(Path(settings["course_image_project"])),
        texts_of(play, seats, "room_page_person"),
        texts_of(play, seats, "seat_neighbour"),
    )
