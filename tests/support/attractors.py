"""What a plane is after any number of applications of its map, and the proof that it contracts."""

from selfsame._native import testing
from selfsame.pifs.decoding.planes import inverse_dct


def reconstruct_plane(plane, iterations, scale=1, luma=None, start=None, threads=1):
    """Return a plane after ``iterations`` applications of its map, before any deblocking.

    Args:
        iterations: with 0 the result is ``start``, or ``b``.
        scale: output pixels per pixel of the plane, in either direction.
        luma: the attractor of the luma plane, if a map draws from it: of the shape of the result,
            or twice as large.
        start: the first picture, of the shape of the result; by default ``b``.
    """
    x = inverse_dct(plane, scale, threads)
    testing.iterate(x, plane.blocks, plane.maps, scale, luma, start, iterations, threads)
    return x


def contraction_bounds(blocks, maps, shape):
    """Return, per block, ``(T v) / v`` for a ``v`` near the leading eigenvector of ``T``; the
    largest bounds the squared spectral radius of ``S``."""
    return testing.contraction_bounds(blocks, maps, *shape)
