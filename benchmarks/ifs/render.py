"""How fast points become pictures: our kernels beside a scalar chaos game, in one run.

    python -m benchmarks.ifs.render [--quick] [-o DIR] [--peer ifs.py]

``--peer`` names the file ``fractal_learning/fractals/ifs.py`` of a checkout of
github.com/catalys1/fractal-pretraining: Anderson and Farrell's kernels then run beside ours, as
they published them (they need numba).

The floor, in operations per point on one AVX-512 core (two loads and one store a cycle, two
vector units, 8 single-precision lanes, as LLVM prefers them):

- permute: one 8-byte load and one 8-byte store, 1 cycle; no vector form is faster;
- map choice: about 2 log2 N random bits for the counts and 2 words a step, below 0.5 cycles
  for a few maps;
- map and pixel: 4 multiply-adds, 4 clamps, 2 conversions and 4 shuffles for 8 points, 1.3 cycles;
- histogram: one 4-byte load and one store of the cell, 1 cycle from the first-level cache, up to
  3 from the second (a 256 × 256 picture of bytes does not fit the first);
- a picture also costs clearing and converting 64 KiB, and the settling of its population
  (about 15 000 unplotted points): 10 to 15 % at 100 000 points.

That is about 4 cycles a point: 600 million points/s at 2.5 GHz, 5000 pictures of 100 000 points.
The report gives the cycles that the measured rate leaves for a point beside that floor. A scalar
chaos game waits for its own recurrence and for mispredicted branches: 80 to 150 cycles.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.harness import Timing, markdown_table, measure, parser, publish, record, run
from benchmarks.reference.chaos_scalar import binary_picture
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.geometry.viewport import fit_viewport
from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.render.histogram import count_points, set_cells
from selfsame.ifs.render.points import sample_points
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS

SIZE = (256, 256)
POINTS = 100_000
FLOOR_CYCLES = 4.0

PUBLISHED = (
    {"source": "Anderson & Farrell's numba kernels, measured on a machine of this kind",
     "points_per_s": 16e6, "pictures_per_s": 150},
    {"source": "flam3 (C), measured on a machine of this kind", "points_per_s": 36e6},
    {"source": "FractalDB's renderer (Python), measured on a machine of this kind",
     "points_per_s": 2.2e6, "pictures_per_s": 10},
)  # fmt: skip


def random_systems(count: int, maps: int, seed: int) -> list[IFS]:
    """Return contractive systems with singular values of 0.3 to 0.8."""
    rng = np.random.default_rng(seed)
    systems = []
    for _ in range(count):
        u, _ = np.linalg.qr(rng.normal(size=(maps, 2, 2)))
        v, _ = np.linalg.qr(rng.normal(size=(maps, 2, 2)))
        matrices = u * rng.uniform(0.3, 0.8, (maps, 1, 2)) @ v
        systems.append(IFS(matrices, rng.uniform(-1, 1, (maps, 2))))
    return systems


def pictures(options: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return pictures/s of each set of systems beside the scalar game on the same systems.

    They alternate, so that a busy machine slows all.
    """
    count, runs = (40, 3) if options.quick else (200, 7)
    sets = {
        "sierpinski-gasket": [classic("sierpinski-gasket")] * count,
        "barnsley-fern": [classic("barnsley-fern")] * count,
        **{f"random, {n} maps": random_systems(count, n, options.seed) for n in (2, 4, 8)},
    }
    rows, details = [], {}
    for name, systems in sets.items():
        few = systems[: max(4, count // 20)]
        peers = {"scalar": _scalar_work(few)}
        if options.peer is not None:
            peers["published"] = _published_work(_published(options.peer), few)
        works: dict[str, Callable[[], object]] = {
            "bytes": lambda s=systems: _batch(s, np.uint8, 1, options.seed),
            "floats": lambda s=systems: _batch(s, np.float32, 1, options.seed),
            "two_threads": lambda s=systems: _batch(s, np.uint8, 2, options.seed),
        }
        times: dict[str, list[Timing]] = {key: [] for key in (*works, *peers)}
        for index in range(runs):
            for key, work in (works | peers).items():
                times[key].append(measure(work, warm_up=1 if index == 0 else 0, runs=1))
        rate = {
            key: (len(few) if key in peers else count) / np.median([t.median_s for t in taken])
            for key, taken in times.items()
        }
        best = count / min(t.min_s for t in times["bytes"])
        ratios = {
            key: [
                p.median_s / len(few) / (o.median_s / count)
                for p, o in zip(times[key], times["bytes"], strict=True)
            ]
            for key in peers
        }
        rows.append(
            {
                "systems": name,
                "pictures/s": rate["bytes"],
                "best run": best,
                "as float32": rate["floats"],
                "2 threads": rate["two_threads"],
                **{key: rate[key] for key in peers},
                **{f"ratio to {key}": float(np.median(ratios[key])) for key in peers},
            }
        )
        details[name] = {
            "pictures_per_s_median": float(rate["bytes"]),
            "pictures_per_s_best": float(best),
            "pictures_per_s_float32_median": float(rate["floats"]),
            "pictures_per_s_two_threads_median": float(rate["two_threads"]),
        }
        for key in peers:
            details[name] |= {
                f"{key}_pictures_per_s_median": float(rate[key]),
                f"ratio_to_{key}_median": float(np.median(ratios[key])),
                f"ratio_to_{key}_runs": [float(r) for r in ratios[key]],
            }
    return rows, details


def _batch(systems: Sequence[IFS], dtype: type, threads: int, seed: int) -> object:
    return render_batch(systems, SIZE, POINTS, dtype=dtype, threads=threads, seed=seed)


def _scalar_work(systems: Sequence[IFS]) -> Callable[[], object]:
    arguments = [
        (
            np.concatenate([s.matrices.reshape(-1, 4), s.offsets], axis=1),
            np.array(s.probabilities),
            np.array(fit_viewport(s, SIZE, margin=0.0)),
        )
        for s in systems
    ]

    def work() -> None:
        for maps, probabilities, view in arguments:
            binary_picture(maps, probabilities, POINTS, view, SIZE[0], 0)

    return work


def _published(path: Path) -> ModuleType:
    """Return the module of Anderson and Farrell's kernels."""
    # It takes one function from OpenCV, for colours, which are not drawn here.
    sys.modules.setdefault("cv2", ModuleType("cv2"))
    vars(sys.modules["cv2"]).update({"cvtColor": None, "COLOR_HSV2RGB": None})
    spec = importlib.util.spec_from_file_location("anderson_farrell_ifs", path)
    if spec is None or spec.loader is None:
        raise InputError(f"--peer must be a Python file: got {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # numba looks for it there
    spec.loader.exec_module(module)
    return module


def _published_work(module: ModuleType, systems: Sequence[IFS]) -> Callable[[], object]:
    """Return what draws binary pictures in windows fitted to their points, as its authors do."""
    arguments = [
        (np.concatenate([s.matrices, s.offsets[:, :, None]], axis=2), np.array(s.probabilities))
        for s in systems
    ]

    def work() -> None:
        for maps, probabilities in arguments:
            module.render(module.iterate(maps, POINTS, probabilities), SIZE[0])

    return work


def large_pictures(options: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return points/s of single pictures, histograms and point clouds, on 1 and 2 threads."""
    n = 4_000_000 if options.quick else 40_000_000
    runs = 2 if options.quick else 5
    fern = classic("barnsley-fern")
    view = fit_viewport(fern, (1, 1))
    works: dict[str, Callable[[int], object]] = {
        "set cells, 256x256": lambda t: set_cells(fern, view, (256, 256), n, threads=t),
        "set cells, 4096x4096": lambda t: set_cells(fern, view, (4096, 4096), n, threads=t),
        "counts, 256x256": lambda t: count_points(fern, view, (256, 256), n, threads=t),
        "counts, 4096x4096": lambda t: count_points(fern, view, (4096, 4096), n, threads=t),
        "points": lambda t: sample_points(fern, n // 4, threads=t),
    }
    rows, details = [], {}
    for name, work in works.items():
        points = n // 4 if name == "points" else n
        one, two = (points / measure(lambda t=t, w=work: w(t), runs=runs).median_s for t in (1, 2))
        rows.append({"work": name, "1 thread": one / 1e6, "2 threads": two / 1e6})
        details[name] = {"points_per_s": one, "points_per_s_two_threads": two}
    return rows, details


def flam3(options: Any) -> dict[str, Any] | None:
    """Return the points/s of ``flam3-render`` on one thread, or None where it is missing."""
    program = shutil.which("flam3-render")
    if program is None:
        return None
    from selfsame.ifs.exchange.flame import flame_from_code, write_flames

    fern = classic("barnsley-fern")
    code = IFSCode(fern, fit_viewport(fern, SIZE), SIZE)
    quality = 100 if options.quick else 2000
    with tempfile.TemporaryDirectory() as folder:
        flame = flame_from_code(code)
        flame.attributes["quality"] = str(quality)
        write_flames(Path(folder) / "fern.flame", [flame])
        begin = time.perf_counter()
        with (Path(folder) / "fern.flame").open("rb") as stream:
            subprocess.run(
                [program],
                stdin=stream,
                env={"nthreads": "1", "out": f"{folder}/fern.png", "PATH": "/usr/bin:/bin"},
                check=True,
                capture_output=True,
            )
        seconds = time.perf_counter() - begin
    points = quality * SIZE[0] * SIZE[1]
    return {"points": points, "seconds": seconds, "points_per_s": points / seconds}


def clock_hz() -> float | None:
    """Return the nominal clock of the first core as the system tells it, or None."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    speeds = [float(line.split(":")[1]) for line in lines if line.startswith("cpu MHz")]
    return speeds[0] * 1e6 if speeds else None


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--peer", type=Path, metavar="FILE", help="see above [default: none]")
    options = arguments.parse_args(argv)
    picture_rows, picture_details = pictures(options)
    large_rows, large_details = large_pictures(options)
    hertz = clock_hz()
    rate = large_details["set cells, 256x256"]["points_per_s"]
    roofline = {
        "floor_cycles_per_point": FLOOR_CYCLES,
        "clock_hz": hertz,
        "measured_cycles_per_point": hertz / rate if hertz else None,
        "floor_points_per_s": hertz / FLOOR_CYCLES if hertz else None,
    }
    results = {
        "size": list(SIZE),
        "points": POINTS,
        "pictures": picture_details,
        "points_per_s": large_details,
        "roofline": roofline,
        "flam3": flam3(options),
    }
    table = "\n\n".join(
        [
            f"Pictures/s, {SIZE[0]}x{SIZE[1]} binary, {POINTS} points, window fitted, 1 thread:",
            markdown_table(picture_rows, list(picture_rows[0])),
            "Million points/s of one large picture (barnsley-fern):",
            markdown_table(large_rows, list(large_rows[0])),
            f"Cycles per point: {roofline['measured_cycles_per_point'] or float('nan'):.1f} "
            f"measured, {FLOOR_CYCLES} the floor.",
        ]
    )
    notes = [
        "Medians of runs that alternate with the peers', so that load slows all.",
        "The scalar game gets its window for nothing; ours and the published kernels fit it within"
        " the time.",
    ]
    publish(record("render", results, options, published=PUBLISHED, notes=notes), options, table)


if __name__ == "__main__":
    run(main)
