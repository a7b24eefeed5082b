"""Plots of the collage operator's benchmark, after the figures of the paper."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import plotting

Rows = Sequence[Mapping[str, Any]]


def plot_steps(
    path: Path,
    shown: Mapping[str, Sequence[Any]],
    steps: Sequence[int],
    measured: Mapping[str, Any],
) -> None:
    """Write the pictures after some applications from each start, and the errors after all."""
    drawn = plotting.figure(1.3 * len(steps) + 4.2, 1.45 * len(shown))
    left, right = drawn.subfigures(1, 2, width_ratios=[1.3 * len(steps), 4.2])
    axes = left.subplots(len(shown), len(steps), squeeze=False)
    for axis, step in zip(axes[0], steps, strict=True):
        axis.set_title(f"step {step}", fontsize=9)
    for line, (name, pictures) in zip(axes, shown.items(), strict=True):
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, fontsize=9)
    axis = right.subplots()
    for name, errors in measured["max_error_by_step"].items():
        axis.semilogy(errors, marker=".", label=f"from {name}")
    factor, errors = measured["contraction_factor"], measured["max_error_by_step"]
    worst = max(own[0] for own in errors.values())
    count = len(next(iter(errors.values())))
    axis.semilogy(
        worst * factor ** np.arange(count), "k:", label=f"guaranteed: factor {factor:.2f}"
    )
    axis.set(xlabel="applications", ylabel="greatest distance to the fixed point", ylim=(1e-8, 2))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    plotting.save(drawn, path)


def plot_bounds(path: Path, measured: Mapping[str, Any]) -> None:
    """Write decoding error against its bound for random operators, and along descents."""
    drawn = plotting.figure(13, 4)
    scatter, *paths = drawn.subplots(1, 1 + len(measured["descents"]))
    rows = measured["random_operators"]
    for norm, color in (("max", "tab:red"), ("rms", "tab:blue")):
        bounds, errors = ([row[f"{k}_{norm}"] for row in rows] for k in ("bound", "decode"))
        label = "greatest difference" if norm == "max" else "root mean square"
        scatter.loglog(bounds, errors, ".", color=color, label=label)
    low, high = (
        f(row["bound_rms" if f is min else "bound_max"] for row in rows) for f in (min, max)
    )
    scatter.loglog([low, high], [low, high], "k-", linewidth=1, label="the bound")
    scatter.set(xlabel="collage error / (1 - s)", ylabel="decoding error", title="random operators")
    for axis, (name, path_rows) in zip(paths, measured["descents"].items(), strict=True):
        at = [row["step"] for row in path_rows]
        for norm, color in (("max", "tab:red"), ("rms", "tab:blue")):
            for kind, style in (("bound", ":"), ("decode", "-"), ("collage", "--")):
                values = [row[f"{kind}_{norm}"] for row in path_rows]
                label = {"bound": "bound", "decode": "decoded", "collage": "collage"}[kind]
                axis.semilogy(at, values, style, color=color, label=f"{label}, {norm}")
        top = max(row["bound_max"] for row in path_rows)
        axis.set(xlabel="step of descent", ylabel="error", title=f"descent on the {name}")
        axis.set_ylim(top=8 * top)  # room for the legend
    for axis in (scatter, *paths):
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, loc="upper left", ncols=1 if axis is scatter else 2)
    plotting.save(drawn, path)


def mean_by_variant(rows: Rows) -> list[dict[str, Any]]:
    """Return the mean PSNR over the pictures for each variant and range size."""
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["variant"], row["range"]), []).append(row)
    return [
        {
            "variant": variant,
            "range": side,
            "numbers": own[0]["numbers"],
            "numbers_per_value": own[0]["numbers_per_value"],
            "psnr_db": float(np.mean([row["psnr_db"] for row in own])),
        }
        for (variant, side), own in groups.items()
    ]


def plot_ranges(path: Path, rows: Rows) -> None:
    """Write mean PSNR against the count of numbers, a line per variant, a point per range size."""
    drawn = plotting.figure(7, 5)
    axis = drawn.subplots()
    means = mean_by_variant(rows)
    for variant in dict.fromkeys(row["variant"] for row in means):
        own = [row for row in means if row["variant"] == variant]
        sizes = [row["numbers_per_value"] for row in own]
        axis.semilogx(sizes, [row["psnr_db"] for row in own], marker="o", label=variant)
        for size, row in zip(sizes, own, strict=True):
            axis.annotate(
                str(row["range"]),
                (size, row["psnr_db"]),
                (4, -9),
                textcoords="offset points",
                fontsize=8,
            )
    axis.set(
        xlabel="numbers of the collage per value of the picture",
        ylabel="PSNR, dB",
        title="Range size: accuracy against size",
    )
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    plotting.save(drawn, path)


def plot_cost(path: Path, rows: Rows) -> None:
    """Write peak memory and time of a training step against the number of ranges."""
    drawn = plotting.figure(10, 4)
    for axis, key, label in zip(
        drawn.subplots(1, 2),
        ("peak_mib", "median_ms"),
        ("peak memory of a step, MiB", "time of a step, ms"),
        strict=True,
    ):
        for version in dict.fromkeys(row["version"] for row in rows):
            own = [row for row in rows if row["version"] == version]
            axis.loglog([r["ranges"] for r in own], [r[key] for r in own], "o-", label=version)
        axis.set(xlabel="ranges", ylabel=label)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    plotting.save(drawn, path)
