"""The differentiable distance image of a recursion (Scott 2022, pulled-back distances).

A similitude with scale s multiplies distances by s, so that the distance of x to the leaf f_w(S)
is ``s_w d(f_w^-1(x), S)``, and the distance to the whole picture is its minimum over all words w
of ``depth`` letters. The gradient of a minimum is that of its winner: the winning word is found
without gradient (``search``), and only the composition of its maps is differentiated, once per
word. Memory and time do not grow with pixels × words.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.ifs.code import PrimitiveKind, Viewport
from selfsame.ifs.distance.primitives import signed_distance
from selfsame.ifs.distance.search import build_tree, nearest_leaves
from selfsame.ifs.distance.similitudes import Similitudes


def pixel_centers(size: tuple[int, int], viewport: Viewport) -> NDArray[np.float64]:
    """Return the plane coordinates (H W, 2) of the pixel centres, row by row from the top."""
    width, height = size
    x = viewport.x_min + (np.arange(width) + 0.5) / width * viewport.width
    y = viewport.y_max - (np.arange(height) + 0.5) / height * viewport.height
    return np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=-1).reshape(-1, 2)


def recursion_distance(
    maps: Similitudes, kind: PrimitiveKind, shape: Tensor, depth: int, points: Tensor
) -> Tensor:
    """Return the signed distance of points to the recursion of ``depth`` levels.

    Args:
        maps: N similitudes.
        kind, shape: the primitive (``primitives.signed_distance``).
        depth: letters of each word, at least 0.
        points: (P, 2).
    Returns:
        (P,), the least signed distance to any leaf: exact outside all leaves; inside, minus the
        distance to the boundary of the leaf that holds the point deepest. Differentiable in
        ``maps``, ``shape`` and ``points``.
    Raises:
        InputError: more than ``settings.MAX_LEAVES`` leaves.
    """
    words, _ = winning_words(maps, kind, shape, depth, points)
    return word_distance(maps, kind, shape, depth, words, points)


def winning_words(
    maps: Similitudes, kind: PrimitiveKind, shape: Tensor, depth: int, points: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the word (P,) int64 of the leaf nearest to each point and the distance (P,) to it.

    Without gradient; the search runs on the CPU in float64, whatever the tensors are.
    """
    s, L, b, numbers, x = (
        t.detach().cpu().double().numpy()
        for t in (maps.scale, maps.linear, maps.offset, shape, points)
    )
    if kind == "segment":
        center = (numbers[:2] + numbers[2:4]) / 2
        reach = float(np.hypot(*(numbers[2:4] - numbers[:2])) / 2 + numbers[4])
    else:
        center = numbers[:2]
        reach = float(numbers[2] if kind == "disk" else np.hypot(numbers[2], numbers[3]))
    tree = build_tree(s, L, b, depth, center, reach)
    words, distances = nearest_leaves(tree, kind, numbers, x)
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
