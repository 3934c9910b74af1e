"""A Markdown text, as the parts of a page.

The same file reads well on a forge, which shows it as it is, and on a seat. For that, what
markdown-it has read is changed before it becomes HTML. It is a list of tokens: a heading opens, its
words, the heading closes, and so on.

- A link to another file becomes one to the page that is made of that file.
- A heading has the name that a forge gives it, for links to it, and is such a link itself.
- A heading and what follows it are a section: an entry of the cheat sheet, for one.
- An option of a command, such as `--rm`, stays in one piece where a line ends.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# Where the files of app/ are served; the static ones have a folder of their own.
PAGES = (
    (re.compile(r"content/(\w+)/([\w-]+)\.md"), r"/\1/\2"),
    (re.compile(r"exercises/([\w-]+)/(\w+)\.md"), r"/\2/exercises/\1"),
)
STATIC = "labocloud/static/"
OPTION = re.compile(r"(?<=[\s>])--?[A-Za-z][\w-]*")


class Renderer(RendererHTML):
    """Write HTML in which an option of a command can be kept in one piece: it has a class."""

    def code_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        """Write a command in a line."""
        return options_marked(super().code_inline(tokens, idx, options, env))

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Write a block."""
        return options_marked(super().fence(tokens, idx, options, env))


# No HTML in the text: what it can do is what a forge shows.
MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=Renderer).enable("table")


def options_marked(html: str) -> str:
    """Give the HTML of code with its options marked."""
    return OPTION.sub(r'<span class="option">\g<0></span>', html)


def parse(text: str, file: str, static: str) -> list[Token]:
    """Read the text of a file: links are those of the pages, and headings have their names.

    file: its path in app/, which its links begin from. static: where static files are served.
    Raises ValueError where it has no title.
    """
    tokens = MARKDOWN.parse(text)
    if not tokens or tokens[0].tag != "h1":
        raise ValueError(f"{file}: a page begins with its title, `# …`, not with {text[:40]!r}")
    for token in tokens:
        for child in token.children or []:
            name = {"link_open": "href", "image": "src"}.get(child.type)
            if name:
                child.attrSet(name, address(str(child.attrGet(name)), file, static))
    for heading, words in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", slug(plain(words)))
        if heading.type == "heading_open" and heading.tag != "h1":
            begin = Token("link_open", "a", 1, attrs={"class": "anchor"})
            begin.attrSet("href", f"#{heading.attrGet('id')}")
            words.children = [begin, *(words.children or []), Token("link_close", "a", -1)]
    return tokens


def address(link: str, file: str, static: str) -> str:
    """Give the address for a link of a file: where it leads to another, that of its page."""
    path, mark, fragment = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    if target.startswith(STATIC):
        return static + target.removeprefix(STATIC)
    for pattern, page in PAGES:
        if found := pattern.fullmatch(target):
            return found.expand(page) + mark + fragment
    return link


def plain(inline: Token) -> str:
    """Give the text of a line without its marks."""
    return "".join(
        " " if child.type == "softbreak" else child.content for child in inline.children or []
    )


def slug(title: str) -> str:
    """Give the name that a forge gives to a heading, for links to it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def html(tokens: Sequence[Token]) -> str:
    """Write tokens as HTML."""
    return str(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


def block(code: str) -> str:
    """Write commands of a shell as a block."""
    return html([Token("fence", "code", 0, content=code, info="sh")])


def chapters(tokens: Sequence[Token]) -> list[list[Token]]:
    """Give what comes before the first heading of the second level, and each with what follows."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            parts.append([])
        parts[-1].append(token)
    return parts


def entries(tokens: Sequence[Token], keywords: Mapping[str, str]) -> Iterator[Token]:
    """Put a section around each heading of the third level and what follows it in a chapter.

    keywords: by the words of such a heading, others by which it is found.
    """
    opened = False
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h3":
            if opened:
                yield Token("section_close", "section", -1)
            known = keywords.get(plain(tokens[at + 1]), "")
            told = {"class": "entry"} | ({"data-keywords": known} if known else {})
            yield Token("section_open", "section", 1, attrs=dict(told))
            opened = True
        yield token
    if opened:
        yield Token("section_close", "section", -1)


def items(tokens: Sequence[Token]) -> tuple[list[Token], list[str]]:
    """Take the lists out of a chapter: give what remains, and each item of theirs as HTML."""
    rest: list[Token] = []
    found: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.type.startswith(("ordered_list", "bullet_list")):
            continue
        if token.level == 1 and token.type == "list_item_open":
            found.append([])
        elif token.level == 1 and token.type == "list_item_close":
            continue
        elif found and token.level > 1:
            found[-1].append(token)
        else:
            rest.append(token)
    return rest, [html(item) for item in found]
