# Copyright: labocloud contributors
# MIT License (see LICENSE)
"""All that `labo` says, in both languages, and how it comes to a terminal of any kind."""

from __future__ import annotations

import codecs
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Mapping

LANGUAGES = ("fr", "en")
# What a terminal without these characters shows in their place.
PLAIN = {
    **dict.fromkeys("’\u2018", "'"),
    **dict.fromkeys("“”«»", '"'),
    **dict.fromkeys("\u00a0\u202f", " "),
    **dict.fromkeys("\u2013—\u2212", "-"),
    "…": "...",
    "→": "->",
    "œ": "oe",
    "Œ": "OE",
}
# Columns of a text; more are hard to read.
WIDEST = 100
COLOURS = {"done": "32", "was": "33", "open": "1", "unfit": "2", "unjudged": "2"}
MARKS = {"done": "[x]", "was": "[~]", "open": "[ ]", "unfit": "[-]", "unjudged": "[?]"}

# By language, French first. The texts are for str.format.
TEXTS: Mapping[str, tuple[str, str]] = {
    "help": (
        """\
Les exercices du cours sur Docker : ce qui est fait, ce qui manque, un indice.

  labo                     la liste des exercices, et où vous en êtes
  labo start N             préparer l’exercice N, et savoir où le lire
  labo check [N]           ce qui est fait dans l’exercice N, et un indice
                           (sans N : celui où vous en êtes)
  labo answer N TEXTE…     répondre à une question de l’exercice N
  labo save [FICHIER]      tout votre travail dans un fichier, à emporter
  labo mistakes            les erreurs fréquentes, et que faire

Avec check : --watch regarde à nouveau toutes les deux secondes, jusqu’à
Ctrl+C ; --json répond pour des programmes (sans N : tous les exercices).

Marques :
  {done} fait
  {was} c’était fait, ça ne l’est plus
  {open} pas encore
  {unfit} pas pour ce poste : il y manque quelque chose
  {unjudged} pas jugé

labo demande à Docker ce qu’il a, et ne lit ni l’écran, ni le clavier, ni
l’historique. Il retient l’heure de chaque étape, vos réponses et ce que vous
avez sauvé, là où tous les comptes du poste peuvent le lire :
  {memory}

Code de retour : 0 si tout est fait, 1 sinon, 2 si ce n’est pas possible.""",
        """\
The exercises of the course on Docker: what is done, what is missing, a hint.

  labo                     the list of exercises, and where you are
  labo start N             make exercise N ready, and tell where to read it
  labo check [N]           what is done in exercise N, and a hint
                           (without N: the one where you are)
  labo answer N TEXT…      answer a question of exercise N
  labo save [FILE]         all your work in one file, to take home
  labo mistakes            the usual mistakes, and what to do

With check: --watch looks again every two seconds, until Ctrl+C; --json answers
for programs (without N: all exercises).

Marks:
  {done} done
  {was} was done, and no longer is
  {open} not yet
  {unfit} not for this seat: something is missing here
  {unjudged} not judged

labo asks Docker what it has, and reads no screen, no keys and no history. It
remembers the time of each step, your answers and what you have saved, where all
accounts of the seat can read it:
  {memory}

Exit code: 0 where all is done, 1 where not, 2 where it is not possible.""",
    ),
    "try_help": ("Les commandes : labo --help", "The commands: labo --help"),
    "no_command": (
        "« {word} » n’est pas une commande de labo. {fix}",
        "“{word}” is no command of labo. {fix}",
    ),
    "no_option": (
        "{command} ne connaît pas l’option {word}.",
        "{command} knows no option {word}.",
    ),
    "too_much": (
        "{command} ne prend pas « {word} ».",
        "{command} does not take “{word}”.",
    ),
    "no_number": (
        "{command} demande le numéro d’un exercice, par exemple : {command} {example}",
        "{command} needs the number of an exercise, for example: {command} {example}",
    ),
    "wrong_number": (
        "« {word} » n’est pas le numéro d’un exercice. Il y a : {numbers}.",
        "“{word}” is not the number of an exercise. There are: {numbers}.",
    ),
    "no_text": (
        "Il manque la réponse, par exemple : labo answer {number} 3f2a91c0d4e5",
        "The answer is missing, for example: labo answer {number} 3f2a91c0d4e5",
    ),
    "long_text": (
        "Une réponse a au plus {most} caractères ; celle-ci en a {count}.",
        "An answer has at most {most} characters; this one has {count}.",
    ),
    "no_exercises": ("Ce labo n’a pas d’exercices.", "This labo has no exercises."),
    "no_rights": (
        "{account} n’a pas le droit d’utiliser Docker. Si ce droit vient de vous être donné, ouvrez"
        " une nouvelle session ; sinon, demandez au professeur de vous mettre dans le groupe qui"
        " l’a.",
        "{account} may not use Docker. If that right was given to you just now, open a new session;"
        " if not, ask the teacher to put you into the group that has it.",
    ),
    "no_docker": (
        "Docker ne répond pas sur ce poste ({why}). Prévenez le professeur.",
        "Docker does not answer on this seat ({why}). Tell the teacher.",
    ),
    "not_kept": (
        "Rien ne sera retenu sur ce poste : {why}.",
        "Nothing will be remembered on this seat: {why}.",
    ),
    "kept_no": ("{path} n’est pas là", "{path} is not there"),
    "odd": (
        "Fichiers ignorés dans {path}, qui ne sont pas de labo : {names}",
        "Files left aside in {path}, which are not labo’s: {names}",
    ),
    "crowded": (
        "Il y a plus de {count} fichiers dans {path} ; labo n’en regarde pas plus. Ce que d’autres"
        " comptes ont fait peut y manquer. Prévenez le professeur.",
        "There are more than {count} files in {path}, and labo looks at no more. What other"
        " accounts have done may be missing. Tell the teacher.",
    ),
    "row": ("{number}. {title}, {minutes} min", "{number}. {title}, {minutes} min"),
    "row_plain": ("{number}. {title}", "{number}. {title}"),
    "row_steps": (" ({done}/{all})", " ({done}/{all})"),
    "row_was": (
        " ({done}/{all} ; étapes qui ne sont plus faites : {was})",
        " ({done}/{all}; steps that are no longer done: {was})",
    ),
    "row_here": ("← vous êtes ici", "← you are here"),
    "unfit": (
        "pas pour ce poste : il y manque {what}",
        "not for this seat: it has no {what}",
    ),
    "unfit_start": (
        "{title} : pas pour ce poste, il y manque {what}.",
        "{title}: not for this seat, it has no {what}.",
    ),
    "need_compose": ("docker compose", "docker compose"),
    "unjudged": ("pas jugé : prévenez le professeur", "not judged: tell the teacher"),
    "page": ("La page du cours : {url}", "The course’s page: {url}"),
    "no_page": (
        "La page du cours ne répond pas : labo mistakes dit comment la relancer.",
        "The course’s page does not answer: labo mistakes tells how to run it again.",
    ),
    "next": (
        "Pour continuer : labo start {number}, puis labo check {number}",
        "To go on: labo start {number}, then labo check {number}",
    ),
    "all_done": ("Tout est fait.", "All is done."),
    "all_was": (
        "Tout a été fait. {mark} : des étapes ne le sont plus ; labo check et le numéro disent"
        " lesquelles.",
        "All has been done. {mark}: some steps no longer are; labo check and the number say which.",
    ),
    "was_at": (
        "{title} : c’était fait {when}, ça ne l’est plus",
        "{title}: was done {when}, and no longer is",
    ),
    "at": ("à {when}", "at {when}"),
    "on": ("le {when}", "on {when}"),
    "hint": ("Indice : {hint}", "Hint: {hint}"),
    "steps": (
        "Étapes faites : {done} sur {all}.",
        "Steps done: {done} of {all}.",
    ),
    "exercise_done": (
        "Exercice {number} : toutes les étapes sont faites.",
        "Exercise {number}: all steps are done.",
    ),
    "watching": (
        "labo regarde toutes les {seconds} secondes. Ctrl+C pour arrêter.",
        "labo looks every {seconds} seconds. Ctrl+C ends it.",
    ),
    "seen_at": ("À {when} :", "At {when}:"),
    "noted": (
        "Réponse à l’exercice {number} : {text}",
        "Answer to exercise {number}: {text}",
    ),
    "then_check": (
        "Voir ce qui manque : labo check {number}",
        "See what is missing: labo check {number}",
    ),
    "started": ("Prêt pour l’exercice {number} : {title}", "Ready for exercise {number}: {title}"),
    "made": ("Préparé : {names}", "Made: {names}"),
    "made_nothing": ("C’est prêt.", "It is ready."),
    "kept_aside": (
        "Ce que vous y aviez changé est gardé : {path}",
        "What you had changed there is kept: {path}",
    ),
    "setup_failed": (
        "La préparation de l’exercice {number} s’est arrêtée (code {code}). Prévenez le"
        " professeur.",
        "Making exercise {number} ready has stopped (code {code}). Tell the teacher.",
    ),
    "read_it": ("À lire : {url}", "Read: {url}"),
    "read_here": (
        "La page du cours ne répond pas ; voici le texte.",
        "The course’s page does not answer; here is the text.",
    ),
    "save_nothing": (
        "Rien à sauver : ni image, ni volume à vous, et le dossier {folder} n’est pas là.",
        "There is nothing to save: no image or volume of yours, and no folder {folder}.",
    ),
    "save_to": ("labo sauve votre travail dans {path}", "labo saves your work in {path}"),
    "save_thing": ("{name} ({size})", "{name} ({size})"),
    "save_left": (
        "Laissés de côté, car illisibles : {names}",
        "Left aside, since they cannot be read: {names}",
    ),
    "save_torn": (
        "PAS SAUVÉ, car Docker ne le donne pas en entier : {names}. Quelque chose y écrit sans"
        " doute : arrêtez les conteneurs qui s’en servent (docker ps, docker stop), puis de nouveau"
        " labo save.",
        "NOT SAVED, since Docker does not give all of it: {names}. Something writes there, it"
        " seems: stop the containers that use it (docker ps, docker stop), then labo save again.",
    ),
    "save_full": (
        "Il n’y a plus de place dans {folder}. Rien n’y est gardé de cet essai. Donnez un autre"
        " endroit, une clé USB par exemple : labo save /media/cle/travail.tar",
        "There is no space left in {folder}. Nothing of this try is kept there. Give another place,"
        " a USB stick for example: labo save /media/stick/work.tar",
    ),
    "save_failed": (
        "Rien n’est sauvé : {why}.",
        "Nothing is saved: {why}.",
    ),
    "save_no_folder": (
        "{folder} n’est pas un dossier où vous pouvez écrire",
        "{folder} is no folder that you may write to",
    ),
    "saved": ("Sauvé : {path}, {size}", "Saved: {path}, {size}"),
    "readme_head": (
        "Le travail de {account} au cours sur Docker, sauvé le {when}.",
        "The work of {account} in the course on Docker, saved on {when}.",
    ),
    "home": (
        "Chez vous, avec Docker, dans un dossier vide où vous avez copié ce fichier :",
        "At home, with Docker, in an empty folder into which you have copied this file:",
    ),
    "home_unpack": ("Défaire l’archive :", "Unpack the archive:"),
    "home_images": ("Charger les images ({names}) :", "Load the images ({names}):"),
    "home_volumes": ("Remplir chaque volume :", "Fill each volume:"),
    "home_folder": (
        "Votre dossier est à côté : {folder}/",
        "Your folder is beside it: {folder}/",
    ),
    "home_containers": (
        "Les conteneurs n’y sont pas, ni leurs options : relancez-les par docker run.",
        "Containers are not in the archive, nor are their options: run them again by docker run.",
    ),
    "no_mistakes": (
        "Il n’y a pas de page des erreurs fréquentes sur ce poste.",
        "There is no page of usual mistakes on this seat.",
    ),
    "kind_containers": ("conteneur {name}", "container {name}"),
    "kind_images": ("image {name}", "image {name}"),
    "kind_volumes": ("volume {name}", "volume {name}"),
    "kind_networks": ("réseau {name}", "network {name}"),
}


def language() -> str:
    """Give the language that the account's locale asks for: French, or else English."""
    told = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "fr" if next(filter(None, told), "").lower().startswith("fr") else "en"


def say(name: str, /, **values: object) -> str:
    """Give a text in the account's language, filled in."""
    return TEXTS[name][LANGUAGES.index(language())].format(**values)


def instead(error: UnicodeError) -> tuple[str, int]:
    """Give what stands for characters that a terminal has not, as codecs asks for it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    made = ""
    for one in error.object[error.start : error.end]:
        bare = "".join(part for part in unicodedata.normalize("NFKD", one) if part.isascii())
        made += PLAIN.get(one) or bare or "?"
    return made, error.end


class Terminal:
    """Where it is told: in columns and colours as there are, and in whichever characters."""

    def __init__(self) -> None:
        codecs.register_error("labo", instead)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="labo")  # type: ignore[union-attr]  # they are text files
        shown = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.coloured = shown and not os.environ.get("NO_COLOR")
        asked = os.environ.get("COLUMNS", "")
        wide = shown or (asked.isdecimal() and int(asked) > 0)
        # What goes to a file or another program has a line for each thing.
        self.columns = min(shutil.get_terminal_size().columns, WIDEST) if wide else 0

    def lines(self, text: str, begin: str = "") -> str:
        """Give a text in lines of the terminal's width, behind a mark. What is behind hangs."""
        if not self.columns:
            return begin + text
        return textwrap.fill(
            text,
            max(self.columns, len(begin) + 10),
            initial_indent=begin,
            subsequent_indent=" " * len(begin),
            break_on_hyphens=False,
        )

    def marked(self, state: str, text: str, indent: str = "") -> str:
        """Give a text behind the mark of a state."""
        mark = MARKS[state]
        told = self.lines(text, f"{indent}{mark} ")
        if self.coloured:
            told = told.replace(mark, f"\033[{COLOURS[state]}m{mark}\033[0m", 1)
        return told

    def say(self, text: str = "") -> None:
        """Tell something."""
        print(text, flush=True)

    def complain(self, text: str) -> None:
        """Tell what is wrong, where it does not come between what others read."""
        print(self.lines(text), file=sys.stderr, flush=True)


def markdown(text: str) -> str:
    """Give a page's text as a terminal shows it: without fences, and marks that are for a page."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    lines = (line for line in text.splitlines() if not line.startswith("```"))
    return "\n".join(re.sub(r"^> ?", "    ", line) for line in lines).strip()
