"""Curves of the trainings, from their logs, for ``vdvae.py``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import plotting
from benchmarks.harness.types import Row
from selfsame.errors import InputError
from selfsame.training.logs import LOG_NAME, read_log

COLUMNS = (
    "head",
    "step",
    "seconds",
    "negative_elbo_nats",
    "kl_nats",
    "bits_per_dimension",
    "train_negative_elbo_nats",
)

ABOVE_BEST = 12
"""Nats that the plot shows above the best value."""


def parse_logs(texts: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each head's training, from texts ``HEAD=FOLDER``.

    Args:
        texts: a folder, or the path of the log in it.
    Raises:
        InputError: a text of another form, or no log there.
    """
    found = {}
    for text in texts:
        head, _, place = text.partition("=")
        folder = Path(place).parent if Path(place).name == LOG_NAME else Path(place)
        if not place or not (folder / LOG_NAME).is_file():
            raise InputError(
                f"--log must be HEAD=FOLDER, a training's folder with {LOG_NAME}: got {text!r}"
            )
        found[head] = folder
    return found


def curve(head: str, folder: Path) -> list[Row]:
    """Return a row for each validation of a training.

    Seconds are of training with all that belongs to it, validation and checkpoints too: the sum of
    steps over their rate, which the log has. The training's own bound is the mean since the row
    before.
    """
    rows: list[Row] = []
    seconds, before = 0.0, 0
    bounds: list[tuple[int, float]] = []
    for line in read_log(folder):
        step = int(line["step"])
        if line["kind"] == "train":
            seconds += (step - before) / line["steps_per_second"]
            bounds.append((step - before, line["negative_elbo"]))
            before = step
        elif line["kind"] == "validation":
            steps = sum(count for count, _ in bounds)
            rows.append(
                {
                    "head": head,
                    "step": step,
                    "seconds": seconds,
                    "negative_elbo_nats": line["negative_elbo"],
                    "kl_nats": line["kl"],
                    "bits_per_dimension": line["bits_per_dimension"],
                    "train_negative_elbo_nats": sum(n * bound for n, bound in bounds) / steps
                    if steps
                    else None,
                }
            )
            bounds = []
    if not rows:
        raise InputError(f"{folder / LOG_NAME} has no validation; train with validate_every > 0")
    return rows


def measure(logs: Mapping[str, Path], folder: Path | None) -> tuple[Row, list[str], list[str]]:
    """Return where the trainings ended; write vdvae_training.csv and vdvae_training.png."""
    curves = {head: curve(head, place) for head, place in logs.items()}
    ends = []
    for rows in curves.values():
        best = min(rows, key=lambda row: row["negative_elbo_nats"])
        best_at = {"best_nats": best["negative_elbo_nats"], "best_step": best["step"]}
        ends.append({**rows[-1], **best_at})
    if folder is not None:
        every = [row for rows in curves.values() for row in rows]
        harness.write_csv(folder / "vdvae_training.csv", every, COLUMNS)
        plot(folder / "vdvae_training.png", curves)
    columns = ["head", "step", "seconds", "negative_elbo_nats", "train_negative_elbo_nats"]
    notes = [
        "trainings ran side by side with other work on the same machine: compare their steps rather"
        " than their seconds",
        "the bound on training pictures is in the table only: a few pictures with gradients out of"
        " all proportion decide its means",
    ]
    return {"ends": ends}, [harness.markdown_table(ends, [*columns, "best_nats"])], notes


def plot(path: Path, curves: Mapping[str, Sequence[Row]]) -> None:
    """Write the bounds against hours and against steps."""
    drawn = plotting.figure(9, 4)
    axes = drawn.subplots(1, 2, sharey=True)
    best = min(row["negative_elbo_nats"] for rows in curves.values() for row in rows)
    worst = max(row["negative_elbo_nats"] for rows in curves.values() for row in rows)
    scales = (("seconds", 3600.0, "hours"), ("step", 1.0, "steps"))
    for axis, (key, unit, label) in zip(axes, scales, strict=True):
        for head, rows in curves.items():
            at = [row[key] / unit for row in rows]
            axis.plot(at, [row["negative_elbo_nats"] for row in rows], label=head)
        axis.set(xlabel=label, ylim=(best - 1, min(worst, best + ABOVE_BEST) + 0.5))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("negative ELBO, nats")
    axes[0].legend(fontsize=8)
    drawn.suptitle("pictures that are not learned, running average of the weights", fontsize=10)
    plotting.save(drawn, path)
