"""Turn a Markdown text into the parts of a page.

The same file has to read well on a forge, which shows it as it is, and on a seat. For the seat, the
tokens of markdown-it are changed before they are rendered as HTML. They are a flat list: a heading
opens, its words, the heading closes, and so on.

- A link to another file becomes a link to that file's page.
- A heading gets the anchor that a forge gives it, and becomes a link to itself.
- A heading of the third level and the text below it become a section, such as an entry of the
  cheat sheet.
- An option of a command, such as `--rm`, is never broken at the end of a line.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

# The addresses at which the files of app/ are served; static files have a folder of their own.
PAGES = (
    (re.compile(r"content/(\w+)/([\w-]+)\.md"), r"/\1/\2"),
    (re.compile(r"exercises/([\w-]+)/(\w+)\.md"), r"/\2/exercises/\1"),
)
STATIC = "labocloud/static/"
OPTION = re.compile(r"(?<=[\s>])--?[A-Za-z][\w-]*")


class Renderer(RendererHTML):
    """Write HTML in which a command's options have a class, so that a style can keep them whole."""

    def code_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        """Return the HTML of code within a line."""
        return options_marked(super().code_inline(tokens, idx, options, env))

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Return the HTML of a block of code."""
        return options_marked(super().fence(tokens, idx, options, env))


# HTML in the text is off, so that a page looks the same on a forge.
MARKDOWN = MarkdownIt("commonmark", {"html": False}, renderer_cls=Renderer).enable("table")


def options_marked(html: str) -> str:
    """Return the HTML of code with each option in an element of class `option`."""
    return OPTION.sub(r'<span class="option">\g<0></span>', html)


def parse(text: str, file: str, static: str) -> list[Token]:
    """Return the tokens of a file's text, with links to pages and with headings' anchors.

    file: its path in app/, from which its links are resolved. static: the address below which
    static files are served. Raises ValueError where it has no title.
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
    """Return the address for a link of a file: a link to another file leads to that one's page."""
    path, mark, fragment = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    if target.startswith(STATIC):
        return static + target.removeprefix(STATIC)
    for pattern, page in PAGES:
        if match := pattern.fullmatch(target):
            return match.expand(page) + mark + fragment
    return link


def plain(inline: Token) -> str:
    """Return the text of an inline token without its markup."""
    return "".join(
        " " if child.type == "softbreak" else child.content for child in inline.children or []
    )


def slug(title: str) -> str:
    """Return the anchor that a forge gives to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def html(tokens: Sequence[Token]) -> str:
    """Return tokens as HTML."""
    return str(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


def block(code: str) -> str:
    """Return shell commands as an HTML block."""
    return html([Token("fence", "code", 0, content=code, info="sh")])


def chapters(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split tokens at the headings of the second level; the first part is before all of them."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2":
            parts.append([])
        parts[-1].append(token)
    return parts


def entries(tokens: Sequence[Token], keywords: Mapping[str, str]) -> Iterator[Token]:
    """Yield a chapter's tokens with a section around each heading of the third level and its text.

    keywords: further search words for an entry, by the text of its heading.
    """
    is_open = False
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h3":
            if is_open:
                yield Token("section_close", "section", -1)
            search_words = keywords.get(plain(tokens[at + 1]), "")
            attributes = {"class": "entry"}
            if search_words:
                attributes["data-keywords"] = search_words
            yield Token("section_open", "section", 1, attrs=dict(attributes))
            is_open = True
        yield token
    if is_open:
        yield Token("section_close", "section", -1)


def items(tokens: Sequence[Token]) -> tuple[list[Token], list[str]]:
    """Return a chapter's tokens without its lists, and each item of the lists as HTML."""
    rest: list[Token] = []
    parts: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.type.startswith(("ordered_list", "bullet_list")):
            continue
        if token.level == 1 and token.type == "list_item_open":
            parts.append([])
        elif token.level == 1 and token.type == "list_item_close":
            continue
        elif parts and token.level > 1:
            parts[-1].append(token)
        else:
            rest.append(token)
    return rest, [html(part) for part in parts]
