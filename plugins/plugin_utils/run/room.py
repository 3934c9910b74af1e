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
    """What the board shows the seats by. people: each seat of the room to who sits there."""

    directory: Path
    language: str
    exercises: list[Exercise]
    people: dict[str, str]


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


def people_of(play: Play, seats: list[str]) -> dict[str, str]:
    """Return who sits at each seat, empty for nobody. Raises AnsibleError for a wrong template."""
    manager = play.get_variable_manager()
    people = {}
    for name in seats:
        variables = manager.get_vars(host=manager._inventory.get_host(name))
        templar = Templar(play._loader, variables=variables)
        person = templar.template(variables.get("room_page_person", ""))
        people[name] = one_line(str(person or ""))
    return people


def lesson_of(settings: RoleSettings, people: dict[str, str]) -> Lesson:
    """Return the lesson. settings: of a seat. Raises OSError, and ExerciseError."""
    return Lesson(
        Path(settings["room_page_directory"]),
        settings["room_page_language"],
        exercises_of(Path(settings["course_image_project"])),
        people,
    )
