"""The differentiable distance image of a recursion (Scott 2022, pulled-back distances).

A similitude with scale s multiplies distances by s, so that the distance of x to the leaf f_w(S)
is ``s_w d(f_w^-1(x), S)``, and the distance to the whole picture is its minimum over all words w
of ``depth`` letters. The gradient of a minimum is that of its winner: the winning word is found
without gradient (``search``), and only the composition of its maps is differentiated, once per
word. Memory and time do not grow with pixels × words.
"""

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.code import PrimitiveKind
from selfsame.ifs.distance.layouts import Similitudes
from selfsame.ifs.distance.search import nearest_leaves

TINY = 1e-24
"""Added under square roots of squared lengths, so that their gradient stays finite at 0."""


def winning_words(
    maps: Similitudes, kind: PrimitiveKind, shape: Tensor, depth: int, points: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the word (P,) int64 of the leaf nearest to each point and the distance (P,) to it.

    Exact outside all leaves; inside, minus the distance to the boundary of the leaf that holds the
    point deepest. Without gradient; the search runs on the CPU in float64 whatever the tensors are.

    Args:
        maps: N similitudes.
        kind, shape: the primitive (``signed_distance``).
        depth: letters of each word, at least 0.
        points: (P, 2).
    Raises:
        InputError: more than ``settings.MAX_LEAVES`` leaves.
    """
    s, L, b, numbers, x = (
        t.detach().cpu().double().numpy()
        for t in (maps.scale, maps.linear, maps.offset, shape, points)
    )
    words, distances = nearest_leaves(s, L, b, depth, kind, numbers, x)
    return torch.from_numpy(words).to(points.device), torch.from_numpy(distances).to(points)


def word_distance(
    maps: Similitudes,
    kind: PrimitiveKind,
    shape: Tensor,
    depth: int,
    words: Tensor,
    points: Tensor,
) -> Tensor:
    """Return the signed distance (P,) of each point to the leaf of its own word.

    Args:
        words: (P,) int64, letters as digits to base N, the outermost map first.
    """
    count = len(maps)
    if count**depth <= len(words):  # sorting the words would cost more than composing all
        distinct, which = torch.arange(count**depth, device=words.device), words
    else:
        distinct, which = torch.unique(words, return_inverse=True)
    s = torch.ones(len(distinct), dtype=maps.scale.dtype, device=points.device)
    L = torch.eye(2, dtype=s.dtype, device=s.device).expand(len(distinct), 2, 2)
    b = torch.zeros(len(distinct), 2, dtype=s.dtype, device=s.device)
    for level in range(depth):
        letter = distinct // count ** (depth - 1 - level) % count
        b = b + s[:, None] * (L @ maps.offset[letter][:, :, None])[:, :, 0]
        L = L @ maps.linear[letter]
        s = s * maps.scale[letter]
    frames = torch.cat([s[:, None], L.reshape(-1, 4), b], dim=1).index_select(0, which)
    scale, l00, l01, l10, l11, bx, by = frames.unbind(1)
    dx, dy = points[:, 0] - bx, points[:, 1] - by
    pulled = torch.stack([(l00 * dx + l10 * dy) / scale, (l01 * dx + l11 * dy) / scale], dim=1)
    return scale * signed_distance(kind, shape, pulled)


def signed_distance(kind: PrimitiveKind, shape: Tensor, points: Tensor) -> Tensor:
    """Return the signed Euclidean distance of points to the boundary of a primitive.

    Args:
        kind: ``disk``, ``rectangle`` or ``segment``.
        shape: (3,) or (5,), the numbers of ``selfsame.ifs.code.Primitive`` as a tensor, so that
            they can be learned; sizes must be non-negative.
        points: (P, 2).
    Returns:
        (P,), negative inside.
    Raises:
        InputError: unknown kind.
    Source: the usual exact distances (Quilez, "2D distance functions").
    """
    if kind == "disk":
        return _length(points - shape[:2]) - shape[2]
    if kind == "segment":
        start, along = shape[:2], shape[2:4] - shape[:2]
        offset = points - start
        t = (offset @ along) / (along @ along + TINY)
        return _length(offset - t.clamp(0, 1)[:, None] * along) - shape[4]
    if kind == "rectangle":
        c, s = torch.cos(shape[4]), torch.sin(shape[4])
        x, y = (points - shape[:2]).unbind(-1)
        beyond = torch.stack([c * x + s * y, c * y - s * x], dim=-1).abs() - shape[2:4]
        return _length(beyond.clamp(min=0)) + beyond.amax(dim=-1).clamp(max=0)
    raise InputError(f"primitive must be disk, rectangle or segment: got {kind!r}")


def _length(vectors: Tensor) -> Tensor:
    return torch.sqrt((vectors * vectors).sum(dim=-1) + TINY)
