"""The peers write what their names say, in grey and in colour."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.codec import peers
from benchmarks.codec.peers import PEERS, PUBLISHED, Peer
from benchmarks.codec.rows import judge


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    """A picture with smooth colours, edges and noise."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:96, :128]
    planes = [y * 2, x * 1.5, np.where((x // 16 + y // 16) % 2, 200, 40)]
    noisy = np.stack(planes, axis=2) + rng.normal(0, 6, (96, 128, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def grey_of(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb).convert("L"))


def cases() -> list[tuple[Peer, str]]:
    return [(p, color) for color in ("grey", "color") for p in peers.available(color)]


@pytest.mark.parametrize(("peer", "color"), cases(), ids=lambda v: getattr(v, "name", v))
def test_more_bytes_buy_more_quality_and_none_is_lossless(
    peer: Peer, color: str, rgb: np.ndarray
) -> None:
    pixels = grey_of(rgb) if color == "grey" else rgb
    low, high = peer.ladder[len(peer.ladder) // 3], peer.ladder[-1]
    files = [peer.encode(pixels, setting) for setting in (low, high)]
    pictures = [peer.decode(data, color) for data in files]
    assert all(p.shape == pixels.shape and p.dtype == np.uint8 for p in pictures)
    assert len(files[0]) < len(files[1])
    assert judge(pixels, pictures[0]).psnr_db < judge(pixels, pictures[1]).psnr_db < 55
    assert judge(pixels, pictures[0]).psnr_db > 18
    with Image.open(io.BytesIO(files[0])) as image:
        assert image.format == peer.format
        # WebP alone has no grey mode.
        grey = color == "grey" and peer.format != "WEBP"
        assert image.mode == ("L" if grey else "RGB")


def test_ladders_rise() -> None:
    assert all(list(peer.ladder) == sorted(set(peer.ladder)) for peer in PEERS)
    assert {peer.name for peer in PEERS} >= {"JPEG", "JPEG 2000", "WebP", "AVIF"}
    assert len({peer.name for peer in PEERS}) == len(PEERS)


def test_jpeg_2000_uses_its_colour_transform(rgb: np.ndarray) -> None:
    peer = next(p for p in PEERS if p.name == "JPEG 2000")
    grey_as_color = np.repeat(grey_of(rgb)[..., None], 3, axis=2)
    data = peer.encode(grey_as_color, 1.0)
    stream = io.BytesIO()
    options = peer.options(1.0, 3) | {"mct": 0}
    Image.fromarray(grey_as_color).save(stream, "JPEG2000", **options)
    plain = peer.decode(stream.getvalue(), "color")
    # Three equal planes cost a third of the bits once they are decorrelated.
    gain = judge(grey_as_color, peer.decode(data, "color")).psnr_db
    assert gain > judge(grey_as_color, plain).psnr_db + 2
    assert len(data) * 8 / rgb[..., 0].size == pytest.approx(1.0, abs=0.05)


def test_published_figures_name_their_sources() -> None:
    assert all(row["source"] for row in PUBLISHED)
    fiasco = {(r["color"], r["bpp"]): r["psnr_db"] for r in PUBLISHED if r["codec"] == "FIASCO"}
    assert fiasco == {
        ("grey", 0.1): 26.29,
        ("grey", 0.2): 27.72,
        ("grey", 0.3): 28.44,
        ("color", 0.1): 25.14,
    }
