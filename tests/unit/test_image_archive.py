"""What an archive leaves out; saving and loading for real: molecule/archive."""

import image_archive
from image_layers import image_layers_present

BASE = {"Config": "b", "Layers": ["one", "two"]}
COURSE = {"Config": "c", "Layers": ["one", "two", "three", "four"]}


def test_nothing_is_left_out_for_a_seat_that_has_nothing() -> None:
    assert image_archive.omitted([BASE, COURSE], 0) == set()


def test_the_lowest_layers_are_left_out_of_every_image() -> None:
    assert image_archive.omitted([BASE, COURSE], 3) == {"one", "two", "three"}


def test_a_file_that_is_a_higher_layer_too_stays() -> None:
    """An instruction that changes nothing makes the same empty layer again."""
    again = {"Config": "c", "Layers": ["empty", "two", "empty"]}
    assert image_archive.omitted([again], 1) == set()


def test_layers_count_from_the_lowest_without_a_gap() -> None:
    layers = ["one", "two", "three"]
    images = {
        "other": {"layers": ["two", "three"]},
        "gap": {"layers": ["one", "x", "three"]},
        "older": {"layers": ["one", "two", "y"]},
    }
    assert image_layers_present({}, layers) == 0
    assert image_layers_present({"other": images["other"]}, layers) == 0
    assert image_layers_present({"gap": images["gap"]}, layers) == 1
    assert image_layers_present(images, layers) == 2
    assert image_layers_present({"taller": {"layers": [*layers, "z"]}}, layers) == 3
