"""``selfsame probe DATA -o FOLDER``: what pre-training on fractals is good for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.call import (
    Methods,
    given,
    given_settings,
    note,
    report,
    set_threads,
    signal_status,
)
from selfsame.cli.shared.options import PATH, click_type, common_options, settings_options
from selfsame.datasets.fitting import Side
from selfsame.lab.probe.settings import CLASSES, FINETUNING, NONE, PRETRAINING, ProbeSettings
from selfsame.run.progress import shown_progress

PRETRAINED, NOTHING = "a pre-training", f"--fractals {NONE}"
SOURCES = Methods(
    {
        PRETRAINED: (
            *("fractals", "classes", "instances", "assignments", "steps", "lr", "every"),
            *("network", "side"),
        ),
        NOTHING: ("fractals", "network", "side"),
        "--weights": ("weights",),
    }
)
EVALUATIONS = Methods(
    {"--evaluate linear": (), "--evaluate finetune": ("finetune_steps", "finetune_lr")}
)
LEARNING = Methods({"training": ("batch",), "frozen weights": ()})


@click.command("probe")
@click.argument("data", type=PATH)
@common_options("output")
@settings_options(
    ProbeSettings,
    "fractals",
    "classes",
    "instances",
    help={"classes": f"Of fractals [default: {CLASSES}, or one for each code]."},
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Another option of the fractals (selfsame dataset --list). May be repeated.",
)
@settings_options(ProbeSettings, "network", "weights")
@click.option(
    "--side",
    type=click_type(Side),
    help="Pixels to which the pictures of DATA are scaled and cut [default: as they are].",
)
@settings_options(PRETRAINING, "steps", "lr", prefix="Pre-training: ")
@settings_options(PRETRAINING, "batch", prefix="Pre-training and fine-tuning: ")
@settings_options(ProbeSettings, "every", "evaluate")
@settings_options(FINETUNING, "steps", "lr", name_prefix="finetune_", prefix="Fine-tuning: ")
@settings_options(ProbeSettings, "shots", "limit", "draws", "seeds", "seed")
@common_options("device", "threads", "json", "quiet")
@click.option(
    "--restart",
    "--overwrite",
    "restart",
    is_flag=True,
    help="Delete the experiment in FOLDER and start anew [default: go on with it].",
)
def command(data: Path, output: Path, side: int | None, **options: Any) -> int:
    """Pre-train a network on fractals, then measure what it makes of the labelled pictures in DATA.

    DATA is an .npz or idx file or a folder with a sub-folder per class. Its test split is tested;
    without one, a fifth of it, or all that --shots leaves. The folder OUTPUT gets results.json, and
    for each seed a log, the evaluations and the network. The same command goes on where it was
    stopped.
    """
    fractals = options["fractals"] or ProbeSettings.fractals
    evaluate = options["evaluate"] or ProbeSettings.evaluate
    source = "--weights" if options["weights"] else NOTHING if fractals == NONE else PRETRAINED
    learns = source == PRETRAINED or evaluate == "finetune"
    SOURCES.check(source)
    EVALUATIONS.check(f"--evaluate {evaluate}")
    LEARNING.check("training" if learns else "frozen weights")
    from selfsame.cli.dataset.fractals import recipe_options
    from selfsame.datasets.labelled import read_labelled
    from selfsame.lab.networks.architectures import Network
    from selfsame.lab.probe.experiment import RESULTS_NAME, run_experiment
    from selfsame.lab.probe.results import sentence
    from selfsame.lab.probe.seed_run import Interrupted

    set_threads(options["threads"])
    common = given(options, "device", "batch")
    fine = {"steps": options["finetune_steps"], "lr": options["finetune_lr"]}
    settings = ProbeSettings(
        **given_settings(ProbeSettings, options),
        options=recipe_options(options["assignments"]),
        pretraining=replace(PRETRAINING, **common, **given(options, "steps", "lr")),
        finetuning=replace(FINETUNING, **common, **given(fine, *fine)),
    )
    if settings.weights is None:
        labelled = read_labelled(data, side)
    else:
        wanted = Network.from_pretrained(settings.weights).config
        labelled = read_labelled(data, wanted.side, "grey" if wanted.channels == 1 else "rgb")
    try:
        with shown_progress("probe", quiet=options["quiet"]) as progress:
            results = run_experiment(
                labelled,
                settings,
                output,
                restart=options["restart"],
                progress=progress,
                note=note,
            )
    except Interrupted as stop:
        values = {"output": output, "finished": False, "stopped_by": stop.signal}
        report(values, f"{output}: {stop}")
        return signal_status(stop.signal)
    values = {"output": output, "finished": True, "stopped_by": None, **results}
    report(values, f"{output / RESULTS_NAME}: {sentence(results)}")
    return 0
