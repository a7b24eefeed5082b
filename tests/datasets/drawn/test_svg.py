import numpy as np
import pytest

from selfsame.datasets.drawn.svg import MAX_DEPTH, MAX_LENGTH, draw_svg, svg_document
from selfsame.errors import CorruptedError, FormatError, LimitError, UnsupportedError

BOX = (0, 0, 32, 32)
PATH = '<path d="M0 0h9v9z"/>'


def draw(body: str) -> np.ndarray:
    return draw_svg(svg_document(body, BOX), 8, "a drawing")


def chain(count: int, element: str = "g") -> str:
    """Return elements of which each refers to the next, one level of nesting within each."""
    links = "".join(
        f'<{element} id="a{i}"><use href="#a{i + 1}"/></{element}>' for i in range(count)
    )
    return f'<defs>{links}<path id="a{count}" d="M0 0h9v9z"/></defs><use href="#a0"/>'


def test_references_and_nesting_within_the_limits_are_drawn() -> None:
    assert (draw("<g>" * 20 + PATH + "</g>" * 20) != 255).any()
    assert (draw(chain(5)) != 255).any()
    assert (draw(f'<defs><g id="a">{PATH}</g></defs>' + '<use href="#a"/>' * 100) != 255).any()


def laughs(levels: int, kind: str) -> str:
    """Return definitions of which each uses the next ten times."""
    if kind == "use":
        lines = "".join(
            f'<g id="b{i + 1}">' + f'<use href="#b{i}"/>' * 10 + "</g>" for i in range(levels)
        )
        return f'<defs><path id="b0" d="M0 0h9v9z"/>{lines}</defs><use href="#b{levels}"/>'
    lines = "".join(
        f'<clipPath id="b{i + 1}" clip-path="url(#b{i})">'
        + f'<path d="M0 0h9v9z" clip-path="url(#b{i})"/>' * 9
        + "</clipPath>"
        for i in range(levels)
    )
    return f'{lines}<path d="M0 0h9v9z" clip-path="url(#b{levels})"/>'


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ("<g>" * 1000 + "</g>" * 1000, LimitError, "nests more than"),  # would end the process
        (chain(MAX_DEPTH), LimitError, "nests more than"),
        (chain(4 * MAX_DEPTH), LimitError, "nests more than"),
        ('<g id="a"><use href="#a"/></g>', LimitError, "refers to itself"),
        (laughs(9, "use"), LimitError, "elements to draw"),
        (laughs(9, "clip"), LimitError, "elements to draw"),
        ("<path" + " " * MAX_LENGTH + "/>", LimitError, "characters: at most"),
        ('<image href="a.png"/>', UnsupportedError, "image in it"),
        ("<text>a</text>", UnsupportedError, "text in it"),
        ("<style>*{}</style>", UnsupportedError, "style in it"),
        ('<use href="other.svg#a"/>', UnsupportedError, "outside of it"),
        ('<use xlink:href="file:///etc/passwd"/>', UnsupportedError, "outside of it"),
        ("<path", CorruptedError, "is no SVG"),
        ("</svg><svg>", CorruptedError, "is no SVG"),
        ("&e;", CorruptedError, "is no SVG"),
    ],
)
def test_drawings_that_are_refused(body, error, message) -> None:
    with pytest.raises(error, match=message) as raised:
        draw(body)
    assert "a drawing" in str(raised.value)


def test_a_chain_whose_end_is_known_is_as_deep() -> None:
    """Links that come last first are each measured before the next one refers to them."""
    links = [f'<g id="a{i}"><use href="#a{i + 1}"/></g>' for i in range(60)]
    body = f'<path id="a60" d="M0 0h9v9z"/>{"".join(reversed(links))}'
    with pytest.raises(LimitError, match="within each other"):
        draw(body)


def test_entities_are_refused() -> None:
    document = '<!DOCTYPE svg [<!ENTITY e "x">]>' + svg_document("<desc>&e;</desc>", BOX)
    with pytest.raises(FormatError, match="is no SVG"):
        draw_svg(document, 8, "a drawing")


def test_flips_mirror_within_the_box() -> None:
    box = (4, -2, 32, 32)
    body = '<path d="M4 -2h8v8h-8z"/>'
    plain = draw_svg(svg_document(body, box), 16, "")
    assert (plain[:4, :4] == 0).all()
    assert np.array_equal(draw_svg(svg_document(body, box, "h"), 16, ""), plain[:, ::-1])
    assert np.array_equal(draw_svg(svg_document(body, box, "v"), 16, ""), plain[::-1])
    assert np.array_equal(draw_svg(svg_document(body, box, "hv"), 16, ""), plain[::-1, ::-1])


@pytest.mark.parametrize("side", [1, 2, 3, 15, 16, 17, 33])
@pytest.mark.parametrize("box", [(0, 0, 32, 33), (0, 0, 33, 32), (5, -3, 1, 9), (0, 0, 9, 1)])
def test_any_box_lies_in_the_middle_of_a_square(box, side) -> None:
    left, top, width, height = box
    body = f'<path d="M{left - 50} {top - 50}h200v200h-200z"/>'  # more than the box
    drawn = draw_svg(svg_document(body, box), side, "")
    assert drawn.shape == (side, side, 3)
    most = max(width, height)
    ink = (255 - drawn[..., 0].astype(float)).sum() / 255 / side**2
    assert ink == pytest.approx(width * height / most**2, abs=0.02 + 0.5 / side)
    assert np.array_equal(drawn, drawn[::-1]) or np.abs(drawn - drawn[::-1].astype(int)).max() < 3
