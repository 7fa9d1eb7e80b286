"""The pages of `egc explain`: findings and what a configuration may say, as text, Markdown or data."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from textwrap import indent, wrap

from egc.compiler.reference import Topic, about, topics
from egc.compiler.render import visible
from egc.compiler.rules import Example, Rule, pages
from egc.compiler.spelling import nearest

WIDTH = 100
"""Columns of the text form."""

Page = Rule | Topic

FIXES = {
    "none": "",
    "safe": "`egc lint --fix` mends it.",
    "unsafe": "`egc lint --fix --unsafe-fixes` mends it.",
}


def found(word: str) -> tuple[Page, ...]:
    """The pages of a word: a finding by its code or name, whatever its case, else what a configuration may say."""
    lower = word.lower()
    return tuple(page for page in pages() if lower in (page.code.lower(), page.name)) or about(word)


def words() -> tuple[str, ...]:
    """Every word that has a page."""
    known = [word for page in pages() for word in (page.code, page.name)]
    return tuple(dict.fromkeys([*known, *(topic.word for topic in topics())]))


def meant(word: str) -> tuple[str, ...]:
    """Words with a page that may have been meant: the nearest one, and those that it is a part of."""
    near = nearest(word, words())
    inside = [known for known in words() if len(word) >= 3 and word.lower() in known.lower()]
    return tuple(dict.fromkeys([*([near] if near else []), *inside]))[:5]


def sentence(text: str) -> str:
    """A summary as a sentence: some begin in lower case and end without a stop."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", ":", "?", "!")) else f"{whole}."


# ---- Parts of a page, which all forms share


def title(page: Page) -> str:
    """What a page is about."""
    if isinstance(page, Rule):
        return f"{page.code} {page.name}"
    return f"{page.word} ({page.kind})" if "." not in page.word or page.kind == "key" else page.word


def facts(page: Page) -> Iterator[tuple[str, str]]:
    """What a page says in a word or two, each with its label."""
    if isinstance(page, Rule):
        yield "severity", page.severity
        yield "confidence", page.confidence
        yield "fix", page.fix
        if not page.default:
            yield "runs", "where it is selected, and with --strict"
        return
    yield "written", page.place
    if page.type:
        yield "type", page.type + (", needed" if page.required else "")
    if page.allowed:
        yield "allowed", ", ".join(page.allowed)
    if page.default:
        yield "default", page.default


def sections(page: Page) -> Iterator[tuple[str, str]]:
    """Paragraphs, each with its heading."""
    if isinstance(page, Rule):
        yield "Why", sentence(page.why)
        yield "What to write", " ".join(part for part in (sentence(page.instead), FIXES[page.fix]) if part)
    if page.express_gateway:
        yield "Express Gateway", sentence(page.express_gateway)


def listings(page: Page) -> Iterator[tuple[str, str]]:
    """YAML, each with its heading."""
    if isinstance(page, Rule):
        yield from examples("Wrong", page.bad)
        yield from examples("Right", page.good)
    elif page.example:
        yield "Example", page.example


def examples(heading: str, example: Example) -> Iterator[tuple[str, str]]:
    """The files of an example, each with its heading."""
    texts = {"gateway.config.yml": example.gateway, "system.config.yml": example.system, **example.files}
    for name, text in texts.items():
        if text.strip():
            yield f"{heading}: {name}", "\n".join(map(visible, text.split("\n")))
    if example.environ:
        yield f"{heading}: variables", "".join(f"{name}={value}\n" for name, value in example.environ.items())


def summary(page: Page) -> str:
    """A page in one sentence."""
    return sentence(page.summary if isinstance(page, Rule) else page.text)


# ---- Forms


def text(page: Page) -> str:
    """A page for a terminal or a pipe, without any markup but back-ticks."""
    lines = [title(page), "", *wrap(summary(page), WIDTH), ""]
    lines += [f"  {label:<10}  {said}" for label, said in facts(page)]
    for heading, paragraph in sections(page):
        lines += ["", heading, *(f"  {line}" for line in wrap(paragraph, WIDTH - 2))]
    if isinstance(page, Topic) and page.parts:
        inside = [(part.removeprefix(f"{page.word}."), about(part)) for part in page.parts]
        width = max(len(name) for name, _ in inside)
        lines += ["", "Holds"]
        for name, known in inside:
            told = next(one.text for one in known if one.kind == page.kind)
            lines += wrap(f"{name:<{width}}  {told}", WIDTH, initial_indent="  ", subsequent_indent=" " * (width + 4))
    for heading, listing in listings(page):
        lines += ["", heading, indent(listing.rstrip("\n"), "    ")]
    return "\n".join(lines) + "\n"


def markdown(page: Page, level: int = 1) -> str:
    """A page in Markdown; `level` is that of its heading."""
    lines = [f"{'#' * level} {title(page)}", "", escaped(summary(page)), ""]
    lines += [f"- {label}: {said if label == 'written' else quoted(said)}" for label, said in facts(page)]
    for heading, paragraph in sections(page):
        lines += ["", f"**{heading}.** {escaped(paragraph)}"]
    if isinstance(page, Topic) and page.parts:
        lines += ["", f"**Holds** {', '.join(f'`{part}`' for part in page.parts)}."]
    for heading, listing in listings(page):
        fence = "````" if "```" in listing else "```"
        lines += ["", f"*{heading}*", "", f"{fence}yaml", listing.rstrip("\n"), fence]
    return "\n".join(lines) + "\n"


def quoted(said: str) -> str:
    """A value of a list of facts, so that Markdown leaves it as it is."""
    return said if said.replace("-", "").replace(" ", "").isalnum() else f"`{said}`"


def escaped(paragraph: str) -> str:
    """A sentence in which Markdown finds code in back-ticks and nothing else: neither emphasis nor HTML."""
    parts = paragraph.split("`")
    for index in range(0, len(parts), 2):
        for mark in "\\*_<>[]":
            parts[index] = parts[index].replace(mark, f"\\{mark}")
    return "`".join(parts)


def data(page: Page) -> dict[str, object]:
    """A page as JSON."""
    kind = {"kind": "finding"} if isinstance(page, Rule) else {}
    return {**kind, **asdict(page)}


def everything() -> str:
    """All pages in Markdown: the reference."""
    parts = ["# Reference of egc\n"]
    for heading, chosen in chapters():
        parts.append(f"## {heading}\n")
        parts += [markdown(page, 3) for page in chosen]
    return "\n".join(parts)


def chapters() -> Iterator[tuple[str, Iterable[Page]]]:
    """All pages, by what they are about."""
    known = topics()
    yield "Findings", pages()
    yield "Policies", [topic for topic in known if topic.kind == "policy"]
    yield "Conditions", [topic for topic in known if topic.kind == "condition"]
    for name in ("gateway", "system"):
        place = f"{name}.config.yml"
        yield place, [topic for topic in known if topic.kind == "key" and topic.place.endswith(place)]
