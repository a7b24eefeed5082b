"""``selfsame probe DATA -o FOLDER``: what pre-training on fractals is good for."""

import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from selfsame.cli.options import (
    device_option,
    given,
    json_option,
    output_option,
    progress_bar,
    quiet_option,
    report,
    seed_option,
    set_threads,
    threads_option,
)
from selfsame.cli.train.shared import SIGNAL_STATUS
from selfsame.lab.probe.settings import (
    CLASSES,
    EVALUATIONS,
    FINETUNING,
    NONE,
    PRETRAINING,
    ProbeSettings,
)

_NETWORKS = ("lenet", "resnet18", "vit")


@click.command("probe")
@click.argument("data", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--fractals",
    metavar="NAME|FOLDER|none",
    help="What to learn first: fractaldb, anderson-farrell, multifractal, 1p, or a folder of "
    f"codes; {NONE}: nothing, the weights stay random [default: fractaldb].",
)
@click.option(
    "--classes",
    type=click.IntRange(1),
    help=f"Of fractals [default: {CLASSES}, or one for each code].",
)
@click.option(
    "--instances", type=click.IntRange(1), help="Of each class [default: the data set's]."
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another option of the fractals (selfsame dataset --list). May be repeated.",
)
@click.option("--network", type=click.Choice(_NETWORKS), help="What learns [default: lenet].")
@click.option(
    "--weights",
    metavar="MODEL",
    help="A network that this command wrote, to evaluate instead of training one.",
)
@click.option(
    "--side",
    type=click.IntRange(1),
    help="Pixels to which the pictures of DATA are scaled and cut [default: as they are].",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    help=f"Of the pre-training [default: {PRETRAINING.steps}].",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    help=f"Pictures of a step [default: {PRETRAINING.batch}].",
)
@click.option(
    "--lr",
    type=click.FloatRange(0, min_open=True),
    help=f"Largest learning rate of the pre-training [default: {PRETRAINING.lr}].",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    help="Evaluate before the pre-training and every so many steps of it too.",
)
@click.option(
    "--evaluate",
    type=click.Choice(EVALUATIONS),
    default=EVALUATIONS[0],
    show_default=True,
    help="linear: logistic regression on frozen features; finetune: all weights learn on.",
)
@click.option(
    "--finetune-steps",
    type=click.IntRange(1),
    help=f"Of the fine-tuning [default: {FINETUNING.steps}].",
)
@click.option(
    "--finetune-lr",
    type=click.FloatRange(0, min_open=True),
    help=f"Largest learning rate of the fine-tuning [default: {FINETUNING.lr}].",
)
@click.option(
    "--shots", type=click.IntRange(1), help="Labelled pictures of each class [default: all]."
)
@click.option("--limit", type=click.IntRange(1), help="Labelled pictures at most [default: all].")
@click.option(
    "--draws",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Random choices of the labelled pictures, for each seed.",
)
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="How many, from --seed on.",
)
@seed_option
@device_option
@threads_option
@json_option
@quiet_option
@click.option(
    "--restart",
    "--overwrite",
    "restart",
    is_flag=True,
    help="Delete the experiment in FOLDER and start anew [default: go on with it].",
)
def command(
    data: Path,
    output: Path,
    fractals: str | None,
    classes: int | None,
    instances: int | None,
    assignments: tuple[str, ...],
    network: str | None,
    weights: str | None,
    side: int | None,
    steps: int | None,
    batch: int | None,
    lr: float | None,
    every: int | None,
    evaluate: str,
    finetune_steps: int | None,
    finetune_lr: float | None,
    shots: int | None,
    limit: int | None,
    draws: int,
    seeds: int,
    seed: int,
    device: str,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    restart: bool,
) -> int:
    """Pre-train a network on fractals, then measure what it makes of the labelled pictures in DATA.

    DATA is an .npz or idx file or a folder with a sub-folder per class. Its test split is tested;
    without one, a fifth of it, or all that --shots leaves. The folder OUTPUT gets results.json, and
    for each seed a log, the evaluations and the network. The same command goes on where it was
    stopped.
    """
    pretraining = given(fractals=fractals, classes=classes, instances=instances, steps=steps)
    pretraining |= given(lr=lr, every=every) | ({"set": assignments} if assignments else {})
    if weights is not None and (extra := [*pretraining, *given(network=network)]):
        raise click.UsageError(f"--weights takes no --{extra[0]}: the network is trained already")
    if fractals == NONE and (extra := [name for name in pretraining if name != "fractals"]):
        raise click.UsageError(f"--fractals {NONE} takes no --{extra[0]}: nothing is pre-trained")
    if evaluate == "linear" and (finetune_steps is not None or finetune_lr is not None):
        raise click.UsageError("--finetune-steps and --finetune-lr belong to --evaluate finetune")
    from selfsame.cli.dataset import recipe_options
    from selfsame.datasets.labelled import read_labelled
    from selfsame.fractals import PRESETS
    from selfsame.lab.networks.architectures import Network
    from selfsame.lab.probe.experiment import RESULTS_NAME, run_experiment
    from selfsame.lab.probe.results import sentence
    from selfsame.lab.probe.seed_run import Interrupted

    set_threads(threads)
    common = {"device": device, **given(batch=batch)}
    preset = PRESETS[fractals or "fractaldb" if fractals in (None, *PRESETS) else "custom"]
    settings = ProbeSettings(
        **given(fractals=fractals, network=network, every=every),
        classes=classes,
        instances=instances,
        options=recipe_options(assignments, preset.options),
        weights=weights,
        pretraining=replace(PRETRAINING, **common, **given(steps=steps, lr=lr)),
        finetuning=replace(FINETUNING, **common, **given(steps=finetune_steps, lr=finetune_lr)),
        evaluate=evaluate,
        shots=shots,
        limit=limit,
        draws=draws,
        seeds=seeds,
        seed=seed,
        threads=threads,
    )
    if weights is None:
        labelled = read_labelled(data, side)
    else:
        wanted = Network.from_pretrained(weights).config
        labelled = read_labelled(data, wanted.side, "grey" if wanted.channels == 1 else "rgb")
    try:
        results = run_experiment(
            labelled,
            settings,
            output,
            restart=restart,
            bars=partial(progress_bar, quiet=quiet),
            note=lambda text: None if quiet else click.echo(text, err=True),
        )
    except Interrupted as stop:
        report(
            {"output": output, "finished": False, "stopped_by": stop.signal},
            as_json=as_json,
            quiet=quiet,
            text=f"{output}: {stop}",
        )
        return SIGNAL_STATUS + signal.Signals[stop.signal]
    report(
        {"output": output, "finished": True, "stopped_by": None, **results},
        as_json=as_json,
        quiet=quiet,
        text=f"{output / RESULTS_NAME}: {sentence(results)}",
    )
    return 0
