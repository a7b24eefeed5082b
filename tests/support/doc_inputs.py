"""Small inputs under the names that the documentation uses."""

from pathlib import Path

import numpy as np
from PIL import Image

from support.emoji_packages import write_packages
from support.tiny_fonts import write_font

HEIGHT, WIDTH = 48, 64


def write_inputs(folder: Path) -> None:
    """Write every input that a snippet of the documentation reads."""
    for seed, name in enumerate(
        ("photo.png", "cat.jpg", "other.jpg", "chelsea.png", "coffee.png", "picture.png")
    ):
        _photo(seed).save(folder / name)
    _figure().save(folder / "horse.png")
    _curve().save(folder / "curve.png")
    for set_name, count in (("photos", 3), ("faces", 3)):
        (folder / set_name).mkdir()
        for seed in range(count):
            _photo(seed).resize((64, 64)).save(folder / set_name / f"{seed}.png")
    _sets(folder)
    write_packages(folder)
    write_font(folder / "fonts" / "a.ttf")
    _cloud(folder / "cloud.ply")


def _photo(seed: int) -> Image.Image:
    """Return smooth colours with an edge and some texture."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 255, (5, 6, 3), np.uint8))
    pixels = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.int64)
    pixels = pixels + random.integers(-12, 12, pixels.shape)
    pixels[HEIGHT // 2 :, WIDTH // 3 :] //= 2
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _figure() -> Image.Image:
    """Return a bright blob with two legs."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    body = ((u - 32) / 20) ** 2 + ((v - 18) / 10) ** 2 < 1
    legs = (v > 18) & (v < 42) & ((abs(u - 22) < 3) | (abs(u - 42) < 3))
    return Image.fromarray(np.where(body | legs, 255, 0).astype(np.uint8))


def _curve() -> Image.Image:
    """Return a bright wave, two pixels thick."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    near = abs(v - 24 - 10 * np.sin(u / 9)) < 1.5
    return Image.fromarray(np.where(near & (u > 6) & (u < 58), 255, 0).astype(np.uint8))


def _digits(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return bright squares at one of three places, and which."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = random.integers(0, 40, (count, side, side)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = side // 2 * (label // 2), side // 2 * (label % 2)
        image[top + 2 : top + side // 2, left + 2 : left + side // 2] = 250
    return images, labels.astype(np.uint8)


def _sets(folder: Path) -> None:
    images, labels = _digits(12, 28, 0)
    more, more_labels = _digits(9, 28, 1)
    np.savez(folder / "digits.npz", images=images, labels=labels)
    arrays = {"train_images": images, "train_labels": labels}
    words = {
        name: np.array(["noto", "fluent-flat"] * 6) for name in ("styles", "groups", "captions")
    }
    np.savez(folder / "emoji.npz", images=images, **words)
    np.savez(folder / "mnist.npz", **arrays, test_images=more, test_labels=more_labels)


def _cloud(path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(200, 3))
    rows = "\n".join(" ".join(f"{x:.4f}" for x in point) for point in points)
    names = "\n".join(f"property float {axis}" for axis in "xyz")
    path.write_text(f"ply\nformat ascii 1.0\nelement vertex 200\n{names}\nend_header\n{rows}\n")
